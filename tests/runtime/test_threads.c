// The thread pool: equal bits for every thread count, no lost pieces, sleeping and waking, starting and stopping.
#define _GNU_SOURCE // for pthread_setattr_default_np
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "qrt.h"
#include "tests/check_main.h"
#include "thread_checks.h"

#define MOST 8

static void passes(const char *problem) { ck_assert_msg(!problem, "%s", problem); }

START_TEST(ten_thousand_runs_are_equal) { passes(check_equal_runs((unsigned)_i, 10000)); }
END_TEST

START_TEST(small_jobs_lose_no_piece) { passes(check_small_jobs((unsigned)_i, 5000)); }
END_TEST

START_TEST(sleepers_wake) { passes(check_sleepers((unsigned)_i, 100)); }
END_TEST

START_TEST(pools_start_and_stop) { passes(check_start_stop((unsigned)_i, 100)); }
END_TEST

START_TEST(a_pool_may_be_shared) { passes(check_shared_pool((unsigned)_i, 1000)); }
END_TEST

START_TEST(a_piece_may_use_its_pool) { passes(check_nested((unsigned)_i)); }
END_TEST

START_TEST(start_checks_its_arguments) {
  qrt_pool pool;
  size_t size = qrt_threads_size(3);
  uint8_t *memory = malloc(size + 1);
  ck_assert_int_eq(qrt_threads_start(memory, size, 3, NULL), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_threads_start(NULL, size, 3, &pool), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_threads_start(memory, size, 0, &pool), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_threads_start(memory, size, 1u << 20, &pool), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_threads_start(memory, size - 1, 3, &pool), QRT_ERROR_WORKSPACE);
  ck_assert(pool.run == NULL);
  qrt_threads_stop(&pool);                                                 // harmless
  ck_assert_int_eq(qrt_threads_start(memory + 1, size, 3, &pool), QRT_OK); // any alignment
  ck_assert_uint_eq(pool.threads, 3);
  qrt_threads_stop(&pool);
  qrt_threads_stop(&pool);
  qrt_threads_stop(NULL);
  free(memory);
}
END_TEST

#ifdef __GLIBC__
// The system refuses stacks larger than all addresses.
START_TEST(refused_threads_are_an_error) {
  size_t size = qrt_threads_size(4);
  void *memory = malloc(size);
  qrt_pool pool;
  pthread_attr_t usual, huge;
  ck_assert_int_eq(pthread_getattr_default_np(&usual), 0);
  ck_assert_int_eq(pthread_attr_init(&huge), 0);
  ck_assert_int_eq(pthread_attr_setstacksize(&huge, SIZE_MAX / 4 / 4096 * 4096), 0);
  ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
  ck_assert_int_eq(qrt_threads_start(memory, size, 4, &pool), QRT_ERROR_THREADS);
  ck_assert(pool.run == NULL);
  ck_assert_int_eq(qrt_threads_start(memory, size, 1, &pool), QRT_OK); // needs no thread
  qrt_threads_stop(&pool);
  ck_assert_int_eq(pthread_setattr_default_np(&usual), 0);
  ck_assert_int_eq(qrt_threads_start(memory, size, 4, &pool), QRT_OK);
  qrt_threads_stop(&pool);
  free(memory);
}
END_TEST
#endif

START_TEST(sizes_grow_with_the_threads) {
  ck_assert_uint_eq(qrt_threads_size(0), 0);
  ck_assert_uint_eq(qrt_threads_size(UINT32_MAX), 0);
  for (unsigned i = 1; i < 64; i++) ck_assert_uint_gt(qrt_threads_size(i + 1), qrt_threads_size(i));
}
END_TEST

// Pieces that wait for each other: each needs a thread of its own.
typedef struct meeting {
  atomic_uint arrived;
  unsigned expected;
  pthread_t threads[MOST];
  bool takes_interrupts[MOST];
  bool takes_faults[MOST];
} meeting;

static bool takes_signal(int number) {
  sigset_t blocked;
  return pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 && !sigismember(&blocked, number);
}

static void meet(void *context, unsigned i) {
  meeting *m = context;
  m->threads[i] = pthread_self();
  m->takes_interrupts[i] = takes_signal(SIGINT);
  m->takes_faults[i] = takes_signal(SIGSEGV) && takes_signal(SIGBUS);
  atomic_fetch_add(&m->arrived, 1);
  while (atomic_load(&m->arrived) < m->expected) sched_yield();
}

START_TEST(all_threads_work_and_leave_signals_alone) {
  unsigned threads = (unsigned)_i;
  size_t size = qrt_threads_size(threads);
  void *memory = malloc(size);
  qrt_pool pool;
  ck_assert_int_eq(qrt_threads_start(memory, size, threads, &pool), QRT_OK);
  for (int round = 0; round < 20; round++) {
    meeting m = {.expected = threads};
    pool.run(pool.self, meet, &m, threads);
    for (unsigned i = 0; i < threads; i++) {
      bool is_caller = pthread_equal(m.threads[i], pthread_self());
      ck_assert_int_eq(m.takes_interrupts[i], is_caller); // signals for the process go to the application's threads
      ck_assert(m.takes_faults[i]);
      for (unsigned j = 0; j < i; j++) ck_assert(!pthread_equal(m.threads[i], m.threads[j]));
    }
  }
  qrt_threads_stop(&pool);
  free(memory);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_threads");
  TCase *counts = tcase_create("counts");
  tcase_add_loop_test(counts, ten_thousand_runs_are_equal, 1, MOST + 1);
  tcase_add_loop_test(counts, small_jobs_lose_no_piece, 1, MOST + 1);
  tcase_add_loop_test(counts, sleepers_wake, 2, MOST + 1);
  tcase_add_loop_test(counts, pools_start_and_stop, 1, MOST + 1);
  tcase_add_loop_test(counts, a_pool_may_be_shared, 2, MOST + 1);
  tcase_add_loop_test(counts, a_piece_may_use_its_pool, 1, MOST + 1);
  tcase_add_loop_test(counts, all_threads_work_and_leave_signals_alone, 1, MOST + 1);
  suite_add_tcase(suite, counts);
  const TTest *arguments[] = {start_checks_its_arguments, sizes_grow_with_the_threads,
#ifdef __GLIBC__
                              refused_threads_are_an_error,
#endif
                              NULL};
  check_add(suite, "arguments", arguments);
  return check_main(suite);
}

/* A pool of POSIX threads in the caller's memory.
 *
 * One word, `state`, is the whole protocol: a job is open or closed, and counts the workers that joined it. The caller
 * opens a job, takes pieces like everyone else, closes it, and waits only for the workers that joined: a worker that
 * the system did not schedule in time delays nobody. The job's other members change only while it is closed and no
 * worker is in it. */
#if !defined(QRT_FREESTANDING) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "qrt_internal.h"

#ifdef QRT_FREESTANDING

size_t qrt_threads_size(unsigned threads) {
  (void)threads;
  return 0;
}

qrt_status qrt_threads_start(void *memory, size_t size, unsigned threads, qrt_pool *pool) {
  (void)memory, (void)size, (void)threads;
  if (pool) *pool = (qrt_pool){0};
  return QRT_ERROR_UNSUPPORTED;
}

void qrt_threads_stop(qrt_pool *pool) {
  if (pool) *pool = (qrt_pool){0};
}

#else

#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <unistd.h>

#define MOST_THREADS 4096u
#define SPINS 2000u /* some 30 to 100 microseconds */

/* state: workers in the job, flags, and a count of jobs that tells a worker that it was in this one already. */
#define JOINED 0xffffu
#define CLOSED 0x10000u
#define WAITING 0x20000u /* the caller sleeps until the last worker leaves */
#define JOB 0x40000u
#define JOBS (~(JOB - 1))

typedef struct thread_pool {
  alignas(QRT_ALIGNMENT) atomic_uint state;
  alignas(QRT_ALIGNMENT) atomic_uint next; /* piece */
  alignas(QRT_ALIGNMENT) void (*fn)(void *context, unsigned i);
  void *context;
  unsigned count;
  unsigned spins;
  unsigned workers;
  atomic_uint sleepers;
  atomic_uint busy; /* not a bool: not every processor can swap bytes */
  atomic_uint stop;
  pthread_mutex_t mutex;
  pthread_cond_t job_opened;
  pthread_cond_t job_left;
  pthread_t threads[];
} thread_pool;

/* ---- workers ---- */
static void take_pieces(thread_pool *p) {
  for (unsigned i; (i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->count;) p->fn(p->context, i);
}

static bool is_news(unsigned state, unsigned seen) { return !(state & CLOSED) && (state & JOBS) != seen; }

/* Waits for a job other than `seen` and returns true, or for the end and returns false. */
static bool await_job(thread_pool *p, unsigned seen) {
  for (unsigned i = 0; i < p->spins; i++) {
    if (is_news(atomic_load(&p->state), seen)) return true;
    if (atomic_load(&p->stop)) return false;
    qrt_cpu_relax();
  }
  (void)pthread_mutex_lock(&p->mutex);
  (void)atomic_fetch_add(&p->sleepers, 1); /* before the state is read again: open_job looks in the other order */
  while (!atomic_load(&p->stop) && !is_news(atomic_load(&p->state), seen))
    (void)pthread_cond_wait(&p->job_opened, &p->mutex);
  (void)atomic_fetch_sub(&p->sleepers, 1);
  (void)pthread_mutex_unlock(&p->mutex);
  return !atomic_load(&p->stop);
}

/* Enters the open job, whichever it is now, unless it was closed meanwhile. */
static bool join_job(thread_pool *p, unsigned *seen) {
  unsigned state = atomic_load(&p->state);
  while (!(state & CLOSED)) {
    if (!atomic_compare_exchange_weak(&p->state, &state, state + 1)) continue;
    *seen = state & JOBS;
    return true;
  }
  return false;
}

static void leave_job(thread_pool *p) {
  unsigned before = atomic_fetch_sub(&p->state, 1);
  if (!(before & WAITING) || (before & JOINED) != 1) return;
  (void)pthread_mutex_lock(&p->mutex);
  (void)pthread_cond_signal(&p->job_left);
  (void)pthread_mutex_unlock(&p->mutex);
}

static void *work(void *memory) {
  thread_pool *p = memory;
  unsigned seen = 0;
  while (await_job(p, seen)) {
    if (!join_job(p, &seen)) continue;
    take_pieces(p);
    leave_job(p);
  }
  return NULL;
}

/* ---- the caller ---- */
static void wake_all(thread_pool *p) {
  (void)pthread_mutex_lock(&p->mutex);
  (void)pthread_cond_broadcast(&p->job_opened);
  (void)pthread_mutex_unlock(&p->mutex);
}

static void open_job(thread_pool *p, void (*fn)(void *context, unsigned i), void *context, unsigned count) {
  p->fn = fn;
  p->context = context;
  p->count = count;
  atomic_store(&p->next, 0);
  atomic_store(&p->state, (atomic_load(&p->state) & JOBS) + JOB);
  if (atomic_load(&p->sleepers)) wake_all(p);
}

static bool is_empty(thread_pool *p) { return (atomic_load(&p->state) & JOINED) == 0; }

static void close_job(thread_pool *p) {
  (void)atomic_fetch_or(&p->state, CLOSED);
  for (unsigned i = 0; i < p->spins; i++) {
    if (is_empty(p)) return;
    qrt_cpu_relax();
  }
  (void)pthread_mutex_lock(&p->mutex);
  (void)atomic_fetch_or(&p->state, WAITING);
  while (!is_empty(p)) (void)pthread_cond_wait(&p->job_left, &p->mutex);
  (void)pthread_mutex_unlock(&p->mutex);
}

/* A pool that is in use, by another thread or by the function that it runs, does not make the caller wait. */
static void run(void *self, void (*fn)(void *context, unsigned i), void *context, unsigned count) {
  thread_pool *p = self;
  if (count < 2 || atomic_exchange(&p->busy, 1)) {
    for (unsigned i = 0; i < count; i++) fn(context, i);
    return;
  }
  open_job(p, fn, context, count);
  take_pieces(p);
  close_job(p);
  atomic_store(&p->busy, 0);
}

/* ---- start and stop ---- */
size_t qrt_threads_size(unsigned threads) {
  if (threads == 0 || threads > MOST_THREADS) return 0;
  return sizeof(thread_pool) + (threads - 1) * sizeof(pthread_t) + (QRT_ALIGNMENT - 1);
}

/* More threads than processors would only spin in each other's way. */
static unsigned spins_for(unsigned threads) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 0 || (unsigned long)processors >= threads ? SPINS : 0;
}

static bool init(thread_pool *p, unsigned threads) {
  atomic_init(&p->state, CLOSED);
  atomic_init(&p->next, 0);
  atomic_init(&p->sleepers, 0);
  atomic_init(&p->busy, 0);
  atomic_init(&p->stop, 0);
  p->spins = spins_for(threads);
  p->workers = 0;
  if (pthread_mutex_init(&p->mutex, NULL)) return false;
  if (pthread_cond_init(&p->job_opened, NULL)) goto no_opened;
  if (pthread_cond_init(&p->job_left, NULL)) goto no_left;
  return true;
no_left:
  (void)pthread_cond_destroy(&p->job_opened);
no_opened:
  (void)pthread_mutex_destroy(&p->mutex);
  return false;
}

/* Signals are the application's: workers take only those that their own instructions raise. */
static void block_signals(sigset_t *before) {
  static const int own[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
  sigset_t others;
  (void)sigfillset(&others);
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) (void)sigdelset(&others, own[i]);
  (void)pthread_sigmask(SIG_BLOCK, &others, before);
}

static bool start_workers(thread_pool *p, unsigned count) {
  sigset_t before;
  block_signals(&before);
  while (p->workers < count && pthread_create(&p->threads[p->workers], NULL, work, p) == 0) p->workers++;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return p->workers == count;
}

static void stop(thread_pool *p) {
  atomic_store(&p->stop, 1);
  wake_all(p);
  for (unsigned i = 0; i < p->workers; i++) (void)pthread_join(p->threads[i], NULL);
  (void)pthread_cond_destroy(&p->job_left);
  (void)pthread_cond_destroy(&p->job_opened);
  (void)pthread_mutex_destroy(&p->mutex);
}

qrt_status qrt_threads_start(void *memory, size_t size, unsigned threads, qrt_pool *pool) {
  if (!pool) return QRT_ERROR_ARGUMENT;
  *pool = (qrt_pool){0};
  size_t needed = qrt_threads_size(threads);
  if (!memory || needed == 0) return QRT_ERROR_ARGUMENT;
  if (size < needed) return QRT_ERROR_WORKSPACE;
  thread_pool *p = (thread_pool *)(((uintptr_t)memory + QRT_ALIGNMENT - 1) & ~(uintptr_t)(QRT_ALIGNMENT - 1));
  if (!init(p, threads)) return QRT_ERROR_THREADS;
  if (!start_workers(p, threads - 1)) {
    stop(p);
    return QRT_ERROR_THREADS;
  }
  *pool = (qrt_pool){.self = p, .threads = threads, .run = run};
  return QRT_OK;
}

void qrt_threads_stop(qrt_pool *pool) {
  if (!pool || !pool->self) return;
  stop(pool->self);
  *pool = (qrt_pool){0};
}

#endif

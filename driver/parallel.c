#include "driver/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

typedef struct queue {
  atomic_size_t next;
  size_t count;
  void (*work)(void *context, size_t index);
  void *context;
} queue;

static void *take_tasks(void *argument) {
  queue *q = argument;
  for (size_t i; (i = atomic_fetch_add(&q->next, 1)) < q->count;) q->work(q->context, i);
  return NULL;
}

static size_t thread_count(size_t tasks) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  size_t most = processors < 1 ? 1 : processors > MAX_THREADS ? MAX_THREADS : (size_t)processors;
  return tasks < most ? tasks : most;
}

// Where no more threads are to be had, those that there are do all of the work.
void parallel_run(size_t count, void (*work)(void *context, size_t index), void *context) {
  queue q = {.count = count, .work = work, .context = context};
  pthread_t threads[MAX_THREADS];
  size_t started = 0, wanted = thread_count(count);
  while (started + 1 < wanted && pthread_create(&threads[started], NULL, take_tasks, &q) == 0) started++;
  take_tasks(&q);
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

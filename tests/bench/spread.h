// Threads on processors of their own. A system that puts two threads of a pair on one processor, as a busy one does at
// times, would measure itself.
#ifndef QCC_TESTS_BENCH_SPREAD_H
#define QCC_TESTS_BENCH_SPREAD_H

#include <stddef.h>

#define SPREAD_MOST 1024

// The threads of this process at some time.
typedef struct thread_list {
  size_t count;
  long ids[SPREAD_MOST];
} thread_list;

void threads_list(thread_list *out);

// The calling thread goes to the first processor, threads that are not in the list to the following
// ones, in the order in which they were made. Does nothing where the system does not allow it.
void threads_spread(const thread_list *before);

#endif

// Tasks on several threads.
#ifndef QCC_DRIVER_PARALLEL_H
#define QCC_DRIVER_PARALLEL_H

#include <stddef.h>

// Calls work(context, 0) .. work(context, count - 1), each once and in no order, on as many threads as there are
// processors for this process, of which the caller's is one. Tasks may not depend on each other.
void parallel_run(size_t count, void (*work)(void *context, size_t index), void *context);

#endif

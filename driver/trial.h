// Trying something in a child process that may not come back from it.
#ifndef QCC_DRIVER_TRIAL_H
#define QCC_DRIVER_TRIAL_H

#include <stdbool.h>

#include "support/arena.h"

// Runs work(argument) in a child process. Gives what it wrote to standard error; *survived tells whether it returned
// (true, too, where no process can be made, so that nothing is known).
const char *trial_run(arena *a, void (*work)(void *argument), void *argument, bool *survived);

#endif

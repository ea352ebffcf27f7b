// Lists for people: --print-targets, --print-schemes, --print-operators, --print-passes, --version.
#ifndef QCC_DRIVER_PRINT_H
#define QCC_DRIVER_PRINT_H

#include "driver/options.h"

// Does what the options that only print ask for. True when there was one.
bool print_requested(diag *d, arena *a, const options *o);

#endif

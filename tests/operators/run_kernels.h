// Runs a computation by the kernels of its statements: interpreted operation by operation, or compiled for this machine.
#ifndef QCC_TESTS_OPERATORS_RUN_KERNELS_H
#define QCC_TESTS_OPERATORS_RUN_KERNELS_H

#include "interp/reference.h"

// As st_run. What nobody has written is no number, and reading it is an error.
bool run_kernels(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                 st_array *results);

// The same by machine code of the best tier that this machine runs, or of the one that QCC_TIER names.
bool run_compiled(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                  st_array *results);

#endif

// What a computation in index notation means: every statement, element by element, in double precision and integers of 64
// bits. Kernels are held against it.
#ifndef QCC_INTERP_REFERENCE_H
#define QCC_INTERP_REFERENCE_H

#include "ir/statement.h"

// The elements of a tensor, outermost dimension first: reals, or integers (booleans as 0 and 1).
typedef struct st_array {
  st_type type;
  unsigned rank;
  const int64_t *dims;
  size_t count;
  double *reals;
  int64_t *integers;
} st_array;

// Runs a computation for the given values of its sizes' symbols. Inputs are given in the order of c->inputs; results[i] is
// made in the arena for c->results.data[i]. False (reported at the statement) when an input does not fit its type, a read
// is outside of its tensor without an `else` or before anything was written there, a write is outside, a divisor is 0, or
// a `require` does not hold.
bool st_run(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
            st_array *results);

#endif

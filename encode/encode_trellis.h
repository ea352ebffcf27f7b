// Level 0 of the encoder where a weight's value depends on a window of the code stream (trellis codes): the best codes of a
// whole span are a shortest path. See Note [Trellis] in encode/encode_trellis.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_TRELLIS_H
#define QCC_ENCODE_ENCODE_TRELLIS_H

#include "encode/encode_plan.h"
#include "encode/encode_probe.h"

typedef struct trellis {
  const encode_plan *plan;
  unsigned field, bits; // the codes', bits of one
  unsigned width;       // bits of a window
  size_t span;          // weights within which windows wrap
  size_t terms, varying;
  double *values; // [term][window]
  float *path;    // of the varying term, in single precision
  double rms, min[PLAN_TERMS], max[PLAN_TERMS];
  struct trellis_room *room; // scratch
} trellis;

// NULL when the value depends on more than one window and constants; then *blocked is that part.
trellis *trellis_new(arena *a, const encode_plan *plan, const expr **blocked);

// The same with scratch of its own, for another thread.
trellis *trellis_copy(arena *a, const trellis *t);

void trellis_update(trellis *t, const double *const *tables);

// Chooses the codes of `count` <= span weights that wrap around, for coefficients u.
void trellis_solve(const trellis *t, const double *w, size_t count, const double *u, uint32_t *codes);

// The terms' values at each of `count` weights.
void trellis_terms(const trellis *t, const uint32_t *codes, size_t count, size_t j, double *out);

#endif

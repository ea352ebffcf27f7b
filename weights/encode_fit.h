// Level 0 of the encoder: codes of weights for given coefficients, and the best coefficients for a granule of weights.
// See Note [Levels] in weights/encode_plan.c. Internal to weights/.
#ifndef QCC_WEIGHTS_ENCODE_FIT_H
#define QCC_WEIGHTS_ENCODE_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "weights/encode_plan.h"
#include "weights/relaxed.h"

// The squared error of outputs u: power - 2 b.u + u.H.u.
typedef struct quad {
  double h[PLAN_TERMS][PLAN_TERMS];
  double b[PLAN_TERMS];
  double power;
} quad;

double quad_error(const quad *q, size_t terms, const double *u);
// Moves u to a minimum; directions without influence and those marked `fixed` (may be NULL) stay as they are.
void quad_solve(const quad *q, size_t terms, const bool *fixed, double *u);

// Solves the positive semidefinite system h x = r (h: n x n, n <= PLAN_FIELDS; both are overwritten). Unknowns whose
// pivots vanish become 0.
void solve_symmetric(size_t n, double h[PLAN_FIELDS][PLAN_FIELDS], double *r, double *x);

// The values of the cores for every code.
typedef struct core_set {
  const encode_plan *plan;
  size_t terms, codes, combos, positions;
  double *v; // [combo][position][term][code]
  double min[PLAN_TERMS], max[PLAN_TERMS];
  unsigned direct_field; // a float per weight that is rounded rather than looked up; field_count when there is none
  // One varying core and at most one constant one: nearest values are found by sorted search.
  bool simple, uniform;
  size_t slope, offset;       // terms; offset == terms when there is none
  size_t level_count, padded; // padded: power of two
  double *sorted, *middle;    // the varying core's values in order, and the limits between them
  uint16_t *code_of;          // of each sorted value
} core_set;

// `tables` are the current numbers of stored tables, by field. False when a table of all values would be too large.
bool core_set_init(arena *a, const encode_plan *plan, const double *const *tables, core_set *out);
// Computes the values again after tables have changed.
void core_set_update(core_set *c, const double *const *tables);

// Weights of a granule: `rows` segments of `columns` weights, `stride` apart, the first at column k of its row.
// codes[] and selectors[] have the same shape (selectors: at the first weight of each selector granule).
typedef struct fit_span {
  const double *w;
  uint32_t *codes;
  uint16_t *selectors;
  size_t rows, columns, stride;
  uint64_t k;
} fit_span;

// Chooses the nearest code of every weight for coefficients u, stores codes and selectors, and gives the error as a
// function of u for these codes.
void fit_assign(const core_set *c, const fit_span *s, const double *u, quad *out);

// The same without storing codes where that saves time; they are undefined afterwards.
void fit_measure(const core_set *c, const fit_span *s, const double *u, quad *out);

// Searches the coefficients of least error. Codes and selectors are overwritten.
void fit_search(const core_set *c, const fit_span *s, double *u, quad *out);

#endif

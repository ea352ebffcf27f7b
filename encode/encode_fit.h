// Level 0 of the encoder: codes of weights for given coefficients, and the best coefficients for a granule of weights.
// See Note [Levels] in encode/encode_plan.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_FIT_H
#define QCC_ENCODE_ENCODE_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "encode/encode_cell.h"
#include "encode/encode_probe.h"
#include "encode/encode_trellis.h"
#include "format/relaxed.h"

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

// Where a search among limits begins: by the leading bits of a number (exponent and some of the mantissa).
enum { LEAP_MANTISSA = 4, LEAP_EXPONENTS = 48, LEAP_STEPS = 2, LEAPS = LEAP_EXPONENTS << LEAP_MANTISSA };
typedef struct level_leap {
  bool usable;             // from each beginning it is LEAP_STEPS to the end at most
  int lowest;              // the leading bits of all smaller magnitudes count as these
  uint16_t from[2][LEAPS]; // by sign
} level_leap;

// The values of the cores for every code. With cells or a trellis only these, `terms`, `min` and `max` count.
typedef struct core_set {
  const encode_plan *plan;
  arena *level_mem; // of `levels`
  cell_set *cells;  // at most one of these two;
  trellis *trellis; // both NULL: codes of single weights
  size_t terms, codes, positions;
  double *v; // [position][term][code]
  double min[PLAN_TERMS], max[PLAN_TERMS];
  unsigned direct_field; // a float per weight that is rounded rather than looked up; field_count when there is none
  // One varying core and at most one constant one: nearest values are found by sorted search.
  bool simple, uniform;
  size_t slope, offset;       // terms; offset == terms when there is none
  size_t level_count, padded; // padded: power of two
  double per_step;            // of uniform levels: the inverse of their distance
  double *sorted, *middle;    // the varying core's values in order, and the limits between them
  uint16_t *code_of;          // of each sorted value
  level_leap leap;            // into `middle`
  // All values of the one core that varies, where at most one constant one is beside it; count 0 elsewhere.
  level_list levels;
  size_t level_slope, level_offset; // terms; level_offset == terms when there is none
} core_set;

// `tables` are the current numbers of stored tables, by field; `weights` how many are encoded with them. False when a table of all values would be too large or a
// part of the value joins too many codes; then *blocked is that part.
bool core_set_init(arena *a, const encode_plan *plan, const double *const *tables, uint64_t weights, core_set *out,
                   const expr **blocked);
// Computes the values again after tables have changed.
void core_set_update(core_set *c, const double *const *tables);

// Frees what core_set_init and core_set_update have beside the arena.
void core_set_free(core_set *c);

// Weights of one cell (1 where codes are of single weights), and numbers that are kept for its codes.
size_t core_set_cell(const core_set *c);
size_t core_set_slots(const core_set *c);

// Sums over the weights w of a span, each times what it counts: of 1, w, w * w, and with its level c of c, c * c, c * w.
typedef struct line_sums {
  double n, w, ww;
  double c, cc, cw;
} line_sums;

// Of a span: the sums that do not depend on levels, and the least and the greatest weight.
typedef struct line_weights {
  line_sums sums;
  double min, max;
} line_weights;

// Weights of a granule: `rows` segments of `columns` weights, `stride` apart, the first at column k of its row. codes[]
// has a number for each slot of each cell, code_stride for a row.
typedef struct fit_span {
  const double *w;
  const double *by; // how much the squared error of each column counts; NULL: all alike
  uint32_t *codes;
  size_t rows, columns, stride, code_stride;
  uint64_t k;
  unsigned effort;           // of cells: 0 fast, 1 thorough
  double limit;              // above 0: a larger error is not wanted exactly
  const line_weights *known; // NULL where they have not been computed
} fit_span;

// Chooses the nearest codes of all weights for coefficients u, stores them, and gives the error as a function of u for
// these codes.
void fit_assign(const core_set *c, const fit_span *s, const double *u, quad *out);

// The same without storing codes where that saves time; they are undefined afterwards.
void fit_measure(const core_set *c, const fit_span *s, const double *u, quad *out);

// Coefficients for which every weight has an exact code, if there are such: at most PROBE_FOUND. Codes are not written.
size_t fit_exact(const core_set *c, const fit_span *s, double (*u)[PLAN_TERMS]);

// Searches the coefficients of least error. Codes are overwritten.
void fit_search(const core_set *c, const fit_span *s, double *u, quad *out);

#endif

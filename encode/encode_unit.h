// A unit of the structured encoder: the weights of one granule of the outermost level, which share all coarse fields.
// See Note [Levels] in encode/encode_plan.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_UNIT_H
#define QCC_ENCODE_ENCODE_UNIT_H

#include "encode/encode_grid.h"
#include "encode/encode_item_form.h"

// What is decided for one level: the fields' numbers (exactly as stored), and what follows from them.
typedef struct unit_level {
  size_t count, per_row; // granules in the unit, in one of its rows
  size_t capacity;
  quad *quads;       // error as a function of this level's outputs, by granule
  double *vals;      // [granule][field]
  double *best_vals; // of the best solution so far
  double *outs;      // [granule][PLAN_TERMS]: outputs for vals
} unit_level;

typedef struct unit {
  const encode_plan *plan;
  const core_set *cores;
  unsigned refinements;
  bool settled; // fields have been chosen once: integers that are tried move only a little from now on
  size_t rows, columns;
  uint64_t k; // of the first column
  double *w;  // rows x columns
  bool has_importance;
  double *importance;             // of each column, where has_importance
  uint32_t *codes, *best_codes;   // numbers for the slots of each cell, row by row
  size_t row_codes;               // of a row
  unsigned effort;                // of cells, see fit_span
  unit_level levels[PLAN_LEVELS]; // 0 is not used
  grid_form grid;
  double *errors, *best_errors; // by granule of level 1
  bool any_exact;               // some granule's weights are exact for some coefficients
  // By granule of level 1: the weights' own sums, where codes are levels of a line; and the outputs that there are codes for,
  // [granule][PLAN_TERMS], NAN where there are none.
  bool has_known;
  line_weights *known;
  double *assigned;
  bool *open_exact; // by granule of level 1: several exact coefficients are left to choose from
  double *fields;   // scratch, by scheme field
  item_form forms[PLAN_LEVELS];
  field_form *field_forms; // by scheme field, of those of levels
  core_form cores_listed[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS];
  double core_min[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS], core_max[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS];
} unit;

// A unit with room for at most rows x columns weights. `cores` may be updated between encodings.
unit *unit_new(arena *a, const encode_plan *plan, const core_set *cores, unsigned refinements, size_t rows,
               size_t columns);

// Sets the shape before w is filled and unit_encode is called; not larger than unit_new's.
void unit_shape(unit *u, size_t rows, size_t columns, uint64_t k);

// Encodes u->w: the solution is in best_codes and best_vals. Returns its squared error. `warm`: best_vals are good numbers to
// begin with.
double unit_encode(unit *u, bool warm);

// The number of field `f` (ROLE_LEVEL, at plan level `level`, its position there `slot`) of granule i.
static inline double unit_value(const unit *u, size_t level, size_t i, size_t slot) {
  return u->levels[level].best_vals[i * u->plan->levels[level].field_count + slot];
}

// Some granules of a level: `bands` runs of `run` granules, `step` apart.
typedef struct granules {
  size_t first, bands, run, step;
} granules;

static inline size_t granules_total(granules g) { return g.bands * g.run; }
static inline size_t granule_at(granules g, size_t i) { return g.first + i / g.run * g.step + i % g.run; }

static inline size_t unit_top_level(const unit *u) { return u->plan->level_count - 1; }

// Granules of `level` that granule `parent` of the next level holds; for the top level all there are.
granules unit_children(const unit *u, size_t level, size_t parent);

// The weights of a granule of level 1.
fit_span unit_span(const unit *u, size_t granule);

// The terms of output `row`: `slope` varies with the fields, `offset` (if any) does not. False for other shapes.
bool unit_row_terms(const unit *u, size_t level, size_t row, size_t *slope, size_t *offset);

// Part of unit_encode, in encode/encode_grid.c. Chooses the fields of all levels where the weights are then exact; codes are
// not written. False when that is not found.
bool unit_solve_grid(unit *u);

// Part of unit_encode, in encode/encode_exact.c.

// Whether granule i of level 1 has weights that are exact for some coefficients; then its form is that of such. Where these
// are several and only the levels above can tell them apart, open_exact is set.
bool unit_exact_fit(unit *u, size_t i);

// Chooses among the several, by what the others say of the levels above.
void unit_settle_exact(unit *u);

// The ideal values of one output as multiples of what its one integer field can be: by what. False when they are none.
bool unit_exact_slope(const unit *u, size_t level, size_t parent, size_t row, size_t slope, double *out);

// Part of unit_encode, in encode/encode_item.c.

// Chooses the fields of granule i of a level so that its outputs, given outputs `above` of the next level, have the
// least error by its quadratic form. `store`: only numbers that the fields' types can store.
void unit_solve_item(unit *u, size_t level, size_t i, const double *above, bool store);

// Outputs of granule i for its present numbers.
void unit_outputs(unit *u, size_t level, size_t i, const double *above, double *out);

// The cores of granule i as numbers.
void unit_cores(unit *u, size_t level, size_t i, double core[PLAN_TERMS][PLAN_TERMS]);

// What is computed once for a level. That is also the least and greatest value of every core over the numbers that its integer
// fields can store; a float field makes them infinite.
void unit_prepare_level(arena *a, unit *u, size_t level);

#endif

// Granules above the weights whose fields are solved for without evaluating expressions. See Note [Item forms] in
// encode/encode_item_form.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_ITEM_FORM_H
#define QCC_ENCODE_ENCODE_ITEM_FORM_H

#include "encode/encode_fit.h"

// A core whose value is listed for all numbers of its fields, integers of few bits together, or is a field.
typedef struct core_form {
  bool usable, is_field;
  size_t field_count;
  unsigned fields[PLAN_FIELDS]; // of the scheme
  double min[PLAN_FIELDS];      // the least number of each
  size_t counts[PLAN_FIELDS];   // of numbers
  double *values;               // the last field's numbers follow one another
} core_form;

core_form core_form_of(arena *a, const encode_plan *plan, size_t level, const expr *core);

// Its value for numbers of all fields; false where only the expression says it.
static inline bool core_form_value(const core_form *c, const double *fields, double *out) {
  if (c->is_field) return *out = fields[c->fields[0]], true;
  if (!c->usable) return false;
  size_t index = 0;
  for (size_t i = 0; i < c->field_count; i++) {
    double at = fields[c->fields[i]] - c->min[i];
    if (!(at >= 0 && at < (double)c->counts[i]) || at != (double)(size_t)at) return false;
    index = index * c->counts[i] + (size_t)at;
  }
  *out = c->values[index];
  return true;
}

// What a field's numbers are, without asking for its type every time.
typedef struct field_form {
  elem_type type;
  bool is_real, inverse, is_small; // is_small: an integer that a double has with bits to spare
  double low, high;
} field_form;

field_form field_form_of(const encode_plan *plan, unsigned field);

// The number that is used for x: integers are always rounded, real numbers only to be stored.
double field_form_storable(const field_form *f, double x, bool store);

// Of fields that multiply each other, one integer is best tried from all sides: its position; field_count when there is none.
size_t item_pivot(const encode_plan *plan, size_t level);

// An output that is a term times base + by * field.
typedef struct item_entry {
  size_t row, term;
  double base, by;
} item_entry;

// Outputs as base + the sum of a slope times each field, for all numbers of some integer fields, the pivots: variants.
typedef struct item_form {
  bool usable;
  size_t field_count, rows, terms;
  size_t pivot_count;
  size_t pivots[PLAN_FIELDS];       // positions among the level's fields
  double pivot_min[PLAN_FIELDS];    // the least number of each
  size_t pivot_counts[PLAN_FIELDS]; // of numbers; those of the last pivot follow one another
  size_t variants;                  // together; 1 without pivots
  size_t free_count;                // other fields
  size_t free[PLAN_FIELDS];         // their positions, integers first
  field_form fields[PLAN_FIELDS];   // of `free`
  double *base;                     // [variant][row][term]
  double *slopes;                   // [variant][free][row][term]
  // One output of one term without other fields: `base` in order, and the variant of each.
  size_t sorted_count;
  double *sorted;
  size_t *variant_of;
  // Without pivots, where each output is one term times something of one field at most: entries 0 .. free_count - 1 are of the
  // fields, those after them constant.
  bool is_split;
  size_t entry_count;
  item_entry entries[PLAN_TERMS];
} item_form;

item_form item_form_of(arena *a, const encode_plan *plan, size_t level);

// Chooses vals[] of one granule for outputs `above` of the next level. Of a single pivot numbers within `reach` of the present
// one are tried. As unit_solve_item.
void item_form_solve(const item_form *x, const quad *q, const double *above, bool store, double reach, double *vals);

// Adds a granule's error as a function of the next level's outputs: its own with its cores put in. Needs is_split.
void item_form_add(const item_form *x, const quad *q, const double *vals, quad *sum);

#endif

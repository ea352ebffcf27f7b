// Weights that lie on a grid that a format has exactly, found by arithmetic without rounding. See Note [Grids] in
// encode/encode_grid.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_GRID_H
#define QCC_ENCODE_ENCODE_GRID_H

#include "encode/encode_fit.h"

// What one coefficient of the value can be: an integer field's number, of level 1, times a real field of the level above;
// or, without the integers, a real field of level 1.
typedef struct grid_row {
  size_t term;     // of level 0
  size_t level;    // of the real field
  size_t slot;     // of it, in its level
  size_t fine;     // slot of the integer field in level 1; PLAN_FIELDS when there is none
  size_t count;    // numbers that the integers make of the real field, least magnitude first: {1} without integers
  double *values;  // without 0
  double *numbers; // of the integer field, for each
  double quantum;  // all values are multiples
  double most;     // of these, in magnitude
} grid_row;

typedef struct grid_form {
  bool usable, with_offset;
  bool tied; // the offset is an integer of level 1 times the slope: a zero point
  bool wide; // products with the real field are rounded to floats
  grid_row slope, offset;
  double quantum, most; // of the levels of the codes
} grid_form;

// Whether a plan's weights can be found this way, and how. With cells, trellises and tables they cannot.
grid_form grid_form_of(arena *a, const core_set *c);

#endif

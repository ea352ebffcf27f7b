// What the encoder derives from a value expression before it sees a weight: which fields are solved for at which
// granularity, and the value as a chain of linear forms. See Note [Levels] in encode/encode_plan.c. Internal.
#ifndef QCC_ENCODE_ENCODE_PLAN_H
#define QCC_ENCODE_ENCODE_PLAN_H

#include "format/scheme.h"

enum {
  PLAN_TERMS = 8,      // outputs of a level
  PLAN_LEVELS = 8,     // granularities
  PLAN_FIELDS = 8,     // scalar fields of one level
  PLAN_CODE_BITS = 16, // per-weight fields together, where they are all the codes there are
};

// What a field is to the encoder.
typedef enum field_role {
  ROLE_CODE,     // per weight: nearest representable value
  ROLE_SELECTOR, // a code of several weights: an index of a vector, signs of a group, which of two tables
  ROLE_LEVEL,    // coarser scalar in the linear forms
  ROLE_TABLE,    // stored table: alternately fixed, and refitted to the codes
} field_role;

// rows outputs = core[rows][terms] x outputs of the next level. Cores depend on this level's fields only.
typedef struct plan_level {
  granularity gran;
  size_t field_count;
  unsigned fields[PLAN_FIELDS];
  bool affine[PLAN_FIELDS];       // all cores are of degree one in the field
  unsigned partners[PLAN_FIELDS]; // bit set of fields that some core has together with the field
  size_t rows, terms;
  const expr *core[PLAN_TERMS][PLAN_TERMS]; // NULL: zero
  // What the outputs of the next level can be: fixed to 1, below zero, above zero.
  bool fixed[PLAN_TERMS], negative[PLAN_TERMS], positive[PLAN_TERMS];
} plan_level;

typedef struct encode_plan {
  const scheme *scheme;
  field_role *roles;
  bool *inverse; // fields that divide only: for the levels their numbers are 1 / field, and `value` multiplies
  const expr *value;
  bool structured;    // else only the general search can encode this
  bool has_tables;    // ROLE_TABLE fields
  size_t period;      // of cores along k; 1: they do not depend on it; 0: not periodic
  size_t level_count; // levels[0] is per weight; the last one's terms are the constant 1
  plan_level levels[PLAN_LEVELS];
  uint64_t cell;       // weights that share selectors (encode/encode_cell.h); 0: there are none
  uint64_t span;       // weights within which windows wrap; 0: there are none
  const expr *blocked; // where structure ended, if a part of the value is to blame
} encode_plan;

// Whether scalar field f occurs in e.
bool encode_plan_uses(const expr *e, unsigned f);

encode_plan *encode_plan_new(arena *a, const scheme *s);

#endif

// The finite set of numbers that an integer expression can have, by trying every pair of what its operands can have.
#ifndef QCC_RECIPE_VALUE_SET_H
#define QCC_RECIPE_VALUE_SET_H

#include "format/scheme.h"
#include "support/map.h"

#define VALUE_SET_MAX 4096

// Ascending, each number once. The set may be larger than what really occurs.
typedef struct value_set {
  size_t count;
  int64_t *values;
} value_set;

// The sets of a scheme's expressions that were found so far, and room for finding others.
typedef struct value_sets {
  arena *mem;
  const scheme *scheme;
  ptr_map numbers; // of expressions in `known`, plus 1
  VEC(value_set) known;
  uint64_t work; // pairs that were tried
  int64_t *slots;
  bool *used;
  int64_t *found;
  size_t count;
} value_sets;

void value_sets_init(value_sets *sets, arena *a, const scheme *s);

// False when the expression has more than VALUE_SET_MAX numbers, when they cannot be listed (positions without a bound), or
// when finding them takes too long. The numbers are not to be changed.
bool value_set_of(value_sets *sets, const expr *e, value_set *out);

#endif

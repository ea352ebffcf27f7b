// The finite set of numbers that an integer expression can have, by trying every pair of what its operands can have.
#ifndef QCC_LOWER_VALUE_SET_H
#define QCC_LOWER_VALUE_SET_H

#include "ir/scheme.h"

#define VALUE_SET_MAX 4096

// Ascending, each number once. The set may be larger than what really occurs.
typedef struct value_set {
  size_t count;
  int64_t *values;
} value_set;

// False when the expression has more than VALUE_SET_MAX numbers, or they cannot be listed (positions without a bound).
bool value_set_of(arena *a, const scheme *s, const expr *e, value_set *out);

#endif

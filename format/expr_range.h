// Interval analysis of integer expressions: bounds that hold for every weight and every stored code.
#ifndef QCC_FORMAT_EXPR_RANGE_H
#define QCC_FORMAT_EXPR_RANGE_H

#include "format/scheme.h"

// min <= value <= max. Where an operation might wrap around the bounds are those of int64.
typedef struct expr_range {
  int64_t min;
  int64_t max;
} expr_range;

#define EXPR_VAR_COUNT (VAR_COLUMNS + 1)

// What the variables may be (by expr_var); `layout` gives the types of loaded tensors and may be NULL in values.
typedef struct range_env {
  const scheme *scheme;
  const scheme_layout *layout;
  expr_range vars[EXPR_VAR_COUNT];
} range_env;

// Variables of a value expression: 0 .. 2^31 - 1 each, the readers' limit of a dimension.
range_env range_env_value(const scheme *s);

// Bounds of an integer expression. A field counts with the whole range of its type.
expr_range expr_int_range(const range_env *env, const expr *e);

#endif

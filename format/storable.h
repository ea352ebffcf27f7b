// Rounding to what a field can store, without infinities: a format's largest number stands for all that is larger.
#ifndef QCC_FORMAT_STORABLE_H
#define QCC_FORMAT_STORABLE_H

#include <math.h>

#include "format/elem.h"

// x within the finite range of the type; NaN becomes 0.
static inline double storable_clamp(elem_type type, double x) {
  const elem_info *e = elem_get(type);
  double lo = (double)elem_min(type), hi = (double)elem_max(type);
  if (isnan(x)) return 0;
  if (e->kind == ELEM_KIND_FLOAT) {
    hi = elem_max_finite(type);
    lo = -hi;
  }
  return x < lo ? lo : x > hi ? hi : x;
}

// The nearest number that the type can store.
static inline double storable_round(elem_type type, double x) {
  return elem_decode(type, elem_encode(type, storable_clamp(type, x)));
}

#endif

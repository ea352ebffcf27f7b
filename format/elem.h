// Element types: one table row each (format/elem.def), asked by properties.
#ifndef QCC_FORMAT_ELEM_H
#define QCC_FORMAT_ELEM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum elem_kind { ELEM_KIND_UINT, ELEM_KIND_INT, ELEM_KIND_FLOAT } elem_kind;

// Which codes of a float are no ordinary numbers (see elem.def).
typedef enum elem_special { ELEM_FINITE, ELEM_IEEE, ELEM_TOP, ELEM_POWER, ELEM_UZ } elem_special;

typedef enum elem_type {
#define ELEM(id, text, kind, bits, exp, man, special) ELEM_##id,
#include "format/elem.def"
#undef ELEM
  ELEM_COUNT
} elem_type;

typedef struct elem_info {
  const char *name;
  elem_kind kind;
  unsigned bits;
  unsigned exp_bits;
  unsigned man_bits;
  elem_special special;
} elem_info;

const elem_info *elem_get(elem_type type);

// The type of that name, or ELEM_COUNT.
elem_type elem_by_name(const char *name);

// Range of an integer type.
int64_t elem_min(elem_type type);
int64_t elem_max(elem_type type);

// Whether `wide` has every number of `type`, infinities and NaN included where there are any.
bool elem_holds(elem_type wide, elem_type type);

// The number that the raw bits of an element mean (integers exactly up to 2^53), and the raw bits of the nearest
// representable number (round to nearest even; integers saturate; floats that have infinities overflow to them, others
// saturate; NaN becomes NaN where there is one, else the largest number; e8m0 takes the nearer power of two, the larger one of
// a tie, and what is not positive becomes the least).
double elem_decode(elem_type type, uint64_t raw);
int64_t elem_decode_int(elem_type type, uint64_t raw); // integer types only; u64 wraps around
uint64_t elem_encode(elem_type type, double value);

// The largest finite number of a float type.
double elem_max_finite(elem_type type);

#endif

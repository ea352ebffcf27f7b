#include "ir/elem.h"

#include <math.h>
#include <string.h>

#include "support/fp.h"

static const elem_info infos[ELEM_COUNT] = {
#define ELEM(id, text, kind_, bits_, exp, man, special) \
  [ELEM_##id] = {.name = (text),                        \
                 .kind = (kind_),                       \
                 .bits = (bits_),                       \
                 .exp_bits = (exp),                     \
                 .man_bits = (man),                     \
                 .has_inf_nan = (special)},
#include "ir/elem.def"
#undef ELEM
};

const elem_info *elem_get(elem_type type) { return &infos[type]; }

elem_type elem_by_name(const char *name) {
  for (int t = 0; t < ELEM_COUNT; t++)
    if (strcmp(infos[t].name, name) == 0) return (elem_type)t;
  return ELEM_COUNT;
}

int64_t elem_min(elem_type type) {
  const elem_info *e = &infos[type];
  if (e->kind != ELEM_KIND_INT) return 0;
  return e->bits == 64 ? INT64_MIN : -((int64_t)1 << (e->bits - 1));
}

int64_t elem_max(elem_type type) {
  const elem_info *e = &infos[type];
  unsigned magnitude = e->kind == ELEM_KIND_INT ? e->bits - 1 : e->bits;
  return magnitude >= 63 ? INT64_MAX : ((int64_t)1 << magnitude) - 1;
}

static uint64_t low_bits(uint64_t raw, unsigned bits) { return bits == 64 ? raw : raw & (((uint64_t)1 << bits) - 1); }

int64_t elem_decode_int(elem_type type, uint64_t raw) {
  const elem_info *e = &infos[type];
  raw = low_bits(raw, e->bits);
  bool negative = e->kind == ELEM_KIND_INT && (raw >> (e->bits - 1) & 1) != 0;
  if (negative && e->bits < 64) raw |= ~(uint64_t)0 << e->bits;
  return (int64_t)raw;
}

static double decode_float(const elem_info *e, uint64_t raw) {
  if (e->bits == 64) return fp_from_bits64(raw);
  if (e->bits == 32) return (double)fp_from_bits32((uint32_t)raw);
  return fp_from_small((uint32_t)raw, e->exp_bits, e->man_bits, e->has_inf_nan);
}

double elem_decode(elem_type type, uint64_t raw) {
  const elem_info *e = &infos[type];
  raw = low_bits(raw, e->bits);
  if (e->kind == ELEM_KIND_FLOAT) return decode_float(e, raw);
  return e->kind == ELEM_KIND_UINT ? (double)raw : (double)elem_decode_int(type, raw);
}

static uint64_t encode_float(const elem_info *e, double value) {
  if (e->bits == 64) return fp_bits64(value);
  if (e->bits == 32) return fp_bits32((float)value);
  return fp_to_small(value, e->exp_bits, e->man_bits, e->has_inf_nan);
}

static uint64_t encode_int(elem_type type, double value) {
  const elem_info *e = &infos[type];
  if (isnan(value)) return 0;
  value = rint(value);
  if (e->kind == ELEM_KIND_UINT && e->bits == 64)
    return value <= 0 ? 0 : value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
  // The comparisons are exact: a limit that a double cannot hold (2^63 - 1) is rounded up, and nothing lies between.
  if (value <= (double)elem_min(type)) return low_bits((uint64_t)elem_min(type), e->bits);
  if (value >= (double)elem_max(type)) return low_bits((uint64_t)elem_max(type), e->bits);
  return low_bits((uint64_t)(int64_t)value, e->bits);
}

uint64_t elem_encode(elem_type type, double value) {
  const elem_info *e = &infos[type];
  return e->kind == ELEM_KIND_FLOAT ? encode_float(e, value) : encode_int(type, value);
}

#include "format/elem.h"

#include <math.h>
#include <string.h>

#include "support/fp.h"

static const elem_info infos[ELEM_COUNT] = {
#define ELEM(id, text, kind_, bits_, exp, man, special_) \
  [ELEM_##id] = {                                        \
      .name = (text), .kind = (kind_), .bits = (bits_), .exp_bits = (exp), .man_bits = (man), .special = (special_)},
#include "format/elem.def"
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

// Floats that are a power of two: the code is the exponent plus a bias, all ones is NaN.
static uint64_t power_nan(const elem_info *e) { return low_bits(~UINT64_C(0), e->bits); }
static int power_bias(const elem_info *e) { return (1 << (e->bits - 1)) - 1; }

static uint64_t encode_power(const elem_info *e, double value) {
  if (isnan(value)) return power_nan(e);
  if (value <= 0) return 0;
  if (isinf(value)) return power_nan(e) - 1;
  int exponent;
  double fraction = frexp(value, &exponent); // 0.5 .. 1
  int code = exponent - (fraction < 0.75) + power_bias(e);
  return code < 0 ? 0 : code >= (int)power_nan(e) ? power_nan(e) - 1 : (uint64_t)code;
}

// All ones is NaN, and the code below it the largest number.
static uint64_t encode_top(const elem_info *e, double value) {
  uint64_t raw = fp_to_small(value, e->exp_bits, e->man_bits, 0), ones = low_bits(~UINT64_C(0), e->bits - 1);
  if (low_bits(raw, e->bits - 1) == ones && !isnan(value)) raw--;
  return isnan(value) ? raw | ones : raw;
}

// Floats with one zero: the code of the other one is NaN, and exponents are one less than those of other types.
static uint64_t sign_alone(const elem_info *e) { return UINT64_C(1) << (e->bits - 1); }

static uint64_t encode_uz(const elem_info *e, double value) {
  if (isnan(value)) return sign_alone(e);
  uint64_t raw = fp_to_small(value * 2, e->exp_bits, e->man_bits, 0);
  return raw == sign_alone(e) ? 0 : raw;
}

static double decode_float(const elem_info *e, uint64_t raw) {
  if (e->bits == 64) return fp_from_bits64(raw);
  if (e->bits == 32) return (double)fp_from_bits32((uint32_t)raw);
  if (e->special == ELEM_POWER) return raw == power_nan(e) ? (double)NAN : ldexp(1, (int)raw - power_bias(e));
  uint64_t magnitude = low_bits(raw, e->bits - 1);
  if (e->special == ELEM_TOP && magnitude == low_bits(~UINT64_C(0), e->bits - 1)) return (double)NAN;
  if (e->special == ELEM_UZ && raw == sign_alone(e)) return (double)NAN;
  double value = fp_from_small((uint32_t)raw, e->exp_bits, e->man_bits, e->special == ELEM_IEEE);
  return e->special == ELEM_UZ ? value / 2 : value;
}

double elem_decode(elem_type type, uint64_t raw) {
  const elem_info *e = &infos[type];
  raw = low_bits(raw, e->bits);
  if (e->kind == ELEM_KIND_FLOAT) return decode_float(e, raw);
  return e->kind == ELEM_KIND_UINT ? (double)raw : (double)elem_decode_int(type, raw);
}

// Whether both follow IEEE 754, the wider one with no fewer bits in either part: it then has all values of the other.
static bool is_wider_ieee(const elem_info *wide, const elem_info *type) {
  return wide->special == ELEM_IEEE && type->special == ELEM_IEEE && wide->exp_bits >= type->exp_bits &&
         wide->man_bits >= type->man_bits;
}

// Floats of up to 16 bits have so few values that they are tried; of wider ones only f64 holds another.
static bool holds_floats(elem_type wide, elem_type type) {
  if (is_wider_ieee(&infos[wide], &infos[type])) return true;
  if (infos[type].bits > 16) return infos[wide].bits > infos[type].bits;
  for (uint64_t raw = 0; raw >> infos[type].bits == 0; raw++) {
    double value = elem_decode(type, raw);
    double back = elem_decode(wide, elem_encode(wide, value));
    if (isnan(value) ? !isnan(back) : back != value) return false;
  }
  return true;
}

bool elem_holds(elem_type wide, elem_type type) {
  bool float_wide = infos[wide].kind == ELEM_KIND_FLOAT, float_type = infos[type].kind == ELEM_KIND_FLOAT;
  if (wide == type) return true;
  if (float_wide && float_type) return holds_floats(wide, type);
  if (float_wide || float_type) return false;
  uint64_t most = infos[type].bits == 64 ? UINT64_MAX : (uint64_t)elem_max(type);
  uint64_t wide_most =
      infos[wide].bits == 64 && infos[wide].kind == ELEM_KIND_UINT ? UINT64_MAX : (uint64_t)elem_max(wide);
  return elem_min(wide) <= elem_min(type) && wide_most >= most;
}

static uint64_t encode_float(const elem_info *e, double value) {
  if (e->bits == 64) return fp_bits64(value);
  if (e->bits == 32) return fp_bits32((float)value);
  if (e->special == ELEM_POWER) return encode_power(e, value);
  if (e->special == ELEM_TOP) return encode_top(e, value);
  if (e->special == ELEM_UZ) return encode_uz(e, value);
  return fp_to_small(value, e->exp_bits, e->man_bits, e->special == ELEM_IEEE);
}

double elem_max_finite(elem_type type) {
  const elem_info *e = &infos[type];
  if (e->special != ELEM_IEEE) return elem_decode(type, elem_encode(type, 0x1p1000));
  return ldexp(2 - ldexp(1, -(int)e->man_bits), (1 << (e->exp_bits - 1)) - 1);
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

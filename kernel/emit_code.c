// Codes of numbers. A float type is a row of ir/elem.def: a sign, exponent bits, mantissa bits, and which codes are special.
#include "kernel/emit_code.h"

#include "kernel/emit_base.h"
#include "kernel/emit_values.h"

enum { F32_MANTISSA = 23, F32_BIAS = 127, F32_INFINITY = 0x7f800000, F32_NAN = 0x7fc00000, F32_MAGNITUDE = INT32_MAX };

// What the code of a type with a sign is made of.
typedef struct code_form {
  const elem_info *e;
  int bias;
  int64_t sign;     // its bit
  int64_t largest;  // code of the largest finite number
  int64_t nan;      // a code of NaN, 0: none
  int64_t infinity; // 0: none
} code_form;

static code_form form_of(elem_type type) {
  const elem_info *e = elem_get(type);
  code_form f = {.e = e, .bias = (1 << (e->exp_bits - 1)) - 1, .sign = INT64_C(1) << (e->bits - 1)};
  int64_t top = ((INT64_C(1) << e->exp_bits) - 1) << e->man_bits;
  f.largest = f.sign - 1;
  if (e->special == ELEM_IEEE) f.infinity = top, f.largest = top - 1, f.nan = top | INT64_C(1) << (e->man_bits - 1);
  if (e->special == ELEM_TOP) f.nan = f.sign - 1, f.largest = f.nan - 1;
  if (e->special == ELEM_UZ) f.nan = f.sign, f.bias++;
  return f;
}

static ir_value *is(ir_builder *b, ir_value *x, int64_t value) { return lo_eq(b, x, lo_int(b, x, value)); }
static ir_value *masked(ir_builder *b, ir_value *x, int64_t bits) { return lo_and(b, x, lo_int(b, x, bits)); }
static ir_value *plus(ir_builder *b, ir_value *x, int64_t addend) { return lo_add(b, x, lo_int(b, x, addend)); }

// The bits of 2 to that power, subnormal numbers apart.
static int64_t power_bits(int exponent) { return (int64_t)(exponent + F32_BIAS) << F32_MANTISSA; }

static ir_value *power_of_two(ir_builder *b, ir_value *x, int exponent) {
  return lo_floats(b, lo_int(b, x, power_bits(exponent)));
}

// ---- powers of two: a code is a biased exponent, all ones are NaN ----------------------------------------

enum { POWER_NAN = 255 };

// Code 0 is 2^-127, which is subnormal.
static ir_value *decode_power(ir_builder *b, ir_value *codes) {
  ir_value *bits = lo_shl_by(b, codes, F32_MANTISSA);
  bits = lo_select(b, is(b, codes, 0), lo_int(b, codes, INT64_C(1) << (F32_MANTISSA - 1)), bits);
  return lo_floats(b, lo_select(b, is(b, codes, POWER_NAN), lo_int(b, codes, F32_NAN), bits));
}

// From 1.5 times a power of two on the next one is taken; below 2^-126 there is one half-way number. Negative numbers have bits
// that are negative as integers.
static ir_value *encode_power(ir_builder *b, ir_value *x) {
  ir_value *bits = lo_bits(b, x);
  int64_t half = INT64_C(1) << (F32_MANTISSA - 1), least = half + half / 2, normal = INT64_C(1) << F32_MANTISSA;
  ir_value *code = lo_shr_by(b, plus(b, bits, half), F32_MANTISSA);
  ir_value *tiny = lo_convert(b, lo_le(b, lo_int(b, bits, least), bits), ELEM_I32);
  code = lo_select(b, lo_lt(b, bits, lo_int(b, bits, normal)), tiny, code);
  code = lo_min(b, code, lo_int(b, code, POWER_NAN - 1));
  code = lo_select(b, lo_lt(b, bits, lo_int(b, bits, 0)), lo_int(b, bits, 0), code);
  return lo_select(b, lo_isnan(b, x), lo_int(b, code, POWER_NAN), code);
}

// ---- a sign, an exponent and a mantissa ------------------------------------------------------------------

// Exponent and mantissa move to their places in f32; the product sets the bias right and makes subnormals normal.
static ir_value *decode_small(ir_builder *b, const code_form *f, ir_value *codes) {
  ir_value *magnitude = masked(b, codes, f->sign - 1);
  ir_value *moved = lo_floats(b, lo_shl_by(b, magnitude, F32_MANTISSA - f->e->man_bits));
  ir_value *bits = lo_bits(b, lo_fmul(b, moved, power_of_two(b, moved, F32_BIAS - f->bias)));
  if (f->infinity != 0) {
    ir_value *special = lo_le(b, lo_int(b, codes, f->infinity), magnitude);
    bits = lo_select(b, special, lo_or(b, bits, lo_int(b, bits, F32_INFINITY)), bits);
  } else if (f->nan != 0) {
    ir_value *compared = f->nan == f->sign ? codes : magnitude;
    bits = lo_select(b, is(b, compared, f->nan), lo_int(b, bits, F32_NAN), bits);
  }
  ir_value *sign = lo_shl_by(b, masked(b, codes, f->sign), 32 - f->e->bits);
  return lo_floats(b, lo_or(b, bits, sign));
}

// The low bits below `drop` rounded away, ties to even.
static ir_value *round_off(ir_builder *b, ir_value *x, unsigned drop) {
  ir_value *odd = masked(b, lo_shr_by(b, x, drop), 1);
  return lo_shr_by(b, lo_add(b, plus(b, x, (INT64_C(1) << (drop - 1)) - 1), odd), drop);
}

// Of a magnitude (bits of an f32). Below the type's normal numbers the steps are even: a sum with a number whose own steps are
// those rounds to them.
static ir_value *encode_magnitude(ir_builder *b, const code_form *f, ir_value *magnitude) {
  int man = (int)f->e->man_bits, least = 1 - f->bias;
  ir_value *normal =
      plus(b, round_off(b, magnitude, (unsigned)(F32_MANTISSA - man)), -((int64_t)(F32_BIAS - f->bias) << man));
  int64_t steps = power_bits(least - man + F32_MANTISSA);
  ir_value *sum = lo_fadd(b, lo_floats(b, magnitude), lo_floats(b, lo_int(b, magnitude, steps)));
  ir_value *small = plus(b, lo_bits(b, sum), -steps);
  return lo_select(b, lo_lt(b, magnitude, lo_int(b, magnitude, power_bits(least))), small, normal);
}

static ir_value *encode_small(ir_builder *b, const code_form *f, ir_value *x) {
  ir_value *bits = lo_bits(b, x), *magnitude = masked(b, bits, F32_MAGNITUDE);
  int64_t most = f->infinity != 0 ? f->infinity : f->largest;
  // Sums with NaN would wrap.
  ir_value *bounded = lo_min(b, magnitude, lo_int(b, bits, F32_INFINITY));
  ir_value *code = lo_min(b, encode_magnitude(b, f, bounded), lo_int(b, bits, most));
  ir_value *sign = masked(b, lo_shr_by(b, bits, 32 - f->e->bits), f->sign);
  if (f->e->special == ELEM_UZ) sign = lo_select(b, is(b, code, 0), code, sign);
  ir_value *all = lo_or(b, code, sign);
  if (f->nan == 0) return all;
  ir_value *nan = f->nan == f->sign ? lo_int(b, bits, f->nan) : lo_or(b, sign, lo_int(b, bits, f->nan));
  return lo_select(b, lo_isnan(b, x), nan, all);
}

// ---- all -------------------------------------------------------------------------------------------------

// Types that are lanes themselves.
static bool is_lane(elem_type type) { return type == ELEM_F16 || type == ELEM_BF16; }

ir_value *lo_decode_float(ir_builder *b, elem_type type, ir_value *codes) {
  uint32_t lanes = codes->type.lanes;
  if (type == ELEM_F32) return lo_floats(b, codes);
  if (is_lane(type)) {
    ir_value *halves = ir_emit1(b, IR_TRUNC, ir_vector(ELEM_I16, lanes), codes);
    return lo_convert(b, ir_emit1(b, IR_BITCAST, ir_vector(type, lanes), halves), ELEM_F32);
  }
  if (elem_get(type)->special == ELEM_POWER) return decode_power(b, codes);
  code_form f = form_of(type);
  return decode_small(b, &f, codes);
}

ir_value *lo_encode_float(ir_builder *b, elem_type type, ir_value *x) {
  uint32_t lanes = x->type.lanes;
  if (type == ELEM_F32) return lo_bits(b, lo_convert(b, x, ELEM_F32));
  if (is_lane(type)) {
    ir_value *halves = ir_emit1(b, IR_BITCAST, ir_vector(ELEM_I16, lanes), lo_convert(b, x, type));
    return lo_convert_unsigned(b, halves, ELEM_I32);
  }
  if (x->type.elem == ELEM_F64) x = lo_round_to_odd(b, x);
  if (elem_get(type)->special == ELEM_POWER) return encode_power(b, x);
  code_form f = form_of(type);
  return encode_small(b, &f, x);
}

// ---- elements of memory ----------------------------------------------------------------------------------

static bool is_float(elem_type type) { return elem_get(type)->kind == ELEM_KIND_FLOAT; }

elem_type lo_lane_of(elem_type stored) {
  unsigned bits = elem_get(stored)->bits;
  if (is_float(stored) && bits >= 16) return stored;
  return bits <= 8 ? ELEM_I8 : bits <= 16 ? ELEM_I16 : bits <= 32 ? ELEM_I32 : ELEM_I64;
}

// Codes in the low bits of i32 or i64 lanes, with their sign or zeros above.
static ir_value *extend(ir_builder *b, elem_type type, ir_value *codes) {
  const elem_info *e = elem_get(type);
  unsigned above = elem_get(codes->type.elem)->bits - e->bits;
  if (e->kind != ELEM_KIND_INT) return above == 0 ? codes : lo_shr_by(b, lo_shl_by(b, codes, above), above);
  return lo_sar_by(b, lo_shl_by(b, codes, above), above);
}

static ir_value *integers_from(ir_builder *b, elem_type stored, ir_value *x, elem_type to) {
  bool wide = elem_get(stored)->bits >= 32 && to != ELEM_I32;
  ir_value *codes = lo_convert_unsigned(b, x, wide ? ELEM_I64 : ELEM_I32);
  return lo_convert(b, extend(b, stored, codes), to);
}

ir_value *lo_from_stored(ir_builder *b, elem_type stored, ir_value *x, elem_type to) {
  if (!is_float(stored)) return integers_from(b, stored, x, to);
  if (elem_get(stored)->bits < 16) x = lo_decode_float(b, stored, lo_convert_unsigned(b, x, ELEM_I32));
  return lo_convert(b, x, to);
}

ir_value *lo_to_stored(ir_builder *b, elem_type stored, ir_value *x) {
  elem_type lane = lo_lane_of(stored);
  if (!is_float(stored)) {
    unsigned bits = elem_get(stored)->bits;
    ir_value *whole =
        lo_is_float(x) || lo_is_mask(x) ? lo_convert(b, x, bits > 32 || lo_is_float(x) ? ELEM_I64 : ELEM_I32) : x;
    if (bits < 8) whole = lo_and(b, whole, lo_integer(b, whole->type, (INT64_C(1) << bits) - 1));
    return lo_convert(b, whole, lane);
  }
  if (elem_get(stored)->bits >= 16) return lo_convert(b, x, lane);
  if (!lo_is_float(x)) x = lo_convert(b, x, ELEM_F64);
  return lo_convert(b, lo_encode_float(b, stored, x), lane);
}

// Between the least and the greatest number of the type.
static ir_value *bounded(ir_builder *b, ir_value *x, double least, double greatest) {
  return lo_max(b, lo_min(b, x, lo_constant(b, x->type, greatest)), lo_constant(b, x->type, least));
}

// The largest double that an integer of the type is not above: 2^63 - 1 is none.
static double greatest_below(int64_t greatest) {
  double x = (double)greatest;
  return x < 0x1p63 ? x : 0x1.fffffffffffffp62;
}

ir_value *lo_saturate(ir_builder *b, elem_type type, ir_value *x) {
  if (is_float(type)) {
    double most = elem_max_finite(type);
    bool power = elem_get(type)->special == ELEM_POWER;
    ir_value *nearest = lo_is_float(x) ? bounded(b, x, power ? 0 : -most, most) : lo_convert(b, x, ELEM_F64);
    return lo_convert(b, lo_from_stored(b, type, lo_to_stored(b, type, nearest), ELEM_F64), x->type.elem);
  }
  int64_t least = elem_min(type), greatest = elem_max(type);
  if (lo_is_float(x)) {
    ir_value *number = lo_select(b, lo_isnan(b, x), lo_constant(b, x->type, 0), x);
    return bounded(b, lo_round(b, number), (double)least, greatest_below(greatest));
  }
  int64_t lane_least = elem_min(x->type.elem), lane_greatest = elem_max(x->type.elem);
  if (greatest < lane_greatest) x = lo_min(b, x, lo_integer(b, x->type, greatest));
  return least > lane_least ? lo_max(b, x, lo_integer(b, x->type, least)) : x;
}

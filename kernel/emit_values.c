// Constructors of vector operations whose operands decide which one it is.
#include "kernel/emit_values.h"

#include <math.h>

#include "kernel/emit_base.h"

static bool is_float(elem_type elem) { return elem_get(elem)->kind == ELEM_KIND_FLOAT; }
static unsigned bits_of(elem_type elem) { return elem_get(elem)->bits; }

bool lo_is_float(const ir_value *x) { return is_float(x->type.elem); }
bool lo_is_mask(const ir_value *x) { return x->type.elem == ELEM_U1; }

static ir_type mask_of(const ir_value *x) { return ir_vector(ELEM_U1, x->type.lanes); }

// ---- constants and moves ---------------------------------------------------------------------------------

ir_value *lo_constant(ir_builder *b, ir_type type, double value) {
  return is_float(type.elem) ? ir_vector_real(b, type, value) : ir_vector_int(b, type, (int64_t)value);
}

ir_value *lo_integer(ir_builder *b, ir_type type, int64_t value) { return ir_vector_int(b, type, value); }

ir_value *lo_truth(ir_builder *b, uint32_t lanes, bool value) {
  return ir_vector_int(b, ir_vector(ELEM_U1, lanes), value);
}

ir_value *lo_iota(ir_builder *b, ir_type type) { return ir_emit(b, IR_IOTA, &type, 0, NULL, 0, NULL); }

ir_value *lo_index_lanes(ir_builder *b, ir_type type, ir_value *x, int64_t step) {
  bool wide = type.elem == ELEM_I64;
  ir_value *one = ir_emit1(b, IR_FROM_INDEX, ir_vector(wide ? ELEM_I64 : ELEM_I32, 1), x);
  ir_value *first = lo_splat(b, lo_convert(b, one, type.elem), type.lanes);
  if (step == 0 || type.lanes == 1) return first;
  ir_value *later = lo_iota(b, type);
  return lo_add(b, first, step == 1 ? later : lo_mul(b, later, lo_integer(b, type, step)));
}

ir_value *lo_to_index(ir_builder *b, ir_value *one) { return ir_emit1(b, IR_TO_INDEX, ir_index(), one); }

// ---- one operation for integers, one for floats ----------------------------------------------------------

static ir_value *either(ir_builder *b, ir_opcode of_ints, ir_opcode of_floats, ir_value *x, ir_value *y) {
  return ir_emit2(b, lo_is_float(x) ? of_floats : of_ints, x->type, x, y);
}

ir_value *lo_add(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_ADD, IR_FADD, x, y); }
ir_value *lo_sub(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_SUB, IR_FSUB, x, y); }
ir_value *lo_mul(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_MUL, IR_FMUL, x, y); }
ir_value *lo_div(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_DIV, IR_FDIV, x, y); }
ir_value *lo_min(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_SMIN, IR_FMINIMUM, x, y); }
ir_value *lo_max(ir_builder *b, ir_value *x, ir_value *y) { return either(b, IR_SMAX, IR_FMAXIMUM, x, y); }

// x - y floor(x / y) in f64. The quotient may be rounded up to an integer, which shows in the remainder's sign; an infinite
// divisor leaves x, or is the remainder where the signs differ.
static ir_value *real_mod(ir_builder *b, ir_value *x, ir_value *y) {
  ir_value *zero = lo_constant(b, x->type, 0);
  ir_value *rest = lo_sub(b, x, lo_mul(b, y, lo_floor(b, lo_div(b, x, y))));
  ir_value *other_sign = lo_xor(b, lo_lt(b, rest, zero), lo_lt(b, y, zero));
  ir_value *some = lo_not(b, lo_eq(b, rest, zero));
  rest = lo_select(b, lo_and(b, other_sign, some), lo_add(b, rest, y), rest);
  ir_value *endless = lo_and(b, lo_isinf(b, y), lo_lt(b, lo_abs(b, x), lo_constant(b, x->type, INFINITY)));
  ir_value *differ = lo_xor(b, lo_lt(b, x, zero), lo_lt(b, y, zero));
  ir_value *whole = lo_select(b, lo_and(b, differ, lo_not(b, lo_eq(b, x, zero))), y, x);
  return lo_select(b, endless, whole, rest);
}

ir_value *lo_mod(ir_builder *b, ir_value *x, ir_value *y) {
  if (!lo_is_float(x)) return ir_emit2(b, IR_MOD, x->type, x, y);
  ir_value *rest = real_mod(b, lo_convert(b, x, ELEM_F64), lo_convert(b, y, ELEM_F64));
  return lo_convert(b, rest, x->type.elem);
}

ir_value *lo_neg(ir_builder *b, ir_value *x) {
  return lo_is_float(x) ? ir_emit1(b, IR_FNEG, x->type, x) : lo_sub(b, lo_integer(b, x->type, 0), x);
}

ir_value *lo_abs(ir_builder *b, ir_value *x) { return ir_emit1(b, lo_is_float(x) ? IR_FABS : IR_ABS, x->type, x); }

// ---- bits ------------------------------------------------------------------------------------------------

ir_value *lo_and(ir_builder *b, ir_value *x, ir_value *y) { return ir_emit2(b, IR_AND, x->type, x, y); }
ir_value *lo_or(ir_builder *b, ir_value *x, ir_value *y) { return ir_emit2(b, IR_OR, x->type, x, y); }
ir_value *lo_xor(ir_builder *b, ir_value *x, ir_value *y) { return ir_emit2(b, IR_XOR, x->type, x, y); }
ir_value *lo_not(ir_builder *b, ir_value *x) { return lo_xor(b, x, lo_integer(b, x->type, -1)); }
ir_value *lo_shl(ir_builder *b, ir_value *x, ir_value *count) { return ir_emit2(b, IR_SHLV, x->type, x, count); }
ir_value *lo_sar(ir_builder *b, ir_value *x, ir_value *count) { return ir_emit2(b, IR_SARV, x->type, x, count); }

static ir_value *shift_by(ir_builder *b, ir_opcode code, ir_value *x, unsigned count) {
  return count == 0 ? x : ir_emit_attr(b, code, x->type, x, ir_int(IR_ATTR_SHIFT, count));
}

ir_value *lo_shl_by(ir_builder *b, ir_value *x, unsigned count) { return shift_by(b, IR_SHL, x, count); }
ir_value *lo_shr_by(ir_builder *b, ir_value *x, unsigned count) { return shift_by(b, IR_SHR, x, count); }
ir_value *lo_sar_by(ir_builder *b, ir_value *x, unsigned count) { return shift_by(b, IR_SAR, x, count); }

// ---- comparisons -----------------------------------------------------------------------------------------

static ir_value *compare(ir_builder *b, ir_opcode of_ints, ir_opcode of_floats, ir_value *x, ir_value *y) {
  return ir_emit2(b, lo_is_float(x) ? of_floats : of_ints, mask_of(x), x, y);
}

ir_value *lo_lt(ir_builder *b, ir_value *x, ir_value *y) { return compare(b, IR_LT, IR_FLT, x, y); }
ir_value *lo_le(ir_builder *b, ir_value *x, ir_value *y) { return compare(b, IR_LE, IR_FLE, x, y); }

ir_value *lo_eq(ir_builder *b, ir_value *x, ir_value *y) {
  return lo_is_mask(x) ? lo_not(b, lo_xor(b, x, y)) : compare(b, IR_EQ, IR_FEQ, x, y);
}

ir_value *lo_isnan(ir_builder *b, ir_value *x) { return lo_not(b, lo_eq(b, x, x)); }

ir_value *lo_isinf(ir_builder *b, ir_value *x) { return lo_eq(b, lo_abs(b, x), lo_constant(b, x->type, INFINITY)); }

ir_value *lo_select(ir_builder *b, ir_value *mask, ir_value *x, ir_value *y) {
  return ir_emit3(b, IR_SELECT, x->type, mask, x, y);
}

// ---- rounding --------------------------------------------------------------------------------------------

ir_value *lo_floor(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FFLOOR, x->type, x); }
ir_value *lo_ceil(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FCEIL, x->type, x); }
ir_value *lo_trunc(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FTRUNC, x->type, x); }
ir_value *lo_round(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FROUND, x->type, x); }
ir_value *lo_round_away(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FROUND_AWAY, x->type, x); }
ir_value *lo_sqrt(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FSQRT, x->type, x); }

// ---- conversions -----------------------------------------------------------------------------------------

static ir_value *to(ir_builder *b, ir_opcode code, ir_value *x, elem_type elem) {
  return ir_emit1(b, code, ir_vector(elem, x->type.lanes), x);
}

static ir_value *resize(ir_builder *b, ir_opcode extend, ir_value *x, elem_type elem) {
  unsigned from = bits_of(x->type.elem), bits = bits_of(elem);
  return from == bits ? x : to(b, from < bits ? extend : IR_TRUNC, x, elem);
}

// A float that was rounded away from zero is one step too far.
ir_value *lo_round_to_odd(ir_builder *b, ir_value *x) {
  ir_value *nearest = to(b, IR_TRUNCF, x, ELEM_F32), *back = to(b, IR_EXTF, nearest, ELEM_F64);
  ir_value *bits = lo_bits(b, nearest), *one = lo_int(b, bits, 1);
  ir_value *too_far = lo_lt(b, lo_abs(b, x), lo_abs(b, back));
  ir_value *inexact = lo_and(b, lo_not(b, lo_eq(b, back, x)), lo_eq(b, x, x));
  ir_value *lower = lo_select(b, too_far, lo_sub(b, bits, one), bits);
  return lo_floats(b, lo_select(b, inexact, lo_or(b, lower, one), bits));
}

static ir_value *between_floats(ir_builder *b, ir_value *x, elem_type elem) {
  unsigned from = bits_of(x->type.elem), bits = bits_of(elem);
  if (x->type.elem == elem) return x;
  if (from == 16 && bits == 16) return to(b, IR_TRUNCF, to(b, IR_EXTF, x, ELEM_F32), elem);
  if (from == 16 && bits == 64) return to(b, IR_EXTF, to(b, IR_EXTF, x, ELEM_F32), elem);
  if (from == 64 && bits == 16) return to(b, IR_TRUNCF, lo_round_to_odd(b, x), elem);
  return to(b, from < bits ? IR_EXTF : IR_TRUNCF, x, elem);
}

// Integers beyond 2^53 with their last 12 bits put together, so that a double has room for them, and halves round right.
static ir_value *fit_double(ir_builder *b, ir_value *x) {
  enum { LOST = (1 << 11) - 1, KEPT = 1 << 11 };
  ir_type t = x->type;
  ir_value *some = lo_not(b, lo_eq(b, lo_and(b, x, lo_integer(b, t, LOST)), lo_integer(b, t, 0)));
  ir_value *large = lo_not(b, lo_eq(b, lo_sar_by(b, x, 53), lo_sar_by(b, x, 63)));
  ir_value *joined = lo_or(b, lo_and(b, x, lo_integer(b, t, ~(int64_t)LOST)), lo_integer(b, t, KEPT));
  return lo_select(b, lo_and(b, some, large), joined, x);
}

// Halves are made by way of doubles.
static ir_value *int_to_float(ir_builder *b, ir_value *x, elem_type elem) {
  if (lo_is_mask(x) || bits_of(x->type.elem) < 32) x = lo_convert(b, x, ELEM_I32);
  if (bits_of(elem) >= 32) return to(b, IR_ITOF, x, elem);
  if (x->type.elem == ELEM_I64) x = fit_double(b, x);
  return between_floats(b, to(b, IR_ITOF, x, ELEM_F64), elem);
}

// Narrow integers saturate, too.
static ir_value *float_to_int(ir_builder *b, ir_value *x, elem_type elem) {
  if (bits_of(x->type.elem) == 16) x = between_floats(b, x, ELEM_F32);
  if (bits_of(elem) >= 32) return to(b, IR_FTOI_SAT, x, elem);
  ir_value *wide = to(b, IR_FTOI_SAT, x, ELEM_I32);
  wide = lo_min(b, wide, lo_integer(b, wide->type, elem_max(elem)));
  return to(b, IR_TRUNC, lo_max(b, wide, lo_integer(b, wide->type, elem_min(elem))), elem);
}

ir_value *lo_convert(ir_builder *b, ir_value *x, elem_type elem) {
  if (x->type.elem == elem) return x;
  if (elem == ELEM_U1 && lo_is_float(x) && bits_of(x->type.elem) == 16) x = lo_convert(b, x, ELEM_F32);
  if (elem == ELEM_U1) return lo_not(b, lo_eq(b, x, lo_constant(b, x->type, 0)));
  if (lo_is_float(x)) return is_float(elem) ? between_floats(b, x, elem) : float_to_int(b, x, elem);
  if (is_float(elem)) return int_to_float(b, x, elem);
  return resize(b, lo_is_mask(x) ? IR_ZEXT : IR_SEXT, x, elem);
}

ir_value *lo_convert_unsigned(ir_builder *b, ir_value *x, elem_type elem) { return resize(b, IR_ZEXT, x, elem); }

// ---- truth values in memory ------------------------------------------------------------------------------

ir_value *lo_load_mask(ir_builder *b, uint32_t lanes, ir_value *buffer, ir_value *offset, ir_value *count) {
  ir_value *bytes = lo_load(b, ir_vector(ELEM_I8, lanes), buffer, offset, count);
  return ir_emit1(b, IR_TRUNC, mask_of(bytes), bytes);
}

void lo_store_mask(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *mask, ir_value *count) {
  lo_store(b, buffer, offset, to(b, IR_ZEXT, mask, ELEM_I8), count);
}

// ---- to one lane -----------------------------------------------------------------------------------------

static ir_value *reduce(ir_builder *b, ir_opcode of_ints, ir_opcode of_floats, ir_value *x) {
  return ir_emit1(b, lo_is_float(x) ? of_floats : of_ints, ir_vector(x->type.elem, 1), x);
}

ir_value *lo_sum_lanes(ir_builder *b, ir_value *x) { return reduce(b, IR_REDUCE_ADD, IR_REDUCE_FADD, x); }
ir_value *lo_product_lanes(ir_builder *b, ir_value *x) { return reduce(b, IR_REDUCE_MUL, IR_REDUCE_FMUL, x); }
ir_value *lo_least_lane(ir_builder *b, ir_value *x) { return reduce(b, IR_REDUCE_SMIN, IR_REDUCE_FMINIMUM, x); }
ir_value *lo_greatest_lane(ir_builder *b, ir_value *x) { return reduce(b, IR_REDUCE_SMAX, IR_REDUCE_FMAXIMUM, x); }
ir_value *lo_any_lane(ir_builder *b, ir_value *mask) { return reduce(b, IR_REDUCE_OR, IR_REDUCE_OR, mask); }
ir_value *lo_all_lanes(ir_builder *b, ir_value *mask) { return reduce(b, IR_REDUCE_AND, IR_REDUCE_AND, mask); }

ir_value *lo_position_of(ir_builder *b, ir_value *x, ir_value *extreme, ir_value *positions) {
  ir_value *most = lo_integer(b, positions->type, elem_max(positions->type.elem));
  ir_value *at = lo_eq(b, x, lo_splat(b, extreme, x->type.lanes));
  return lo_least_lane(b, lo_select(b, at, positions, most));
}

// What becomes of the numbers: rounding, scales, zero points. Exactly what is computed is told in emit_prepare.c.
#include <float.h>

#include "kernel/prepare.h"

#define INFINITY_BITS 0x7f800000
#define NAN_BITS 0x7fc00000
#define SIGN_BIT INT32_MIN
#define F32_MANTISSA 23
#define F32_BIAS 127

static const act_spec *act_of(const preparer *p) { return &p->l->act; }

static bool is_float(const preparer *p) { return elem_get(act_of(p)->type)->kind == ELEM_KIND_FLOAT; }

static ir_value *and_bits(preparer *p, ir_value *x, ir_value *mask) {
  ir_value *bits = lo_bits(&p->b, x);
  return lo_floats(&p->b, ir_emit2(&p->b, IR_AND, bits->type, bits, mask));
}

static ir_value *fmin_of(preparer *p, ir_value *x, ir_value *y) { return ir_emit2(&p->b, IR_FMIN, x->type, x, y); }
static ir_value *fmax_of(preparer *p, ir_value *x, ir_value *y) { return ir_emit2(&p->b, IR_FMAX, x->type, x, y); }
static ir_value *ftoi(preparer *p, ir_value *x) { return ir_emit1(&p->b, IR_FTOI, lo_i32(x->type.lanes), x); }
static ir_value *itof(preparer *p, ir_value *x) { return ir_emit1(&p->b, IR_ITOF, lo_f32(x->type.lanes), x); }

// x within lo .. hi; lo when it is NaN.
static ir_value *clamp(preparer *p, ir_value *x, ir_value *lo, ir_value *hi) {
  return fmin_of(p, fmax_of(p, x, lo), hi);
}

static ir_value *clamp_to(preparer *p, ir_value *x, double lo, double hi) {
  return clamp(p, x, lo_real(&p->b, x, lo), lo_real(&p->b, x, hi));
}

// ---- floats --------------------------------------------------------------------------------------------------------

// 16 positions, those in the middle of each quad exchanged.
static ir_value *in_pairs(preparer *p, ir_value *x) {
  static const uint8_t order[LO_LANES] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};
  return ir_emit_attr(&p->b, IR_SHUFFLE, x->type, x, ir_bytes(IR_ATTR_TABLE, order, LO_LANES));
}

// To bf16 or f16 and back; pairs stay bf16.
static ir_value *round_plain(preparer *p, ir_value *x) {
  elem_type type = act_of(p)->type;
  if (type == ELEM_F32) return x;
  ir_value *rounded = ir_emit1(&p->b, IR_TRUNCF, ir_vector(type, x->type.lanes), x);
  if (p->l->as_pairs) return in_pairs(p, rounded);
  return ir_emit1(&p->b, IR_EXTF, x->type, rounded);
}

// |x| to `mantissa` bits, half to even, by its bits.
static ir_value *round_normal(preparer *p, ir_value *magnitude, unsigned mantissa) {
  ir_builder *b = &p->b;
  unsigned drop = F32_MANTISSA - mantissa;
  ir_value *bits = lo_bits(b, magnitude);
  ir_attr lowest[] = {ir_int(IR_ATTR_SHIFT, drop), ir_int(IR_ATTR_MASK, 1)};
  ir_value *odd = ir_emit(b, IR_BITS, &bits->type, 1, &bits, 2, lowest);
  ir_value *half = lo_int(b, bits, (INT64_C(1) << (drop - 1)) - 1);
  ir_value *sum = ir_emit2(b, IR_ADD, bits->type, ir_emit2(b, IR_ADD, bits->type, bits, odd), half);
  return lo_floats(b, ir_emit2(b, IR_AND, bits->type, sum, lo_int(b, bits, -(INT64_C(1) << drop))));
}

// x, finite and not above the type's largest number, to the nearest number of a small float type. Below its normal numbers the
// steps are even: adding and taking off a number whose own steps are those rounds to them.
static ir_value *round_small(preparer *p, ir_value *x) {
  ir_builder *b = &p->b;
  const elem_info *e = elem_get(act_of(p)->type);
  int least = 2 - (1 << (e->exp_bits - 1)); // exponent of the least normal number
  ir_value *sign = and_bits(p, x, lo_int(b, x, SIGN_BIT));
  ir_value *magnitude = ir_emit1(b, IR_FABS, x->type, x);
  int steps = least - (int)e->man_bits + F32_MANTISSA;
  ir_value *even = lo_floats(b, lo_int(b, x, (int64_t)(steps + F32_BIAS) << F32_MANTISSA));
  ir_value *small = lo_fsub(b, lo_fadd(b, magnitude, even), even);
  ir_value *normal = lo_floats(b, lo_int(b, x, (int64_t)(least + F32_BIAS) << F32_MANTISSA));
  ir_value *args[] = {magnitude, normal, small, round_normal(p, magnitude, e->man_bits)};
  ir_value *rounded = ir_emit(b, IR_SELECT_LT, &x->type, 4, args, 0, NULL);
  ir_value *bits = lo_bits(b, rounded);
  return lo_floats(b, ir_emit2(b, IR_OR, bits->type, bits, lo_bits(b, sign)));
}

// ---- numbers of a type, less the zero point ------------------------------------------------------------------------

static ir_value *inverse_of_static(preparer *p, ir_value *x) {
  return lo_real(&p->b, x, 1 / (double)(float)act_of(p)->scale);
}

static ir_value *static_number(preparer *p, ir_value *x) {
  const act_spec *act = act_of(p);
  x = lo_fmul(&p->b, x, inverse_of_static(p, x));
  if (is_float(p)) return round_small(p, clamp_to(p, x, -act_largest(act), act_largest(act)));
  double lo = (double)elem_min(act->type) - act->zero, hi = (double)elem_max(act->type) - act->zero;
  return ftoi(p, clamp_to(p, x, lo, hi));
}

static ir_value *symmetric_number(preparer *p, ir_value *x) {
  x = lo_fmul(&p->b, and_bits(p, x, p->finite), p->inverse);
  return is_float(p) ? round_small(p, x) : ftoi(p, x);
}

static ir_value *asymmetric_number(preparer *p, ir_value *x) {
  ir_builder *b = &p->b;
  x = lo_fmul(b, and_bits(p, x, p->finite), p->inverse);
  ir_value *none = lo_real(b, x, 0);
  ir_value *most = lo_fsub(b, lo_real(b, x, act_largest(act_of(p))), p->zero);
  return ftoi(p, clamp(p, x, lo_fsub(b, none, p->zero), most));
}

// 1, -1 for numbers below zero, 0 in a group that is not finite.
static ir_value *sign_number(preparer *p, ir_value *x) {
  ir_builder *b = &p->b;
  ir_type ints = lo_i32(x->type.lanes);
  ir_value *args[] = {x, lo_real(b, x, 0), lo_int(b, x, -1), lo_int(b, x, 1)};
  ir_value *sign = ir_emit(b, IR_SELECT_LT, &ints, 4, args, 0, NULL);
  return ir_emit2(b, IR_AND, ints, sign, p->finite);
}

// ---- what is stored ------------------------------------------------------------------------------------------------

static ir_value *as_float(preparer *p, ir_value *number) {
  ir_builder *b = &p->b;
  const act_spec *act = act_of(p);
  ir_value *level = number->type.elem == ELEM_F32 ? number : itof(p, number);
  return lo_fmul(b, level, act->kind == ACT_STATIC ? lo_real(b, level, act->scale) : p->scale);
}

// The zero point that bytes keep, i32 lanes; NULL: none.
static ir_value *kept_zero(preparer *p, uint32_t lanes) {
  const act_spec *act = act_of(p);
  if (act_zero(act) != 0) return ir_vector_int(&p->b, lo_i32(lanes), act_zero(act));
  if (!act_has_zeros(act)) return NULL;
  ir_value *zero = ftoi(p, p->zero);
  return ir_emit2(&p->b, IR_SUB, zero->type, zero, lo_int(&p->b, zero, act_shift(act)));
}

static ir_value *to_bytes(preparer *p, ir_value *ints) {
  return ir_emit1(&p->b, IR_TRUNC, ir_vector(ELEM_I8, ints->type.lanes), ints);
}

ir_value *prepare_stored(preparer *p, ir_value *x) {
  static ir_value *(*const numbers[])(preparer *, ir_value *) = {[ACT_PLAIN] = round_plain,
                                                                 [ACT_SYMMETRIC] = symmetric_number,
                                                                 [ACT_ASYMMETRIC] = asymmetric_number,
                                                                 [ACT_SIGN] = sign_number,
                                                                 [ACT_STATIC] = static_number};
  ir_value *number = numbers[act_of(p)->kind](p, x);
  if (act_of(p)->kind == ACT_PLAIN) return number;
  if (!p->store_bytes) return as_float(p, number);
  ir_value *zero = kept_zero(p, x->type.lanes);
  return to_bytes(p, zero == NULL ? number : ir_emit2(&p->b, IR_ADD, number->type, number, zero));
}

// Zero; where each group has a zero point, that: it takes itself off from every sum.
ir_value *prepare_nothing(preparer *p) {
  if (!p->store_bytes) return ir_vector_real(&p->b, lo_f32(LO_LANES), 0);
  if (act_has_zeros(act_of(p))) return to_bytes(p, kept_zero(p, LO_LANES));
  return ir_vector_int(&p->b, ir_vector(ELEM_I8, LO_LANES), 0);
}

// ---- scales --------------------------------------------------------------------------------------------------------

ir_value *prepare_extent_zero(preparer *p, prepare_extent extent) {
  if (extent == EXTENT_SUM) return ir_vector_real(&p->b, lo_f32(LO_LANES), 0);
  return ir_vector_int(&p->b, lo_i32(LO_LANES), 0);
}

// Maxima are those of the numbers' bits as integers: there NaN is larger than infinity, and nothing depends on their order.
ir_value *prepare_extend(preparer *p, prepare_extent extent, ir_value *so_far, ir_value *x) {
  ir_builder *b = &p->b;
  if (extent == EXTENT_SUM) return lo_fadd(b, so_far, ir_emit1(b, IR_FABS, x->type, x));
  ir_value *bits = lo_bits(b, x);
  if (extent == EXTENT_MAGNITUDE) bits = ir_emit2(b, IR_AND, bits->type, bits, lo_int(b, bits, INT32_MAX));
  if (extent == EXTENT_BELOW) bits = ir_emit2(b, IR_XOR, bits->type, bits, lo_int(b, bits, SIGN_BIT));
  return ir_emit2(b, IR_SMAX, so_far->type, so_far, bits);
}

// A magnitude that is NaN as infinity.
static ir_value *no_nan(preparer *p, ir_value *bits) {
  ir_builder *b = &p->b;
  bits = ir_emit2(b, IR_AND, bits->type, bits, lo_int(b, bits, INT32_MAX));
  return lo_floats(b, ir_emit2(b, IR_SMIN, bits->type, bits, lo_int(b, bits, INFINITY_BITS)));
}

static ir_value *greatest(preparer *p, ir_value *bits) {
  return ir_emit1(&p->b, IR_REDUCE_FMAX, lo_f32(1), no_nan(p, bits));
}

// -1 in all bits if x is finite, else 0
static ir_value *finite_mask(preparer *p, ir_value *x) {
  ir_builder *b = &p->b;
  ir_value *bits = lo_bits(b, x);
  bits = ir_emit2(b, IR_SUB, bits->type, bits, lo_int(b, bits, INFINITY_BITS));
  return ir_emit_attr(b, IR_SAR, bits->type, bits, ir_int(IR_ATTR_SHIFT, 31));
}

static void set_group(preparer *p, ir_value *scale, ir_value *inverse, ir_value *finite) {
  ir_builder *b = &p->b;
  inverse = fmin_of(p, inverse, lo_real(b, inverse, FLT_MAX));
  p->scale = lo_splat(b, scale, LO_LANES);
  p->inverse = lo_splat(b, inverse, LO_LANES);
  p->finite = lo_splat(b, finite_mask(p, finite), LO_LANES);
}

static prepare_scale symmetric_scale(preparer *p, ir_value *extent) {
  ir_value *most = greatest(p, extent);
  ir_value *limit = lo_real(&p->b, most, act_largest(act_of(p)));
  ir_value *scale = lo_fdiv(&p->b, most, limit);
  set_group(p, scale, lo_fdiv(&p->b, limit, most), most);
  return (prepare_scale){.scale = scale};
}

static prepare_scale asymmetric_scale(preparer *p, ir_value *extent, ir_value *below) {
  ir_builder *b = &p->b;
  ir_value *above = greatest(p, extent), *under = greatest(p, below);
  ir_value *steps = lo_real(b, above, act_largest(act_of(p)));
  ir_value *scale = lo_fadd(b, lo_fdiv(b, above, steps), lo_fdiv(b, under, steps));
  ir_value *inverse = lo_fdiv(b, lo_real(b, scale, 1), scale);
  inverse = fmin_of(p, inverse, lo_real(b, inverse, FLT_MAX));
  ir_value *zero = ftoi(p, clamp(p, lo_fmul(b, under, inverse), lo_real(b, under, 0), steps));
  set_group(p, scale, inverse, scale);
  p->zero = lo_splat(b, itof(p, zero), LO_LANES);
  ir_value *kept = ir_emit2(b, IR_SUB, zero->type, zero, lo_int(b, zero, act_shift(act_of(p))));
  return (prepare_scale){.scale = scale, .zero = act_has_zeros(act_of(p)) ? kept : NULL};
}

// The bits of x, those of NaN when `tested` is not finite: bit planes have no zero that an infinite scale would turn to NaN.
static ir_value *nan_unless_finite(preparer *p, ir_value *x, ir_value *tested) {
  ir_builder *b = &p->b;
  ir_value *bad = finite_mask(p, tested);
  bad = ir_emit2(b, IR_XOR, bad->type, bad, lo_int(b, bad, -1));
  bad = ir_emit2(b, IR_AND, bad->type, bad, lo_int(b, bad, NAN_BITS));
  return ir_emit2(b, IR_OR, bad->type, lo_bits(b, x), bad);
}

static prepare_scale sign_scale(preparer *p, ir_value *extent, ir_value *count) {
  ir_value *sum = ir_emit1(&p->b, IR_REDUCE_FADD, lo_f32(1), extent);
  sum = no_nan(p, lo_bits(&p->b, sum));
  ir_value *scale = lo_floats(&p->b, nan_unless_finite(p, lo_fdiv(&p->b, sum, count), sum));
  set_group(p, scale, scale, sum);
  return (prepare_scale){.scale = scale};
}

prepare_scale prepare_set_scale(preparer *p, ir_value *extent, ir_value *below, ir_value *count) {
  act_kind kind = act_of(p)->kind;
  if (kind == ACT_SIGN) return sign_scale(p, extent, count);
  return kind == ACT_ASYMMETRIC ? asymmetric_scale(p, extent, below) : symmetric_scale(p, extent);
}

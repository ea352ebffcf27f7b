// Conversions between integers and floats.
#include "codegen/emit.h"

LLVMValueRef emit_itof(emit *e, const ir_op *op) {
  return LLVMBuildSIToFP(e->builder, emit_operand(e, op, 0), emit_result_type(e, op), "");
}

// 1.5 * 2^23: around it floats are the integers, and the sum's low bits are the rounded number.
#define MAGIC 0x4b400000u

LLVMValueRef emit_ftoi(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef ints = emit_result_type(e, op);
  LLVMValueRef sum = LLVMBuildFAdd(e->builder, x, emit_float(e, LLVMTypeOf(x), MAGIC), "");
  return LLVMBuildSub(e->builder, LLVMBuildBitCast(e->builder, sum, ints, ""), emit_int(e, ints, MAGIC), "");
}

// ---- by integer arithmetic -------------------------------------------------------------------------------
// Small helpers over vectors of i32.

static LLVMValueRef and_bits(emit *e, LLVMValueRef x, uint32_t bits) {
  return LLVMBuildAnd(e->builder, x, emit_int(e, LLVMTypeOf(x), bits), "");
}

static LLVMValueRef or_bits(emit *e, LLVMValueRef x, uint32_t bits) {
  return LLVMBuildOr(e->builder, x, emit_int(e, LLVMTypeOf(x), bits), "");
}

static LLVMValueRef add_bits(emit *e, LLVMValueRef x, uint32_t bits) {
  return LLVMBuildAdd(e->builder, x, emit_int(e, LLVMTypeOf(x), bits), "");
}

static LLVMValueRef shift_right(emit *e, LLVMValueRef x, unsigned shift) {
  return LLVMBuildLShr(e->builder, x, emit_int(e, LLVMTypeOf(x), shift), "");
}

static LLVMValueRef shift_left(emit *e, LLVMValueRef x, unsigned shift) {
  return LLVMBuildShl(e->builder, x, emit_int(e, LLVMTypeOf(x), shift), "");
}

static LLVMValueRef is_at_least(emit *e, LLVMValueRef x, uint32_t bits) {
  return LLVMBuildICmp(e->builder, LLVMIntUGE, x, emit_int(e, LLVMTypeOf(x), bits), "");
}

// The low bits below `shift` rounded away, to nearest, ties to even; the sum may carry upwards.
static LLVMValueRef round_off(emit *e, LLVMValueRef x, unsigned shift) {
  LLVMValueRef odd = and_bits(e, shift_right(e, x, shift), 1);
  LLVMValueRef sum = LLVMBuildAdd(e->builder, add_bits(e, x, (1u << (shift - 1)) - 1), odd, "");
  return shift_right(e, sum, shift);
}

// Exponent and mantissa move to their places in f32, which scales the number by 2^-112; the multiplication takes that
// back and makes subnormals normal. Infinities and NaN need the top exponent besides.
static LLVMValueRef half_to_float(emit *e, LLVMValueRef h, LLVMTypeRef floats) {
  LLVMTypeRef ints = emit_int_like(e, floats, 32);
  LLVMValueRef x = LLVMBuildZExt(e->builder, h, ints, "");
  LLVMValueRef magnitude = and_bits(e, x, 0x7fff);
  LLVMValueRef moved = LLVMBuildBitCast(e->builder, shift_left(e, magnitude, 13), floats, "");
  LLVMValueRef scaled = LLVMBuildFMul(e->builder, moved, emit_float(e, floats, (127u + 112u) << 23), "");
  LLVMValueRef bits = LLVMBuildBitCast(e->builder, scaled, ints, "");
  LLVMValueRef special = is_at_least(e, magnitude, 0x7c00);
  bits = LLVMBuildSelect(e->builder, special, or_bits(e, bits, 0x7f800000), bits, "");
  bits = LLVMBuildOr(e->builder, bits, shift_left(e, and_bits(e, x, 0x8000), 16), "");
  return LLVMBuildBitCast(e->builder, bits, floats, "");
}

static LLVMValueRef bfloat_to_float(emit *e, LLVMValueRef h, LLVMTypeRef floats) {
  LLVMValueRef x = LLVMBuildZExt(e->builder, h, emit_int_like(e, floats, 32), "");
  return LLVMBuildBitCast(e->builder, shift_left(e, x, 16), floats, "");
}

LLVMValueRef emit_extf(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef floats = emit_result_type(e, op);
  if (op->operands[0]->type.elem == ELEM_F32) return LLVMBuildFPExt(e->builder, x, floats, "");
  if (op->operands[0]->type.elem == ELEM_BF16) return bfloat_to_float(e, x, floats);
  const target_pattern *p = emit_find_pattern(e, op, 0);
  return p != NULL ? emit_pattern(e, op, p, NULL) : half_to_float(e, x, floats);
}

#define HALF_SUBNORMALS 0x38800000u // 2^-14: smaller numbers are subnormal as f16
#define HALF_INFINITE 0x47800000u   // 2^16, the first number above the f16 range
#define FLOAT_INFINITY 0x7f800000u
#define FLOAT_HALF 0x3f000000u // 0.5; numbers from here to 1 are 2^-24 apart, as f16's subnormals are

// The magnitude of an f16 from that of an f32 (its bits without the sign).
static LLVMValueRef half_magnitude(emit *e, LLVMValueRef m, LLVMTypeRef floats) {
  LLVMBuilderRef ir = e->builder;
  LLVMTypeRef ints = LLVMTypeOf(m);
  LLVMValueRef normal = add_bits(e, round_off(e, m, 13), (uint32_t)-(112 << 10));
  LLVMValueRef sum = LLVMBuildFAdd(ir, LLVMBuildBitCast(ir, m, floats, ""), emit_float(e, floats, FLOAT_HALF), "");
  LLVMValueRef small = add_bits(e, LLVMBuildBitCast(ir, sum, ints, ""), -FLOAT_HALF);
  LLVMValueRef nan = or_bits(e, and_bits(e, shift_right(e, m, 13), 0x3ff), 0x7e00);
  LLVMValueRef r = LLVMBuildSelect(ir, is_at_least(e, m, HALF_SUBNORMALS), normal, small, "");
  r = LLVMBuildSelect(ir, is_at_least(e, m, HALF_INFINITE), emit_int(e, ints, 0x7c00), r, "");
  return LLVMBuildSelect(ir, is_at_least(e, m, FLOAT_INFINITY + 1), nan, r, "");
}

static LLVMValueRef float_to_half(emit *e, LLVMValueRef x, LLVMTypeRef halves) {
  LLVMTypeRef floats = LLVMTypeOf(x);
  LLVMValueRef bits = LLVMBuildBitCast(e->builder, x, emit_int_like(e, floats, 32), "");
  LLVMValueRef magnitude = half_magnitude(e, and_bits(e, bits, 0x7fffffff), floats);
  LLVMValueRef sign = and_bits(e, shift_right(e, bits, 16), 0x8000);
  return LLVMBuildTrunc(e->builder, LLVMBuildOr(e->builder, magnitude, sign, ""), halves, "");
}

static LLVMValueRef float_to_bfloat(emit *e, LLVMValueRef x, LLVMTypeRef halves) {
  LLVMValueRef bits = LLVMBuildBitCast(e->builder, x, emit_int_like(e, LLVMTypeOf(x), 32), "");
  LLVMValueRef is_nan = is_at_least(e, and_bits(e, bits, 0x7fffffff), FLOAT_INFINITY + 1);
  LLVMValueRef nan = or_bits(e, shift_right(e, bits, 16), 0x40);
  return LLVMBuildTrunc(e->builder, LLVMBuildSelect(e->builder, is_nan, nan, round_off(e, bits, 16), ""), halves, "");
}

LLVMValueRef emit_truncf(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef halves = emit_result_type(e, op);
  if (op->results[0]->type.elem == ELEM_F32) return LLVMBuildFPTrunc(e->builder, x, halves, "");
  const target_pattern *p = emit_find_pattern(e, op, 0);
  if (p != NULL) return emit_pattern(e, op, p, NULL);
  return op->results[0]->type.elem == ELEM_F16 ? float_to_half(e, x, halves) : float_to_bfloat(e, x, halves);
}

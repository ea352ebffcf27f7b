// Rounding of floats to integers that stay floats, and to integers that do not. Machines without instructions for it use
// that floats beyond 2^23 (doubles beyond 2^52) are integers: adding and taking off that number rounds.
#include "codegen/emit.h"

static LLVMValueRef call(emit *e, const char *name, LLVMValueRef x) {
  return emit_call_on(e, name, LLVMTypeOf(x), &x, 1);
}

// The magnitude with the sign bit of x.
static LLVMValueRef with_sign(emit *e, LLVMValueRef magnitude, LLVMValueRef x) {
  LLVMTypeRef t = LLVMTypeOf(x);
  return emit_call_on(e, "llvm.copysign", t, (LLVMValueRef[]){magnitude, x}, 2);
}

static double mantissa_unit(LLVMTypeRef t) {
  return LLVMGetTypeKind(emit_element(t)) == LLVMFloatTypeKind ? 0x1p23 : 0x1p52;
}

// To nearest, ties to even. What is no number, or beyond the limit, stays.
static LLVMValueRef nearest(emit *e, LLVMValueRef x) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMBuilderRef ir = e->builder;
  LLVMValueRef unit = emit_real(e, t, mantissa_unit(t)), magnitude = call(e, "llvm.fabs", x);
  LLVMValueRef rounded = LLVMBuildFSub(ir, LLVMBuildFAdd(ir, magnitude, unit, ""), unit, "");
  LLVMValueRef small = LLVMBuildFCmp(ir, LLVMRealOLT, magnitude, unit, "");
  return LLVMBuildSelect(ir, small, with_sign(e, rounded, x), x, "");
}

// One less (more) where rounding to nearest went up (down).
static LLVMValueRef directed(emit *e, LLVMValueRef x, bool down) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMBuilderRef ir = e->builder;
  LLVMValueRef r = nearest(e, x);
  LLVMValueRef wrong = LLVMBuildFCmp(ir, down ? LLVMRealOGT : LLVMRealOLT, r, x, "");
  LLVMValueRef moved = LLVMBuildFAdd(ir, r, emit_real(e, t, down ? -1 : 1), "");
  return with_sign(e, LLVMBuildSelect(ir, wrong, moved, r, ""), x);
}

static LLVMValueRef truncated(emit *e, LLVMValueRef x) {
  bool converts = e->tier->even_conversions && emit_lanes(LLVMTypeOf(x)) > 1; // to integers and back
  if (e->tier->rounds && !converts) return call(e, "llvm.trunc", x);
  return with_sign(e, directed(e, call(e, "llvm.fabs", x), true), x);
}

LLVMValueRef emit_ffloor(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  return e->tier->rounds ? call(e, "llvm.floor", x) : directed(e, x, true);
}

LLVMValueRef emit_fceil(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  return e->tier->rounds ? call(e, "llvm.ceil", x) : directed(e, x, false);
}

LLVMValueRef emit_ftrunc(emit *e, const ir_op *op) { return truncated(e, emit_operand(e, op, 0)); }

LLVMValueRef emit_fround(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  return e->tier->rounds ? call(e, "llvm.roundeven", x) : nearest(e, x);
}

// The part behind the point is exact.
LLVMValueRef emit_fround_away(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMBuilderRef ir = e->builder;
  LLVMValueRef magnitude = call(e, "llvm.fabs", x), whole = truncated(e, magnitude);
  LLVMValueRef rest = LLVMBuildFSub(ir, magnitude, whole, "");
  LLVMValueRef up = LLVMBuildFCmp(ir, LLVMRealOGE, rest, emit_real(e, t, 0.5), "");
  LLVMValueRef next = LLVMBuildFAdd(ir, whole, emit_real(e, t, 1), "");
  return with_sign(e, LLVMBuildSelect(ir, up, next, whole, ""), x);
}

// ---- to integers -----------------------------------------------------------------------------------------

// Floats to integers of 64 bits, by shifting their mantissa to its place.
static LLVMValueRef by_mantissa(emit *e, LLVMValueRef x, LLVMTypeRef ints) {
  LLVMBuilderRef ir = e->builder;
  LLVMTypeRef words = emit_int_like(e, ints, 32);
  LLVMValueRef zero = LLVMConstNull(ints);
  LLVMValueRef bits = LLVMBuildZExt(ir, LLVMBuildBitCast(ir, x, words, ""), ints, "");
  LLVMValueRef fraction = LLVMBuildAnd(ir, bits, emit_int(e, ints, 0x7fffff), "");
  LLVMValueRef mantissa = LLVMBuildOr(ir, fraction, emit_int(e, ints, 0x800000), "");
  LLVMValueRef exponent =
      LLVMBuildAnd(ir, LLVMBuildLShr(ir, bits, emit_int(e, ints, 23), ""), emit_int(e, ints, 255), "");
  LLVMValueRef left = LLVMBuildSub(ir, exponent, emit_int(e, ints, 150), ""); // 127 and the mantissa's 23 bits
  LLVMValueRef is_left = LLVMBuildICmp(ir, LLVMIntSGE, left, zero, ""), most = emit_int(e, ints, 63);
  LLVMValueRef right = LLVMBuildSub(ir, zero, left, "");
  right = LLVMBuildSelect(ir, LLVMBuildICmp(ir, LLVMIntSLT, right, most, ""), right, most, "");
  LLVMValueRef r = LLVMBuildShl(ir, mantissa, LLVMBuildSelect(ir, is_left, left, zero, ""), "");
  r = LLVMBuildLShr(ir, r, LLVMBuildSelect(ir, is_left, zero, right, ""), "");
  LLVMValueRef negative = LLVMBuildICmp(ir, LLVMIntNE, LLVMBuildLShr(ir, bits, emit_int(e, ints, 31), ""), zero, "");
  return LLVMBuildSelect(ir, negative, LLVMBuildSub(ir, zero, r, ""), r, "");
}

// Numbers that fit, to integers: directly, or by integers as wide as the floats.
static LLVMValueRef to_integers(emit *e, LLVMValueRef x, LLVMTypeRef ints) {
  unsigned from = emit_bits(emit_element(LLVMTypeOf(x))), to = emit_bits(emit_element(ints));
  if (!e->tier->even_conversions || from == to || emit_lanes(ints) == 1)
    return LLVMBuildFPToSI(e->builder, x, ints, "");
  if (from < to) return by_mantissa(e, x, ints);
  return LLVMBuildTrunc(e->builder, LLVMBuildFPToSI(e->builder, x, emit_int_like(e, ints, from), ""), ints, "");
}

// Only what fits is converted; NaN does not.
LLVMValueRef emit_ftoi_sat(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef t = LLVMTypeOf(x), ints = emit_result_type(e, op);
  LLVMBuilderRef ir = e->builder;
  unsigned bits = emit_bits(emit_element(ints));
  double limit = bits == 64 ? 0x1p63 : 0x1p31;
  LLVMValueRef above = LLVMBuildFCmp(ir, LLVMRealOGE, x, emit_real(e, t, limit), "");
  LLVMValueRef below = LLVMBuildFCmp(ir, LLVMRealOLT, x, emit_real(e, t, -limit), "");
  LLVMValueRef is_number = LLVMBuildFCmp(ir, LLVMRealORD, x, x, "");
  LLVMValueRef outside = LLVMBuildOr(ir, above, below, "");
  LLVMValueRef fits = LLVMBuildAnd(ir, is_number, LLVMBuildNot(ir, outside, ""), "");
  LLVMValueRef r = to_integers(e, LLVMBuildSelect(ir, fits, x, LLVMConstNull(t), ""), ints);
  uint64_t least = UINT64_C(1) << (bits - 1);
  r = LLVMBuildSelect(ir, above, emit_int(e, ints, least - 1), r, "");
  return LLVMBuildSelect(ir, below, emit_int(e, ints, least), r, "");
}

// Arithmetic of f32 and f64: every operation rounds on its own.
#include "codegen/emit.h"

#define FLOAT_OP(name, build)                                                     \
  LLVMValueRef name(emit *e, const ir_op *op) {                                   \
    return build(e->builder, emit_operand(e, op, 0), emit_operand(e, op, 1), ""); \
  }
FLOAT_OP(emit_fadd, LLVMBuildFAdd)
FLOAT_OP(emit_fsub, LLVMBuildFSub)
FLOAT_OP(emit_fmul, LLVMBuildFMul)
FLOAT_OP(emit_fdiv, LLVMBuildFDiv)

LLVMValueRef emit_fneg(emit *e, const ir_op *op) { return LLVMBuildFNeg(e->builder, emit_operand(e, op, 0), ""); }

static LLVMValueRef unary_call(emit *e, const ir_op *op, const char *name) {
  LLVMValueRef x = emit_operand(e, op, 0);
  return emit_call_on(e, name, LLVMTypeOf(x), &x, 1);
}

LLVMValueRef emit_fabs(emit *e, const ir_op *op) { return unary_call(e, op, "llvm.fabs"); }

LLVMValueRef emit_fsqrt(emit *e, const ir_op *op) { return unary_call(e, op, "llvm.sqrt"); }

// x if the comparison of x and y holds, else y.
static LLVMValueRef choose(emit *e, LLVMRealPredicate p, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildSelect(e->builder, LLVMBuildFCmp(e->builder, p, x, y, ""), x, y, "");
}

LLVMValueRef emit_fmin(emit *e, const ir_op *op) {
  return choose(e, LLVMRealOLT, emit_operand(e, op, 0), emit_operand(e, op, 1));
}

LLVMValueRef emit_fmax(emit *e, const ir_op *op) {
  return choose(e, LLVMRealOGT, emit_operand(e, op, 0), emit_operand(e, op, 1));
}

LLVMValueRef emit_greater(emit *e, LLVMValueRef x, LLVMValueRef y) { return choose(e, LLVMRealOGT, x, y); }

// The same, and x where x is NaN.
static LLVMValueRef choose_or_nan(emit *e, LLVMRealPredicate p, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef is_nan = LLVMBuildFCmp(e->builder, LLVMRealUNO, x, x, "");
  return LLVMBuildSelect(e->builder, is_nan, x, choose(e, p, x, y), "");
}

LLVMValueRef emit_minimum(emit *e, LLVMValueRef x, LLVMValueRef y) { return choose_or_nan(e, LLVMRealOLT, x, y); }

LLVMValueRef emit_maximum(emit *e, LLVMValueRef x, LLVMValueRef y) { return choose_or_nan(e, LLVMRealOGT, x, y); }

LLVMValueRef emit_fminimum(emit *e, const ir_op *op) {
  return emit_minimum(e, emit_operand(e, op, 0), emit_operand(e, op, 1));
}

LLVMValueRef emit_fmaximum(emit *e, const ir_op *op) {
  return emit_maximum(e, emit_operand(e, op, 0), emit_operand(e, op, 1));
}

LLVMValueRef emit_select_lt(emit *e, const ir_op *op) {
  LLVMValueRef less = LLVMBuildFCmp(e->builder, LLVMRealOLT, emit_operand(e, op, 0), emit_operand(e, op, 1), "");
  return LLVMBuildSelect(e->builder, less, emit_operand(e, op, 2), emit_operand(e, op, 3), "");
}

// ---- multiply and add ------------------------------------------------------------------------------------

// The double s, or one of its neighbours: rounded to odd where the error of the sum, `rest`, is not zero.
static LLVMValueRef round_to_odd(emit *e, LLVMValueRef s, LLVMValueRef rest) {
  LLVMTypeRef doubles = LLVMTypeOf(s);
  LLVMTypeRef ints = emit_int_like(e, doubles, 64);
  LLVMValueRef zero = LLVMConstNull(doubles);
  LLVMValueRef one = emit_int(e, ints, 1);
  LLVMValueRef bits = LLVMBuildBitCast(e->builder, s, ints, "");
  LLVMValueRef even =
      LLVMBuildICmp(e->builder, LLVMIntEQ, LLVMBuildAnd(e->builder, bits, one, ""), LLVMConstNull(ints), "");
  LLVMValueRef inexact = LLVMBuildFCmp(e->builder, LLVMRealONE, rest, zero, "");
  LLVMValueRef same_sign = LLVMBuildICmp(e->builder, LLVMIntEQ, LLVMBuildFCmp(e->builder, LLVMRealOGT, rest, zero, ""),
                                         LLVMBuildFCmp(e->builder, LLVMRealOGT, s, zero, ""), "");
  LLVMValueRef step = LLVMBuildSelect(e->builder, same_sign, one, LLVMConstAllOnes(ints), "");
  LLVMValueRef odd = LLVMBuildAdd(e->builder, bits, step, "");
  LLVMValueRef moved = LLVMBuildSelect(e->builder, LLVMBuildAnd(e->builder, even, inexact, ""), odd, bits, "");
  return LLVMBuildBitCast(e->builder, moved, doubles, "");
}

// a * b + c rounded once, without an instruction for it. The product of two floats is exact in double. The sum is
// rounded to odd there (with the error that Knuth's two-sum finds), so that rounding again to float is correct.
static LLVMValueRef exact_fma(emit *e, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c) {
  LLVMBuilderRef ir = e->builder;
  LLVMTypeRef floats = LLVMTypeOf(a);
  LLVMTypeRef t = emit_lanes_type(LLVMDoubleTypeInContext(e->context), emit_lanes(floats));
  LLVMValueRef p = LLVMBuildFMul(ir, LLVMBuildFPExt(ir, a, t, ""), LLVMBuildFPExt(ir, b, t, ""), "");
  LLVMValueRef z = LLVMBuildFPExt(ir, c, t, "");
  LLVMValueRef s = LLVMBuildFAdd(ir, p, z, "");
  LLVMValueRef z_part = LLVMBuildFSub(ir, s, p, "");
  LLVMValueRef p_error = LLVMBuildFSub(ir, p, LLVMBuildFSub(ir, s, z_part, ""), "");
  LLVMValueRef rest = LLVMBuildFAdd(ir, p_error, LLVMBuildFSub(ir, z, z_part, ""), "");
  return LLVMBuildFPTrunc(ir, round_to_odd(e, s, rest), floats, "");
}

LLVMValueRef emit_fma(emit *e, const ir_op *op) {
  LLVMValueRef args[] = {emit_operand(e, op, 0), emit_operand(e, op, 1), emit_operand(e, op, 2)};
  if (e->tier->fast_fma) return emit_call_on(e, "llvm.fma", LLVMTypeOf(args[0]), args, 3);
  if (ir_attr_int(op, IR_ATTR_EXACT, 1) != 0) return exact_fma(e, args[0], args[1], args[2]);
  return LLVMBuildFAdd(e->builder, LLVMBuildFMul(e->builder, args[0], args[1], ""), args[2], "");
}

// ---- butterflies -----------------------------------------------------------------------------------------

// Lanes of x and y (numbered behind those of x), chosen for each lane.
static LLVMValueRef shuffle(emit *e, LLVMValueRef x, LLVMValueRef y,
                            uint32_t (*lane)(uint32_t i, uint32_t h, uint32_t n), uint32_t h) {
  uint32_t n = emit_lanes(LLVMTypeOf(x));
  LLVMValueRef *mask = ARENA_ARRAY(e->mem, LLVMValueRef, n);
  for (uint32_t i = 0; i < n; i++) mask[i] = LLVMConstInt(emit_int_type(e, 32), lane(i, h, n), 0);
  return LLVMBuildShuffleVector(e->builder, x, y, LLVMConstVector(mask, n), "");
}

static uint32_t partner(uint32_t i, uint32_t h, uint32_t n) {
  (void)n;
  return i ^ h;
}

static uint32_t sum_or_difference(uint32_t i, uint32_t h, uint32_t n) { return (i & h) == 0 ? i : n + i; }

LLVMValueRef emit_butterfly(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  uint32_t h = (uint32_t)ir_attr_int(op, IR_ATTR_VALUE, 1);
  LLVMValueRef other = shuffle(e, x, x, partner, h);
  return shuffle(e, LLVMBuildFAdd(e->builder, x, other, ""), LLVMBuildFSub(e->builder, other, x, ""), sum_or_difference,
                 h);
}

// Division of integers, rounded down: quotient and remainder of a divisor that is 0 are 0.
#include "codegen/emit.h"

// The divisor in all lanes where it is known, else 0.
static int64_t known_divisor(LLVMValueRef y) {
  LLVMTypeRef t = LLVMTypeOf(y);
  LLVMValueRef one = LLVMIsConstant(y) ? y : NULL;
  if (one != NULL && emit_lanes(t) > 1) {
    one = LLVMGetAggregateElement(y, 0);
    for (uint32_t i = 1; i < emit_lanes(t); i++)
      if (LLVMGetAggregateElement(y, i) != one) return 0;
  }
  return one != NULL && LLVMIsAConstantInt(one) != NULL ? LLVMConstIntGetSExtValue(one) : 0;
}

static bool is_power_of_two(int64_t d) { return d > 0 && (d & (d - 1)) == 0; }

// Towards zero, for a divisor that is neither 0 nor -1. Doubles have room for quotients of 32 bits: what is not whole is
// farther from the next integer than their rounding reaches, and machines divide many of them at once.
static LLVMValueRef quotient(emit *e, LLVMValueRef x, LLVMValueRef y, bool is_known) {
  LLVMTypeRef t = LLVMTypeOf(x);
  if (is_known || e->tier->divides || emit_bits(emit_element(t)) != 32 || emit_lanes(t) == 1)
    return LLVMBuildSDiv(e->builder, x, y, "");
  LLVMTypeRef reals = emit_double_like(e, t);
  LLVMValueRef a = LLVMBuildSIToFP(e->builder, x, reals, ""), b = LLVMBuildSIToFP(e->builder, y, reals, "");
  return LLVMBuildFPToSI(e->builder, LLVMBuildFDiv(e->builder, a, b, ""), t, "");
}

// Quotient or remainder, rounded down.
static LLVMValueRef divide(emit *e, LLVMValueRef x, LLVMValueRef y, bool is_known, bool rest) {
  LLVMBuilderRef ir = e->builder;
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef zero = LLVMConstNull(t);
  LLVMValueRef q = quotient(e, x, y, is_known);
  LLVMValueRef r = LLVMBuildSub(ir, x, LLVMBuildMul(ir, q, y, ""), "");
  LLVMValueRef some = LLVMBuildICmp(ir, LLVMIntNE, r, zero, "");
  LLVMValueRef other_sign = LLVMBuildICmp(ir, LLVMIntSLT, LLVMBuildXor(ir, r, y, ""), zero, "");
  LLVMValueRef down = LLVMBuildAnd(ir, some, other_sign, "");
  if (rest) return LLVMBuildSelect(ir, down, LLVMBuildAdd(ir, r, y, ""), r, "");
  return LLVMBuildAdd(ir, q, LLVMBuildSExt(ir, down, t, ""), "");
}

// Divisors 0 and -1, for which machines trap, are taken as 1, and the result chosen.
static LLVMValueRef divide_any(emit *e, const ir_op *op, bool rest) {
  LLVMBuilderRef ir = e->builder;
  LLVMValueRef x = emit_operand(e, op, 0), y = emit_operand(e, op, 1);
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef one = emit_int(e, t, 1), zero = LLVMConstNull(t);
  LLVMValueRef special = LLVMBuildICmp(ir, LLVMIntULE, LLVMBuildAdd(ir, y, one, ""), one, "");
  LLVMValueRef divided = divide(e, x, LLVMBuildSelect(ir, special, one, y, ""), false, rest);
  if (rest) return LLVMBuildSelect(ir, special, zero, divided, "");
  LLVMValueRef chosen = LLVMBuildAnd(ir, LLVMBuildSub(ir, zero, x, ""), y, ""); // y is 0 or all ones
  return LLVMBuildSelect(ir, special, chosen, divided, "");
}

static LLVMValueRef divide_op(emit *e, const ir_op *op, bool rest) {
  LLVMValueRef x = emit_operand(e, op, 0), y = emit_operand(e, op, 1);
  LLVMTypeRef t = LLVMTypeOf(x);
  int64_t d = known_divisor(y);
  if (is_power_of_two(d))
    return rest ? LLVMBuildAnd(e->builder, x, emit_int(e, t, (uint64_t)d - 1), "")
                : LLVMBuildAShr(e->builder, x, emit_int(e, t, (uint64_t)__builtin_ctzll((uint64_t)d)), "");
  if (d == 0 || d == -1) return divide_any(e, op, rest);
  return divide(e, x, y, true, rest);
}

LLVMValueRef emit_div(emit *e, const ir_op *op) { return divide_op(e, op, false); }

LLVMValueRef emit_mod(emit *e, const ir_op *op) { return divide_op(e, op, true); }

// Reductions of all lanes to one.
#include "codegen/emit.h"

typedef LLVMValueRef (*combine)(emit *e, LLVMValueRef x, LLVMValueRef y);

static LLVMValueRef fadd(emit *e, LLVMValueRef x, LLVMValueRef y) { return LLVMBuildFAdd(e->builder, x, y, ""); }
static LLVMValueRef fmul(emit *e, LLVMValueRef x, LLVMValueRef y) { return LLVMBuildFMul(e->builder, x, y, ""); }
static LLVMValueRef add(emit *e, LLVMValueRef x, LLVMValueRef y) { return LLVMBuildAdd(e->builder, x, y, ""); }

// Halves are combined until one lane is left: lane i with lane i + n/2.
static LLVMValueRef reduce(emit *e, const ir_op *op, combine f) {
  LLVMValueRef v = emit_operand(e, op, 0);
  for (uint32_t n = emit_lanes(LLVMTypeOf(v)) / 2; n > 0; n /= 2)
    v = f(e, emit_slice(e, v, 0, n), emit_slice(e, v, n, n));
  return v;
}

LLVMValueRef emit_reduce_fadd(emit *e, const ir_op *op) { return reduce(e, op, fadd); }
LLVMValueRef emit_reduce_fmul(emit *e, const ir_op *op) { return reduce(e, op, fmul); }
LLVMValueRef emit_reduce_fmax(emit *e, const ir_op *op) { return reduce(e, op, emit_greater); }
LLVMValueRef emit_reduce_fminimum(emit *e, const ir_op *op) { return reduce(e, op, emit_minimum); }
LLVMValueRef emit_reduce_fmaximum(emit *e, const ir_op *op) { return reduce(e, op, emit_maximum); }
LLVMValueRef emit_reduce_add(emit *e, const ir_op *op) { return reduce(e, op, add); }

// Where the order makes no difference LLVM may choose it.
static LLVMValueRef reduce_call(emit *e, const ir_op *op, const char *name) {
  LLVMValueRef v = emit_operand(e, op, 0);
  LLVMTypeRef t = LLVMTypeOf(v);
  if (emit_lanes(t) == 1) return v;
  return emit_call(e, arena_printf(e->mem, "llvm.vector.reduce.%s.%s", name, emit_type_suffix(e, t)), emit_element(t),
                   &v, 1);
}

LLVMValueRef emit_reduce_mul(emit *e, const ir_op *op) { return reduce_call(e, op, "mul"); }
LLVMValueRef emit_reduce_smin(emit *e, const ir_op *op) { return reduce_call(e, op, "smin"); }
LLVMValueRef emit_reduce_smax(emit *e, const ir_op *op) { return reduce_call(e, op, "smax"); }
LLVMValueRef emit_reduce_and(emit *e, const ir_op *op) { return reduce_call(e, op, "and"); }
LLVMValueRef emit_reduce_or(emit *e, const ir_op *op) { return reduce_call(e, op, "or"); }

// Indices: 64-bit unsigned. Each binding knows a power of two that divides it.
#include "codegen/emit.h"

LLVMValueRef emit_index_const(emit *e, const ir_op *op) {
  return emit_index(e, (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0));
}

#define INDEX_OP(name, build)                                                     \
  LLVMValueRef name(emit *e, const ir_op *op) {                                   \
    return build(e->builder, emit_operand(e, op, 0), emit_operand(e, op, 1), ""); \
  }
INDEX_OP(emit_index_add, LLVMBuildAdd)
INDEX_OP(emit_index_sub, LLVMBuildSub)
INDEX_OP(emit_index_mul, LLVMBuildMul)
INDEX_OP(emit_index_div, LLVMBuildUDiv)
INDEX_OP(emit_index_rem, LLVMBuildURem)

LLVMValueRef emit_index_min(emit *e, const ir_op *op) {
  LLVMValueRef args[] = {emit_operand(e, op, 0), emit_operand(e, op, 1)};
  return emit_call_on(e, "llvm.umin", emit_int_type(e, 64), args, 2);
}

// A launch on a CPU has one thread, number 0.
static LLVMValueRef launch_number(emit *e, const ir_op *op, uint64_t on_cpu) {
  const target_pattern *p = target_find_pattern(e->tier, op->code, ELEM_I32, 1, 0);
  if (p == NULL) return emit_index(e, on_cpu);
  return LLVMBuildZExt(e->builder, emit_pattern(e, op, p, NULL), emit_int_type(e, 64), "");
}

LLVMValueRef emit_thread(emit *e, const ir_op *op) { return launch_number(e, op, 0); }

LLVMValueRef emit_threads(emit *e, const ir_op *op) { return launch_number(e, op, 1); }

LLVMValueRef emit_from_index(emit *e, const ir_op *op) {
  return LLVMBuildIntCast2(e->builder, emit_operand(e, op, 0), emit_result_type(e, op), 0, "");
}

LLVMValueRef emit_to_index(emit *e, const ir_op *op) {
  return LLVMBuildIntCast2(e->builder, emit_operand(e, op, 0), emit_int_type(e, 64), 0, "");
}

// Comparisons and choices. Masks are LLVM's vectors of i1, which each machine keeps in its own way.
#include "codegen/emit.h"

#define COMPARE_OP(name, build, predicate)                                                   \
  LLVMValueRef name(emit *e, const ir_op *op) {                                              \
    return build(e->builder, predicate, emit_operand(e, op, 0), emit_operand(e, op, 1), ""); \
  }
COMPARE_OP(emit_lt, LLVMBuildICmp, LLVMIntSLT)
COMPARE_OP(emit_le, LLVMBuildICmp, LLVMIntSLE)
COMPARE_OP(emit_eq, LLVMBuildICmp, LLVMIntEQ)
COMPARE_OP(emit_flt, LLVMBuildFCmp, LLVMRealOLT)
COMPARE_OP(emit_fle, LLVMBuildFCmp, LLVMRealOLE)
COMPARE_OP(emit_feq, LLVMBuildFCmp, LLVMRealOEQ)

LLVMValueRef emit_select(emit *e, const ir_op *op) {
  return LLVMBuildSelect(e->builder, emit_operand(e, op, 0), emit_operand(e, op, 1), emit_operand(e, op, 2), "");
}

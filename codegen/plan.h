// Inside codegen: the state of emitting a model's object.
#ifndef QCC_CODEGEN_PLAN_H
#define QCC_CODEGEN_PLAN_H

#include "codegen/context.h"

typedef struct plan_emit {
  arena *mem;
  LLVMContextRef llvm;
  const cg_model *model;
  const cg_options *options;
  const ir_plan *plan;
  cg_module module;
  LLVMTypeRef pointer;
} plan_emit;

/* plan.c */
// A symbol of the model: prefix + name.
const char *cg_symbol(arena *a, const cg_options *o, const char *name);

/* plan_functions.c */
// The functions of the C interface, which call the runtime with the plan.
void plan_emit_functions(plan_emit *p, LLVMValueRef plan);

#endif

// Lowering: IR -> IR passes, from tensor operations and value expressions to kernels and a plan. One file a pass.
#ifndef QCC_NETWORK_LOWER_H
#define QCC_NETWORK_LOWER_H

#include "ir/ir.h"
#include "kernel/kernel.h"
#include "recipe/make.h"
#include "recipe/options.h"
#include "support/diag.h"

// A pass over the module; false when it reported an error.
typedef struct lower_pass {
  const char *name;
  const char *help;
  bool (*run)(diag *d, ir_module *m, const lower_options *o);
  bool complete; // recipes are whole afterwards, so that the module verifies
} lower_pass;

/* pipeline.c: the passes in order */
size_t lower_pass_count(void);
const lower_pass *lower_pass_get(size_t index);

// Runs all tensor-level passes: afterwards the module has recipes and a plan, and m->funcs still has no kernels.
bool lower_module(diag *d, ir_module *m, const lower_options *o);

// Adds to `kernels` (a module that shares schemes and recipes with m) the kernels of the plan for one tier, in the
// plan's kernel order (ir_plan_kernels).
bool lower_kernels(diag *d, const ir_module *m, const target_tier *tier, const lower_options *o, ir_module *kernels);

#endif

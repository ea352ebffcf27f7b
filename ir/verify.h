// The verifier's parts. Internal to ir/.
#ifndef QCC_IR_VERIFY_H
#define QCC_IR_VERIFY_H

#include "ir/ir.h"
#include "support/map.h"

// Lanes of the widest vector: more than any target has in one operation, few enough to count bytes in 32 bits.
#define VERIFY_MAX_LANES 4096

// Where the verifier is and what it has seen. `module` is NULL while one kernel is checked on its own.
typedef struct verifier {
  diag *d;
  arena *mem;
  const ir_module *module;
  const ir_func *func;
  const ir_block *block; // the block that holds `op`
  const ir_op *op;
  src_loc at;    // of what is checked outside of functions
  ptr_map scope; // ir_value -> value_scope
  bool failed;
} verifier;

// Reports at the current operation or function, or for the module. Always false.
bool verify_fail(verifier *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A type or operation as text, for messages.
const char *verify_type_text(verifier *v, const ir_type *type);

/* verify_func.c: blocks, scopes, terminators, signatures */
void verify_func(verifier *v, const ir_func *f);
// Whether one kernel, taken alone, keeps the rules of kernels. False (reported) when it does not.
bool verify_kernel(diag *d, const ir_func *kernel);

/* verify_op.c: operand and result classes and attributes by ir/rules.def */
bool verify_op(verifier *v, const ir_op *op);
bool verify_type(verifier *v, const ir_type *type);

/* verify_relation.c: a check of ir/rules.def by its letter; false (reported) when it does not hold */
bool verify_relation(verifier *v, const ir_op *op, char letter);

/* verify_attr.c: the attributes that ir/rules.def lists for an operation */
bool verify_attrs(verifier *v, const ir_op *op);

/* verify_recipe.c */
bool verify_act(verifier *v, const act_spec *act);
void verify_recipe(verifier *v, const recipe *r);

/* verify_plan.c */
void verify_plan(verifier *v, const ir_plan *plan);

#endif

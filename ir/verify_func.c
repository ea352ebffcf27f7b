// Functions: signatures, blocks and terminators, and that every value is defined before it is used, in a block around
// its use.
#include "ir/verify.h"

enum value_scope { SCOPE_ENDED, SCOPE_VISIBLE, SCOPE_NEVER };

static void verify_block(verifier *v, const ir_block *block);

// ---- scopes ----------------------------------------------------------------------------------------------

static bool define(verifier *v, const ir_value *value) {
  if (value == NULL) return verify_fail(v, "a value is missing");
  if (ptr_map_get(&v->scope, value, SCOPE_NEVER) != SCOPE_NEVER)
    return verify_fail(v, "%%%s is defined twice", value->name == NULL ? "" : value->name);
  ptr_map_set(&v->scope, value, SCOPE_VISIBLE);
  return true;
}

static void forget(verifier *v, const ir_value *value) {
  if (value != NULL) ptr_map_set(&v->scope, value, SCOPE_ENDED);
}

static void end_block(verifier *v, const ir_block *block) {
  for (size_t i = 0; i < block->param_count; i++) forget(v, block->params[i]);
  for (size_t i = 0; i < block->ops.len; i++)
    for (size_t j = 0; j < block->ops.data[i]->result_count; j++) forget(v, block->ops.data[i]->results[j]);
}

static bool verify_uses(verifier *v, const ir_op *op) {
  for (size_t i = 0; i < op->operand_count; i++) {
    const ir_value *value = op->operands[i];
    if (value == NULL) return verify_fail(v, "operand %zu is missing", i);
    size_t scope = ptr_map_get(&v->scope, value, SCOPE_NEVER);
    if (scope == SCOPE_VISIBLE) continue;
    const char *name = value->name == NULL ? "" : value->name;
    return verify_fail(v,
                       scope == SCOPE_ENDED ? "operand %zu (%%%s) is used outside the loop that defines it"
                                            : "operand %zu (%%%s) is used before it is defined",
                       i, name);
  }
  return true;
}

static bool define_results(verifier *v, const ir_op *op) {
  for (size_t i = 0; i < op->result_count; i++) {
    if (!define(v, op->results[i])) return false;
    if (op->results[i]->def != op) return verify_fail(v, "result %zu belongs to another operation", i);
  }
  return true;
}

static bool define_params(verifier *v, const ir_block *block) {
  for (size_t i = 0; i < block->param_count; i++) {
    if (!define(v, block->params[i]) || !verify_type(v, &block->params[i]->type)) return false;
    if (block->params[i]->def != NULL) return verify_fail(v, "parameter %zu is the result of an operation", i);
  }
  return true;
}

// ---- blocks ----------------------------------------------------------------------------------------------

static bool is_terminator(const ir_op *op) { return (ir_op_get_info(op->code)->flags & IR_FLAG_TERMINATOR) != 0; }

static void verify_one(verifier *v, const ir_block *block, size_t i) {
  const ir_op *op = block->ops.data[i];
  if ((unsigned)op->code >= IR_OPCODE_COUNT) {
    verify_fail(v, "operation %zu has an unknown opcode", i);
    return;
  }
  v->op = op;
  v->block = block;
  bool good = verify_uses(v, op) && verify_op(v, op);
  if (good && op->body != NULL) verify_block(v, op->body);
  v->op = op;
  define_results(v, op);
  if (is_terminator(op) && i + 1 != block->ops.len) verify_fail(v, "it must be the last operation of its block");
  v->op = NULL;
}

// How a block has to end: loops in `yield`, models in `return`, kernels just end.
static void verify_end(verifier *v, const ir_block *block) {
  bool kernel = v->func->kind == IR_FUNC_KERNEL;
  const ir_op *last = block->ops.len == 0 ? NULL : block->ops.data[block->ops.len - 1];
  if (block == v->func->body && kernel) return;
  ir_opcode needed = kernel ? IR_YIELD : IR_RETURN;
  if (last == NULL || last->code != needed) verify_fail(v, "its body must end in '%s'", ir_op_get_info(needed)->name);
}

static void verify_block(verifier *v, const ir_block *block) {
  if (!define_params(v, block)) return;
  verify_end(v, block);
  for (size_t i = 0; i < block->ops.len; i++) verify_one(v, block, i);
  end_block(v, block);
}

// ---- signatures ------------------------------------------------------------------------------------------

// Buffers, then indices, of which the last two are the work range.
static bool verify_kernel_params(verifier *v, const ir_block *body) {
  size_t i = 0;
  while (i < body->param_count && body->params[i]->type.kind == IR_BUFFER) i++;
  if (body->param_count - i < 2) return verify_fail(v, "its last two parameters must be indices, the work range");
  for (; i < body->param_count; i++)
    if (body->params[i]->type.kind != IR_INDEX)
      return verify_fail(v, "parameter %zu is %s: a kernel has buffers first, then indices", i,
                         verify_type_text(v, &body->params[i]->type));
  return true;
}

static bool verify_model_params(verifier *v, const ir_block *body) {
  for (size_t i = 0; i < body->param_count; i++)
    if (body->params[i]->type.kind != IR_TENSOR) return verify_fail(v, "input %zu is no tensor", i);
  for (size_t i = 0; i < v->func->output_count; i++)
    if (v->func->output_names[i] == NULL) return verify_fail(v, "output %zu has no name", i);
  return true;
}

void verify_func(verifier *v, const ir_func *f) {
  v->func = f;
  v->op = NULL;
  v->scope = (ptr_map){.mem = v->mem};
  bool kernel = f->kind == IR_FUNC_KERNEL;
  if (kernel ? verify_kernel_params(v, f->body) : verify_model_params(v, f->body)) verify_block(v, f->body);
  v->func = NULL;
}

bool verify_kernel(diag *d, const ir_func *kernel) {
  if (kernel->kind != IR_FUNC_KERNEL) {
    diag_error(d, kernel->loc, "'%s' is a model, not a kernel", kernel->name);
    return false;
  }
  arena *mem = arena_new();
  verifier v = {.d = d, .mem = mem};
  verify_func(&v, kernel);
  arena_free(mem);
  return !v.failed;
}

// Fusion: y = act(matmul), y = matmul + residual, when nobody else needs the value in between.
#include <string.h>

#include "lower/passes.h"

static bool is_epilogue(ir_opcode code) {
  return code == IR_RELU || code == IR_GELU || code == IR_SILU || code == IR_TANH || code == IR_SIGMOID;
}

static void add_attr(ir_module *m, ir_op *op, ir_attr attr) {
  ir_attr *attrs = ARENA_ARRAY(m->mem, ir_attr, op->attr_count + 1);
  memcpy(attrs, op->attrs, op->attr_count * sizeof *attrs);
  attrs[op->attr_count++] = attr;
  op->attrs = attrs;
}

static void add_operand(ir_module *m, ir_op *op, ir_value *v) {
  ir_value **operands = ARENA_ARRAY(m->mem, ir_value *, op->operand_count + 1);
  memcpy(operands, op->operands, op->operand_count * sizeof *operands);
  operands[op->operand_count++] = v;
  op->operands = operands;
}

// The matmul moves to where `op` was (its other operand is defined by then) and takes over its result.
static void absorb(ir_block *block, ir_op *matmul, const ir_op *op) {
  size_t to = 0;
  for (size_t i = 0; i < block->ops.len; i++)
    if (block->ops.data[i] != matmul) block->ops.data[to++] = block->ops.data[i] == op ? matmul : block->ops.data[i];
  block->ops.len = to;
  matmul->results[0] = op->results[0];
  matmul->results[0]->def = matmul;
}

// The product that made `v`, if only one operation uses v.
static ir_op *own_product(const ir_block *block, const ir_value *v) {
  bool product = v->def != NULL && (v->def->code == IR_MATMUL || v->def->code == IR_SPARSE);
  return product && lower_use_count(block, v) == 1 ? v->def : NULL;
}

static bool has(const ir_op *op, ir_attr_key key) { return ir_get_attr(op, key) != NULL; }

// Without an activation function it is all one whether a sum is taken before or after it.
static bool can_take_activation(const ir_op *product) {
  return product != NULL && !has(product, IR_ATTR_EPILOGUE) &&
         !(has(product, IR_ATTR_HAS_RESIDUAL) && has(product, IR_ATTR_HAS_ADDEND));
}

static bool can_take_sum(const ir_op *product) {
  return product != NULL && (!has(product, IR_ATTR_HAS_RESIDUAL) || can_take_activation(product));
}

static void residual_becomes_addend(ir_op *product) {
  for (size_t i = 0; i < product->attr_count; i++)
    if (product->attrs[i].key == IR_ATTR_HAS_RESIDUAL) product->attrs[i].key = IR_ATTR_HAS_ADDEND;
}

static bool fuse_activation(ir_module *m, ir_block *block, const ir_op *op) {
  if (!is_epilogue(op->code)) return false;
  ir_op *matmul = own_product(block, op->operands[0]);
  if (!can_take_activation(matmul)) return false;
  residual_becomes_addend(matmul);
  add_attr(m, matmul, (ir_attr){.key = IR_ATTR_EPILOGUE, .s = ir_op_get_info(op->code)->name});
  absorb(block, matmul, op);
  return true;
}

static bool fuse_residual(ir_module *m, ir_block *block, const ir_op *op) {
  if (op->code != IR_TADD) return false;
  for (size_t i = 0; i < 2; i++) {
    ir_value *other = op->operands[1 - i];
    ir_op *matmul = own_product(block, op->operands[i]);
    if (!can_take_sum(matmul) || other == op->operands[i] || !ir_type_equal(&other->type, &op->operands[i]->type))
      continue;
    if (has(matmul, IR_ATTR_HAS_RESIDUAL)) residual_becomes_addend(matmul);
    add_operand(m, matmul, other);
    add_attr(m, matmul, ir_int(IR_ATTR_HAS_RESIDUAL, 1));
    absorb(block, matmul, op);
    return true;
  }
  return false;
}

bool pass_fuse(diag *d, ir_module *m, const lower_options *o) {
  (void)d;
  ir_func *f = ir_find_model(m);
  for (size_t i = 0; f != NULL && i < f->body->ops.len;) {
    const ir_op *op = f->body->ops.data[i];
    bool fused = fuse_activation(m, f->body, op) || fuse_residual(m, f->body, op);
    if (fused && o->explain != NULL)
      fprintf(o->explain, "  %s joins the matmul before it\n", ir_op_get_info(op->code)->name);
    i = fused ? 0 : i + 1;
  }
  return true;
}

// Fusion: y = act(matmul), y = matmul + residual, when nobody else needs the value in between.
#include <string.h>

#include "network/passes.h"

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

typedef struct fuser {
  ir_module *m;
  ir_block *block;
  ptr_map uses;
  ptr_map places; // of operations that were passed, in the block
} fuser;

// The matmul moves to the place `at` of `op` (its other operand is defined by then) and takes over its result.
static void absorb(fuser *f, ir_op *matmul, const ir_op *op, size_t at) {
  f->block->ops.data[ptr_map_get(&f->places, matmul, at)] = NULL;
  f->block->ops.data[at] = matmul;
  matmul->results[0] = op->results[0];
  matmul->results[0]->def = matmul;
}

// The product that made `v`, if only one operation uses v.
static ir_op *own_product(const fuser *f, const ir_value *v) {
  bool product = v->def != NULL && (v->def->code == IR_MATMUL || v->def->code == IR_SPARSE);
  return product && lower_use_count(&f->uses, v) == 1 ? v->def : NULL;
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

static bool fuse_activation(fuser *f, const ir_op *op, size_t at) {
  if (!is_epilogue(op->code)) return false;
  ir_op *matmul = own_product(f, op->operands[0]);
  if (!can_take_activation(matmul)) return false;
  residual_becomes_addend(matmul);
  add_attr(f->m, matmul, (ir_attr){.key = IR_ATTR_EPILOGUE, .s = ir_op_get_info(op->code)->name});
  absorb(f, matmul, op, at);
  return true;
}

static bool fuse_residual(fuser *f, const ir_op *op, size_t at) {
  if (op->code != IR_TADD) return false;
  for (size_t i = 0; i < 2; i++) {
    ir_value *other = op->operands[1 - i];
    ir_op *matmul = own_product(f, op->operands[i]);
    if (!can_take_sum(matmul) || other == op->operands[i] || !ir_type_equal(&other->type, &op->operands[i]->type))
      continue;
    if (has(matmul, IR_ATTR_HAS_RESIDUAL)) residual_becomes_addend(matmul);
    add_operand(f->m, matmul, other);
    add_attr(f->m, matmul, ir_int(IR_ATTR_HAS_RESIDUAL, 1));
    absorb(f, matmul, op, at);
    return true;
  }
  return false;
}

bool pass_fuse(diag *d, ir_module *m, const lower_options *o) {
  (void)d;
  ir_func *model = ir_find_model(m);
  if (model == NULL) return true;
  fuser f = {.m = m, .block = model->body, .uses = lower_count_uses(m->mem, model->body), .places = {.mem = m->mem}};
  for (size_t i = 0; i < f.block->ops.len; i++) {
    const ir_op *op = f.block->ops.data[i];
    if ((fuse_activation(&f, op, i) || fuse_residual(&f, op, i)) && o->explain != NULL)
      fprintf(o->explain, "  %s joins the matmul before it\n", ir_op_get_info(op->code)->name);
    ptr_map_set(&f.places, f.block->ops.data[i], i);
  }
  lower_drop_null(f.block);
  return true;
}

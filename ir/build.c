// Making functions: parameters, operations at the end of a block, loops.
#include <string.h>

#include "ir/ir.h"

ir_func *ir_func_new(ir_module *m, const char *name, ir_func_kind kind) {
  ir_func *f = ARENA_NEW(m->mem, ir_func);
  f->name = arena_strdup(m->mem, name);
  f->kind = kind;
  f->body = ARENA_NEW(m->mem, ir_block);
  vec_push(m->mem, &m->funcs, f);
  return f;
}

static ir_value *new_value(arena *mem, ir_type type, const char *name, ir_op *def) {
  ir_value *v = ARENA_NEW(mem, ir_value);
  v->type = type;
  v->name = name == NULL ? NULL : arena_strdup(mem, name);
  v->def = def;
  return v;
}

ir_value *ir_add_param(ir_builder *b, ir_block *block, ir_type type, const char *name) {
  ir_value *value = new_value(b->mem, type, name, NULL);
  block->params = vec_grow(b->mem, block->params, block->param_count, &block->param_room, sizeof(ir_value *));
  block->params[block->param_count++] = value;
  return value;
}

// What an attribute points to becomes the module's own, so that callers may pass locals.
static ir_attr copy_attr(arena *mem, ir_attr attr) {
  if (attr.s != NULL) attr.s = arena_strdup(mem, attr.s);
  if (attr.data != NULL) attr.data = arena_memdup(mem, attr.data, attr.count);
  if (attr.reals != NULL) attr.reals = arena_memdup(mem, attr.reals, attr.count * sizeof *attr.reals);
  return attr;
}

static ir_op *new_op(ir_builder *b, ir_opcode code, size_t count, ir_value *const *operands) {
  ir_op *op = ARENA_NEW(b->mem, ir_op);
  op->code = code;
  op->loc = b->loc;
  op->operand_count = count;
  op->operands = ARENA_ARRAY(b->mem, ir_value *, count);
  for (size_t i = 0; i < count; i++) op->operands[i] = operands[i];
  vec_push(b->mem, &b->block->ops, op);
  return op;
}

static void set_results(arena *mem, ir_op *op, size_t count) {
  op->result_count = count;
  op->results = ARENA_ARRAY(mem, ir_value *, count);
}

ir_value *ir_emit(ir_builder *b, ir_opcode code, const ir_type *type, size_t count, ir_value *const *operands,
                  size_t attr_count, const ir_attr *attrs) {
  ir_op *op = new_op(b, code, count, operands);
  op->attr_count = attr_count;
  op->attrs = ARENA_ARRAY(b->mem, ir_attr, attr_count);
  for (size_t i = 0; i < attr_count; i++) op->attrs[i] = copy_attr(b->mem, attrs[i]);
  if (type == NULL) return NULL;
  set_results(b->mem, op, 1);
  return op->results[0] = new_value(b->mem, *type, NULL, op);
}

ir_value *ir_emit1(ir_builder *b, ir_opcode code, ir_type type, ir_value *x) {
  return ir_emit(b, code, &type, 1, &x, 0, NULL);
}

ir_value *ir_emit2(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_value *y) {
  return ir_emit(b, code, &type, 2, (ir_value *[]){x, y}, 0, NULL);
}

ir_value *ir_emit3(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_value *y, ir_value *z) {
  return ir_emit(b, code, &type, 3, (ir_value *[]){x, y, z}, 0, NULL);
}

ir_value *ir_emit_attr(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_attr attr) {
  return ir_emit(b, code, &type, x == NULL ? 0 : 1, &x, 1, &attr);
}

// ---- constants -------------------------------------------------------------------------------------------

ir_value *ir_index_const(ir_builder *b, uint64_t value) {
  return ir_emit_attr(b, IR_INDEX_CONST, ir_index(), NULL, ir_int(IR_ATTR_VALUE, (int64_t)value));
}

ir_value *ir_vector_int(ir_builder *b, ir_type type, int64_t value) {
  return ir_emit_attr(b, IR_SPLAT_CONST, type, NULL, ir_int(IR_ATTR_VALUE, value));
}

ir_value *ir_vector_real(ir_builder *b, ir_type type, double value) {
  return ir_emit_attr(b, IR_SPLAT_CONST, type, NULL, ir_real(IR_ATTR_REAL, value));
}

// ---- attributes ------------------------------------------------------------------------------------------

ir_attr ir_int(ir_attr_key key, int64_t value) { return (ir_attr){.key = key, .i = value}; }

ir_attr ir_real(ir_attr_key key, double value) { return (ir_attr){.key = key, .r = value}; }

ir_attr ir_sym(ir_attr_key key, const char *name) { return (ir_attr){.key = key, .s = name}; }

ir_attr ir_bytes(ir_attr_key key, const uint8_t *data, size_t count) {
  return (ir_attr){.key = key, .data = data, .count = count};
}

ir_attr ir_reals(ir_attr_key key, const double *data, size_t count) {
  return (ir_attr){.key = key, .reals = data, .count = count};
}

// ---- loops -----------------------------------------------------------------------------------------------

ir_loop ir_begin_for(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step, size_t count, ir_value *const *inits,
                     ir_value **carried) {
  ir_value **operands = ARENA_ARRAY(b->mem, ir_value *, count + 3);
  operands[0] = lo;
  operands[1] = hi;
  operands[2] = step;
  for (size_t i = 0; i < count; i++) operands[3 + i] = inits[i];
  ir_op *op = new_op(b, IR_FOR, count + 3, operands);
  op->body = ARENA_NEW(b->mem, ir_block);
  set_results(b->mem, op, count);
  ir_loop loop = {.op = op, .outer = b->block, .index = ir_add_param(b, op->body, ir_index(), NULL)};
  for (size_t i = 0; i < count; i++) {
    carried[i] = ir_add_param(b, op->body, inits[i]->type, NULL);
    op->results[i] = new_value(b->mem, inits[i]->type, NULL, op);
  }
  b->block = op->body;
  return loop;
}

void ir_end_for(ir_builder *b, ir_loop loop, size_t count, ir_value *const *yields, ir_value **results) {
  ir_emit(b, IR_YIELD, NULL, count, yields, 0, NULL);
  b->block = loop.outer;
  for (size_t i = 0; i < count; i++) results[i] = loop.op->results[i];
}

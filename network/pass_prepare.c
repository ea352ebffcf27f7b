// linear -> prepare + matmul. Activations that several layers read in the same form are prepared once.
#include "network/passes.h"

typedef struct prepared_value {
  const recipe *recipe;
  ir_value *value;
  size_t before; // one more than the entry of the same x before this one; 0: none
} prepared_value;

typedef struct preparer {
  ir_module *m;
  ir_builder b;
  VEC(prepared_value) done;
  ptr_map last; // of each x, one more than its last entry
} preparer;

static ir_value *prepared(preparer *p, ir_value *x, const recipe *r) {
  size_t last = ptr_map_get(&p->last, x, 0);
  for (size_t i = last; i > 0; i = p->done.data[i - 1].before)
    if (prepared_equal(&p->done.data[i - 1].recipe->prepared, &r->prepared)) return p->done.data[i - 1].value;
  ir_type type = x->type;
  type.kind = IR_PREPARED;
  ir_attr attrs[] = {{.key = IR_ATTR_ACT, .act = r->act}, ir_sym(IR_ATTR_RECIPE, r->name)};
  ir_value *value = ir_emit(&p->b, IR_PREPARE, &type, 1, &x, 2, attrs);
  prepared_value entry = {.recipe = r, .value = value, .before = last};
  vec_push(p->m->mem, &p->done, entry);
  ptr_map_set(&p->last, x, p->done.len);
  return value;
}

static ir_value *matmul_of(preparer *p, const ir_op *op) {
  const ir_attr *weight = ir_get_attr(op, IR_ATTR_WEIGHT);
  const recipe *r = ir_find_weight(p->m, weight->s)->recipe;
  ir_value *operands[2] = {prepared(p, op->operands[0], r)};
  bool bias = op->operand_count > 1;
  if (bias) operands[1] = op->operands[1];
  ir_attr attrs[] = {*weight, ir_sym(IR_ATTR_RECIPE, r->name), ir_int(IR_ATTR_HAS_BIAS, bias)};
  return ir_emit(&p->b, IR_MATMUL, &op->results[0]->type, bias ? 2 : 1, operands, 3, attrs);
}

bool pass_prepare(diag *d, ir_module *m, const lower_options *o) {
  (void)d;
  (void)o;
  ir_func *f = ir_find_model(m);
  if (f == NULL) return true;
  ir_block old = *f->body;
  f->body->ops.len = f->body->ops.cap = 0;
  f->body->ops.data = NULL;
  preparer p = {.m = m, .b = {.mem = m->mem, .func = f, .block = f->body}, .last = {.mem = m->mem}};
  renaming renamed = {.values = {.mem = m->mem}};
  for (size_t i = 0; i < old.ops.len; i++) {
    ir_op *op = old.ops.data[i];
    lower_rename_operands(&renamed, op);
    if (op->code != IR_LINEAR) {
      vec_push(m->mem, &f->body->ops, op);
      continue;
    }
    p.b.loc = op->loc;
    ir_value *result = matmul_of(&p, op);
    result->name = op->results[0]->name;
    lower_rename(&renamed, op->results[0], result);
  }
  return true;
}

// linear -> prepare + matmul. Activations that several layers read in the same form are prepared once.
#include "lower/passes.h"

typedef struct prepared_value {
  const ir_value *x;
  const recipe *recipe;
  ir_value *value;
} prepared_value;

typedef struct preparer {
  ir_module *m;
  ir_builder b;
  VEC(prepared_value) done;
} preparer;

static ir_value *prepared(preparer *p, ir_value *x, const recipe *r) {
  for (size_t i = 0; i < p->done.len; i++)
    if (p->done.data[i].x == x && prepared_equal(&p->done.data[i].recipe->prepared, &r->prepared))
      return p->done.data[i].value;
  ir_type type = x->type;
  type.kind = IR_PREPARED;
  ir_attr attrs[] = {{.key = IR_ATTR_ACT, .act = r->act}, ir_sym(IR_ATTR_RECIPE, r->name)};
  ir_value *value = ir_emit(&p->b, IR_PREPARE, &type, 1, &x, 2, attrs);
  prepared_value entry = {.x = x, .recipe = r, .value = value};
  vec_push(p->m->mem, &p->done, entry);
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
  preparer p = {.m = m, .b = {.mem = m->mem, .func = f, .block = f->body}};
  for (size_t i = 0; i < old.ops.len; i++) {
    ir_op *op = old.ops.data[i];
    if (op->code != IR_LINEAR) {
      vec_push(m->mem, &f->body->ops, op);
      continue;
    }
    p.b.loc = op->loc;
    ir_value *result = matmul_of(&p, op);
    result->name = op->results[0]->name;
    lower_replace_uses(&old, op->results[0], result);
  }
  return true;
}

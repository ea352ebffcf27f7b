// linear -> input steps, product with the stored matrix, output steps, bias. The factors of steps become constants that are
// made from the fields of the layer's weight when the weights are packed. Layers that read the same activations with
// the same steps share them; steps whose factors are fields are the same only within one weight.
#include <string.h>

#include "format/transform.h"
#include "network/passes.h"

typedef struct done_step {
  const ir_value *x;
  transform_kind kind;
  uint64_t block;
  const char *factor; // the constant's name; NULL without
  ir_value *result;
} done_step;

typedef struct transformer {
  ir_module *m;
  ir_builder b;
  VEC(done_step) done;
} transformer;

// The constant with the factor of step `index` for n elements. Those that use no field serve all weights of the scheme.
static const char *factor_name(arena *a, const ir_weight *w, const transform_step *step, const char *place,
                               uint64_t n) {
  if (!transform_is_constant(w->scheme, step)) return arena_printf(a, "%s %s", w->name, place);
  return arena_printf(a, "%s %s of %llu", w->scheme->name, place, (unsigned long long)n);
}

static const char *find_factor(transformer *p, const ir_weight *w, bool input, size_t index, uint64_t n) {
  const transform_step *step = &(input ? &w->scheme->input : &w->scheme->output)->steps[index];
  const char *place = arena_printf(p->m->mem, "%s %zu", input ? "input" : "output", index);
  const char *name = factor_name(p->m->mem, w, step, place, n);
  if (ir_find_weight(p->m, name) != NULL) return name;
  ir_weight *made = ARENA_NEW(p->m->mem, ir_weight);
  *made = (ir_weight){
      .name = name, .layer = w->layer, .of = w->name, .step = place, .rows = 1, .columns = n, .loc = w->loc};
  vec_push(p->m->mem, &p->m->weights, made);
  return name;
}

static ir_value *emit_step(transformer *p, const done_step *s, ir_value *x, uint64_t n) {
  if (s->kind == TRANSFORM_HADAMARD)
    return ir_emit_attr(&p->b, IR_HADAMARD, x->type, x, ir_int(IR_ATTR_BLOCK, (int64_t)s->block));
  ir_attr factor = ir_sym(IR_ATTR_WEIGHT, s->factor);
  if (s->kind == TRANSFORM_GATHER) return ir_emit_attr(&p->b, IR_TAKE, x->type, x, factor);
  int64_t length = (int64_t)n;
  ir_value *constant = ir_emit_attr(&p->b, IR_CONST, ir_tensor(ELEM_F32, 1, &length), NULL, factor);
  return ir_emit2(&p->b, s->kind == TRANSFORM_MUL ? IR_TMUL : IR_TDIV, x->type, x, constant);
}

static bool is_same(const done_step *a, const done_step *b) {
  bool factors = a->factor == NULL || b->factor == NULL ? a->factor == b->factor : strcmp(a->factor, b->factor) == 0;
  return a->x == b->x && a->kind == b->kind && a->block == b->block && factors;
}

static ir_value *do_step(transformer *p, ir_value *x, const ir_weight *w, bool input, size_t index) {
  const transform_step *step = &(input ? &w->scheme->input : &w->scheme->output)->steps[index];
  uint64_t n = input ? w->columns : w->rows;
  done_step s = {.x = x, .kind = step->kind};
  if (step->kind == TRANSFORM_HADAMARD) s.block = transform_block(step, n);
  if (TRANSFORM_HAS_FACTOR(step->kind)) s.factor = find_factor(p, w, input, index, n);
  for (size_t i = 0; i < p->done.len; i++)
    if (is_same(&p->done.data[i], &s)) return p->done.data[i].result;
  s.result = emit_step(p, &s, x, n);
  vec_push(p->m->mem, &p->done, s);
  return s.result;
}

static ir_value *do_steps(transformer *p, ir_value *x, const ir_weight *w, bool input) {
  size_t count = (input ? &w->scheme->input : &w->scheme->output)->count;
  for (size_t i = 0; i < count; i++) x = do_step(p, x, w, input, i);
  return x;
}

// The bias comes after the output's steps; without any it stays in the product.
static ir_value *product(transformer *p, const ir_op *op, const ir_weight *w) {
  bool apart = w->scheme->output.count > 0 && op->operand_count > 1;
  ir_value *operands[2] = {do_steps(p, op->operands[0], w, true), op->operand_count > 1 ? op->operands[1] : NULL};
  ir_attr *attrs = ARENA_ARRAY(p->m->mem, ir_attr, op->attr_count + 1);
  memcpy(attrs, op->attrs, op->attr_count * sizeof *attrs);
  attrs[op->attr_count] = ir_int(IR_ATTR_RAW, 1);
  ir_value *y = ir_emit(&p->b, IR_LINEAR, &op->results[0]->type, apart ? 1 : op->operand_count, operands,
                        op->attr_count + 1, attrs);
  y = do_steps(p, y, w, false);
  return apart ? ir_emit2(&p->b, IR_TADD, y->type, y, operands[1]) : y;
}

static bool has_steps(const scheme *s) { return s != NULL && s->input.count + s->output.count > 0; }

static void explain(const lower_options *o, const ir_weight *w) {
  if (o->explain == NULL) return;
  fprintf(o->explain, "  %s:", w->layer);
  for (size_t i = 0; i < w->scheme->input.count; i++)
    fprintf(o->explain, " %s,", transform_kind_name(w->scheme->input.steps[i].kind));
  fprintf(o->explain, " product");
  for (size_t i = 0; i < w->scheme->output.count; i++)
    fprintf(o->explain, ", %s", transform_kind_name(w->scheme->output.steps[i].kind));
  fprintf(o->explain, "\n");
}

static bool transform_op(diag *d, transformer *p, const lower_options *o, renaming *renamed, ir_op *op) {
  lower_rename_operands(renamed, op);
  const ir_weight *w = op->code == IR_LINEAR ? ir_find_weight(p->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s) : NULL;
  if (w == NULL || !has_steps(w->scheme) || ir_attr_int(op, IR_ATTR_RAW, 0) != 0) {
    vec_push(p->m->mem, &p->b.block->ops, op);
    return true;
  }
  if (!transform_check_shape(d, w->scheme, w->layer, w->rows, w->columns, w->loc)) return false;
  p->b.loc = op->loc;
  ir_value *result = product(p, op, w);
  if (result->name == NULL) result->name = op->results[0]->name;
  lower_rename(renamed, op->results[0], result);
  explain(o, w);
  return true;
}

bool pass_transform(diag *d, ir_module *m, const lower_options *o) {
  ir_func *f = ir_find_model(m);
  if (f == NULL) return true;
  ir_block old = *f->body;
  f->body->ops.len = f->body->ops.cap = 0;
  f->body->ops.data = NULL;
  transformer p = {.m = m, .b = {.mem = m->mem, .func = f, .block = f->body}};
  renaming renamed = {.values = {.mem = m->mem}};
  bool ok = true;
  for (size_t i = 0; i < old.ops.len; i++) ok &= transform_op(d, &p, o, &renamed, old.ops.data[i]);
  return ok;
}

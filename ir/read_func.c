// Functions and their operations from the parse tree.
#include <string.h>

#include "ir/read.h"

static bool read_block(reader *r, const node *list, ir_block *block);

// ---- values ----------------------------------------------------------------------------------------------

static bool use(reader *r, const node *n, ir_value **out) {
  *out = name_map_get(&r->values, n->text);
  return *out != NULL || read_fail(r, n->loc, "%%%s is not defined before this", n->text);
}

static ir_value *define(reader *r, const node *n, ir_type type, ir_op *def) {
  ir_value *v = ARENA_NEW(r->mem, ir_value);
  *v = (ir_value){.type = type, .name = n->text, .def = def};
  if (name_map_get(&r->values, n->text) != NULL) read_fail(r, n->loc, "%%%s is defined twice", n->text);
  name_map_set(&r->values, n->text, v);
  return v;
}

static bool read_operands(reader *r, const node *list, ir_op *op) {
  if (list == NULL) return true;
  op->operand_count = list->items.len;
  op->operands = ARENA_ARRAY(r->mem, ir_value *, list->items.len);
  bool ok = true;
  for (size_t i = 0; i < list->items.len; i++) ok = use(r, list->items.data[i], &op->operands[i]) && ok;
  return ok;
}

static bool define_results(reader *r, const node *names, const node *types, ir_op *op) {
  if (names == NULL) return true;
  if (types == NULL || types->items.len != names->items.len)
    return read_fail(r, names->loc, "there are %zu results, but %zu types", names->items.len,
                     types == NULL ? 0 : types->items.len);
  op->result_count = names->items.len;
  op->results = ARENA_ARRAY(r->mem, ir_value *, names->items.len);
  bool ok = true;
  for (size_t i = 0; i < names->items.len; i++) {
    ir_type type = {0};
    ok = read_type(r, types->items.data[i], &type) && ok;
    op->results[i] = define(r, names->items.data[i], type, op);
  }
  return ok;
}

// ---- attributes ------------------------------------------------------------------------------------------

static bool find_key(reader *r, const node *word, ir_attr_key *out) {
  const char *names[IR_ATTR_COUNT];
  for (unsigned i = 0; i < IR_ATTR_COUNT; i++) {
    names[i] = ir_attr_name((ir_attr_key)i);
    if (strcmp(names[i], word->text) != 0) continue;
    *out = (ir_attr_key)i;
    return true;
  }
  read_fail(r, word->loc, "there is no attribute '%s'", word->text);
  const char *closest = diag_closest(word->text, names, IR_ATTR_COUNT);
  if (closest != NULL) diag_hint(r->p->d, "did you mean '%s'?", closest);
  return false;
}

static bool read_word(reader *r, const node *n, const char **out) {
  if (n->kind != NODE_WORD && n->kind != NODE_STRING) return read_fail(r, n->loc, "expected a word");
  *out = n->text;
  return true;
}

static bool read_bytes(reader *r, const node *n, ir_attr *out) {
  if (n->kind != NODE_BYTES) return read_fail(r, n->loc, "expected bytes: x\"00ff\"");
  out->data = (const uint8_t *)n->text;
  out->count = n->number;
  return true;
}

static bool read_attr(reader *r, const node *entry, ir_attr *out) {
  const node *n = entry->items.data[1];
  if (!find_key(r, entry->items.data[0], &out->key)) return false;
  switch (ir_attr_get_kind(out->key)) {
  case IR_ATTR_KIND_INT: return read_i64(r, n, &out->i);
  case IR_ATTR_KIND_REAL: return read_real(r, n, &out->r);
  case IR_ATTR_KIND_SYM: return read_symbol(r, n, &out->s);
  case IR_ATTR_KIND_BYTES: return read_bytes(r, n, out);
  case IR_ATTR_KIND_REALS: return read_reals(r, n, &out->reals, &out->count);
  case IR_ATTR_KIND_ACT: return read_act(r, n, &out->act);
  default: return read_word(r, n, &out->s);
  }
}

static bool read_attrs(reader *r, const node *record, ir_op *op) {
  if (record == NULL) return true;
  op->attr_count = record->items.len;
  op->attrs = ARENA_ARRAY(r->mem, ir_attr, record->items.len);
  bool ok = true;
  for (size_t i = 0; i < record->items.len; i++) ok = read_attr(r, record->items.data[i], &op->attrs[i]) && ok;
  return ok;
}

// ---- operations ------------------------------------------------------------------------------------------

static bool find_opcode(reader *r, const node *word, ir_opcode *out) {
  const char *names[IR_OPCODE_COUNT];
  *out = ir_opcode_by_name(word->text);
  if (*out != IR_OPCODE_COUNT) return true;
  for (unsigned i = 0; i < IR_OPCODE_COUNT; i++) names[i] = ir_op_get_info((ir_opcode)i)->name;
  read_fail(r, word->loc, "there is no operation '%s'", word->text);
  const char *closest = diag_closest(word->text, names, IR_OPCODE_COUNT);
  if (closest != NULL) diag_hint(r->p->d, "did you mean '%s'?", closest);
  return false;
}

// Results are defined even when an operand is wrong, so that later lines are not reported for it.
static bool read_op(reader *r, const node *n, ir_op *op) {
  bool ok = find_opcode(r, n->items.data[1], &op->code);
  ok = read_operands(r, n->items.data[2], op) && ok;
  ok = read_attrs(r, n->items.data[3], op) && ok;
  return define_results(r, n->items.data[0], n->items.data[4], op) && ok;
}

static bool read_loop_operands(reader *r, const node *head, ir_op *op) {
  const node *carries = head->items.data[4];
  op->operand_count = 3 + carries->items.len;
  op->operands = ARENA_ARRAY(r->mem, ir_value *, op->operand_count);
  bool ok = true;
  for (size_t i = 0; i < 3; i++) ok = use(r, head->items.data[i + 1], &op->operands[i]) && ok;
  for (size_t i = 0; i < carries->items.len; i++)
    ok = use(r, carries->items.data[i]->items.data[1], &op->operands[i + 3]) && ok;
  return ok;
}

// The index and, with their initial values' types, the carried values.
static void define_loop_params(reader *r, const node *head, const ir_op *op) {
  const node *carries = head->items.data[4];
  ir_block *body = op->body;
  body->param_count = 1 + carries->items.len;
  body->param_room = body->param_count;
  body->params = ARENA_ARRAY(r->mem, ir_value *, body->param_count);
  body->params[0] = define(r, head->items.data[0], ir_index(), NULL);
  for (size_t i = 0; i < carries->items.len; i++)
    body->params[i + 1] = define(r, carries->items.data[i]->items.data[0], op->operands[i + 3]->type, NULL);
}

static bool read_loop(reader *r, const node *n, ir_op *op) {
  const node *head = n->items.data[1];
  op->code = IR_FOR;
  op->body = ARENA_NEW(r->mem, ir_block);
  if (!read_loop_operands(r, head, op) || !read_attrs(r, n->items.data[2], op)) return false;
  define_loop_params(r, head, op);
  bool ok = read_block(r, n->items.data[4], op->body);
  return define_results(r, n->items.data[0], n->items.data[3], op) && ok;
}

static bool read_block(reader *r, const node *list, ir_block *block) {
  bool ok = true;
  for (size_t i = 0; i < list->items.len; i++) {
    const node *n = list->items.data[i];
    ir_op *op = ARENA_NEW(r->mem, ir_op);
    op->loc = n->loc;
    ok = (n->kind == NODE_FOR ? read_loop(r, n, op) : read_op(r, n, op)) && ok;
    vec_push(r->mem, &block->ops, op);
  }
  return ok;
}

// ---- functions -------------------------------------------------------------------------------------------

static bool read_params(reader *r, const node *list, ir_block *body) {
  bool ok = true;
  body->param_count = list->items.len;
  body->param_room = body->param_count;
  body->params = ARENA_ARRAY(r->mem, ir_value *, list->items.len);
  for (size_t i = 0; i < list->items.len; i++) {
    const node *param = list->items.data[i];
    ir_type type = {0};
    ok = read_type(r, param->items.data[1], &type) && ok;
    body->params[i] = define(r, param->items.data[0], type, NULL);
  }
  return ok;
}

static void read_outputs(reader *r, const node *names, ir_func *f) {
  if (names == NULL) return;
  f->output_count = names->items.len;
  f->output_names = ARENA_ARRAY(r->mem, const char *, names->items.len);
  for (size_t i = 0; i < names->items.len; i++) f->output_names[i] = names->items.data[i]->text;
}

bool read_func(reader *r, const node *n) {
  bool model = node_is_word(n->items.data[0], "model");
  ir_func *f = ir_func_new(r->m, n->items.data[1]->text, model ? IR_FUNC_MODEL : IR_FUNC_KERNEL);
  f->loc = n->loc;
  r->values = (name_map){.mem = r->mem};
  bool ok = read_params(r, n->items.data[2], f->body);
  read_outputs(r, n->items.data[3], f);
  return read_block(r, n->items.data[4], f->body) && ok;
}

// The statements of a model, in order.
#include "frontend/model.h"
#include "support/file.h"

// Whether the name is not in the map, which then has it.
static bool is_first(fe_model *f, name_map *names, const char *name) {
  if (name_map_get(names, name) != NULL) return false;
  names->mem = f->m->mem;
  name_map_set(names, name, f);
  return true;
}

// ---- weights and dimensions ----

// What only a network with entries has.
static bool needs_entries(fe_model *f, src_loc loc, const char *what) {
  diag_error(f->c->d, loc, "%s has no meaning in a model of one entry", what);
  diag_hint(f->c->d, "a model is made of weights, dim, input, output and values with names");
  return false;
}

static bool add_weights(fe_model *f, const ast_node *node) {
  if (node->name.text == NULL) return needs_entries(f, node->loc, "a weights declaration without a file");
  if (node->args.len > 0) return needs_entries(f, node->args.data[0].name.loc, "an option of weights");
  if (node->suffix.text != NULL) return needs_entries(f, node->suffix.loc, "a name of weights");
  const char *path = path_join(f->m->mem, f->folder, node->name.text);
  if (!is_first(f, &f->by_source, path)) {
    diag_error(f->c->d, node->name.loc, "the weights file \"%s\" is named twice", node->name.text);
    return false;
  }
  vec_push(f->m->mem, &f->m->sources, path);
  return true;
}

static bool add_dim(fe_model *f, const ast_node *node) {
  int64_t bound;
  fe_symbol symbol = {.name = node->name.text, .kind = FE_SYMBOL_DIM, .loc = node->name.loc};
  if (f->batch.text != NULL) {
    diag_error(f->c->d, node->name.loc, "there can be one symbolic dimension only");
    diag_note(f->c->d, f->batch.loc, "the first is here");
    return false;
  }
  if (node->args.len > 0) return needs_entries(f, node->args.data[0].value->loc, "the least value of a dimension");
  if (node->per != NULL) return needs_entries(f, node->per->loc, "the step of a dimension");
  if (fe_declare(f->c, &f->scope, symbol) == NULL) return false;
  f->batch = node->name;
  bool below = node->word.text != NULL; // `batch < 5`
  if (!fe_constant_in(f->c, &f->scope, node->value, "the bound of a dimension", 1 + below, INT32_MAX, &bound))
    return false;
  f->m->max_batch = (uint64_t)(bound - below);
  return true;
}

// ---- inputs, values, outputs ----

static bool build_type(fe_model *f, const ast_type *type, ir_type *out) {
  elem_type elem;
  if (!fe_elem_type(f->c, &f->scope, type, &elem)) return false;
  if (elem != ELEM_F32) {
    diag_error(f->c->d, type->name.loc, "tensors of a model are f32, not %s", elem_get(elem)->name);
    diag_hint(f->c->d, "smaller activations inside of a layer are asked for in `quantize`: act = i8 per 32");
    return false;
  }
  return fe_build_shape(f, &type->dims, type->loc, out);
}

// A wrong value is declared too, so that its users are not reported.
static bool declare_value(fe_model *f, ast_name name, ir_value *value) {
  fe_symbol symbol = {.name = name.text, .kind = FE_SYMBOL_VALUE, .value = value, .loc = name.loc};
  if (value != NULL && value->name == NULL) value->name = name.text;
  return fe_declare(f->c, &f->scope, symbol) != NULL && value != NULL;
}

static bool add_input(fe_model *f, const ast_node *node) {
  if (node->per != NULL) return needs_entries(f, node->per->loc, "the bound of an input's numbers");
  ir_type type;
  bool ok = build_type(f, &node->type, &type);
  ir_value *value = ok ? ir_add_param(&f->b, f->b.block, type, node->name.text) : NULL;
  return declare_value(f, node->name, value);
}

static bool add_value(fe_model *f, const ast_node *node) {
  return declare_value(f, node->name, fe_model_tensor(f, node->value, "a value"));
}

static ir_value *output_value(fe_model *f, const ast_node *node) {
  if (node->value != NULL) {
    ir_value *value = fe_model_tensor(f, node->value, "an output");
    return declare_value(f, node->name, value) ? value : NULL;
  }
  ast_expr name = {.kind = AST_NAME, .name = node->name, .loc = node->name.loc};
  return fe_model_tensor(f, &name, "an output");
}

static bool check_output_type(fe_model *f, const ast_node *node, const ir_value *value) {
  ir_type type;
  if (node->type.name.text == NULL) return true;
  if (!build_type(f, &node->type, &type) || value == NULL) return false;
  if (ir_type_equal(&type, &value->type)) return true;
  diag_error(f->c->d, node->type.loc, "the output '%s' is declared as %s, but its value is %s", node->name.text,
             fe_type_text(f, &type), fe_type_text(f, &value->type));
  return false;
}

static bool add_output(fe_model *f, const ast_node *node) {
  ir_value *value = output_value(f, node);
  if (!check_output_type(f, node, value) || value == NULL) return false;
  if (!is_first(f, &f->by_output, node->name.text)) {
    diag_error(f->c->d, node->name.loc, "'%s' is an output already", node->name.text);
    return false;
  }
  vec_push(f->m->mem, &f->outputs, value);
  vec_push(f->m->mem, &f->output_names, node->name.text);
  return true;
}

// ---- the model ----

static bool add_const(fe_model *f, const ast_node *node) {
  size_t before = diag_error_count(f->c->d);
  fe_declare_const(f->c, &f->scope, node);
  return diag_error_count(f->c->d) == before;
}

static bool build_statement(fe_model *f, const ast_node *node) {
  f->b.loc = node->loc;
  switch (node->kind) {
  case AST_CONST: return add_const(f, node);
  case AST_WEIGHTS: return add_weights(f, node);
  case AST_DIM: return add_dim(f, node);
  case AST_INPUT: return add_input(f, node);
  case AST_LET: return add_value(f, node);
  case AST_OUTPUT: return add_output(f, node);
  default: return needs_entries(f, node->loc, "this statement");
  }
}

static bool check_whole(fe_model *f) {
  if (f->b.block->param_count == 0) {
    diag_error(f->c->d, f->node->loc, "the model '%s' has no input", f->node->name.text);
    diag_hint(f->c->d, "for example input x : f32[64];");
    return false;
  }
  if (f->outputs.len == 0) {
    diag_error(f->c->d, f->node->loc, "the model '%s' has no output", f->node->name.text);
    diag_hint(f->c->d,
              "for example output y = linear(x, \"layer\"); or, for a value that has a name already, output y;");
    return false;
  }
  if (f->batch.text == NULL || f->batch_used) return true;
  diag_error(f->c->d, f->batch.loc, "no input has the dimension '%s'", f->batch.text);
  diag_hint(f->c->d, "for example input x : f32[%s, 64];", f->batch.text);
  return false;
}

bool fe_build_model(fe_context *c, ir_module *m, const ast_node *node, const char *folder) {
  ir_func *func = ir_func_new(m, node->name.text, IR_FUNC_MODEL);
  fe_model f = {.c = c, .m = m, .node = node, .folder = folder, .scope = {.outer = &c->constants}};
  f.b = (ir_builder){.mem = m->mem, .func = func, .block = func->body, .loc = node->loc};
  func->loc = node->loc;
  bool ok = true;
  fe_build_rules(c, &f.rules);
  for (size_t i = 0; i < node->body.len; i++) ok &= build_statement(&f, node->body.data[i]);
  if (!ok || !check_whole(&f) || !fe_check_memory(&f)) return false;
  fe_warn_unused_rules(c, &f.rules, m);
  f.b.loc = node->loc;
  ir_emit(&f.b, IR_RETURN, NULL, f.outputs.len, f.outputs.data, 0, NULL);
  func->output_count = f.outputs.len;
  func->output_names = f.output_names.data;
  return true;
}

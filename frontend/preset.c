// Rules with a name: `rule mine(group = 128) = grouped(size = group), act = f16;` makes `"*" : mine(group = 64);` mean
// what `"*" : grouped(size = 64), act = f16;` does. A reference to one is replaced in the tree: its parameters by numbers,
// and what it refers to, which may again be such a rule, by that.

#include "frontend/sema.h"

// ---- finding ----

fe_preset_decl *fe_find_preset(const fe_context *c, const char *name) {
  return name_map_get(&c->presets_by_name, name);
}

void fe_add_preset(fe_context *c, const ast_node *node, const fe_scope *constants) {
  fe_preset_decl *decl = ARENA_NEW(c->mem, fe_preset_decl);
  *decl = (fe_preset_decl){.node = node, .constants = constants};
  vec_push(c->mem, &c->presets, decl);
  c->presets_by_name.mem = c->mem;
  name_map_set(&c->presets_by_name, node->name.text, decl);
}

// The rule that a reference means: NULL when it means a scheme. Declared names go before files.
static fe_preset_decl *find(fe_context *c, const char *name) {
  if (fe_is_declared_scheme(c, name)) return NULL;
  if (fe_find_preset(c, name) == NULL) fe_load_scheme_file(c, name);
  return fe_is_declared_scheme(c, name) ? NULL : fe_find_preset(c, name);
}

// ---- parameters ----

typedef struct expander {
  fe_context *c;
  fe_scope scope; // parameters, then the constants of the rule's text
} expander;

static bool bind_parameter(expander *e, const ast_arg *parameter, const ast_args *args) {
  const ast_arg *given = fe_find_arg(args, parameter->name.text);
  const fe_scope *scope = given == NULL ? &e->scope : &e->c->constants;
  fe_symbol symbol = {.name = parameter->name.text, .kind = FE_SYMBOL_CONST, .loc = parameter->name.loc};
  symbol.constant = fe_constant(e->c, scope, given == NULL ? parameter->value : given->value);
  return fe_declare(e->c, &e->scope, symbol) != NULL && symbol.constant != NULL;
}

static bool bind_parameters(expander *e, const ast_node *node, const ast_args *args) {
  const char **names = ARENA_ARRAY(e->c->mem, const char *, node->args.len);
  for (size_t i = 0; i < node->args.len; i++) names[i] = node->args.data[i].name.text;
  const char *what = arena_printf(e->c->mem, "the rule '%s'", node->name.text);
  bool ok = fe_check_args(e->c, args, what, names, node->args.len);
  for (size_t i = 0; i < node->args.len; i++) ok &= bind_parameter(e, &node->args.data[i], args);
  return ok;
}

// An expression as the number that it is among the parameters; NULL (reported) when it is none.
static const ast_expr *number(expander *e, const ast_expr *x) {
  const expr *value = fe_constant(e->c, &e->scope, x);
  if (value == NULL) return NULL;
  return value->op == EXPR_INT ? ast_int(e->c->mem, value->i, x->loc) : ast_real(e->c->mem, value->r, x->loc);
}

static bool numbers(expander *e, const ast_args *from, ast_args *out) {
  bool ok = true;
  *out = (ast_args){0};
  for (size_t i = 0; i < from->len; i++) {
    ast_arg arg = {.name = from->data[i].name, .value = number(e, from->data[i].value)};
    ok &= arg.value != NULL;
    vec_push(e->c->mem, out, arg);
  }
  return ok;
}

// ---- replacing ----

static ast_node *option_of(expander *e, const ast_node *from) {
  ast_node *option = arena_memdup(e->c->mem, from, sizeof *from);
  bool plain = from->per == NULL || (from->per->kind == AST_NAME && fe_same_text(from->per->name.text, "token"));
  if (!plain) option->per = number(e, from->per);
  bool ok = plain || option->per != NULL;
  return numbers(e, &from->args, &option->args) && ok ? option : NULL;
}

static bool is_given(const ast_node *rule, const char *option) {
  for (size_t i = 0; i < rule->body.len; i++)
    if (fe_same_text(rule->body.data[i]->name.text, option)) return true;
  return false;
}

// The rule's own options, then those of the preset that it does not give itself.
static bool add_options(expander *e, const ast_node *preset, ast_node *rule) {
  ast_nodes options = {0};
  bool ok = true;
  for (size_t i = 0; i < rule->body.len; i++) vec_push(e->c->mem, &options, rule->body.data[i]);
  for (size_t i = 0; i < preset->body.len; i++) {
    if (is_given(rule, preset->body.data[i]->name.text)) continue;
    ast_node *option = option_of(e, preset->body.data[i]);
    ok &= option != NULL;
    if (option != NULL) vec_push(e->c->mem, &options, option);
  }
  rule->body = options;
  return ok;
}

static bool replace(expander *e, const ast_node *preset, ast_node *rule) {
  ast_args args;
  if (!bind_parameters(e, preset, &rule->value->args) || !numbers(e, &preset->value->args, &args)) return false;
  bool ok = add_options(e, preset, rule);
  rule->value = ast_call(e->c->d, e->c->mem, preset->value->name, &args, preset->value->loc);
  return ok;
}

const ast_node *fe_expand_rule(fe_context *c, const ast_node *rule) {
  src_loc use = rule->value->loc;
  ast_node *copy = arena_memdup(c->mem, rule, sizeof *rule);
  for (size_t depth = 0;; depth++) {
    fe_preset_decl *decl = find(c, copy->value->name.text);
    if (decl == NULL) return copy;
    if (depth > c->presets.len) {
      diag_error(c->d, decl->node->loc, "the rule '%s' is made of itself", decl->node->name.text);
      return NULL;
    }
    expander e = {.c = c, .scope = {.outer = decl->constants}};
    if (replace(&e, decl->node, copy)) continue;
    if (use.file != decl->node->loc.file) diag_note(c->d, use, "'%s' is asked for here", decl->node->name.text);
    return NULL;
  }
}

const ast_expr *fe_expand_reference(fe_context *c, const ast_expr *reference) {
  const ast_node *rule = fe_expand_rule(c, &(ast_node){.kind = AST_RULE, .value = reference, .loc = reference->loc});
  return rule == NULL ? NULL : rule->value;
}

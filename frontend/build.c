// The frontend's entries after parsing: a whole text, or one scheme of it.
#include "frontend/sema.h"
#include "frontend/tree.h"
#include "support/file.h"

static const fe_options no_options = {0};

static fe_context new_context(diag *d, arena *a, const fe_options *options) {
  return (fe_context){.d = d, .mem = a, .options = options == NULL ? &no_options : options};
}

// Schemes of the text that nothing uses are checked all the same, with their default parameters.
static void check_schemes(fe_context *c, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fe_scheme_decl *decl = c->schemes.data[i];
    if (!decl->broken) fe_instantiate(c, decl, &(ast_args){0}, SRC_NOWHERE);
  }
}

static void check_presets(fe_context *c, size_t count) {
  for (size_t i = 0; i < count; i++) fe_check_preset(c, c->presets.data[i]);
}

void fe_add_scheme(fe_context *c, ir_module *m, const scheme *s) {
  if (name_map_get(&c->added, s->name) != NULL) return;
  for (size_t i = 0; i < s->section_count; i++) fe_add_scheme(c, m, s->sections[i].scheme);
  c->added.mem = c->mem;
  name_map_set(&c->added, s->name, c);
  vec_push(m->mem, &m->schemes, s);
}

static void add_schemes(fe_context *c, ir_module *m, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const scheme *s = fe_instantiate(c, c->schemes.data[i], &(ast_args){0}, SRC_NOWHERE);
    if (s != NULL) fe_add_scheme(c, m, s);
  }
}

static bool check_one_model(fe_context *c) {
  for (size_t i = 1; i < c->models.len; i++) {
    diag_error(c->d, c->models.data[i].node->loc, "a text has one model, and this is a second");
    diag_note(c->d, c->models.data[0].node->loc, "the first is here");
  }
  return c->models.len <= 1;
}

static void check_rules_without_model(fe_context *c) {
  fe_rules rules = {0};
  fe_build_rules(c, &rules);
}

ir_module *fe_build(diag *d, arena *a, const ast *tree, const fe_options *options) {
  fe_context c = new_context(d, a, options);
  size_t before = diag_error_count(d);
  if (tree->has_errors) return NULL;
  fe_add_source(&c, tree, "", &c.constants);
  if (!check_one_model(&c) || diag_error_count(d) > before) return NULL;
  size_t own = c.schemes.len, own_presets = c.presets.len;
  const ast_node *model = c.models.len == 0 ? NULL : c.models.data[0].node;
  ir_module *m = ir_module_new(a, model == NULL ? path_stem(a, tree->path) : model->name.text);
  if (model != NULL)
    fe_build_model(&c, m, model, c.models.data[0].folder);
  else
    check_rules_without_model(&c);
  check_schemes(&c, own);
  check_presets(&c, own_presets);
  if (diag_error_count(d) > before) return NULL;
  if (model == NULL) add_schemes(&c, m, own);
  return ir_verify(d, m) ? m : NULL;
}

const fe_format_rule *fe_list_rules(diag *d, arena *a, const ast *tree, const fe_options *options, size_t *count) {
  fe_context c = new_context(d, a, options);
  fe_rules rules = {0};
  size_t before = diag_error_count(d);
  *count = 0;
  if (tree->has_errors) return NULL;
  fe_add_source(&c, tree, "", &c.constants);
  fe_build_rules(&c, &rules);
  if (diag_error_count(d) > before) return NULL;
  fe_format_rule *out = ARENA_ARRAY(a, fe_format_rule, rules.all.len + 1);
  for (size_t i = 0; i < rules.all.len; i++) {
    const fe_rule *r = &rules.all.data[i];
    out[i] = (fe_format_rule){.glob = r->node->name.text, .scheme = r->scheme, .layout = r->layout.text};
    out[i].loc = r->node->name.loc;
  }
  *count = rules.all.len;
  return out;
}

const scheme *fe_find_scheme(diag *d, arena *a, const ast *tree, const fe_options *options, const char *text) {
  fe_context c = new_context(d, a, options);
  size_t before = diag_error_count(d);
  if (tree != NULL) fe_add_source(&c, tree, "", &c.constants);
  const ast_expr *reference = fe_parse_reference(d, a, "<format>", text);
  if (reference == NULL || diag_error_count(d) > before) return NULL;
  return fe_resolve_scheme(&c, reference);
}

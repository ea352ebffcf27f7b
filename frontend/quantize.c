// Rules of `quantize`: which scheme and which activations a layer gets.

#include "frontend/sema.h"

// ---- activation modes ----

static const char act_forms[] = "f32, bf16, i8 per 32, i8 per token, i8 static(scale = 0.05, zero = -3)";

static bool wrong_act(fe_context *c, src_loc loc) {
  diag_error(c->d, loc, "this is no activation mode");
  diag_hint(c->d, "the modes are %s", act_forms);
  return false;
}

static bool build_dynamic(fe_context *c, const ast_node *option, act_spec *out) {
  const ast_expr *per = option->per;
  int64_t group = 0;
  *out = (act_spec){.kind = ACT_I8_DYNAMIC};
  if (option->suffix.text != NULL && !fe_same_text(option->suffix.text, "dynamic"))
    return wrong_act(c, option->suffix.loc);
  if (per->kind == AST_NAME && fe_same_text(per->name.text, "token")) return true;
  if (!fe_constant_in(c, &c->constants, per, "the group", 1, INT32_MAX, &group)) return false;
  out->group = (uint64_t)group;
  return true;
}

static bool build_static(fe_context *c, const ast_node *option, act_spec *out) {
  static const char *const names[] = {"scale", "zero"};
  if (!fe_same_text(option->suffix.text, "static")) return wrong_act(c, option->suffix.loc);
  if (!fe_check_args(c, &option->args, "static", names, 2)) return false;
  const ast_arg *scale = fe_find_arg(&option->args, "scale"), *zero = fe_find_arg(&option->args, "zero");
  if (scale == NULL) {
    diag_error(c->d, option->suffix.loc, "static activations need a scale");
    diag_hint(c->d, "for example i8 static(scale = 0.05, zero = -3)");
    return false;
  }
  const expr *s = fe_constant(c, &c->constants, scale->value);
  int64_t z = 0;
  bool ok = s != NULL;
  if (zero != NULL) ok &= fe_constant_in(c, &c->constants, zero->value, "the zero point", -128, 127, &z);
  if (ok && !(fe_literal_real(s) > 0)) {
    diag_error(c->d, scale->value->loc, "the scale of activations must be positive, and is %g", fe_literal_real(s));
    ok = false;
  }
  if (ok) *out = (act_spec){.kind = ACT_I8_STATIC, .scale = fe_literal_real(s), .zero = (int)z};
  return ok;
}

static bool build_act(fe_context *c, const ast_node *option, act_spec *out) {
  const char *word = option->word.text;
  bool plain = option->per == NULL && option->suffix.text == NULL;
  if (plain && fe_same_text(word, "f32")) return *out = (act_spec){.kind = ACT_F32}, true;
  if (plain && fe_same_text(word, "bf16")) return *out = (act_spec){.kind = ACT_BF16}, true;
  if (!fe_same_text(word, "i8") || plain) return wrong_act(c, option->word.loc);
  return option->per != NULL ? build_dynamic(c, option, out) : build_static(c, option, out);
}

// Integer codes go well with integer activations; float weights keep float ones.
act_spec fe_default_act(const scheme *s) {
  for (size_t i = 0; i < s->field_count; i++)
    if (s->fields[i].gran.kind == GRAN_WEIGHT && elem_get(s->fields[i].type)->kind == ELEM_KIND_FLOAT)
      return (act_spec){.kind = ACT_F32};
  return (act_spec){.kind = ACT_I8_DYNAMIC, .group = 32};
}

// ---- options ----

static bool build_layout_option(fe_context *c, const ast_node *option, fe_rule *rule) {
  if (option->per != NULL || option->suffix.text != NULL) {
    diag_error(c->d, option->loc, "a layout is a name");
    return false;
  }
  rule->layout = option->word;
  if (rule->scheme == NULL || scheme_find_layout(rule->scheme, option->word.text) != NULL) return true;
  const char **names = ARENA_ARRAY(c->mem, const char *, rule->scheme->layout_count);
  for (size_t i = 0; i < rule->scheme->layout_count; i++) names[i] = rule->scheme->layouts[i].name;
  diag_error(c->d, option->word.loc, "the scheme '%s' has no layout '%s'", rule->scheme->name, option->word.text);
  fe_suggest(c, option->word.text, names, rule->scheme->layout_count);
  return false;
}

static bool build_option(fe_context *c, const ast_node *option, fe_rule *rule) {
  static const char *const names[] = {"act", "layout"};
  if (fe_same_text(option->name.text, "act")) return build_act(c, option, &rule->act);
  if (fe_same_text(option->name.text, "layout")) return build_layout_option(c, option, rule);
  diag_error(c->d, option->name.loc, "a rule has no option '%s'", option->name.text);
  fe_suggest(c, option->name.text, names, 2);
  return false;
}

static bool is_second(fe_context *c, const ast_node *rule, size_t index) {
  for (size_t i = 0; i < index; i++) {
    if (!fe_same_text(rule->body.data[i]->name.text, rule->body.data[index]->name.text)) continue;
    diag_error(c->d, rule->body.data[index]->name.loc, "the option '%s' is given twice",
               rule->body.data[index]->name.text);
    return true;
  }
  return false;
}

static void build_rule(fe_context *c, const ast_node *node, fe_rules *out) {
  fe_rule rule = {.node = node, .scheme = fe_resolve_scheme(c, node->value)};
  bool ok = rule.scheme != NULL;
  if (ok) rule.act = fe_default_act(rule.scheme);
  for (size_t i = 0; i < node->body.len; i++)
    ok &= !is_second(c, node, i) && build_option(c, node->body.data[i], &rule);
  if (!ok) rule.scheme = NULL;
  vec_push(c->mem, out, rule);
}

void fe_build_rules(fe_context *c, fe_rules *out) {
  for (size_t q = 0; q < c->quantize.len; q++)
    for (size_t i = 0; i < c->quantize.data[q]->body.len; i++) build_rule(c, c->quantize.data[q]->body.data[i], out);
}

// ---- matching ----

fe_rule *fe_match_rule(fe_rules *rules, const char *layer) {
  for (size_t i = 0; i < rules->len; i++) {
    if (!fe_glob_match(rules->data[i].node->name.text, layer)) continue;
    rules->data[i].matched = true;
    return &rules->data[i];
  }
  return NULL;
}

void fe_warn_unused_rules(fe_context *c, const fe_rules *rules) {
  for (size_t i = 0; i < rules->len; i++) {
    const fe_rule *rule = &rules->data[i];
    if (rule->matched || rule->scheme == NULL) continue;
    diag_warning(c->d, "unused-rule", rule->node->name.loc, "the rule \"%s\" is used by no layer",
                 rule->node->name.text);
    diag_hint(c->d, "the first rule that matches a layer's name is the one that counts");
  }
}

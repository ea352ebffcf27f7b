// Rules of `quantize`: which scheme and which activations a layer gets.

#include <string.h>

#include "frontend/sema.h"

// ---- activation modes ----

static bool wrong_act(fe_context *c, src_loc loc) {
  diag_error(c->d, loc, "this is no activation mode");
  diag_hint(c->d, "the modes are f32, bf16, f16; with scales found when the model runs i4 per 32, u8 per token, "
                  "f8e4m3 per token, i1 per token; with a given one i8 static(scale = 0.05, zero = -3)");
  return false;
}

// "i8 per 32 asymmetric" is what "u8 per 32" means: the same numbers less 128.
static const char *dynamic_type(fe_context *c, const ast_node *option) {
  const char *word = option->word.text, *suffix = option->suffix.text;
  if (suffix == NULL || fe_same_text(suffix, "dynamic")) return word;
  if (!fe_same_text(suffix, "asymmetric") || (*word != 'i' && *word != 'u')) return NULL;
  return arena_printf(c->mem, "u%s", word + 1);
}

static bool build_dynamic(fe_context *c, const ast_node *option, act_spec *out) {
  const ast_expr *per = option->per;
  const char *type = dynamic_type(c, option);
  int64_t group = 0;
  if (type == NULL) return wrong_act(c, option->suffix.loc);
  if (!act_dynamic(type, 0, out)) return wrong_act(c, option->word.loc);
  if (per->kind == AST_NAME && fe_same_text(per->name.text, "token")) return true;
  if (!fe_constant_in(c, &c->constants, per, "the group", 1, INT32_MAX, &group)) return false;
  out->group = (uint64_t)group;
  return true;
}

// The zero point is 0 when it is left out, and a number of the type.
static bool build_zero(fe_context *c, const ast_arg *zero, act_spec *out) {
  int64_t z = 0;
  bool is_int = act_is_integer(out);
  if (zero == NULL) return true;
  if (!fe_constant_in(c, &c->constants, zero->value, "the zero point", is_int ? elem_min(out->type) : 0,
                      is_int ? elem_max(out->type) : 0, &z))
    return false;
  out->zero = (int)z;
  return true;
}

static bool build_static(fe_context *c, const ast_node *option, act_spec *out) {
  static const char *const names[] = {"scale", "zero"};
  if (!fe_same_text(option->suffix.text, "static")) return wrong_act(c, option->suffix.loc);
  if (!act_static(option->word.text, 1, 0, out)) return wrong_act(c, option->word.loc);
  if (!fe_check_args(c, &option->args, "static", names, 2)) return false;
  const ast_arg *scale = fe_find_arg(&option->args, "scale");
  if (scale == NULL) {
    diag_error(c->d, option->suffix.loc, "static activations need a scale");
    diag_hint(c->d, "for example i8 static(scale = 0.05, zero = -3)");
    return false;
  }
  const expr *s = fe_constant(c, &c->constants, scale->value);
  bool ok = build_zero(c, fe_find_arg(&option->args, "zero"), out);
  if (s == NULL) return false;
  out->scale = fe_literal_real(s);
  if (out->scale > 0) return ok;
  diag_error(c->d, scale->value->loc, "the scale of activations must be positive, and is %g", out->scale);
  return false;
}

static bool build_act(fe_context *c, const ast_node *option, act_spec *out) {
  if (option->per != NULL) return build_dynamic(c, option, out);
  if (option->suffix.text != NULL) return build_static(c, option, out);
  if (act_plain(option->word.text, out)) return true;
  const char *word = option->word.text;
  if (!act_dynamic(word, 0, out)) return wrong_act(c, option->word.loc);
  diag_error(c->d, option->word.loc, "%s activations need a scale", word);
  diag_hint(c->d, "%s per 32 and %s per token find it when the model runs", word, word);
  if (act_static(word, 1, 0, out)) diag_hint(c->d, "%s static(scale = 0.05) has it", word);
  return false;
}

// Integer codes go well with integer activations; float weights keep float ones.
act_spec fe_default_act(const scheme *s) {
  if (s->section_count > 0) return fe_default_act(s->sections[0].scheme);
  for (size_t i = 0; i < s->field_count; i++)
    if (s->fields[i].gran.kind == GRAN_WEIGHT && !s->fields[i].sparse &&
        elem_get(s->fields[i].type)->kind == ELEM_KIND_FLOAT && elem_get(s->fields[i].type)->bits > 6)
      return ACT_F32;
  return (act_spec){.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32};
}

// ---- options ----

static bool build_layout_option(fe_context *c, const ast_node *option, fe_rule *rule) {
  if (option->per != NULL || option->suffix.text != NULL) {
    diag_error(c->d, option->loc, "a layout is a name");
    return false;
  }
  rule->layout = option->word;
  if (rule->as_stored) {
    diag_error(c->d, option->loc, "a layout belongs to a scheme, and the rule names none");
    diag_hint(c->d, "leave it out: the file's tensors tell their scheme and layout");
    return false;
  }
  if (rule->scheme == NULL || scheme_find_layout(rule->scheme, option->word.text) != NULL) return true;
  const char **names = ARENA_ARRAY(c->mem, const char *, rule->scheme->layout_count);
  for (size_t i = 0; i < rule->scheme->layout_count; i++) names[i] = rule->scheme->layouts[i].name;
  diag_error(c->d, option->word.loc, "the scheme '%s' has no layout '%s'", rule->scheme->name, option->word.text);
  fe_suggest_or_list(c, option->word.text, names, rule->scheme->layout_count, "it has no layouts");
  return false;
}

static bool build_option(fe_context *c, const ast_node *option, fe_rule *rule) {
  static const char *const names[] = {"act", "layout"};
  if (fe_same_text(option->name.text, "act")) return rule->has_act = true, build_act(c, option, &rule->act);
  if (fe_same_text(option->name.text, "layout")) return build_layout_option(c, option, rule);
  diag_error(c->d, option->name.loc, "a rule has no option '%s'", option->name.text);
  fe_suggest_or_list(c, option->name.text, names, 2, "");
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

// What a node that names no preset says; false when something is wrong with it.
static bool set_rule(fe_context *c, const ast_node *node, fe_rule *rule) {
  rule->as_stored = node->value == NULL;
  if (!rule->as_stored) rule->scheme = fe_resolve_scheme(c, node->value);
  bool ok = rule->as_stored || rule->scheme != NULL;
  if (rule->scheme != NULL) rule->act = fe_default_act(rule->scheme);
  for (size_t i = 0; i < node->body.len; i++) ok &= !is_second(c, node, i) && build_option(c, node->body.data[i], rule);
  return ok;
}

static fe_rule make_rule(fe_context *c, const ast_node *node) {
  fe_rule rule = {.node = node};
  const ast_node *expanded = node->value == NULL ? node : fe_expand_rule(c, node);
  if (expanded == NULL || !set_rule(c, expanded, &rule)) rule = (fe_rule){.node = node};
  return rule;
}

void fe_check_preset(fe_context *c, const fe_preset_decl *decl) {
  const ast_expr *reference = ast_call(c->d, c->mem, decl->node->name, &(ast_args){0}, decl->node->loc);
  make_rule(c, ast_declare(c->mem, (ast_node){.kind = AST_RULE, .value = reference, .loc = decl->node->loc}));
}

static void index_rules(fe_context *c, fe_rules *rules) {
  rules->named.mem = c->mem;
  for (size_t i = 0; i < rules->all.len; i++) {
    const char *name = rules->all.data[i].node->name.text;
    if (strpbrk(name, "*?") != NULL)
      vec_push(c->mem, &rules->globs, i);
    else if (name_map_get(&rules->named, name) == NULL)
      name_map_set(&rules->named, name, &rules->all.data[i]);
  }
}

// Rules for states, by role and in loops are of networks with entries.
static bool is_plain_rule(fe_context *c, const ast_node *node) {
  if (node->kind == AST_RULE && node->word.text == NULL) return true;
  diag_error(c->d, node->loc, "this rule has no meaning for a model of one entry");
  diag_hint(c->d, "a rule begins with the name of a layer or a pattern, as in \"fc1\" or \"blk.*\"");
  return false;
}

void fe_build_rules(fe_context *c, fe_rules *out) {
  for (size_t q = 0; q < c->quantize.len; q++) {
    for (size_t i = 0; i < c->quantize.data[q]->body.len; i++) {
      const ast_node *node = c->quantize.data[q]->body.data[i];
      if (is_plain_rule(c, node)) vec_push(c->mem, &out->all, make_rule(c, node));
    }
  }
  index_rules(c, out);
}

// ---- matching ----

fe_rule *fe_match_rule(fe_rules *rules, const char *layer) {
  fe_rule *first = name_map_get(&rules->named, layer);
  for (size_t i = 0; i < rules->globs.len; i++) {
    fe_rule *rule = &rules->all.data[rules->globs.data[i]];
    if (first != NULL && rule > first) break;
    if (!fe_glob_match(rule->node->name.text, layer)) continue;
    first = rule;
    break;
  }
  if (first != NULL) first->matched = true;
  return first;
}

// Why no layer uses a rule: an earlier one has them all, or none has such a name.
static void hint_unused(fe_context *c, const char *glob, const ir_module *m) {
  enum { SHOWN = 6 };
  strbuf layers = {.mem = c->mem};
  size_t count = 0;
  if (!diag_may_search(c->d)) return;
  for (size_t i = 0; i < m->weights.len; i++) {
    const char *layer = m->weights.data[i]->layer;
    if (layer == NULL || m->weights.data[i]->scheme == NULL) continue;
    if (fe_glob_match(glob, layer)) {
      diag_hint(c->d, "the first rule that matches a layer's name is the one that counts");
      return;
    }
    if (count++ < SHOWN) strbuf_printf(&layers, "%s\"%s\"", count == 1 ? "" : ", ", layer);
  }
  if (count > 0) diag_hint(c->d, "the layers are %s%s", strbuf_text(&layers), count > SHOWN ? ", .." : "");
}

void fe_warn_unused_rules(fe_context *c, const fe_rules *rules, const ir_module *m) {
  for (size_t i = 0; i < rules->all.len; i++) {
    const fe_rule *rule = &rules->all.data[i];
    if (rule->matched || (rule->scheme == NULL && !rule->as_stored)) continue;
    diag_warning(c->d, "unused-rule", rule->node->name.loc, "the rule \"%s\" is used by no layer",
                 rule->node->name.text);
    hint_unused(c, rule->node->name.text, m);
  }
}

// The model that --emit=kernels compiles: a layer for every format and activation mode that is asked for.
#include <ctype.h>
#include <string.h>

#include "engine/engine.h"
#include "support/file.h"

typedef struct maker {
  diag *d;
  arena *mem;
  const engine_request *asked;
} maker;

// One layer for every rule, so that every format gets its recipe. Nothing of the shape ends up in a kernel.
#define LAYER_SHAPE 4096

fe_answer engine_find_layer(void *context, const char *file, const char *name, fe_tensor *out) {
  (void)context, (void)file;
  static const char ending[] = ".weight";
  size_t length = strlen(name);
  if (length < sizeof ending || strcmp(name + length - (sizeof ending - 1), ending) != 0) return FE_TENSOR_ABSENT;
  *out = (fe_tensor){.rank = 2, .dims = {LAYER_SHAPE, LAYER_SHAPE}, .block_type = -1};
  return FE_TENSOR_FOUND;
}

// Messages about `text` name it `name`.
static const ast *parse(const maker *m, const char *name, const char *text) {
  return fe_parse(m->d, m->mem, name, text, strlen(text));
}

static void add_rules(const maker *m, const ast *tree, ast_nodes *rules) {
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *item = tree->items.data[i];
    for (size_t r = 0; item->kind == AST_QUANTIZE && r < item->body.len; r++)
      vec_push(m->mem, rules, item->body.data[r]);
  }
}

// Rules as written, or, for a text without any, one for every scheme with its default parameters.
static void collect_rules(const maker *m, ast_nodes *rules) {
  add_rules(m, m->asked->tree, rules);
  for (size_t i = 0; i < m->asked->rule_count; i++) {
    const char *text = arena_printf(m->mem, "quantize { \"*\" : %s; }", m->asked->rules[i]);
    const ast *tree = parse(m, "--kernels", text);
    add_rules(m, tree, rules);
  }
}

static void collect_schemes(const maker *m, ast_nodes *rules) {
  for (size_t i = 0; i < m->asked->tree->items.len; i++) {
    const ast_node *item = m->asked->tree->items.data[i];
    if (item->kind != AST_SCHEME) continue;
    ast_node *rule = ARENA_NEW(m->mem, ast_node);
    *rule = (ast_node){.kind = AST_RULE, .name = item->name, .loc = item->loc};
    rule->value = ast_call(m->d, m->mem, item->name, ast_no_args(m->mem), item->loc);
    vec_push(m->mem, rules, rule);
  }
}

// The rule for one layer alone, without a storage layout: there are no weights.
static ast_node *rule_for_layer(const maker *m, const ast_node *rule, const char *layer) {
  ast_node *copy = arena_memdup(m->mem, rule, sizeof *rule);
  copy->name.text = layer;
  copy->body = (ast_nodes){0};
  for (size_t i = 0; i < rule->body.len; i++)
    if (strcmp(rule->body.data[i]->name.text, "layout") != 0) vec_push(m->mem, &copy->body, rule->body.data[i]);
  return copy;
}

// "kernels-2" -> "kernels_2"
static const char *identifier(const maker *m, const char *text) {
  char *copy = arena_printf(m->mem, "%s%s", isdigit((unsigned char)text[0]) ? "_" : "", text);
  for (char *c = copy; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return copy;
}

static const char *library_name(const maker *m) {
  const ast *tree = m->asked->tree;
  for (size_t i = 0; i < tree->items.len; i++)
    if (tree->items.data[i]->kind == AST_MODEL) return tree->items.data[i]->name.text;
  if (m->asked->input != NULL && strcmp(m->asked->input, "-") != 0)
    return identifier(m, path_stem(m->mem, m->asked->input));
  return "kernels";
}

static ast_nodes model_of_layers(const maker *m, size_t count) {
  strbuf text = {.mem = m->mem};
  strbuf_printf(&text, "model kernels {\n  weights \"\";\n  dim tokens <= 65536;\n  input x : f32[tokens, %d];\n",
                LAYER_SHAPE);
  for (size_t i = 0; i < count; i++) strbuf_printf(&text, "  output y%zu = linear(x, \"layer%zu\");\n", i, i);
  strbuf_printf(&text, "}\nquantize {\n}\n");
  return parse(m, "--emit=kernels", strbuf_text(&text))->items;
}

static bool make_model(const maker *m) {
  ast_nodes rules = {0}, items = {0};
  collect_rules(m, &rules);
  if (rules.len == 0) collect_schemes(m, &rules);
  if (diag_error_count(m->d) > 0) return false;
  if (rules.len == 0) {
    diag_error_file(m->d, m->asked->input, "names no format to make kernels of");
    diag_hint(m->d, "add a quantize block or a scheme, or use --kernels 'FORMAT, act = MODE'");
    return false;
  }
  ast_nodes made = model_of_layers(m, rules.len);
  made.data[0]->name.text = library_name(m);
  for (size_t i = 0; i < rules.len; i++)
    vec_push(m->mem, &made.data[1]->body, rule_for_layer(m, rules.data[i], arena_printf(m->mem, "layer%zu", i)));
  for (size_t i = 0; i < m->asked->tree->items.len; i++) {
    ast_node *item = m->asked->tree->items.data[i];
    if (item->kind != AST_MODEL && item->kind != AST_QUANTIZE) vec_push(m->mem, &items, item);
  }
  for (size_t i = 0; i < made.len; i++) vec_push(m->mem, &items, made.data[i]);
  m->asked->tree->items = items;
  return true;
}

bool engine_make_model(diag *d, arena *a, const engine_request *asked) {
  maker m = {.d = d, .mem = a, .asked = asked};
  return make_model(&m);
}

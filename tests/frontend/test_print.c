// A tree that is printed parses to the same tree: random operators and networks of all kinds of nodes. Names are often
// words that mean something elsewhere.
#include <string.h>
#include <time.h>

#include "frontend/frontend.h"
#include "frontend/tree.h"
#include "tests/check_main.h"

enum { TREES = 300 };

typedef struct generator {
  diag *d;
  arena *mem;
  uint64_t state;
} generator;

static const src_loc nowhere = {0};

static unsigned pick(generator *g, unsigned count) {
  g->state = g->state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(g->state >> 33) % count;
}

static bool chance(generator *g, unsigned of) { return pick(g, of) == 0; }

static ast_name text_of(const char *text) { return (ast_name){.text = text}; }

static ast_name a_name(generator *g) {
  static const char *const names[] = {"x",     "y2",    "in",    "step",   "prefix", "state", "block",   "entry",
                                      "value", "table", "input", "output", "layout", "per",   "network", "loop",
                                      "n",     "max",   "T",     "rows",   "sparse", "dim",   "weights", "operator"};
  return text_of(names[pick(g, sizeof names / sizeof *names)]);
}

static ast_name a_string(generator *g) {
  static const char *const strings[] = {"", "fc1", "blk.{i}.w", "a \"b\" \\ {{c}", "*"};
  return text_of(strings[pick(g, sizeof strings / sizeof *strings)]);
}

// ---- expressions ----

static const ast_expr *an_expr(generator *g, unsigned depth);

static const ast_expr *a_leaf(generator *g) {
  static const double reals[] = {0.5, 1e-5, 3.25e10, 1};
  switch (pick(g, 4)) {
  case 0: return ast_int(g->mem, pick(g, 100), nowhere);
  case 1: return ast_real(g->mem, reals[pick(g, 4)], nowhere);
  case 2: return ast_leaf(g->mem, AST_STRING, a_string(g), nowhere);
  default: return ast_leaf(g->mem, AST_NAME, a_name(g), nowhere);
  }
}

static const ast_expr *a_range(generator *g, unsigned depth) {
  const ast_expr *from = chance(g, 4) ? NULL : an_expr(g, depth);
  const ast_expr *to = from == NULL || chance(g, 2) ? NULL : an_expr(g, depth);
  return ast_range(g->d, g->mem, from, to, chance(g, 3) ? an_expr(g, depth) : NULL, nowhere);
}

static const ast_args *some_indices(generator *g, unsigned depth, unsigned most) {
  ast_args *out = ast_no_args(g->mem);
  for (unsigned i = pick(g, most + 1); i > 0; i--) {
    unsigned kind = pick(g, 6);
    const ast_expr *e = kind == 0   ? a_range(g, depth)
                        : kind == 1 ? ast_leaf(g->mem, AST_STAR, (ast_name){0}, nowhere)
                                    : an_expr(g, depth);
    ast_add_arg(g->mem, out, (ast_name){0}, e);
  }
  return out;
}

static const ast_args *some_arguments(generator *g, unsigned depth) {
  ast_args *out = ast_no_args(g->mem);
  for (unsigned i = pick(g, 4); i > 0; i--) {
    bool named = chance(g, 3);
    ast_add_arg(g->mem, out, named ? a_name(g) : (ast_name){0},
                !named && chance(g, 3) ? a_range(g, depth) : an_expr(g, depth));
  }
  return out;
}

static const ast_expr *an_expr(generator *g, unsigned depth) {
  if (depth == 0) return a_leaf(g);
  const ast_expr *x = an_expr(g, depth - 1), *y = an_expr(g, depth - 1);
  ast_operator op = (ast_operator)pick(g, AST_OPERATOR_COUNT);
  bool unary = ast_operator_precedence(op) == 0;
  switch (pick(g, 8)) {
  case 0: return ast_call(g->d, g->mem, a_name(g), some_arguments(g, depth - 1), nowhere);
  case 1: return ast_index(g->d, g->mem, x, some_indices(g, depth - 1, 2), nowhere);
  case 2: return ast_list(g->d, g->mem, some_indices(g, depth - 1, 3), nowhere);
  case 3: return ast_select(g->d, g->mem, x, y, an_expr(g, depth - 1), nowhere);
  case 4: return ast_else(g->d, g->mem, x, y, nowhere);
  case 5: return a_leaf(g);
  default: return unary ? ast_unary(g->d, g->mem, op, x, nowhere) : ast_binary(g->d, g->mem, op, x, y, nowhere);
  }
}

// ---- declarations and statements ----

static ast_type a_type(generator *g, bool rings) {
  ast_type type = {.name = a_name(g)};
  if (chance(g, 5)) type.width = an_expr(g, 1);
  if (chance(g, 5)) type = (ast_type){.name = text_of(""), .width = an_expr(g, 1)};
  type.dims = *some_indices(g, 2, 3);
  if (!rings) return type;
  for (unsigned i = 0; i < type.dims.len; i++)
    if (chance(g, 2)) type.dims.data[i].value = ast_ring(g->d, g->mem, an_expr(g, 2), nowhere);
  return type;
}

static ast_node *node_of(generator *g, ast_node node) { return ast_nest(g->d, g->mem, node); }

static const ast_expr *a_target(generator *g) {
  const ast_expr *name = ast_leaf(g->mem, AST_NAME, a_name(g), nowhere);
  return chance(g, 2) ? name : ast_index(g->d, g->mem, name, some_indices(g, 1, 3), nowhere);
}

static ast_node *a_statement(generator *g, unsigned depth);

static ast_nodes some_statements(generator *g, unsigned depth) {
  ast_nodes *out = ast_no_nodes(g->mem);
  for (unsigned i = pick(g, 4); i > 0; i--) ast_add_node(g->mem, out, a_statement(g, depth));
  return *out;
}

static ast_node *an_assignment(generator *g) {
  static const char *const signs[] = {":=", "+=", "*=", "max=", "min="};
  ast_node node = {.kind = AST_STATEMENT, .word = text_of("="), .value = an_expr(g, 3)};
  ast_add_arg(g->mem, &node.args, (ast_name){0}, a_target(g));
  unsigned form = pick(g, 4);
  const ast_expr *target = node.args.data[0].value;
  if (form == 2 && target->kind == AST_NAME && strcmp(target->name.text, "weights") == 0) form = 3; // a declaration
  if (form == 0) node.type = a_type(g, false);
  if (form == 1) node.word = text_of(signs[pick(g, 5)]);
  if (form == 2) ast_add_arg(g->mem, &node.args, (ast_name){0}, a_target(g));
  return ast_statement(g->mem, &node.args, &node.word, &node.type, node.value, nowhere);
}

static ast_node *a_for(generator *g, ast_nodes body) {
  ast_node node = {.kind = AST_FOR, .body = body};
  unsigned form = pick(g, 3);
  for (unsigned i = form == 0 ? 2 : 1; i > 0; i--) ast_add_name(g->mem, &node.binders, a_name(g));
  if (form == 0) node.word = text_of("[");
  *(form == 1 ? &node.per : &node.value) = an_expr(g, 2);
  return node_of(g, node);
}

static ast_node *a_return(generator *g) {
  ast_node node = {.kind = AST_RETURN};
  for (unsigned i = pick(g, 3); i > 0; i--) {
    ast_node result = {.kind = AST_RESULT, .value = an_expr(g, 2)};
    if (chance(g, 2)) result.name = a_name(g);
    if (result.name.text != NULL && chance(g, 2)) result.type = a_type(g, false);
    ast_add_node(g->mem, &node.body, ast_declare(g->mem, result));
  }
  return node_of(g, node);
}

static ast_node *an_if(generator *g, unsigned depth) {
  ast_node node = {.kind = AST_IF, .value = an_expr(g, 2), .body = some_statements(g, depth)};
  if (chance(g, 2)) node.otherwise = some_statements(g, depth);
  return node_of(g, node);
}

static ast_node *a_statement(generator *g, unsigned depth) {
  if (depth == 0) return an_assignment(g);
  switch (pick(g, 8)) {
  case 0: return an_if(g, depth - 1);
  case 1: return a_for(g, some_statements(g, depth - 1));
  case 2:
    return node_of(
        g,
        (ast_node){.kind = AST_LOOP, .name = a_name(g), .per = an_expr(g, 2), .body = some_statements(g, depth - 1)});
  case 3: return a_return(g);
  case 4: return node_of(g, (ast_node){.kind = AST_REQUIRE, .value = an_expr(g, 2), .word = a_string(g)});
  case 5: return node_of(g, (ast_node){.kind = AST_CONST, .name = a_name(g), .value = an_expr(g, 2)});
  default: return an_assignment(g);
  }
}

static ast_nodes some_params(generator *g) {
  ast_nodes *out = ast_no_nodes(g->mem);
  for (unsigned i = pick(g, 4); i > 0; i--) {
    ast_node param = {.kind = AST_PARAM, .name = a_name(g)};
    if (chance(g, 4)) ast_add_arg(g->mem, &param.args, (ast_name){0}, an_expr(g, 1));
    if (chance(g, 2)) param.type = a_type(g, false);
    if (chance(g, 3)) param.per = an_expr(g, 2);
    if (chance(g, 3)) param.value = an_expr(g, 2);
    ast_add_node(g->mem, out, ast_declare(g->mem, param));
  }
  return *out;
}

// An operator, a block or an entry.
static ast_node *a_function(generator *g, ast_kind kind) {
  ast_node node = {.kind = kind, .name = a_name(g), .params = some_params(g), .body = some_statements(g, 3)};
  if (chance(g, 2)) node.doc = "What it does.\n\nAnd how.";
  const ast_expr *result = ast_leaf(g->mem, AST_NAME, a_name(g), nowhere);
  ast_args *count = ast_add_arg(g->mem, ast_no_args(g->mem), (ast_name){0}, an_expr(g, 1));
  if (kind == AST_OPERATOR && chance(g, 2)) ast_add_arg(g->mem, &node.args, (ast_name){0}, result);
  if (kind == AST_OPERATOR && chance(g, 3))
    ast_add_arg(g->mem, &node.args, (ast_name){0}, ast_index(g->d, g->mem, result, count, nowhere));
  return node_of(g, node);
}

static ast_node *some_weights(generator *g) {
  ast_node node = {.kind = AST_WEIGHTS};
  if (chance(g, 2)) node.suffix = a_name(g);
  if (chance(g, 2)) node.name = a_string(g);
  if (chance(g, 2)) ast_add_arg(g->mem, &node.args, text_of("prefix"), an_expr(g, 1));
  return node_of(g, node);
}

static ast_node *a_dim(generator *g) {
  ast_node node = {
      .kind = AST_DIM, .name = a_name(g), .word = text_of(chance(g, 2) ? "<" : NULL), .value = an_expr(g, 2)};
  if (chance(g, 2)) ast_add_arg(g->mem, &node.args, (ast_name){0}, ast_int(g->mem, pick(g, 9), nowhere));
  if (chance(g, 2)) node.per = an_expr(g, 1);
  return node_of(g, node);
}

static ast_node *a_state(generator *g) {
  ast_node node = {.kind = AST_STATE, .type = a_type(g, true)};
  for (unsigned i = 1 + pick(g, 2); i > 0; i--) ast_add_name(g->mem, &node.binders, a_name(g));
  const ast_expr *layer = ast_leaf(g->mem, AST_NAME, a_name(g), nowhere), *layers = an_expr(g, 1);
  const ast_expr *family = ast_binary(g->d, g->mem, AST_OP_LT, layer, layers, nowhere);
  if (chance(g, 2)) ast_add_arg(g->mem, &node.args, (ast_name){0}, family);
  if (chance(g, 2)) node.value = an_expr(g, 2);
  return node_of(g, node);
}

static ast_node *a_member(generator *g) {
  switch (pick(g, 8)) {
  case 0: return some_weights(g);
  case 1: return a_dim(g);
  case 2: return a_state(g);
  case 3: return a_function(g, AST_BLOCK);
  case 4: return a_function(g, AST_ENTRY);
  case 5:
    return node_of(g, (ast_node){.kind = AST_INPUT,
                                 .name = a_name(g),
                                 .type = a_type(g, false),
                                 .per = chance(g, 2) ? an_expr(g, 2) : NULL});
  case 6: return node_of(g, (ast_node){.kind = AST_OUTPUT, .name = a_name(g), .value = an_expr(g, 2)});
  default: return a_statement(g, 2);
  }
}

static ast_node *a_quantize(generator *g) {
  const ast_expr *reference = ast_call(g->d, g->mem, text_of("q8_0"), ast_no_args(g->mem), nowhere);
  ast_nodes *rules = ast_no_nodes(g->mem);
  ast_node rule = {.kind = AST_RULE, .name = a_string(g), .value = reference};
  if (chance(g, 2)) rule.word = text_of(chance(g, 2) ? "state" : "conv2d");
  ast_add_node(g->mem, rules, ast_declare(g->mem, rule));
  ast_node loop = {.kind = AST_FOR, .per = ast_int(g->mem, 3, nowhere), .body = *rules};
  ast_add_name(g->mem, &loop.binders, text_of("i"));
  ast_nodes *body = ast_add_node(g->mem, ast_no_nodes(g->mem), node_of(g, loop));
  return node_of(g, (ast_node){.kind = AST_QUANTIZE, .body = *ast_join_nodes(g->mem, body, rules)});
}

static ast *a_tree(generator *g) {
  ast *tree = ARENA_NEW(g->mem, ast);
  ast_node network = {.kind = AST_MODEL, .name = a_name(g), .word = text_of(chance(g, 2) ? "network" : NULL)};
  for (unsigned i = pick(g, 6); i > 0; i--) ast_add_node(g->mem, &network.body, a_member(g));
  for (unsigned i = pick(g, 4); i > 0; i--) ast_add_node(g->mem, &tree->items, a_function(g, AST_OPERATOR));
  ast_add_node(g->mem, &tree->items, a_function(g, AST_BLOCK));
  ast_add_node(g->mem, &tree->items, some_weights(g));
  ast_add_node(g->mem, &tree->items, node_of(g, network));
  ast_add_node(g->mem, &tree->items, a_quantize(g));
  return tree;
}

// ---- equality, but for places ----

static bool same_name(ast_name a, ast_name b) {
  return (a.text == NULL) == (b.text == NULL) && (a.text == NULL || strcmp(a.text, b.text) == 0);
}

static bool same_expr(const ast_expr *a, const ast_expr *b);

static bool same_args(const ast_args *a, const ast_args *b) {
  bool same = a->len == b->len;
  for (size_t i = 0; same && i < a->len; i++)
    same = same_name(a->data[i].name, b->data[i].name) && same_expr(a->data[i].value, b->data[i].value);
  return same;
}

static bool same_expr(const ast_expr *a, const ast_expr *b) {
  if (a == NULL || b == NULL) return a == b;
  bool head = a->kind == b->kind && a->op == b->op && a->depth == b->depth && a->i == b->i && a->r == b->r;
  return head && same_name(a->name, b->name) && same_args(&a->args, &b->args);
}

static bool same_names(const ast_names *a, const ast_names *b) {
  bool same = a->len == b->len;
  for (size_t i = 0; same && i < a->len; i++) same = same_name(a->data[i], b->data[i]);
  return same;
}

static bool same_nodes(const ast_nodes *a, const ast_nodes *b);

static bool same_node(const ast_node *a, const ast_node *b) {
  bool names = same_name(a->name, b->name) && same_name(a->word, b->word) && same_name(a->suffix, b->suffix) &&
               same_names(&a->binders, &b->binders) && same_name(text_of(a->doc), text_of(b->doc));
  bool type = same_name(a->type.name, b->type.name) && same_expr(a->type.width, b->type.width) &&
              same_args(&a->type.dims, &b->type.dims);
  bool values = same_expr(a->per, b->per) && same_expr(a->value, b->value) && same_args(&a->args, &b->args);
  return a->kind == b->kind && a->depth == b->depth && names && type && values && same_nodes(&a->body, &b->body) &&
         same_nodes(&a->params, &b->params) && same_nodes(&a->otherwise, &b->otherwise);
}

static bool same_nodes(const ast_nodes *a, const ast_nodes *b) {
  bool same = a->len == b->len;
  for (size_t i = 0; same && i < a->len; i++) same = same_node(a->data[i], b->data[i]);
  return same;
}

// ---- the tests ----

START_TEST(prints_what_it_parses) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  generator g = {.d = d, .mem = a, .state = (uint64_t)_i + 1};
  const ast *tree = a_tree(&g);
  ck_assert_uint_eq(diag_error_count(d), 0);
  const char *text = fe_print_ast(a, tree);
  const ast *again = fe_parse(d, a, "printed.q", text, strlen(text));
  ck_assert_msg(!again->has_errors, "tree %d: %.2000s", _i, diag_text(d));
  ck_assert_uint_eq(tree->items.len, again->items.len);
  for (size_t i = 0; i < tree->items.len; i++)
    ck_assert_msg(same_node(tree->items.data[i], again->items.data[i]), "tree %d, declaration %zu:\n%.3000s", _i, i,
                  text);
  ck_assert(strcmp(text, fe_print_ast(a, again)) == 0);
  arena_free(a);
}
END_TEST

typedef struct template_row {
  const char *text; // a whole text; its first string is taken apart
  const char *parts;
  const char *message; // a part of it, or NULL
} template_row;

static const template_row templates[] = {
    {"model m { x = \"\"; }", "", NULL},
    {"model m { x = \"fc1\"; }", "'fc1'", NULL},
    {"model m { x = \"blk.{layer + 1}.w\"; }", "'blk.' layer + 1 '.w'", NULL},
    {"model m { x = \"{a}{b}\"; }", "a b", NULL},
    {"model m { x = \"\\{a}\"; }", "'{a}'", NULL},
    {"model m { x = \"{f(\\\"}\\\")}\"; }", "f(\"}\")", NULL},
    {"model m { x = \"a{b\"; }", "", "t.q:1:17: error: this '{' has no '}'"},
    {"model m { x = \"a{}\"; }", "", "t.q:1:18: error: expected an expression, got '}'"},
    {"model m { x = \"\\\"{a +}\"; }", "", "t.q:1:22: error: expected an expression after '+', got '}'"},
    {"model m { x = \"{f(\\\"a\\\", +)}\"; }", "", "t.q:1:26: error: "},
};
enum { TEMPLATES = sizeof templates / sizeof *templates };

START_TEST(templates_are_taken_apart) {
  const template_row *row = &templates[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const ast *tree = fe_parse(d, a, "t.q", row->text, strlen(row->text));
  ck_assert(!tree->has_errors);
  fe_template parts;
  bool ok = fe_template_parts(d, a, tree->items.data[0]->body.data[0]->value->name, &parts);
  ck_assert_msg(ok == (row->message == NULL), "%s: %s", row->text, diag_text(d));
  if (!ok) ck_assert_msg(strstr(diag_text(d), row->message) != NULL, "%s: %s", row->text, diag_text(d));
  strbuf shown = {.mem = a};
  for (size_t i = 0; ok && i < parts.len; i++) {
    const fe_template_part *part = &parts.data[i];
    if (part->value == NULL)
      strbuf_printf(&shown, "%s'%s'", i > 0 ? " " : "", part->text);
    else
      strbuf_printf(&shown, "%s%s", i > 0 ? " " : "", fe_expr_text(a, part->value));
  }
  ck_assert_str_eq(strbuf_text(&shown), row->parts);
  arena_free(a);
}
END_TEST

// Texts of many statements take time in proportion to their length. The limit is generous for slow machines.
START_TEST(many_statements) {
  enum { STATEMENTS = 100000, MOST_SECONDS = 20 };
  arena *a = arena_new();
  strbuf text = {.mem = a};
  strbuf_printf(&text, "operator f(x : T[n]) {\n");
  for (int i = 0; i < STATEMENTS; i++)
    strbuf_printf(&text, "y%d : f32[n] = x[n] + sum(k, a[k, (n + k)..] else 0);\n", i);
  strbuf_printf(&text, "}\n");
  clock_t begin = clock();
  const ast *tree = fe_parse(diag_new(a, NULL, false), a, "many.q", strbuf_text(&text), text.len);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  ck_assert(!tree->has_errors);
  ck_assert_uint_eq(tree->items.data[0]->body.len, STATEMENTS);
  ck_assert_msg(seconds < MOST_SECONDS, "%g seconds", seconds);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("print");
  TCase *trees = tcase_create("trees");
  check_add_rounds(trees, prints_what_it_parses, TREES);
  suite_add_tcase(suite, trees);
  TCase *strings = tcase_create("templates");
  tcase_add_loop_test(strings, templates_are_taken_apart, 0, TEMPLATES);
  suite_add_tcase(suite, strings);
  check_add(suite, "many", (const TTest *const[]){many_statements, NULL});
  return check_main(suite);
}

// Constructors of the tree.
#include "frontend/ast.h"

#include <string.h>

typedef struct operator_info {
  const char *text;
  int precedence;
} operator_info;

static const operator_info operators[AST_OPERATOR_COUNT] = {
#define BINARY(id, string, prec, op, swap, negate) [AST_OP_##id] = {.text = (string), .precedence = (prec)},
#define UNARY(id, string, op) [AST_OP_##id] = {.text = (string)},
#include "frontend/operators.def"
};

const char *ast_operator_text(ast_operator op) { return operators[op].text; }

int ast_operator_precedence(ast_operator op) { return operators[op].precedence; }

static ast_expr *new_expr(arena *a, ast_expr_kind kind, src_loc loc) {
  ast_expr *e = ARENA_NEW(a, ast_expr);
  e->kind = kind;
  e->depth = 1;
  e->loc = loc;
  return e;
}

ast_expr *ast_int(arena *a, int64_t value, src_loc loc) {
  ast_expr *e = new_expr(a, AST_INT, loc);
  e->i = value;
  return e;
}

ast_expr *ast_real(arena *a, double value, src_loc loc) {
  ast_expr *e = new_expr(a, AST_REAL, loc);
  e->r = value;
  return e;
}

ast_expr *ast_leaf(arena *a, ast_expr_kind kind, ast_name name, src_loc loc) {
  ast_expr *e = new_expr(a, kind, loc);
  e->name = name;
  return e;
}

// Most lists of a tree are short, so they begin smaller than others do.
static void begin_args(arena *a, ast_args *list, size_t count) {
  if (list->cap > 0) return;
  list->data = ARENA_ARRAY(a, ast_arg, count);
  list->cap = count;
}

static void push_operand(arena *a, ast_expr *e, const ast_expr *operand) {
  ast_arg arg = {.value = operand};
  vec_push(a, &e->args, arg);
}

// The node itself, or a harmless leaf in its place when the tree has become too deep.
static ast_expr *limit_depth(diag *d, arena *a, ast_expr *e) {
  for (size_t i = 0; i < e->args.len; i++) {
    const ast_expr *part = e->args.data[i].value;
    if (part != NULL && part->depth >= e->depth) e->depth = part->depth + 1;
  }
  if (e->depth <= AST_MAX_DEPTH) return e;
  diag_error(d, e->loc, "this expression is nested more than %d levels deep", AST_MAX_DEPTH);
  diag_hint(d, "split it; a chain such as a + b + c counts one level for each operator");
  return ast_int(a, 1, e->loc);
}

static ast_expr *new_operation(diag *d, arena *a, ast_expr_kind kind, ast_operator op, size_t count,
                               const ast_expr *const *operands, src_loc loc) {
  ast_expr *e = new_expr(a, kind, loc);
  e->op = op;
  begin_args(a, &e->args, count);
  for (size_t i = 0; i < count; i++) push_operand(a, e, operands[i]);
  return limit_depth(d, a, e);
}

ast_expr *ast_unary(diag *d, arena *a, ast_operator op, const ast_expr *x, src_loc loc) {
  return new_operation(d, a, AST_UNARY, op, 1, &x, loc);
}

ast_expr *ast_binary(diag *d, arena *a, ast_operator op, const ast_expr *x, const ast_expr *y, src_loc loc) {
  return new_operation(d, a, AST_BINARY, op, 2, (const ast_expr *[]){x, y}, loc);
}

ast_expr *ast_select(diag *d, arena *a, const ast_expr *c, const ast_expr *x, const ast_expr *y, src_loc loc) {
  return new_operation(d, a, AST_SELECT, (ast_operator)0, 3, (const ast_expr *[]){c, x, y}, loc);
}

ast_expr *ast_call(diag *d, arena *a, ast_name name, const ast_args *args, src_loc loc) {
  ast_expr *e = new_expr(a, AST_CALL, loc);
  e->name = name;
  e->args = *args;
  return limit_depth(d, a, e);
}

ast_expr *ast_index(diag *d, arena *a, const ast_expr *base, const ast_args *indices, src_loc loc) {
  ast_expr *e = new_expr(a, AST_INDEX, loc);
  if (base->args.len + indices->len > AST_MAX_INDICES && base->kind == AST_INDEX) {
    diag_error(d, loc, "more than %d indices", AST_MAX_INDICES);
    return ast_int(a, 1, loc);
  }
  begin_args(a, &e->args, base->args.len + 1 + indices->len);
  if (base->kind == AST_INDEX)
    for (size_t i = 0; i < base->args.len; i++) push_operand(a, e, base->args.data[i].value);
  else
    push_operand(a, e, base);
  for (size_t i = 0; i < indices->len; i++) push_operand(a, e, indices->data[i].value);
  return limit_depth(d, a, e);
}

ast_expr *ast_list(diag *d, arena *a, const ast_args *elements, src_loc loc) {
  ast_expr *e = new_expr(a, AST_LIST, loc);
  e->args = *elements;
  return limit_depth(d, a, e);
}

ast_expr *ast_else(diag *d, arena *a, const ast_expr *x, const ast_expr *otherwise, src_loc loc) {
  return new_operation(d, a, AST_ELSE, (ast_operator)0, 2, (const ast_expr *[]){x, otherwise}, loc);
}

ast_expr *ast_range(diag *d, arena *a, const ast_expr *from, const ast_expr *to, const ast_expr *bound, src_loc loc) {
  return new_operation(d, a, AST_RANGE, (ast_operator)0, 3, (const ast_expr *[]){from, to, bound}, loc);
}

ast_expr *ast_ring(diag *d, arena *a, const ast_expr *size, src_loc loc) {
  return new_operation(d, a, AST_RING, (ast_operator)0, 1, &size, loc);
}

ast_node *ast_declare(arena *a, ast_node node) {
  ast_node *n = ARENA_NEW(a, ast_node);
  *n = node;
  n->depth = 1;
  return n;
}

ast_node *ast_statement(arena *a, const ast_args *targets, const ast_name *sign, const ast_type *type,
                        const ast_expr *value, src_loc loc) {
  const ast_expr *first = targets->data[0].value;
  bool plain = targets->len == 1 && first->kind == AST_NAME && type->name.text == NULL && strcmp(sign->text, "=") == 0;
  if (plain) return ast_declare(a, (ast_node){.kind = AST_LET, .name = first->name, .value = value, .loc = loc});
  ast_node node = {.kind = AST_STATEMENT, .args = *targets, .type = *type, .word = *sign, .value = value, .loc = loc};
  return ast_declare(a, node);
}

static unsigned depth_around(const ast_nodes *nodes, unsigned depth) {
  for (size_t i = 0; i < nodes->len; i++)
    if (nodes->data[i]->depth >= depth) depth = nodes->data[i]->depth + 1;
  return depth;
}

ast_node *ast_nest(diag *d, arena *a, ast_node node) {
  ast_node *n = ast_declare(a, node);
  n->depth = depth_around(&n->otherwise, depth_around(&n->body, 1));
  if (n->depth <= AST_MAX_NESTING) return n;
  diag_error(d, n->loc, "statements are nested more than %d levels deep", AST_MAX_NESTING);
  diag_hint(d, "each `else if` counts one level");
  return NULL;
}

ast_args *ast_no_args(arena *a) { return ARENA_NEW(a, ast_args); }

ast_names *ast_no_names(arena *a) { return ARENA_NEW(a, ast_names); }

ast_nodes *ast_no_nodes(arena *a) { return ARENA_NEW(a, ast_nodes); }

ast_args *ast_add_arg(arena *a, ast_args *list, ast_name name, const ast_expr *value) {
  ast_arg arg = {.name = name, .value = value};
  begin_args(a, list, 2);
  vec_push(a, list, arg);
  return list;
}

ast_args *ast_join_args(arena *a, ast_args *list, const ast_args *more) {
  begin_args(a, list, more->len + 1);
  for (size_t i = 0; i < more->len; i++) vec_push(a, list, more->data[i]);
  return list;
}

ast_names *ast_add_name(arena *a, ast_names *list, ast_name name) {
  vec_push(a, list, name);
  return list;
}

ast_nodes *ast_join_nodes(arena *a, ast_nodes *list, const ast_nodes *more) {
  for (size_t i = 0; i < more->len; i++) vec_push(a, list, more->data[i]);
  return list;
}

ast_nodes *ast_add_node(arena *a, ast_nodes *list, ast_node *node) {
  if (node != NULL) vec_push(a, list, node);
  return list;
}

#include <string.h>

#include "format/scheme.h"
#include "support/fp.h"

static const expr_info infos[EXPR_COUNT] = {
#define EXPR(id, text, args, integer) [EXPR_##id] = {.name = (text), .arg_count = (args), .integer_only = (integer)},
#include "format/expr.def"
#undef EXPR
};

const expr_info *expr_get_info(expr_op op) { return &infos[op]; }

unsigned expr_line_args(expr_op op) {
  static const unsigned char counts[EXPR_COUNT] = {
      [EXPR_STREAM] = 2, [EXPR_ORDER] = 1, [EXPR_FIND] = 3, [EXPR_RANK] = 1};
  return op < EXPR_COUNT ? counts[op] : 0;
}

expr_op expr_op_by_name(const char *name) {
  for (int op = 0; op < EXPR_COUNT; op++)
    if (strcmp(infos[op].name, name) == 0) return (expr_op)op;
  return EXPR_COUNT;
}

static expr *new_expr(arena *a, expr_op op, src_loc loc) {
  expr *e = ARENA_NEW(a, expr);
  e->op = op;
  e->loc = loc;
  return e;
}

const expr *expr_int(arena *a, int64_t value, src_loc loc) {
  expr *e = new_expr(a, EXPR_INT, loc);
  e->is_int = true;
  e->i = value;
  return e;
}

const expr *expr_real(arena *a, double value, src_loc loc) {
  expr *e = new_expr(a, EXPR_REAL, loc);
  e->r = value;
  return e;
}

const expr *expr_leaf(arena *a, expr_op op, unsigned index, bool is_int, src_loc loc) {
  expr *e = new_expr(a, op, loc);
  e->index = index;
  e->is_int = is_int;
  return e;
}

// How an operator's result type follows from its arguments, beyond those that are integers by definition.
typedef enum result_kind { RESULT_REAL, RESULT_INT, RESULT_AS_ARGS, RESULT_AS_BRANCHES } result_kind;

static const unsigned char results[EXPR_COUNT] = {
    [EXPR_NEG] = RESULT_AS_ARGS, [EXPR_ADD] = RESULT_AS_ARGS,
    [EXPR_SUB] = RESULT_AS_ARGS, [EXPR_MUL] = RESULT_AS_ARGS,
    [EXPR_DIV] = RESULT_AS_ARGS, [EXPR_LT] = RESULT_INT,
    [EXPR_EQ] = RESULT_INT,      [EXPR_ABS] = RESULT_AS_ARGS,
    [EXPR_MIN] = RESULT_AS_ARGS, [EXPR_SELECT] = RESULT_AS_BRANCHES,
    [EXPR_MAX] = RESULT_AS_ARGS,
};

static bool derive_is_int(const expr *e) {
  if (infos[e->op].integer_only || results[e->op] == RESULT_INT) return true;
  if (results[e->op] == RESULT_REAL) return false;
  for (unsigned i = results[e->op] == RESULT_AS_BRANCHES; i < e->arg_count; i++)
    if (!e->args[i]->is_int) return false;
  return true;
}

const expr *expr_make(arena *a, expr_op op, unsigned index, unsigned axis, size_t count, const expr *const *args,
                      src_loc loc) {
  expr *e = new_expr(a, op, loc);
  e->index = index;
  e->axis = axis;
  e->arg_count = (unsigned)count;
  e->args = args;
  e->is_int = derive_is_int(e);
  return e;
}

const expr *expr_lookup(arena *a, expr_op op, unsigned index, bool is_int, const expr *at, src_loc loc) {
  const expr **args = ARENA_ARRAY(a, const expr *, 1);
  args[0] = at;
  expr *e = new_expr(a, op, loc);
  e->index = index;
  e->is_int = is_int;
  e->arg_count = 1;
  e->args = args;
  return e;
}

static bool same_node(const expr *a, const expr *b) {
  return a->op == b->op && a->is_int == b->is_int && a->index == b->index && a->axis == b->axis && a->i == b->i &&
         fp_bits64(a->r) == fp_bits64(b->r) && a->arg_count == b->arg_count;
}

bool expr_equal(const expr *a, const expr *b) {
  if (a == b) return true;
  if (!same_node(a, b)) return false;
  for (unsigned i = 0; i < a->arg_count; i++)
    if (!expr_equal(a->args[i], b->args[i])) return false;
  return true;
}

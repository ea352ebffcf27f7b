#include "lower/value_set.h"

#include <stdlib.h>
#include <string.h>

#include "ir/int_math.h"

static int ascending(const void *a, const void *b) {
  const int64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static bool finish(value_set *s) {
  qsort(s->values, s->count, sizeof *s->values, ascending);
  size_t kept = 0;
  for (size_t i = 0; i < s->count; i++)
    if (kept == 0 || s->values[kept - 1] != s->values[i]) s->values[kept++] = s->values[i];
  s->count = kept;
  return kept <= VALUE_SET_MAX;
}

// min .. max
static bool range_set(arena *a, int64_t min, int64_t max, value_set *out) {
  if (max - min >= VALUE_SET_MAX) return false;
  out->count = (size_t)(max - min + 1);
  out->values = ARENA_ARRAY(a, int64_t, out->count);
  for (size_t i = 0; i < out->count; i++) out->values[i] = min + (int64_t)i;
  return true;
}

static bool element_set(arena *a, elem_type type, value_set *out) {
  const elem_info *e = elem_get(type);
  return e->kind != ELEM_KIND_FLOAT && e->bits <= 12 && range_set(a, elem_min(type), elem_max(type), out);
}

static bool table_set(arena *a, const scheme_table *t, value_set *out) {
  out->count = t->count;
  out->values = ARENA_ARRAY(a, int64_t, t->count);
  for (size_t i = 0; i < t->count; i++) out->values[i] = (int64_t)t->values[i];
  return finish(out);
}

static bool apply(expr_op op, int64_t x, int64_t y, int64_t *out) {
  switch (op) {
  case EXPR_ADD: return *out = int_add(x, y), true;
  case EXPR_SUB: return *out = int_sub(x, y), true;
  case EXPR_MUL: return *out = int_mul(x, y), true;
  case EXPR_DIV: return *out = int_div(x, y), true;
  case EXPR_MOD: return *out = int_mod(x, y), true;
  case EXPR_SHL: return *out = int_shl(x, y), true;
  case EXPR_SHR: return *out = int_shr(x, y), true;
  case EXPR_AND: return *out = x & y, true;
  case EXPR_OR: return *out = x | y, true;
  case EXPR_XOR: return *out = x ^ y, true;
  case EXPR_MIN: return *out = x < y ? x : y, true;
  case EXPR_MAX: return *out = x > y ? x : y, true;
  default: return false;
  }
}

static bool binary_set(arena *a, expr_op op, const value_set *x, const value_set *y, value_set *out) {
  enum { MAX_PAIRS = 1 << 20 };
  if (x->count * y->count > MAX_PAIRS) return false;
  out->count = 0;
  out->values = ARENA_ARRAY(a, int64_t, x->count * y->count);
  for (size_t i = 0; i < x->count; i++)
    for (size_t j = 0; j < y->count; j++)
      if (!apply(op, x->values[i], y->values[j], &out->values[out->count++])) return false;
  return finish(out);
}

static bool unary_set(expr_op op, const value_set *x, value_set *out) {
  *out = *x;
  for (size_t i = 0; i < x->count; i++) {
    int64_t v = x->values[i];
    out->values[i] = op == EXPR_NEG ? int_neg(v) : op == EXPR_NOT ? ~v : int_abs(v);
  }
  return finish(out);
}

static bool union_set(arena *a, const value_set *x, const value_set *y, value_set *out) {
  out->count = x->count + y->count;
  out->values = ARENA_ARRAY(a, int64_t, out->count);
  memcpy(out->values, x->values, x->count * sizeof *x->values);
  memcpy(out->values + x->count, y->values, y->count * sizeof *y->values);
  return finish(out);
}

// What a constant right operand bounds although nothing is known of the left one.
static bool bounded(arena *a, const expr *e, value_set *out) {
  if ((e->op != EXPR_MOD && e->op != EXPR_AND) || e->args[1]->op != EXPR_INT || e->args[1]->i <= 0) return false;
  return range_set(a, 0, e->args[1]->i - (e->op == EXPR_MOD), out);
}

bool value_set_of(arena *a, const scheme *s, const expr *e, value_set *out) {
  value_set x, y;
  if (!e->is_int) return false;
  switch (e->op) {
  case EXPR_INT: return range_set(a, e->i, e->i, out);
  case EXPR_FIELD:
  case EXPR_ELEMENT: return element_set(a, s->fields[e->index].type, out);
  case EXPR_TABLE: return table_set(a, &s->tables[e->index], out);
  case EXPR_LT:
  case EXPR_EQ: return range_set(a, 0, 1, out);
  case EXPR_WINDOW: return e->args[0]->i <= 12 && range_set(a, 0, (INT64_C(1) << e->args[0]->i) - 1, out);
  case EXPR_NEG:
  case EXPR_NOT:
  case EXPR_ABS: return value_set_of(a, s, e->args[0], &x) && unary_set(e->op, &x, out);
  case EXPR_SELECT:
    return value_set_of(a, s, e->args[1], &x) && value_set_of(a, s, e->args[2], &y) && union_set(a, &x, &y, out);
  default: break;
  }
  if (e->arg_count != 2) return false;
  bool known = value_set_of(a, s, e->args[0], &x) && value_set_of(a, s, e->args[1], &y);
  return (known && binary_set(a, e->op, &x, &y, out)) || bounded(a, e, out);
}

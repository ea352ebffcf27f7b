#include "recipe/value_set.h"

#include <stdlib.h>
#include <string.h>

#include "format/int_math.h"

#define SLOTS ((size_t)4 * VALUE_SET_MAX)
#define MAX_PAIRS (UINT64_C(1) << 20) // of one operation,
#define MAX_WORK (UINT64_C(1) << 24)  // of all

static int ascending(const void *a, const void *b) {
  const int64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

void value_sets_init(value_sets *sets, arena *a, const scheme *s) {
  *sets = (value_sets){.mem = a, .scheme = s, .numbers = {.mem = a}};
}

// ---- a set while it is collected -------------------------------------------------------------------------

static void begin(value_sets *s) {
  if (s->slots == NULL) {
    s->slots = ARENA_ARRAY(s->mem, int64_t, SLOTS);
    s->used = ARENA_ARRAY(s->mem, bool, SLOTS);
    s->found = ARENA_ARRAY(s->mem, int64_t, VALUE_SET_MAX);
  }
  memset(s->used, 0, SLOTS * sizeof *s->used);
  s->count = 0;
}

// False when there are too many.
static bool add(value_sets *s, int64_t value) {
  size_t at = (size_t)((uint64_t)value * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SLOTS;
  while (s->used[at] && s->slots[at] != value) at = (at + 1) % SLOTS;
  if (s->used[at]) return true;
  if (s->count == VALUE_SET_MAX) return false;
  s->used[at] = true;
  s->slots[at] = value;
  s->found[s->count++] = value;
  return true;
}

static bool finish(value_sets *s, value_set *out) {
  *out = (value_set){.count = s->count, .values = arena_memdup(s->mem, s->found, s->count * sizeof *s->found)};
  qsort(out->values, out->count, sizeof *out->values, ascending);
  return true;
}

// ---- leaves and operators --------------------------------------------------------------------------------

// min .. max
static bool range_set(value_sets *s, int64_t min, int64_t max, value_set *out) {
  if (max - min >= VALUE_SET_MAX) return false;
  out->count = (size_t)(max - min + 1);
  out->values = ARENA_ARRAY(s->mem, int64_t, out->count);
  for (size_t i = 0; i < out->count; i++) out->values[i] = min + (int64_t)i;
  return true;
}

static bool element_set(value_sets *s, elem_type type, value_set *out) {
  const elem_info *e = elem_get(type);
  return e->kind != ELEM_KIND_FLOAT && e->bits <= 12 && range_set(s, elem_min(type), elem_max(type), out);
}

static bool table_set(value_sets *s, const scheme_table *t, value_set *out) {
  begin(s);
  for (size_t i = 0; i < t->count; i++)
    if (!add(s, (int64_t)t->values[i])) return false;
  return finish(s, out);
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

static bool binary_set(value_sets *s, expr_op op, const value_set *x, const value_set *y, value_set *out) {
  uint64_t pairs = (uint64_t)x->count * y->count;
  s->work += pairs;
  if (pairs > MAX_PAIRS || s->work > MAX_WORK) return false;
  begin(s);
  int64_t value;
  for (size_t i = 0; i < x->count; i++)
    for (size_t j = 0; j < y->count; j++)
      if (!apply(op, x->values[i], y->values[j], &value) || !add(s, value)) return false;
  return finish(s, out);
}

static bool unary_set(value_sets *s, expr_op op, const value_set *x, value_set *out) {
  begin(s);
  for (size_t i = 0; i < x->count; i++) {
    int64_t v = x->values[i];
    if (!add(s, op == EXPR_NEG ? int_neg(v) : op == EXPR_NOT ? ~v : int_abs(v))) return false;
  }
  return finish(s, out);
}

static bool union_set(value_sets *s, const value_set *x, const value_set *y, value_set *out) {
  begin(s);
  for (size_t i = 0; i < x->count; i++)
    if (!add(s, x->values[i])) return false;
  for (size_t i = 0; i < y->count; i++)
    if (!add(s, y->values[i])) return false;
  return finish(s, out);
}

// What a constant right operand bounds although nothing is known of the left one.
static bool bounded(value_sets *s, const expr *e, value_set *out) {
  if ((e->op != EXPR_MOD && e->op != EXPR_AND) || e->args[1]->op != EXPR_INT || e->args[1]->i <= 0) return false;
  return range_set(s, 0, e->args[1]->i - (e->op == EXPR_MOD), out);
}

static bool find_set(value_sets *s, const expr *e, value_set *out) {
  value_set x, y;
  switch (e->op) {
  case EXPR_INT: return range_set(s, e->i, e->i, out);
  case EXPR_FIELD:
  case EXPR_ELEMENT: return element_set(s, s->scheme->fields[e->index].type, out);
  case EXPR_TABLE: return table_set(s, &s->scheme->tables[e->index], out);
  case EXPR_LT:
  case EXPR_EQ: return range_set(s, 0, 1, out);
  case EXPR_WINDOW: return e->args[0]->i <= 12 && range_set(s, 0, (INT64_C(1) << e->args[0]->i) - 1, out);
  case EXPR_NEG:
  case EXPR_NOT:
  case EXPR_ABS: return value_set_of(s, e->args[0], &x) && unary_set(s, e->op, &x, out);
  case EXPR_SELECT:
    return value_set_of(s, e->args[1], &x) && value_set_of(s, e->args[2], &y) && union_set(s, &x, &y, out);
  default: break;
  }
  if (e->arg_count != 2) return false;
  bool known = value_set_of(s, e->args[0], &x) && value_set_of(s, e->args[1], &y);
  return (known && binary_set(s, e->op, &x, &y, out)) || bounded(s, e, out);
}

bool value_set_of(value_sets *s, const expr *e, value_set *out) {
  if (!e->is_int) return false;
  size_t number = ptr_map_get(&s->numbers, e, 0);
  if (number > 0) {
    *out = s->known.data[number - 1];
    return out->count > 0;
  }
  if (!find_set(s, e, out)) *out = (value_set){0};
  vec_push(s->mem, &s->known, *out);
  ptr_map_set(&s->numbers, e, s->known.len);
  return out->count > 0;
}

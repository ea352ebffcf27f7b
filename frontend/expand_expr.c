// Expressions: operators, names, choices, subscripts, calls.
#include <math.h>
#include <string.h>

#include "frontend/expand.h"

// ---- names

static ex_value constant_named(ex_frame *f, const ast_expr *e) {
  static const struct {
    const char *name;
    double value;
  } reals[] = {{"pi", 3.14159265358979323846}, {"inf", INFINITY}, {"nan", NAN}};
  const char *name = e->name.text;
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
    if (strcmp(name, reals[i].name) == 0) return ex_real(f, reals[i].value, e->loc);
  }
  if (strcmp(name, "none") == 0) return ex_none;
  bool found;
  st_type type = ex_type_named(name, &found);
  return found ? ex_type(type) : ex_wrong;
}

// A constant of the text, computed where it is used: it sees other constants alone.
static bool library_constant(ex_frame *f, const ast_expr *e, ex_value *out) {
  const ast_node *node = name_map_get(&f->x->l->consts, e->name.text);
  if (node == NULL) return false;
  if (name_map_get(&f->x->l->computing, e->name.text) == (void *)node) {
    ex_error(f, e->loc, "the constant '%s' is made of itself", e->name.text);
    *out = ex_wrong;
    return true;
  }
  name_map_set(&f->x->l->computing, e->name.text, (void *)node);
  ex_frame alone = {.x = f->x, .caller = f, .node = node, .call = e->loc, .latest = {.mem = f->x->l->mem}};
  *out = ex_eval(&alone, node->value);
  name_map_set(&f->x->l->computing, e->name.text, (void *)f->x->l);
  return true;
}

static void suggest_name(ex_frame *f, const char *name) {
  VEC(const char *) names = {0};
  for (size_t i = 0; i < f->names.len; i++) {
    if (!f->names.data[i].absent) vec_push(f->x->l->mem, &names, f->names.data[i].name);
  }
  const char *close = diag_closest(name, names.data, names.len);
  if (close != NULL) ex_hint(f, "did you mean '%s'?", close);
}

static ex_value eval_name(ex_frame *f, const ast_expr *e) {
  const ex_name *known = ex_find(f, e->name.text);
  if (known != NULL && known->is_index && !known->is_bound) {
    ex_error(f, e->loc, "'%s' is an index, and has no value here", e->name.text);
    ex_hint(f, "how many there are is count(%s)", e->name.text);
    return ex_wrong;
  }
  if (known != NULL) return known->value;
  ex_value v = constant_named(f, e);
  if (v.kind != EX_WRONG || library_constant(f, e, &v)) return v;
  if (f->loop != NULL && ex_declare_ahead(f, e->name.text)) return ex_find(f, e->name.text)->value;
  if (ex_has_failed(f, e->name.text)) return ex_wrong;
  ex_error(f, e->loc, "nothing here is named '%s'", e->name.text);
  suggest_name(f, e->name.text);
  return ex_wrong;
}

// ---- conditions

void ex_assume(ex_frame *f, const st_expr *c, bool holds) {
  extent_pool *p = ex_pool(f);
  if (c->op == ST_LNOT) {
    ex_assume(f, c->args[0], !holds);
    return;
  }
  if (c->op == (holds ? ST_BOTH : ST_EITHER)) {
    ex_assume(f, c->args[0], holds);
    ex_assume(f, c->args[1], holds);
    return;
  }
  if (c->op != ST_LT && c->op != ST_LE && c->op != ST_EQ) return;
  const extent *a = st_as_extent(f->x->c, c->args[0]);
  const extent *b = st_as_extent(f->x->c, c->args[1]);
  if (a == NULL || b == NULL) return;
  if (c->op == ST_EQ) {
    if (!holds) return;
    extent_assume(p, a, EXTENT_EQ, b);
  } else if (holds) {
    extent_assume(p, a, c->op == ST_LT ? EXTENT_LT : EXTENT_LE, b);
  } else {
    extent_assume(p, b, c->op == ST_LT ? EXTENT_LE : EXTENT_LT, a);
  }
}

static ex_value under(ex_frame *f, const st_expr *condition, bool holds, const ast_expr *e) {
  size_t facts = extent_assumption_count(ex_pool(f));
  ex_assume(f, condition, holds);
  ex_value v = ex_eval(f, e);
  extent_forget(ex_pool(f), facts);
  return v;
}

// Tensors, strings and lists are chosen by what is known; numbers and lists of them also by what is not.
static ex_value eval_select(ex_frame *f, const ast_expr *e) {
  ex_value c = ex_eval(f, e->args.data[0].value);
  if (c.kind == EX_WRONG) return ex_wrong;
  if (c.kind == EX_LIST) {
    ex_value args[] = {c, ex_eval(f, e->args.data[1].value), ex_eval(f, e->args.data[2].value)};
    return ex_apply(f, ST_SELECT, ELEM_F32, 3, args, e->loc);
  }
  const st_expr *condition = ex_as_number(f, &c, e->args.data[0].value->loc);
  if (condition == NULL) return ex_wrong;
  if (st_is_constant(condition)) {
    bool holds = condition->op == ST_REAL ? condition->r != 0 : condition->i != 0;
    return ex_eval(f, e->args.data[holds ? 1 : 2].value);
  }
  ex_value args[] = {c, under(f, condition, true, e->args.data[1].value),
                     under(f, condition, false, e->args.data[2].value)};
  return ex_apply(f, ST_SELECT, ELEM_F32, 3, args, e->loc);
}

static ex_value eval_logic(ex_frame *f, const ast_expr *e) {
  ex_value a = ex_eval(f, e->args.data[0].value);
  const st_expr *first = a.kind == EX_WRONG ? NULL : ex_as_number(f, &a, e->args.data[0].value->loc);
  bool both = e->op == AST_OP_LAND;
  if (first == NULL) return ex_wrong;
  if (st_is_constant(first)) {
    bool holds = first->op == ST_REAL ? first->r != 0 : first->i != 0;
    return holds == both ? ex_eval(f, e->args.data[1].value) : a;
  }
  ex_value args[] = {a, under(f, first, both, e->args.data[1].value)};
  return ex_apply(f, both ? ST_BOTH : ST_EITHER, ELEM_F32, 2, args, e->loc);
}

// ---- operators

typedef struct operator_row {
  st_op op;
  bool swap, negate;
} operator_row;

static const operator_row rows[AST_OPERATOR_COUNT] = {
    [AST_OP_LT] = {ST_LT, false, false},     [AST_OP_GT] = {ST_LT, true, false},
    [AST_OP_LE] = {ST_LE, false, false},     [AST_OP_GE] = {ST_LE, true, false},
    [AST_OP_EQ] = {ST_EQ, false, false},     [AST_OP_NE] = {ST_EQ, false, true},
    [AST_OP_OR] = {ST_OR, false, false},     [AST_OP_XOR] = {ST_XOR, false, false},
    [AST_OP_AND] = {ST_AND, false, false},   [AST_OP_SHL] = {ST_SHL, false, false},
    [AST_OP_SHR] = {ST_SHR, false, false},   [AST_OP_ADD] = {ST_ADD, false, false},
    [AST_OP_SUB] = {ST_SUB, false, false},   [AST_OP_MUL] = {ST_MUL, false, false},
    [AST_OP_DIV] = {ST_DIV, false, false},   [AST_OP_MOD] = {ST_MOD, false, false},
    [AST_OP_NEG] = {ST_NEG, false, false},   [AST_OP_NOT] = {ST_NOT, false, false},
    [AST_OP_LNOT] = {ST_LNOT, false, false},
};

static ex_value eval_operator(ex_frame *f, const ast_expr *e) {
  if (e->op == AST_OP_LAND || e->op == AST_OP_LOR) return eval_logic(f, e);
  operator_row row = rows[e->op];
  ex_value args[2];
  for (size_t i = 0; i < e->args.len; i++) {
    args[i] = ex_eval(f, e->args.data[i].value);
    if (args[i].kind == EX_WRONG) return ex_wrong;
  }
  if (row.op == ST_EQ) return ex_equal(f, &args[0], &args[1], row.negate, e->loc);
  if (row.swap) {
    ex_value first = args[0];
    args[0] = args[1];
    args[1] = first;
  }
  return ex_apply(f, row.op, ELEM_F32, e->args.len, args, e->loc);
}

static ex_value eval_else(ex_frame *f, const ast_expr *e) {
  extent_pool *p = ex_pool(f);
  unsigned before = f->edge_count;
  f->edge_count = 0;
  f->else_depth++;
  ex_value x = ex_eval(f, e->args.data[0].value);
  f->else_depth--;
  size_t facts = extent_assumption_count(p);
  if (f->edge_count == 1 && f->edge_at != NULL) {
    if (f->edge_above) extent_assume(p, f->edge_size, EXTENT_LE, f->edge_at);
    if (!f->edge_above) extent_assume(p, f->edge_at, EXTENT_LE, extent_constant(p, -1));
  }
  f->edge_count = before;
  ex_value otherwise = x.kind == EX_WRONG ? ex_wrong : ex_eval(f, e->args.data[1].value);
  extent_forget(p, facts);
  if (otherwise.kind == EX_WRONG) return ex_wrong;
  ex_value args[] = {x, otherwise};
  return ex_apply(f, ST_ELSE, ELEM_F32, 2, args, e->loc);
}

// ---- lists

typedef VEC(ex_value) value_list;

static bool add_range(ex_frame *f, const ast_expr *e, value_list *out) {
  if (e->args.data[0].value == NULL) {
    if (f->lead_values == NULL && f->lead_count > 0) {
      ex_error(f, e->loc, "'..' stands for indices that are not bound here");
      return false;
    }
    for (size_t i = 0; i < f->lead_count; i++) vec_push(f->x->l->mem, out, f->lead_values[i]);
    return true;
  }
  if (e->args.data[1].value != NULL || e->args.data[2].value != NULL) {
    ex_error(f, e->loc, "a range cannot stand here");
    return false;
  }
  ex_value v = ex_eval(f, e->args.data[0].value);
  if (v.kind == EX_WRONG) return false;
  if (v.kind != EX_LIST) {
    ex_error(f, e->loc, "'..' writes out a list, and this is %s", ex_describe(f, &v));
    return false;
  }
  for (size_t i = 0; i < v.count; i++) vec_push(f->x->l->mem, out, v.items[i]);
  return true;
}

// `n < N` gives a name to an index where one is bound, and is the index itself.
static const ast_expr *without_range(const ast_expr *e) {
  bool names = e->kind == AST_BINARY && e->op == AST_OP_LT && e->args.data[0].value->kind == AST_NAME;
  return names ? e->args.data[0].value : e;
}

ex_value *ex_items(ex_frame *f, const ast_args *args, size_t from, size_t *count) {
  value_list out = {0};
  for (size_t i = from; i < args->len; i++) {
    const ast_expr *e = args->data[i].value;
    if (e->kind == AST_RANGE) {
      if (!add_range(f, e, &out)) return NULL;
      continue;
    }
    ex_value v = ex_eval(f, e);
    if (v.kind == EX_WRONG) return NULL;
    vec_push(f->x->l->mem, &out, v);
  }
  *count = out.len;
  return out.data != NULL ? out.data : ARENA_ARRAY(f->x->l->mem, ex_value, 1);
}

static ex_value eval_list(ex_frame *f, const ast_expr *e) {
  size_t count;
  const ex_value *items = ex_items(f, &e->args, 0, &count);
  return items == NULL ? ex_wrong : ex_list(f, count, items);
}

// ---- subscripts

static bool list_position(ex_frame *f, const ex_value *list, const ex_value *at, src_loc loc, size_t *out) {
  int64_t i;
  if (!ex_known_int(f, at, loc, "the position in a list", &i)) return false;
  int64_t count = (int64_t)list->count;
  if (i < -count || i >= count) {
    ex_error(f, loc, "a list of %zu elements has no element %lld", list->count, (long long)i);
    return false;
  }
  *out = (size_t)(i < 0 ? i + count : i);
  return true;
}

// Which element is only known when the kernel runs: a table of constants, or a choice by choice.
static ex_value choose_element(ex_frame *f, const ex_value *list, const ex_value *at, src_loc loc) {
  if (list->count == 0) {
    ex_error(f, loc, "an empty list has no element");
    return ex_wrong;
  }
  ex_value chosen = list->items[list->count - 1];
  for (size_t i = list->count - 1; i-- > 0;) {
    ex_value same[] = {*at, ex_int(f, (int64_t)i, loc)};
    ex_value args[] = {ex_apply(f, ST_EQ, ELEM_F32, 2, same, loc), list->items[i], chosen};
    chosen = ex_apply(f, ST_SELECT, ELEM_F32, 3, args, loc);
    if (chosen.kind == EX_WRONG) return ex_wrong;
  }
  return chosen;
}

static ex_value subscript_list(ex_frame *f, const ast_expr *e, const ex_value *list) {
  size_t count;
  const ex_value *at = ex_items(f, &e->args, 1, &count);
  if (at == NULL) return ex_wrong;
  bool spread = count != 1 || at[0].kind == EX_LIST || e->args.data[1].value->kind == AST_RANGE;
  bool tensors = list->count > 0 && (list->items[0].kind == EX_TENSOR || list->items[0].kind == EX_LIST);
  if (tensors && count >= 1 && at[0].kind == EX_NUMBER) { // x[j] of several tensors, x[j][..] an element
    size_t position;
    if (!list_position(f, list, &at[0], e->loc, &position)) return ex_wrong;
    const ex_value *item = &list->items[position];
    if (count == 1 && e->args.len == 2) return *item;
    if (item->kind == EX_TENSOR) return ex_read(f, item->tensor, count - 1, at + 1, e->loc);
  }
  if (!spread && !ex_is_known(&at[0])) return choose_element(f, list, &at[0], e->loc);
  value_list out = {0};
  for (size_t i = 0; i < count; i++) {
    const ex_value *parts = at[i].kind == EX_LIST ? at[i].items : &at[i];
    for (size_t k = 0; k < (at[i].kind == EX_LIST ? at[i].count : 1); k++) {
      size_t position;
      if (!list_position(f, list, &parts[k], e->loc, &position)) return ex_wrong;
      vec_push(f->x->l->mem, &out, list->items[position]);
    }
  }
  return spread ? ex_list(f, out.len, out.data) : out.data[0];
}

// In `x[.., i]` the `..` are as many of the leading indices as x has dimensions left, those of size 1 read at 0.
static bool subscripts_of(ex_frame *f, const ast_expr *e, const st_tensor *t, value_list *out) {
  for (size_t i = 1; i < e->args.len; i++) {
    const ast_expr *at = without_range(e->args.data[i].value);
    if (at->kind != AST_RANGE || at->args.data[0].value != NULL) {
      ast_args one = {.data = &(ast_arg){.value = at}, .len = 1};
      size_t count;
      const ex_value *items = ex_items(f, &one, 0, &count);
      if (items == NULL) return false;
      for (size_t k = 0; k < count; k++) vec_push(f->x->l->mem, out, items[k]);
      continue;
    }
    size_t after;
    if (ex_items(f, &e->args, i + 1, &after) == NULL) return false;
    size_t left = t->rank < out->len + after ? SIZE_MAX : t->rank - out->len - after;
    if (left > f->lead_count || (left > 0 && f->lead_values == NULL)) {
      ex_error(f, e->loc, "'%s' has %u dimensions, which '..' and the other indices do not fit", t->name, t->rank);
      return false;
    }
    for (size_t k = f->lead_count - left; k < f->lead_count; k++) {
      int64_t size;
      bool single = extent_is_constant(t->dims[out->len], &size) && size == 1;
      vec_push(f->x->l->mem, out, single ? ex_int(f, 0, at->loc) : f->lead_values[k]);
    }
  }
  return true;
}

static ex_value eval_index(ex_frame *f, const ast_expr *e) {
  ex_value base = ex_eval(f, e->args.data[0].value);
  if (base.kind == EX_LIST) return subscript_list(f, e, &base);
  if (base.kind == EX_NUMBER || base.kind == EX_NONE) return base; // in the place of a tensor: the same at every index
  if (base.kind == EX_WRONG) return ex_wrong;
  if (base.kind != EX_TENSOR) {
    ex_error(f, e->loc, "%s has no elements", ex_describe(f, &base));
    return ex_wrong;
  }
  value_list at = {0};
  if (!subscripts_of(f, e, base.tensor, &at)) return ex_wrong;
  return ex_read(f, base.tensor, at.len, at.data, e->loc);
}

// ---- calls

static ex_value eval_call(ex_frame *f, const ast_expr *e) {
  const char *name = e->name.text;
  const ex_name *known = ex_find(f, name);
  if (known != NULL && !known->is_index && known->value.kind == EX_STRING) name = known->value.string;
  if (name == e->name.text && ex_is_reduction(f, e)) return ex_reduce(f, e);
  if (ex_is_function(name)) {
    ast_expr named = *e;
    named.name.text = name;
    return ex_function(f, &named);
  }
  size_t count;
  const ex_value *results = ex_call(f, e, name, &count);
  return results == NULL ? ex_wrong : results[0];
}

ex_value ex_eval(ex_frame *f, const ast_expr *e) {
  switch (e->kind) {
  case AST_INT: return ex_int(f, e->i, e->loc);
  case AST_REAL: return ex_real(f, e->r, e->loc);
  case AST_STRING: return ex_string(e->name.text);
  case AST_NAME: return eval_name(f, e);
  case AST_UNARY:
  case AST_BINARY: return eval_operator(f, e);
  case AST_SELECT: return eval_select(f, e);
  case AST_ELSE: return eval_else(f, e);
  case AST_CALL: return eval_call(f, e);
  case AST_INDEX: return eval_index(f, e);
  case AST_LIST: return eval_list(f, e);
  default: ex_error(f, e->loc, "this cannot stand in an expression"); return ex_wrong;
  }
}

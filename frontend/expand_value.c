// Values that are known when a network is compiled, and expressions; arithmetic on both, element by element on lists.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "frontend/expand.h"

const ex_value ex_wrong = {.kind = EX_WRONG};
const ex_value ex_none = {.kind = EX_NONE};

ex_value ex_number(const st_expr *e) { return (ex_value){.kind = EX_NUMBER, .number = e}; }

ex_value ex_int(ex_frame *f, int64_t value, src_loc loc) { return ex_number(st_int(f->x->c, value, loc)); }

ex_value ex_real(ex_frame *f, double value, src_loc loc) { return ex_number(st_real(f->x->c, value, loc)); }

ex_value ex_size(ex_frame *f, const extent *e, src_loc loc) {
  if (e != NULL) return ex_number(st_size(f->x->c, e, loc));
  ex_error(f, loc, "this size does not fit in 64 bits, or divides by what may be 0");
  return ex_wrong;
}

ex_value ex_list(ex_frame *f, size_t count, const ex_value *items) {
  (void)f;
  return (ex_value){.kind = EX_LIST, .count = count, .items = items};
}

ex_value ex_string(const char *text) { return (ex_value){.kind = EX_STRING, .string = text}; }

ex_value ex_tensor(const st_tensor *t) { return (ex_value){.kind = EX_TENSOR, .tensor = t}; }

ex_value ex_type(st_type type) { return (ex_value){.kind = EX_TYPE, .type = type}; }

st_type ex_type_named(const char *name, bool *found) {
  *found = true;
  if (strcmp(name, "bool") == 0) return (st_type){.kind = ST_CLASS_BOOL, .stored = true, .elem = ELEM_U8};
  elem_type elem = elem_by_name(name);
  *found = elem != ELEM_COUNT;
  if (!*found) return (st_type){0};
  bool real = elem_get(elem)->kind == ELEM_KIND_FLOAT;
  return (st_type){.kind = real ? ST_CLASS_REAL : ST_CLASS_INT, .stored = true, .elem = elem};
}

const char *ex_describe(ex_frame *f, const ex_value *v) {
  switch (v->kind) {
  case EX_NONE: return "none";
  case EX_STRING: return "a string";
  case EX_TYPE: return "a type";
  case EX_LIST: return arena_printf(f->x->l->mem, "a list of %zu", v->count);
  case EX_TENSOR: return arena_printf(f->x->l->mem, "the tensor '%s'", v->tensor->name);
  default: return "a number";
  }
}

// ---- what is known

static bool is_size(const st_expr *e) { return e->op == ST_INT || e->op == ST_SIZE; }

bool ex_is_known(const ex_value *v) {
  return v->kind == EX_NUMBER && (st_is_constant(v->number) || is_size(v->number));
}

const st_expr *ex_as_number(ex_frame *f, const ex_value *v, src_loc loc) {
  if (v->kind == EX_NUMBER) return v->number;
  if (v->kind == EX_LIST && v->count == 1 && v->items[0].kind == EX_NUMBER) return v->items[0].number;
  if (v->kind == EX_WRONG) return NULL;
  ex_error(f, loc, "a number is wanted here, and this is %s", ex_describe(f, v));
  if (v->kind == EX_TENSOR)
    ex_hint(f, "an element of it has as many indices as it has dimensions: %u", v->tensor->rank);
  return NULL;
}

bool ex_known_int(ex_frame *f, const ex_value *v, src_loc loc, const char *what, int64_t *out) {
  const st_expr *e = ex_as_number(f, v, loc);
  if (e == NULL) return false;
  if (e->op == ST_INT || e->op == ST_BOOL) {
    *out = e->i;
    return true;
  }
  if (e->op == ST_REAL) {
    ex_error(f, loc, "%s is an integer, not %g", what, e->r);
  } else {
    ex_error(f, loc, "%s has to be known when the network is compiled", what);
  }
  return false;
}

const extent *ex_known_size(ex_frame *f, const ex_value *v, src_loc loc, const char *what) {
  const st_expr *e = ex_as_number(f, v, loc);
  if (e == NULL) return NULL;
  if (e->op == ST_BOOL) return extent_constant(ex_pool(f), e->i);
  const extent *size = is_size(e) ? st_as_extent(f->x->c, e) : NULL;
  if (size != NULL) return size;
  ex_error(f, loc, "%s has to be an integer that is known before a call begins", what);
  return NULL;
}

bool ex_known_truth(ex_frame *f, const ex_value *v, src_loc loc, const char *what, bool *out) {
  const st_expr *e = ex_as_number(f, v, loc);
  if (e == NULL) return false;
  if (st_is_constant(e)) {
    *out = e->op == ST_REAL ? e->r != 0 : e->i != 0;
    return true;
  }
  if (is_size(e) && (e->low > 0 || e->high < 0)) {
    *out = true;
    return true;
  }
  ex_error(f, loc, "%s has to be known when the network is compiled", what);
  return false;
}

// ---- arithmetic

typedef const extent *(*size_function)(extent_pool *, const extent *, const extent *);

static size_function size_operation(st_op op) {
  static const struct {
    st_op op;
    size_function make;
  } rows[] = {{ST_ADD, extent_add}, {ST_SUB, extent_sub}, {ST_MUL, extent_mul}, {ST_DIV, extent_div},
              {ST_MOD, extent_mod}, {ST_MIN, extent_min}, {ST_MAX, extent_max}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].op == op) return rows[i].make;
  }
  return NULL;
}

// Two sizes make a size; comparisons of sizes are decided where they can be. NULL: as of other expressions.
static const st_expr *on_sizes(ex_frame *f, st_op op, const st_expr *a, const st_expr *b, src_loc loc) {
  extent_pool *p = ex_pool(f);
  if (!is_size(a) || !is_size(b) || (a->op == ST_INT && b->op == ST_INT)) return NULL;
  const extent *x = st_as_extent(f->x->c, a);
  const extent *y = st_as_extent(f->x->c, b);
  size_function make = size_operation(op);
  if (make != NULL) {
    if ((op == ST_DIV || op == ST_MOD) && (y == NULL || y->least <= 0)) return NULL;
    const extent *size = make(p, x, y);
    return size == NULL ? NULL : st_size(f->x->c, size, loc);
  }
  if (op != ST_LT && op != ST_LE && op != ST_EQ) return NULL;
  extent_answer answer = extent_proves(p, x, op == ST_LT ? EXTENT_LT : op == ST_LE ? EXTENT_LE : EXTENT_EQ, y);
  if (answer == EXTENT_UNKNOWN) return NULL;
  return st_make(f->x->c, (st_expr){.op = ST_BOOL, .kind = ST_CLASS_BOOL, .i = answer == EXTENT_YES, .loc = loc});
}

static bool check_kinds(ex_frame *f, st_op op, const st_expr *const *args, size_t count, src_loc loc) {
  bool integers = op == ST_MOD || (op >= ST_NOT && op <= ST_XOR);
  for (size_t i = 0; i < count; i++) {
    if (integers && args[i]->kind == ST_CLASS_REAL) {
      ex_error(f, loc, "'%s' works on integers, and this is a real number", st_op_get_info(op)->name);
      ex_hint(f, "int(x) is the integer towards zero");
      return false;
    }
  }
  if ((op == ST_DIV || op == ST_MOD) && args[1]->op == ST_INT && args[1]->i == 0 && args[0]->kind != ST_CLASS_REAL) {
    ex_error(f, loc, "a division by zero");
    return false;
  }
  return true;
}

static ex_value apply_numbers(ex_frame *f, st_op op, elem_type elem, size_t count, const ex_value *args, src_loc loc) {
  const st_expr *numbers[3];
  for (size_t i = 0; i < count; i++) {
    numbers[i] = ex_as_number(f, &args[i], loc);
    if (numbers[i] == NULL) return ex_wrong;
  }
  if (!check_kinds(f, op, numbers, count, loc)) return ex_wrong;
  if (f->x->c->expr_count > EX_MOST_NODES) {
    ex_error(f, loc, "this network becomes more than %u expressions", EX_MOST_NODES);
    return ex_wrong;
  }
  const st_expr *size = count == 2 ? on_sizes(f, op, numbers[0], numbers[1], loc) : NULL;
  if (op == ST_NEG && numbers[0]->op == ST_SIZE) {
    size = on_sizes(f, ST_SUB, st_int(f->x->c, 0, loc), numbers[0], loc);
  }
  if (size != NULL) return ex_number(size);
  return ex_number(
      st_make(f->x->c, (st_expr){.op = op, .elem = elem, .arg_count = count, .args = numbers, .loc = loc}));
}

ex_value ex_apply(ex_frame *f, st_op op, elem_type elem, size_t count, const ex_value *args, src_loc loc) {
  size_t longest = 0;
  bool lists = false;
  for (size_t i = 0; i < count; i++) {
    if (args[i].kind == EX_WRONG) return ex_wrong;
    if (args[i].kind != EX_LIST) continue;
    lists = true;
    longest = args[i].count > longest ? args[i].count : longest;
  }
  if (!lists) return apply_numbers(f, op, elem, count, args, loc);
  for (size_t i = 0; i < count; i++) {
    if (args[i].kind != EX_LIST || args[i].count == longest || args[i].count == 1) continue;
    ex_error(f, loc, "lists of %zu and %zu elements do not go together", args[i].count, longest);
    return ex_wrong;
  }
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, longest);
  for (size_t k = 0; k < longest; k++) {
    ex_value parts[3];
    for (size_t i = 0; i < count; i++) {
      parts[i] = args[i].kind == EX_LIST ? args[i].items[args[i].count == 1 ? 0 : k] : args[i];
    }
    items[k] = ex_apply(f, op, elem, count, parts, loc);
    if (items[k].kind == EX_WRONG) return ex_wrong;
  }
  return ex_list(f, longest, items);
}

// ---- equality, of anything

static bool same_type(st_type a, st_type b) {
  return a.kind == b.kind && a.stored == b.stored && (!a.stored || a.elem == b.elem);
}

static bool type_is_named(st_type type, const char *name) {
  bool found;
  st_type named = ex_type_named(name, &found);
  return found && same_type(type, named);
}

static ex_value truth(ex_frame *f, bool value, src_loc loc) {
  return ex_number(st_make(f->x->c, (st_expr){.op = ST_BOOL, .kind = ST_CLASS_BOOL, .i = value, .loc = loc}));
}

static ex_value negated(ex_frame *f, ex_value v, bool negate, src_loc loc) {
  return negate && v.kind == EX_NUMBER ? ex_apply(f, ST_LNOT, ELEM_F32, 1, &v, loc) : v;
}

static bool is_plain(const ex_value *v) {
  if (v->kind != EX_LIST) return v->kind != EX_NUMBER || ex_is_known(v);
  for (size_t i = 0; i < v->count; i++) {
    if (!is_plain(&v->items[i])) return false;
  }
  return true;
}

// Lists that are known are equal as a whole.
static ex_value equal_lists(ex_frame *f, const ex_value *a, const ex_value *b, src_loc loc) {
  if (a->count != b->count) return truth(f, false, loc);
  ex_value all = truth(f, true, loc);
  for (size_t i = 0; i < a->count; i++) {
    ex_value both[] = {all, ex_equal(f, &a->items[i], &b->items[i], false, loc)};
    all = ex_apply(f, ST_BOTH, ELEM_F32, 2, both, loc);
  }
  return all;
}

ex_value ex_equal(ex_frame *f, const ex_value *a, const ex_value *b, bool negate, src_loc loc) {
  if (a->kind == EX_WRONG || b->kind == EX_WRONG) return ex_wrong;
  if (a->kind == EX_NONE || b->kind == EX_NONE) return truth(f, (a->kind == b->kind) != negate, loc);
  if (a->kind == EX_TYPE && b->kind == EX_STRING) return truth(f, type_is_named(a->type, b->string) != negate, loc);
  if (a->kind == EX_TYPE && b->kind == EX_TYPE) return truth(f, same_type(a->type, b->type) != negate, loc);
  if (a->kind == EX_STRING || b->kind == EX_STRING || a->kind == EX_TYPE || b->kind == EX_TYPE) {
    bool same = a->kind == b->kind && strcmp(a->string, b->string) == 0;
    return truth(f, same != negate, loc);
  }
  if (a->kind == EX_LIST && b->kind == EX_LIST && is_plain(a) && is_plain(b)) {
    return negated(f, equal_lists(f, a, b, loc), negate, loc);
  }
  ex_value args[] = {*a, *b};
  ex_value same = ex_apply(f, ST_EQ, ELEM_F32, 2, args, loc);
  return same.kind == EX_LIST && negate ? ex_apply(f, ST_LNOT, ELEM_F32, 1, &same, loc) : negated(f, same, negate, loc);
}

// Functions: of numbers, of lists, of shapes and types.
#include <string.h>

#include "frontend/expand.h"

typedef struct number_row {
  const char *name;
  st_op op;
  size_t count;
} number_row;

static const number_row numbers[] = {
    {"exp", ST_EXP, 1},     {"exp2", ST_EXP2, 1},   {"expm1", ST_EXPM1, 1},  {"log", ST_LOG, 1},
    {"log1p", ST_LOG1P, 1}, {"sqrt", ST_SQRT, 1},   {"sin", ST_SIN, 1},      {"cos", ST_COS, 1},
    {"tan", ST_TAN, 1},     {"asin", ST_ASIN, 1},   {"acos", ST_ACOS, 1},    {"atan", ST_ATAN, 1},
    {"tanh", ST_TANH, 1},   {"erf", ST_ERF, 1},     {"floor", ST_FLOOR, 1},  {"ceil", ST_CEIL, 1},
    {"round", ST_ROUND, 1}, {"trunc", ST_TRUNC, 1}, {"abs", ST_ABS, 1},      {"round_away", ST_ROUND_AWAY, 1},
    {"isnan", ST_ISNAN, 1}, {"isinf", ST_ISINF, 1}, {"real", ST_TO_REAL, 1}, {"int", ST_TO_INT, 1},
    {"pow", ST_POW, 2},     {"min", ST_MIN, 2},     {"max", ST_MAX, 2},
};

static const struct {
  const char *name;
  st_op op;
} conversions[] = {{"to", ST_TO}, {"saturate", ST_SATURATE}, {"encoding", ST_ENCODING}, {"decoded", ST_DECODED}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const number_row *find_number(const char *name) {
  for (size_t i = 0; i < COUNT(numbers); i++) {
    if (strcmp(numbers[i].name, name) == 0) return &numbers[i];
  }
  return NULL;
}

// ---- lists

typedef ex_value (*list_function)(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args);

static src_loc place_of(const ast_expr *e, size_t i) { return i < e->args.len ? e->args.data[i].value->loc : e->loc; }

static bool want_list(ex_frame *f, const ast_expr *e, const ex_value *v) {
  if (v->kind == EX_LIST) return true;
  ex_error(f, e->loc, "'%s' takes a list, and this is %s", e->name.text, ex_describe(f, v));
  return false;
}

static ex_value do_shape(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (args[0].kind == EX_NUMBER) return ex_list(f, 0, NULL);
  if (args[0].kind != EX_TENSOR) {
    ex_error(f, e->loc, "%s has no shape", ex_describe(f, &args[0]));
    return ex_wrong;
  }
  const st_tensor *t = args[0].tensor;
  ex_value *sizes = ARENA_ARRAY(f->x->l->mem, ex_value, t->rank);
  for (unsigned i = 0; i < t->rank; i++) sizes[i] = ex_size(f, t->dims[i], e->loc);
  return ex_list(f, t->rank, sizes);
}

static ex_value do_rank(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (args[0].kind == EX_NUMBER) return ex_int(f, 0, e->loc);
  if (args[0].kind == EX_TENSOR) return ex_int(f, args[0].tensor->rank, e->loc);
  ex_error(f, e->loc, "%s has no rank", ex_describe(f, &args[0]));
  return ex_wrong;
}

static ex_value do_count(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  return want_list(f, e, &args[0]) ? ex_int(f, (int64_t)args[0].count, e->loc) : ex_wrong;
}

static ex_value do_range(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  int64_t n;
  (void)count;
  if (!ex_known_int(f, &args[0], place_of(e, 0), "the length of a list", &n)) return ex_wrong;
  if (n < 0 || n > EX_MOST_ELEMENTS) {
    ex_error(f, e->loc, "a list of %lld elements cannot be made", (long long)n);
    return ex_wrong;
  }
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, (size_t)n);
  for (int64_t i = 0; i < n; i++) items[i] = ex_int(f, i, e->loc);
  return ex_list(f, (size_t)n, items);
}

// The positions that `at` (a number or a list) names; negative ones count from the end.
static bool positions(ex_frame *f, const ast_expr *e, const ex_value *list, const ex_value *at, bool *named) {
  const ex_value *parts = at->kind == EX_LIST ? at->items : at;
  size_t count = at->kind == EX_LIST ? at->count : 1;
  for (size_t i = 0; i < count; i++) {
    int64_t p;
    if (!ex_known_int(f, &parts[i], place_of(e, 1), "a position in a list", &p)) return false;
    if (p < -(int64_t)list->count || p >= (int64_t)list->count) {
      ex_error(f, place_of(e, 1), "a list of %zu elements has no element %lld", list->count, (long long)p);
      return false;
    }
    named[p < 0 ? p + (int64_t)list->count : p] = true;
  }
  return true;
}

static ex_value do_drop(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (!want_list(f, e, &args[0])) return ex_wrong;
  bool *named = ARENA_ARRAY(f->x->l->mem, bool, args[0].count);
  if (!positions(f, e, &args[0], &args[1], named)) return ex_wrong;
  ex_value *kept = ARENA_ARRAY(f->x->l->mem, ex_value, args[0].count);
  size_t n = 0;
  for (size_t i = 0; i < args[0].count; i++) {
    if (!named[i]) kept[n++] = args[0].items[i];
  }
  return ex_list(f, n, kept);
}

static ex_value do_put(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (!want_list(f, e, &args[0])) return ex_wrong;
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, args[0].count);
  for (size_t i = 0; i < args[0].count; i++) items[i] = args[0].items[i];
  const ex_value *at = args[1].kind == EX_LIST ? args[1].items : &args[1];
  size_t n = args[1].kind == EX_LIST ? args[1].count : 1;
  for (size_t k = 0; k < n; k++) {
    bool *named = ARENA_ARRAY(f->x->l->mem, bool, args[0].count);
    if (!positions(f, e, &args[0], &at[k], named)) return ex_wrong;
    if (args[2].kind == EX_LIST && k >= args[2].count) {
      ex_error(f, e->loc, "%zu positions and %zu elements", n, args[2].count);
      return ex_wrong;
    }
    for (size_t i = 0; i < args[0].count; i++) {
      if (named[i]) items[i] = args[2].kind == EX_LIST ? args[2].items[k] : args[2];
    }
  }
  return ex_list(f, args[0].count, items);
}

static bool known_equal(ex_frame *f, const ex_value *a, const ex_value *b, src_loc loc, bool *same) {
  ex_value equal = ex_equal(f, a, b, false, loc);
  return equal.kind != EX_WRONG && ex_known_truth(f, &equal, loc, "whether elements are equal", same);
}

static ex_value do_find(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (!want_list(f, e, &args[0])) return ex_wrong;
  for (size_t i = 0; i < args[0].count; i++) {
    bool same;
    if (!known_equal(f, &args[0].items[i], &args[1], e->loc, &same)) return ex_wrong;
    if (same) return ex_int(f, (int64_t)i, e->loc);
  }
  return ex_int(f, -1, e->loc);
}

static ex_value do_has(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  ex_value at = do_find(f, e, count, args);
  ex_value pair[] = {ex_int(f, 0, e->loc), at};
  return at.kind == EX_WRONG ? ex_wrong : ex_apply(f, ST_LE, ELEM_F32, 2, pair, e->loc);
}

// ---- types

static ex_value do_type(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  if (args[0].kind == EX_TENSOR) return ex_type(args[0].tensor->type);
  if (args[0].kind == EX_NUMBER) return ex_type((st_type){.kind = args[0].number->kind});
  ex_error(f, e->loc, "%s has no type of numbers", ex_describe(f, &args[0]));
  return ex_wrong;
}

static bool want_type(ex_frame *f, const ast_expr *e, const ex_value *v, st_type *out) {
  bool found = v->kind == EX_TYPE;
  *out = v->type;
  if (v->kind == EX_STRING) *out = ex_type_named(v->string, &found);
  if (!found) ex_error(f, place_of(e, 0), "'%s' takes a type, and this is %s", e->name.text, ex_describe(f, v));
  return found;
}

static ex_value do_is_real(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  st_type type;
  (void)count;
  if (!want_type(f, e, &args[0], &type)) return ex_wrong;
  return ex_number(st_make(
      f->x->c, (st_expr){.op = ST_BOOL, .kind = ST_CLASS_BOOL, .i = type.kind == ST_CLASS_REAL, .loc = e->loc}));
}

static ex_value limit(ex_frame *f, const ast_expr *e, const ex_value *arg, bool most) {
  st_type type;
  if (!want_type(f, e, arg, &type)) return ex_wrong;
  if (type.kind == ST_CLASS_BOOL) return ex_int(f, most, e->loc);
  if (type.kind == ST_CLASS_INT) {
    int64_t low = type.stored ? elem_min(type.elem) : INT64_MIN;
    return ex_int(f, most ? (type.stored ? elem_max(type.elem) : INT64_MAX) : low, e->loc);
  }
  double greatest = elem_max_finite(type.stored ? type.elem : ELEM_F64);
  return ex_real(f, most ? greatest : -greatest, e->loc);
}

static ex_value do_least(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  return limit(f, e, &args[0], false);
}

static ex_value do_greatest(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  (void)count;
  return limit(f, e, &args[0], true);
}

// ---- all functions

static const struct {
  const char *name;
  size_t count;
  list_function run;
} functions[] = {
    {"shape", 1, do_shape}, {"rank", 1, do_rank},   {"count", 1, do_count},       {"range", 1, do_range},
    {"drop", 2, do_drop},   {"put", 3, do_put},     {"find", 2, do_find},         {"has", 2, do_has},
    {"type", 1, do_type},   {"least", 1, do_least}, {"greatest", 1, do_greatest}, {"is_real", 1, do_is_real},
};

bool ex_is_function(const char *name) {
  if (find_number(name) != NULL) return true;
  for (size_t i = 0; i < COUNT(conversions); i++) {
    if (strcmp(conversions[i].name, name) == 0) return true;
  }
  for (size_t i = 0; i < COUNT(functions); i++) {
    if (strcmp(functions[i].name, name) == 0) return true;
  }
  static const char *const of_lists[] = {"sum", "prod", "any", "all"};
  for (size_t i = 0; i < COUNT(of_lists); i++) {
    if (strcmp(of_lists[i], name) == 0) return true;
  }
  return false;
}

static bool want_count(ex_frame *f, const ast_expr *e, size_t has, size_t wants) {
  if (has == wants) return true;
  ex_error(f, e->loc, "'%s' takes %zu argument%s, not %zu", e->name.text, wants, wants == 1 ? "" : "s", has);
  return false;
}

// sum(l), max(a, b, c): over the elements of a list, or over the arguments.
static ex_value over_list(ex_frame *f, const ast_expr *e, size_t count, const ex_value *args) {
  static const struct {
    const char *name;
    st_op op;
    int start;
  } rows[] = {{"sum", ST_ADD, 0}, {"prod", ST_MUL, 1},   {"max", ST_MAX, 0},
              {"min", ST_MIN, 0}, {"any", ST_EITHER, 0}, {"all", ST_BOTH, 1}};
  size_t which = 0;
  while (strcmp(rows[which].name, e->name.text) != 0) which++;
  bool truth = rows[which].op == ST_EITHER || rows[which].op == ST_BOTH;
  const ex_value *items = count == 1 && args[0].kind == EX_LIST ? args[0].items : args;
  size_t n = count == 1 && args[0].kind == EX_LIST ? args[0].count : count;
  if (n == 0 && (rows[which].op == ST_MAX || rows[which].op == ST_MIN)) {
    ex_error(f, e->loc, "an empty list has no %s", rows[which].op == ST_MAX ? "greatest element" : "least element");
    return ex_wrong;
  }
  if (n == 0 && !truth) return ex_int(f, rows[which].start, e->loc);
  ex_value all =
      truth ? ex_number(st_make(f->x->c,
                                (st_expr){.op = ST_BOOL, .kind = ST_CLASS_BOOL, .i = rows[which].start, .loc = e->loc}))
            : items[0];
  for (size_t i = truth ? 0 : 1; i < n; i++) {
    ex_value pair[] = {all, items[i]};
    all = ex_apply(f, rows[which].op, ELEM_F32, 2, pair, e->loc);
    if (all.kind == EX_WRONG) return ex_wrong;
  }
  return all;
}

// count(n) of an index, and count(s) of a list of indices: how many values they take.
static bool count_of_index(ex_frame *f, const ast_expr *e, ex_value *out) {
  if (strcmp(e->name.text, "count") != 0 || e->args.len != 1 || e->args.data[0].value->kind != AST_NAME) return false;
  const ex_name *name = ex_find(f, e->args.data[0].value->name.text);
  if (name == NULL || !name->is_index) return false;
  ex_value *sizes = ARENA_ARRAY(f->x->l->mem, ex_value, name->count);
  if (name->ranges == NULL) {
    ex_error(f, e->loc, "'%s' has another size in each tensor", name->name);
    *out = ex_wrong;
    return true;
  }
  for (size_t i = 0; i < name->count; i++) sizes[i] = ex_size(f, name->ranges[i], e->loc);
  *out = name->is_list ? ex_list(f, name->count, sizes) : sizes[0];
  return true;
}

static ex_value convert(ex_frame *f, const ast_expr *e, st_op op, const ex_value *args) {
  st_type type;
  if (!want_type(f, e, &args[0], &type)) return ex_wrong;
  if (type.kind == ST_CLASS_BOOL) {
    ex_value pair[] = {args[1], ex_int(f, 0, e->loc)};
    return ex_equal(f, &pair[0], &pair[1], true, e->loc);
  }
  if (!type.stored) return args[1];
  if ((op == ST_TO || op == ST_SATURATE) && type.kind == ST_CLASS_INT && args[1].kind == EX_NUMBER &&
      args[1].number->kind == ST_CLASS_REAL) {
    ex_error(f, e->loc, "a real number does not become %s by itself", elem_get(type.elem)->name);
    ex_hint(f, "int(x) is the integer towards zero; round(x) first rounds to the nearest");
    return ex_wrong;
  }
  return ex_apply(f, op, type.elem, 1, &args[1], e->loc);
}

ex_value ex_function(ex_frame *f, const ast_expr *e) {
  ex_value result;
  size_t count;
  if (count_of_index(f, e, &result)) return result;
  for (size_t i = 0; i < e->args.len; i++) {
    if (e->args.data[i].name.text == NULL) continue;
    ex_error(f, e->args.data[i].name.loc, "'%s' has no parameters with names", e->name.text);
    return ex_wrong;
  }
  const ex_value *args = ex_items(f, &e->args, 0, &count);
  if (args == NULL) return ex_wrong;
  for (size_t i = 0; i < COUNT(conversions); i++) {
    if (strcmp(conversions[i].name, e->name.text) != 0) continue;
    return want_count(f, e, count, 2) ? convert(f, e, conversions[i].op, args) : ex_wrong;
  }
  for (size_t i = 0; i < COUNT(functions); i++) {
    if (strcmp(functions[i].name, e->name.text) != 0) continue;
    return want_count(f, e, count, functions[i].count) ? functions[i].run(f, e, count, args) : ex_wrong;
  }
  const number_row *row = find_number(e->name.text);
  bool extreme = row != NULL && (row->op == ST_MIN || row->op == ST_MAX);
  if (row == NULL || (extreme && count != 2)) return over_list(f, e, count, args);
  return want_count(f, e, count, row->count) ? ex_apply(f, row->op, ELEM_F32, count, args, e->loc) : ex_wrong;
}

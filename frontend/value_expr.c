// Expressions of schemes: names become fields, tables and variables; operators are checked; constants are computed.
#include <inttypes.h>
#include <string.h>

#include "frontend/sema.h"

typedef struct lowering {
  fe_context *c;
  const fe_scope *scope;
  fe_use use;
} lowering;

static const expr *lower(const lowering *l, const ast_expr *e);

// ---- operators ----

typedef struct operator_row {
  expr_op op;
  bool swap;
  bool negate;
} operator_row;

static const operator_row operator_rows[AST_OPERATOR_COUNT] = {
#define BINARY(id, text, prec, code, swapped, negated) \
  [AST_OP_##id] = {.op = EXPR_##code, .swap = (swapped), .negate = (negated)},
#define UNARY(id, text, code) [AST_OP_##id] = {.op = EXPR_##code},
#include "frontend/operators.def"
};

static bool all_literals(size_t count, const expr *const *args) {
  for (size_t i = 0; i < count; i++)
    if (!fe_is_literal(args[i])) return false;
  return true;
}

// One operation on arguments of the right number and kind.
static const expr *operation(fe_context *c, expr_op op, size_t count, const expr *const *args, src_loc loc) {
  if (all_literals(count, args)) return fe_fold(c, op, count, args, loc);
  const expr **copy = ARENA_ARRAY(c->mem, const expr *, count);
  for (size_t i = 0; i < count; i++) copy[i] = args[i];
  return expr_make(c->mem, op, 0, 0, count, copy, loc);
}

static bool check_integers(fe_context *c, const char *name, size_t count, const expr *const *args) {
  for (size_t i = 0; i < count; i++) {
    if (args[i]->is_int) continue;
    diag_error(c->d, args[i]->loc, "'%s' works on integers, and this is a real number", name);
    diag_hint(c->d, "real numbers have + - * /, comparisons, abs, min, max and exp2");
    return false;
  }
  return true;
}

static bool check_indices(fe_context *c, size_t count, const expr *const *indices) {
  for (size_t i = 0; i < count; i++) {
    if (indices[i]->is_int) continue;
    diag_error(c->d, indices[i]->loc, "an index must be an integer, and this is a real number");
    return false;
  }
  return true;
}

// A width that is known at once; others are checked where bits are read.
static bool check_width(fe_context *c, const expr *width) {
  if (width->op != EXPR_INT || (width->i >= 1 && width->i <= 64)) return true;
  diag_error(c->d, width->loc, "bits has a width of %" PRId64 ", but must have 1 to 64", width->i);
  return false;
}

static const expr *is_zero(fe_context *c, const expr *e, src_loc loc) {
  return operation(c, EXPR_EQ, 2, (const expr *[]){e, expr_int(c->mem, 0, loc)}, loc);
}

static bool is_truth(const expr *e) {
  if (e->op == EXPR_AND || e->op == EXPR_OR) return is_truth(e->args[0]) && is_truth(e->args[1]);
  return e->op == EXPR_LT || e->op == EXPR_EQ;
}

// 1 for any number but 0.
static const expr *truth(fe_context *c, const expr *e, src_loc loc) {
  if (is_truth(e)) return e;
  const expr *zero = is_zero(c, e, loc);
  return zero == NULL ? NULL : is_zero(c, zero, loc);
}

const expr *fe_apply(fe_context *c, ast_operator op, size_t count, const expr *const *args, src_loc loc) {
  const operator_row *row = &operator_rows[op];
  if (op == AST_OP_LNOT) return is_zero(c, args[0], loc);
  const expr *truths[2];
  if (op == AST_OP_LAND || op == AST_OP_LOR) {
    for (size_t i = 0; i < 2; i++)
      if ((truths[i] = truth(c, args[i], loc)) == NULL) return NULL;
    args = truths;
  }
  if (expr_get_info(row->op)->integer_only && !check_integers(c, ast_operator_text(op), count, args)) return NULL;
  const expr *operands[2] = {args[row->swap ? 1 : 0], args[row->swap ? 0 : count - 1]};
  const expr *e = operation(c, row->op, count, operands, loc);
  if (e == NULL || !row->negate) return e;
  return is_zero(c, e, loc);
}

static bool lower_args(const lowering *l, const ast_args *args, size_t first, const expr **out) {
  bool ok = true;
  for (size_t i = first; i < args->len; i++) {
    out[i - first] = lower(l, args->data[i].value);
    ok &= out[i - first] != NULL;
  }
  return ok;
}

static const expr *lower_operator(const lowering *l, const ast_expr *e) {
  const expr *args[2] = {0};
  return lower_args(l, &e->args, 0, args) ? fe_apply(l->c, e->op, e->args.len, args, e->loc) : NULL;
}

static const expr *lower_select(const lowering *l, const ast_expr *e) {
  const expr *args[3] = {0};
  return lower_args(l, &e->args, 0, args) ? operation(l->c, EXPR_SELECT, 3, args, e->loc) : NULL;
}

// ---- names ----

static const char *const kind_names[] = {
    [FE_SYMBOL_CONST] = "constant",
    [FE_SYMBOL_FIELD] = "field",
    [FE_SYMBOL_TABLE] = "table",
    [FE_SYMBOL_VAR] = "index",
    [FE_SYMBOL_TENSOR] = "stored tensor",
    [FE_SYMBOL_DIM] = "dimension",
    [FE_SYMBOL_VALUE] = "value of the model",
};

static const char *const use_hints[] = {
    [FE_USE_CONSTANT] = "only numbers and constants can stand here",
    [FE_USE_VALUE] = "a value uses fields, tables, constants, k and n",
    [FE_USE_BLOCK] = "a place in a block uses bits(at, width), tables, constants and the index that it binds",
    [FE_USE_TENSORS] = "a place uses the layout's tensors, tables, constants, K, N and the indices that it binds",
    [FE_USE_DIMENSION] = "a dimension uses constants, K and N",
};

// Which kinds of names each use allows.
static bool is_allowed(fe_use use, fe_symbol_kind kind) {
  if (kind == FE_SYMBOL_CONST) return true;
  if (kind == FE_SYMBOL_VAR) return use != FE_USE_CONSTANT;
  if (kind == FE_SYMBOL_TABLE) return use == FE_USE_VALUE || use == FE_USE_BLOCK || use == FE_USE_TENSORS;
  if (kind == FE_SYMBOL_FIELD) return use == FE_USE_VALUE;
  return kind == FE_SYMBOL_TENSOR && use == FE_USE_TENSORS;
}

static const fe_symbol *find_name(const lowering *l, ast_name name) {
  const fe_symbol *s = fe_find(l->scope, name.text);
  if (s == NULL) {
    diag_error(l->c->d, name.loc, "nothing here is named '%s'", name.text);
    fe_suggest_symbol(l->c, l->scope, name.text);
    return NULL;
  }
  if (is_allowed(l->use, s->kind)) return s;
  diag_error(l->c->d, name.loc, "the %s '%s' cannot be used here", kind_names[s->kind], name.text);
  diag_hint(l->c->d, "%s", use_hints[l->use]);
  return NULL;
}

static const expr *literal_at(arena *a, const expr *e, src_loc loc) {
  return e->op == EXPR_INT ? expr_int(a, e->i, loc) : expr_real(a, e->r, loc);
}

static const expr *lower_name(const lowering *l, const ast_expr *e) {
  const fe_symbol *s = find_name(l, e->name);
  if (s == NULL) return NULL;
  if (s->kind == FE_SYMBOL_CONST) return s->constant == NULL ? NULL : literal_at(l->c->mem, s->constant, e->loc);
  if (s->kind == FE_SYMBOL_VAR) return expr_leaf(l->c->mem, EXPR_VAR, s->index, true, e->loc);
  if (s->kind == FE_SYMBOL_FIELD && s->rank == 0) return expr_leaf(l->c->mem, EXPR_FIELD, s->index, s->is_int, e->loc);
  diag_error(l->c->d, e->loc, "'%s' has elements; say which one", e->name.text);
  diag_hint(l->c->d, "for example %s[%s]", e->name.text, s->rank > 1 ? "i, j" : "i");
  return NULL;
}

// ---- look-ups and loads ----

static bool check_index_count(const lowering *l, const ast_expr *e, const fe_symbol *s) {
  size_t count = e->args.len - 1;
  if (s->rank == count) return true;
  if (s->rank == 0)
    diag_error(l->c->d, e->loc, "the %s '%s' is a single number and takes no index", kind_names[s->kind], s->name);
  else
    diag_error(l->c->d, e->loc, "'%s' has %u dimension%s and takes as many indices, not %zu", s->name, s->rank,
               s->rank == 1 ? "" : "s", count);
  return false;
}

// The place of an element among all of them, row-major.
static const expr *flatten(const lowering *l, const fe_symbol *s, const expr *const *indices, src_loc loc) {
  const expr *at = indices[0];
  for (unsigned i = 1; i < s->rank && at != NULL; i++) {
    const expr *size = expr_int(l->c->mem, (int64_t)s->dims[i], loc);
    const expr *before = operation(l->c, EXPR_MUL, 2, (const expr *[]){at, size}, loc);
    at = before == NULL ? NULL : operation(l->c, EXPR_ADD, 2, (const expr *[]){before, indices[i]}, loc);
  }
  return at;
}

static const expr *lower_index(const lowering *l, const ast_expr *e) {
  const ast_expr *base = e->args.data[0].value;
  if (base->kind != AST_NAME) {
    diag_error(l->c->d, base->loc, "only tables, fields with elements and stored tensors have elements");
    return NULL;
  }
  const fe_symbol *s = find_name(l, base->name);
  const expr **indices = ARENA_ARRAY(l->c->mem, const expr *, e->args.len);
  bool ok = lower_args(l, &e->args, 1, indices);
  if (s == NULL || !ok || !check_index_count(l, e, s)) return NULL;
  if (!check_indices(l->c, e->args.len - 1, indices)) return NULL;
  if (s->kind == FE_SYMBOL_TENSOR) return expr_make(l->c->mem, EXPR_LOAD, s->index, 0, s->rank, indices, e->loc);
  const expr *at = flatten(l, s, indices, e->loc);
  expr_op op = s->kind == FE_SYMBOL_TABLE ? EXPR_TABLE : EXPR_ELEMENT;
  return at == NULL ? NULL : expr_lookup(l->c->mem, op, s->index, s->is_int, at, e->loc);
}

static const expr *misplaced_star(const lowering *l, const ast_expr *e) {
  diag_error(l->c->d, e->loc,
             "'*' stands for a whole axis, which only bits, order, find and rank of a tensor can take");
  return NULL;
}

// ---- functions ----

typedef struct function_row {
  const char *name;
  expr_op op;
  unsigned arg_count;
} function_row;

static const function_row functions[] = {
    {.name = "abs", .op = EXPR_ABS, .arg_count = 1},       {.name = "min", .op = EXPR_MIN, .arg_count = 2},
    {.name = "max", .op = EXPR_MAX, .arg_count = 2},       {.name = "exp2", .op = EXPR_EXP2, .arg_count = 1},
    {.name = "select", .op = EXPR_SELECT, .arg_count = 3}, {.name = "bits", .op = EXPR_BITS, .arg_count = 2},
    {.name = "order", .op = EXPR_ORDER, .arg_count = 2},   {.name = "find", .op = EXPR_FIND, .arg_count = 4},
    {.name = "rank", .op = EXPR_RANK, .arg_count = 2},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static const function_row *find_function(const lowering *l, ast_name name) {
  const char *names[FUNCTION_COUNT];
  for (size_t i = 0; i < FUNCTION_COUNT; i++) {
    if (fe_same_text(functions[i].name, name.text)) return &functions[i];
    names[i] = functions[i].name;
  }
  diag_error(l->c->d, name.loc, "there is no function '%s'", name.text);
  fe_suggest_or_list(l->c, name.text, names, FUNCTION_COUNT, "");
  return NULL;
}

static const expr *wrong_bits(const lowering *l, const ast_expr *e) {
  static const char *const forms[] = {[FE_USE_BLOCK] = "bits(at, width) gives bits of the block",
                                      [FE_USE_TENSORS] = "bits(tensor[*, n], at, width) gives bits of a stored tensor"};
  bool in_place = l->use == FE_USE_BLOCK || l->use == FE_USE_TENSORS;
  if (!in_place)
    diag_error(l->c->d, e->loc, "bits can be read in the places of layouts only");
  else
    diag_error(l->c->d, e->loc, "bits is used differently in this layout");
  if (in_place) diag_hint(l->c->d, "%s", forms[l->use]);
  return NULL;
}

static size_t count_stars(const ast_expr *e, unsigned *axis) {
  size_t count = 0;
  for (size_t i = 1; i < e->args.len; i++) {
    if (e->args.data[i].value->kind != AST_STAR) continue;
    *axis = (unsigned)(i - 1);
    count++;
  }
  return count;
}

// How the functions on lines of tensors are called, for messages.
static const char *const line_forms[EXPR_COUNT] = {
    [EXPR_STREAM] = "bits(words[*, n], 4 * k, 4)",
    [EXPR_ORDER] = "order(groups[*], k)",
    [EXPR_FIND] = "find(columns[*], starts[n], starts[n + 1], k)",
    [EXPR_RANK] = "rank(mask[n, *], k)",
};

static bool is_tensor(const lowering *l, const ast_expr *base, const fe_symbol *s) {
  if (s->kind == FE_SYMBOL_TENSOR) return true;
  diag_error(l->c->d, base->loc, "'%s' is a %s; only stored tensors have an axis '*'", s->name, kind_names[s->kind]);
  return false;
}

// f(tensor[i, *, j], more ..): the arguments of the operation are i, j, more ..
static const expr *lower_line(const lowering *l, const ast_expr *e, expr_op op) {
  const ast_expr *base = e->args.data[0].value;
  unsigned axis = 0;
  if (base->kind != AST_INDEX || base->args.data[0].value->kind != AST_NAME || count_stars(base, &axis) != 1) {
    diag_error(l->c->d, base->loc, "%s needs a tensor with one axis marked by '*'", e->name.text);
    diag_hint(l->c->d, "for example %s", line_forms[op]);
    return NULL;
  }
  const fe_symbol *s = find_name(l, base->args.data[0].value->name);
  const expr **args = ARENA_ARRAY(l->c->mem, const expr *, base->args.len + e->args.len);
  size_t count = 0;
  bool ok = s != NULL && is_tensor(l, base, s) && check_index_count(l, base, s);
  for (size_t i = 1; i < base->args.len; i++)
    if (i - 1 != axis) ok &= (args[count++] = lower(l, base->args.data[i].value)) != NULL;
  ok &= lower_args(l, &e->args, 1, args + count);
  size_t all = count + expr_line_args(op);
  if (!ok || !check_integers(l->c, e->name.text, all, args)) return NULL;
  if (op == EXPR_STREAM && !check_width(l->c, args[all - 1])) return NULL;
  return expr_make(l->c->mem, op, s->index, axis, all, args, e->loc);
}

static const expr *misplaced_line(const lowering *l, const ast_expr *e, expr_op op) {
  diag_error(l->c->d, e->loc, "%s can be used in the places of layouts with separate tensors only", e->name.text);
  diag_hint(l->c->d, "for example %s", line_forms[op]);
  return NULL;
}

// f16(x): the number that the bits x mean. Constants are computed.
static const expr *lower_float(const lowering *l, const ast_expr *e, elem_type type) {
  const expr *arg = e->args.len == 1 ? lower(l, e->args.data[0].value) : NULL;
  if (e->args.len != 1)
    diag_error(l->c->d, e->loc, "'%s' takes 1 argument, the bits of a number, not %zu", e->name.text, e->args.len);
  if (arg == NULL || !check_integers(l->c, e->name.text, 1, &arg)) return NULL;
  if (arg->op == EXPR_INT) return expr_real(l->c->mem, elem_decode(type, (uint64_t)arg->i), e->loc);
  return expr_make(l->c->mem, EXPR_FLOAT, type, 0, 1, arena_memdup(l->c->mem, &arg, sizeof arg), e->loc);
}

// to_f16(x): rounded to the type.
static const expr *lower_round(const lowering *l, const ast_expr *e, elem_type type) {
  const expr *arg = e->args.len == 1 ? lower(l, e->args.data[0].value) : NULL;
  if (e->args.len != 1) diag_error(l->c->d, e->loc, "'%s' takes 1 argument, not %zu", e->name.text, e->args.len);
  if (arg == NULL) return NULL;
  if (fe_is_literal(arg))
    return expr_real(l->c->mem, elem_decode(type, elem_encode(type, fe_literal_real(arg))), e->loc);
  return expr_make(l->c->mem, EXPR_ROUND, type, 0, 1, arena_memdup(l->c->mem, &arg, sizeof arg), e->loc);
}

// window(field, width, span[, run])
static const expr *lower_window(const lowering *l, const ast_expr *e) {
  bool right = e->args.len == 3 || e->args.len == 4;
  if (!right || e->args.data[0].value->kind != AST_NAME || l->use != FE_USE_VALUE) {
    diag_error(l->c->d, e->loc, "window is used differently");
    diag_hint(l->c->d,
              "in a value, window(code, 16, 256) gives the 16 newest bits of the codes that end at the weight");
    return NULL;
  }
  const fe_symbol *s = find_name(l, e->args.data[0].value->name);
  const expr **args = ARENA_ARRAY(l->c->mem, const expr *, 3);
  bool ok = lower_args(l, &e->args, 1, args);
  if (e->args.len == 3) args[2] = expr_int(l->c->mem, 1, e->loc);
  if (s == NULL || !ok || !check_integers(l->c, "window", 3, args)) return NULL;
  if (s->kind == FE_SYMBOL_FIELD) return expr_make(l->c->mem, EXPR_WINDOW, s->index, 0, 3, args, e->loc);
  diag_error(l->c->d, e->loc, "'%s' is no field", s->name);
  return NULL;
}

// Summands of one sum, and operations that one sum, with those inside, and all sums of a text may make.
enum { MAX_SUM = 4096, MAX_WRITTEN = 1 << 16, MAX_WRITTEN_TEXT = 1 << 20 };

// The index and the count of sum(j < count, ..).
static bool sum_bound(const lowering *l, const ast_expr *e, ast_name *index, int64_t *count) {
  const ast_expr *bound = e->args.len == 2 ? e->args.data[0].value : NULL;
  if (bound == NULL || bound->kind != AST_BINARY || bound->op != AST_OP_LT ||
      bound->args.data[0].value->kind != AST_NAME) {
    diag_error(l->c->d, e->loc, "sum needs an index with a bound, and what is added");
    diag_hint(l->c->d, "for example sum(j < 4, level[j] * code[j])");
    return false;
  }
  *index = bound->args.data[0].value->name;
  return fe_constant_in(l->c, l->scope, bound->args.data[1].value, "the bound of a sum", 1, MAX_SUM, count);
}

// Whether one more operation may be made. What is written out multiplies where sums are nested, so it is counted while it
// is made; bounds of sums inside and summands that fold to constants count, too.
static bool may_write(fe_context *c) {
  fe_written *w = &c->written;
  if (w->sum == NULL) return true;
  if (w->refused) return false;
  w->of_text++;
  if (w->of_sum++ < MAX_WRITTEN && w->of_text <= MAX_WRITTEN_TEXT) return true;
  w->refused = true;
  bool sum = w->of_sum > MAX_WRITTEN;
  if (!sum && w->of_text > MAX_WRITTEN_TEXT + 1) return false; // reported
  diag_error(c->d, w->sum->loc, "%s written out, and make%s more than %d operations",
             sum ? "this sum is" : "the sums of the text up to this one are", sum ? "s" : "",
             sum ? MAX_WRITTEN : MAX_WRITTEN_TEXT);
  diag_hint(c->d,
            "the counts of sums within one another multiply; equal summands are a product, and a table can hold what "
            "depends on the indices alone");
  return false;
}

// sum(j < count, e) is written out, with j a constant in each summand.
static const expr *write_out(const lowering *l, const ast_expr *e) {
  ast_name index;
  int64_t count;
  if (!sum_bound(l, e, &index, &count)) return NULL;
  const expr *total = NULL;
  for (int64_t j = 0; j < count; j++) {
    fe_scope scope = {.outer = l->scope};
    fe_symbol symbol = {.name = index.text, .kind = FE_SYMBOL_CONST, .loc = index.loc};
    symbol.constant = expr_int(l->c->mem, j, index.loc);
    fe_declare(l->c, &scope, symbol);
    const expr *x = lower(&(lowering){.c = l->c, .scope = &scope, .use = l->use}, e->args.data[1].value);
    if (x == NULL) return NULL;
    total = total == NULL ? x : operation(l->c, EXPR_ADD, 2, (const expr *[]){total, x}, e->loc);
    if (total == NULL) return NULL;
  }
  return total;
}

static const expr *lower_sum(const lowering *l, const ast_expr *e) {
  fe_written *w = &l->c->written;
  if (w->sum != NULL) return write_out(l, e);
  w->sum = e;
  w->of_sum = 0;
  w->refused = false;
  const expr *total = write_out(l, e);
  w->sum = NULL;
  return total;
}

// Functions that are no operator on their arguments' values.
static const expr *lower_special(const lowering *l, const ast_expr *e, bool *found) {
  bool rounds = strncmp(e->name.text, "to_", 3) == 0;
  elem_type type = elem_by_name(e->name.text + (rounds ? 3 : 0));
  *found = true;
  if (type != ELEM_COUNT && elem_get(type)->kind == ELEM_KIND_FLOAT)
    return rounds ? lower_round(l, e, type) : lower_float(l, e, type);
  if (fe_same_text(e->name.text, "window")) return lower_window(l, e);
  if (fe_same_text(e->name.text, "sum")) return lower_sum(l, e);
  *found = false;
  return NULL;
}

static bool check_positional(const lowering *l, const ast_expr *e) {
  for (size_t i = 0; i < e->args.len; i++) {
    if (e->args.data[i].name.text == NULL) continue;
    diag_error(l->c->d, e->args.data[i].name.loc, "the arguments of '%s' have no names", e->name.text);
    return false;
  }
  return true;
}

static const expr *lower_call(const lowering *l, const ast_expr *e) {
  bool special;
  const expr *result = lower_special(l, e, &special);
  if (special) return result;
  const function_row *f = find_function(l, e->name);
  if (f == NULL || !check_positional(l, e)) return NULL;
  bool of_line = expr_line_args(f->op) > 0;
  if (of_line && l->use != FE_USE_TENSORS) return misplaced_line(l, e, f->op);
  if (f->op == EXPR_BITS && l->use == FE_USE_TENSORS && e->args.len == 3) return lower_line(l, e, EXPR_STREAM);
  if (f->op == EXPR_BITS && (l->use != FE_USE_BLOCK || e->args.len != 2)) return wrong_bits(l, e);
  if (e->args.len != f->arg_count) {
    diag_error(l->c->d, e->loc, "'%s' takes %u argument%s, not %zu", f->name, f->arg_count,
               f->arg_count == 1 ? "" : "s", e->args.len);
    return NULL;
  }
  if (of_line) return lower_line(l, e, f->op);
  const expr *args[3] = {0};
  if (!lower_args(l, &e->args, 0, args)) return NULL;
  if (f->op != EXPR_BITS) return operation(l->c, f->op, f->arg_count, args, e->loc);
  const expr **copy = arena_memdup(l->c->mem, args, 2 * sizeof *args);
  bool ok = check_integers(l->c, "bits", 2, copy) && check_width(l->c, copy[1]);
  return ok ? expr_make(l->c->mem, EXPR_BITS, 0, 0, 2, copy, e->loc) : NULL;
}

// ---- all kinds ----

static const expr *wrong_kind(const lowering *l, const ast_expr *e, const char *what) {
  diag_error(l->c->d, e->loc, "%s cannot be used here", what);
  diag_hint(l->c->d, "%s", use_hints[l->use]);
  return NULL;
}

static const expr *lower(const lowering *l, const ast_expr *e) {
  if (!may_write(l->c)) return NULL;
  switch (e->kind) {
  case AST_INT: return expr_int(l->c->mem, e->i, e->loc);
  case AST_REAL: return expr_real(l->c->mem, e->r, e->loc);
  case AST_STRING: return wrong_kind(l, e, "a string");
  case AST_NAME: return lower_name(l, e);
  case AST_UNARY:
  case AST_BINARY: return lower_operator(l, e);
  case AST_SELECT: return lower_select(l, e);
  case AST_CALL: return lower_call(l, e);
  case AST_INDEX: return lower_index(l, e);
  case AST_LIST: return wrong_kind(l, e, "a list");
  case AST_STAR: return misplaced_star(l, e);
  case AST_ELSE: return wrong_kind(l, e, "an 'else'");
  case AST_RANGE: return wrong_kind(l, e, "a range");
  case AST_RING: return wrong_kind(l, e, "a ring");
  }
  return NULL;
}

const expr *fe_lower(fe_context *c, const fe_scope *scope, fe_use use, const ast_expr *e) {
  return lower(&(lowering){.c = c, .scope = scope, .use = use}, e);
}

// ---- constants ----

const expr *fe_constant(fe_context *c, const fe_scope *scope, const ast_expr *e) {
  return fe_lower(c, scope, FE_USE_CONSTANT, e);
}

bool fe_constant_int(fe_context *c, const fe_scope *scope, const ast_expr *e, int64_t *out) {
  const expr *value = fe_constant(c, scope, e);
  if (value == NULL) return false;
  *out = value->i;
  if (value->is_int) return true;
  diag_error(c->d, e->loc, "this must be an integer, and is the real number %g", value->r);
  return false;
}

bool fe_constant_in(fe_context *c, const fe_scope *scope, const ast_expr *e, const char *what, int64_t min, int64_t max,
                    int64_t *out) {
  if (!fe_constant_int(c, scope, e, out)) return false;
  if (*out >= min && *out <= max) return true;
  diag_error(c->d, e->loc, "%s is %" PRId64 ", but must be from %" PRId64 " to %" PRId64, what, *out, min, max);
  return false;
}

void fe_declare_const(fe_context *c, fe_scope *scope, const ast_node *node) {
  fe_symbol symbol = {.name = node->name.text, .kind = FE_SYMBOL_CONST, .loc = node->name.loc};
  symbol.constant = fe_constant(c, scope, node->value);
  fe_declare(c, scope, symbol);
}

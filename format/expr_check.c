// Checks of expressions: operators, leaves that may stand where they stand, table bounds, constant zero divisors.
#include <inttypes.h>

#include "format/expr_range.h"
#include "format/scheme_check.h"

// Which leaves an expression may have.
typedef enum place_kind { IN_VALUE, IN_BLOCK, IN_TENSORS, IN_DIMENSION } place_kind;

// Evaluation is recursive and does not share work, so both depth and size are bounded.
enum { MAX_DEPTH = 200, MAX_NODES = 20000 };

typedef struct checker {
  diag *d;
  const scheme *s;
  const scheme_layout *layout;
  unsigned binder_count;
  place_kind kind;
  const char *what; // "the value", ...
  range_env ranges;
  size_t nodes;
  bool too_large; // reported
} checker;

static bool wrong_leaf(checker *c, const expr *e, const char *what) {
  diag_error(c->d, e->loc, "%s cannot be used in %s of scheme '%s'", what, c->what, c->s->name);
  return false;
}

static bool check_var(checker *c, const expr *e) {
  bool of_value = e->index == VAR_K || e->index == VAR_N;
  bool of_tensor = e->index == VAR_ROWS || e->index == VAR_COLUMNS;
  if (of_value) return c->kind == IN_VALUE || wrong_leaf(c, e, "k and n");
  if (of_tensor) return c->kind == IN_TENSORS || c->kind == IN_DIMENSION || wrong_leaf(c, e, "the tensor's K and N");
  if (e->index - VAR_BINDER0 < c->binder_count) return true;
  return wrong_leaf(c, e, "an index that the place does not bind");
}

static bool check_field(checker *c, const expr *e) {
  if (c->kind != IN_VALUE) return wrong_leaf(c, e, "a field");
  if (e->index >= c->s->field_count) return wrong_leaf(c, e, "an unknown field");
  const scheme_field *f = &c->s->fields[e->index];
  bool is_table = f->rank != 0;
  if (is_table != (e->op == EXPR_ELEMENT)) {
    diag_error(c->d, e->loc, is_table ? "field '%s' is a table and needs an index" : "field '%s' is no table", f->name);
    return false;
  }
  bool is_int = elem_get(f->type)->kind != ELEM_KIND_FLOAT;
  bool fits = e->op == EXPR_FIELD ? e->is_int == is_int : is_int || !e->is_int;
  return fits || wrong_leaf(c, e, "a field with the wrong kind of number");
}

// An index that may leave a table of `count` numbers is an error: what it would give is nobody's intention.
static bool check_index(checker *c, const expr *at, const char *name, uint64_t count) {
  if (!at->is_int) {
    diag_error(c->d, at->loc, "the index of table '%s' is not an integer", name);
    return false;
  }
  expr_range r = expr_int_range(&c->ranges, at);
  if (r.min >= 0 && (uint64_t)r.max < count) return true;
  diag_error(c->d, at->loc,
             "the index of table '%s' can be from %" PRId64 " to %" PRId64 ", but it has %" PRIu64 " numbers", name,
             r.min, r.max, count);
  diag_hint(c->d, "give the table one number for every code, or limit the index with a mask or '%%'");
  return false;
}

static bool check_table_use(checker *c, const expr *e) {
  if (e->op == EXPR_ELEMENT) {
    uint64_t size = 0;
    if (!check_field(c, e) || !scheme_field_size(&c->s->fields[e->index], &size)) return false;
    return check_index(c, e->args[0], c->s->fields[e->index].name, size);
  }
  if (e->index >= c->s->table_count) return wrong_leaf(c, e, "an unknown table");
  const scheme_table *t = &c->s->tables[e->index];
  if (e->is_int && elem_get(t->type)->kind == ELEM_KIND_FLOAT)
    return wrong_leaf(c, e, "a table of real numbers as integers");
  return check_index(c, e->args[0], t->name, t->count);
}

static bool check_read(checker *c, const expr *e) {
  const char *name = expr_get_info(e->op)->name;
  if (c->kind != (e->op == EXPR_BITS ? IN_BLOCK : IN_TENSORS)) return wrong_leaf(c, e, name);
  if (e->op == EXPR_BITS) return true;
  if (e->index >= c->layout->tensor_count) return wrong_leaf(c, e, "an unknown tensor");
  const layout_tensor *t = &c->layout->tensors[e->index];
  unsigned extra = expr_line_args(e->op), expected = e->op == EXPR_LOAD ? t->rank : t->rank - 1 + extra;
  if (e->op != EXPR_LOAD && e->axis >= t->rank) return wrong_leaf(c, e, "elements along a dimension that there is not");
  if ((e->op == EXPR_ORDER || e->op == EXPR_FIND) && elem_get(t->type)->kind == ELEM_KIND_FLOAT) {
    diag_error(c->d, e->loc, "'%s' works on integers, and the tensor '%s' has %s numbers", name, t->name,
               elem_get(t->type)->name);
    return false;
  }
  if (e->arg_count == expected) return true;
  diag_error(c->d, e->loc, "%s of tensor '%s' needs %u arguments, not %u", name, t->name, expected, e->arg_count);
  return false;
}

static bool is_zero(const checker *c, const expr *e) {
  if (e->op == EXPR_REAL) return e->r == 0;
  expr_range r = expr_int_range(&c->ranges, e);
  return r.min == 0 && r.max == 0;
}

static bool check_operator(checker *c, const expr *e) {
  if ((e->op == EXPR_DIV || e->op == EXPR_MOD) && is_zero(c, e->args[1])) {
    diag_error(c->d, e->loc, "division by zero");
    return false;
  }
  if (!expr_get_info(e->op)->integer_only && e->op != EXPR_FLOAT) return true;
  for (unsigned i = 0; i < e->arg_count; i++) {
    if (e->args[i]->is_int) continue;
    diag_error(c->d, e->args[i]->loc, "'%s' works on integers, and this is a real number", expr_get_info(e->op)->name);
    return false;
  }
  return true;
}

// The codes of an integer field per weight; both numbers are constants, so that kernels know them.
static bool check_window(checker *c, const expr *e) {
  if (c->kind != IN_VALUE) return wrong_leaf(c, e, "a window");
  if (e->index >= c->s->field_count) return wrong_leaf(c, e, "an unknown field");
  const scheme_field *f = &c->s->fields[e->index];
  if (f->gran.kind != GRAN_WEIGHT || f->rank != 0 || elem_get(f->type)->kind != ELEM_KIND_UINT) {
    diag_error(c->d, e->loc, "a window needs a field of unsigned integers with one for each weight, not '%s'", f->name);
    return false;
  }
  const expr *width = e->args[0], *span = e->args[1], *run = e->args[2];
  if (run->op != EXPR_INT || span->op != EXPR_INT || run->i < 1 || span->i % run->i != 0) {
    diag_error(c->d, e->loc, "a window is shared by a constant number of weights that divides the span");
    return false;
  }
  if (width->op == EXPR_INT && width->i >= 1 && width->i <= 32 && span->i >= 1 && span->i <= SCHEME_MAX_SPAN &&
      span->i * elem_get(f->type)->bits >= width->i)
    return true;
  diag_error(c->d, e->loc,
             "a window has 1 to 32 bits, and wraps within constant %d weights at most that have as many bits",
             SCHEME_MAX_SPAN);
  return false;
}

static bool check_float(checker *c, const expr *e) {
  if (e->index < ELEM_COUNT && elem_get((elem_type)e->index)->kind == ELEM_KIND_FLOAT) return check_operator(c, e);
  return wrong_leaf(c, e, "what is no float type");
}

static bool check_node(checker *c, const expr *e) {
  switch (e->op) {
  case EXPR_INT:
  case EXPR_REAL: return true;
  case EXPR_VAR: return check_var(c, e);
  case EXPR_FIELD: return check_field(c, e);
  case EXPR_WINDOW: return check_window(c, e);
  case EXPR_ROUND:
  case EXPR_FLOAT: return check_float(c, e);
  case EXPR_TABLE:
  case EXPR_ELEMENT: return check_table_use(c, e);
  case EXPR_BITS:
  case EXPR_LOAD:
  case EXPR_STREAM:
  case EXPR_ORDER:
  case EXPR_FIND:
  case EXPR_RANK: return check_operator(c, e) && check_read(c, e);
  default: return check_operator(c, e);
  }
}

static bool check_expr(checker *c, const expr *e, unsigned depth) {
  if (c->too_large) return false;
  if (depth > MAX_DEPTH || ++c->nodes > MAX_NODES) {
    diag_error(c->d, e->loc, "%s of scheme '%s' is too large: at most %d nested and %d operations in all", c->what,
               c->s->name, MAX_DEPTH, MAX_NODES);
    c->too_large = true;
    return false;
  }
  int expected = expr_get_info(e->op)->arg_count;
  if (expected >= 0 && e->arg_count != (unsigned)expected) {
    diag_error(c->d, e->loc, "'%s' takes %d arguments, not %u", expr_get_info(e->op)->name, expected, e->arg_count);
    return false;
  }
  bool ok = true;
  for (unsigned i = 0; i < e->arg_count; i++) ok &= check_expr(c, e->args[i], depth + 1);
  return ok && check_node(c, e);
}

bool scheme_check_value(diag *d, const scheme *s) {
  checker c = {.d = d, .s = s, .kind = IN_VALUE, .what = "the value", .ranges = range_env_value(s)};
  return check_expr(&c, s->value, 0);
}

// ---- input and output --------------------------------------------------------------------------------------

// A factor is known for every column (of the input) or row (of the output): nothing in it may depend on the other one.
static bool check_direction(checker *c, const expr *e, bool input) {
  bool ok = true;
  if (e->op == EXPR_VAR && e->index != (unsigned)(input ? VAR_K : VAR_N)) ok = wrong_leaf(c, e, input ? "n" : "k");
  if ((e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && e->index < c->s->field_count) {
    const scheme_field *f = &c->s->fields[e->index];
    ok = (input ? granularity_rows(&f->gran) : granularity_columns(&f->gran)) == 0;
    if (!ok)
      diag_error(c->d, e->loc, "%s of scheme '%s' can use fields per %s or per tensor, and '%s' is neither", c->what,
                 c->s->name, input ? "column" : "row", f->name);
  }
  if (e->op == EXPR_WINDOW) ok = wrong_leaf(c, e, "a window");
  for (unsigned i = 0; i < e->arg_count; i++) ok &= check_direction(c, e->args[i], input);
  return ok;
}

static bool check_step(checker *c, const transform_step *t, bool input) {
  uint64_t block = t->block;
  if ((unsigned)t->kind >= TRANSFORM_COUNT) return false;
  if (t->kind == TRANSFORM_HADAMARD) {
    if (block == 0 || (block >= 2 && block <= SCHEME_MAX_HADAMARD && (block & (block - 1)) == 0)) return true;
    diag_error(c->d, t->loc,
               "a block of a Hadamard transform has a power of two of elements, from 2 to %u, not %" PRIu64,
               SCHEME_MAX_HADAMARD, block);
    return false;
  }
  if (t->factor == NULL || !check_expr(c, t->factor, 0) || !check_direction(c, t->factor, input)) return false;
  if (t->kind != TRANSFORM_GATHER || t->factor->is_int) return true;
  diag_error(c->d, t->factor->loc, "an index must be an integer, and this is a real number");
  return false;
}

bool scheme_check_transforms(diag *d, const scheme *s) {
  checker c = {.d = d, .s = s, .kind = IN_VALUE, .ranges = range_env_value(s)};
  bool ok = true;
  c.what = "the input";
  for (size_t i = 0; i < s->input.count; i++) ok &= check_step(&c, &s->input.steps[i], true);
  c.what = "the output";
  for (size_t i = 0; i < s->output.count; i++) ok &= check_step(&c, &s->output.steps[i], false);
  return ok;
}

// Integers over the number of an entry, or of a row.
static bool check_list(diag *d, const scheme *s, const scheme_layout *l, const layout_place *p) {
  const expr *all[] = {p->column, p->row, p->first};
  if (!s->fields[p->field].sparse || (p->row == NULL) == (p->first == NULL) || p->column == NULL) {
    diag_error(d, p->loc,
               "the list of '%s' in layout '%s' needs a sparse field, the column of each entry, and either its row or "
               "the first entry of each row",
               s->fields[p->field].name, l->name);
    return false;
  }
  bool ok = true;
  for (size_t i = 0; i < 3; i++) {
    checker c = {.d = d, .s = s, .layout = l, .binder_count = 1, .what = "a place", .ranges = range_env_value(s)};
    c.kind = IN_TENSORS;
    c.ranges.layout = l;
    if (all[i] == NULL || !check_expr(&c, all[i], 0) || all[i]->is_int) {
      ok &= all[i] == NULL || all[i]->is_int;
      continue;
    }
    diag_error(d, all[i]->loc, "rows and columns are integers");
    ok = false;
  }
  return ok;
}

static unsigned expected_binders(const scheme_layout *l, const scheme_field *f) {
  unsigned of_tensors = (granularity_rows(&f->gran) != 0 ? 1u : 0u) + (granularity_columns(&f->gran) != 0 ? 1u : 0u);
  unsigned elements = l->block_weights > 0 ? 1 : of_tensors;
  return elements + (f->rank != 0);
}

// Indices of a block and of a table are bounded by the format; those of rows and columns by the tensor.
static void set_binder_ranges(checker *c, const scheme_field *f) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  if (c->kind == IN_BLOCK && f->gran.kind == GRAN_WEIGHT)
    c->ranges.vars[VAR_BINDER0].max = (int64_t)c->layout->block_weights - 1;
  if (c->kind == IN_BLOCK && f->gran.kind == GRAN_GROUP)
    c->ranges.vars[VAR_BINDER0].max = (int64_t)(c->layout->block_weights / f->gran.group) - 1;
  if (f->rank > 0) c->ranges.vars[VAR_BINDER0 + c->binder_count - 1].max = (int64_t)size - 1;
}

bool scheme_check_place(diag *d, const scheme *s, const scheme_layout *l, const layout_place *p) {
  if (p->field >= s->field_count || p->raw == NULL) {
    diag_error(d, p->loc, "layout '%s' places a field that scheme '%s' does not have", l->name, s->name);
    return false;
  }
  const scheme_field *f = &s->fields[p->field];
  bool list = p->column != NULL || p->row != NULL || p->first != NULL;
  unsigned expected = list ? 1 + (f->rank != 0) : expected_binders(l, f);
  if (list && !check_list(d, s, l, p)) return false;
  if (p->binder_count != expected) {
    diag_error(d, p->loc, "the place of field '%s' in layout '%s' needs %u indices, not %u", f->name, l->name, expected,
               p->binder_count);
    return false;
  }
  checker c = {.d = d, .s = s, .layout = l, .binder_count = expected, .what = "a place", .ranges = range_env_value(s)};
  c.kind = l->block_weights > 0 ? IN_BLOCK : IN_TENSORS;
  c.ranges.layout = l;
  set_binder_ranges(&c, f);
  if (!check_expr(&c, p->raw, 0)) return false;
  if (p->raw->is_int) return true;
  diag_error(d, p->raw->loc, "the place of field '%s' must be an integer: the raw bits of the element", f->name);
  return false;
}

bool scheme_check_dimension(diag *d, const scheme *s, const scheme_layout *l, const layout_tensor *t, const expr *e) {
  checker c = {.d = d, .s = s, .layout = l, .kind = IN_DIMENSION, .what = "a dimension", .ranges = range_env_value(s)};
  if (e == NULL || !check_expr(&c, e, 0)) return false;
  if (e->is_int) return true;
  diag_error(d, e->loc, "the dimensions of tensor '%s' must be integers", t->name);
  return false;
}

bool scheme_check_bound(diag *d, const scheme *s, const expr *e) {
  checker c = {.d = d, .s = s, .kind = IN_DIMENSION, .what = "a part's bound", .ranges = range_env_value(s)};
  if (e == NULL || !check_expr(&c, e, 0)) return false;
  if (e->is_int) return true;
  diag_error(d, e->loc, "the bounds of parts must be integers");
  return false;
}

#include "format/scheme_parts.h"

#include <inttypes.h>

#include "format/eval.h"
#include "support/num.h"

// What an expression depends on.
enum { ON_WEIGHT = 1, ON_GROUP = 2, ON_ROW = 4, ON_COLUMN = 8, ON_SPARSE = 16, ON_POSITION = 32 };

typedef VEC(const expr *) expr_list;

typedef struct thin_product {
  expr_list left, right;
} thin_product;

typedef struct splitter {
  diag *d;
  arena *mem;
  const scheme *s;
  expr_list rest;
  VEC(scheme_part) sparse;
  thin_product outer;   // a row's number times a column's
  thin_product columns; // a column's number, the same for all rows
  bool failed;
} splitter;

static unsigned field_dependence(const scheme_field *f) {
  if (f->sparse) return ON_SPARSE;
  uint64_t rows = granularity_rows(&f->gran), columns = granularity_columns(&f->gran);
  if (rows == 0 && columns == 0) return 0;
  if (rows == 0) return ON_COLUMN;
  if (columns == 0) return ON_ROW;
  return f->gran.kind == GRAN_WEIGHT ? ON_WEIGHT : ON_GROUP;
}

static unsigned dependence(const scheme *s, const expr *e) {
  unsigned d = e->op == EXPR_VAR ? ON_POSITION : e->op == EXPR_WINDOW ? ON_WEIGHT : 0;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) d |= field_dependence(&s->fields[e->index]);
  for (unsigned i = 0; i < e->arg_count; i++) d |= dependence(s, e->args[i]);
  return d;
}

static const expr *binary(const splitter *x, expr_op op, const expr *a, const expr *b) {
  const expr *args[] = {a, b};
  return expr_make(x->mem, op, 0, 0, 2, arena_memdup(x->mem, args, sizeof args), b->loc);
}

static const expr *times(const splitter *x, const expr *a, const expr *b) {
  return a == NULL ? b : b == NULL ? a : binary(x, EXPR_MUL, a, b);
}

static const expr *negative(const splitter *x, const expr *e) {
  return expr_make(x->mem, EXPR_NEG, 0, 0, 1, arena_memdup(x->mem, &e, sizeof e), e->loc);
}

static void refuse(splitter *x, const expr *e) {
  if (!x->failed) {
    diag_error(x->d, e->loc, "a sparse field can only be added to the rest of the value of '%s'", x->s->name);
    diag_hint(x->d,
              "it may be multiplied by fields that neighbours share, as in value = scale * code + gain * outlier");
  }
  x->failed = true;
}

// ---- a row's number times a column's ---------------------------------------------------------------------

static bool is_outer(unsigned d) {
  return (d & ON_COLUMN) != 0 && (d & (ON_WEIGHT | ON_GROUP | ON_SPARSE | ON_POSITION)) == 0;
}

// The factors of a product by the side they belong to; false when one belongs to both.
static bool take_factors(const splitter *x, const expr *e, const expr **left, const expr **right) {
  unsigned d = dependence(x->s, e);
  if ((d & ON_COLUMN) == 0) return *left = times(x, *left, e), true;
  if ((d & ON_ROW) == 0) return *right = times(x, *right, e), true;
  if (e->op == EXPR_NEG) {
    *left = times(x, *left, expr_int(x->mem, -1, e->loc));
    return take_factors(x, e->args[0], left, right);
  }
  return e->op == EXPR_MUL && take_factors(x, e->args[0], left, right) && take_factors(x, e->args[1], left, right);
}

static bool add_outer(splitter *x, const expr *coefficient, const expr *e) {
  const expr *left = coefficient, *right = NULL;
  if (!take_factors(x, e, &left, &right)) return false;
  if (left == NULL) left = expr_real(x->mem, 1, e->loc);
  thin_product *to = (dependence(x->s, left) & ON_ROW) != 0 ? &x->outer : &x->columns;
  vec_push(x->mem, &to->left, left);
  vec_push(x->mem, &to->right, right);
  return true;
}

// ---- terms -----------------------------------------------------------------------------------------------

static void add_sparse(splitter *x, const expr *coefficient, const expr *e) {
  scheme_part p = {.kind = PART_SPARSE, .element = e, .coefficient = coefficient};
  p.name = arena_printf(x->mem, "sparse%zu", x->sparse.len);
  vec_push(x->mem, &x->sparse, p);
}

static void add_rest(splitter *x, const expr *coefficient, const expr *e) {
  e = times(x, coefficient, e);
  vec_push(x->mem, &x->rest, e);
}

static void split(splitter *x, const expr *coefficient, const expr *e);

// A product with something sparse, or with sums of outer products, in one of its factors.
static void split_product(splitter *x, const expr *coefficient, const expr *e) {
  unsigned d[] = {dependence(x->s, e->args[0]), dependence(x->s, e->args[1])};
  unsigned inner = (d[0] & (ON_SPARSE | ON_COLUMN)) != 0 ? 0 : 1;
  if ((d[1 - inner] & (ON_WEIGHT | ON_SPARSE | ON_POSITION | ON_COLUMN)) != 0) {
    if (((d[0] | d[1]) & ON_SPARSE) != 0)
      refuse(x, e);
    else
      add_rest(x, coefficient, e);
    return;
  }
  split(x, times(x, coefficient, e->args[1 - inner]), e->args[inner]);
}

static void split_quotient(splitter *x, const expr *coefficient, const expr *e) {
  unsigned divisor = dependence(x->s, e->args[1]);
  if ((divisor & (ON_WEIGHT | ON_SPARSE | ON_POSITION | ON_COLUMN)) != 0) {
    if ((dependence(x->s, e) & ON_SPARSE) != 0)
      refuse(x, e);
    else
      add_rest(x, coefficient, e);
    return;
  }
  const expr *inverse = binary(x, EXPR_DIV, expr_real(x->mem, 1, e->loc), e->args[1]);
  split(x, times(x, coefficient, inverse), e->args[0]);
}

static bool is_entry(const splitter *x, const expr *e) {
  bool field = e->op == EXPR_FIELD || e->op == EXPR_ELEMENT;
  if (!field || !x->s->fields[e->index].sparse) return false;
  return e->arg_count == 0 || (dependence(x->s, e->args[0]) & ~(unsigned)ON_POSITION) == 0;
}

static void split(splitter *x, const expr *coefficient, const expr *e) {
  unsigned d = dependence(x->s, e);
  bool sparse = (d & ON_SPARSE) != 0, outer = is_outer(d);
  if (e->op == EXPR_ADD || e->op == EXPR_SUB) {
    // Only a sum that has such a part is taken apart.
    if (!sparse && (d & ON_COLUMN) == 0) {
      add_rest(x, coefficient, e);
      return;
    }
    split(x, coefficient, e->args[0]);
    split(x, coefficient, e->op == EXPR_ADD ? e->args[1] : negative(x, e->args[1]));
  } else if (e->op == EXPR_NEG && (sparse || (d & ON_COLUMN) != 0)) {
    split(x, times(x, coefficient, expr_int(x->mem, -1, e->loc)), e->args[0]);
  } else if (is_entry(x, e)) {
    add_sparse(x, coefficient, e);
  } else if (outer && (dependence(x->s, coefficient == NULL ? e : coefficient) & ON_GROUP) == 0 &&
             add_outer(x, coefficient, e)) {
    return;
  } else if (e->op == EXPR_MUL && (sparse || outer)) {
    split_product(x, coefficient, e);
  } else if (e->op == EXPR_DIV && !e->is_int && (sparse || outer)) {
    split_quotient(x, coefficient, e);
  } else if (sparse) {
    refuse(x, e);
  } else {
    add_rest(x, coefficient, e);
  }
}

// ---- schemes of the parts --------------------------------------------------------------------------------

static void find_fields(const expr *e, bool *used) {
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT || e->op == EXPR_WINDOW) used[e->index] = true;
  for (unsigned i = 0; i < e->arg_count; i++) find_fields(e->args[i], used);
}

static const expr *renumber(const splitter *x, const expr *e, const unsigned *numbers) {
  expr *copy = arena_memdup(x->mem, e, sizeof *e);
  const expr **args = ARENA_ARRAY(x->mem, const expr *, e->arg_count);
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT || e->op == EXPR_WINDOW) copy->index = numbers[e->index];
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = renumber(x, e->args[i], numbers);
  copy->args = args;
  return copy;
}

static scheme *part_scheme(const splitter *x, const char *part) {
  scheme *s = ARENA_NEW(x->mem, scheme);
  *s = (scheme){.name = arena_printf(x->mem, "%s/%s", x->s->name, part), .loc = x->s->loc};
  return s;
}

// The fields that the rest of the value has, and no layout.
static scheme_part rest_part(const splitter *x) {
  const expr *value = x->rest.data[0];
  for (size_t i = 1; i < x->rest.len; i++) {
    const expr *e = x->rest.data[i];
    value = e->op == EXPR_NEG ? binary(x, EXPR_SUB, value, e->args[0]) : binary(x, EXPR_ADD, value, e);
  }
  bool *used = ARENA_ARRAY(x->mem, bool, x->s->field_count);
  unsigned *numbers = ARENA_ARRAY(x->mem, unsigned, x->s->field_count);
  unsigned *fields = ARENA_ARRAY(x->mem, unsigned, x->s->field_count);
  scheme_field *kept = ARENA_ARRAY(x->mem, scheme_field, x->s->field_count);
  scheme *s = part_scheme(x, "rest");
  find_fields(value, used);
  for (unsigned f = 0; f < x->s->field_count; f++) {
    if (!used[f]) continue;
    numbers[f] = (unsigned)s->field_count;
    fields[s->field_count] = f;
    kept[s->field_count++] = x->s->fields[f];
  }
  s->fields = kept;
  s->tables = x->s->tables;
  s->table_count = x->s->table_count;
  s->value = renumber(x, value, numbers);
  return (scheme_part){.kind = PART_REST, .name = "rest", .scheme = s, .fields = fields};
}

// The float type that all vectors have as they are stored; f32 when they are calculated.
static elem_type vector_type(const splitter *x, const expr_list *vectors) {
  elem_type type = ELEM_F32;
  for (size_t i = 0; i < vectors->len; i++) {
    const expr *e = vectors->data[i];
    bool stored = (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && e->arg_count <= 1;
    elem_type t = stored ? x->s->fields[e->index].type : ELEM_F32;
    if (t != ELEM_F16 && t != ELEM_BF16) return ELEM_F32;
    if (i > 0 && t != type) return ELEM_F32;
    type = t;
  }
  return type;
}

static scheme_part vector_part(const splitter *x, part_kind kind, const char *name, const expr_list *vectors) {
  scheme_part p = {.kind = kind, .name = name};
  scheme *s = part_scheme(x, p.name);
  scheme_field *f = ARENA_NEW(x->mem, scheme_field);
  *f = (scheme_field){.name = "w", .type = vector_type(x, vectors), .gran = {.kind = GRAN_WEIGHT, .group = 1}};
  f->loc = x->s->loc;
  s->fields = f;
  s->field_count = 1;
  s->value = expr_leaf(x->mem, EXPR_FIELD, 0, false, x->s->loc);
  p.scheme = s;
  p.rank = vectors->len;
  p.vectors = vectors->data;
  return p;
}

static size_t thin_parts(const splitter *x, const thin_product *p, bool of_columns, scheme_part *out) {
  if (p->left.len == 0) return 0;
  out[0] = vector_part(x, PART_LEFT, of_columns ? "column_left" : "left", &p->left);
  out[1] = vector_part(x, PART_RIGHT, of_columns ? "column_right" : "right", &p->right);
  out[0].of_columns = out[1].of_columns = of_columns;
  return 2;
}

static size_t section_parts(arena *a, const scheme *s, const scheme_part **out) {
  scheme_part *parts = ARENA_ARRAY(a, scheme_part, s->section_count);
  for (unsigned i = 0; i < s->section_count; i++)
    parts[i] = (scheme_part){
        .kind = PART_SECTION, .name = arena_printf(a, "section%u", i), .scheme = s->sections[i].scheme, .section = i};
  *out = parts;
  return s->section_count;
}

static size_t whole_part(arena *a, const scheme *s, const scheme_part **out) {
  scheme_part *p = ARENA_NEW(a, scheme_part);
  unsigned *fields = ARENA_ARRAY(a, unsigned, s->field_count);
  for (unsigned f = 0; f < s->field_count; f++) fields[f] = f;
  *p = (scheme_part){.kind = PART_REST, .name = "rest", .scheme = s, .fields = fields};
  *out = p;
  return 1;
}

size_t scheme_split(diag *d, arena *a, const scheme *s, const scheme_part **out) {
  splitter x = {.d = d, .mem = a, .s = s};
  size_t count = 0;
  if (s->section_count > 0) return section_parts(a, s, out);
  split(&x, NULL, s->value);
  if (x.failed) return 0;
  if (x.sparse.len == 0 && x.outer.left.len == 0 && x.columns.left.len == 0) return whole_part(a, s, out);
  scheme_part *parts = ARENA_ARRAY(a, scheme_part, x.sparse.len + 5);
  if (x.rest.len > 0) parts[count++] = rest_part(&x);
  for (size_t i = 0; i < x.sparse.len; i++) parts[count++] = x.sparse.data[i];
  count += thin_parts(&x, &x.outer, false, parts + count);
  count += thin_parts(&x, &x.columns, true, parts + count);
  *out = parts;
  return count;
}

// ---- shapes ----------------------------------------------------------------------------------------------

static bool section_shape(diag *d, const scheme *s, const scheme_section *c, uint64_t rows, uint64_t columns,
                          part_shape *out) {
  eval_env env = {.scheme = s};
  env.vars[VAR_ROWS] = (int64_t)rows;
  env.vars[VAR_COLUMNS] = (int64_t)columns;
  int64_t from = eval_int(&env, c->from), to = eval_int(&env, c->to);
  uint64_t all = c->is_rows ? rows : columns;
  *out = (part_shape){.rows = rows, .columns = columns};
  if (from < 0 || to < from || (uint64_t)to > all) {
    diag_error(d, c->loc, "%s %" PRId64 " .. %" PRId64 " are no part of a matrix of %" PRIu64 " x %" PRIu64 " weights",
               c->is_rows ? "rows" : "columns", from, to, rows, columns);
    return false;
  }
  *(c->is_rows ? &out->row : &out->column) = (uint64_t)from;
  *(c->is_rows ? &out->rows : &out->columns) = (uint64_t)(to - from);
  return true;
}

bool scheme_part_shape(diag *d, const scheme *s, const scheme_part *p, uint64_t rows, uint64_t columns,
                       part_shape *out) {
  *out = (part_shape){.rows = rows, .columns = columns};
  if (p->kind == PART_LEFT) out->columns = p->rank;
  if (p->kind == PART_RIGHT) out->rows = p->rank;
  return p->kind != PART_SECTION || section_shape(d, s, &s->sections[p->section], rows, columns, out);
}

// Sections of one scheme lie along one axis, each where the one before it ends.
bool scheme_check_sections(diag *d, const scheme *s, uint64_t rows, uint64_t columns) {
  uint64_t at = 0;
  for (size_t i = 0; i < s->section_count; i++) {
    part_shape shape;
    const scheme_section *c = &s->sections[i];
    if (!section_shape(d, s, c, rows, columns, &shape)) return false;
    uint64_t from = c->is_rows ? shape.row : shape.column;
    if (from != at) {
      diag_error(d, c->loc, "this part of '%s' begins at %" PRIu64 ", but the one before it ends at %" PRIu64, s->name,
                 from, at);
      return false;
    }
    at += c->is_rows ? shape.rows : shape.columns;
    if (shape.rows == 0 || shape.columns == 0) {
      diag_error(d, c->loc, "this part of '%s' is empty", s->name);
      return false;
    }
    if (!scheme_check_sections(d, c->scheme, shape.rows, shape.columns)) return false;
  }
  if (s->section_count == 0 || at == (s->sections[0].is_rows ? rows : columns)) return true;
  diag_error(d, s->loc, "the parts of '%s' end at %" PRIu64 " of %" PRIu64 " %s", s->name, at,
             s->sections[0].is_rows ? rows : columns, s->sections[0].is_rows ? "rows" : "columns");
  return false;
}

// ---- codes -----------------------------------------------------------------------------------------------

static tensor_codes *vector_codes(diag *d, arena *a, const tensor_codes *whole, const scheme_part *p) {
  bool left = p->kind == PART_LEFT;
  uint64_t rows = left ? whole->rows : p->rank, columns = left ? p->rank : whole->columns;
  tensor_codes *t = tensor_codes_new(d, a, p->scheme, rows, columns);
  elem_type type = p->scheme->fields[0].type;
  for (uint64_t n = 0; t != NULL && n < rows; n++)
    for (uint64_t k = 0; k < columns; k++) {
      double x = scheme_eval(whole, p->vectors[left ? k : n], left ? n : 0, left ? 0 : k);
      t->elements[0][n * columns + k] = (uint32_t)elem_encode(type, x);
    }
  return t;
}

tensor_codes *scheme_part_codes(diag *d, arena *a, const tensor_codes *whole, const scheme_part *p) {
  if (p->kind == PART_SECTION) return whole->sections[p->section];
  if (p->kind != PART_REST) return vector_codes(d, a, whole, p);
  tensor_codes *t = ARENA_NEW(a, tensor_codes);
  *t = (tensor_codes){.scheme = p->scheme, .rows = whole->rows, .columns = whole->columns};
  t->elements = ARENA_ARRAY(a, uint32_t *, p->scheme->field_count);
  t->sparse = ARENA_ARRAY(a, sparse_elements, p->scheme->field_count);
  for (size_t f = 0; f < p->scheme->field_count; f++) t->elements[f] = whole->elements[p->fields[f]];
  return t;
}

#include "encode/encode.h"

#include <math.h>
#include <string.h>

#include "encode/inside.h"
#include "format/scheme_parts.h"
#include "format/storable.h"
#include "support/num.h"

typedef struct mixer {
  diag *d;
  arena *mem; // freed when the tensor has been encoded
  arena *out;
  const scheme *s;
  const scheme_part *parts;
  size_t part_count;
  uint64_t rows, columns;
  const float *w;
  float *left; // what has no place among the entries
  tensor_codes *t;
  const encode_options *options;
  encode_progress progress;
} mixer;

// ---- which entries are kept ------------------------------------------------------------------------------

// The number at place `n` of `x` in descending order; x is shuffled about.
static double select_largest(double *x, uint64_t count, uint64_t n) {
  uint64_t lo = 0, hi = count - 1;
  while (lo < hi) {
    double pivot = x[lo + (hi - lo) / 2];
    uint64_t i = lo, j = hi;
    while (i <= j) {
      while (x[i] > pivot) i++;
      while (x[j] < pivot) j--;
      if (i > j) break;
      double swap = x[i];
      x[i++] = x[j];
      x[j] = swap;
      if (j == 0) break;
      j--;
    }
    if (n <= j)
      hi = j;
    else if (n >= i)
      lo = i;
    else
      break;
  }
  return x[n];
}

// Sums of squares of every granule.
static double *granule_sizes(mixer *m, const scheme_field *f, uint64_t granule_columns, uint64_t count) {
  double *sizes = ARENA_ARRAY(m->mem, double, (size_t)count);
  uint64_t tile = granularity_rows(&f->gran), width = granularity_columns(&f->gran);
  for (uint64_t n = 0; n < m->rows; n++)
    for (uint64_t k = 0; k < m->columns; k++) {
      double x = (double)m->left[n * m->columns + k];
      sizes[n / tile * granule_columns + k / width] += x * x;
    }
  return sizes;
}

// Lists the granules with the largest magnitude and takes their weights out of m->left.
static bool choose_entries(mixer *m, const scheme_part *part) {
  unsigned field = part->element->index;
  const scheme_field *f = &m->s->fields[field];
  uint64_t rows = scheme_granule_rows(f, m->rows), columns = scheme_granule_columns(f, m->columns), all;
  uint64_t kept = scheme_sparse_count(f, m->rows, m->columns), next = 0;
  if (!num_mul(rows, columns, &all) || !tensor_codes_sparse(m->d, m->out, m->t, field, kept)) return false;
  double *sizes = granule_sizes(m, f, columns, all), *copy = arena_memdup(m->mem, sizes, all * sizeof *sizes);
  double least = kept == 0 ? INFINITY : select_largest(copy, all, kept - 1);
  uint64_t larger = 0;
  for (uint64_t i = 0; i < all; i++) larger += sizes[i] > least;
  uint64_t equal = kept - larger; // of those with the very least magnitude the first ones
  sparse_elements *s = &m->t->sparse[field];
  for (uint64_t r = 0; r < rows; r++) {
    for (uint64_t c = 0; c < columns; c++) {
      bool take = sizes[r * columns + c] > least || (sizes[r * columns + c] == least && equal > 0);
      if (!take) continue;
      equal -= sizes[r * columns + c] == least;
      s->columns[next++] = (uint32_t)c;
    }
    s->starts[r + 1] = next;
  }
  return true;
}

// Calls `each` with every weight that an entry of the field is for.
typedef void entry_call(mixer *m, const scheme_part *part, uint32_t *raw, uint64_t n, uint64_t k);

static void each_entry(mixer *m, const scheme_part *part, entry_call *each) {
  unsigned field = part->element->index;
  const scheme_field *f = &m->s->fields[field];
  const sparse_elements *s = &m->t->sparse[field];
  uint64_t tile = granularity_rows(&f->gran), width = granularity_columns(&f->gran), size = 1;
  scheme_field_size(f, &size);
  for (uint64_t r = 0; r < scheme_granule_rows(f, m->rows); r++)
    for (uint64_t i = s->starts[r]; i < s->starts[r + 1]; i++)
      for (uint64_t n = r * tile; n < (r + 1) * tile && n < m->rows; n++)
        for (uint64_t k = s->columns[i] * width; k < (s->columns[i] + 1) * width && k < m->columns; k++)
          each(m, part, s->raw + i * size, n, k);
}

static void take_out(mixer *m, const scheme_part *part, uint32_t *raw, uint64_t n, uint64_t k) {
  (void)part;
  (void)raw;
  m->left[n * m->columns + k] = 0;
}

// ---- the dense rest --------------------------------------------------------------------------------------

static bool fit_rest(mixer *m, const scheme_part *part) {
  tensor_codes *t = encode_mixture(m->d, m->out, part->scheme, m->left, m->rows, m->columns, m->options, m->progress);
  for (size_t f = 0; t != NULL && f < part->scheme->field_count; f++) m->t->elements[part->fields[f]] = t->elements[f];
  return t != NULL;
}

// ---- thin matrices ---------------------------------------------------------------------------------------

static bool refuse(mixer *m, const char *why) {
  diag_error(m->d, m->s->loc, "float weights cannot be encoded as '%s': %s", m->s->name, why);
  return false;
}

// The stored number in a vector's expression, a factor of it; *more is set when there are several.
static const expr *find_vector(const scheme *s, const expr *e, bool right, bool *more) {
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) {
    const granularity *g = &s->fields[e->index].gran;
    return (right ? granularity_columns(g) : granularity_rows(g)) != 0 ? e : NULL;
  }
  const expr *found = NULL;
  for (unsigned i = 0; i < e->arg_count; i++) {
    const expr *x = find_vector(s, e->args[i], right, more);
    if (x != NULL && found != NULL) *more = true;
    if (x != NULL) found = x;
  }
  return found;
}

static bool uses_field(const expr *e, unsigned field) {
  bool uses = (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && e->index == field;
  for (unsigned i = 0; i < e->arg_count && !uses; i++) uses = uses_field(e->args[i], field);
  return uses;
}

static void fill_field(mixer *m, unsigned field, double value) {
  uint64_t count = 0;
  uint32_t raw = (uint32_t)elem_encode(m->s->fields[field].type, value);
  scheme_field_count(&m->s->fields[field], m->rows, m->columns, &count);
  for (uint64_t i = 0; i < count; i++) m->t->elements[field][i] = raw;
}

// Fields that only the vectors have begin as 1, so that what a vector's number is multiplied with can be told.
static void begin_vectors(mixer *m, const scheme_part *part, const scheme_part *rest) {
  for (unsigned f = 0; f < m->s->field_count; f++) {
    bool used = false, fitted = false;
    for (size_t r = 0; r < part->rank && !used; r++) used = uses_field(part->vectors[r], f);
    for (size_t i = 0; rest != NULL && i < rest->scheme->field_count; i++) fitted = fitted || rest->fields[i] == f;
    if (used && !fitted) fill_field(m, f, 1);
  }
}

// Stores the vectors of one side; value[r * stride_r + i * stride_i] is what rank r shall be at row or column i.
static bool store_vectors(mixer *m, const scheme_part *part, const double *values, uint64_t stride_r,
                          uint64_t stride_i) {
  bool right = part->kind == PART_RIGHT, more = false;
  uint64_t count = right ? m->columns : m->rows;
  for (size_t r = 0; r < part->rank; r++) {
    const expr *e = find_vector(m->s, part->vectors[r], right, &more);
    if (e == NULL || more) return refuse(m, "a thin matrix is not one stored number for each row and column");
    const scheme_field *f = &m->s->fields[e->index];
    for (uint64_t i = 0; i < count; i++) {
      uint64_t n = right ? 0 : i, k = right ? i : 0;
      uint64_t at = scheme_field_index(f, m->columns, n, k);
      if (e->op == EXPR_ELEMENT) at += (uint64_t)scheme_eval(m->t, e->args[0], n, k);
      uint32_t *raw = &m->t->elements[e->index][at];
      *raw = (uint32_t)elem_encode(f->type, 1);
      double factor = scheme_eval(m->t, part->vectors[r], n, k);
      double x = values[r * stride_r + i * stride_i] / factor;
      *raw = (uint32_t)elem_encode(f->type, storable_clamp(f->type, isfinite(x) ? x : 0));
    }
  }
  return true;
}

// What m->left is without the rest; entries count nothing, since they make up for themselves.
static double *residual(mixer *m, const scheme_part *rest) {
  double *a = ARENA_ARRAY(m->mem, double, (size_t)(m->rows * m->columns)),
         *row = ARENA_ARRAY(m->mem, double, (size_t)m->columns);
  tensor_codes *codes = rest == NULL ? NULL : scheme_part_codes(m->d, m->mem, m->t, rest);
  for (uint64_t n = 0; n < m->rows; n++) {
    if (codes != NULL) scheme_row(codes, n, row);
    for (uint64_t k = 0; k < m->columns; k++) a[n * m->columns + k] = (double)m->left[n * m->columns + k] - row[k];
  }
  for (size_t i = 0; i < m->part_count; i++) {
    if (m->parts[i].kind != PART_SPARSE) continue;
    for (uint64_t n = 0; n < m->rows; n++)
      for (uint64_t k = 0; k < m->columns; k++)
        if (tensor_codes_find(m->t, m->parts[i].element->index, n, k) != NULL) a[n * m->columns + k] = 0;
  }
  return a;
}

static bool fit_vectors(mixer *m, const scheme_part *left, const scheme_part *right, const scheme_part *rest) {
  double *u = ARENA_ARRAY(m->mem, double, left->rank *(size_t)m->rows);
  double *v = ARENA_ARRAY(m->mem, double, left->rank *(size_t)m->columns);
  begin_vectors(m, left, rest);
  begin_vectors(m, right, rest);
  low_rank_fit(residual(m, rest), m->rows, m->columns, left->rank, u, v);
  return store_vectors(m, left, u, 1, left->rank) && store_vectors(m, right, v, m->columns, 1);
}

// ---- entries ---------------------------------------------------------------------------------------------

// What the entry of weight (n, k) has to add.
static double wanted(const mixer *m, uint64_t n, uint64_t k) {
  return (double)m->w[n * m->columns + k] - scheme_weight(m->t, n, k);
}

// A coefficient that nothing else uses: the largest entry of each of its granules becomes the largest number there is.
static void fit_coefficient(mixer *m, const scheme_part *part, const scheme_part *rest) {
  const expr *c = part->coefficient;
  for (unsigned f = 0; c != NULL && f < m->s->field_count; f++) {
    const scheme_field *field = &m->s->fields[f], *entry = &m->s->fields[part->element->index];
    bool fitted = false;
    for (size_t i = 0; rest != NULL && i < rest->scheme->field_count; i++) fitted = fitted || rest->fields[i] == f;
    if (fitted || !uses_field(c, f)) continue;
    fill_field(m, f, 1);
    if (elem_get(entry->type)->kind == ELEM_KIND_FLOAT) continue;
    uint64_t count = 0;
    scheme_field_count(field, m->rows, m->columns, &count);
    double *most = ARENA_ARRAY(m->mem, double, (size_t)count);
    for (uint64_t n = 0; n < m->rows; n++)
      for (uint64_t k = 0; k < m->columns; k++) {
        if (tensor_codes_find(m->t, part->element->index, n, k) == NULL) continue;
        uint64_t at = scheme_field_index(field, m->columns, n, k);
        double factor = fabs(scheme_eval(m->t, c, n, k)); // of the field's 1
        if (factor > 0) most[at] = fmax(most[at], fabs(wanted(m, n, k)) / factor);
      }
    for (uint64_t i = 0; i < count; i++)
      m->t->elements[f][i] =
          (uint32_t)elem_encode(field->type, storable_clamp(field->type, most[i] / (double)elem_max(entry->type)));
  }
}

static void store_entry(mixer *m, const scheme_part *part, uint32_t *raw, uint64_t n, uint64_t k) {
  elem_type type = m->s->fields[part->element->index].type;
  double c = part->coefficient == NULL ? 1 : scheme_eval(m->t, part->coefficient, n, k);
  uint64_t at = part->element->op == EXPR_FIELD ? 0 : (uint64_t)scheme_eval(m->t, part->element->args[0], n, k);
  double x = wanted(m, n, k) / c;
  raw[at] = (uint32_t)elem_encode(type, storable_clamp(type, isfinite(x) ? x : 0));
}

static bool fit_sum(mixer *m) {
  const scheme_part *rest = NULL, *left = NULL, *right = NULL;
  bool ok = true;
  for (size_t i = 0; i < m->part_count && ok; i++) {
    const scheme_part *p = &m->parts[i];
    if (p->kind == PART_REST) rest = p;
    if (p->kind == PART_LEFT) left = p;
    if (p->kind == PART_RIGHT) right = p;
    if (p->kind != PART_SPARSE) continue;
    ok = choose_entries(m, p);
    if (ok) each_entry(m, p, take_out);
  }
  ok = ok && (rest == NULL || fit_rest(m, rest)) && (left == NULL || fit_vectors(m, left, right, rest));
  for (size_t i = 0; i < m->part_count && ok; i++) {
    if (m->parts[i].kind != PART_SPARSE) continue;
    fit_coefficient(m, &m->parts[i], rest);
    each_entry(m, &m->parts[i], store_entry);
  }
  return ok;
}

// ---- sections --------------------------------------------------------------------------------------------

static bool fit_section(mixer *m, const scheme_part *part) {
  part_shape at;
  if (!scheme_part_shape(m->d, m->s, part, m->rows, m->columns, &at)) return false;
  float *w = ARENA_ARRAY(m->mem, float, (size_t)(at.rows * at.columns));
  for (uint64_t n = 0; n < at.rows; n++)
    memcpy(w + n * at.columns, m->w + (at.row + n) * m->columns + at.column, at.columns * sizeof *w);
  encode_options options = m->options == NULL ? (encode_options){0} : *m->options;
  options.importance = NULL; // of other columns
  tensor_codes *t = encode_mixture(m->d, m->out, part->scheme, w, at.rows, at.columns, &options, (encode_progress){0});
  m->t->sections[part->section] = t;
  return t != NULL;
}

static bool fit_sections(mixer *m) {
  bool ok = true;
  for (size_t i = 0; i < m->part_count && ok; i++) {
    ok = fit_section(m, &m->parts[i]);
    uint64_t all = m->rows * m->columns;
    if (m->progress.call != NULL) m->progress.call(m->progress.user, all * (i + 1) / m->part_count, all);
  }
  return ok;
}

// Whether a thin product has a side that is not stored (an offset for each column is such a product with 1): then it is no
// approximation of the weights, and the encoder of whole formats can fit it.
static bool has_computed_side(const mixer *m) {
  bool computed = false, more = false;
  for (size_t i = 0; i < m->part_count; i++) {
    const scheme_part *p = &m->parts[i];
    if (p->kind == PART_SPARSE || p->kind == PART_SECTION) return false;
    for (size_t r = 0; (p->kind == PART_LEFT || p->kind == PART_RIGHT) && r < p->rank; r++)
      computed |= find_vector(m->s, p->vectors[r], p->kind == PART_RIGHT, &more) == NULL;
  }
  return computed;
}

tensor_codes *encode_mixture(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                             const encode_options *options, encode_progress progress) {
  mixer m = {.d = d, .mem = arena_new(), .out = a, .s = s, .rows = rows, .columns = columns, .w = w};
  m.options = options;
  m.progress = progress;
  m.part_count = scheme_split(d, m.mem, s, &m.parts);
  bool plain = (m.part_count == 1 && m.parts[0].scheme == s) || has_computed_side(&m);
  bool ok = m.part_count > 0;
  if (plain) {
    m.t = encode_tensor(d, a, s, w, rows, columns, options, progress);
    ok = m.t != NULL;
  } else if (ok) {
    m.t = tensor_codes_new(d, a, s, rows, columns);
    m.left = arena_memdup(m.mem, w, (size_t)(rows * columns) * sizeof *w);
    ok = m.t != NULL && (s->section_count > 0 ? fit_sections(&m) : fit_sum(&m));
  }
  arena_free(m.mem);
  return ok ? m.t : NULL;
}

bool encode_dense_part(diag *d, arena *a, tensor_codes *t, const float *w, const encode_options *options) {
  arena *mem = arena_new();
  mixer m = {.d = d, .mem = mem, .out = a, .s = t->scheme, .rows = t->rows, .columns = t->columns, .t = t};
  m.options = options;
  m.left = arena_memdup(mem, w, (size_t)(t->rows * t->columns) * sizeof *w);
  m.part_count = scheme_split(d, mem, t->scheme, &m.parts);
  bool ok = m.part_count > 0 && m.parts[0].kind == PART_REST && fit_rest(&m, &m.parts[0]);
  arena_free(mem);
  return ok;
}

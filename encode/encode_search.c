// The general search, for expressions that are no chain of linear forms: one number after the other, by the true error
// of the weights that it touches. Codes follow: they are the nearest values.
#include <math.h>

#include "encode/inside.h"
#include "support/num.h"

enum { SWEEPS = 3 };

static void set_codes(encoder *e, size_t joint) {
  for (size_t f = 0; f < e->s->field_count; f++) {
    if (e->plan->roles[f] != ROLE_CODE) continue;
    elem_type type = e->s->fields[f].type;
    e->fields[f] = elem_decode(type, joint);
    joint >>= elem_get(type)->bits;
  }
}

// The nearest code for weight (n, k) and its squared error.
static size_t nearest_code(encoder *e, uint64_t n, uint64_t k, double *error) {
  encoder_load(e, n, k);
  relaxed_env env = {.scheme = e->s, .fields = e->fields, .tables = e->unit_tables, .k = (double)k, .n = (double)n};
  double w = encoder_weight(e, n, k);
  size_t best = 0;
  *error = INFINITY;
  for (size_t joint = 0; joint < (size_t)1 << e->code_bits; joint++) {
    set_codes(e, joint);
    double v = relaxed_eval(&env, e->s->value), x = (v - w) * (v - w);
    if (!(x < *error)) continue;
    *error = x;
    best = joint;
  }
  return best;
}

static double region_error(encoder *e, region r, double limit) {
  double sum = 0, error;
  for (uint64_t n = r.n; n < r.n + r.rows && sum < limit; n++)
    for (uint64_t k = r.k; k < r.k + r.columns && sum < limit; k++) {
      nearest_code(e, n, k, &error);
      sum += error;
    }
  return sum;
}

static void store_codes(encoder *e, region r) {
  double ignored;
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) {
      size_t joint = nearest_code(e, n, k, &ignored);
      for (size_t f = 0; f < e->s->field_count; f++) {
        if (e->plan->roles[f] != ROLE_CODE) continue;
        unsigned bits = elem_get(e->s->fields[f].type)->bits;
        e->out->elements[f][n * e->out->columns + k] = (uint32_t)(joint & (((size_t)1 << bits) - 1));
        joint >>= bits;
      }
    }
}

// One number of a coarse field being searched.
typedef struct search {
  encoder *e;
  unsigned f;
  uint64_t i;
  region r; // the weights that it touches
  double best, least;
} search;

static void try_number(search *s, double x) {
  encoder_store(s->e, s->f, s->i, x);
  double error = region_error(s->e, s->r, s->least);
  if (!(error < s->least)) return;
  s->least = error;
  s->best = x;
}

static double greatest(const encoder *e, region r) {
  double max = 0;
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) max = fmax(max, fabs(encoder_weight(e, n, k)));
  return max;
}

// Fields of up to eight bits: all numbers. Wider: steps around the present one.
static void search_integer(search *s) {
  elem_type type = s->e->s->fields[s->f].type;
  if (elem_get(type)->bits <= 8) {
    for (int64_t x = elem_min(type); x <= elem_max(type); x++) try_number(s, (double)x);
    return;
  }
  for (double step = (double)elem_max(type) / 2; step >= 1; step = floor(step / 2)) {
    double from = s->best;
    try_number(s, from + step);
    try_number(s, from - step);
  }
}

// At first powers of two around the weights' size and its inverse, of both signs; then ever smaller steps around the best.
static void search_real(search *s, bool first) {
  double max = greatest(s->e, s->r);
  try_number(s, 0);
  for (int p = -14; first && max > 0 && p <= 4; p++) {
    try_number(s, ldexp(max, p));
    try_number(s, -ldexp(max, p));
    try_number(s, ldexp(1 / max, -p)); // of numbers that divide
    try_number(s, -ldexp(1 / max, -p));
  }
  for (double step = first ? 0.5 : 0.25; step > 0.004; step *= 0.5) {
    double from = s->best;
    try_number(s, from * (1 + step));
    try_number(s, from * (1 - step));
  }
}

static void search_number(encoder *e, unsigned f, uint64_t i, region r, bool first) {
  const scheme_field *field = &e->s->fields[f];
  search s = {.e = e, .f = f, .i = i, .r = r, .best = elem_decode(field->type, e->out->elements[f][i])};
  s.least = INFINITY;
  try_number(&s, s.best);
  if (elem_get(field->type)->kind == ELEM_KIND_FLOAT)
    search_real(&s, first);
  else
    search_integer(&s);
  encoder_store(e, f, i, s.best);
}

static bool is_searched(const encoder *e, unsigned f) {
  const scheme_field *field = &e->s->fields[f];
  bool real_table = field->rank != 0 && elem_get(field->type)->kind == ELEM_KIND_FLOAT;
  return e->plan->roles[f] != ROLE_CODE && !real_table;
}

// All numbers of a field in a region, one granule after the other.
static void search_field(encoder *e, unsigned f, region r, bool first) {
  const scheme_field *field = &e->s->fields[f];
  uint64_t size = 1;
  scheme_field_size(field, &size);
  for (uint64_t n = r.n; n < r.n + r.rows;) {
    region g = {0};
    for (uint64_t k = r.k; k < r.k + r.columns; k += g.columns) {
      g = encoder_region(e, field->gran, n, k);
      uint64_t base = scheme_field_index(field, e->out->columns, n, k);
      for (uint64_t i = 0; i < size; i++) search_number(e, f, base + i, g, first);
    }
    n += g.rows;
  }
}

// All numbers begin as one, so that no product starts out as zero.
static void start_numbers(encoder *e, region r) {
  for (unsigned f = 0; f < e->s->field_count; f++) {
    if (!is_searched(e, f)) continue;
    uint64_t size = 1;
    scheme_field_size(&e->s->fields[f], &size);
    for (uint64_t n = r.n; n < r.n + r.rows; n++)
      for (uint64_t k = r.k; k < r.k + r.columns; k++) {
        uint64_t base = scheme_field_index(&e->s->fields[f], e->out->columns, n, k);
        for (uint64_t i = 0; i < size; i++) encoder_store(e, f, base + i, 1);
      }
  }
}

// What is shared by more is coarser; groups of all sizes are alike.
static int coarseness(const scheme_field *f) {
  return 2 * (granularity_rows(&f->gran) == 0) + (granularity_columns(&f->gran) == 0);
}

static bool is_real(const scheme_field *f) { return elem_get(f->type)->kind == ELEM_KIND_FLOAT; }

// Real fields from the coarsest to the finest set the size; then integers.
static bool goes_before(const scheme_field *a, const scheme_field *b) {
  return is_real(a) != is_real(b) ? is_real(a) : coarseness(a) > coarseness(b);
}

void encode_search(encoder *e, region r, bool first) {
  arena *a = arena_new();
  unsigned *order = ARENA_ARRAY(a, unsigned, e->s->field_count + 1);
  size_t count = 0;
  for (unsigned f = 0; f < e->s->field_count; f++) {
    if (!is_searched(e, f)) continue;
    size_t at = count++;
    for (; at > 0 && goes_before(&e->s->fields[f], &e->s->fields[order[at - 1]]); at--) order[at] = order[at - 1];
    order[at] = f;
  }
  if (first) start_numbers(e, r);
  for (int sweep = 0; sweep < SWEEPS; sweep++)
    for (size_t i = 0; i < count; i++) search_field(e, order[i], r, first && sweep == 0);
  store_codes(e, r);
  arena_free(a);
}

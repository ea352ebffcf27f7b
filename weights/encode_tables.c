// Stored tables of real numbers, as in clustering: the codes' nearest values and the values' means take turns.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/vec.h"
#include "weights/encode_state.h"

enum { SAMPLES = 1 << 16, CLUSTER_ROUNDS = 20 };

typedef VEC(const expr *) expr_list;

// A range of a field's elements.
typedef struct range {
  uint64_t first, count;
} range;

static range tables_of(const encoder *e, unsigned f, region r) {
  const scheme_field *field = &e->s->fields[f];
  uint64_t size = 0, columns = e->out->columns;
  scheme_field_size(field, &size);
  uint64_t first = scheme_field_index(field, columns, r.n, r.k);
  uint64_t last = scheme_field_index(field, columns, r.n + r.rows - 1, r.k + r.columns - 1);
  return (range){.first = first, .count = last + size - first};
}

static bool is_table(const encoder *e, unsigned f) { return e->plan->roles[f] == ROLE_TABLE; }

// The finest real field besides tables: it scales what they hold to numbers of magnitude one. PER_TENSOR-like
// granularities are too coarse to matter; without a scale the tables hold weights as they are.
static const scheme_field *scale_field(const scheme *s) {
  const scheme_field *finest = NULL;
  for (size_t f = 0; f < s->field_count; f++) {
    const scheme_field *x = &s->fields[f];
    if (x->rank != 0 || x->gran.kind == GRAN_WEIGHT || elem_get(x->type)->kind != ELEM_KIND_FLOAT) continue;
    if (finest == NULL || x->gran.kind < finest->gran.kind ||
        (x->gran.kind == finest->gran.kind && x->gran.group < finest->gran.group))
      finest = x;
  }
  return finest;
}

// Weights of a region, each granule divided by its greatest magnitude. Calls `visit` with every one.
typedef void (*visit_scaled)(void *user, uint64_t n, uint64_t k, double scaled);

static double greatest(const encoder *e, region r) {
  double max = 0;
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) max = fmax(max, fabs(encoder_weight(e, n, k)));
  return max;
}

static void visit_all(const encoder *e, region r, double scale, visit_scaled visit, void *user) {
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++)
      visit(user, n, k, scale == 0 ? 0 : encoder_weight(e, n, k) / scale);
}

static void for_each_scaled(const encoder *e, region r, visit_scaled visit, void *user) {
  const scheme_field *scale = scale_field(e->s);
  if (scale == NULL || scale->gran.kind == GRAN_TENSOR) {
    visit_all(e, r, scale == NULL ? 1 : greatest(e, r), visit, user);
    return;
  }
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns;) {
      region g = encoder_region(e, scale->gran, n, k);
      if (g.k + g.columns > r.k + r.columns) g.columns = r.k + r.columns - g.k;
      visit_all(e, g, greatest(e, g), visit, user);
      k = g.k + g.columns;
    }
}

typedef struct sampler {
  double *samples;
  size_t count;
  uint64_t seen, step;
} sampler;

static void take_sample(void *user, uint64_t n, uint64_t k, double scaled) {
  sampler *s = user;
  (void)n;
  (void)k;
  if (s->seen++ % s->step == 0) s->samples[s->count++] = scaled;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// Clusters sorted samples: `levels` begin as quantiles and become means of what is nearest to them.
static void cluster(const double *samples, size_t count, double *levels, size_t size) {
  for (size_t i = 0; i < size; i++) levels[i] = samples[(2 * i + 1) * count / (2 * size)];
  for (int round = 0; round < CLUSTER_ROUNDS; round++) {
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
      double limit = i + 1 < size ? 0.5 * (levels[i] + levels[i + 1]) : INFINITY, sum = 0;
      size_t first = at;
      while (at < count && samples[at] <= limit) sum += samples[at++];
      if (at > first) levels[i] = sum / (double)(at - first);
    }
  }
}

// One table whose index depends on the weight's own codes only.
static void start_levels(encoder *e, unsigned f, region r) {
  arena *a = arena_new();
  sampler s = {.samples = ARENA_ARRAY(a, double, SAMPLES + 1), .step = r.rows * r.columns / SAMPLES + 1};
  uint64_t size = 0;
  scheme_field_size(&e->s->fields[f], &size);
  for_each_scaled(e, r, take_sample, &s);
  qsort(s.samples, s.count, sizeof *s.samples, by_value);
  double *levels = ARENA_ARRAY(a, double, (size_t)size);
  cluster(s.samples, s.count, levels, (size_t)size);
  uint64_t first = tables_of(e, f, r).first;
  for (uint64_t i = 0; i < size; i++) encoder_store(e, f, first + i, levels[i]);
  arena_free(a);
}

static void find_elements(arena *a, const expr *e, unsigned f, expr_list *out) {
  bool known = false;
  for (size_t i = 0; i < out->len; i++) known |= expr_equal(out->data[i], e);
  if (e->op == EXPR_ELEMENT && e->index == f && !known) vec_push(a, out, e);
  for (unsigned i = 0; i < e->arg_count; i++) find_elements(a, e->args[i], f, out);
}

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Pretends that every granule has some code; the weights it covers then fill the elements they would use.
typedef struct seeder {
  encoder *e;
  unsigned f;
  const expr_list *elements;
  bool *filled;
  uint64_t first; // element that `filled` begins with
} seeder;

static void pretend_codes(encoder *e, uint64_t n, uint64_t k) {
  for (unsigned f = 0; f < e->s->field_count; f++) {
    const scheme_field *field = &e->s->fields[f];
    if (elem_get(field->type)->kind == ELEM_KIND_FLOAT || field->rank != 0) continue;
    uint64_t index = scheme_field_index(field, e->out->columns, n, k);
    e->fields[f] = elem_decode(field->type, mix(mix(index + 1) + f));
  }
}

static void seed_weight(void *user, uint64_t n, uint64_t k, double scaled) {
  seeder *s = user;
  pretend_codes(s->e, n, k);
  relaxed_env env = {
      .scheme = s->e->s, .fields = s->e->fields, .tables = s->e->unit_tables, .k = (double)k, .n = (double)n};
  uint64_t base = scheme_field_index(&s->e->s->fields[s->f], s->e->out->columns, n, k), size = 0;
  scheme_field_size(&s->e->s->fields[s->f], &size);
  for (size_t i = 0; i < s->elements->len; i++) {
    double at = relaxed_eval(&env, s->elements->data[i]->args[0]);
    if (!(at >= 0 && at < (double)size)) continue;
    uint64_t index = base + (uint64_t)at;
    if (s->filled[index - s->first]) continue;
    s->filled[index - s->first] = true;
    encoder_store(s->e, s->f, index, scaled / (double)s->elements->len);
  }
}

static void start_samples(encoder *e, unsigned f, region r, const expr_list *elements) {
  arena *a = arena_new();
  range t = tables_of(e, f, r);
  seeder s = {.e = e, .f = f, .elements = elements, .first = t.first};
  s.filled = ARENA_ARRAY(a, bool, (size_t)t.count);
  encoder_use_tables(e, r.n, r.k);
  for_each_scaled(e, r, seed_weight, &s);
  arena_free(a);
}

static bool is_real_table(const encoder *e, unsigned f) {
  return is_table(e, f) && elem_get(e->s->fields[f].type)->kind == ELEM_KIND_FLOAT;
}

void encode_tables_start(encoder *e, region r) {
  for (unsigned f = 0; f < e->s->field_count; f++) {
    if (!is_real_table(e, f)) continue;
    arena *a = arena_new();
    expr_list elements = {0};
    find_elements(a, e->s->value, f, &elements);
    bool plain = elements.len == 1 && e->plan->structured && e->plan->period == 1 && e->plan->cell == 0;
    region g = encoder_region(e, e->s->fields[f].gran, r.n, r.k);
    if (plain)
      for (uint64_t n = r.n; n < r.n + r.rows; n += g.rows)
        for (uint64_t k = r.k; k < r.k + r.columns; k += g.columns)
          start_levels(e, f, encoder_region(e, e->s->fields[f].gran, n, k));
    else
      start_samples(e, f, r, &elements);
    arena_free(a);
  }
}

// The expression with an element replaced by a scalar field.
static const expr *replace(arena *a, const expr *e, const expr *element, const expr *by) {
  if (expr_equal(e, element)) return by;
  if (e->arg_count == 0) return e;
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  bool changed = false;
  for (unsigned i = 0; i < e->arg_count; i++) {
    args[i] = replace(a, e->args[i], element, by);
    changed |= args[i] != e->args[i];
  }
  if (!changed) return e;
  expr *copy = arena_memdup(a, e, sizeof *e);
  copy->args = args;
  return copy;
}

// Normal equations of a table's elements, each by itself: those that one weight uses together are refitted in turn.
typedef struct refit {
  range t;
  double *numerator, *denominator;
} refit;

static void add_weight(encoder *e, const expr *value, const expr *element, unsigned f, uint64_t n, uint64_t k,
                       refit *out) {
  size_t slot = e->s->field_count; // the replaced element
  encoder_load(e, n, k);
  relaxed_env env = {.scheme = e->s, .fields = e->fields, .tables = e->unit_tables, .k = (double)k, .n = (double)n};
  e->fields[slot] = 0;
  double base = relaxed_eval(&env, value);
  e->fields[slot] = 1;
  double slope = relaxed_eval(&env, value) - base;
  double at = relaxed_eval(&env, element->args[0]);
  uint64_t size = 0;
  scheme_field_size(&e->s->fields[f], &size);
  if (!(at >= 0 && at < (double)size) || !isfinite(slope) || !isfinite(base)) return;
  uint64_t i = scheme_field_index(&e->s->fields[f], e->out->columns, n, k) + (uint64_t)at - out->t.first;
  out->numerator[i] += slope * (encoder_weight(e, n, k) - base);
  out->denominator[i] += slope * slope;
}

static void refit_element(encoder *e, region r, unsigned f, const expr *element) {
  arena *a = arena_new();
  const expr *by = expr_leaf(a, EXPR_FIELD, (unsigned)e->s->field_count, false, element->loc);
  const expr *value = replace(a, e->s->value, element, by);
  refit sum = {.t = tables_of(e, f, r)};
  sum.numerator = ARENA_ARRAY(a, double, (size_t)sum.t.count);
  sum.denominator = ARENA_ARRAY(a, double, (size_t)sum.t.count);
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) add_weight(e, value, element, f, n, k, &sum);
  for (uint64_t i = 0; i < sum.t.count; i++) {
    double x = sum.numerator[i] / sum.denominator[i];
    if (sum.denominator[i] > 0 && isfinite(x)) encoder_store(e, f, sum.t.first + i, x);
  }
  arena_free(a);
}

void encode_tables_refit(encoder *e, region r) {
  for (unsigned f = 0; f < e->s->field_count; f++) {
    if (!is_real_table(e, f)) continue;
    arena *a = arena_new();
    expr_list elements = {0};
    find_elements(a, e->s->value, f, &elements);
    for (size_t i = 0; i < elements.len; i++) refit_element(e, r, f, elements.data[i]);
    arena_free(a);
  }
}

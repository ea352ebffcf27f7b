// Stored tables, as in clustering: the codes' nearest values and the values' means take turns.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode/inside.h"
#include "support/vec.h"

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

static double extent(uint64_t size) { return size == 0 ? 0x1p40 : (double)size; }

static double granule_weights(const scheme_field *f) {
  return extent(granularity_rows(&f->gran)) * extent(granularity_columns(&f->gran));
}

// The finest real field besides tables: it scales what they hold to numbers of magnitude one. PER_TENSOR-like
// granularities are too coarse to matter; without a scale the tables hold weights as they are.
static const scheme_field *scale_field(const scheme *s) {
  const scheme_field *finest = NULL;
  for (size_t f = 0; f < s->field_count; f++) {
    const scheme_field *x = &s->fields[f];
    if (x->rank != 0 || x->gran.kind == GRAN_WEIGHT || elem_get(x->type)->kind != ELEM_KIND_FLOAT) continue;
    if (finest == NULL || granule_weights(x) < granule_weights(finest)) finest = x;
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
      double scaling = greatest(e, g);
      visit_all(e, (region){.n = n, .rows = 1, .k = g.k, .columns = g.columns}, scaling, visit, user);
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

// Where there are no more numbers than levels these are the levels.
static bool take_levels(const double *samples, size_t count, double *levels, size_t size) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && samples[i] == samples[i - 1]) continue;
    if (found == size) return false;
    levels[found++] = samples[i];
  }
  for (; found > 0 && found < size; found++) levels[found] = levels[found - 1];
  return true;
}

// What the greatest weight of a scale's granule is in a table: integers use all that they can be.
static double table_range(const encoder *e, unsigned f) {
  elem_type type = e->s->fields[f].type;
  if (elem_get(type)->kind == ELEM_KIND_FLOAT || scale_field(e->s) == NULL) return 1;
  return (double)elem_max(type);
}

// One table whose index depends on the weight's own codes only.
static void start_levels(encoder *e, unsigned f, region r) {
  arena *a = arena_new();
  uint64_t weights = r.rows * r.columns;
  sampler s = {.step = weights / SAMPLES + 1};
  s.samples = ARENA_ARRAY(a, double, (size_t)(weights < SAMPLES ? weights : SAMPLES) + 1);
  uint64_t size = 0;
  scheme_field_size(&e->s->fields[f], &size);
  for_each_scaled(e, r, take_sample, &s);
  qsort(s.samples, s.count, sizeof *s.samples, by_value);
  double *levels = ARENA_ARRAY(a, double, (size_t)size);
  if (!take_levels(s.samples, s.count, levels, (size_t)size)) cluster(s.samples, s.count, levels, (size_t)size);
  uint64_t first = tables_of(e, f, r).first;
  for (uint64_t i = 0; i < size; i++) encoder_store(e, f, first + i, levels[i] * table_range(e, f));
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

// A stage of learning: the elements that one look-up of the value uses.
typedef struct stage {
  unsigned f;
  const expr *element;
  const expr *value; // with the look-up replaced by the field past the scheme's
} stage;

// Fields and numbers that take part in an index.
static void pretend_codes(encoder *e, const expr *x, uint64_t n, uint64_t k) {
  for (unsigned i = 0; i < x->arg_count; i++) pretend_codes(e, x->args[i], n, k);
  if (x->op != EXPR_FIELD && x->op != EXPR_ELEMENT) return;
  const scheme_field *field = &e->s->fields[x->index];
  uint64_t index = scheme_field_index(field, e->out->columns, n, k), size = 1;
  if (elem_get(field->type)->kind == ELEM_KIND_FLOAT || e->plan->roles[x->index] == ROLE_TABLE) return;
  scheme_field_size(field, &size);
  for (uint64_t i = 0; i < size; i++) {
    double code = elem_decode(field->type, mix(mix(index + i + 1) + x->index) >> 16);
    if (field->rank == 0)
      e->fields[x->index] = code;
    else
      e->pretended[x->index][i] = code;
  }
}

// What an element would have to be for weight (n, k) to be exact if its codes were such and such: the weight itself, divided
// by the greatest of its scale's granule, while nothing is known; what is left of it later.
typedef struct seeder {
  encoder *e;
  const stage *now;
  bool first;
  range t;
  bool *seeded;       // elements of t
  granularity shared; // weights that may have one index
  double range;       // what weights of magnitude one become
} seeder;

// The element that weight (n, k) uses if its codes are the pretended ones, as a place in the field; false for none.
static bool pretended_element(const seeder *s, uint64_t n, uint64_t k, uint64_t *at) {
  encoder *e = s->e;
  const scheme_field *field = &e->s->fields[s->now->f];
  relaxed_env env = {
      .scheme = e->s, .fields = e->fields, .tables = e->unit_tables, .k = (double)k, .n = (double)n, .codes = e->out};
  uint64_t size = 0;
  scheme_field_size(field, &size);
  encoder_load(e, n, k);
  for (unsigned i = 0; i < e->s->field_count; i++)
    if (e->s->fields[i].rank != 0 && e->plan->roles[i] != ROLE_TABLE) e->unit_tables[i] = e->pretended[i];
  pretend_codes(e, s->now->element->args[0], n, k);
  double index = relaxed_eval(&env, s->now->element->args[0]);
  if (!(index >= 0 && index < (double)size)) return false;
  *at = scheme_field_index(field, e->out->columns, n, k) + (uint64_t)index;
  return true;
}

// The number that suits best all weights of a granule that have element `at`, the other codes as they are.
static double left_number(const seeder *s, uint64_t n, uint64_t k, uint64_t at) {
  encoder *e = s->e;
  region g = encoder_region(e, s->shared, n, k);
  double numerator = 0, denominator = 0;
  for (uint64_t i = g.k; i < g.k + g.columns; i++) {
    uint64_t other;
    if (!pretended_element(s, n, i, &other) || other != at) continue;
    relaxed_env env = {
        .scheme = e->s, .fields = e->fields, .tables = e->unit_tables, .k = (double)i, .n = (double)n, .codes = e->out};
    unsigned slot = (unsigned)e->s->field_count;
    encoder_load(e, n, i);
    e->fields[slot] = 0;
    double base = relaxed_eval(&env, s->now->value);
    e->fields[slot] = 1;
    double slope = relaxed_eval(&env, s->now->value) - base;
    if (!isfinite(slope) || !isfinite(base)) continue;
    numerator += slope * (encoder_weight(e, n, i) - base);
    denominator += slope * slope;
  }
  return numerator / denominator;
}

static void seed_weight(void *user, uint64_t n, uint64_t k, double scaled) {
  const seeder *s = user;
  uint64_t at;
  // What has been seeded stays.
  if (!pretended_element(s, n, k, &at) || s->seeded[at - s->t.first]) return;
  double number = s->first ? scaled * s->range : left_number(s, n, k, at);
  if (!isfinite(number)) return;
  s->seeded[at - s->t.first] = number != 0;
  encoder_store(s->e, s->now->f, at, number);
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

static bool is_plain(const encoder *e, const expr_list *elements) {
  return elements->len == 1 && e->plan->structured && e->plan->period == 1 && e->plan->cell == 0;
}

static bool has_table(const encoder *e, const expr *x, unsigned besides) {
  bool has = x->op == EXPR_ELEMENT && x->index != besides && is_table(e, x->index);
  for (unsigned i = 0; i < x->arg_count && !has; i++) has = has_table(e, x->args[i], besides);
  return has;
}

static bool has_elements_of(const expr *x, unsigned f) {
  bool has = x->op == EXPR_ELEMENT && x->index == f;
  for (unsigned i = 0; i < x->arg_count && !has; i++) has = has_elements_of(x->args[i], f);
  return has;
}

// Whether numbers of table f multiply or divide those of others.
static bool is_factor(const encoder *e, const expr *x, unsigned f) {
  bool product = x->op == EXPR_MUL || (x->op == EXPR_DIV && !x->is_int);
  for (unsigned i = 0; product && i < 2; i++)
    if (has_elements_of(x->args[i], f) && has_table(e, x->args[1 - i], f)) return true;
  for (unsigned i = 0; i < x->arg_count; i++)
    if (is_factor(e, x->args[i], f)) return true;
  return false;
}

// Tables that have not begun count nothing: as 0 in sums, as 1 in products, which would all be 0 otherwise.
static void clear_tables(encoder *e, unsigned f, region r) {
  range t = tables_of(e, f, r);
  double neutral = is_factor(e, e->s->value, f) ? 1 : 0;
  for (uint64_t i = 0; i < t.count; i++) encoder_store(e, f, t.first + i, neutral);
}

// The granularity of the coarsest code in an index, within a row.
static granularity index_granularity(const encoder *e, const expr *x) {
  granularity coarsest = {.kind = GRAN_WEIGHT, .group = 1};
  if ((x->op == EXPR_FIELD || x->op == EXPR_ELEMENT) && e->s->fields[x->index].gran.kind == GRAN_GROUP)
    coarsest = e->s->fields[x->index].gran;
  for (unsigned i = 0; i < x->arg_count; i++) {
    granularity g = index_granularity(e, x->args[i]);
    if (g.group > coarsest.group) coarsest = g;
  }
  return coarsest;
}

static void start_field(encoder *e, unsigned f, region r) {
  region g = encoder_region(e, e->s->fields[f].gran, r.n, r.k);
  for (uint64_t n = r.n; n < r.n + r.rows; n += g.rows)
    for (uint64_t k = r.k; k < r.k + r.columns; k += g.columns)
      start_levels(e, f, encoder_region(e, e->s->fields[f].gran, n, k));
}

static stage make_stage(const encoder *e, arena *a, unsigned f, const expr *element) {
  const expr *by = expr_leaf(a, EXPR_FIELD, (unsigned)e->s->field_count, false, element->loc);
  return (stage){.f = f, .element = element, .value = replace(a, e->s->value, element, by)};
}

static void run_stage(encoder *e, arena *a, region r, const stage *now, bool first) {
  seeder s = {.e = e, .now = now, .first = first, .t = tables_of(e, now->f, r)};
  s.seeded = ARENA_ARRAY(a, bool, (size_t)s.t.count);
  s.shared = index_granularity(e, now->element->args[0]);
  s.range = table_range(e, now->f);
  e->pretended = ARENA_ARRAY(a, double *, e->s->field_count);
  for (size_t f = 0; f < e->s->field_count; f++) {
    uint64_t size = 1;
    scheme_field_size(&e->s->fields[f], &size);
    if (e->s->fields[f].rank != 0 && e->plan->roles[f] != ROLE_TABLE) e->pretended[f] = ARENA_ARRAY(a, double, size);
  }
  for_each_scaled(e, r, seed_weight, &s);
}

// Tables in the order in which they begin: large ones first, which say most.
static size_t order_tables(const encoder *e, unsigned *order) {
  size_t count = 0;
  for (unsigned f = 0; f < e->s->field_count; f++) {
    uint64_t size = 0, other = 0;
    if (!is_table(e, f)) continue;
    scheme_field_size(&e->s->fields[f], &size);
    size_t at = count++;
    for (; at > 0; at--) {
      scheme_field_size(&e->s->fields[order[at - 1]], &other);
      if (other >= size) break;
      order[at] = order[at - 1];
    }
    order[at] = f;
  }
  return count;
}

bool encode_tables_start(encoder *e, region r, unsigned number) {
  arena *a = arena_new();
  unsigned at = 0, *order = ARENA_ARRAY(a, unsigned, e->s->field_count);
  size_t count = order_tables(e, order);
  bool done = false;
  for (size_t o = 0; number == 0 && o < count; o++) clear_tables(e, order[o], r);
  for (size_t o = 0; o < count; o++) {
    expr_list elements = {0};
    find_elements(a, e->s->value, order[o], &elements);
    if (count == 1 && is_plain(e, &elements)) {
      if (number == 0) start_field(e, order[o], r), done = true;
      continue;
    }
    for (size_t i = 0; i < elements.len; i++, at++) {
      if (at != number) continue;
      stage now = make_stage(e, a, order[o], elements.data[i]);
      run_stage(e, a, r, &now, at == 0);
      done = true;
    }
  }
  arena_free(a);
  return done;
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
  relaxed_env env = {
      .scheme = e->s, .fields = e->fields, .tables = e->unit_tables, .k = (double)k, .n = (double)n, .codes = e->out};
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
    if (!is_table(e, f)) continue;
    arena *a = arena_new();
    expr_list elements = {0};
    find_elements(a, e->s->value, f, &elements);
    for (size_t i = 0; i < elements.len; i++) refit_element(e, r, f, elements.data[i]);
    arena_free(a);
  }
}

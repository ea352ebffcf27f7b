#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "format/relaxed.h"
#include "format/storable.h"

enum { PIVOT_BITS = 8, VARIANTS = 256, LISTED = 1 << 12 };

// ---- fields ----------------------------------------------------------------------------------------------

field_form field_form_of(const encode_plan *plan, unsigned field) {
  elem_type type = plan->scheme->fields[field].type;
  field_form f = {.type = type, .is_real = elem_get(type)->kind == ELEM_KIND_FLOAT, .inverse = plan->inverse[field]};
  f.low = (double)elem_min(type);
  f.high = (double)elem_max(type);
  if (f.is_real) {
    f.high = elem_max_finite(type);
    f.low = -f.high;
  }
  f.is_small = !f.is_real && elem_get(type)->bits <= 32;
  return f;
}

static double clamp(const field_form *f, double x) {
  if (isnan(x)) return 0;
  return x < f->low ? f->low : x > f->high ? f->high : x;
}

static double rounded(const field_form *f, double x) {
  const double magic = 0x1.8p52; // adding it leaves no bit for fractions: rounds to nearest even
  if (f->is_small) return (clamp(f, x) + magic) - magic;
  return elem_decode(f->type, elem_encode(f->type, clamp(f, x)));
}

double field_form_storable(const field_form *f, double x, bool store) {
  bool keep = f->is_real && !store;
  if (f->inverse) return keep ? x : 1 / rounded(f, 1 / x);
  return keep ? clamp(f, x) : rounded(f, x);
}

// ---- cores -----------------------------------------------------------------------------------------------

core_form core_form_of(arena *a, const encode_plan *plan, size_t level, const expr *core) {
  const plan_level *l = &plan->levels[level];
  core_form c = {.is_field = core->op == EXPR_FIELD};
  size_t count = 1;
  bool few = true;
  for (size_t f = 0; f < l->field_count; f++) {
    if (!encode_plan_uses(core, l->fields[f])) continue;
    elem_type type = plan->scheme->fields[l->fields[f]].type;
    c.fields[c.field_count] = l->fields[f];
    few &= elem_get(type)->kind != ELEM_KIND_FLOAT && elem_get(type)->bits <= 8;
    if (few) {
      c.min[c.field_count] = (double)elem_min(type);
      c.counts[c.field_count] = (size_t)(elem_max(type) - elem_min(type)) + 1;
      count *= c.counts[c.field_count];
      few = count <= LISTED;
    }
    c.field_count++;
  }
  if (c.is_field || !few) return c;
  c.usable = true;
  c.values = ARENA_ARRAY(a, double, count);
  arena *temporary = arena_new();
  double *fields = ARENA_ARRAY(temporary, double, plan->scheme->field_count);
  for (size_t i = 0; i < count; i++) {
    size_t rest = i;
    for (size_t f = c.field_count; f-- > 0; rest /= c.counts[f])
      fields[c.fields[f]] = c.min[f] + (double)(rest % c.counts[f]);
    c.values[i] = relaxed_eval(&(relaxed_env){.scheme = plan->scheme, .fields = fields}, core);
  }
  arena_free(temporary);
  return c;
}

// ---- items -----------------------------------------------------------------------------------------------

static bool is_real(const encode_plan *plan, unsigned field) {
  return elem_get(plan->scheme->fields[field].type)->kind == ELEM_KIND_FLOAT;
}

static unsigned bits_of(const encode_plan *plan, unsigned field) {
  return elem_get(plan->scheme->fields[field].type)->bits;
}

size_t item_pivot(const encode_plan *plan, size_t level) {
  const plan_level *l = &plan->levels[level];
  size_t best = l->field_count;
  for (size_t f = 0; f < l->field_count; f++) {
    if (l->partners[f] == 0 || is_real(plan, l->fields[f]) || bits_of(plan, l->fields[f]) > PIVOT_BITS) continue;
    if (best == l->field_count || bits_of(plan, l->fields[f]) < bits_of(plan, l->fields[best])) best = f;
  }
  return best;
}

// The field of fewest bits that is not of degree one in the cores, or multiplies another, and can be a pivot; field_count when
// there is none. `open`: some field is so.
static size_t next_pivot(const encode_plan *plan, const plan_level *l, unsigned pivots, bool *open) {
  size_t best = l->field_count;
  *open = false;
  for (size_t f = 0; f < l->field_count; f++) {
    if ((pivots >> f & 1) != 0 || (l->affine[f] && (l->partners[f] & ~pivots) == 0)) continue;
    *open = true;
    if (is_real(plan, l->fields[f]) || bits_of(plan, l->fields[f]) > PIVOT_BITS) continue;
    if (best == l->field_count || bits_of(plan, l->fields[f]) < bits_of(plan, l->fields[best])) best = f;
  }
  return best;
}

// Chooses pivots until the other fields are all of degree one without products among them; false when that fails.
static bool list_fields(const encode_plan *plan, const plan_level *l, item_form *x) {
  unsigned pivots = 0;
  bool open;
  x->variants = 1;
  for (size_t f; f = next_pivot(plan, l, pivots, &open), open;) {
    if (f == l->field_count) return false;
    elem_type type = plan->scheme->fields[l->fields[f]].type;
    pivots |= 1u << f;
    x->pivots[x->pivot_count] = f;
    x->pivot_min[x->pivot_count] = (double)elem_min(type);
    x->pivot_counts[x->pivot_count] = (size_t)(elem_max(type) - elem_min(type)) + 1;
    x->variants *= x->pivot_counts[x->pivot_count++];
    if (x->variants > VARIANTS) return false;
  }
  for (int real = 0; real <= 1; real++)
    for (size_t f = 0; f < l->field_count; f++) {
      if ((pivots >> f & 1) != 0 || is_real(plan, l->fields[f]) != (real == 1)) continue;
      x->fields[x->free_count] = field_form_of(plan, l->fields[f]);
      x->free[x->free_count++] = f;
    }
  return true;
}

// The pivots' numbers of a variant.
static void pivot_numbers(const item_form *x, size_t variant, double *out) {
  for (size_t i = x->pivot_count; i-- > 0; variant /= x->pivot_counts[i])
    out[i] = x->pivot_min[i] + (double)(variant % x->pivot_counts[i]);
}

static void sort_variants(arena *a, item_form *x) {
  x->sorted = ARENA_ARRAY(a, double, x->variants);
  x->variant_of = ARENA_ARRAY(a, size_t, x->variants);
  for (size_t v = 0; v < x->variants; v++) {
    size_t at = x->sorted_count;
    if (!isfinite(x->base[v])) continue;
    for (; at > 0 && x->sorted[at - 1] > x->base[v]; at--) {
      x->sorted[at] = x->sorted[at - 1];
      x->variant_of[at] = x->variant_of[at - 1];
    }
    x->sorted[at] = x->base[v];
    x->variant_of[at] = v;
    x->sorted_count++;
  }
}

// All cores for numbers of the fields.
static void list_cores(const encode_plan *plan, const plan_level *l, const double *fields, double *out) {
  relaxed_env env = {.scheme = plan->scheme, .fields = fields};
  for (size_t r = 0; r < l->rows; r++)
    for (size_t t = 0; t < l->terms; t++)
      out[r * l->terms + t] = l->core[r][t] == NULL ? 0 : relaxed_eval(&env, l->core[r][t]);
}

// Which entry a row is. False unless it is one term times something of one field at most.
static bool find_entry(const item_form *x, size_t row, item_entry *e, size_t *field) {
  size_t cores = x->rows * x->terms, places = 0;
  *e = (item_entry){.row = row};
  *field = x->free_count;
  for (size_t t = 0; t < x->terms; t++) {
    size_t at = row * x->terms + t, fields = 0;
    for (size_t f = 0; f < x->free_count; f++) {
      if (x->slopes[f * cores + at] == 0) continue;
      *field = f;
      e->by = x->slopes[f * cores + at];
      fields++;
    }
    if (fields == 0 && x->base[at] == 0) continue;
    e->term = t;
    e->base = x->base[at];
    if (fields > 1 || ++places > 1) return false;
  }
  return true;
}

static bool split(item_form *x) {
  bool taken[PLAN_FIELDS] = {false};
  if (x->pivot_count > 0 || x->free_count > x->rows) return false;
  x->entry_count = x->free_count;
  for (size_t row = 0; row < x->rows; row++) {
    item_entry e;
    size_t field;
    if (!find_entry(x, row, &e, &field)) return false;
    if (field == x->free_count) {
      if (e.base != 0 && x->entry_count < PLAN_TERMS) x->entries[x->entry_count++] = e;
      continue;
    }
    if (taken[field]) return false;
    taken[field] = true;
    x->entries[field] = e;
  }
  for (size_t f = 0; f < x->free_count; f++)
    if (!taken[f]) return false;
  return true;
}

item_form item_form_of(arena *a, const encode_plan *plan, size_t level) {
  const plan_level *l = &plan->levels[level];
  item_form x = {.field_count = l->field_count, .rows = l->rows, .terms = l->terms};
  size_t cores = l->rows * l->terms;
  if (!list_fields(plan, l, &x)) return x;
  size_t variants = x.variants;
  x.base = ARENA_ARRAY(a, double, variants *cores);
  x.slopes = ARENA_ARRAY(a, double, variants * cores * (x.free_count + 1));
  arena *temporary = arena_new();
  double *fields = ARENA_ARRAY(temporary, double, plan->scheme->field_count);
  for (size_t v = 0; v < variants; v++) {
    double *base = x.base + v * cores;
    double numbers[PLAN_FIELDS];
    pivot_numbers(&x, v, numbers);
    for (size_t i = 0; i < x.pivot_count; i++) fields[l->fields[x.pivots[i]]] = numbers[i];
    for (size_t f = 0; f < x.free_count; f++) fields[l->fields[x.free[f]]] = 0;
    list_cores(plan, l, fields, base);
    for (size_t f = 0; f < x.free_count; f++) {
      double *slope = x.slopes + (v * x.free_count + f) * cores;
      fields[l->fields[x.free[f]]] = 1;
      list_cores(plan, l, fields, slope);
      fields[l->fields[x.free[f]]] = 0;
      for (size_t c = 0; c < cores; c++) slope[c] -= base[c];
    }
  }
  x.usable = true;
  for (size_t i = 0; i < variants * cores && x.free_count > 0; i++) x.usable &= isfinite(x.base[i]);
  for (size_t i = 0; i < variants * cores * x.free_count; i++) x.usable &= isfinite(x.slopes[i]);
  arena_free(temporary);
  x.is_split = x.usable && split(&x);
  if (cores == 1 && x.free_count == 0) sort_variants(a, &x);
  return x;
}

// The error of one granule as a function of the free fields: power - 2 b.x + x.h.x.
typedef struct item_quad {
  size_t count;
  double power, b[PLAN_FIELDS], h[PLAN_FIELDS][PLAN_FIELDS];
} item_quad;

static void times_above(const item_form *x, const double *cores, const double *above, double *out) {
  for (size_t r = 0; r < x->rows; r++) {
    double sum = 0;
    for (size_t t = 0; t < x->terms; t++) sum += cores[r * x->terms + t] * above[t];
    out[r] = sum;
  }
}

static void make_quad(const item_form *x, const quadratic *q, size_t variant, const double *above, item_quad *out) {
  size_t cores = x->rows * x->terms;
  double base[PLAN_TERMS], rest[PLAN_TERMS], slope[PLAN_FIELDS][PLAN_TERMS];
  times_above(x, x->base + variant * cores, above, base);
  out->count = x->free_count;
  out->power = q->power;
  for (size_t r = 0; r < x->rows; r++) {
    rest[r] = q->b[r];
    for (size_t j = 0; j < x->rows; j++) rest[r] -= q->h[r][j] * base[j];
    out->power -= base[r] * (q->b[r] + rest[r]);
  }
  for (size_t f = 0; f < x->free_count; f++)
    times_above(x, x->slopes + (variant * x->free_count + f) * cores, above, slope[f]);
  for (size_t f = 0; f < x->free_count; f++) {
    double moved[PLAN_TERMS];
    out->b[f] = 0;
    for (size_t r = 0; r < x->rows; r++) {
      moved[r] = 0;
      for (size_t j = 0; j < x->rows; j++) moved[r] += q->h[r][j] * slope[f][j];
      out->b[f] += slope[f][r] * rest[r];
    }
    for (size_t g = 0; g <= f; g++) {
      double sum = 0;
      for (size_t r = 0; r < x->rows; r++) sum += slope[g][r] * moved[r];
      out->h[f][g] = out->h[g][f] = sum;
    }
  }
}

// The same, except for the power, of a split form.
static void make_split_quad(const item_form *x, const quadratic *q, const double *above, item_quad *out) {
  double base[PLAN_TERMS] = {0}, slope[PLAN_TERMS] = {0};
  out->count = x->free_count;
  for (size_t e = 0; e < x->entry_count; e++) {
    base[e] = above[x->entries[e].term] * x->entries[e].base;
    slope[e] = above[x->entries[e].term] * x->entries[e].by;
  }
  for (size_t f = 0; f < x->free_count; f++) {
    size_t row = x->entries[f].row;
    double rest = q->b[row];
    for (size_t e = 0; e < x->entry_count; e++) rest -= q->h[row][x->entries[e].row] * base[e];
    out->b[f] = slope[f] * rest;
    for (size_t g = 0; g < x->free_count; g++) out->h[f][g] = slope[f] * slope[g] * q->h[row][x->entries[g].row];
  }
}

// Moves fields first, first + 1, .. to the minimum, the others as they are. Directions without influence stay.
static void move_fields(const item_quad *q, size_t first, double *x) {
  double h[PLAN_FIELDS][PLAN_FIELDS], r[PLAN_FIELDS], step[PLAN_FIELDS];
  size_t n = q->count - first;
  for (size_t i = 0; i < n; i++) {
    r[i] = q->b[first + i];
    for (size_t j = 0; j < q->count; j++) r[i] -= q->h[first + i][j] * x[j];
    for (size_t j = 0; j < n; j++) h[i][j] = q->h[first + i][first + j];
  }
  if (n == 1)
    step[0] = h[0][0] > 0 ? r[0] / h[0][0] : 0;
  else
    solve_symmetric(n, h, r, step);
  for (size_t i = 0; i < n; i++)
    if (isfinite(step[i])) x[first + i] += step[i];
}

static double error_of(const item_quad *q, const double *x) {
  double error = q->power;
  for (size_t i = 0; i < q->count; i++) {
    double half = -2 * q->b[i];
    for (size_t j = 0; j < q->count; j++) half += q->h[i][j] * x[j];
    error += x[i] * half;
  }
  return error < 0 ? 0 : error;
}

// Two fields, as solve_fields.
static void solve_pair(const item_form *x, const item_quad *q, bool store, double *vals) {
  double a = q->h[0][0], b = q->h[0][1], c = q->h[1][1];
  double r0 = q->b[0] - a * vals[0] - b * vals[1], r1 = q->b[1] - b * vals[0] - c * vals[1], rest = c;
  if (a > 0) {
    rest -= b / a * b;
    r1 -= b / a * r0;
  }
  double second = rest > 1e-12 * c && rest > 0 ? r1 / rest : 0, first = a > 0 ? (r0 - b * second) / a : 0;
  if (isfinite(first)) vals[0] += first;
  vals[0] = field_form_storable(&x->fields[0], vals[0], store);
  second = c > 0 ? (q->b[1] - b * vals[0] - c * vals[1]) / c : 0;
  if (isfinite(second)) vals[1] += second;
  vals[1] = field_form_storable(&x->fields[1], vals[1], store);
}

// Rounds one field after the other, those left making up for it.
static void solve_fields(const item_form *x, const item_quad *q, bool store, double *vals) {
  if (q->count == 2) {
    solve_pair(x, q, store, vals);
    return;
  }
  for (size_t f = 0; f < q->count; f++) {
    move_fields(q, f, vals);
    vals[f] = field_form_storable(&x->fields[f], vals[f], store);
  }
}

// The error of a variant without other fields.
static double variant_error(const item_form *x, const quadratic *q, size_t variant, const double *above) {
  double out[PLAN_TERMS] = {0}, error = q->power;
  times_above(x, x->base + variant * x->rows * x->terms, above, out);
  for (size_t r = 0; r < x->rows; r++) {
    double half = -2 * q->b[r];
    for (size_t j = 0; j < x->rows; j++) half += q->h[r][j] * out[j];
    error += half * out[r];
  }
  return error;
}

static void store_variant(const item_form *x, size_t variant, double *vals) {
  double numbers[PLAN_FIELDS];
  pivot_numbers(x, variant, numbers);
  for (size_t i = 0; i < x->pivot_count; i++) vals[x->pivots[i]] = numbers[i];
}

// The variant whose one output is nearest to the least error's.
static size_t nearest_variant(const item_form *x, const quadratic *q, const double *above) {
  double target = q->b[0] / (q->h[0][0] * above[0]);
  size_t low = 0, high = x->sorted_count - 1;
  if (!isfinite(target)) return x->variant_of[0];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (target > 0.5 * x->sorted[middle] + 0.5 * x->sorted[middle + 1])
      low = middle + 1;
    else
      high = middle;
  }
  return x->variant_of[low];
}

// Which variants are tried.
static void tried_variants(const item_form *x, double reach, const double *vals, size_t *from, size_t *to) {
  *from = 0;
  *to = x->variants - 1;
  if (x->pivot_count != 1) return;
  double now = vals[x->pivots[0]] - x->pivot_min[0];
  if (now - reach > 0) *from = (size_t)(now - reach);
  if (now + reach < (double)*to) *to = (size_t)(now + reach);
}

void item_form_solve(const item_form *x, const quadratic *q, const double *above, bool store, double reach,
                     double *vals) {
  double start[PLAN_FIELDS] = {0}, now[PLAN_FIELDS] = {0}, least = INFINITY;
  size_t from, to, best = SIZE_MAX;
  item_quad form;
  for (size_t f = 0; f < x->free_count; f++) start[f] = vals[x->free[f]];
  if (x->is_split) {
    make_split_quad(x, q, above, &form);
    solve_fields(x, &form, store, start);
    for (size_t f = 0; f < x->free_count; f++) vals[x->free[f]] = start[f];
    return;
  }
  if (x->sorted_count > 0) {
    store_variant(x, nearest_variant(x, q, above), vals);
    return;
  }
  tried_variants(x, reach, vals, &from, &to);
  for (size_t v = from; v <= to; v++) {
    double error = 0;
    if (x->free_count > 0) {
      memcpy(now, start, x->free_count * sizeof *now);
      make_quad(x, q, v, above, &form);
      solve_fields(x, &form, store, now);
      if (x->pivot_count > 0) error = error_of(&form, now);
    } else {
      error = variant_error(x, q, v, above);
    }
    if (!(error < least)) continue;
    least = error;
    best = v;
    for (size_t f = 0; f < x->free_count; f++) vals[x->free[f]] = now[f];
  }
  if (best != SIZE_MAX) store_variant(x, best, vals);
}

void item_form_add(const item_form *x, const quadratic *q, const double *vals, quadratic *sum) {
  double core[PLAN_TERMS];
  sum->power += q->power;
  for (size_t e = 0; e < x->entry_count; e++)
    core[e] = x->entries[e].base + (e < x->free_count ? x->entries[e].by * vals[x->free[e]] : 0);
  for (size_t e = 0; e < x->entry_count; e++) {
    const item_entry *i = &x->entries[e];
    sum->b[i->term] += core[e] * q->b[i->row];
    for (size_t g = 0; g < x->entry_count; g++) {
      const item_entry *j = &x->entries[g];
      sum->h[i->term][j->term] += core[e] * core[g] * q->h[i->row][j->row];
    }
  }
}

/* Note [Item forms]

A granule of 32 weights has a scale and an offset, which are solved for a hundred times: for each value that the scale above
may have, and again whenever codes have changed. Most cores are of degree one in all fields, without products among them, so
that they are given by their values where all fields are 0 and where one is 1; products with one integer of few bits (a zero
point times a scale, a bit that moves levels) are so for each of its numbers. These are computed once for a plan. What is left
for each granule is a small quadratic form. Other cores are evaluated every time (encode/encode_item.c). */

// The values of level 0's cores for every code, and quadratic forms.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode/inside.h"

double quadratic_error(const quadratic *q, size_t terms, const double *u) {
  double error = q->power;
  for (size_t i = 0; i < terms; i++) {
    error -= 2 * q->b[i] * u[i];
    for (size_t j = 0; j < terms; j++) error += u[i] * q->h[i][j] * u[j];
  }
  return error < 0 ? 0 : error;
}

// Elimination with diagonal pivots.
void solve_symmetric(size_t n, double h[PLAN_FIELDS][PLAN_FIELDS], double *r, double *x) {
  bool dead[PLAN_FIELDS] = {false};
  double diagonal[PLAN_FIELDS];
  for (size_t i = 0; i < n; i++) diagonal[i] = h[i][i];
  for (size_t i = 0; i < n; i++) {
    dead[i] = !(h[i][i] > 1e-12 * diagonal[i]) || !(h[i][i] > 0);
    for (size_t j = i + 1; j < n && !dead[i]; j++) {
      double f = h[j][i] / h[i][i];
      for (size_t k = i; k < n; k++) h[j][k] -= f * h[i][k];
      r[j] -= f * r[i];
    }
  }
  for (size_t i = n; i-- > 0;) {
    x[i] = 0;
    if (dead[i]) continue;
    double rest = r[i];
    for (size_t j = i + 1; j < n; j++) rest -= h[i][j] * x[j];
    x[i] = rest / h[i][i];
  }
}

// One or two terms need no elimination in tables. Pivots vanish as in solve_symmetric.
static void solve_few(const quadratic *q, size_t terms, const bool *fixed, double *u) {
  bool still0 = fixed != NULL && fixed[0], still1 = terms < 2 || (fixed != NULL && fixed[1]);
  double h00 = still0 ? 0 : q->h[0][0], r0 = still0 ? 0 : q->b[0] - q->h[0][0] * u[0], x0 = 0;
  if (terms == 2) {
    double h01 = still0 || still1 ? 0 : q->h[0][1], h11 = still1 ? 0 : q->h[1][1], rest = h11, x1 = 0;
    double r1 = still1 ? 0 : q->b[1] - q->h[1][0] * u[0] - q->h[1][1] * u[1];
    if (!still0) r0 -= q->h[0][1] * u[1];
    if (h00 > 0) {
      double f = h01 / h00;
      rest -= f * h01;
      r1 -= f * r0;
    }
    if (rest > 1e-12 * h11 && rest > 0) x1 = r1 / rest;
    r0 -= h01 * x1;
    if (isfinite(x1)) u[1] += x1;
  }
  if (h00 > 0) x0 = r0 / h00;
  if (isfinite(x0)) u[0] += x0;
}

void quadratic_solve(const quadratic *q, size_t terms, const bool *fixed, double *u) {
  if (terms == 1 || terms == 2) {
    solve_few(q, terms, fixed, u);
    return;
  }
  double h[PLAN_FIELDS][PLAN_FIELDS], r[PLAN_FIELDS], x[PLAN_FIELDS];
  for (size_t i = 0; i < terms; i++) {
    bool still = fixed != NULL && fixed[i];
    r[i] = still ? 0 : q->b[i];
    for (size_t j = 0; j < terms; j++) {
      h[i][j] = still || (fixed != NULL && fixed[j]) ? 0 : q->h[i][j];
      if (!still) r[i] -= q->h[i][j] * u[j];
    }
  }
  solve_symmetric(terms, h, r, x);
  for (size_t i = 0; i < terms; i++)
    if (isfinite(x[i])) u[i] += x[i];
}

static double *core_at(const core_set *c, size_t position, size_t term) {
  return c->v + (position * c->terms + term) * c->codes;
}

// Sets the per-weight fields from the bits of a joint code.
static void set_fields(const encode_plan *plan, size_t joint, double *fields) {
  for (size_t f = 0; f < plan->scheme->field_count; f++) {
    if (plan->roles[f] != ROLE_CODE) continue;
    elem_type type = plan->scheme->fields[f].type;
    fields[f] = elem_decode(type, joint);
    joint >>= elem_get(type)->bits;
  }
}

static size_t joint_values(const encode_plan *plan) {
  unsigned bits = 0;
  for (size_t f = 0; f < plan->scheme->field_count; f++)
    if (plan->roles[f] == ROLE_CODE) bits += elem_get(plan->scheme->fields[f].type)->bits;
  return (size_t)1 << bits;
}

static void fill_values(core_set *c, relaxed_env *env, double *fields) {
  const plan_level *l = &c->plan->levels[0];
  for (size_t code = 0; code < c->codes; code++) {
    if (c->direct_field < c->plan->scheme->field_count)
      fields[c->direct_field] = (double)code;
    else
      set_fields(c->plan, code, fields);
    for (size_t at = 0; at < c->positions * c->terms; at++) {
      env->k = (double)(at / c->terms);
      core_at(c, at / c->terms, at % c->terms)[code] = relaxed_eval(env, l->core[0][at % c->terms]);
    }
  }
}

static void find_limits(core_set *c) {
  for (size_t t = 0; t < c->terms; t++) {
    c->min[t] = INFINITY;
    c->max[t] = -INFINITY;
    for (size_t i = 0; i < c->positions; i++) {
      const double *v = core_at(c, i, t);
      for (size_t code = 0; code < c->codes; code++) {
        if (!isfinite(v[code])) continue;
        if (v[code] < c->min[t]) c->min[t] = v[code];
        if (v[code] > c->max[t]) c->max[t] = v[code];
      }
    }
  }
}

// A value with its code; of equal values the one with the least code comes first.
typedef struct coded {
  double value;
  size_t code;
} coded;

static int by_value(const void *a, const void *b) {
  const coded *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return (x->code > y->code) - (x->code < y->code);
}

static void sort_levels(core_set *c) {
  arena *a = arena_new();
  const double *v = core_at(c, 0, c->slope);
  coded *all = ARENA_ARRAY(a, coded, c->codes);
  size_t finite = 0;
  for (size_t code = 0; code < c->codes; code++)
    if (isfinite(v[code])) all[finite++] = (coded){.value = v[code], .code = code};
  qsort(all, finite, sizeof *all, by_value);
  c->level_count = 0;
  for (size_t i = 0; i < finite; i++) {
    if (i > 0 && all[i].value == all[i - 1].value) continue;
    c->sorted[c->level_count] = all[i].value;
    c->code_of[c->level_count++] = (uint16_t)all[i].code;
  }
  arena_free(a);
}

static void find_middles(core_set *c) {
  for (c->padded = 1; c->padded < c->level_count; c->padded *= 2) {
  }
  for (size_t i = 0; i < c->padded; i++)
    c->middle[i] = i + 1 < c->level_count ? 0.5 * c->sorted[i] + 0.5 * c->sorted[i + 1] : INFINITY;
  c->uniform = c->level_count > 1;
  for (size_t i = 1; i < c->level_count; i++)
    c->uniform &= c->sorted[i] - c->sorted[i - 1] == c->sorted[1] - c->sorted[0];
  c->per_step = c->uniform ? 1 / (c->sorted[1] - c->sorted[0]) : 0;
}

// The number that begins with leading bits.
static double with_leading(int bits) {
  return ldexp(1 + ldexp(bits & ((1 << LEAP_MANTISSA) - 1), -LEAP_MANTISSA), bits >> LEAP_MANTISSA);
}

static void find_leaps(core_set *c) {
  level_leap *l = &c->leap;
  size_t count = c->level_count - 1;
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(c->middle[i]));
  l->usable = most > 0x1p-900 && most < 0x1p900;
  if (!l->usable) return;
  l->lowest = (ilogb(most) + 1 - LEAP_EXPONENTS) * (1 << LEAP_MANTISSA);
  for (int sign = 0; sign < 2; sign++)
    for (int i = 0; i < LEAPS; i++) {
      // The least and the greatest number that begin so.
      double low = i == 0 ? 0 : with_leading(l->lowest + i),
             high = i == LEAPS - 1 ? INFINITY : with_leading(l->lowest + i + 1);
      double from = sign == 1 ? -high : low, to = sign == 1 ? -low : high;
      size_t before = 0, within = 0;
      for (size_t m = 0; m < count; m++) {
        before += c->middle[m] < from;
        within += c->middle[m] < to;
      }
      l->from[sign][i] = (uint16_t)before;
      l->usable &= within - before <= LEAP_STEPS;
    }
}

static bool constant_core(const core_set *c, size_t t) { return c->min[t] == c->max[t]; }

static void recognise_simple(core_set *c) {
  c->slope = 0;
  c->offset = c->terms;
  c->simple = c->positions == 1 && c->codes > 1 && c->terms <= 2 && c->terms > 0;
  if (!c->simple) return;
  if (c->terms == 2) {
    c->slope = constant_core(c, 0);
    c->offset = 1 - c->slope;
    c->simple = constant_core(c, c->offset) && !constant_core(c, c->slope) && isfinite(c->min[c->offset]);
  }
  if (!c->simple) return;
  sort_levels(c);
  c->simple = c->level_count > 0;
  find_middles(c);
  c->leap.usable = false;
  if (c->simple && !c->uniform && c->level_count > 16 && !c->plan->has_tables) find_leaps(c);
}

static bool core_varies(const core_set *c, size_t t) {
  if (c->trellis != NULL) return c->trellis->varying == t;
  return c->cells != NULL ? c->cells->varies[t] : !constant_core(c, t);
}

// Which term has the levels and which the offset; false for values of another form.
static bool line_terms(core_set *c) {
  const plan_level *l = &c->plan->levels[0];
  c->level_slope = c->level_offset = c->terms;
  for (size_t t = 0; t < c->terms; t++) {
    size_t *to = core_varies(c, t) ? &c->level_slope : &c->level_offset;
    if (*to != c->terms || l->fixed[t]) return false;
    *to = t;
  }
  return c->level_slope != c->terms;
}

static void list_levels(core_set *c) {
  c->levels.count = 0;
  if (!line_terms(c)) return;
  if (c->cells != NULL && c->plan->has_tables) return; // learned vectors: too many numbers
  if (c->cells != NULL) {
    c->levels = cell_levels(c->level_mem, c->cells, c->level_slope);
    return;
  }
  if (c->trellis != NULL) {
    size_t states = (size_t)1 << c->trellis->width;
    c->levels = level_list_make(
        arena_memdup(c->level_mem, c->trellis->values + c->level_slope * states, states * sizeof(double)), states);
    return;
  }
  if (c->codes * c->positions > PROBE_LEVELS) return;
  double *all = ARENA_ARRAY(c->level_mem, double, c->codes * c->positions);
  for (size_t i = 0; i < c->positions; i++)
    memcpy(all + i * c->codes, core_at(c, i, c->level_slope), c->codes * sizeof *all);
  c->levels = level_list_make(all, c->codes * c->positions);
}

static void find_levels(core_set *c) {
  list_levels(c);
  if (!c->plan->has_tables) level_list_prepare(c->level_mem, &c->levels); // tables change too often
}

void core_set_update(core_set *c, const double *const *tables) {
  arena_free(c->level_mem);
  c->level_mem = arena_new();
  if (c->cells != NULL || c->trellis != NULL) {
    if (c->cells != NULL)
      cell_set_update(c->cells, tables);
    else
      trellis_update(c->trellis, tables);
    memcpy(c->min, c->cells != NULL ? c->cells->min : c->trellis->min, sizeof c->min);
    memcpy(c->max, c->cells != NULL ? c->cells->max : c->trellis->max, sizeof c->max);
    find_levels(c);
    return;
  }
  arena *a = arena_new();
  double *fields = ARENA_ARRAY(a, double, c->plan->scheme->field_count);
  relaxed_env env = {.scheme = c->plan->scheme, .fields = fields, .tables = tables};
  fill_values(c, &env, fields);
  arena_free(a);
  find_limits(c);
  recognise_simple(c);
  if (c->direct_field == c->plan->scheme->field_count) find_levels(c);
}

void core_set_free(core_set *c) {
  arena_free(c->level_mem);
  if (c->cells != NULL) cell_set_free(c->cells);
}

static unsigned find_direct_field(const encode_plan *plan) {
  unsigned f = 0;
  while (f < plan->scheme->field_count &&
         !(plan->roles[f] == ROLE_CODE && elem_get(plan->scheme->fields[f].type)->kind == ELEM_KIND_FLOAT &&
           elem_get(plan->scheme->fields[f].type)->bits > SCHEME_MAX_CODE_BITS))
    f++;
  return f;
}

size_t core_set_cell(const core_set *c) {
  return c->cells != NULL ? c->cells->width : c->trellis != NULL ? c->trellis->span : 1;
}

size_t core_set_slots(const core_set *c) {
  return c->cells != NULL ? c->cells->slot_count : c->trellis != NULL ? c->trellis->span : 1;
}

bool core_set_init(arena *a, const encode_plan *plan, const double *const *tables, uint64_t weights, core_set *out,
                   const expr **blocked) {
  enum { LIMIT = 1 << 22 };
  core_set *c = out;
  *c = (core_set){.plan = plan, .terms = plan->levels[0].terms, .positions = plan->period};
  c->direct_field = find_direct_field(plan);
  *blocked = plan->scheme->value;
  if (plan->cell > 0 || plan->span > 0) {
    if (plan->cell > 0)
      c->cells = cell_set_new(a, plan, weights / plan->cell, blocked);
    else
      c->trellis = trellis_new(a, plan, blocked);
    if (c->cells == NULL && c->trellis == NULL) return false;
    core_set_update(c, tables);
    return true;
  }
  c->codes = c->direct_field < plan->scheme->field_count ? 2 : joint_values(plan);
  if (c->terms == 0 || c->codes * c->positions * c->terms > LIMIT) return false;
  c->v = ARENA_ARRAY(a, double, c->codes * c->positions * c->terms);
  c->sorted = ARENA_ARRAY(a, double, c->codes + 1);
  c->middle = ARENA_ARRAY(a, double, 2 * c->codes);
  c->code_of = ARENA_ARRAY(a, uint16_t, c->codes + 1);
  core_set_update(c, tables);
  return true;
}

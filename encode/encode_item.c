// One granule of a level above the weights: its few fields, given a quadratic form in its outputs.
#include <math.h>
#include <string.h>

#include "encode/inside.h"

// How far an integer that is tried moves once it has been chosen.
static const double REACH = 2;

static double *item_vals(unit *u, size_t level, size_t i) {
  return u->levels[level].vals + i * u->plan->levels[level].field_count;
}

static void load_fields(unit *u, size_t level, const double *vals) {
  const plan_level *l = &u->plan->levels[level];
  for (size_t f = 0; f < l->field_count; f++) u->fields[l->fields[f]] = vals[f];
}

static double eval_expr(unit *u, const expr *core) {
  return relaxed_eval(&(relaxed_env){.scheme = u->plan->scheme, .fields = u->fields}, core);
}

static double eval_core(unit *u, size_t level, size_t row, size_t term) {
  double value;
  if (core_form_value(&u->cores_listed[level][row][term], u->fields, &value)) return value;
  return eval_expr(u, u->plan->levels[level].core[row][term]);
}

void unit_cores(unit *u, size_t level, size_t i, double core[PLAN_TERMS][PLAN_TERMS]) {
  const plan_level *l = &u->plan->levels[level];
  load_fields(u, level, item_vals(u, level, i));
  for (size_t r = 0; r < l->rows; r++)
    for (size_t t = 0; t < l->terms; t++) core[r][t] = l->core[r][t] == NULL ? 0 : eval_core(u, level, r, t);
}

// Outputs for the fields in u->fields.
static void outputs(unit *u, size_t level, const double *above, double *out) {
  const plan_level *l = &u->plan->levels[level];
  for (size_t r = 0; r < l->rows; r++) {
    out[r] = 0;
    for (size_t t = 0; t < l->terms; t++)
      if (l->core[r][t] != NULL) out[r] += eval_core(u, level, r, t) * above[t];
  }
}

void unit_outputs(unit *u, size_t level, size_t i, const double *above, double *out) {
  load_fields(u, level, item_vals(u, level, i));
  outputs(u, level, above, out);
}

static double storable(const unit *u, unsigned field, double x, bool store) {
  return field_form_storable(&u->field_forms[field], x, store);
}

// One item being solved.
typedef struct item {
  unit *u;
  size_t level;
  const plan_level *l;
  const quadratic *q;
  const double *above;
  bool store;
} item;

static double error_at(const item *it, unsigned field, double value) {
  double out[PLAN_TERMS];
  it->u->fields[field] = value;
  outputs(it->u, it->level, it->above, out);
  return quadratic_error(it->q, it->l->rows, out);
}

// The outputs are base + slope * x in a field of degree one, so the error is a parabola.
static double solve_affine(const item *it, unsigned field) {
  double base[PLAN_TERMS], slope[PLAN_TERMS], numerator = 0, denominator = 0, old = it->u->fields[field];
  size_t rows = it->l->rows;
  it->u->fields[field] = 0;
  outputs(it->u, it->level, it->above, base);
  it->u->fields[field] = 1;
  outputs(it->u, it->level, it->above, slope);
  for (size_t r = 0; r < rows; r++) slope[r] -= base[r];
  for (size_t r = 0; r < rows; r++) {
    double rest = it->q->b[r];
    for (size_t j = 0; j < rows; j++) {
      rest -= it->q->h[r][j] * base[j];
      denominator += slope[r] * it->q->h[r][j] * slope[j];
    }
    numerator += slope[r] * rest;
  }
  double x = numerator / denominator;
  return storable(it->u, field, isfinite(x) ? x : old, it->store);
}

// The numbers of an integer field to try: all at first, near the present one later.
static void tried_range(const item *it, unsigned field, double now, int64_t *from, int64_t *to) {
  elem_type type = it->u->plan->scheme->fields[field].type;
  *from = elem_min(type);
  *to = elem_max(type);
  if (!it->u->settled) return;
  if ((double)*from < now - REACH) *from = (int64_t)(now - REACH);
  if ((double)*to > now + REACH) *to = (int64_t)(now + REACH);
}

static double solve_by_trying(const item *it, unsigned field) {
  double best = it->u->fields[field], least = INFINITY;
  int64_t from, to;
  tried_range(it, field, best, &from, &to);
  for (int64_t x = from; x <= to; x++) {
    double error = error_at(it, field, (double)x);
    if (!(error < least)) continue;
    least = error;
    best = (double)x;
  }
  return best;
}

static elem_type type_at(const item *it, size_t f) { return it->u->plan->scheme->fields[it->l->fields[f]].type; }

static bool is_real_at(const item *it, size_t f) { return elem_get(type_at(it, f))->kind == ELEM_KIND_FLOAT; }

// Fields of degree one without products among them, other than `skip`: a bit set.
static unsigned joint_fields(const item *it, size_t skip) {
  unsigned set = 0;
  for (size_t f = 0; f < it->l->field_count; f++)
    if (f != skip && it->l->affine[f] && (it->l->partners[f] & set) == 0) set |= 1u << f;
  return set;
}

// How the outputs move with each field of a set.
static void find_slopes(const item *it, unsigned set, const double *out, double slopes[PLAN_FIELDS][PLAN_TERMS]) {
  for (size_t f = 0; f < it->l->field_count; f++) {
    if ((set >> f & 1) == 0) continue;
    double *field = &it->u->fields[it->l->fields[f]];
    *field += 1;
    outputs(it->u, it->level, it->above, slopes[f]);
    *field -= 1;
    for (size_t r = 0; r < it->l->rows; r++) slopes[f][r] -= out[r];
  }
}

// Moves all fields of a set to the minimum together.
static void solve_set(const item *it, unsigned set) {
  double out[PLAN_TERMS], rest[PLAN_TERMS], slopes[PLAN_FIELDS][PLAN_TERMS];
  double h[PLAN_FIELDS][PLAN_FIELDS] = {{0}}, r[PLAN_FIELDS] = {0}, x[PLAN_FIELDS];
  size_t rows = it->l->rows, n = it->l->field_count;
  outputs(it->u, it->level, it->above, out);
  find_slopes(it, set, out, slopes);
  for (size_t i = 0; i < rows; i++) {
    rest[i] = it->q->b[i];
    for (size_t j = 0; j < rows; j++) rest[i] -= it->q->h[i][j] * out[j];
  }
  for (size_t f = 0; f < n; f++)
    for (size_t i = 0; i < rows && (set >> f & 1) != 0; i++) {
      r[f] += slopes[f][i] * rest[i];
      for (size_t g = 0; g < n; g++)
        for (size_t j = 0; j < rows && (set >> g & 1) != 0; j++)
          h[f][g] += slopes[f][i] * it->q->h[i][j] * slopes[g][j];
    }
  solve_symmetric(n, h, r, x);
  for (size_t f = 0; f < n; f++)
    if ((set >> f & 1) != 0 && isfinite(x[f])) it->u->fields[it->l->fields[f]] += x[f];
}

// Solves a set, then rounds one field after the other, integers first, those left making up for it.
static void solve_and_round(const item *it, unsigned set) {
  for (int real = 0; real <= 1; real++)
    for (size_t f = 0; f < it->l->field_count; f++) {
      if ((set >> f & 1) == 0 || is_real_at(it, f) != (real == 1)) continue;
      solve_set(it, set);
      double *field = &it->u->fields[it->l->fields[f]];
      *field = storable(it->u, it->l->fields[f], *field, it->store);
      set &= ~(1u << f);
    }
}

static double error_now(const item *it) {
  double out[PLAN_TERMS];
  outputs(it->u, it->level, it->above, out);
  return quadratic_error(it->q, it->l->rows, out);
}

static void keep_fields(const item *it, double *vals) {
  for (size_t f = 0; f < it->l->field_count; f++) vals[f] = it->u->fields[it->l->fields[f]];
}

// Real fields that multiply each other: steps as if they did not, taken while they help.
static void approach(const item *it, size_t skip) {
  enum { STEPS = 12 };
  unsigned set = 0, products = 0;
  double least = error_now(it);
  for (size_t f = 0; f < it->l->field_count; f++) {
    if (f == skip || !it->l->affine[f] || !is_real_at(it, f)) continue;
    set |= 1u << f;
    products |= it->l->partners[f];
  }
  for (int step = 0; (products & set) != 0 && step < STEPS; step++) {
    double old[PLAN_FIELDS];
    keep_fields(it, old);
    solve_set(it, set);
    double error = error_now(it);
    if (error < least) {
      least = error;
      continue;
    }
    load_fields(it->u, it->level, old);
    return;
  }
}

// Fields of degree one together, others in turn; `skip` stays.
static void descend(const item *it, size_t skip) {
  unsigned set = joint_fields(it, skip);
  approach(it, skip);
  for (int sweep = 0; sweep < 2; sweep++) {
    bool others = false;
    solve_and_round(it, set);
    for (size_t f = 0; f < it->l->field_count; f++) {
      unsigned field = it->l->fields[f];
      if ((set >> f & 1) != 0 || f == skip) continue;
      it->u->fields[field] = it->l->affine[f] ? solve_affine(it, field) : solve_by_trying(it, field);
      others = true;
    }
    if (!others) return;
  }
}

// Other fields are solved for every number of the pivot.
static void try_pivot(const item *it, size_t pivot, double *vals) {
  double start[PLAN_FIELDS], least = INFINITY;
  memcpy(start, vals, it->l->field_count * sizeof *start);
  int64_t from, to;
  tried_range(it, it->l->fields[pivot], vals[pivot], &from, &to);
  for (int64_t x = from; x <= to; x++) {
    load_fields(it->u, it->level, start);
    it->u->fields[it->l->fields[pivot]] = (double)x;
    descend(it, pivot);
    double error = error_now(it);
    if (!(error < least)) continue;
    least = error;
    keep_fields(it, vals);
  }
}

void unit_solve_item(unit *u, size_t level, size_t i, const double *above, bool store) {
  item it = {.u = u,
             .level = level,
             .l = &u->plan->levels[level],
             .q = &u->levels[level].quadratics[i],
             .above = above,
             .store = store};
  double *vals = item_vals(u, level, i);
  const item_form *form = &u->forms[level];
  if (form->usable) {
    item_form_solve(form, it.q, above, store, u->settled ? REACH : INFINITY, vals);
    return;
  }
  size_t pivot = item_pivot(u->plan, level);
  if (pivot < it.l->field_count) {
    try_pivot(&it, pivot, vals);
    return;
  }
  load_fields(u, level, vals);
  descend(&it, it.l->field_count);
  keep_fields(&it, vals);
}

static void widen(double *min, double *max, double x) {
  if (x < *min) *min = x;
  if (x > *max) *max = x;
}

// Over the ends of all fields' ranges and, for fields of few bits that are not of degree one, all their numbers.
static void limit_core(unit *u, size_t level, const expr *core, double *min, double *max) {
  const plan_level *l = &u->plan->levels[level];
  *min = INFINITY;
  *max = -INFINITY;
  for (size_t corner = 0; corner < (size_t)1 << l->field_count; corner++)
    for (size_t moving = 0; moving <= l->field_count; moving++) {
      int64_t from = 0, to = 0;
      for (size_t f = 0; f < l->field_count; f++) {
        elem_type type = u->plan->scheme->fields[l->fields[f]].type;
        bool is_float = elem_get(type)->kind == ELEM_KIND_FLOAT;
        double lo = is_float ? -INFINITY : (double)elem_min(type), hi = is_float ? INFINITY : (double)elem_max(type);
        u->fields[l->fields[f]] = corner >> f & 1 ? hi : lo;
        if (f == moving && !l->affine[f]) from = elem_min(type), to = elem_max(type);
      }
      for (int64_t x = from; x <= to; x++) {
        if (from != to) u->fields[l->fields[moving]] = (double)x;
        widen(min, max, eval_expr(u, core));
      }
    }
}

void unit_prepare_level(arena *a, unit *u, size_t level) {
  const plan_level *l = &u->plan->levels[level];
  u->forms[level] = item_form_of(a, u->plan, level);
  for (size_t f = 0; f < l->field_count; f++) u->field_forms[l->fields[f]] = field_form_of(u->plan, l->fields[f]);
  for (size_t r = 0; r < l->rows; r++)
    for (size_t t = 0; t < l->terms; t++)
      if (l->core[r][t] != NULL) {
        u->cores_listed[level][r][t] = core_form_of(a, u->plan, level, l->core[r][t]);
        limit_core(u, level, l->core[r][t], &u->core_min[level][r][t], &u->core_max[level][r][t]);
      }
}

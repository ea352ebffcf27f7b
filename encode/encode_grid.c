#include "encode/inside.h"

#include <math.h>
#include <stdlib.h>

#include "format/relaxed.h"
#include "format/storable.h"

// Numbers of a coarse field that are tried, and how many divisors of the weights' common one.
enum { MOST_NUMBERS = 256, DIVISORS = 512, PAIR_DIVISORS = 4, ROUNDED_LEVELS = 4096 };

// Larger codes than floats have digits for.
static const double MOST_LEVELS = 0x1p24;

// The greatest number that both are multiples of; 0 when it is less than `least`. Remainders of floats are exact.
static double common_divisor(double a, double b, double least) {
  a = fabs(a);
  b = fabs(b);
  while (b != 0) {
    if (b < least) return 0;
    double rest = fmod(a, b);
    a = b;
    b = rest;
  }
  return a;
}

// ---- the form of a plan ----------------------------------------------------------------------------------

static double greatest(const double *x, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(x[i]));
  return most;
}

static double quantum_of(const double *x, size_t count) {
  double q = 0;
  for (size_t i = 0; i < count; i++) {
    if (x[i] == 0) continue;
    q = common_divisor(q, x[i], 0x1p-1000);
    if (q == 0) return 0;
  }
  return q;
}

// The only core in a row of a level; NULL when there are none or several.
static const expr *only_core(const plan_level *l, size_t row, size_t *term) {
  const expr *found = NULL;
  for (size_t t = 0; t < l->terms; t++) {
    if (l->core[row][t] == NULL) continue;
    if (found != NULL) return NULL;
    found = l->core[row][t];
    *term = t;
  }
  return found;
}

static size_t fields_in(const plan_level *l, const expr *e, size_t *slot) {
  size_t count = 0;
  for (size_t f = 0; f < l->field_count; f++)
    if (encode_plan_uses(e, l->fields[f])) *slot = f, count++;
  return count;
}

static bool is_real_field(const scheme *s, const plan_level *l, const expr *e, size_t *slot) {
  return fields_in(l, e, slot) == 1 && e->op == EXPR_FIELD &&
         elem_get(s->fields[l->fields[*slot]].type)->kind == ELEM_KIND_FLOAT;
}

// Least magnitude first; of equal ones the positive.
static void insert(grid_row *r, double value, double number) {
  size_t at = r->count++;
  for (; at > 0; at--) {
    double before = fabs(r->values[at - 1]);
    if (before < fabs(value) || (before == fabs(value) && r->values[at - 1] >= value)) break;
    r->values[at] = r->values[at - 1];
    r->numbers[at] = r->numbers[at - 1];
  }
  r->values[at] = value;
  r->numbers[at] = number;
}

// Lists what an integer field of few bits makes of the coefficient.
static bool list_values(const scheme *s, const expr *core, unsigned field, double *fields, grid_row *r) {
  elem_type type = s->fields[field].type;
  if (elem_get(type)->bits > 8) return false;
  for (size_t raw = 0; raw < (size_t)1 << elem_get(type)->bits; raw++) {
    double number = elem_decode(type, raw);
    if (!isfinite(number)) continue;
    fields[field] = number;
    double value = relaxed_eval(&(relaxed_env){.scheme = s, .fields = fields}, core);
    if (isfinite(value)) insert(r, value, number);
  }
  return true;
}

static bool find_row(arena *a, const encode_plan *p, size_t term, grid_row *r) {
  const plan_level *l = &p->levels[1];
  size_t above, slot;
  const expr *core = only_core(l, term, &above);
  *r = (grid_row){.term = term, .fine = PLAN_FIELDS};
  r->values = ARENA_ARRAY(a, double, MOST_NUMBERS);
  r->numbers = ARENA_ARRAY(a, double, MOST_NUMBERS);
  if (core == NULL) return false;
  if (p->level_count == 2) {
    r->level = 1;
    insert(r, 1, 0);
    r->quantum = r->most = 1;
    return is_real_field(p->scheme, l, core, &r->slot);
  }
  size_t one;
  double *fields = ARENA_ARRAY(a, double, p->scheme->field_count);
  const expr *top = only_core(&p->levels[2], above, &one);
  r->level = 2;
  if (top == NULL || !is_real_field(p->scheme, &p->levels[2], top, &r->slot)) return false;
  if (fields_in(l, core, &slot) != 1 || !list_values(p->scheme, core, l->fields[slot], fields, r)) return false;
  r->fine = slot;
  r->quantum = quantum_of(r->values, r->count);
  r->most = greatest(r->values, r->count) / r->quantum;
  return r->quantum > 0;
}

// A zero point: the offset is the slope's real field times what an integer field says.
static bool find_zero_point(arena *a, const encode_plan *p, size_t term, const grid_row *slope, grid_row *r) {
  const plan_level *l = &p->levels[1];
  unsigned real = l->fields[slope->slot];
  size_t above, slot;
  const expr *core = only_core(l, term, &above);
  if (core == NULL || l->field_count != 2 || fields_in(l, core, &slot) != 2) return false;
  unsigned field = l->fields[1 - slope->slot];
  double *fields = ARENA_ARRAY(a, double, p->scheme->field_count);
  *r = (grid_row){.term = term, .level = 1, .fine = 1 - slope->slot};
  r->values = ARENA_ARRAY(a, double, MOST_NUMBERS);
  r->numbers = ARENA_ARRAY(a, double, MOST_NUMBERS);
  fields[real] = 1;
  if (!list_values(p->scheme, core, field, fields, r)) return false;
  for (size_t i = 0; i < r->count; i++) { // linear in the real field
    fields[real] = 2;
    fields[field] = r->numbers[i];
    if (relaxed_eval(&(relaxed_env){.scheme = p->scheme, .fields = fields}, core) != 2 * r->values[i]) return false;
  }
  return true;
}

static size_t all_fields(const encode_plan *p) {
  size_t fields = 0;
  for (size_t i = 1; i < p->level_count; i++) fields += p->levels[i].field_count;
  return fields;
}

// Rows that share a field would have to be found together.
static bool find_rows(arena *a, const core_set *c, grid_form *g) {
  const encode_plan *p = c->plan;
  if (!find_row(a, p, c->level_slope, &g->slope)) return false;
  if (!g->with_offset) return all_fields(p) == p->level_count - 1;
  if (p->level_count == 3)
    return find_row(a, p, c->level_offset, &g->offset) && all_fields(p) == 4 && g->slope.slot != g->offset.slot;
  g->tied = find_zero_point(a, p, c->level_offset, &g->slope, &g->offset);
  g->most += fabs(c->min[c->level_offset]) * greatest(g->offset.values, g->offset.count) / g->quantum;
  return g->tied;
}

grid_form grid_form_of(arena *a, const core_set *c) {
  const encode_plan *p = c->plan;
  grid_form g = {.with_offset = c->level_offset < c->terms};
  if (c->levels.count < 2 || c->positions != 1 || c->cells != NULL || c->trellis != NULL || p->has_tables) return g;
  if (p->level_count > 3 || p->levels[1].rows != c->terms) return g;
  g.quantum = quantum_of(c->levels.values, c->levels.count);
  if (!(g.quantum > 0)) return g;
  g.most = greatest(c->levels.values, c->levels.count) / g.quantum;
  g.usable = find_rows(a, c, &g) && g.most < MOST_LEVELS;
  unsigned field = p->levels[g.slope.level].fields[g.slope.slot];
  g.wide = g.usable && g.slope.level == 1 && elem_get(p->scheme->fields[field].type)->bits >= 32 && !p->inverse[field];
  return g;
}

// ---- a unit ----------------------------------------------------------------------------------------------

// A solution being tried: numbers of the real fields.
typedef struct trial {
  unit *u;
  const grid_form *g;
  double slope, offset;
} trial;

static bool is_level(const level_list *l, double x) {
  size_t low = 0, high = l->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (l->values[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  return low < l->count && l->values[low] == x;
}

// Whether w is slope * level + offset, as floats.
static bool is_on_grid(const trial *t, double w, double slope, double offset) {
  double level = rint((w - offset) / slope / t->g->quantum) * t->g->quantum;
  return (float)(slope * level + offset) == (float)w && is_level(&t->u->cores->levels, level);
}

static bool fits(const trial *t, const fit_span *s, double slope, double offset) {
  for (size_t r = 0; r < s->rows; r++)
    for (size_t i = 0; i < s->columns; i++)
      if (!is_on_grid(t, s->w[r * s->stride + i], slope, offset)) return false;
  return true;
}

static void store_fine(unit *u, size_t granule, const grid_row *r, size_t number) {
  if (r->fine == PLAN_FIELDS) return;
  u->levels[1].vals[granule * u->plan->levels[1].field_count + r->fine] = r->numbers[number];
}

// Finds the integers of a granule.
static bool fit_granule(const trial *t, size_t granule) {
  const grid_form *g = t->g;
  fit_span s = unit_span(t->u, granule);
  double k = g->with_offset ? t->u->cores->min[g->offset.term] : 0;
  for (size_t i = 0; i < g->slope.count; i++) {
    if (g->slope.values[i] == 0) continue;
    for (size_t j = 0; j < (g->with_offset ? g->offset.count : 1); j++) {
      double offset = g->with_offset ? k * (g->tied ? t->slope : t->offset) * g->offset.values[j] : 0;
      if (!fits(t, &s, t->slope * g->slope.values[i], offset)) continue;
      store_fine(t->u, granule, &g->slope, i);
      if (g->with_offset) store_fine(t->u, granule, &g->offset, j);
      return true;
    }
  }
  return false;
}

// Whether the real field of a row can be x.
static bool can_be(const unit *u, const grid_row *r, double x) {
  unsigned field = u->plan->levels[r->level].fields[r->slot];
  elem_type type = u->plan->scheme->fields[field].type;
  if (!u->plan->inverse[field]) return storable_round(type, x) == x;
  return storable_round(type, 1 / x) == 1 / x && 1 / (1 / x) == x;
}

static void store_real(unit *u, const grid_row *r, size_t granule, double x) {
  u->levels[r->level].vals[granule * u->plan->levels[r->level].field_count + r->slot] = x;
}

// The granules that share the real fields: all of a unit, or one where these are of level 1.
static bool fit_granules(const trial *t, size_t first, size_t count) {
  for (size_t i = first; i < first + count; i++)
    if (!fit_granule(t, i)) return false;
  size_t at = t->g->slope.level == 1 ? first : 0;
  store_real(t->u, &t->g->slope, at, t->slope);
  if (t->g->with_offset && !t->g->tied) store_real(t->u, &t->g->offset, at, t->offset);
  return true;
}

static bool try_offsets(trial *t, double divisor, size_t first, size_t count) {
  const grid_row *r = &t->g->offset;
  double k = fabs(t->u->cores->min[r->term]);
  for (unsigned i = 1; i <= PAIR_DIVISORS; i++) {
    t->offset = divisor / (r->quantum * k * i);
    if (can_be(t->u, r, t->offset) && fit_granules(t, first, count)) return true;
  }
  return false;
}

// The common divisor of the weights of granules, 0 when it is too small to be that of codes, and the farthest weight.
static double divisor_of(const unit *u, size_t first, size_t count, double most, double *far) {
  double divisor = 0;
  *far = 0;
  for (size_t i = first; i < first + count; i++) {
    fit_span s = unit_span(u, i);
    for (size_t n = 0; n < s.rows * s.columns; n++) {
      double w = s.w[n / s.columns * s.stride + n % s.columns];
      if (w == 0) continue;
      *far = fmax(*far, fabs(w));
      divisor = common_divisor(divisor, w, *far / most);
      if (!(divisor * most >= *far)) return 0;
    }
  }
  return divisor;
}

static bool solve(unit *u, const grid_form *g, size_t first, size_t count) {
  bool pair = g->with_offset && !g->tied;
  double far, most = g->slope.most * g->most, divisor = divisor_of(u, first, count, most, &far);
  trial t = {.u = u, .g = g};
  if (!(divisor > 0)) return false;
  for (unsigned i = 1; i <= (pair ? PAIR_DIVISORS : DIVISORS) && far * i <= most * divisor; i++)
    for (int sign = 1; sign >= (pair ? 1 : -1); sign -= 2) {
      t.slope = sign * divisor / (g->slope.quantum * g->quantum * i);
      if (!can_be(u, &g->slope, t.slope)) continue;
      if (pair ? try_offsets(&t, divisor, first, count) : fit_granules(&t, first, count)) return true;
    }
  return false;
}

// Numbers of which one is rounded to a float of w when it is multiplied with `level`.
typedef struct interval {
  double low, high;
} interval;

static void narrow(interval *x, double w, double level) {
  double half = ldexp(1, ilogb(w) - 24), a = (w - half) / level, b = (w + half) / level;
  x->low = fmax(x->low, fmin(a, b));
  x->high = fmin(x->high, fmax(a, b));
}

// Whether the weights of a granule are slope times something, rounded, with the farthest one at a given number.
static bool find_rounded(const trial *t, const fit_span *s, double far, double number, double *slope) {
  interval x = {.low = -INFINITY, .high = INFINITY};
  double most = t->g->most * t->g->quantum;
  narrow(&x, far, number);
  for (size_t n = 0; n < s->rows * s->columns; n++) {
    double w = s->w[n / s->columns * s->stride + n % s->columns];
    double at = rint(w * number / far / t->g->quantum) * t->g->quantum;
    if ((at == 0) != (w == 0) || fabs(at) > most) return false;
    if (w != 0) narrow(&x, w, at);
    if (x.low > x.high) return false;
  }
  elem_type type = t->u->plan->scheme->fields[t->u->plan->levels[1].fields[t->g->slope.slot]].type;
  *slope = storable_round(type, 0.5 * x.low + 0.5 * x.high);
  return *slope != 0;
}

// Products that floats round have no common divisor: the farthest weight is tried on all numbers, small ones first.
static bool solve_rounded(unit *u, const grid_form *g, size_t granule) {
  trial t = {.u = u, .g = g};
  fit_span s = unit_span(u, granule);
  double far = 0;
  for (size_t n = 0; n < s.rows * s.columns; n++) {
    double w = s.w[n / s.columns * s.stride + n % s.columns];
    far = fabs(w) > fabs(far) ? w : far;
  }
  for (unsigned i = 1; g->most <= (double)ROUNDED_LEVELS && far != 0 && i <= g->most; i++)
    for (int sign = 1; sign >= -1; sign -= 2)
      if (find_rounded(&t, &s, far, sign * (double)i * g->quantum, &t.slope) && fit_granules(&t, granule, 1))
        return true;
  return false;
}

static bool is_zero(const unit *u, size_t granule) {
  fit_span s = unit_span(u, granule);
  for (size_t n = 0; n < s.rows * s.columns; n++)
    if (s.w[n / s.columns * s.stride + n % s.columns] != 0) return false;
  return true;
}

// A zero point that is a level, or a level that is 0.
static bool solve_zero(unit *u, const grid_form *g, size_t granule) {
  trial t = {.u = u, .g = g, .slope = 1};
  return fit_granules(&t, granule, 1);
}

bool unit_solve_grid(unit *u) {
  const grid_form *g = &u->grid;
  if (!g->usable) return false;
  if (g->slope.level == 2) return solve(u, g, 0, u->levels[1].count);
  for (size_t i = 0; i < u->levels[1].count; i++) {
    bool found = is_zero(u, i) ? solve_zero(u, g, i) : solve(u, g, i, 1) || (g->wide && solve_rounded(u, g, i));
    if (!found) return false;
  }
  return true;
}

/* Note [Grids]

Ternary weights, or integers from -7 to 7 times a scale, are exact in many formats whose codes reach much further, but
nothing in a group says which of its codes they are: a least-squares fit, or the outermost level, finds a scale that a
16-bit float does not have. What such weights have is a greatest common divisor, and remainders of floats are exact, so that
Euclid's algorithm finds it. The scale is this divisor, or a fraction of it with a small denominator, and whether a field can
store it and all weights are multiples of it by levels is checked bit for bit. Weights that are on no grid are found out by
the first two or three of them: their common divisor is too small for the format's codes to reach the farthest weight.

Where scales are integers times a coarser number, the divisor of all weights of a unit is that number, and each granule's
integer is tried. With an offset both numbers are tried as fractions of the divisor.

Products with a scale of 24 bits are rounded where they are stored as floats, and then have no common divisor. Each such
weight leaves an interval of scales, given its level, and the scale is in all of them. */

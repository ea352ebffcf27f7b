#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "support/num.h"

// Granules of `size` (0: all) in a length.
static size_t granules_in(size_t length, uint64_t size) { return size == 0 ? 1 : (size_t)num_ceil_div(length, size); }

static size_t granules_in_row(granularity g, size_t columns) { return granules_in(columns, granularity_columns(&g)); }

static size_t granule_count(granularity g, size_t rows, size_t columns) {
  return granules_in(rows, granularity_rows(&g)) * granules_in_row(g, columns);
}

static size_t row_codes(const core_set *c, size_t columns) {
  return (columns + core_set_cell(c) - 1) / core_set_cell(c) * core_set_slots(c);
}

unit *unit_new(arena *a, const encode_plan *plan, const core_set *cores, unsigned refinements, size_t rows,
               size_t columns) {
  unit *u = ARENA_NEW(a, unit);
  *u = (unit){.plan = plan, .cores = cores, .refinements = refinements};
  u->w = ARENA_ARRAY(a, double, rows *columns);
  u->importance = ARENA_ARRAY(a, double, columns);
  u->codes = ARENA_ARRAY(a, uint32_t, rows *row_codes(cores, columns));
  u->best_codes = ARENA_ARRAY(a, uint32_t, rows *row_codes(cores, columns));
  u->fields = ARENA_ARRAY(a, double, plan->scheme->field_count);
  u->field_forms = ARENA_ARRAY(a, field_form, plan->scheme->field_count);
  for (size_t i = 1; i < plan->level_count; i++) {
    unit_level *l = &u->levels[i];
    l->capacity = granule_count(plan->levels[i].gran, rows, columns);
    l->quadratics = ARENA_ARRAY(a, quadratic, l->capacity);
    l->vals = ARENA_ARRAY(a, double, l->capacity * plan->levels[i].field_count);
    l->best_vals = ARENA_ARRAY(a, double, l->capacity * plan->levels[i].field_count);
    l->outs = ARENA_ARRAY(a, double, l->capacity *PLAN_TERMS);
    unit_prepare_level(a, u, i);
  }
  u->known = ARENA_ARRAY(a, line_weights, u->levels[1].capacity);
  u->assigned = ARENA_ARRAY(a, double, u->levels[1].capacity *PLAN_TERMS);
  u->open_exact = ARENA_ARRAY(a, bool, u->levels[1].capacity);
  u->errors = ARENA_ARRAY(a, double, u->levels[1].capacity);
  u->best_errors = ARENA_ARRAY(a, double, u->levels[1].capacity);
  u->grid = grid_form_of(a, cores);
  return u;
}

// `codes` are no longer those of `assigned`.
static void forget_codes(unit *u) {
  for (size_t i = 0; i < u->levels[1].count; i++) u->assigned[i * PLAN_TERMS] = NAN;
}

void unit_shape(unit *u, size_t rows, size_t columns, uint64_t k) {
  u->rows = rows;
  u->columns = columns;
  u->row_codes = row_codes(u->cores, columns);
  u->k = k;
  u->settled = false;
  for (size_t i = 1; i < u->plan->level_count; i++) {
    unit_level *l = &u->levels[i];
    l->per_row = granules_in_row(u->plan->levels[i].gran, columns);
    l->count = granule_count(u->plan->levels[i].gran, rows, columns);
    for (size_t v = 0; v < l->count * u->plan->levels[i].field_count; v++) l->vals[v] = 1;
  }
  forget_codes(u);
}

// Granules of size `inner` within number `at` of size `outer`, of `count` there are.
static void cut_granules(uint64_t inner, uint64_t outer, size_t count, size_t at, size_t *first, size_t *number) {
  size_t ratio = outer == 0 ? count : (size_t)(outer / inner);
  *first = at * ratio;
  *number = *first + ratio <= count ? ratio : count - *first;
}

granules unit_children(const unit *u, size_t level, size_t parent) {
  const unit_level *l = &u->levels[level];
  if (level == unit_top_level(u)) return (granules){.bands = 1, .run = l->count, .step = l->count};
  granularity inner = u->plan->levels[level].gran, outer = u->plan->levels[level + 1].gran;
  size_t per_row = u->levels[level + 1].per_row, band, column;
  granules g = {.step = l->per_row};
  cut_granules(granularity_rows(&inner), granularity_rows(&outer), l->count / l->per_row, parent / per_row, &band,
               &g.bands);
  cut_granules(granularity_columns(&inner), granularity_columns(&outer), l->per_row, parent % per_row, &column, &g.run);
  g.first = band * l->per_row + column;
  return g;
}

static size_t cut_span(uint64_t size, size_t all, size_t at, size_t *first) {
  *first = size == 0 ? 0 : at * (size_t)size;
  return size == 0 || all - *first < size ? all - *first : (size_t)size;
}

fit_span unit_span(const unit *u, size_t granule) {
  granularity g = u->plan->levels[1].gran;
  fit_span s = {.stride = u->columns, .code_stride = u->row_codes, .effort = u->effort};
  size_t row, at, per_row = u->levels[1].per_row;
  s.rows = cut_span(granularity_rows(&g), u->rows, granule / per_row, &row);
  s.columns = cut_span(granularity_columns(&g), u->columns, granule % per_row, &at);
  s.by = u->has_importance ? u->importance + at : NULL;
  s.w = u->w + row * u->columns + at;
  s.codes = u->codes + row * u->row_codes + at / core_set_cell(u->cores) * core_set_slots(u->cores);
  s.k = u->k + at;
  if (u->has_known) s.known = &u->known[granule];
  return s;
}

// Adds an item's error as a function of the next level's outputs: its own form with its cores put in.
static void add_item(unit *u, size_t level, size_t i, quadratic *sum) {
  const plan_level *l = &u->plan->levels[level];
  const quadratic *q = &u->levels[level].quadratics[i];
  double core[PLAN_TERMS][PLAN_TERMS], hc[PLAN_TERMS];
  if (u->forms[level].is_split) {
    item_form_add(&u->forms[level], q, u->levels[level].vals + i * l->field_count, sum);
    return;
  }
  unit_cores(u, level, i, core);
  sum->power += q->power;
  for (size_t t = 0; t < l->terms; t++) {
    for (size_t r = 0; r < l->rows; r++) {
      sum->b[t] += core[r][t] * q->b[r];
      hc[r] = 0;
      for (size_t j = 0; j < l->rows; j++) hc[r] += q->h[r][j] * core[j][t];
    }
    for (size_t s = 0; s < l->terms; s++)
      for (size_t r = 0; r < l->rows; r++) sum->h[s][t] += core[r][s] * hc[r];
  }
}

// Solves all items of a parent for given outputs of its level, then improves these; returns the error.
static double fit_items(unit *u, size_t level, size_t parent, double *above) {
  granules g = unit_children(u, level, parent);
  quadratic *sum = &u->levels[level + 1].quadratics[parent];
  *sum = (quadratic){.power = 0};
  for (size_t i = 0; i < granules_total(g); i++) {
    unit_solve_item(u, level, granule_at(g, i), above, false);
    add_item(u, level, granule_at(g, i), sum);
  }
  quadratic_solve(sum, u->plan->levels[level].terms, u->plan->levels[level].fixed, above);
  return quadratic_error(sum, u->plan->levels[level].terms, above);
}

bool unit_row_terms(const unit *u, size_t level, size_t row, size_t *slope, size_t *offset) {
  const plan_level *l = &u->plan->levels[level];
  *slope = *offset = l->terms;
  for (size_t t = 0; t < l->terms; t++) {
    if (l->core[row][t] == NULL) continue;
    size_t *to = u->core_min[level][row][t] == u->core_max[level][row][t] ? offset : slope;
    if (*to != l->terms) return false;
    *to = t;
  }
  return *slope != l->terms || *offset != l->terms;
}

// The range of the ideal values of one output over the items, and their mean.
static void target_range(const unit *u, size_t level, size_t parent, size_t row, double *min, double *max,
                         double *mean) {
  granules g = unit_children(u, level, parent);
  *min = INFINITY;
  *max = -INFINITY;
  *mean = 0;
  for (size_t i = 0; i < granules_total(g); i++) {
    double target[PLAN_TERMS] = {0};
    quadratic_solve(&u->levels[level].quadratics[granule_at(g, i)], u->plan->levels[level].rows, NULL, target);
    if (target[row] < *min) *min = target[row];
    if (target[row] > *max) *max = target[row];
    *mean += target[row] / (double)granules_total(g);
  }
}

enum { STARTS = 8 };

// Values of (slope, offset) to begin with: the targets' range on the range of the fields.
typedef struct starts {
  size_t count;
  double slope[STARTS], offset[STARTS];
} starts;

static void add_start(starts *list, const plan_level *l, size_t term, double slope, double offset) {
  if (list->count == STARTS || !isfinite(slope) || !isfinite(offset)) return;
  if (term < l->terms && (l->fixed[term] || !(slope < 0 ? l->negative : l->positive)[term])) return;
  list->slope[list->count] = slope;
  list->offset[list->count++] = offset;
}

static void find_starts(const unit *u, size_t level, size_t parent, size_t row, size_t slope, size_t offset,
                        starts *list) {
  static const double shrink[] = {1, 0.85};
  double min, max, mean;
  bool has_slope = slope < u->plan->levels[level].terms, has_offset = offset < u->plan->levels[level].terms;
  double lo = has_slope ? u->core_min[level][row][slope] : 0, hi = has_slope ? u->core_max[level][row][slope] : 0;
  target_range(u, level, parent, row, &min, &max, &mean);
  double exact;
  if (u->any_exact && has_slope && !has_offset && unit_exact_slope(u, level, parent, row, slope, &exact))
    add_start(list, &u->plan->levels[level], slope, exact, 0);
  double far = -min > max ? min : max, k = has_offset ? u->core_min[level][row][offset] : 1;
  for (size_t i = 0; i < sizeof shrink / sizeof *shrink; i++) {
    if (!isfinite(lo) || !isfinite(hi)) add_start(list, &u->plan->levels[level], slope, 1, 0);
    if (!has_slope) {
      add_start(list, &u->plan->levels[level], offset, 0, mean / k);
    } else if (has_offset) {
      double scale = shrink[i] * (max - min) / (hi - lo);
      add_start(list, &u->plan->levels[level], slope, scale, (0.5 * (max + min) - scale * 0.5 * (lo + hi)) / k);
    } else {
      if (hi != 0) add_start(list, &u->plan->levels[level], slope, shrink[i] * far / hi, 0);
      if (lo != 0) add_start(list, &u->plan->levels[level], slope, shrink[i] * far / lo, 0);
    }
  }
}

static void set_start(const unit *u, size_t level, size_t slope, size_t offset, const starts *list, size_t i,
                      double *above) {
  const plan_level *l = &u->plan->levels[level];
  if (slope < l->terms && !l->fixed[slope]) above[slope] = list->slope[i];
  if (offset < l->terms && !l->fixed[offset]) above[offset] = list->offset[i];
}

// Tries the starts of one output, the others' terms as they are; keeps the best in `above`.
static void search_row(unit *u, size_t level, size_t parent, size_t row, double *above) {
  size_t slope, offset;
  double least = INFINITY, best[PLAN_TERMS];
  starts list = {.count = 0};
  if (!unit_row_terms(u, level, row, &slope, &offset)) return;
  find_starts(u, level, parent, row, slope, offset, &list);
  memcpy(best, above, sizeof best);
  for (size_t i = 0; i < list.count; i++) {
    double trial[PLAN_TERMS];
    memcpy(trial, above, sizeof trial);
    set_start(u, level, slope, offset, &list, i, trial);
    fit_items(u, level, parent, trial);
    double error = fit_items(u, level, parent, trial);
    if (!(error < least)) continue;
    least = error;
    memcpy(best, trial, sizeof best);
  }
  memcpy(above, best, sizeof best);
}

// Finds outputs of granule `parent` of level + 1 that suit the items below, and the error around them.
static void search_parent(unit *u, size_t level, size_t parent) {
  double above[PLAN_TERMS];
  for (size_t t = 0; t < PLAN_TERMS; t++) above[t] = 1;
  for (size_t r = 0; r < u->plan->levels[level].rows; r++) {
    size_t slope, offset;
    starts list = {.count = 0};
    if (!unit_row_terms(u, level, r, &slope, &offset)) continue;
    find_starts(u, level, parent, r, slope, offset, &list);
    if (list.count > 0) set_start(u, level, slope, offset, &list, 0, above);
  }
  for (size_t r = 0; r < u->plan->levels[level].rows; r++) search_row(u, level, parent, r, above);
  for (int round = 0; round < 2; round++) fit_items(u, level, parent, above);
}

// Refits from the present outputs.
static void refit_parent(unit *u, size_t level, size_t parent) {
  double above[PLAN_TERMS];
  memcpy(above, u->levels[level + 1].outs + parent * PLAN_TERMS, sizeof above);
  for (int round = 0; round < 2; round++) fit_items(u, level, parent, above);
}

static void go_up(unit *u, bool first) {
  for (size_t level = 1; level < unit_top_level(u); level++)
    for (size_t p = 0; p < u->levels[level + 1].count; p++) {
      if (first)
        search_parent(u, level, p);
      else
        refit_parent(u, level, p);
    }
}

static void settle_children(unit *u, size_t level, size_t parent, const double *above) {
  granules g = unit_children(u, level, parent);
  for (size_t i = 0; i < granules_total(g); i++) {
    size_t at = granule_at(g, i);
    unit_solve_item(u, level, at, above, true);
    unit_outputs(u, level, at, above, u->levels[level].outs + at * PLAN_TERMS);
  }
}

// Rounds the fields of every level, given those above.
static void go_down(unit *u) {
  static const double constant[PLAN_TERMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  settle_children(u, unit_top_level(u), 0, constant);
  for (size_t level = unit_top_level(u) - 1; level >= 1; level--)
    for (size_t p = 0; p < u->levels[level + 1].count; p++)
      settle_children(u, level, p, u->levels[level + 1].outs + p * PLAN_TERMS);
}

static void assign_granule(unit *u, size_t i) {
  fit_span s = unit_span(u, i);
  const double *out = u->levels[1].outs + i * PLAN_TERMS;
  double *assigned = u->assigned + i * PLAN_TERMS;
  bool same = true;
  for (size_t t = 0; t < u->cores->terms; t++) same &= out[t] == assigned[t];
  if (same && s.effort == 0) return;
  memcpy(assigned, out, u->cores->terms * sizeof *assigned);
  fit_assign(u->cores, &s, out, &u->levels[1].quadratics[i]);
  u->errors[i] = quadratic_error(&u->levels[1].quadratics[i], u->cores->terms, out);
}

static double total_error(const unit *u) {
  double error = 0;
  for (size_t i = 0; i < u->levels[1].count; i++) error += u->errors[i];
  return error;
}

// Codes for the fields as stored; the error of the unit.
static double assign_codes(unit *u) {
  for (size_t i = 0; i < u->levels[1].count; i++) assign_granule(u, i);
  return total_error(u);
}

static void keep_best(unit *u) {
  memcpy(u->best_codes, u->codes, u->rows * u->row_codes * sizeof *u->codes);
  memcpy(u->best_errors, u->errors, u->levels[1].count * sizeof *u->errors);
  for (size_t i = 1; i < u->plan->level_count; i++) {
    unit_level *l = &u->levels[i];
    memcpy(l->best_vals, l->vals, l->count * u->plan->levels[i].field_count * sizeof *l->vals);
  }
}

// Goes back to the best solution, with the outputs that follow from it; codes stay as they are.
static void restore_best(unit *u) {
  static const double constant[PLAN_TERMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  for (size_t level = unit_top_level(u); level >= 1; level--) {
    unit_level *l = &u->levels[level];
    memcpy(l->vals, l->best_vals, l->count * u->plan->levels[level].field_count * sizeof *l->vals);
    for (size_t p = 0; p < (level < unit_top_level(u) ? u->levels[level + 1].count : 1); p++) {
      granules g = unit_children(u, level, p);
      const double *above = level < unit_top_level(u) ? u->levels[level + 1].outs + p * PLAN_TERMS : constant;
      for (size_t i = 0; i < granules_total(g); i++)
        unit_outputs(u, level, granule_at(g, i), above, l->outs + granule_at(g, i) * PLAN_TERMS);
    }
  }
}

// Fields of few numbers are stepped through; real ones by their encodings.
static bool has_neighbours(const unit *u, unsigned field) {
  if (u->plan->inverse[field]) return false;
  const elem_info *e = elem_get(u->plan->scheme->fields[field].type);
  return e->kind != ELEM_KIND_FLOAT || e->bits <= 8;
}

// The number next to x, up or down; false at the end.
static bool neighbour(elem_type type, double x, int direction, double *out) {
  const elem_info *e = elem_get(type);
  if (e->kind != ELEM_KIND_FLOAT) {
    *out = x + direction;
    return *out >= (double)elem_min(type) && *out <= (double)elem_max(type);
  }
  uint64_t raw = elem_encode(type, x), sign = e->special == ELEM_POWER ? 0 : (uint64_t)1 << (e->bits - 1);
  bool away = (raw & sign) != 0 ? direction < 0 : direction > 0;
  if (!away && (raw & ~sign & (((uint64_t)1 << e->bits) - 1)) == 0) return false; // it would become another sign
  *out = elem_decode(type, away ? raw + 1 : raw - 1);
  return isfinite(*out) && fabs(*out) <= elem_max_finite(type);
}

// Steps one field of a granule of level 1 while that lessens the true error, *least. True when it has.
static bool step_field(unit *u, size_t i, size_t slot, const double *above, double *least) {
  bool moved = false;
  const plan_level *l = &u->plan->levels[1];
  elem_type type = u->plan->scheme->fields[l->fields[slot]].type;
  double *val = &u->levels[1].vals[i * l->field_count + slot], *outs = u->levels[1].outs + i * PLAN_TERMS;
  fit_span s = unit_span(u, i);
  for (int direction = -1; direction <= 1; direction += 2)
    for (;;) {
      double old[PLAN_TERMS], from = *val, next;
      if (!neighbour(type, from, direction, &next)) break;
      memcpy(old, outs, sizeof old);
      *val = next;
      unit_outputs(u, 1, i, above, outs);
      quadratic q;
      s.limit = *least;
      fit_measure(u->cores, &s, outs, &q);
      double error = quadratic_error(&q, u->cores->terms, outs);
      if (error < *least) {
        *least = error;
        moved = true;
        continue;
      }
      *val = from;
      memcpy(outs, old, sizeof old);
      break;
    }
  return moved;
}

// The best codes of a granule: measuring may have overwritten them.
static void restore_codes(unit *u, size_t granule) {
  fit_span s = unit_span(u, granule);
  size_t cell = core_set_cell(u->cores), count = (s.columns + cell - 1) / cell * core_set_slots(u->cores);
  for (size_t r = 0; r < s.rows; r++) {
    uint32_t *to = s.codes + r * s.code_stride;
    memcpy(to, u->best_codes + (to - u->codes), count * sizeof *to);
  }
}

// Quadratic forms only approximate the error of fields with few numbers, so their neighbours are tried in the end, from the
// best solution. The error then.
static double polish(unit *u) {
  static const double constant[PLAN_TERMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  const plan_level *l = &u->plan->levels[1];
  restore_best(u);
  memcpy(u->codes, u->best_codes, u->rows * u->row_codes * sizeof *u->codes);
  memcpy(u->errors, u->best_errors, u->levels[1].count * sizeof *u->errors);
  forget_codes(u);
  for (size_t p = 0; p < (unit_top_level(u) > 1 ? u->levels[2].count : 1); p++) {
    granules g = unit_children(u, 1, p);
    const double *above = unit_top_level(u) > 1 ? u->levels[2].outs + p * PLAN_TERMS : constant;
    for (size_t child = 0; child < granules_total(g); child++) {
      size_t i = granule_at(g, child);
      double least = u->errors[i];
      bool moved = false;
      for (size_t f = 0; f < l->field_count; f++)
        if (has_neighbours(u, l->fields[f])) moved |= step_field(u, i, f, above, &least);
      if (moved)
        assign_granule(u, i);
      else
        restore_codes(u, i);
    }
  }
  return total_error(u);
}

static bool has_steps(const unit *u) {
  const plan_level *l = &u->plan->levels[1];
  for (size_t f = 0; f < l->field_count; f++)
    if (has_neighbours(u, l->fields[f])) return true;
  return false;
}

static void start_unit(unit *u) {
  u->any_exact = false;
  for (size_t i = 0; i < u->levels[1].count; i++) {
    double ideal[PLAN_TERMS];
    fit_span s = unit_span(u, i);
    if (unit_exact_fit(u, i))
      u->any_exact = true;
    else
      fit_search(u->cores, &s, ideal, &u->levels[1].quadratics[i]);
  }
  unit_settle_exact(u);
  go_up(u, true);
  go_down(u);
}

// The codes of cells once more, with all effort.
static double solve_thoroughly(unit *u, double best) {
  restore_best(u);
  u->effort = 1;
  double error = assign_codes(u);
  u->effort = 0;
  if (!(error < best)) return best;
  keep_best(u);
  return error;
}

// The solution in `vals`, as the best.
static double take_numbers(unit *u) {
  for (size_t i = 1; i < u->plan->level_count; i++) {
    unit_level *l = &u->levels[i];
    memcpy(l->best_vals, l->vals, l->count * u->plan->levels[i].field_count * sizeof *l->vals);
  }
  restore_best(u);
  double error = assign_codes(u);
  keep_best(u);
  return error;
}

// The weights' own sums, which all fits need.
static void sum_weights(unit *u) {
  u->has_known = false;
  bool direct = u->cores->direct_field < u->plan->scheme->field_count;
  if (u->cores->cells != NULL || !u->cores->simple || direct) return;
  for (size_t i = 0; i < u->levels[1].count; i++) {
    fit_span s = unit_span(u, i);
    u->known[i] = line_weights_of(&s);
  }
  u->has_known = true;
}

double unit_encode(unit *u, bool warm) {
  sum_weights(u);
  if (!warm && unit_solve_grid(u)) return take_numbers(u);
  if (warm)
    restore_best(u);
  else
    start_unit(u);
  u->settled = true;
  double best = assign_codes(u);
  keep_best(u);
  // Paths take long, and there is little to gain after the first.
  unsigned rounds = warm || u->cores->trellis != NULL ? 1 : u->refinements;
  for (unsigned round = 0; round < rounds && best > 0; round++) {
    go_up(u, false);
    go_down(u);
    double error = assign_codes(u);
    bool enough = !(error < best * (1 - 1e-3));
    if (error < best) {
      best = error;
      keep_best(u);
    }
    if (enough) break;
  }
  if (has_steps(u) && !warm && u->cores->trellis == NULL) {
    best = polish(u);
    keep_best(u);
  }
  bool exact = u->cores->cells == NULL || u->cores->cells->signs != NULL;
  return exact || warm ? best : solve_thoroughly(u, best);
}

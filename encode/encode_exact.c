// Weights that are exact for some coefficients, in the levels. See Note [Exact weights] in encode/encode_probe.c.
#include <math.h>

#include "encode/inside.h"
#include "format/relaxed.h"

static const double constant[PLAN_TERMS] = {1, 1, 1, 1, 1, 1, 1, 1};

// How far the fields of granule i are from its form, given outputs `above`.
static double solved_error(unit *u, size_t i, const double *above) {
  double out[PLAN_TERMS], *vals = u->levels[1].vals + i * u->plan->levels[1].field_count;
  for (size_t f = 0; f < u->plan->levels[1].field_count; f++) vals[f] = 1;
  unit_solve_item(u, 1, i, above, above == constant);
  unit_outputs(u, 1, i, above, out);
  return quadratic_error(&u->levels[1].quadratics[i], u->cores->terms, out);
}

// Of several exact coefficients those that the fields can say, given outputs `above`.
static void choose_exact(unit *u, size_t i, double (*ideal)[PLAN_TERMS], size_t found, const double *above) {
  fit_span s = unit_span(u, i);
  quadratic *q = &u->levels[1].quadratics[i], best = {.power = 0};
  double least = INFINITY;
  for (size_t c = 0; c < found && (c == 0 || least > 1e-13 * q->power); c++) {
    fit_assign(u->cores, &s, ideal[c], q);
    double error = solved_error(u, i, above);
    if (error < least) least = error, best = *q;
  }
  *q = best;
}

bool unit_exact_fit(unit *u, size_t i) {
  double ideal[PROBE_FOUND][PLAN_TERMS];
  fit_span s = unit_span(u, i);
  size_t found = fit_exact(u->cores, &s, ideal);
  u->open_exact[i] = found > 1 && unit_top_level(u) > 1;
  if (u->open_exact[i])
    fit_assign(u->cores, &s, ideal[0], &u->levels[1].quadratics[i]);
  else if (found > 0)
    choose_exact(u, i, ideal, found, constant);
  return found > 0;
}

// What granule `parent` of level 2 must be, by its granules that are not open.
static bool exact_above(const unit *u, size_t parent, double *above) {
  const plan_level *l = &u->plan->levels[1];
  for (size_t t = 0; t < PLAN_TERMS; t++) above[t] = 1;
  for (size_t r = 0; r < l->rows; r++) {
    size_t slope, offset;
    if (!unit_row_terms(u, 1, r, &slope, &offset) || slope == l->terms || offset != l->terms) return false;
    if (!unit_exact_slope(u, 1, parent, r, slope, &above[slope])) return false;
  }
  return true;
}

void unit_settle_exact(unit *u) {
  for (size_t p = 0; unit_top_level(u) > 1 && p < u->levels[2].count; p++) {
    double above[PLAN_TERMS], ideal[PROBE_FOUND][PLAN_TERMS];
    granules g = unit_children(u, 1, p);
    bool any = false;
    for (size_t i = 0; i < granules_total(g); i++) any |= u->open_exact[granule_at(g, i)];
    if (!any || !exact_above(u, p, above)) continue;
    for (size_t i = 0; i < granules_total(g); i++) {
      size_t at = granule_at(g, i);
      fit_span s = unit_span(u, at);
      if (u->open_exact[at]) choose_exact(u, at, ideal, fit_exact(u->cores, &s, ideal), above);
      u->open_exact[at] = false;
    }
  }
}

bool unit_exact_slope(const unit *u, size_t level, size_t parent, size_t row, size_t slope, double *out) {
  enum { SLACK = 16 };
  const plan_level *l = &u->plan->levels[level];
  const expr *core = l->core[row][slope];
  granules g = unit_children(u, level, parent);
  size_t count = 0, field = l->field_count;
  for (size_t f = 0; f < l->field_count; f++)
    if (encode_plan_uses(core, l->fields[f])) field = field == l->field_count ? f : l->field_count + 1;
  if (field >= l->field_count || elem_get(u->plan->scheme->fields[l->fields[field]].type)->bits > 8) return false;
  arena *a = arena_new();
  double *targets = ARENA_ARRAY(a, double, granules_total(g));
  for (size_t i = 0; i < granules_total(g); i++) {
    double target[PLAN_TERMS] = {0};
    const quadratic *q = &u->levels[level].quadratics[granule_at(g, i)];
    if (level == 1 && u->open_exact[granule_at(g, i)]) continue;
    if (!(q->h[row][row] > 0)) continue; // no weight says anything about it
    quadratic_solve(q, l->rows, NULL, target);
    targets[count++] = target[row];
  }
  elem_type type = u->plan->scheme->fields[l->fields[field]].type;
  size_t codes = (size_t)1 << elem_get(type)->bits;
  double *values = ARENA_ARRAY(a, double, codes);
  for (size_t code = 0; code < codes; code++) {
    u->fields[l->fields[field]] = elem_decode(type, code);
    values[code] = relaxed_eval(&(relaxed_env){.scheme = u->plan->scheme, .fields = u->fields}, core);
  }
  level_list levels = level_list_make(values, codes);
  probe_line lines[PROBE_FOUND];
  bool found = !l->fixed[slope] &&
               probe_lines(&levels, targets, count, false, l->negative[slope], l->positive[slope], SLACK, lines) > 0;
  *out = found ? lines[0].slope : 0;
  arena_free(a);
  return found;
}

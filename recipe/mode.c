// The pass `mode`: the compute mode. Every mode is tried, refused with a reason or priced on the target's best tier;
// the cheapest possible one wins. Which modes are possible depends on the levels and the activations, never on a
// format's name.
#include <math.h>
#include <string.h>

#include "recipe/draft.h"
#include "recipe/lanes.h"

#define BYTE 256.0
#define DECODE_CYCLES 1.0 // a whole expression per weight: always after the factored modes

static uint64_t code_count(const recipe *r) { return UINT64_C(1) << r->normal.code_bits; }

static bool is_whole(double x) { return fabs(x) < 9.0e15 && fabs(x - nearbyint(x)) <= 1e-9 * fmax(1.0, fabs(x)); }

// levels[c] = step * (c + shift) for every code, with a real shift.
bool draft_affine(const double *levels, uint64_t count, double *step, double *shift) {
  double a = count > 1 ? levels[1] - levels[0] : 0;
  if (a == 0) return false;
  for (uint64_t c = 0; c < count; c++)
    if (fabs(levels[c] - (levels[0] + a * (double)c)) > 1e-12 * fmax(fabs(levels[c]), fabs(a))) return false;
  *step = a;
  *shift = levels[0] / a;
  return true;
}

static void bounds(const double *levels, uint64_t count, double *min, double *max) {
  *min = *max = levels[0];
  for (uint64_t c = 1; c < count; c++) {
    *min = fmin(*min, levels[c]);
    *max = fmax(*max, levels[c]);
  }
}

// Whether all levels are whole multiples of `step`, within what rounding the largest of them to f32 costs (tables are
// often written in decimal and stored in f32).
static bool divides(const double *levels, uint64_t count, double step) {
  double min, max;
  bounds(levels, count, &min, &max);
  double tolerance = 0x1p-24 * fmax(fabs(min), fabs(max));
  for (uint64_t c = 0; c < count; c++)
    if (fabs(levels[c] - step * nearbyint(levels[c] / step)) > tolerance) return false;
  return true;
}

// Splits u = level / step - offset * 256^(P-1) into P byte planes.
static void split_planes(draft *t, const double *levels, recipe_core *core) {
  uint64_t count = code_count(t->r);
  double top = pow(BYTE, core->plane_count - 1);
  for (unsigned p = 0; p < core->plane_count; p++) {
    uint8_t *plane = ARENA_ARRAY(t->mem, uint8_t, count);
    for (uint64_t c = 0; c < count; c++) {
      // A level in the middle between two numbers may be rounded out of the highest byte.
      double u = fmin(nearbyint(levels[c] / core->step) - (double)core->offset * top, BYTE * top - 1);
      plane[c] = (uint8_t)((uint64_t)u >> 8 * p & 255);
      if (plane[c] > core->umax) core->umax = plane[c];
    }
    core->planes[p] = plane;
  }
}

// Levels as whole numbers of one byte times a step: the largest step that makes all levels whole.
bool draft_byte_levels(draft *t, const double *levels, recipe_core *core) {
  uint64_t count = code_count(t->r);
  double min, max;
  bounds(levels, count, &min, &max);
  for (unsigned parts = 1; parts < 256; parts++) {
    double step = (max - min) / parts;
    if (step <= 0 || !divides(levels, count, step)) continue;
    *core = (recipe_core){.step = step, .offset = (int64_t)nearbyint(min / step), .plane_count = 1};
    split_planes(t, levels, core);
    return true;
  }
  return false;
}

// Levels to 16 bits of their range, or to 24 where that makes them exact: a power of two as the step. The error is at most
// half a step, 2^-16 of the range: little beside what the activations lost when they became bytes.
static void plane_levels(draft *t, const double *levels, recipe_core *core) {
  uint64_t count = code_count(t->r);
  double min, max;
  bounds(levels, count, &min, &max);
  static const unsigned planes[] = {2, 3, 2}; // the last one whether it is exact or not
  for (size_t i = 0; i < 3; i++) {
    double top = pow(BYTE, planes[i] - 1);
    double step = exp2(ceil(log2((max - min) / ((BYTE - 1) * top))));
    if (i < 2 && !divides(levels, count, step)) continue;
    *core = (recipe_core){.step = step, .offset = (int64_t)floor(min / (step * top)), .plane_count = planes[i]};
    split_planes(t, levels, core);
    return;
  }
}

static bool fits_offset(const recipe_core *core) { return core->offset >= -65536 && core->offset <= 65536; }

// The one core of a term in an integer mode; an affine one may leave a constant (not a whole number of steps) for a term
// of its own, *rest * coefficients.
static bool integer_core(draft *t, const value_term *v, bool tables, recipe_core *core, double *rest) {
  double step, shift;
  *rest = 0;
  if (draft_affine(v->levels, code_count(t->r), &step, &shift)) {
    *core = (recipe_core){.step = step, .umax = code_count(t->r) - 1};
    if (is_whole(shift) && fabs(shift) <= 65536) {
      core->offset = (int64_t)nearbyint(shift);
    } else {
      *rest = v->levels[0];
    }
    return t->r->normal.code_bits <= 8;
  }
  if (!tables) return false;
  if (!draft_byte_levels(t, v->levels, core)) plane_levels(t, v->levels, core);
  return fits_offset(core);
}

static bool same_core(const recipe_core *a, const recipe_core *b, uint64_t codes) {
  if (a->step != b->step || a->offset != b->offset || a->plane_count != b->plane_count || a->affine != b->affine)
    return false;
  for (unsigned p = 0; p < a->plane_count; p++)
    if (memcmp(a->planes[p], b->planes[p], codes) != 0) return false;
  return true;
}

static int add_core(draft *t, mode_candidate *m, const recipe_core *core) {
  for (size_t i = 0; i < m->core_count; i++)
    if (same_core(&m->cores[i], core, code_count(t->r))) return (int)i;
  m->cores[m->core_count] = *core;
  return (int)m->core_count++;
}

void draft_add_term(mode_candidate *m, const value_term *v, int core) {
  m->terms[m->term_count++] = (recipe_term){.value = *v, .core = core};
}

value_term draft_scaled_term(draft *t, const value_term *v, double factor) {
  value_term w = *v;
  const expr **c = ARENA_ARRAY(t->mem, const expr *, v->coefficient_count + 1);
  for (size_t i = 0; i < v->coefficient_count; i++) c[i] = v->coefficients[i];
  c[v->coefficient_count] = expr_real(t->mem, factor, SRC_NOWHERE);
  w.coefficients = c;
  w.coefficient_count++;
  return w;
}

static void add_rest(draft *t, mode_candidate *m, const value_term *v, double rest) {
  value_term w = draft_scaled_term(t, v, rest);
  w.levels = NULL;
  draft_add_term(m, &w, -1);
}

static bool all_finite(const double *levels, uint64_t count) {
  for (uint64_t c = 0; c < count; c++)
    if (!isfinite((float)levels[c])) return false;
  return true;
}

static const char *try_integer(draft *t, mode_candidate *m, bool tables) {
  if (!act_is_integer(&t->r->act)) return "the activations are not integers";
  if (t->not_normal != NULL) return t->not_normal;
  bool any_table = false;
  for (size_t i = 0; i < t->r->normal.term_count; i++) {
    const value_term *v = &t->r->normal.terms[i];
    recipe_core core;
    double rest;
    if (v->table_field >= 0) return "the levels are stored with the tensor";
    if (v->float_field >= 0) return "the codes are floats";
    if (v->levels == NULL) {
      draft_add_term(m, v, -1);
    } else if (!all_finite(v->levels, code_count(t->r))) {
      return "a level is infinite or no number";
    } else if (integer_core(t, v, tables, &core, &rest)) {
      any_table = any_table || core.plane_count > 0;
      draft_add_term(m, v, add_core(t, m, &core));
      if (rest != 0) add_rest(t, m, v, rest);
    } else {
      return tables ? "the levels span too many orders of magnitude" : "the levels are not evenly spaced";
    }
  }
  return tables && !any_table ? "the levels are evenly spaced: no table is needed" : NULL;
}

static const char *try_float(draft *t, mode_candidate *m) {
  if (t->not_normal != NULL) return t->not_normal;
  for (size_t i = 0; i < t->r->normal.term_count; i++) {
    const value_term *v = &t->r->normal.terms[i];
    recipe_core core = {.step = 1};
    double step, shift;
    if (v->levels == NULL && v->float_field < 0) {
      draft_add_term(m, v, -1);
      continue;
    }
    const char *reason;
    if (v->table_field >= 0 && !lo_stored_possible(t->mem, t->r->scheme, (unsigned)v->table_field, &reason))
      return reason;
    if (v->float_field < 0 && v->table_field < 0 && draft_affine(v->levels, code_count(t->r), &step, &shift) &&
        is_whole(shift) && fabs(shift) <= 65536)
      core = (recipe_core){.step = step, .offset = (int64_t)nearbyint(shift), .affine = true};
    m->cores[m->core_count] = core;
    draft_add_term(m, v, (int)m->core_count++);
  }
  return NULL;
}

// Operations of an expression that a kernel computes: it is unrolled, and every one of them is emitted many times.
#define MAX_OPERATIONS 640

uint64_t lower_expr_size(const expr *e) {
  uint64_t size = 1;
  for (unsigned i = 0; i < e->arg_count; i++) size += lower_expr_size(e->args[i]);
  return size;
}

static const char *check_operations(draft *t, uint64_t size, const char *what) {
  if (size <= MAX_OPERATIONS) return NULL;
  return arena_printf(t->mem, "%s %llu operations, more than %d", what, (unsigned long long)size, MAX_OPERATIONS);
}

// The whole value as the level of a single core.
static const char *try_decode(draft *t, mode_candidate *m) {
  for (size_t i = 0; i < t->r->normal.part_count; i++)
    if (t->r->normal.parts[i].derived_count > 0) return "the code is derived from what the value reads";
  const char *reason = check_operations(t, lower_expr_size(t->r->scheme->value), "the value takes");
  if (reason != NULL) return reason;
  if (!lo_expr_possible(t->mem, t->r->scheme, t->r->scheme->value, &reason)) return reason;
  m->cores[m->core_count++] = (recipe_core){.step = 1};
  draft_add_term(m, &(value_term){.table_field = -1, .float_field = -1}, 0);
  return NULL;
}

static const char *check_coefficients(draft *t, const mode_candidate *m) {
  const char *reason;
  uint64_t size = 0;
  for (size_t i = 0; i < m->term_count; i++)
    for (size_t j = 0; j < m->terms[i].value.coefficient_count; j++)
      size += lower_expr_size(m->terms[i].value.coefficients[j]);
  reason = check_operations(t, size, "the factors of the code take");
  if (reason != NULL) return reason;
  for (size_t i = 0; i < m->term_count; i++)
    for (size_t j = 0; j < m->terms[i].value.coefficient_count; j++)
      if (!lo_expr_possible(t->mem, t->r->scheme, m->terms[i].value.coefficients[j], &reason)) return reason;
  return NULL;
}

// Kernels keep an accumulator for every term and every byte plane.
static const char *check_size(const mode_candidate *m) {
  size_t dots = 0;
  for (size_t i = 0; i < m->core_count; i++) dots += m->cores[i].plane_count > 0 ? m->cores[i].plane_count : 1;
  if (m->term_count > RECIPE_MAX_TERMS) return "the value expands to more than 16 terms";
  return dots > RECIPE_MAX_DOTS ? "the terms need more than 16 sums of products" : NULL;
}

// Cycles per weight of the inner loop.
double draft_unpack_cost(const target_tier *tier, unsigned bits, uint32_t lanes, elem_type elem) {
  double planes = 0;
  for (unsigned w = 8; w > 0; w /= 2) planes += (bits & w) != 0;
  if (bits >= 16) return 1.0 / lanes;
  return (2 * planes - 1) * target_cost(tier, IR_BITS, elem, lanes, 0) / lanes;
}

static double integer_cost(const draft *t, const mode_candidate *m, const target_tier *tier) {
  uint32_t bytes = 4 * tier->lanes;
  double cycles = draft_unpack_cost(tier, t->r->normal.code_bits, bytes, ELEM_I8);
  for (size_t i = 0; i < m->core_count; i++) {
    unsigned planes = m->cores[i].plane_count > 0 ? m->cores[i].plane_count : 1;
    double look = m->cores[i].plane_count > 0 ? target_cost(tier, IR_LOOKUP, ELEM_I8, bytes, code_count(t->r)) : 0;
    cycles += planes * (look + target_cost(tier, IR_DOT4, ELEM_I32, tier->lanes, m->cores[i].umax)) / bytes;
  }
  return cycles;
}

static double float_cost(const draft *t, const mode_candidate *m, const target_tier *tier) {
  double cycles = draft_unpack_cost(tier, t->r->normal.code_bits, tier->lanes, ELEM_I32);
  for (size_t i = 0; i < m->core_count; i++) {
    bool affine = m->cores[i].affine || t->r->normal.code_bits > 8;
    double level = affine ? target_cost(tier, IR_ITOF, ELEM_F32, tier->lanes, 0)
                          : target_cost(tier, IR_LOOKUP_F32, ELEM_F32, tier->lanes, code_count(t->r));
    cycles += (level + target_cost(tier, IR_FMA, ELEM_F32, tier->lanes, 0)) / tier->lanes;
  }
  return cycles;
}

static const char *refuse(draft *t, mode_candidate *m) {
  if (m->mode == MODE_DECODE) return try_decode(t, m);
  if (m->mode == MODE_FLOAT) return try_float(t, m);
  if (m->mode == MODE_PAIR_DOT) return draft_try_pairs(t, m);
  const char *refused = try_integer(t, m, m->mode == MODE_TABLE_DOT);
  return refused == NULL && m->mode == MODE_BIT_DOT ? draft_bits_refused(t->r, m) : refused;
}

static double cost_of(const draft *t, const mode_candidate *m, const target_tier *tier) {
  switch (m->mode) {
  case MODE_DECODE: return DECODE_CYCLES + float_cost(t, m, tier);
  case MODE_FLOAT: return float_cost(t, m, tier);
  case MODE_PAIR_DOT: return draft_pairs_cost(t, m, tier);
  case MODE_BIT_DOT: return draft_bits_cost(t->r, tier);
  default: return integer_cost(t, m, tier);
  }
}

static void consider(draft *t, compute_mode mode) {
  mode_candidate *m = &t->candidates[t->candidate_count++];
  const target_tier *tier = target_best_tier(t->options->target, mode == MODE_PAIR_DOT ? IR_DOT2 : 0);
  size_t room = 2 * t->r->normal.term_count + 2;
  *m = (mode_candidate){.mode = mode, .tier = tier};
  m->cores = ARENA_ARRAY(t->mem, recipe_core, room);
  m->terms = ARENA_ARRAY(t->mem, recipe_term, room);
  m->refused = refuse(t, m);
  if (m->refused == NULL) m->refused = check_size(m);
  if (m->refused == NULL) m->refused = check_coefficients(t, m);
  if (m->refused == NULL) m->cost = cost_of(t, m, tier);
}

static bool no_mode(draft *t) {
  diag_error(t->d, t->r->scheme->loc, "no compute mode fits scheme '%s' with activations %s", t->r->scheme->name,
             act_text(t->mem, &t->r->act));
  for (size_t i = 0; i < t->candidate_count; i++)
    diag_hint(t->d, "%s: %s", compute_mode_name(t->candidates[i].mode), t->candidates[i].refused);
  return false;
}

// Integer modes come first wherever they are possible, then pairs: their results are the same bits on every target. Among
// the others the cheapest wins.
static int rank_of(compute_mode mode) { return mode_is_integer(mode) ? 2 : mode == MODE_PAIR_DOT ? 1 : 0; }

static bool is_better(const mode_candidate *m, const mode_candidate *best) {
  if (best == NULL) return true;
  if (rank_of(m->mode) != rank_of(best->mode)) return rank_of(m->mode) > rank_of(best->mode);
  return m->cost < best->cost;
}

static const char *const reasons[] = {"the cheapest that is possible",
                                      "its sums are the same bits on every target, up to numbers below 2^-126",
                                      "integer sums are the same bits on every target"};

bool draft_choose_mode(draft *t) {
  static const compute_mode order[] = {MODE_INT_DOT,  MODE_TABLE_DOT, MODE_BIT_DOT,
                                       MODE_PAIR_DOT, MODE_FLOAT,     MODE_DECODE};
  const mode_candidate *best = NULL;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    consider(t, order[i]);
    const mode_candidate *m = &t->candidates[i];
    if (m->refused == NULL && is_better(m, best)) best = m;
  }
  if (best == NULL) return no_mode(t);
  recipe *r = t->r;
  r->mode = best->mode;
  r->core_count = best->core_count;
  r->cores = best->cores;
  r->term_count = best->term_count;
  r->terms = best->terms;
  r->cycles = best->cost;
  r->reason = reasons[rank_of(best->mode)];
  draft_explain_mode(t);
  return true;
}

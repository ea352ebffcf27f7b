// Pairs of bf16 numbers: which levels are such numbers, what it costs, and how much is summed at once.
#include <math.h>

#include "recipe/draft.h"
#include "support/num.h"

// Positions whose products one accumulator takes, one after the other: long enough that what follows it does not count,
// short enough that the sums of several spans are in work at once where a single token is computed.
#define PAIRS_SPAN 32
#define PAIRS_CODE_BITS 8

static bool is_bf16(double x) { return elem_decode(ELEM_BF16, elem_encode(ELEM_BF16, x)) == x || isnan(x); }

static bool are_bf16(const double *levels, uint64_t count) {
  for (uint64_t c = 0; c < count; c++)
    if (!is_bf16(levels[c])) return false;
  return true;
}

// The levels as bf16 numbers times a step.
static bool find_levels(draft *t, const double *levels, double *out, double *step) {
  uint64_t count = UINT64_C(1) << t->r->normal.code_bits;
  recipe_core bytes;
  *step = 1;
  if (!are_bf16(levels, count)) {
    if (!draft_byte_levels(t, levels, &bytes)) return false;
    *step = bytes.step;
  }
  for (uint64_t c = 0; c < count; c++) out[c] = *step == 1 ? levels[c] : nearbyint(levels[c] / *step);
  return are_bf16(out, count);
}

static void add_core(mode_candidate *m, const value_term *v, recipe_core core) {
  m->cores[m->core_count] = core;
  draft_add_term(m, v, (int)m->core_count++);
}

static const char *add_levels(draft *t, mode_candidate *m, const value_term *v) {
  if (t->r->normal.code_bits > PAIRS_CODE_BITS) return "the codes have more than 8 bits";
  uint64_t count = UINT64_C(1) << t->r->normal.code_bits;
  double *levels = ARENA_ARRAY(t->mem, double, count);
  double step, slope, shift;
  if (!find_levels(t, v->levels, levels, &step)) return "a level is no bf16 number";
  value_term w = step == 1 ? *v : draft_scaled_term(t, v, step);
  w.levels = levels;
  recipe_core core = {.step = 1};
  if (draft_affine(levels, count, &slope, &shift) && slope == 1 && shift == nearbyint(shift))
    core = (recipe_core){.step = 1, .offset = (int64_t)shift, .affine = true};
  add_core(m, &w, core);
  return NULL;
}

const char *draft_try_pairs(draft *t, mode_candidate *m) {
  const act_spec *act = &t->r->act;
  if (act->kind != ACT_PLAIN || act->type != ELEM_BF16) return "the activations are no bf16 numbers";
  if (t->not_normal != NULL) return t->not_normal;
  for (size_t i = 0; i < t->r->normal.term_count; i++) {
    const value_term *v = &t->r->normal.terms[i];
    const char *refused = NULL;
    if (v->table_field >= 0) return "the levels are stored with the tensor";
    if (v->float_field >= 0) {
      if (t->r->scheme->fields[v->float_field].type != ELEM_BF16) return "the codes are no bf16 numbers";
      add_core(m, v, (recipe_core){.step = 1});
    } else if (v->levels == NULL) {
      draft_add_term(m, v, -1);
    } else {
      refused = add_levels(t, m, v);
    }
    if (refused != NULL) return refused;
  }
  return 2 * m->core_count > RECIPE_MAX_DOTS ? "the terms need more than 8 sums of products" : NULL;
}

double draft_pairs_cost(const draft *t, const mode_candidate *m, const target_tier *tier) {
  uint32_t lanes = 2 * tier->lanes;
  unsigned bits = t->r->normal.code_bits;
  double cycles = draft_unpack_cost(tier, bits, 4 * tier->lanes, ELEM_I8);
  double look = bits > PAIRS_CODE_BITS ? 1 : target_cost(tier, IR_LOOKUP_BF16, ELEM_BF16, lanes, UINT64_C(1) << bits);
  for (size_t i = 0; i < m->core_count; i++)
    cycles += (look + target_cost(tier, IR_DOT2, ELEM_F32, tier->lanes, 0)) / lanes;
  return cycles;
}

uint64_t draft_pairs_segment(uint64_t span) {
  if (span == PREPARED_ROW || span % PAIRS_SPAN == 0) return PAIRS_SPAN;
  uint64_t part = num_gcd(span, PAIRS_SPAN);
  return span > PAIRS_SPAN && part == PAIRS_SPAN / 2 ? part : span;
}

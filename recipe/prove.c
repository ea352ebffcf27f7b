// The pass `prove`: the proof that no 32-bit accumulator overflows, from the ranges of codes, activations and integer
// coefficients. Where it fails the spans are shortened until it holds.
#include <stdlib.h>

#include "format/expr_range.h"
#include "recipe/draft.h"
#include "support/num.h"

#define NEVER_FLUSH (UINT64_C(1) << 40)

// Largest |accumulator| of a term per position. i32 wraps around, so only the final sums must fit: products of
// u + offset where there is an offset, not u and the offset's share on their own.
static uint64_t term_bound(const recipe *r, const recipe_term *term) {
  uint64_t most = act_magnitude(&r->act);
  if (term->core < 0) return most;
  const recipe_core *core = &r->cores[term->core];
  uint64_t low = (uint64_t)llabs(core->offset);
  uint64_t high = (uint64_t)llabs(core->offset + (int64_t)core->umax);
  uint64_t level = low > high ? low : high;
  if (core->plane_count > 1 && core->umax > level) level = core->umax; // the lower bytes have no offset
  return level * most;
}

// Largest |product of the integer coefficients| that stay in i32, saturating.
static uint64_t coefficient_bound(const recipe *r, const recipe_term *term) {
  range_env env = range_env_value(r->scheme);
  uint64_t bound = 1;
  for (size_t i = 0; i < term->value.coefficient_count; i++) {
    const expr *e = term->value.coefficients[i];
    if (!e->is_int) continue;
    expr_range range = expr_int_range(&env, e);
    uint64_t low = (uint64_t)llabs(range.min < -INT32_MAX ? -INT32_MAX : range.min);
    uint64_t high = (uint64_t)llabs(range.max > INT32_MAX ? INT32_MAX : range.max);
    if (!num_mul(bound, low > high ? low : high, &bound) || bound > INT32_MAX) return INT32_MAX;
  }
  return bound;
}

// Positions over which the worst term stays within i32; `with_coefficients` when integer coefficients multiply in i32.
static uint64_t safe_positions(const recipe *r, bool with_coefficients) {
  uint64_t worst = 1;
  for (size_t i = 0; i < r->term_count; i++) {
    uint64_t bound = term_bound(r, &r->terms[i]);
    if (with_coefficients && !num_mul(bound, coefficient_bound(r, &r->terms[i]), &bound)) bound = UINT64_MAX;
    if (bound > worst) worst = bound;
  }
  return INT32_MAX / worst;
}

// The largest part of `span` that divides it, is at most `limit` and, if there is any, a multiple of whole chunks; else a
// multiple of 4, as `span` is.
static uint64_t shorten(uint64_t span, uint64_t limit) {
  uint64_t unit = span % PACK_CHUNK == 0 && limit >= PACK_CHUNK ? PACK_CHUNK : 4;
  for (uint64_t part = limit / unit * unit; part > unit; part -= unit)
    if (span % part == 0) return part;
  return unit;
}

// Sums of several byte planes meet in f32: no integer coefficient can be applied before that.
static bool has_planes(const recipe *r) {
  for (size_t i = 0; i < r->core_count; i++)
    if (r->cores[i].plane_count > 1) return true;
  return false;
}

// Sums over the row are flushed between blocks: where not even one block is safe, they end sooner.
static void shorten_row(recipe *r) {
  uint64_t block = draft_least_block(r);
  if (block <= safe_positions(r, r->segment != PREPARED_ROW)) return;
  if (r->segment == PREPARED_ROW) r->segment = shorten(block, safe_positions(r, false));
  r->float_span = r->segment;
}

bool draft_prove(draft *t) {
  recipe *r = t->r;
  r->flush = r->float_span == PREPARED_ROW ? NEVER_FLUSH : 0; // in positions; the layout turns it into blocks
  if (!mode_is_integer(r->mode)) return true;
  if (has_planes(r)) r->float_span = r->segment;
  if (r->float_span != r->segment && r->float_span != PREPARED_ROW && r->float_span > safe_positions(r, true))
    r->float_span = r->segment;
  if (r->float_span == PREPARED_ROW && r->segment != PREPARED_ROW && safe_positions(r, true) < 4096)
    r->float_span = r->segment;
  if (r->float_span == PREPARED_ROW) shorten_row(r);
  if (r->segment != PREPARED_ROW && r->segment > safe_positions(r, false)) {
    bool same = r->float_span == r->segment;
    r->segment = shorten(r->segment, safe_positions(r, false));
    if (same) r->float_span = r->segment;
  }
  recipe_term *terms = ARENA_ARRAY(t->mem, recipe_term, r->term_count);
  for (size_t i = 0; i < r->term_count; i++) {
    terms[i] = r->terms[i];
    terms[i].integer_coefficient = r->float_span != r->segment;
  }
  r->terms = terms;
  r->flush = r->float_span == PREPARED_ROW ? safe_positions(r, r->segment != PREPARED_ROW) : 0;
  return true;
}

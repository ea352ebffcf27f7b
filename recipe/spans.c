// What of a recipe's kernels is decided before they are emitted.
#include "recipe/spans.h"

#include "support/num.h"

static uint64_t lcm(uint64_t a, uint64_t b) { return a / num_gcd(a, b) * b; }

static uint64_t body_for(uint64_t body, uint64_t span) {
  bool fine = span == PREPARED_ROW || span % body == 0 || body % span == 0;
  return fine ? body : lcm(body, span);
}

uint64_t matmul_body(uint64_t segment, uint64_t float_span) {
  return body_for(body_for(PACK_CHUNK, segment), float_span);
}

value_run matmul_run(const recipe *r) { return r->mode == MODE_DECODE ? lo_run_of(r->scheme) : (value_run){0}; }

double bits_count_cost(const target_tier *tier, bool words) {
  uint32_t lanes = tier->lanes;
  if (words) return target_cost(tier, IR_POPCOUNT, ELEM_I32, lanes, 0) + target_cost(tier, IR_ADD, ELEM_I32, lanes, 0);
  return target_cost(tier, IR_POPCOUNT, ELEM_I8, 4 * lanes, 0) + target_cost(tier, IR_DOT4, ELEM_I32, lanes, 8);
}

bool matmul_counts_words(const target_tier *tier) {
  return bits_count_cost(tier, true) <= bits_count_cost(tier, false);
}

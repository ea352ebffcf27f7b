// Dot products bit by bit: when they are possible, and what they cost.
//
// A code is the sum of its bits w_i * 2^i, an activation the sum of its bits a_j times their weights. So the sum of products over
// 32 positions is the sum over pairs i, j of weights times the number of set bits in w_i & a_j, words of 32 bits. Of i1,
// where a bit means +1 or -1, it is the number of +1 less the number of set bits in w_i ^ a.
#include "recipe/draft.h"
#include "recipe/spans.h"

#define MAX_PAIRS 4 // of planes; beyond that dot products of bytes are cheaper nearly everywhere

// The number of +1 comes with the sums of activations, which then serve nothing else.
static const char *signs_refused(const mode_candidate *m) {
  bool sums = false, integers = false;
  for (size_t i = 0; i < m->term_count; i++) {
    const value_term *v = &m->terms[i].value;
    sums = sums || m->terms[i].core < 0;
    for (size_t j = 0; j < v->coefficient_count; j++) integers = integers || v->coefficients[j]->is_int;
  }
  if (m->core_count != 1) return "signs are multiplied with one level only";
  return sums && integers ? "sums of signs are needed in integers" : NULL;
}

const char *draft_bits_refused(const recipe *r, const mode_candidate *m) {
  unsigned planes = act_bit_planes(&r->act);
  if (planes == 0) return "the activations are no numbers of a few bits";
  if (r->normal.code_bits * planes > MAX_PAIRS) return "codes and activations have too many bits";
  for (size_t i = 0; i < m->core_count; i++)
    if (m->cores[i].plane_count > 0) return "the levels are not evenly spaced";
  if (draft_common_group(r, true) % PACK_CHUNK != 0) return "groups are no whole words of 32 bits";
  return r->act.kind == ACT_SIGN ? signs_refused(m) : NULL;
}

double draft_bits_cost(const recipe *r, const target_tier *tier) {
  bool words = matmul_counts_words(tier);
  unsigned pairs = r->normal.code_bits * act_bit_planes(&r->act);
  double cycles = target_cost(tier, IR_AND, ELEM_I32, tier->lanes, 0) + bits_count_cost(tier, words);
  if (words && pairs > 1) cycles += target_cost(tier, IR_SHL, ELEM_I32, tier->lanes, 0);
  return pairs * cycles / (PACK_CHUNK * tier->lanes);
}

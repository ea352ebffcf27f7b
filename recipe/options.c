#include "recipe/options.h"

bool lower_recipe_uses(const recipe *r, ir_opcode special) {
  if (r->mode == MODE_PAIR_DOT) return special == IR_DOT2 || special == IR_TILE_PAIRS;
  return (special == IR_TILE_DOT || special == IR_TILE_PAIRS) && (r->mode == MODE_INT_DOT || r->mode == MODE_TABLE_DOT);
}

static bool makes_a_point(const target_tier *tier, const recipe *r) {
  return tier->special == 0 || lower_recipe_uses(r, tier->special);
}

const target_tier *lower_best_tier(const lower_options *o, const recipe *r) {
  for (size_t i = 0; i < o->tier_count; i++)
    if (i + 1 == o->tier_count || makes_a_point(o->tiers[i], r)) return o->tiers[i];
  const target_tier *tier = &o->target->tiers[0], *last = tier + o->target->tier_count - 1;
  while (tier < last && (tier->on_demand || !makes_a_point(tier, r))) tier++;
  return tier;
}

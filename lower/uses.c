// Uses of values and operations, and the shapes that passes ask for.
#include "lower/passes.h"

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

size_t lower_use_count(const ir_block *block, const ir_value *v) {
  size_t count = 0;
  for (size_t i = 0; i < block->ops.len; i++)
    for (size_t j = 0; j < block->ops.data[i]->operand_count; j++) count += block->ops.data[i]->operands[j] == v;
  return count;
}

void lower_replace_uses(ir_block *block, const ir_value *from, ir_value *to) {
  for (size_t i = 0; i < block->ops.len; i++)
    for (size_t j = 0; j < block->ops.data[i]->operand_count; j++)
      if (block->ops.data[i]->operands[j] == from) block->ops.data[i]->operands[j] = to;
}

ir_size lower_leading(const ir_type *t) {
  bool batch = t->rank > 0 && t->dims[0] == IR_BATCH;
  if (batch && t->rank == 1) return (ir_size){.per_batch = 1};
  uint64_t n = 1;
  for (unsigned i = batch ? 1 : 0; i + 1 < t->rank; i++) n *= (uint64_t)t->dims[i];
  return batch ? (ir_size){.per_batch = n} : (ir_size){.fixed = n};
}

uint64_t lower_last_dim(const ir_type *t) {
  return t->rank == 0 || t->dims[t->rank - 1] == IR_BATCH ? 1 : (uint64_t)t->dims[t->rank - 1];
}

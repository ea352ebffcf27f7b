// Uses of values and operations, and the shapes that passes ask for.
#include "network/passes.h"

ptr_map lower_count_uses(arena *a, const ir_block *block) {
  ptr_map uses = {.mem = a};
  for (size_t i = 0; i < block->ops.len; i++)
    for (size_t j = 0; j < block->ops.data[i]->operand_count; j++) {
      const ir_value *v = block->ops.data[i]->operands[j];
      ptr_map_set(&uses, v, ptr_map_get(&uses, v, 0) + 1);
    }
  return uses;
}

size_t lower_use_count(const ptr_map *uses, const ir_value *v) { return ptr_map_get(uses, v, 0); }

void lower_drop_null(ir_block *block) {
  size_t to = 0;
  for (size_t i = 0; i < block->ops.len; i++)
    if (block->ops.data[i] != NULL) block->ops.data[to++] = block->ops.data[i];
  block->ops.len = to;
}

void lower_rename(renaming *r, const ir_value *from, ir_value *to) {
  ptr_map_set(&r->values, from, (size_t)(uintptr_t)to);
}

void lower_rename_operands(const renaming *r, ir_op *op) {
  for (size_t j = 0; j < op->operand_count; j++) {
    size_t to = ptr_map_get(&r->values, op->operands[j], 0);
    if (to != 0) op->operands[j] = (ir_value *)(uintptr_t)to; // NOLINT(performance-no-int-to-ptr)
  }
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

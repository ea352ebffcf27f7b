// Operations whose results nobody uses go, from the end backwards so that whole chains go at once.
#include "network/passes.h"

static bool is_used(const ptr_map *uses, const ir_op *op) {
  if ((ir_op_get_info(op->code)->flags & IR_FLAG_PURE) == 0) return true;
  for (size_t i = 0; i < op->result_count; i++)
    if (lower_use_count(uses, op->results[i]) > 0) return true;
  return false;
}

bool pass_clean(diag *d, ir_module *m, const lower_options *o) {
  (void)d;
  (void)o;
  ir_func *f = ir_find_model(m);
  if (f == NULL) return true;
  ir_block *block = f->body;
  ptr_map uses = lower_count_uses(m->mem, block);
  for (size_t i = block->ops.len; i-- > 0;) {
    const ir_op *op = block->ops.data[i];
    if (is_used(&uses, op)) continue;
    for (size_t j = 0; j < op->operand_count; j++)
      ptr_map_set(&uses, op->operands[j], lower_use_count(&uses, op->operands[j]) - 1);
    block->ops.data[i] = NULL;
  }
  lower_drop_null(block);
  return true;
}

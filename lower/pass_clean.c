// Operations whose results nobody uses go, from the end backwards so that whole chains go at once.
#include "lower/passes.h"

static bool is_used(const ir_block *block, const ir_op *op) {
  if ((ir_op_get_info(op->code)->flags & IR_FLAG_PURE) == 0) return true;
  for (size_t i = 0; i < op->result_count; i++)
    if (lower_use_count(block, op->results[i]) > 0) return true;
  return false;
}

bool pass_clean(diag *d, ir_module *m, const lower_options *o) {
  (void)d;
  (void)o;
  ir_func *f = ir_find_model(m);
  for (size_t i = f == NULL ? 0 : f->body->ops.len; i-- > 0;) {
    if (is_used(f->body, f->body->ops.data[i])) continue;
    for (size_t j = i; j + 1 < f->body->ops.len; j++) f->body->ops.data[j] = f->body->ops.data[j + 1];
    f->body->ops.len--;
  }
  return true;
}

// Shapes of tensors in models.
#include <inttypes.h>

#include "frontend/model.h"
#include "support/num.h"

const char *fe_type_text(const fe_model *f, const ir_type *type) {
  strbuf out = {.mem = f->c->mem};
  strbuf_printf(&out, "f32[");
  for (unsigned i = 0; i < type->rank; i++) {
    if (i > 0) strbuf_printf(&out, ", ");
    if (type->dims[i] == IR_BATCH)
      strbuf_printf(&out, "%s", f->batch.text);
    else
      strbuf_printf(&out, "%" PRId64, type->dims[i]);
  }
  strbuf_putc(&out, ']');
  return strbuf_text(&out);
}

static bool is_batch(const fe_model *f, const ast_expr *e) {
  return f->batch.text != NULL && e->kind == AST_NAME && fe_same_text(e->name.text, f->batch.text);
}

// A name that is none: most often a size that was not declared.
static bool unknown_size(fe_model *f, const ast_expr *e) {
  if (e->kind != AST_NAME || fe_find(&f->scope, e->name.text) != NULL) return false;
  diag_error(f->c->d, e->loc, "nothing here is named '%s'", e->name.text);
  fe_suggest_symbol(f->c, &f->scope, e->name.text);
  if (f->batch.text == NULL)
    diag_hint(f->c->d, "a size that is chosen when the model runs is declared first: dim %s <= 64;", e->name.text);
  return true;
}

static bool build_size(fe_model *f, const ast_expr *e, unsigned i, int64_t *out) {
  if (!is_batch(f, e) && unknown_size(f, e)) return false;
  if (!is_batch(f, e)) return fe_constant_in(f->c, &f->scope, e, "a size", 1, INT32_MAX, out);
  *out = IR_BATCH;
  f->batch_used = true;
  if (i == 0) return true;
  diag_error(f->c->d, e->loc, "the dimension '%s' must be the first of a shape", f->batch.text);
  return false;
}

// The product of the sizes, the batch counting as one.
static bool count_elements(const ir_type *type, uint64_t *out) {
  *out = 1;
  for (unsigned i = 0; i < type->rank; i++)
    if (type->dims[i] != IR_BATCH && !num_mul(*out, (uint64_t)type->dims[i], out)) return false;
  return *out <= (uint64_t)1 << 40;
}

bool fe_build_shape(fe_model *f, const ast_args *sizes, src_loc loc, ir_type *out) {
  int64_t dims[IR_MAX_RANK] = {0};
  bool ok = true;
  uint64_t count;
  if (sizes->len == 0 || sizes->len > IR_MAX_RANK) {
    diag_error(f->c->d, loc, "a tensor has 1 to %d dimensions, not %zu", IR_MAX_RANK, sizes->len);
    if (sizes->len == 0) diag_hint(f->c->d, "its sizes follow in brackets, as in f32[64] or f32[8, 64]");
    return false;
  }
  for (unsigned i = 0; i < sizes->len; i++) ok &= build_size(f, sizes->data[i].value, i, &dims[i]);
  *out = ir_tensor(ELEM_F32, (unsigned)sizes->len, dims);
  if (!ok || count_elements(out, &count)) return ok;
  diag_error(f->c->d, loc, "the tensor %s is too large", fe_type_text(f, out));
  return false;
}

bool fe_same_elements(const ir_type *a, const ir_type *b) {
  uint64_t count_a, count_b;
  bool batch_a = a->rank > 0 && a->dims[0] == IR_BATCH, batch_b = b->rank > 0 && b->dims[0] == IR_BATCH;
  return batch_a == batch_b && count_elements(a, &count_a) && count_elements(b, &count_b) && count_a == count_b;
}

// ---- memory ----------------------------------------------------------------------------------------------

#define MOST_BYTES ((uint64_t)1 << 60) // of all tensors: what passes add to them stays far below 64 bits

// Adds the numbers of a tensor at the largest batch.
static bool add_numbers(const fe_model *f, const ir_type *type, uint64_t *sum) {
  uint64_t count;
  if (type->kind != IR_TENSOR) return true;
  bool batched = type->rank > 0 && type->dims[0] == IR_BATCH;
  return count_elements(type, &count) && num_mul(count, batched ? f->m->max_batch : 1, &count) &&
         num_add(*sum, count, sum) && *sum <= MOST_BYTES / sizeof(float);
}

bool fe_check_memory(const fe_model *f) {
  const ir_block *b = f->b.block;
  uint64_t sum = 0;
  bool ok = true;
  for (size_t i = 0; i < b->param_count; i++) ok = ok && add_numbers(f, &b->params[i]->type, &sum);
  for (size_t i = 0; i < b->ops.len; i++)
    for (size_t k = 0; k < b->ops.data[i]->result_count; k++)
      ok = ok && add_numbers(f, &b->ops.data[i]->results[k]->type, &sum);
  if (ok) return true;
  bool bound = f->batch.text != NULL;
  diag_error(f->c->d, bound ? f->batch.loc : f->node->loc, "the tensors of this model need more than 2^60 bytes%s",
             bound ? " at the bound of this dimension" : "");
  if (bound) diag_hint(f->c->d, "give the largest that will be used: dim %s <= 512;", f->batch.text);
  return false;
}

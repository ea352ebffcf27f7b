// Direct interpretation of expressions, one weight or one layout element at a time: the meaning of a format. Slow and
// simple on purpose; ir/program.h evaluates many at once and is tested against this.
#ifndef QCC_IR_EVAL_H
#define QCC_IR_EVAL_H

#include "ir/expr_range.h"
#include "ir/tensor_codes.h"

// The first read outside of its block or tensor: where in the expression, and which bit or element.
typedef struct eval_fault {
  const expr *at;
  int64_t index;      // first bit (BITS, STREAM) or the index of dimension `dimension` (LOAD and STREAM)
  unsigned dimension; // of LOAD and STREAM
  uint64_t limit;     // bits or elements there are
} eval_fault;

// What leaves mean. Values need `codes`, `n` and `k`; places need `vars` and either `block` or `inputs`.
typedef struct eval_env {
  const scheme *scheme;
  const tensor_codes *codes;
  uint64_t n, k;
  int64_t vars[EXPR_VAR_COUNT];
  const uint8_t *block; // of a block layout
  uint64_t block_bytes;
  const layout_input *inputs; // of a tensor layout
  bool faulted;
  eval_fault fault;
} eval_env;

// eval_int needs e->is_int. Reads out of range give 0 and are kept as env->fault; of a select only the chosen branch is
// evaluated.
int64_t eval_int(eval_env *env, const expr *e);
double eval_real(eval_env *env, const expr *e);

// Bits [at, at + width) of little-endian bytes, width <= 64; the caller has checked that they exist.
uint64_t eval_bits(const uint8_t *bytes, uint64_t at, unsigned width);

// Bits of the stream that elements first, first + step, .. of a tensor form (see EXPR_STREAM), as eval_bits.
uint64_t eval_stream(const layout_input *t, uint64_t first, uint64_t step, uint64_t at, unsigned width);

// Rows of row-major dimensions: the distance in elements between neighbours along `axis`.
// WINDOW at weight (n, k).
int64_t eval_window(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k);

uint64_t eval_stride(const layout_input *t, unsigned axis);

#endif

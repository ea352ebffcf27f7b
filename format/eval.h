// Direct interpretation of expressions, one weight or one layout element at a time: the meaning of a format. Slow and
// simple on purpose; format/program.h evaluates many at once and is tested against this.
#ifndef QCC_FORMAT_EVAL_H
#define QCC_FORMAT_EVAL_H

#include "format/expr_range.h"
#include "format/line_index.h"
#include "format/tensor_codes.h"

// The first read outside of its block or tensor: where in the expression, and which bit or element.
typedef struct eval_fault {
  const expr *at;
  int64_t index;      // first bit (BITS, STREAM, RANK) or the index of dimension `dimension`
  unsigned dimension; // of the tensor
  uint64_t limit;     // bits or elements there are; where `unsorted`, the end of the elements
  bool unsorted;      // FIND: elements index .. limit - 1 do not ascend
} eval_fault;

// What leaves mean. Values need `codes`, `n` and `k`; places need `vars` and either `block` or `inputs`.
typedef struct eval_env {
  const scheme *scheme;
  const tensor_codes *codes;
  uint64_t n, k;
  int64_t vars[EXPR_VAR_COUNT];
  const uint8_t *block; // of a block layout
  uint64_t block_bytes;
  const layout_input *inputs; // of a tensor layout, and what its places may ask of their lines
  const line_index *lines;
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

static inline uint32_t eval_word(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// The raw element number `at` of a tensor with elements of whole bytes.
static inline uint64_t eval_element(const layout_input *t, uint64_t at) {
  unsigned bytes = elem_get(t->type)->bits / 8;
  const uint8_t *p = t->data + at * bytes;
  switch (bytes) {
  case 1: return p[0];
  case 2: return (uint64_t)(p[0] | p[1] << 8);
  case 4: return eval_word(p);
  default: return eval_word(p) | (uint64_t)eval_word(p + 4) << 32;
  }
}

// The sizes of a layout tensor for rows x columns weights; LAYOUT_ANY_SIZE where the format leaves it to the file, which
// an impossible (negative) one is not. Whether sizes that were found are those, and the wanted ones as text: "[64, any]".
#define LAYOUT_ANY_SIZE INT64_MIN
void layout_tensor_sizes(const scheme *s, const layout_tensor *t, uint64_t rows, uint64_t columns, int64_t *out);
bool layout_size_fits(int64_t wanted, uint64_t found);
const char *layout_sizes_text(arena *a, unsigned rank, const int64_t *sizes);

// WINDOW at weight (n, k).
int64_t eval_window(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k);

// Rows of row-major dimensions: the distance in elements between neighbours along `axis`.
uint64_t eval_stride(const layout_input *t, unsigned axis);

#endif

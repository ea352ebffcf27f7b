// What of a matmul kernel follows from its recipe: the spans over which sums are kept, and how weights are taken together.
#ifndef QCC_RECIPE_SPANS_H
#define QCC_RECIPE_SPANS_H

#include "recipe/lanes.h"
#include "targets/target.h"

static inline bool matmul_is_integer(const recipe *r) { return mode_is_integer(r->mode); }
// Whether activations have zero points that are taken off through the sums of the codes.
static inline bool matmul_has_zeros(const recipe *r) { return matmul_is_integer(r) && act_has_zeros(&r->act); }
static inline bool matmul_is_nested(const recipe *r) { return r->segment != r->float_span; }

// Kernel positions of the unrolled inner body: whole chunks, and spans that are no whole chunks whole.
uint64_t matmul_body(uint64_t segment, uint64_t float_span);

// The run that kernels of the recipe look up at once.
value_run matmul_run(const recipe *r);

// Bit by bit: whether words of 32 bits are counted, or bytes and then summed; what either costs for a vector of words.
bool matmul_counts_words(const target_tier *tier);
double bits_count_cost(const target_tier *tier, bool words);

#endif

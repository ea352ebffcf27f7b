// Networks on plain numbers: random models as text, their evaluation in double.
#ifndef QCC_TESTS_LOWER_NETWORK_H
#define QCC_TESTS_LOWER_NETWORK_H

#include "format/tensor_codes.h"
#include "interp/interp.h"
#include "tests/lower/lower_kit.h"

// A model with one or two inputs, a few layers, reshapes, sums and functions, and up to four outputs, of which some are
// inputs, reshaped or named twice. The same seed gives the same text.
const char *network_text(arena *a, uint64_t seed);

// Random weights for a lowered module: codes of every matrix, numbers of every constant, and the packed bytes.
typedef struct network_weights {
  const tensor_codes **codes; // by number of the weight; NULL: a constant
  const float **numbers;
  ir_memory packed;
} network_weights;
network_weights network_make_weights(lower_kit *k, const ir_module *lowered, uint64_t seed);

// Evaluates the operations of a module that is not lowered, one by one: outputs[i] are the numbers of output i.
// `lowered` is the same model, whose weights `w` are.
double **network_evaluate(lower_kit *k, const ir_module *m, const ir_module *lowered, const network_weights *w,
                          uint64_t batch, const float *const *inputs);

// Numbers in a tensor of this type for a batch.
uint64_t network_count(const ir_type *t, uint64_t batch);

#endif

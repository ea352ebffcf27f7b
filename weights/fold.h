// Weights of a layer whose format changes its input or output (`input`, `output` of a scheme): what is encoded is the
// weights times the inverse of both. The fields that only they use are not searched: they come from the file, as tensors
// `<layer>.<field>` with a number for each element, or are such that they change nothing: an order is 0, 1, 2, .., a factor
// 1 (or -1, where the scheme computes signs).
#ifndef QCC_WEIGHTS_FOLD_H
#define QCC_WEIGHTS_FOLD_H

#include "files/tensor_file.h"
#include "format/tensor_codes.h"

typedef struct folded_weights {
  tensor_codes *codes;  // of the scheme; the fields of input and output are set
  const scheme *values; // the scheme without input, output and their fields
  unsigned *fields;     // of its fields: their numbers in the scheme
  float *w;             // what it is to encode, rows x columns
} folded_weights;

// False (reported) when blocks do not fit, a stored tensor is not what the field needs, or something has no inverse.
// `file` may be NULL. All memory is of `a`.
bool fold_weights(diag *d, arena *a, const scheme *s, const tensor_file *file, const char *layer, const float *w,
                  uint64_t rows, uint64_t columns, folded_weights *out);

// Puts the codes of out->values into out->codes.
void fold_take_values(folded_weights *out, const tensor_codes *values);

#endif

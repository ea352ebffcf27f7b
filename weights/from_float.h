// Float tensors of a file into codes of a scheme. A scheme that is one plain float number per weight takes the nearest
// numbers (all of them, exactly, where its type has them); any other is searched by the encoder.
#ifndef QCC_WEIGHTS_FROM_FLOAT_H
#define QCC_WEIGHTS_FROM_FLOAT_H

#include "encode/encode.h"
#include "files/tensor_file.h"
#include "support/progress.h"

// Whether tensors of this type are float weights that can be encoded.
bool from_float_dtype(tensor_dtype type);

// Whether the scheme is one number of at least 32 bits per weight, so that floats are kept but for F64.
bool from_float_keeps(const scheme *s);

typedef struct from_float_options {
  const encode_options *encode; // may be NULL
  progress *progress;           // may be NULL; counts 4 bytes for every weight
  uint64_t progress_base;       // bytes of what was done before
  const char *layer;            // whose input and output the scheme may change; NULL: the tensor's name
  const tensor_file *file;      // where `<layer>.<field>` is looked for (see weights/fold.h); NULL: nowhere
} from_float_options;

typedef struct from_float_result {
  tensor_codes *codes;
  error_stats error;
  double seconds;
} from_float_result;

// Encodes a tensor of rows * columns float numbers. False (reported, naming file and tensor) when a number is not
// finite or too large for the format. The codes are owned by `a`; the numbers are read and dropped.
bool from_float_encode(diag *d, arena *a, const tensor *t, const scheme *s, uint64_t rows, uint64_t columns,
                       const from_float_options *options, from_float_result *out);

// An error above this says that next to nothing of the weights is left: zeros have 1, one bit a weight 0.6 and half a
// bit 0.71 of normally distributed weights.
#define FROM_FLOAT_BAD_ERROR 0.8

// Warns where the codes of a tensor are little better than zeros, or worse.
void from_float_warn(diag *d, const char *path, const char *name, const scheme *s, const error_stats *error);

#endif

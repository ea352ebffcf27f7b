// Encoding float weights into any declared format. The encoder is derived from the value expression: codes are the
// nearest representable values, coarse fields (scales, offsets, zero points, sub-scales, stored tables) are found by
// least squares and search, innermost granularity first. No format is known by name.
//
// The result is deterministic: the same weights give the same codes on every machine.
#ifndef QCC_ENCODE_ENCODE_H
#define QCC_ENCODE_ENCODE_H

#include "format/tensor_codes.h"

typedef struct encode_options {
  const char *name; // of the tensor, for messages; NULL: "weights"
  unsigned threads; // at most so many, where a tensor has parts that share nothing; 0: one. The result is the same
  // How much the squared error of each column counts, [lines][columns], where a line is for so many rows; NULL: all alike.
  const float *importance;
  uint64_t importance_rows;
  unsigned refinements; // rounds of refitting coarse fields to the codes chosen; 0: the default (3)
} encode_options;

// Called now and then, by one thread at a time, with the number of weights done (0 .. total). `call` may be NULL.
typedef struct encode_progress {
  void (*call)(void *user, uint64_t done, uint64_t total);
  void *user;
} encode_progress;

// Encodes w[rows][columns] (row-major; K along columns). The scheme must have passed scheme_verify. NULL, reported to
// `d`, when a weight is NaN or infinite (naming the first), the tensor is empty or too large, or the format has
// something that cannot be searched (naming the field). `options` may be NULL. The result is owned by `a`.
tensor_codes *encode_tensor(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                            const encode_options *options, encode_progress progress);

#endif

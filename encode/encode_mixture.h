// Encoding float weights into formats that are sums, or have parts (format/scheme_parts.h).
#ifndef QCC_ENCODE_ENCODE_MIXTURE_H
#define QCC_ENCODE_ENCODE_MIXTURE_H

#include "encode/encode.h"

// As encode_tensor, for any scheme. Of a sum
//   - sparse fields keep the granules of the largest magnitude, as many as their density says;
//   - the dense rest is fitted to the weights without these;
//   - thin matrices are the best approximation of what the rest has left (of the weights, where there is no rest);
//   - last, each kept entry makes up for all that the others leave at its place.
tensor_codes *encode_mixture(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                             const encode_options *options, encode_progress progress);

// Encodes the weights into the dense part of t's sum alone; its other fields stay as they are. False when something was
// reported.
bool encode_dense_part(diag *d, arena *a, tensor_codes *t, const float *w, const encode_options *options);

#endif

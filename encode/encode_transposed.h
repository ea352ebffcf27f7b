// Formats whose vectors lie down the columns are those whose vectors lie along the rows, of the transposed matrix. Internal to
// encode/.
#ifndef QCC_ENCODE_ENCODE_TRANSPOSED_H
#define QCC_ENCODE_ENCODE_TRANSPOSED_H

#include "format/tensor_codes.h"

// The scheme of the transposed matrix: rows and columns change places in granularities and in the value. NULL when it has
// windows of codes, which run along rows only.
const scheme *transposed_scheme(arena *a, const scheme *s);

// The matrix w[rows][columns] as [columns][rows].
float *transposed_weights(arena *a, const float *w, uint64_t rows, uint64_t columns);

// Puts the numbers of `from`, of the transposed matrix and scheme, into `to`.
void transposed_codes(const tensor_codes *from, tensor_codes *to);

#endif

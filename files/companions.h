// Tensors that a reader adds beside those of the file: scales and zero points, under the names of what they belong to.
// For readers of graph files. Internal to files/.
#ifndef QCC_FILES_COMPANIONS_H
#define QCC_FILES_COMPANIONS_H

#include "files/tensor_parse.h"

#define COMPANION_SCALE ".scale"
#define COMPANION_ZERO_POINT ".zero_point"
#define COMPANION_GROUPS ".g_idx" // of each column, where they are in another order

typedef VEC(tensor) tensor_list;

// Fills in a tensor of one dimension over `count` plain elements at `data`.
tensor companion_vector(tensor_file *f, const char *name, tensor_dtype dtype, const uint8_t *data, uint64_t count);

// Checks the numbers of a scale (finite, and not negative) and of a zero point (`bits` wide, with a sign if `is_signed`).
// False when reported.
bool companion_check_finite(diag *d, const tensor *t);
bool companion_check_scale(diag *d, const tensor *t);
bool companion_check_zero(diag *d, const tensor *t, unsigned bits, bool is_signed);

// Integer types by their dtype: bits, 0 for what is no integer.
unsigned companion_integer_bits(tensor_dtype dtype, bool *is_signed);

#endif

// Activations prepared in plain C, number by number: what the emitted kernels have to equal bit for bit.
#ifndef QCC_TESTS_LOWER_ROWS_PREPARE_REF_H
#define QCC_TESTS_LOWER_ROWS_PREPARE_REF_H

#include "format/recipe.h"

// Prepares one token of `columns` numbers into out (sizes.row_bytes bytes); bytes that no section covers stay as they
// are. False when the layout has no sizes.
bool prepare_ref(const prepared_layout *l, uint64_t columns, const float *x, uint8_t *out);

#endif

// The packer: codes in their neutral form -> the layout that kernels read, as the recipe's packing says.
#ifndef QCC_PACK_PACK_H
#define QCC_PACK_PACK_H

#include "format/recipe.h"
#include "format/tensor_codes.h"

// Writes W[rows][columns] into `out`, which has exactly packing_tensor_bytes bytes (`size`). Padding is zero bytes.
// False (reported) when sizes disagree or overflow.
bool pack_tensor(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size);

// The same, one weight after the other: what pack_tensor and pack/pack_tiles.h are tested against.
bool pack_plain(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size);

// Whether `size` is what the recipe's layout needs; reported otherwise.
bool pack_check_size(diag *d, const recipe *r, uint64_t rows, uint64_t columns, uint64_t size);

// Writes the factor of a step of the scheme's input or output, 4 bytes for each column or row: f32, or i32 for a gather.
void pack_factor(const tensor_codes *t, const transform_step *step, bool input, uint8_t *out);

#endif

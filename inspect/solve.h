// The sizes of a layout's tensors solved for the rows and columns of the weights.
#ifndef QCC_INSPECT_SOLVE_H
#define QCC_INSPECT_SOLVE_H

#include "files/tensor_file.h"
#include "format/scheme.h"

// Which rows (N) and columns (K) fit; 1 to 2^31 - 1 when nothing is known.
typedef struct extent {
  uint64_t min;
  uint64_t max;
} extent;

typedef struct shape_range {
  extent rows;
  extent columns;
} shape_range;

extern const shape_range shape_unknown;

// Tensors[i] is that of layout tensor i, of the same rank. `skip` (may be NULL) says for each tensor and dimension,
// SCHEME_MAX_RANK apart, whether it is left out of account. Narrows *shape; false when no rows and columns fit. Sizes grow
// with N and K, as in (K + 31) / 32.
bool solve_shape(const scheme_layout *l, const tensor *const *tensors, const bool *skip, shape_range *shape);

// The roundest number of a range: a multiple of the largest power of two. Sizes of layers are round, and padding is
// what divisions leave open.
uint64_t solve_roundest(const extent *range);

// Whether the tensors have exactly these rows and columns.
bool solve_check(const scheme_layout *l, const tensor *const *tensors, uint64_t rows, uint64_t columns);

// Whether a size depends on the rows (VAR_ROWS) or columns (VAR_COLUMNS).
bool solve_uses(const expr *e, unsigned var);

// The element type that a tensor of a file has; false when the language has none such.
bool solve_elem_type(tensor_dtype dtype, elem_type *out);

// A tensor of a file with the dimensions that the layout gives it (layout_tensor_view); NULL when it has others.
const tensor *solve_view(arena *a, const layout_tensor *t, const tensor *found);

// The type in which its elements come to a layout: those of less than a byte as bytes.
bool solve_input_type(tensor_dtype dtype, elem_type *out);

// Whether type and rank of a tensor are those of a layout's.
bool solve_takes(const layout_tensor *t, const tensor *found);

#endif

// A quantized weight matrix in its neutral form: the raw elements of every field, as the scheme declares them.
// This is what layouts decode to, what the encoder produces, what the reference evaluates and what the packer packs.
#ifndef QCC_IR_TENSOR_CODES_H
#define QCC_IR_TENSOR_CODES_H

#include "ir/scheme.h"

// W[rows][columns]; columns run along K. elements[f][i] is the raw element i (scheme_field_index order; table fields:
// granule-major) of field f, widened to 32 bits. Owned by an arena.
typedef struct tensor_codes {
  const scheme *scheme;
  uint64_t rows;
  uint64_t columns;
  uint32_t **elements;
} tensor_codes;

// Room for all elements, zeroed. NULL (reported) when sizes overflow.
tensor_codes *tensor_codes_new(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns);

// The meaning of the format: the value of weight (n, k) by interpreting the value expression in double.
double scheme_weight(const tensor_codes *t, uint64_t n, uint64_t k);

// One row of weights, `columns` doubles.
void scheme_row(const tensor_codes *t, uint64_t n, double *out);

// Evaluates an expression with field elements looked up for weight (n, k).
double scheme_eval(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k);

// Bytes of rows x columns weights in a block layout. False, reported for `tensor_name`, when the block does not divide
// K or the size overflows.
bool layout_block_bytes(diag *d, const scheme_layout *l, const char *tensor_name, uint64_t rows, uint64_t columns,
                        uint64_t *bytes);

// Reads a tensor from the bytes of a block layout: rows x (columns / block_weights) blocks, row-major. `size` must
// match exactly. K that the block does not divide is an error naming both.
tensor_codes *layout_read_blocks(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                 const uint8_t *data, uint64_t size, uint64_t rows, uint64_t columns);

// One tensor of a separate-tensor layout as found in a file.
typedef struct layout_input {
  const uint8_t *data;
  uint64_t size;
  elem_type type;
  unsigned rank;
  uint64_t dims[SCHEME_MAX_RANK];
} layout_input;

// Reads a tensor from separate tensors, inputs[i] for layout tensor i. Types and shapes are checked.
tensor_codes *layout_read_tensors(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                  const layout_input *inputs, uint64_t rows, uint64_t columns);

// The first `corner_rows` rows and `corner_columns` columns of such a tensor of rows x columns, as a tensor of its own.
// No more of the inputs is touched than these need.
tensor_codes *layout_read_corner(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                 const layout_input *inputs, uint64_t rows, uint64_t columns, uint64_t corner_rows,
                                 uint64_t corner_columns);

// Writes codes in a block layout (out: rows * columns / block_weights * block_bytes bytes). Possible when every place
// is a sum/or of shifted bit planes, optionally xor or plus a constant; otherwise reports and returns false.
bool layout_write_blocks(diag *d, const tensor_codes *t, const scheme_layout *l, uint8_t *out, uint64_t size);

#endif

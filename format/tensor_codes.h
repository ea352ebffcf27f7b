// A quantized weight matrix in its neutral form: the raw elements of every field, as the scheme declares them.
// This is what layouts decode to, what the encoder produces, what the reference evaluates and what the packer packs.
#ifndef QCC_FORMAT_TENSOR_CODES_H
#define QCC_FORMAT_TENSOR_CODES_H

#include "format/scheme.h"

// W[rows][columns]; columns run along K. elements[f][i] is the raw element i (scheme_field_index order; table fields:
// granule-major) of field f, widened to 32 bits. Owned by an arena.
// What is stored of a sparse field: the granules of row r of granules are numbers starts[r] .. starts[r + 1] - 1, with
// ascending columns (counted in granules); raw has the numbers of each (scheme_field_size) one after the other. Granules
// that are not listed are zero.
typedef struct sparse_elements {
  uint64_t count;
  uint64_t *starts; // one more than there are rows of granules
  uint32_t *columns;
  uint32_t *raw;
} sparse_elements;

typedef struct tensor_codes {
  const scheme *scheme;
  uint64_t rows;
  uint64_t columns;
  uint32_t **elements;
  sparse_elements *sparse;        // by field; only those of sparse fields mean anything
  struct tensor_codes **sections; // by section of the scheme
} tensor_codes;

// Room for `count` granules of a sparse field, all zero; starts are set by the caller. False (reported) when they are too
// many.
bool tensor_codes_sparse(diag *d, arena *a, tensor_codes *t, unsigned field, uint64_t count);
// The same with the list's places, checked: starts up to count, ascending columns. `what` is named in messages; false
// (reported) when they are out of order or of range.
bool tensor_codes_set_list(diag *d, arena *a, tensor_codes *t, unsigned field, const char *what, uint64_t count,
                           const uint64_t *starts, const uint64_t *columns);
// The raw numbers that a sparse field has for weight (n, k), NULL where its granule is not stored.
const uint32_t *tensor_codes_find(const tensor_codes *t, unsigned field, uint64_t n, uint64_t k);

// Room for all elements, zeroed. NULL (reported) when sizes overflow.
tensor_codes *tensor_codes_new(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns);

// The meaning of the format: the value of weight (n, k) by interpreting the value expression in double.
double scheme_weight(const tensor_codes *t, uint64_t n, uint64_t k);

// One row of weights, `columns` doubles.
void scheme_row(const tensor_codes *t, uint64_t n, double *out);

// One row of another expression's values.
void scheme_row_of(const tensor_codes *t, const expr *e, uint64_t n, double *out);

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

// A stored tensor whose fields are read some rows at a time, in any order and by several threads.
typedef struct layout_rows layout_rows;

// Checks shapes and sizes as reading all of it does (for a block layout inputs[0] has the blocks: data and size); NULL
// when something is wrong, which may be reported or not. Lives in the arena; the bytes must stay.
layout_rows *layout_rows_new(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                             const layout_input *inputs, uint64_t rows, uint64_t columns);

// The tensors as places see them: with elements of the types that the layout declares. NULL for blocks.
const layout_input *layout_rows_inputs(const layout_rows *x);

// Rows of granules first .. first + rows - 1 of a field that is not sparse, in the canonical order. False after a read out
// of range (reported to `d`, which no other thread may use meanwhile), and for fields without a place.
bool layout_rows_read(const layout_rows *x, diag *d, unsigned field, uint64_t first, uint64_t rows, uint32_t *out);

// The tensors that a layout of separate tensors has for codes of that shape, with their declared types: types, ranks and
// sizes of outputs[0 .. tensor_count - 1]. False, reported, when the sizes make no sense for it.
bool layout_tensor_shapes(diag *d, const scheme *s, const scheme_layout *l, uint64_t rows, uint64_t columns,
                          layout_input *outputs);

// Writes codes into tensors of these shapes; bytes[i] has outputs[i].size bytes. Possible under the condition of
// layout_write_blocks. What is written reads back as the same codes, or it is reported and the result is false.
bool layout_write_tensors(diag *d, const tensor_codes *t, const scheme_layout *l, const layout_input *outputs,
                          uint8_t *const *bytes);

// Writes codes in a block layout (out: rows * columns / block_weights * block_bytes bytes). Possible when every place
// is a sum/or of shifted bit planes, optionally xor or plus a constant; otherwise reports and returns false.
bool layout_write_blocks(diag *d, const tensor_codes *t, const scheme_layout *l, uint8_t *out, uint64_t size);

#endif

// Sparse fields in a safetensors file, as `qcc quantize` writes them (weights/fields.h): for a field f of a tensor
//   <name>.<f>.starts    U32 [rows of granules + 1]: number of the first granule of each row, and of all
//   <name>.<f>.columns   U32 [granules]: which granule of its row each is, ascending within a row
//   <name>.<f>.values    the numbers of the granules: the field's dtype, [granules] and the dimensions of its table;
//                        narrower than 8 bits: a dense stream of bits, U8 [bytes]
#ifndef QCC_WEIGHTS_FIELDS_SPARSE_H
#define QCC_WEIGHTS_FIELDS_SPARSE_H

#include "files/tensor_write.h"
#include "format/tensor_codes.h"

enum { FIELDS_SPARSE_ITEMS = 3 };

// Makes the three tensors of field `f`, in memory of `a`.
void fields_sparse_items(arena *a, const tensor_codes *t, unsigned f, const char *name, safetensors_item *items);

// Whether the tensors are there with their types, and shapes that fit each other; else reported.
bool fields_sparse_check(diag *d, const tensor_file *f, const char *name, const scheme_field *field, uint64_t rows,
                         uint64_t columns);

// Reads tensors that fields_sparse_check has passed. False (reported) when the list is not in order.
bool fields_sparse_read(diag *d, arena *a, const tensor_file *f, const char *name, tensor_codes *t, unsigned field);

#endif

// Writers of float results (.npy) and of weight files (safetensors), into an output of a file_set: nothing becomes
// visible before the set is committed, and write errors are reported there.
#ifndef QCC_FILES_TENSOR_WRITE_H
#define QCC_FILES_TENSOR_WRITE_H

#include "files/tensor_file.h"
#include "support/file.h"

// Appends a .npy file (version 1.0, little-endian f4, C order) of the product of `dims` floats. `rank` is at most
// TENSOR_MAX_RANK.
void npy_write_f32(out_file *out, const float *values, unsigned rank, const uint64_t *dims);

// One tensor to write. `data` holds `size` bytes, as many as dtype and dims say.
typedef struct safetensors_item {
  const char *name;
  tensor_dtype dtype;
  unsigned rank;
  const uint64_t *dims;
  const void *data;
  size_t size;
} safetensors_item;

// Appends a safetensors file with the items in the given order and `meta` (may be NULL) as its __metadata__ (only key
// and value are used). False, reported under `path`, when an item's size or name is not what the file type allows.
bool safetensors_write(diag *d, const char *path, out_file *out, const safetensors_item *items, size_t count,
                       const tensor_meta *meta, size_t meta_count);

// Whether it could be written: false is reported.
bool safetensors_check(diag *d, const char *path, const safetensors_item *items, size_t count);

#endif

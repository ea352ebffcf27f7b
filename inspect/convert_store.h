// The file that `qcc convert` writes: converted matrices, and what is kept of the input.
#ifndef QCC_INSPECT_CONVERT_STORE_H
#define QCC_INSPECT_CONVERT_STORE_H

#include "files/tensor_write.h"
#include "inspect/recognise.h"

typedef struct convert_output {
  arena *mem;
  VEC(safetensors_item) items;
  VEC(tensor_meta) meta;
  VEC(const char *) converted; // names; what the input's metadata say of these is no longer so
} convert_output;

// Adds the codes of a matrix: as tensors or blocks of a layout, or as fields (NULL). *bytes is what they take. False,
// reported, when the layout cannot store them.
bool convert_store(diag *d, convert_output *out, const tensor_codes *codes, const scheme_layout *l, const char *name,
                   uint64_t *bytes);

// Says in the metadata in which layout (NULL: none) of separate tensors a matrix is: sizes and numbers may not tell.
void convert_note_layout(convert_output *out, const tensor_codes *codes, const scheme_layout *l, const char *name);

// Adds what is not converted, unchanged. False when safetensors cannot hold it.
bool convert_keep(convert_output *out, const found *w);

// Metadata of a safetensors file, except about tensors that are stored otherwise now.
void convert_keep_metadata(convert_output *out, const tensor_file *f);

// Whether convert_write could write it; false is reported.
bool convert_check(diag *d, const char *path, const convert_output *out);

bool convert_write(diag *d, file_set *outputs, const char *path, const convert_output *out);

#endif

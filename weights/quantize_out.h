// What `qcc quantize` collects for its output, a safetensors or a GGUF file. Internal to weights/.
#ifndef QCC_WEIGHTS_QUANTIZE_OUT_H
#define QCC_WEIGHTS_QUANTIZE_OUT_H

#include "files/gguf_write.h"
#include "support/vec.h"
#include "weights/fields.h"

typedef struct quantize_out {
  diag *d;
  arena *mem;
  const char *path;
  bool gguf;
  VEC(safetensors_item) items;
  VEC(tensor_meta) meta;
  VEC(gguf_item) gguf_items;
  // Weights by layout, of which the most frequent gives the file its type.
  VEC(const scheme_layout *) layouts;
  VEC(uint64_t) weights;
} quantize_out;

// Whether the name ends in ".gguf".
bool quantize_out_is_gguf(const char *path);

// A tensor as it is in the file. False, reported, where the output has no such type.
bool quantize_out_keep(quantize_out *o, const tensor *t);

// Codes in the place of tensor t (whose dimensions GGUF keeps): in a layout of blocks, or as fields (NULL). *bytes is their
// size. False when something was reported.
bool quantize_out_store(quantize_out *o, const tensor_codes *codes, const scheme_layout *layout, const tensor *t,
                        uint64_t *bytes);

// The layout in which GGUF files have a scheme; NULL when they have none. A plain number a weight has none either, but a
// type: *plain.
const scheme_layout *quantize_gguf_layout(const scheme *s, bool *plain);

// Writes the file, with the metadata of `from`.
bool quantize_out_write(quantize_out *o, out_file *out, const tensor_file *from);

#endif

// How a weight of a model is stored in its file. Internal to weights/.
#ifndef QCC_WEIGHTS_STORED_H
#define QCC_WEIGHTS_STORED_H

#include "weights/fields.h"
#include "weights/load.h"

typedef enum stored_kind {
  STORED_NUMBERS, // no scheme: kept as f32
  STORED_FLOAT,   // to be encoded
  STORED_BLOCKS,
  STORED_TENSORS,
  STORED_FIELDS,
  STORED_FACTOR // made from the fields of another weight
} stored_kind;

typedef struct stored_weight {
  const ir_weight *weight;
  const tensor_file *file;
  stored_kind kind;
  const tensor *tensor;        // NUMBERS, FLOAT, BLOCKS
  const scheme_layout *layout; // BLOCKS, TENSORS
  const uint8_t *data;         // BLOCKS
  size_t size;
  layout_input *inputs;   // TENSORS
  const tensor **tensors; // TENSORS: what the inputs are
} stored_weight;

typedef struct stored_finder {
  diag *d;
  arena *mem;
  weight_files *files;
  const ir_module *m;
  const weights_options *options;
} stored_finder;

// Finds and checks one weight. False when something was reported.
bool stored_find(const stored_finder *s, const ir_weight *w, stored_weight *out);

/* stored_tensors.c */
// The tensors of a layout of separate tensors, checked; false when something was reported.
bool stored_find_tensors(const stored_finder *s, const tensor_file *f, const ir_weight *w, stored_weight *out);
// The inputs with elements of less than a byte spread out, one raw element in a byte, in memory of `a`.
layout_input *stored_unpack(arena *a, const stored_weight *s);
// The input that a tensor with such elements is for a layout's tensor.
void stored_unpack_tensor(arena *a, const layout_tensor *l, const tensor *t, layout_input *out);
// Whether the file has all of them.
bool stored_has_tensors(arena *a, const tensor_file *f, const ir_weight *w, const scheme_layout *l);

#endif

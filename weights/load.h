// From the weight files of a lowered model to the payload of its packed file. Every weight is found, its shape and type
// checked, and one after the other read (or encoded), and packed as its recipe says.
//
//   weight_files *files = weight_files_new(d, a, folder of the model's text);   // also answers the frontend
//   weight_set *set = weights_open(d, a, files, module, &options);
//   weights_pack(set, payload, size, stats);
#ifndef QCC_WEIGHTS_LOAD_H
#define QCC_WEIGHTS_LOAD_H

#include "encode/encode.h"
#include "ir/ir.h"
#include "pack/pack.h"
#include "weights/files.h"
#include "weights/report.h"

typedef struct weight_set weight_set;

typedef struct weights_options {
  FILE *progress;               // where a progress line is drawn, if it is a terminal; NULL: nowhere
  const encode_options *encode; // NULL: the encoder's defaults
  // Schemes besides the module's that messages may name when a file's block type is of another one.
  const scheme *const *known;
  size_t known_count;
} weights_options;

// Finds the tensors of all weights of the module and checks their types and shapes; nothing is encoded yet. A weight
// with a scheme may be stored as
//   - a float tensor [rows, columns], which will be encoded;
//   - blocks of one of the scheme's layouts: the weight's layout, or the one with the file's type number;
//   - separate tensors `<layer><suffix>` of the weight's layout;
//   - fields or blocks as `qcc quantize` writes them (weights/fields.h).
// One without a scheme is a float tensor that becomes f32. All that is wrong is reported, then NULL. `files` must stay
// open as long as the set is used; options may be NULL and are copied.
weight_set *weights_open(diag *d, arena *a, weight_files *files, const ir_module *m, const weights_options *options);

// The codes of weight `index` of the module (which has a scheme), owned by `a`: stored ones exactly, floats encoded.
// *stats (may be NULL) tells sizes and error. NULL when something was reported.
tensor_codes *weights_read_codes(weight_set *w, arena *a, size_t index, weight_stats *stats);

// Writes every weight at its offset in the payload. Weights that the file has as bits are packed piece by piece; of others
// one tensor at a time is in memory. stats[i] is about weight i of the module. False when something was reported.
bool weights_pack_into(weight_set *w, payload *out, weight_stats *stats);

// The same into `size` bytes that the caller has zeroed.
bool weights_pack(weight_set *w, uint8_t *bytes, uint64_t size, weight_stats *stats);

size_t weights_count(const weight_set *w);

#endif

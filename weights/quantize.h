// `qcc quantize`: the float matrices of a weight file in declared formats, without a model.
#ifndef QCC_WEIGHTS_QUANTIZE_H
#define QCC_WEIGHTS_QUANTIZE_H

#include <stdio.h>

#include "encode/encode.h"
#include "support/file.h"

// What a tensor becomes: a scheme (verified) in a layout of blocks, or as separate fields (NULL). In GGUF files a scheme has
// the layout that has a number there, which need not be given.
typedef struct quantize_target {
  const scheme *scheme; // NULL: it stays as it is
  const scheme_layout *layout;
} quantize_target;

typedef struct quantize_job {
  const char *input;  // any kind of file that tensor_file_open reads
  const char *output; // safetensors, or GGUF if it ends in ".gguf"
  const scheme *scheme;
  const scheme_layout *layout;
  quantize_target fallback;            // for matrices whose shape does not fit; scheme NULL: these stay as they are
  const struct importance *importance; // of columns; NULL: none
  const encode_options *encode;        // NULL: the encoder's defaults
  // Which tensors: those for which this is true, NULL: all. Only float matrices are asked about.
  bool (*wanted)(void *context, const char *name);
  // What one of them becomes; NULL: `scheme` in `layout`, for all.
  quantize_target (*choose)(void *context, const char *name);
  void *context;
  FILE *progress; // a line there while it works, if it is a terminal; may be NULL
  FILE *report;   // the table goes here when all is encoded; may be NULL
  bool json;      // the report is JSON
} quantize_job;

// Encodes every wanted float matrix of the input and adds the output to `outputs` (which the caller commits): safetensors in
// the form that weights/fields.h describes, or GGUF, whose matrices may be stacked. Other tensors and the input's metadata
// are kept; the report names float tensors of other ranks. A matrix whose shape does not fit is a warning. False (reported)
// when a tensor cannot be encoded or none is.
bool quantize_file(diag *d, arena *a, file_set *outputs, const quantize_job *job);

#endif

// `qcc quantize`: the float matrices of a weight file in a declared format, without a model.
#ifndef QCC_WEIGHTS_QUANTIZE_H
#define QCC_WEIGHTS_QUANTIZE_H

#include <stdio.h>

#include "support/file.h"
#include "weights/encode.h"

typedef struct quantize_job {
  const char *input;            // safetensors, .npy or GGUF
  const char *output;           // safetensors
  const scheme *scheme;         // verified
  const scheme_layout *layout;  // a block layout of the scheme; NULL: separate fields
  const encode_options *encode; // NULL: the encoder's defaults
  // Which tensors: those for which this is true, NULL: all. Only float matrices [rows, columns] are asked about.
  bool (*wanted)(void *context, const char *name);
  void *context;
  FILE *progress; // a line there while it works, if it is a terminal; may be NULL
  FILE *report;   // the table goes here when all is encoded; may be NULL
} quantize_job;

// Encodes every wanted float matrix of the input and adds the output, in the form that weights/fields.h describes, to
// `outputs` (which the caller commits). Other tensors, and the input's metadata if it is safetensors, are copied. False
// (reported) when a tensor cannot be encoded or none is wanted.
bool quantize_file(diag *d, arena *a, file_set *outputs, const quantize_job *job);

#endif

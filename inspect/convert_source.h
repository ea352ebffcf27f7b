// The weights of a found matrix, whole and as the file has them.
#ifndef QCC_INSPECT_CONVERT_SOURCE_H
#define QCC_INSPECT_CONVERT_SOURCE_H

#include "inspect/recognise.h"
#include "weights/from_float.h"

typedef struct convert_source {
  const found *what;
  tensor_codes *codes; // NULL: plain floats
  elem_type type;      // of those
  double *weights;     // of codes whose format changes input or output; NULL: rows are those of the codes
} convert_source;

// Reads the codes of a quantized matrix. False, reported, when they cannot be read.
bool convert_source_open(diag *d, arena *a, const subject *s, const found *w, convert_source *out);

// The weights of a row, exactly as the file means them.
void convert_source_row(const convert_source *s, uint64_t n, double *out);

// All of them as an f32 tensor in memory of `a`: rounded where f32 has no such number. False (reported) when there are
// too many.
bool convert_source_floats(diag *d, arena *a, const convert_source *s, tensor *out);

#endif

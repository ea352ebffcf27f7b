// Float weights encoded and packed some rows at a time, by all processors, where a format's rows do not depend on one
// another.
#ifndef QCC_WEIGHTS_PACK_FLOAT_H
#define QCC_WEIGHTS_PACK_FLOAT_H

#include "pack/pack.h"
#include "weights/from_float.h"

typedef struct float_source {
  const tensor *tensor; // [rows, columns]
  const tensor_file *file;
  const char *layer;
  const encode_options *encode; // may be NULL
  uint64_t at_once;             // weights that a thread encodes together; 0: the usual number
} float_source;

// Whether each row's codes follow from its weights alone, and one by one.
bool pack_float_apart(const scheme *s);

// Encodes and writes the packed tensor at `offset`; the codes are those of from_float_encode. False when something is
// wrong, which is not reported. *seconds is what threads spent encoding, together.
bool pack_float_run(const recipe *r, uint64_t rows, uint64_t columns, const float_source *source, payload *out,
                    uint64_t offset, unsigned threads, const pack_watch *watch, error_stats *error, double *seconds);

#endif

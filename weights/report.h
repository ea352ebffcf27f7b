// What became of the weights: size and error of every layer, and the table that `qcc` prints of them.
#ifndef QCC_WEIGHTS_REPORT_H
#define QCC_WEIGHTS_REPORT_H

#include <stdio.h>

#include "encode/encode.h"

typedef struct weight_stats {
  const char *layer;
  const char *format; // name of the scheme; NULL: f32 numbers kept as they are
  uint64_t rows;
  uint64_t columns;
  uint64_t bytes;     // as stored: in the packed file, or by `qcc quantize`
  double scheme_bits; // bits per weight of the scheme's fields
  double stored_bits; // bytes * 8 / weights: with what the kernel's layout adds
  bool has_error;     // false: the file held these codes already
  error_stats error;  // against the float weights of the file
  double seconds;     // spent encoding
} weight_stats;

// Fills in the sizes.
weight_stats weight_stats_new(const char *layer, const scheme *s, uint64_t rows, uint64_t columns, uint64_t bytes);

// One line a layer: format, shape, bits per weight, relative error, SQNR; then what is kept as f32, and the total with
// its share of f32 and f16. Columns are aligned.
void weights_print_table(FILE *out, const weight_stats *stats, size_t count);

#endif

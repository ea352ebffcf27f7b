// How well codes represent float weights.
#ifndef QCC_ENCODE_ERROR_STATS_H
#define QCC_ENCODE_ERROR_STATS_H

#include "format/tensor_codes.h"

typedef struct error_stats {
  double relative_rms; // |w - v| / |w| in the Euclidean norm; 0 when both are 0, infinite when only w is
  double sqnr_db;      // 20 log10(1 / relative_rms); infinite when there is no error
  double max_abs;      // the largest |w - v|
  double error, power; // |w - v| and |w|, squared
} error_stats;

// Compares the weights that `t` means with w[rows][columns].
error_stats error_stats_measure(const tensor_codes *t, const float *w);

// The same for weights in double precision.
error_stats error_stats_measure_doubles(const tensor_codes *t, const double *w);

// Of the rows of both.
error_stats error_stats_join(const error_stats *a, const error_stats *b);

#endif

#include "encode/encode.h"

#include <math.h>

#include "format/transform.h"

static error_stats of_sums(double error, double power, double max_abs) {
  double relative = error == 0 ? 0 : sqrt(error / power);
  return (error_stats){
      .relative_rms = relative, .sqnr_db = -20 * log10(relative), .max_abs = max_abs, .error = error, .power = power};
}

static error_stats measure(const tensor_codes *t, const float *floats, const double *doubles) {
  arena *a = arena_new();
  double *all = transform_weights(a, t);
  double *row = ARENA_ARRAY(a, double, (size_t)t->columns);
  double error = 0, power = 0, max_abs = 0;
  for (uint64_t n = 0; n < t->rows; n++) {
    if (all != NULL)
      row = all + n * t->columns;
    else
      scheme_row(t, n, row);
    for (uint64_t k = 0; k < t->columns; k++) {
      uint64_t i = n * t->columns + k;
      double weight = floats != NULL ? (double)floats[i] : doubles[i], difference = fabs(weight - row[k]);
      error += difference * difference;
      power += weight * weight;
      if (!(difference <= max_abs)) max_abs = difference; // NaN stays
    }
  }
  arena_free(a);
  return of_sums(error, power, max_abs);
}

error_stats error_stats_measure(const tensor_codes *t, const float *w) { return measure(t, w, NULL); }

error_stats error_stats_measure_doubles(const tensor_codes *t, const double *w) { return measure(t, NULL, w); }

error_stats error_stats_join(const error_stats *a, const error_stats *b) {
  return of_sums(a->error + b->error, a->power + b->power, b->max_abs <= a->max_abs ? a->max_abs : b->max_abs);
}

// Results of `qcc bench`, and their two forms.
#ifndef QCC_DRIVER_BENCH_H
#define QCC_DRIVER_BENCH_H

#include "driver/matrices.h"

typedef struct bench_row {
  const target_tier *tier;
  const matrix *of;
  uint64_t tokens;
  subject_result result;
  meter_limit limit;
  double bits; // packed, a weight
  prediction predicted;
  bool tuned; // its schedule was measured
} bench_row;

typedef struct bench_results {
  measuring *m;
  VEC(tuned) limits;
  VEC(bench_row) rows;
} bench_results;

void bench_print(FILE *f, const bench_results *b);
// False when the stream takes no more.
bool bench_print_json(FILE *f, const bench_results *b);

// Seconds that all layers take for so many tokens on a tier.
double bench_model_seconds(const bench_results *b, const target_tier *tier, uint64_t tokens);

#endif

// Pseudo-random codes of any scheme: weights to measure kernels with, and to test them.
#ifndef QCC_ENCODE_SAMPLE_H
#define QCC_ENCODE_SAMPLE_H

#include "format/tensor_codes.h"

typedef enum sample_data {
  SAMPLE_RANDOM,   // whole numbers of their full range, floats as sane scales
  SAMPLE_EDGES,    // saturated codes, scales 0, subnormal, large
  SAMPLE_ALL_LOW,  // every code its least
  SAMPLE_ALL_HIGH, // every code its greatest
} sample_data;

// Codes of W[rows][columns] from `seed`, the same on every machine; in the arena. NULL (reported) when sizes overflow.
tensor_codes *sample_codes(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns, uint64_t seed,
                           sample_data data);

// The next number of the sequence behind `*state`: 64 bits, or a number in [0, 1).
uint64_t sample_next(uint64_t *state);
double sample_uniform(uint64_t *state);

#endif

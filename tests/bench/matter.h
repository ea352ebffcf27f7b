// What all sides of a comparison work on: one matrix of a format, as codes, as numbers and as a container's blocks, and
// the activations. Rows repeat, so that large matrices are made quickly; every row is in memory all the same.
#ifndef QCC_TESTS_BENCH_MATTER_H
#define QCC_TESTS_BENCH_MATTER_H

#include "format/tensor_codes.h"
#include "tests/bench/peer.h"

#define MATTER_ROWS 64 // row n is row n % MATTER_ROWS

typedef struct matter {
  const scheme *scheme;
  uint64_t rows, columns;
  tensor_codes *codes; // MATTER_ROWS x columns
  double *values;      // the same as numbers
  int64_t block_type;  // the container's number of the format; -1: it has none
  uint8_t *blocks;     // rows x columns, as the container stores them; NULL: none. Freed by matter_free
  uint64_t block_bytes;
} matter;

// Weights for a format. Where `encoder` (may be NULL) has the format they are its encoding of normally distributed
// numbers, else random codes. NULL (reported) on failure. matter_free takes NULL.
matter *matter_new(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns, const peer_api *encoder);
void matter_free(matter *m);

// Bytes of the whole matrix in the container's blocks, or without any those of the bare fields.
uint64_t matter_stored_bytes(const matter *m);

// Numbers in -1 .. 1, the same for the same seed. Freed with free().
float *matter_activations(diag *d, uint64_t tokens, uint64_t columns);

// All rows as f32. Freed with free().
float *matter_floats(diag *d, const matter *m);

// How well y[tokens][rows] is the product with x: the root of the mean square of the differences from the reference, in
// double, on a sample of rows and tokens, relative to the norm of each sum's products. That is what relative errors of the
// activations amount to, however well the products cancel. Infinite when something is not a number.
double matter_error(const matter *m, const float *x, uint64_t tokens, const float *y);

#endif

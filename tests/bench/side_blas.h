// What one does with a format that no library has: decode the weights to f32 and multiply those, here with OpenBLAS. The
// decoding itself is not counted, in the library's favour.
#ifndef QCC_TESTS_BENCH_SIDE_BLAS_H
#define QCC_TESTS_BENCH_SIDE_BLAS_H

#include "support/diag.h"
#include "tests/bench/matter.h"
#include "tests/bench/side.h"

typedef struct blas blas;

// Opens the shared library. `core` chooses its kernels by their name, "": as it likes. NULL (reported) on failure; it stays
// open until the process ends.
blas *blas_open(diag *d, arena *a, const char *path, const char *core);
const char *blas_name(const blas *b);

typedef struct blas_weights {
  float *data; // `copies` matrices
  size_t copies;
  uint64_t rows, columns;
} blas_weights;

// The matter's weights as f32, as often as `memory` bytes hold them, once at least. False (reported) without memory.
bool blas_load(blas_weights *out, diag *d, const matter *m, size_t memory);
void blas_unload(blas_weights *w);

typedef struct blas_product {
  blas *blas;
  const blas_weights *weights;
  const float *x;
  float *y;
  uint64_t tokens;
} blas_product;

// Seconds of one product; `state` is a blas_product (side.h).
double blas_time(void *state);
void blas_threads(blas *b, unsigned threads);

#endif

// qcc's kernels of one recipe as a side: compiled once, then set up for a matrix, a number of tokens and of threads.
#ifndef QCC_TESTS_BENCH_SIDE_QCC_H
#define QCC_TESTS_BENCH_SIDE_QCC_H

#include "measure/meter.h"
#include "network/lower.h"
#include "tests/bench/matter.h"

// The kernels of a recipe on one tier.
typedef struct qcc_kernels {
  const recipe *recipe;
  meter_code *code;
  qrt_kernel product, prepare;
  double seconds; // of the processor, that compiling and loading took
} qcc_kernels;

// Compiles both kernels. False (reported) on failure.
bool qcc_compile(qcc_kernels *out, meter *m, arena *a, const recipe *r);

// Weights in the kernel's layout: the tensor's head, and tiles of which a matrix repeats the first MATTER_ROWS rows'.
typedef struct qcc_weights {
  const recipe *recipe;
  uint64_t rows, columns;
  const uint8_t *pattern;
  uint64_t head_bytes, tile_bytes, pattern_tiles, tiles;
  uint64_t bytes; // of the whole matrix
} qcc_weights;

// Packs what the matter's codes are. False (reported) when sizes overflow or the packer refuses.
bool qcc_pack(qcc_weights *out, diag *d, arena *a, const recipe *r, const matter *from);

typedef struct qcc_product {
  meter *meter;
  const qcc_kernels *kernels;
  const qcc_weights *weights;
  uint64_t tokens, copies, stride;
  uint8_t *memory; // `copies` matrices; of the meter where they fit
  uint8_t *own;    // not of the meter; freed
  float *y;
  uint8_t *prepared;
  qrt_args args, prepare_args;
} qcc_product;

// With one token the weights rotate through the meter's memory, else there is one copy. x stays the caller's. False
// (reported) when memory runs out. qcc_end in any case.
bool qcc_begin(qcc_product *p, meter *m, const qcc_kernels *k, const qcc_weights *w, const float *x, uint64_t tokens);
void qcc_end(qcc_product *p);

// Seconds of one product, of preparing its activations; `state` is a qcc_product (side.h).
double qcc_time(void *state);
double qcc_time_prepare(void *state);

#endif

// onnxruntime in a child process (onnx_peer.py) as sides: one for each accuracy level that is compared.
#ifndef QCC_TESTS_BENCH_SIDE_ONNX_H
#define QCC_TESTS_BENCH_SIDE_ONNX_H

#include "support/diag.h"
#include "tests/bench/matter.h"
#include "tests/bench/side.h"

typedef struct onnx onnx;

// Starts the child. Files that both read lie in `folder`. NULL (reported) when it does not start.
onnx *onnx_start(diag *d, arena *a, const char *python, const char *program, const char *folder);
void onnx_stop(onnx *o); // NULL is allowed

// Gives the child the matter's weights, as often as `memory` bytes hold them. False when onnxruntime has no such format:
// it has those with a layout named matmul_nbits, of 4 bits.
bool onnx_load(onnx *o, diag *d, arena *a, const matter *m, size_t memory);

// The accuracy levels: activations as bytes, or as the library likes.
#define ONNX_VARIANTS 2
const char *onnx_name(const onnx *o, size_t variant);

typedef struct onnx_product {
  onnx *child;
  size_t variant;
  const float *x;
  uint64_t tokens, rows, columns;
  unsigned threads;
} onnx_product;

// The first product of a variant, in y[tokens][rows]. False (reported) when the library fails.
bool onnx_first(const onnx_product *p, diag *d, float *y);
// Seconds of one product; `state` is an onnx_product (side.h). The child stands still but between begin and end.
double onnx_time(void *state);
void onnx_begin(void *state);
void onnx_end(void *state);

#endif

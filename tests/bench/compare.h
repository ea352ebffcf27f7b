// One format's kernels and one matrix beside everything that does the same.
#ifndef QCC_TESTS_BENCH_COMPARE_H
#define QCC_TESTS_BENCH_COMPARE_H

#include "tests/bench/side.h"
#include "tests/bench/side_blas.h"
#include "tests/bench/side_onnx.h"
#include "tests/bench/side_plugin.h"
#include "tests/bench/side_qcc.h"

#define COMPARE_MOST_PEERS 8

// What is compared, for all numbers of tokens and threads.
typedef struct comparison {
  diag *d;
  const qcc_kernels *kernels;
  const matter *matter;
  const qcc_weights *weights;
  const plugin_weights *ggml; // may have no variants
  onnx *onnx;                 // NULL: onnxruntime does not have the format
  blas *blas;                 // NULL: the weights are not compared with their decoded form
  const blas_weights *floats;
  double seconds; // of one case
} comparison;

typedef struct compare_peer {
  const char *name;
  double seconds; // 0: it has no such product, or failed
  double error;   // matter_error
} compare_peer;

typedef struct compare_result {
  double seconds; // of qcc's product, the best seen
  double prepare; // of its activations
  double error;
  meter_limit limit;
  double rate; // of the limit, the best seen beside it
  double read; // of reading memory
  size_t peer_count;
  compare_peer peers[COMPARE_MOST_PEERS];
} compare_result;

// Runs everything once and checks that the results agree, then times by turns. What disagrees is reported and has no
// figure. False (reported) when qcc's own result is wrong or memory runs out.
bool compare(const comparison *c, meter *m, uint64_t tokens, compare_result *out);

#endif

// Encoding float weights into any declared format. The encoder is derived from the value expression: codes are the
// nearest representable values, coarse fields (scales, offsets, zero points, sub-scales, stored tables) are found by
// least squares and search, innermost granularity first. No format is known by name.
//
// The result is deterministic: the same weights give the same codes on every machine.
#ifndef QCC_ENCODE_ENCODE_H
#define QCC_ENCODE_ENCODE_H

#include "format/tensor_codes.h"
#include "support/diag.h"

/* encode.c */
typedef struct encode_options {
  const char *name; // of the tensor, for messages; NULL: "weights"
  unsigned threads; // at most so many, where a tensor has parts that share nothing; 0: one. The result is the same
  // How much the squared error of each column counts, [lines][columns], where a line is for so many rows; NULL: all alike.
  const float *importance;
  uint64_t importance_rows;
  unsigned refinements; // rounds of refitting coarse fields to the codes chosen; 0: the default (3)
} encode_options;

// Called now and then, by one thread at a time, with the number of weights done (0 .. total). `call` may be NULL.
typedef struct encode_progress {
  void (*call)(void *user, uint64_t done, uint64_t total);
  void *user;
} encode_progress;

// Encodes w[rows][columns] (row-major; K along columns). The scheme must have passed scheme_verify. NULL, reported to
// `d`, when a weight is NaN or infinite (naming the first), the tensor is empty or too large, or the format has
// something that cannot be searched (naming the field). `options` may be NULL. The result is owned by `a`.
tensor_codes *encode_tensor(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                            const encode_options *options, encode_progress progress);

/* encode_mixture.c */
// Encoding float weights into formats that are sums, or have parts (format/scheme_parts.h).

// As encode_tensor, for any scheme. Of a sum
//   - sparse fields keep the granules of the largest magnitude, as many as their density says;
//   - the dense rest is fitted to the weights without these;
//   - thin matrices are the best approximation of what the rest has left (of the weights, where there is no rest);
//   - last, each kept entry makes up for all that the others leave at its place.
tensor_codes *encode_mixture(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                             const encode_options *options, encode_progress progress);

// Encodes the weights into the dense part of t's sum alone; its other fields stay as they are. False when something was
// reported.
bool encode_dense_part(diag *d, arena *a, tensor_codes *t, const float *w, const encode_options *options);

/* error_stats.c */
// How well codes represent float weights.

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

/* importance.c */
// Importance matrices: how much each column of a layer counts, as llama.cpp's tool writes them, in either form: a list of
// entries (name, calls, numbers), or a GGUF file with tensors `<name>.in_sum2` and `<name>.counts`.

typedef struct importance importance;

// NULL, reported, when the file is neither or is damaged. Owned by `a`.
importance *importance_open(diag *d, arena *a, const char *path);
// The same of bytes in memory, which are needed no longer afterwards; `name` is for messages.
importance *importance_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size);

// The mean squares of the inputs of tensor `name`, [stack][columns], scaled to a mean of 1 and none of them 0; NULL when the file
// has none, or (*fits is false) others than these.
const float *importance_find(const importance *x, arena *a, const char *name, uint64_t stack, uint64_t columns,
                             bool *fits);

const char *importance_path(const importance *x);

/* sample.c */
// Pseudo-random codes of any scheme: weights to measure kernels with, and to test them.

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

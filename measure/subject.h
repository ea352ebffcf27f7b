// What a matmul kernel is measured on: weights of a recipe with random codes, prepared activations, room for the result.
#ifndef QCC_MEASURE_SUBJECT_H
#define QCC_MEASURE_SUBJECT_H

#include "format/recipe.h"
#include "measure/meter.h"
#include "network/lower.h"

typedef struct subject_shape {
  uint64_t tokens, rows, columns;
} subject_shape;

typedef struct subject {
  const recipe *r;
  subject_shape shape;
  meter_limit limit;      // what bounds it: reading with one token, else the peak of its multiply-adds
  uint64_t packed_bytes;  // of the weights
  uint64_t head_bytes;    // of the tensor, before the tiles
  uint64_t tile_bytes;    // tiles are all the same
  const uint8_t *pattern; // the head and one tile
  prepared_sizes sizes;
  uint8_t *prepared;
  float *y;
  qrt_args args;
  uint64_t work;   // row tiles
  uint64_t stride; // bytes between copies of the weights
  uint64_t copies; // in the meter's memory
} subject;

// Which of the machine's limits bounds a product on a tier.
meter_limit subject_limit(const recipe *r, const target_tier *tier, uint64_t tokens);

// Random weights and activations for the recipe. NULL (reported) when there is no memory for them, the meter's for the
// weights included. subject_free takes NULL.
subject *subject_new(meter *m, arena *a, const recipe *r, const subject_shape *shape);
void subject_free(subject *s);

// The matmul kernel of the recipe for the meter's tier, without bias and the like: loaded code with a kernel "matmul".
// `schedules`: one for each schedule_class, NULL: the default ones. NULL (reported) on failure.
meter_code *subject_compile(meter *m, arena *a, const recipe *r, const struct schedule *schedules);

// Fills the meter's memory with copies of the weights, as many as fit with one token, else one. Must be called before
// subject_time whenever another subject used the memory.
void subject_lay(meter *m, subject *s);

// Seconds of one product. With one token every copy is used once, so that the weights come from memory.
double subject_time(const meter *m, subject *s, qrt_kernel k);

typedef struct subject_result {
  double seconds; // of one product, the best seen
  double limit;   // the best seen beside it, in bytes or multiply-adds a second
  double bytes;   // of weights in a second
  double macs;    // multiply-adds in a second
  double ratio;   // of bytes or macs to the limit
} subject_result;

// Times the kernel for about so many seconds (once at least), and the limit between.
subject_result subject_measure(const meter *m, subject *s, qrt_kernel k, double seconds);

#endif

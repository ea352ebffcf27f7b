// Bits moved from where files have them to where kernels read them, the same way again and again: a plan is found once,
// word by word, and then run over any number of instances, whose bits lie at fixed distances from one another.
#ifndef QCC_PACK_BIT_PLAN_H
#define QCC_PACK_BIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

// A bit of the destination: bit `at` of a stream, or, of none, zero. `invert` turns it around.
#define BIT_NO_STREAM UINT16_MAX
typedef struct bit_ref {
  uint64_t at; // in the first instance
  uint16_t stream;
  bool invert;
} bit_ref;

// Instances are numbered in two dimensions; from one to the next the bits of a stream move by so many bytes.
typedef struct bit_stream {
  unsigned source;
  int64_t step[2];
} bit_stream;

// The bytes of a source, and where in them instance (0, 0) begins. No byte outside of them is touched.
typedef struct bit_source {
  const uint8_t *data;
  uint64_t size;
  int64_t base;
} bit_source;

typedef struct bit_plan bit_plan;

// The plan for `bytes` bytes of the destination; bits[8 * bytes] and streams are copied. `gap`: bytes after which the
// destination goes on with what is next in a source, often enough; 0: not known.
bit_plan *bit_plan_new(arena *a, size_t bytes, const bit_ref *bits, size_t gap, size_t stream_count,
                       const bit_stream *streams);

// Instances that are worth running together: more do not stay in the nearest cache.
#define BIT_PLAN_BATCH 8
// A source that ends so many bytes after its last instance lets all of them run together.
#define BIT_PLAN_SLACK 8

// Where a stream is in the first instance of a run. Only bit_plan_run looks into it.
typedef struct stream_at {
  const bit_source *source;
  int64_t at;
  int64_t step;
  const uint8_t *from;
} stream_at;

// Which instances: `count` of them from `first` on along dimension `along`. Instance i is written to out + i * out_step.
typedef struct bit_run {
  stream_at *streams; // room for bit_plan_streams of them
  uint64_t first[2];
  unsigned along;
  size_t count;
  uint8_t *out;
  size_t out_step;
} bit_run;

void bit_plan_run(const bit_plan *p, const bit_source *sources, const bit_run *run);

size_t bit_plan_streams(const bit_plan *p);

// The dimension along which the bits of most moves are nearest.
unsigned bit_plan_direction(const bit_plan *p);

// Moves for one instance: what a run costs.
size_t bit_plan_moves(const bit_plan *p);

#endif

// Weights that a format has exactly are found again: numbers that are all multiples of levels. See Note [Exact weights] in
// encode/encode_probe.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_PROBE_H
#define QCC_ENCODE_ENCODE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/arena.h"

enum { PROBE_LEVELS = 1 << 16, PROBE_PAIRS = 32, PROBE_RATIOS = 256, PROBE_FOUND = 64 };

// The numbers that something can be a multiple of, ascending, each once.
typedef struct level_list {
  size_t count;
  const double *values;
  bool uniform; // equal distances
  // One level by another, ascending: what two numbers on a line through 0 can be to each other. Only where they are few and
  // not uniform.
  size_t ratio_count;
  const double *ratios;
} level_list;

// Sorts `count` numbers and drops those that are not finite or there already; the rest are the list's.
level_list level_list_make(double *values, size_t count);

// Adds the ratios, which save time where many questions are asked.
void level_list_prepare(arena *a, level_list *l);

// slope * level + offset. offset is 0 where there is none.
typedef struct probe_line {
  double slope, offset;
} probe_line;

// Lines on which all of x[0 .. count - 1] are, within the error that single precision (`slack` units of it) leaves; at most
// PROBE_FOUND. Without `with_offset` they go through 0. Signs that slopes may have are given by `negative` and `positive`.
size_t probe_lines(const level_list *l, const double *x, size_t count, bool with_offset, bool negative, bool positive,
                   double slack, probe_line *out);

#endif

// What the bench program was asked to measure.
#ifndef QCC_TESTS_BENCH_OPTIONS_H
#define QCC_TESTS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

typedef struct bench_shape {
  uint64_t rows, columns;
} bench_shape;

typedef struct bench_options {
  const char *tier; // NULL: the best that runs here
  const char *folder;
  const char *act; // "i8 per 32", "i1 per token"; NULL: what each format is usually run with
  const char *peers;
  const char *out;
  const char *count; // a folder: instructions are counted instead of timed
  size_t format_count, token_count, thread_count, shape_count;
  const char **formats;
  uint64_t *tokens;
  uint64_t *threads;
  bench_shape *shapes;
  size_t memory;  // bytes that weights rotate through
  double seconds; // of one case
} bench_options;

// Reads the command line; lists live in the arena. False, with a message printed, when it makes no sense.
bool bench_options_parse(bench_options *o, arena *a, int argc, char **argv);

#endif

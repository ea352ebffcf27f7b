// What was measured, for people and for programs.
#ifndef QCC_TESTS_BENCH_RESULTS_H
#define QCC_TESTS_BENCH_RESULTS_H

#include <stdio.h>

#include "tests/bench/compare.h"

// One measured case, with what it was.
typedef struct result {
  const char *format;
  const recipe *recipe;
  const target_tier *tier;
  uint64_t rows, columns, tokens;
  unsigned threads;
  uint64_t bytes;  // of the packed weights
  uint64_t stored; // of the weights as files have them
  double compile;  // seconds
  compare_result figures;
} result;

// A line for people.
void result_print(FILE *out, const result *r);
// A JSON object on a line.
void result_write(FILE *out, arena *a, const result *r);

#endif

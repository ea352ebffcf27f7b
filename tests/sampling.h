// What a run of the tests draws. Sweeps over everything times everything would take hours, so tests draw what they try from
// a seed that they print: the same seed draws the same cases on every machine.
//
//   QCC_TEST_FULL=1      draws more
//   QCC_TEST_SEED=n      draws others; 1 when it is not set
//   QCC_TEST_SHARD=i/n   runs the n-th part i, from 0 on, of a program's looped tests
#ifndef QCC_TESTS_SAMPLING_H
#define QCC_TESTS_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline bool sampling_is_full(void) {
  const char *full = getenv("QCC_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}

static inline uint64_t sampling_seed(void) {
  const char *seed = getenv("QCC_TEST_SEED");
  return seed == NULL || *seed == '\0' ? 1 : strtoull(seed, NULL, 10);
}

// The next number of a sequence that `state` begins (SplitMix64: Steele, Lea, Flood, 2014).
static inline uint64_t sampling_next(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

// The beginning of a sequence of its own for whatever has this name.
static inline uint64_t sampling_state(uint64_t seed, const char *name) {
  uint64_t state = seed;
  for (; *name != '\0'; name++) state = sampling_next(&state) ^ (unsigned char)*name;
  return state;
}

// The part of this program that is run: `index` of `count`.
static inline void sampling_shard(unsigned *index, unsigned *count) {
  const char *shard = getenv("QCC_TEST_SHARD");
  *index = 0, *count = 1;
  if (shard != NULL && (sscanf(shard, "%u/%u", index, count) != 2 || *count == 0 || *index >= *count)) {
    fprintf(stderr, "QCC_TEST_SHARD=%s is no part of anything\n", shard);
    exit(EXIT_FAILURE);
  }
}

#endif

// The runtime on a processor that only an emulator gives, or under ThreadSanitizer: without a test library.
// smoke [RUNS [FEATURES]]: exits with 1 after the first problem, and when other features than those are found.
#include <stdio.h>
#include <stdlib.h>

#include "small_model.h"
#include "thread_checks.h"

#define MOST 8

static const char *check_digest(void) {
  static uint8_t bytes[1000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
  if (qrt_digest("abc", 3) != UINT64_C(0x61393de19b1b3572)) return "digest of abc";
  return qrt_digest(bytes, sizeof bytes) == UINT64_C(0x5b61cc6ec1910f3b) ? NULL : "digest of 1000 bytes";
}

static const char *check_damage(void) {
  small_file file;
  qrt_model model;
  small_file_make(&file);
  if (qrt_open_memory(&model, &small_plan, file.bytes, SMALL_FILE) != QRT_OK) return "a valid file";
  file.bytes[SMALL_FILE - 1] ^= 1;
  if (qrt_open_memory(&model, &small_plan, file.bytes, SMALL_FILE) != QRT_ERROR_CHECKSUM) return "a damaged file";
  return NULL;
}

static const char *check_threads(unsigned runs) {
  const char *problem = NULL;
  for (unsigned threads = 1; threads <= MOST && !problem; threads++) {
    problem = check_equal_runs(threads, runs);
    if (!problem) problem = check_small_jobs(threads, runs);
    if (!problem) problem = check_sleepers(threads, 16);
    if (!problem) problem = check_start_stop(threads, 20);
    if (!problem) problem = check_shared_pool(threads, runs / 4);
    if (!problem) problem = check_nested(threads);
  }
  return problem;
}

static const char *check_features(const char *expected) {
  uint64_t features = qrt_cpu_features();
  printf("features %#llx\n", (unsigned long long)features);
  return strtoull(expected, NULL, 0) == features ? NULL : "other features than expected";
}

int main(int argc, char **argv) {
  unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;
  const char *problem = argc > 2 ? check_features(argv[2]) : NULL;
  if (!problem) problem = check_digest();
  if (!problem) problem = check_damage();
  if (!problem) problem = check_threads(runs);
  if (problem) printf("failed: %s\n", problem);
  return problem != NULL;
}

#include "tests/lower_rows/kernel_run.h"

#include <check.h>
#include <math.h>

#include "support/fp.h"

kernel_run kernel_run_new(void) {
  kernel_run run = {.mem = arena_new()};
  run.d = diag_new(run.mem, NULL, false);
  run.module = ir_module_new(run.mem, "test");
  return run;
}

void kernel_run_free(kernel_run *run) { arena_free(run->mem); }

void kernel_run_go(kernel_run *run, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers,
                   size_t size_count, const uint64_t *sizes, uint64_t begin, uint64_t end) {
  bool ok = ir_interpret(run->d, kernel, buffer_count, buffers, size_count, sizes, begin, end);
  ck_assert_msg(ok, "%s", diag_text(run->d));
}

bool same_float(float a, float b) { return (isnan(a) && isnan(b)) || fp_bits32(a) == fp_bits32(b); }

uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

float next_float(uint64_t *state) { return (float)(int32_t)(next_random(state) >> 32) / 2147483648.0f; }

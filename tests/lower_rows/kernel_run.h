// Runs kernels through the interpreter on buffers of exactly the size that they may touch.
#ifndef QCC_TESTS_LOWER_ROWS_KERNEL_RUN_H
#define QCC_TESTS_LOWER_ROWS_KERNEL_RUN_H

#include "interp/interp.h"
#include "ir/ir.h"

typedef struct kernel_run {
  arena *mem;
  diag *d;
  ir_module *module;
} kernel_run;

kernel_run kernel_run_new(void);
void kernel_run_free(kernel_run *run);

// Interprets the kernel; fails the test with the diagnostics' text when that is refused (an access out of bounds, ..).
void kernel_run_go(kernel_run *run, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers,
                   size_t size_count, const uint64_t *sizes, uint64_t begin, uint64_t end);

// Both NaN, or the same bits.
bool same_float(float a, float b);

// Numbers without a pattern, the same in every run: 64 bits, and a float in -1 .. 1.
uint64_t next_random(uint64_t *state);
float next_float(uint64_t *state);

#endif

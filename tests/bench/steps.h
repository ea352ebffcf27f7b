// Instructions of a kernel as it runs, counted by single steps in a child process. Unlike an emulator this knows every
// instruction that the processor has, and unlike the processor's counters it works in a virtual machine.
#ifndef QCC_TESTS_BENCH_STEPS_H
#define QCC_TESTS_BENCH_STEPS_H

#include "runtime/qrt.h"
#include "support/diag.h"

typedef struct step_counts {
  uint64_t total; // instructions of the call, with what it calls
  size_t size;    // bytes that are counted by place
  uint32_t *at;   // `size` numbers: how often the instruction at that byte behind the kernel's first ran
} step_counts;

// Runs kernel(args, 0, work) step by step. False (reported) where the system does not allow that.
bool steps_count(step_counts *out, diag *d, arena *a, qrt_kernel k, const qrt_args *args, uint64_t work, size_t size);

#endif

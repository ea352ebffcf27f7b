// The plan of a module as the bytes that the runtime reads: what libraries hold, and what `qcc run` and the interpreter
// run.
#ifndef QCC_IR_PLAN_WRITE_H
#define QCC_IR_PLAN_WRITE_H

#include "ir/ir.h"

typedef struct plan_image {
  const uint8_t *bytes;
  size_t size;
  size_t kernel_count;
  const char *const *kernels; // by the numbers that steps have
  uint64_t slot_bytes;        // what the runtime needs of the workspace beside what the plan says
} plan_image;

// The kernels that the plan's steps call, each once, in order of first use; in the arena. Returns how many.
size_t ir_plan_kernels(arena *a, const ir_plan *plan, const char *const **kernels);

// Writes m->plan for weights of that identity. False (reported) when it is larger than the format allows. In the arena.
bool ir_plan_write(diag *d, arena *a, const ir_module *m, uint64_t model_id, plan_image *out);

#endif

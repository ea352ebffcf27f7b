// Calls of plans with kernels that note what they were given.
#ifndef QCC_TESTS_RUNTIME_PLAN_CALL_H
#define QCC_TESTS_RUNTIME_PLAN_CALL_H

#include "qrt_plan.h"

#define PLAN_MOST_STEPS ((size_t)64)
#define PLAN_SPACE_BYTES ((size_t)4096) // of each input and output, the weights, the workspace and the state
#define PLAN_MOST_PORTS ((size_t)8)

typedef struct noted_step {
  qrt_args args;
  uint64_t work;
} noted_step;

typedef struct plan_call {
  qrt_status status;
  uint32_t condition;
  size_t step_count; // with work; the first PLAN_MOST_STEPS are noted
  noted_step steps[PLAN_MOST_STEPS];
  uint8_t *ports[2 * PLAN_MOST_PORTS];  // inputs, then from PLAN_MOST_PORTS on outputs
  uint8_t *weights, *workspace, *state; // workspace: behind the slots
} plan_call;

// Runs a plan whose bytes qrt_plan_check accepted. False, and nothing is run, when it wants more memory or ports than
// there are.
bool plan_call_run(plan_call *c, const uint8_t *bytes, size_t size, const uint64_t *sizes);

// Whether all buffers that were noted lie in what belongs to the call.
bool plan_call_stayed_inside(const plan_call *c);

#endif

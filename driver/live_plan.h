// A lowered module's plan as the runtime's tables, with kernels that were loaded into this process.
#ifndef QCC_DRIVER_LIVE_PLAN_H
#define QCC_DRIVER_LIVE_PLAN_H

#include "codegen/codegen.h"
#include "driver/job.h"
#include "runtime/qrt.h"

// Tables in j's arena for one tier; `options` are those the object was compiled with. NULL (reported) when the object
// lacks a kernel.
const qrt_plan *live_plan_new(job *j, cg_jit *jit, const cg_options *co, const target_tier *tier, uint64_t model_id);

#endif

// What LLVM compiles at once: one kernel with its equals, or all kernels of a tier. Private to unit.c and tiers.c.
#ifndef QCC_DRIVER_UNIT_H
#define QCC_DRIVER_UNIT_H

#include "codegen/codegen.h"
#include "driver/cache.h"
#include "driver/job.h"

typedef struct unit {
  const job *j; // only read
  const cg_options *options;
  cg_kind kind;
  const target_tier *tier;
  ir_module *kernels;
  const char *text; // of all different kernels, without their names
  digest key;
  // its own, so that units do not meet
  arena *mem;
  diag *d;
  // result
  cg_bytes bytes;
  bool ready;  // the bytes are there
  bool cached; // and came from the cache
} unit;

// Looks in the cache. `mem` and `d` are made here and freed by unit_free.
void unit_find(unit *u);

// Compiles what is not ready, and gives it to the cache.
void unit_compile(unit *u);

// Compiles a unit (the argument), ready or not, and leaves the cache alone: for trial_run.
void unit_try(void *argument);

void unit_free(unit *u);

#endif

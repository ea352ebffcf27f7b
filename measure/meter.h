// One tier of this machine under measurement: kernels are compiled, loaded and timed beside the machine's own limits.
// Figures of a machine that does other work as well mean something only beside a limit of the same moment.
#ifndef QCC_MEASURE_METER_H
#define QCC_MEASURE_METER_H

#include "codegen/codegen.h"
#include "runtime/qrt.h"

// What the machine cannot exceed.
typedef enum meter_limit {
  METER_READ,     // bytes from the memory that weights rotate through
  METER_BYTE_DOT, // multiply-adds of the tier's byte dot product
  METER_FMA,      // fused multiply-adds in f32
  METER_PAIR_DOT, // multiply-adds of pairs of bf16
  METER_LIMIT_COUNT
} meter_limit;

typedef struct meter_options {
  const target *target;
  const target_tier *tier; // one that this processor runs
  unsigned threads;        // 0: one
  size_t memory;           // bytes that weights rotate through; several times the last-level cache
} meter_options;

typedef struct meter {
  diag *d;
  meter_options o;
  uint8_t *memory; // o.memory bytes
  uint8_t *sink;
  void *pool_memory;
  qrt_pool pool_value;
  const qrt_pool *pool; // NULL: one thread
  struct meter_code *code;
  qrt_kernel limits[METER_LIMIT_COUNT];
} meter;

// Compiles the kernels of the limits and takes the memory. NULL (reported) on failure; meter_free takes NULL.
meter *meter_new(diag *d, arena *a, const meter_options *o);
void meter_free(meter *m);

// Kernels of a module, compiled and loaded. They live until meter_unload, which takes NULL.
typedef struct meter_code {
  arena *mem;
  cg_context *cg;
  cg_jit *jit;
  cg_bytes object;
  double seconds; // that compiling took
} meter_code;
// NULL (reported) on failure.
meter_code *meter_load(meter *m, const ir_module *kernels);
void meter_unload(meter_code *c);
// A kernel by its name in the module; NULL (reported) if there is none.
qrt_kernel meter_kernel(meter *m, meter_code *c, const char *name);

// Seconds of one call over `work` items, by all threads.
double meter_time(const meter *m, qrt_kernel k, const qrt_args *args, uint64_t work);

// The limit now: bytes or multiply-adds a second. Takes some milliseconds.
double meter_rate(const meter *m, meter_limit limit);
// "read", "byte dot", ..
const char *meter_limit_name(meter_limit limit);
// "GB/s", "GMAC/s": a thousand millions of what meter_rate counts.
const char *meter_unit(meter_limit limit);

// Seconds of a clock that only goes forward.
double meter_now(void);
// Page-aligned memory, zeroed and present; NULL (reported) if there is none. Freed with free().
void *meter_memory(diag *d, size_t size);

#endif

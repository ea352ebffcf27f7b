// The machine's own limits, measured by kernels that the compiler emits for the tier: memory read bandwidth and the
// peaks of the byte dot product, of fused multiply-add and of the dot product of bf16 pairs.
#ifndef QCC_MEASURE_LIMITS_H
#define QCC_MEASURE_LIMITS_H

#include "ir/ir.h"
#include "targets/target.h"

// Adds to the module: "limit_read" (buffers data, sink; sizes bytes per item; work: items), "limit_dot", "limit_fma" and
// "limit_pairs" (buffer sink; size turns; work: 1 item is `turns` turns of limits_chains operations on the tier's lanes).
void limits_emit(ir_module *m, const target_tier *tier);

// Independent operations under way: enough to hide their latency, and few enough to stay in registers.
unsigned limits_chains(const target_tier *tier);

#endif

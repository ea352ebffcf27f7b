// The cost model: how long a matmul kernel takes. The kernel is emitted and its loops are walked with the sizes of a call,
// so that the model follows whatever the emitters do; each operation costs what the target's table says. A processor works
// on everything at once: the time is that of the resource that is needed longest.
#ifndef QCC_COST_PREDICT_H
#define QCC_COST_PREDICT_H

#include "ir/ir.h"
#include "kernel/schedule.h"

// What can be the bottleneck.
typedef enum bound {
  BOUND_MEMORY, // bytes of weights that come from memory
  BOUND_LOADS,  // load and store ports
  BOUND_DOTS,   // the products themselves
  BOUND_DECODE, // taking codes apart, look-ups: together with the products, when it is more than these
  BOUND_SCALES, // conversions and scales: likewise
  BOUND_COUNT
} bound;
const char *bound_name(bound b); // "memory", "load ports", "dot units", "decoding", "scaling"

// A processor that runs a tier: the tier's table, or what was measured.
typedef struct machine {
  double clock;     // cycles a second
  double bandwidth; // bytes a second from memory, one core
  double speed;     // vector operations are so many times as fast as the table of the tier says
} machine;
machine lower_machine(const target_tier *tier);

typedef struct prediction {
  double cycles; // per weight and token
  double parts[BOUND_COUNT];
  bound bound;
  double bytes; // of weights in a second
  double macs;  // multiply-adds in a second
} prediction;

// A kernel of the recipe with these schedules (one for each schedule_class) and that many tokens, on a large matrix, one thread.
prediction lower_predict(const recipe *r, const target_tier *tier, const machine *on, const schedule *schedules,
                         uint64_t tokens);

// What a call of a kernel does. Vectors are counted in natural vectors of the tier, the others in cycles of its table.
typedef struct kernel_counts {
  double loads, stores;
  double dots, decode, scales;
  double gathers; // decoding that loads lane by lane
  double spills;  // loads and stores besides, where more is alive than there are registers
} kernel_counts;

// Walks a kernel's loops. `integer`: its products have operations of their own, f32 ones only scale. Loops inside of
// others count as on the first turn of these, and on the last where that is shorter.
kernel_counts lower_count(const ir_func *kernel, const target_tier *tier, bool integer, size_t size_count,
                          const uint64_t *sizes, uint64_t work);

#endif

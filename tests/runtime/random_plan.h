// Plans drawn at random, with what they were made from: what a call must see follows by direct arithmetic.
#ifndef QCC_TESTS_RUNTIME_RANDOM_PLAN_H
#define QCC_TESTS_RUNTIME_RANDOM_PLAN_H

#include "ir/plan_bytes.h"

enum { RANDOM_SYMBOLS = 3, RANDOM_NODES = 24, RANDOM_PORTS = 3, RANDOM_STEPS = 6, RANDOM_CONDITIONS = 2 };

// A constant, a symbol, or two earlier nodes with an operation between them.
typedef struct random_node {
  enum { NODE_CONSTANT, NODE_SYMBOL, NODE_OPERATION } kind;
  uint64_t constant; // or the symbol
  qrt_plan_op op;
  size_t a, b;
  plan_extent extent;
} random_node;

typedef struct random_buffer {
  qrt_space space;
  uint64_t index;
  size_t offset; // a node
} random_buffer;

typedef struct random_step {
  uint64_t kernel, grain;
  size_t buffer_count, size_count, work;
  random_buffer buffers[QRT_MAX_BUFFERS];
  size_t sizes[QRT_MAX_SIZES];
} random_step;

typedef struct random_plan {
  plan_bytes bytes;
  size_t symbol_count, node_count, head_count; // nodes of which the first are there before places and steps
  uint64_t least[RANDOM_SYMBOLS], most[RANDOM_SYMBOLS];
  random_node nodes[RANDOM_NODES];
  size_t port_count, input_count; // inputs first
  size_t dims[RANDOM_PORTS];      // a node: bytes
  size_t workspace;
  size_t condition_count;
  struct {
    qrt_plan_relation relation;
    size_t a, b;
  } conditions[RANDOM_CONDITIONS];
  size_t step_count;
  random_step steps[RANDOM_STEPS];
  uint64_t weights_size, state_size;
} random_plan;

#define RANDOM_KERNELS 4u

// In the arena. `state` draws.
const random_plan *random_plan_draw(arena *mem, uint64_t *state);

// The values of all nodes for these sizes; false for those that do not exist.
void random_plan_values(const random_plan *p, const uint64_t *sizes, uint64_t *values, bool *exist);

#endif

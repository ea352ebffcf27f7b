// Writing the bytes of a plan (runtime/qrt_plan.h has the format) entry by entry. Equal extents and equal places are
// written once. What is wrong is remembered, and told at the end.
#ifndef QCC_IR_PLAN_BYTES_H
#define QCC_IR_PLAN_BYTES_H

#include "runtime/qrt_plan.h"
#include "support/arena.h"
#include "support/vec.h"

// A number that the sizes of a call decide, as the format writes it.
typedef uint64_t plan_extent;

// Entries by their contents, each with the number that stands for it.
typedef struct plan_key {
  uint64_t kind, a, b;
} plan_key;

typedef struct plan_table {
  plan_key *keys;
  uint64_t *numbers;
  bool *used;
  size_t len, cap; // a power of two, or 0
} plan_table;

typedef struct plan_section {
  strbuf bytes;
  uint64_t count;
} plan_section;

// Calls come in the order of the sections: symbols; the values of conditions, workspace and dimensions, and these; then
// places and steps, whose extents are later values.
typedef struct plan_writer {
  arena *mem;
  plan_section symbols, values, conditions, inputs, outputs, later_values, places, steps;
  plan_extent workspace;
  bool later; // there are places or steps
  plan_table known_values, known_places;
  const char *problem; // the first that was found, as the end of "the plan ..", or NULL
} plan_writer;

typedef struct plan_header {
  const char *name;
  uint64_t model_id, weights_size, state_size, kernels;
} plan_header;

typedef struct plan_bytes {
  const uint8_t *data;
  size_t size;
  uint64_t slot_bytes; // of the workspace, which the runtime takes for the values of a call
} plan_bytes;

void plan_writer_start(plan_writer *w, arena *mem);

// A size of calls, between `least` and `most` (0: no bound).
plan_extent plan_add_symbol(plan_writer *w, const char *name, uint64_t least, uint64_t most);

plan_extent plan_constant(plan_writer *w, uint64_t value);

// a OP b; a constant when it is one for every call. A value that does not exist for some sizes makes a call of these
// sizes fail.
plan_extent plan_combine(plan_writer *w, qrt_plan_op op, plan_extent a, plan_extent b);

void plan_add_condition(plan_writer *w, qrt_plan_relation relation, plan_extent a, plan_extent b, uint32_t message);
void plan_set_workspace(plan_writer *w, plan_extent bytes);
void plan_add_port(plan_writer *w, bool input, const char *name, qrt_element element, size_t rank,
                   const plan_extent *dims);

// A buffer of steps: a place in a space, or nothing for QRT_NONE.
uint64_t plan_buffer(plan_writer *w, qrt_space space, uint64_t index, plan_extent offset);

typedef struct plan_step {
  uint64_t kernel;
  size_t buffer_count;
  const uint64_t *buffers;
  size_t size_count;
  const plan_extent *sizes;
  plan_extent work;
  uint64_t grain;
} plan_step;
void plan_add_step(plan_writer *w, const plan_step *step);

// The whole plan. NULL data when there was a problem.
plan_bytes plan_writer_finish(plan_writer *w, const plan_header *header);

#endif

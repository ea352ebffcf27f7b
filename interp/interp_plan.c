// Running a whole model: the steps of its plan in order, each kernel over its whole work range. What is read are the
// bytes that a library has, by the same functions.
#include <stdlib.h>
#include <string.h>

#include "interp/interp.h"
#include "ir/plan_write.h"
#include "runtime/qrt_plan.h"
#include "support/num.h"

typedef struct run_buffer {
  ir_memory memory;
  bool inside; // false: the place is behind the end of its space
} run_buffer;

typedef struct plan_run {
  diag *d;
  arena *mem;
  const ir_module *m;
  const ir_plan *plan; // for names
  uint64_t batch;
  const ir_memory *inputs;
  ir_memory *outputs;
  ir_memory weights;
  ir_memory workspace;
  plan_image image;
  qrt_plan_reader reader;
  qrt_slot *slots;
  run_buffer *places;
} plan_run;

// ---- buffers ---------------------------------------------------------------------------------------------

// What lies from an offset to the end of a space.
static run_buffer rest_of(ir_memory space, uint64_t offset) {
  if (offset > space.size) return (run_buffer){.inside = false};
  if (offset > 0) space.data += offset;
  if (offset > 0 && space.written != NULL) space.written += offset;
  space.size -= offset;
  return (run_buffer){.memory = space, .inside = true};
}

static ir_memory space_of(const plan_run *r, const qrt_plan_place *place) {
  switch (place->space) {
  case QRT_INPUT: return r->inputs[place->index];
  case QRT_OUTPUT: return r->outputs[place->index];
  case QRT_WEIGHTS: return r->weights;
  default: return r->workspace;
  }
}

static void find_places(plan_run *r) {
  r->places = ARENA_ARRAY(r->mem, run_buffer, r->reader.places);
  for (uint32_t i = 0; i < r->reader.places; i++) {
    qrt_plan_place place = qrt_plan_read_place(&r->reader);
    r->places[i] = rest_of(space_of(r, &place), qrt_plan_extent(place.offset, r->slots));
  }
}

static run_buffer find_buffer(const plan_run *r, uint64_t buffer) {
  if (buffer == 0) return (run_buffer){.inside = true};
  return buffer & 1 ? r->places[buffer >> 1] : rest_of(r->weights, (buffer >> 1) - 1);
}

// ---- steps -----------------------------------------------------------------------------------------------

static bool run_step(const plan_run *r, const ir_step *named, const qrt_plan_step *step) {
  const char *name = r->image.kernels[step->kernel];
  const ir_func *kernel = ir_find_func(r->m, name);
  ir_memory buffers[QRT_MAX_BUFFERS];
  uint64_t sizes[QRT_MAX_SIZES];
  if (kernel == NULL || kernel->kind != IR_FUNC_KERNEL) {
    diag_error(r->d, SRC_NOWHERE, "the module has no kernel '%s', which its plan calls", name);
    return false;
  }
  for (uint32_t i = 0; i < step->buffer_count; i++) {
    run_buffer b = find_buffer(r, step->buffers[i]);
    buffers[i] = b.memory;
    if (b.inside) continue;
    diag_error(r->d, SRC_NOWHERE, "step '%s' (%s): buffer %u lies outside its space for a batch of %llu", name,
               named->layer == NULL ? "" : named->layer, i, (unsigned long long)r->batch);
    return false;
  }
  for (uint32_t i = 0; i < step->size_count; i++) sizes[i] = qrt_plan_extent(step->sizes[i], r->slots);
  return ir_interpret(r->d, kernel, step->buffer_count, buffers, step->size_count, sizes, 0,
                      qrt_plan_extent(step->work, r->slots));
}

static bool run_steps(plan_run *r) {
  qrt_plan_step step;
  for (uint32_t i = 0; i < r->reader.steps; i++) {
    qrt_plan_read_step(&r->reader, &step);
    if (!run_step(r, r->plan->steps.data[i], &step)) return false;
  }
  return true;
}

// ---- the call --------------------------------------------------------------------------------------------

static bool check_request(const plan_run *r) {
  if (r->plan == NULL) {
    diag_error(r->d, SRC_NOWHERE, "module '%s' has no plan: it was not lowered", r->m->name);
    return false;
  }
  uint64_t bound = r->plan->max_batch;
  if (r->batch == 0 || (bound != 0 && r->batch > bound)) {
    diag_error(r->d, SRC_NOWHERE, "a batch of %llu is not between 1 and the model's bound of %llu",
               (unsigned long long)r->batch, (unsigned long long)bound);
    return false;
  }
  if (r->weights.size >= r->plan->weights_size) return true;
  diag_error(r->d, SRC_NOWHERE, "the packed weights have %llu bytes, and the plan reads %llu",
             (unsigned long long)r->weights.size, (unsigned long long)r->plan->weights_size);
  return false;
}

static bool open_plan(plan_run *r) {
  if (!ir_plan_write(r->d, r->mem, r->m, 0, &r->image)) return false;
  qrt_status status = qrt_plan_check(r->image.bytes, r->image.size);
  if (status == QRT_OK) status = qrt_plan_open(&r->reader, r->image.bytes, r->image.size);
  if (status != QRT_OK) {
    diag_error(r->d, SRC_NOWHERE, "the plan of '%s' cannot be run: it refers to what it does not have", r->m->name);
    return false;
  }
  r->slots = ARENA_ARRAY(r->mem, qrt_slot, QRT_PLAN_STACK_SLOTS + qrt_plan_slots(&r->reader));
  return true;
}

static bool make_workspace(plan_run *r) {
  size_t size;
  uint64_t bytes;
  uint32_t condition;
  uint32_t symbols = r->reader.symbols;
  if (qrt_plan_read_sizes(&r->reader, &r->batch, symbols, r->slots, &bytes, &condition) == QRT_OK &&
      qrt_plan_read_ports(&r->reader, r->slots, r->slots) && num_to_size(bytes, &size) && size < SIZE_MAX) {
    r->workspace = (ir_memory){.data = malloc(size + 1), .size = bytes, .written = calloc(size + 1, 1)};
    if (r->workspace.data != NULL && r->workspace.written != NULL) {
      memset(r->workspace.data, IR_UNWRITTEN, size);
      return true;
    }
  }
  diag_error(r->d, SRC_NOWHERE, "no memory for the workspace, inputs and outputs of a batch of %llu",
             (unsigned long long)r->batch);
  return false;
}

static bool find_sizes(plan_run *r) {
  if (qrt_plan_read_later(&r->reader, r->slots)) return true;
  diag_error(r->d, SRC_NOWHERE, "a size or an offset of a step overflows for a batch of %llu",
             (unsigned long long)r->batch);
  return false;
}

// What the caller's outputs hold is nothing that a step may read.
static void watch_outputs(plan_run *r, const ir_memory *outputs) {
  r->outputs = ARENA_ARRAY(r->mem, ir_memory, r->plan->output_count);
  for (size_t i = 0; i < r->plan->output_count; i++) {
    r->outputs[i] = outputs[i];
    r->outputs[i].written = ARENA_ARRAY(r->mem, uint8_t, outputs[i].size);
  }
}

static bool outputs_are_whole(const plan_run *r) {
  for (size_t i = 0; i < r->plan->output_count; i++) {
    uint64_t at = ir_first_unwritten(&r->outputs[i]);
    if (at == r->outputs[i].size) continue;
    diag_error(r->d, SRC_NOWHERE, "no step writes byte %llu of output '%s'", (unsigned long long)at,
               r->plan->outputs[i].name);
    return false;
  }
  return true;
}

bool ir_interpret_plan(diag *d, const ir_module *m, uint64_t batch, const ir_memory *inputs, const ir_memory *outputs,
                       const ir_memory *weights) {
  plan_run r = {.d = d, .m = m, .plan = m->plan, .batch = batch, .inputs = inputs};
  if (weights != NULL) r.weights = *weights;
  if (!check_request(&r)) return false;
  r.mem = arena_new();
  bool ok = open_plan(&r) && make_workspace(&r) && find_sizes(&r);
  if (ok) watch_outputs(&r, outputs);
  if (ok) find_places(&r);
  ok = ok && run_steps(&r) && outputs_are_whole(&r);
  arena_free(r.mem);
  free(r.workspace.data);
  free(r.workspace.written);
  return ok;
}

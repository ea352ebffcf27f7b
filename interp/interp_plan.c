// Running a whole model: the plan's steps in order, each kernel over its whole work range.
#include <stdlib.h>
#include <string.h>

#include "interp/interp.h"
#include "support/num.h"

typedef struct plan_run {
  diag *d;
  arena *mem;
  const ir_module *m;
  const ir_plan *plan;
  uint64_t batch;
  const ir_memory *inputs;
  ir_memory *outputs;
  ir_memory weights;
  ir_memory workspace;
} plan_run;

static bool at_batch(const plan_run *r, ir_size size, uint64_t *out) {
  uint64_t scaled;
  return num_mul(size.per_batch, r->batch, &scaled) && num_add(size.fixed, scaled, out);
}

// The memory that a space is; false when the reference names an input or output that there is not.
static bool find_space(const plan_run *r, const ir_ref *ref, ir_memory *out) {
  bool input = ref->space == IR_SPACE_INPUT;
  if (input || ref->space == IR_SPACE_OUTPUT) {
    if (ref->index >= (input ? r->plan->input_count : r->plan->output_count)) return false;
    *out = input ? r->inputs[ref->index] : r->outputs[ref->index];
    return true;
  }
  *out = ref->space == IR_SPACE_WEIGHTS ? r->weights : r->workspace;
  return true;
}

// A buffer is what lies from its offset to the end of its space.
static bool resolve(const plan_run *r, const ir_step *step, size_t i, ir_memory *out) {
  const ir_ref *ref = &step->buffers[i];
  uint64_t offset;
  *out = (ir_memory){0};
  if (ref->space == IR_SPACE_NONE) return true;
  if (find_space(r, ref, out) && at_batch(r, ref->offset, &offset) && offset <= out->size) {
    if (offset > 0) out->data += offset;
    if (offset > 0 && out->written != NULL) out->written += offset;
    out->size -= offset;
    return true;
  }
  diag_error(r->d, SRC_NOWHERE, "step '%s' (%s): buffer %zu lies outside its space for a batch of %llu", step->kernel,
             step->layer == NULL ? "" : step->layer, i, (unsigned long long)r->batch);
  return false;
}

static bool resolve_sizes(const plan_run *r, const ir_step *step, uint64_t *sizes, uint64_t *work) {
  bool ok = at_batch(r, step->work, work);
  for (size_t i = 0; i < step->size_count; i++) ok = at_batch(r, step->sizes[i], &sizes[i]) && ok;
  if (!ok) diag_error(r->d, SRC_NOWHERE, "step '%s': a size overflows", step->kernel);
  return ok;
}

static bool run_step(const plan_run *r, const ir_step *step) {
  const ir_func *kernel = ir_find_func(r->m, step->kernel);
  if (kernel == NULL || kernel->kind != IR_FUNC_KERNEL) {
    diag_error(r->d, SRC_NOWHERE, "the module has no kernel '%s', which its plan calls", step->kernel);
    return false;
  }
  ir_memory *buffers = ARENA_ARRAY(r->mem, ir_memory, step->buffer_count);
  uint64_t *sizes = ARENA_ARRAY(r->mem, uint64_t, step->size_count);
  uint64_t work = 0;
  for (size_t i = 0; i < step->buffer_count; i++)
    if (!resolve(r, step, i, &buffers[i])) return false;
  return resolve_sizes(r, step, sizes, &work) &&
         ir_interpret(r->d, kernel, step->buffer_count, buffers, step->size_count, sizes, 0, work);
}

static bool run_steps(const plan_run *r) {
  for (size_t i = 0; i < r->plan->steps.len; i++)
    if (!run_step(r, r->plan->steps.data[i])) return false;
  return true;
}

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

static bool make_workspace(plan_run *r) {
  size_t size;
  uint64_t bytes;
  if (at_batch(r, r->plan->workspace, &bytes) && num_to_size(bytes, &size)) {
    r->workspace = (ir_memory){.data = malloc(size + 1), .size = bytes, .written = calloc(size + 1, 1)};
    if (r->workspace.data != NULL && r->workspace.written != NULL) {
      memset(r->workspace.data, IR_UNWRITTEN, size);
      return true;
    }
  }
  diag_error(r->d, SRC_NOWHERE, "no memory for the workspace of a batch of %llu", (unsigned long long)r->batch);
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
  bool ok = make_workspace(&r);
  if (ok) watch_outputs(&r, outputs);
  ok = ok && run_steps(&r) && outputs_are_whole(&r);
  arena_free(r.mem);
  free(r.workspace.data);
  free(r.workspace.written);
  return ok;
}

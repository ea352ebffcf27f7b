// The plan: every step's kernel, buffers and sizes, and that nothing lies outside its space.
#include "ir/verify.h"
#include "support/num.h"

enum { ALIGN = 64, NUMBER = 4 };

static bool bytes_of(const ir_type *type, uint64_t batch, uint64_t *out) {
  *out = 4;
  for (unsigned i = 0; i < type->rank; i++)
    if (!num_mul(*out, type->dims[i] == IR_BATCH ? batch : (uint64_t)type->dims[i], out)) return false;
  return true;
}

static uint64_t largest_batch(const verifier *v) {
  uint64_t bound = v->module->plan->max_batch;
  return bound == 0 ? v->module->max_batch : bound;
}

static bool at_batch(ir_size size, uint64_t batch, uint64_t *out) {
  uint64_t scaled;
  return num_mul(size.per_batch, batch, &scaled) && num_add(size.fixed, scaled, out);
}

// Bytes of a space at a batch.
static bool space_size(const verifier *v, const ir_ref *ref, uint64_t batch, uint64_t *out) {
  const ir_plan *plan = v->module->plan;
  switch (ref->space) {
  case IR_SPACE_INPUT: return ref->index < plan->input_count && bytes_of(&plan->inputs[ref->index].type, batch, out);
  case IR_SPACE_OUTPUT: return ref->index < plan->output_count && bytes_of(&plan->outputs[ref->index].type, batch, out);
  case IR_SPACE_WEIGHTS: return *out = plan->weights_size, true;
  case IR_SPACE_WORKSPACE: return at_batch(plan->workspace, batch, out);
  default: return false;
  }
}

static bool fits(const verifier *v, const ir_ref *ref, uint64_t batch) {
  uint64_t offset, size;
  return at_batch(ref->offset, batch, &offset) && space_size(v, ref, batch, &size) && offset <= size;
}

static bool verify_ref(verifier *v, const ir_step *step, size_t i) {
  const ir_ref *ref = &step->buffers[i];
  if (ref->space == IR_SPACE_NONE) return true;
  if (!fits(v, ref, 1) || !fits(v, ref, largest_batch(v)))
    return verify_fail(v, "step '%s': buffer %zu lies outside its space", step->kernel, i);
  if (ref->space == IR_SPACE_WEIGHTS && ref->offset.per_batch != 0)
    return verify_fail(v, "step '%s': the place of weights cannot depend on the batch", step->kernel);
  // Values begin at multiples of 64 bytes, parts of them at any number.
  bool aligned = ref->offset.fixed % NUMBER == 0 && ref->offset.per_batch % ALIGN == 0;
  return ref->space != IR_SPACE_WORKSPACE || aligned ||
         verify_fail(v,
                     "step '%s': buffer %zu of the workspace is not at a multiple of 64 bytes for each batch, or of 4",
                     step->kernel, i);
}

// A module without kernels has a plan for kernels that are made later, one set for each tier.
static bool has_kernels(const ir_module *m) {
  for (size_t i = 0; i < m->funcs.len; i++)
    if (m->funcs.data[i]->kind == IR_FUNC_KERNEL) return true;
  return false;
}

static bool verify_call(verifier *v, const ir_step *step) {
  const ir_func *kernel = ir_find_func(v->module, step->kernel);
  if (kernel == NULL || kernel->kind != IR_FUNC_KERNEL)
    return verify_fail(v, "the plan calls '%s', which is no kernel of the module", step->kernel);
  size_t buffers = 0;
  for (size_t i = 0; i < kernel->body->param_count; i++) buffers += kernel->body->params[i]->type.kind == IR_BUFFER;
  if (buffers + step->size_count + 2 == kernel->body->param_count && buffers == step->buffer_count) return true;
  return verify_fail(v, "step '%s' gives %zu buffers and %zu sizes; the kernel has %zu parameters, %zu of them buffers",
                     step->kernel, step->buffer_count, step->size_count, kernel->body->param_count, buffers);
}

static void verify_step(verifier *v, const ir_step *step) {
  uint64_t ignored;
  if (step->kernel == NULL) {
    verify_fail(v, "a step of the plan names no kernel");
    return;
  }
  if (has_kernels(v->module) && !verify_call(v, step)) return;
  for (size_t i = 0; i < step->buffer_count; i++) verify_ref(v, step, i);
  bool ok = at_batch(step->work, largest_batch(v), &ignored);
  for (size_t i = 0; i < step->size_count; i++) ok = ok && at_batch(step->sizes[i], largest_batch(v), &ignored);
  if (!ok) verify_fail(v, "step '%s': a size overflows at the largest batch", step->kernel);
  if (step->grain == 0) verify_fail(v, "step '%s': the grain is zero", step->kernel);
}

static bool verify_port(verifier *v, const ir_port *port, const char *kind) {
  if (port->name == NULL) return verify_fail(v, "an %s of the plan has no name", kind);
  if (port->type.kind == IR_TENSOR && verify_type(v, &port->type)) return true;
  return verify_fail(v, "%s '%s' of the plan is no f32 tensor", kind, port->name);
}

void verify_plan(verifier *v, const ir_plan *plan) {
  bool ok = true;
  for (size_t i = 0; i < plan->input_count; i++) ok = verify_port(v, &plan->inputs[i], "input") && ok;
  for (size_t i = 0; i < plan->output_count; i++) ok = verify_port(v, &plan->outputs[i], "output") && ok;
  if (!ok) return;
  // The header tells programs so, which then need not round it up for aligned_alloc.
  if (plan->workspace.fixed % ALIGN != 0 || plan->workspace.per_batch % ALIGN != 0)
    verify_fail(v, "the workspace is no multiple of 64 bytes for each batch");
  for (size_t i = 0; i < plan->steps.len; i++) verify_step(v, plan->steps.data[i]);
}

// The plan of the IR and the plan of the runtime have the same shape; this copies one to the other.
#include "driver/live_plan.h"

#include <string.h>

static qrt_size convert_size(ir_size s) { return (qrt_size){.fixed = s.fixed, .per_batch = s.per_batch}; }

static const uint32_t spaces[] = {[IR_SPACE_NONE] = QRT_NONE,
                                  [IR_SPACE_INPUT] = QRT_INPUT,
                                  [IR_SPACE_OUTPUT] = QRT_OUTPUT,
                                  [IR_SPACE_WEIGHTS] = QRT_WEIGHTS,
                                  [IR_SPACE_WORKSPACE] = QRT_WORKSPACE};

static void convert_step(const ir_step *s, uint32_t kernel, qrt_step *out) {
  *out = (qrt_step){.kernel = kernel,
                    .buffer_count = (uint32_t)s->buffer_count,
                    .size_count = (uint32_t)s->size_count,
                    .work = convert_size(s->work),
                    .grain = s->grain};
  // More than there is room for is refused when the plan is opened.
  for (size_t i = 0; i < s->buffer_count && i < QRT_MAX_BUFFERS; i++)
    out->buffers[i] = (qrt_ref){spaces[s->buffers[i].space], s->buffers[i].index, convert_size(s->buffers[i].offset)};
  for (size_t i = 0; i < s->size_count && i < QRT_MAX_SIZES; i++) out->sizes[i] = convert_size(s->sizes[i]);
}

static uint32_t find_name(const char *const *names, const char *name) {
  uint32_t i = 0;
  while (strcmp(names[i], name) != 0) i++;
  return i;
}

static const qrt_step *convert_steps(job *j, const char *const *names) {
  const ir_plan *p = j->m->plan;
  qrt_step *steps = ARENA_ARRAY(j->mem, qrt_step, p->steps.len);
  for (size_t i = 0; i < p->steps.len; i++)
    convert_step(p->steps.data[i], find_name(names, p->steps.data[i]->kernel), &steps[i]);
  return steps;
}

// The verifier has seen that these sizes fit.
static qrt_size port_bytes(const ir_type *t) {
  uint64_t bytes = elem_get(t->elem)->bits / 8;
  bool batched = t->rank > 0 && t->dims[0] == IR_BATCH;
  for (unsigned i = batched; i < t->rank; i++) bytes *= (uint64_t)t->dims[i];
  return batched ? (qrt_size){.per_batch = bytes} : (qrt_size){.fixed = bytes};
}

static const qrt_port *convert_ports(job *j, const ir_port *ports, size_t count) {
  qrt_port *out = ARENA_ARRAY(j->mem, qrt_port, count);
  for (size_t i = 0; i < count; i++) out[i] = (qrt_port){ports[i].name, port_bytes(&ports[i].type)};
  return out;
}

static const qrt_kernel *find_kernels(job *j, cg_jit *jit, const cg_options *co, const target_tier *tier,
                                      const char *const *names, size_t count) {
  qrt_kernel *kernels = ARENA_ARRAY(j->mem, qrt_kernel, count);
  for (size_t i = 0; i < count; i++) {
    kernels[i] = cg_jit_kernel(jit, cg_kernel_symbol(j->mem, co, tier, names[i]));
    if (kernels[i] == NULL) return NULL;
  }
  return kernels;
}

const qrt_plan *live_plan_new(job *j, cg_jit *jit, const cg_options *co, const target_tier *tier, uint64_t model_id) {
  const ir_plan *p = j->m->plan;
  const char *const *names;
  size_t count = lower_kernel_names(j->mem, j->m, &names);
  qrt_tier *t = ARENA_NEW(j->mem, qrt_tier);
  *t = (qrt_tier){tier->name, tier->cpu_features, find_kernels(j, jit, co, tier, names, count)};
  if (t->kernels == NULL) return NULL;
  qrt_plan *out = ARENA_NEW(j->mem, qrt_plan);
  *out = (qrt_plan){.abi_version = QRT_ABI_VERSION,
                    .tier_count = 1,
                    .step_count = (uint32_t)p->steps.len,
                    .input_count = (uint32_t)p->input_count,
                    .output_count = (uint32_t)p->output_count,
                    .max_batch = p->max_batch,
                    .model_id = model_id,
                    .weights_size = p->weights_size,
                    .workspace = convert_size(p->workspace),
                    .name = j->m->name,
                    .tiers = t,
                    .steps = convert_steps(j, names),
                    .inputs = convert_ports(j, p->inputs, p->input_count),
                    .outputs = convert_ports(j, p->outputs, p->output_count)};
  return out;
}

// From the plan in memory to its bytes: a batch of one number is a constant, any other the only symbol.
#include "ir/plan_write.h"

#include "ir/plan_bytes.h"

typedef struct writing {
  plan_writer w;
  const ir_plan *plan;
  plan_extent batch;
  name_map kernels; // name -> its place in the list of names
  const char *const *names;
} writing;

size_t ir_plan_kernels(arena *a, const ir_plan *plan, const char *const **kernels) {
  const char **names = ARENA_ARRAY(a, const char *, plan->steps.len + 1);
  name_map seen = {.mem = a};
  size_t count = 0;
  for (size_t i = 0; i < plan->steps.len; i++) {
    const char *name = plan->steps.data[i]->kernel;
    if (name_map_get(&seen, name) != NULL) continue;
    name_map_set(&seen, name, names);
    names[count++] = name;
  }
  *kernels = names;
  return count;
}

static plan_extent extent_of(writing *t, ir_size size) {
  plan_writer *w = &t->w;
  plan_extent scaled = plan_combine(w, QRT_PLAN_MUL, t->batch, plan_constant(w, size.per_batch));
  return plan_combine(w, QRT_PLAN_ADD, scaled, plan_constant(w, size.fixed));
}

// ---- ports -----------------------------------------------------------------------------------------------

static const struct port_element {
  elem_type elem;
  qrt_element element;
} port_elements[] = {{ELEM_F32, QRT_F32}, {ELEM_F16, QRT_F16}, {ELEM_BF16, QRT_BF16},
                     {ELEM_I8, QRT_I8},   {ELEM_U8, QRT_U8},   {ELEM_I16, QRT_I16},
                     {ELEM_U16, QRT_U16}, {ELEM_I32, QRT_I32}, {ELEM_I64, QRT_I64}};

static bool write_port(diag *d, writing *t, const ir_port *port, bool input) {
  plan_extent dims[IR_MAX_RANK];
  for (unsigned i = 0; i < port->type.rank; i++)
    dims[i] = port->type.dims[i] == IR_BATCH ? t->batch : plan_constant(&t->w, (uint64_t)port->type.dims[i]);
  for (size_t i = 0; i < sizeof port_elements / sizeof *port_elements; i++) {
    if (port_elements[i].elem != port->type.elem) continue;
    plan_add_port(&t->w, input, port->name, port_elements[i].element, port->type.rank, dims);
    return true;
  }
  diag_error(d, SRC_NOWHERE, "no program can pass '%s' of type %s", port->name, elem_get(port->type.elem)->name);
  return false;
}

static bool write_ports(diag *d, writing *t) {
  const ir_plan *p = t->plan;
  bool ok = true;
  for (size_t i = 0; i < p->input_count; i++) ok = write_port(d, t, &p->inputs[i], true) && ok;
  for (size_t i = 0; i < p->output_count; i++) ok = write_port(d, t, &p->outputs[i], false) && ok;
  return ok;
}

// ---- steps -----------------------------------------------------------------------------------------------

static const qrt_space spaces[] = {[IR_SPACE_NONE] = QRT_NONE,
                                   [IR_SPACE_INPUT] = QRT_INPUT,
                                   [IR_SPACE_OUTPUT] = QRT_OUTPUT,
                                   [IR_SPACE_WEIGHTS] = QRT_WEIGHTS,
                                   [IR_SPACE_WORKSPACE] = QRT_WORKSPACE};

static void write_step(writing *t, const ir_step *s) {
  uint64_t *buffers = ARENA_ARRAY(t->w.mem, uint64_t, s->buffer_count);
  plan_extent *sizes = ARENA_ARRAY(t->w.mem, plan_extent, s->size_count);
  for (size_t i = 0; i < s->buffer_count; i++) {
    const ir_ref *r = &s->buffers[i];
    buffers[i] = plan_buffer(&t->w, spaces[r->space], r->index, extent_of(t, r->offset));
  }
  for (size_t i = 0; i < s->size_count; i++) sizes[i] = extent_of(t, s->sizes[i]);
  const char **kernel = name_map_get(&t->kernels, s->kernel);
  plan_step step = {.kernel = (uint64_t)(kernel - t->names),
                    .buffer_count = s->buffer_count,
                    .buffers = buffers,
                    .size_count = s->size_count,
                    .sizes = sizes,
                    .work = extent_of(t, s->work),
                    .grain = s->grain};
  plan_add_step(&t->w, &step);
}

// ---- the plan --------------------------------------------------------------------------------------------

// A program gives a batch of 1 to a model without one.
static plan_extent make_batch(plan_writer *w, const ir_plan *plan) {
  return plan->max_batch == 1 ? plan_constant(w, 1) : plan_add_symbol(w, "batch", 1, plan->max_batch);
}

bool ir_plan_write(diag *d, arena *a, const ir_module *m, uint64_t model_id, plan_image *out) {
  const ir_plan *plan = m->plan;
  writing t = {.plan = plan, .kernels = {.mem = a}};
  size_t count = ir_plan_kernels(a, plan, &t.names);
  for (size_t i = 0; i < count; i++) name_map_set(&t.kernels, t.names[i], (void *)(uintptr_t)&t.names[i]);
  plan_writer_start(&t.w, a);
  t.batch = make_batch(&t.w, plan);
  plan_set_workspace(&t.w, extent_of(&t, plan->workspace));
  if (!write_ports(d, &t)) return false;
  t.w.later = true;
  for (size_t i = 0; i < plan->steps.len; i++) write_step(&t, plan->steps.data[i]);
  plan_header header = {.name = m->name, .model_id = model_id, .weights_size = plan->weights_size, .kernels = count};
  plan_bytes bytes = plan_writer_finish(&t.w, &header);
  if (bytes.data == NULL) diag_error(d, SRC_NOWHERE, "the plan of '%s' %s", m->name, t.w.problem);
  *out = (plan_image){.bytes = bytes.data,
                      .size = bytes.size,
                      .kernel_count = count,
                      .kernels = t.names,
                      .slot_bytes = bytes.slot_bytes};
  return bytes.data != NULL;
}

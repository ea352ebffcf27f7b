#include "tiny.h"

#include <string.h>

static const uint64_t row_bytes = TINY_COLUMNS * sizeof(float);

// out = x op w, row after row. Buffers: x, w, out. Sizes: bytes of a row.
static void add_kernel(ir_module *m, const char *name, ir_opcode code) {
  ir_func *f = ir_func_new(m, name, IR_FUNC_KERNEL);
  ir_builder b = {.mem = m->mem, .func = f, .block = f->body};
  ir_value *x = ir_add_param(&b, f->body, ir_buffer(), "x");
  ir_value *w = ir_add_param(&b, f->body, ir_buffer(), "w");
  ir_value *out = ir_add_param(&b, f->body, ir_buffer(), "out");
  ir_value *bytes = ir_add_param(&b, f->body, ir_index(), "bytes");
  ir_value *begin = ir_add_param(&b, f->body, ir_index(), "begin");
  ir_value *end = ir_add_param(&b, f->body, ir_index(), "end");
  ir_type row = ir_vector(ELEM_F32, TINY_COLUMNS);
  ir_loop loop = ir_begin_for(&b, begin, end, ir_index_const(&b, 1), 0, NULL, NULL);
  ir_value *at = ir_emit2(&b, IR_IMUL, ir_index(), loop.index, bytes);
  ir_value *factor = ir_emit2(&b, IR_LOAD, row, w, ir_index_const(&b, 0));
  ir_value *v = ir_emit2(&b, code, row, ir_emit2(&b, IR_LOAD, row, x, at), factor);
  ir_emit(&b, IR_STORE, NULL, 3, (ir_value *[]){out, at, v}, 0, NULL);
  ir_end_for(&b, loop, 0, NULL, NULL);
}

static ir_step *new_step(arena *a, const char *kernel, ir_space from, ir_space to) {
  ir_step *s = ARENA_NEW(a, ir_step);
  *s = (ir_step){.kernel = kernel, .layer = kernel, .buffer_count = 3, .size_count = 1, .work = {0, 1}, .grain = 1};
  s->buffers = ARENA_ARRAY(a, ir_ref, 3);
  s->buffers[0] = (ir_ref){.space = from};
  s->buffers[1] = (ir_ref){.space = IR_SPACE_WEIGHTS};
  s->buffers[2] = (ir_ref){.space = to};
  s->sizes = ARENA_NEW(a, ir_size);
  s->sizes[0].fixed = row_bytes;
  return s;
}

ir_module *tiny_module(arena *a, unsigned more) {
  static const int64_t dims[] = {IR_BATCH, TINY_COLUMNS};
  ir_module *m = ir_module_new(a, "tiny");
  m->max_batch = 100;
  add_kernel(m, "times", IR_FMUL);
  add_kernel(m, "plus", IR_FADD);
  m->plan = ARENA_NEW(a, ir_plan);
  *m->plan = (ir_plan){.input_count = 1, .output_count = 1, .weights_size = 64, .max_batch = 100};
  m->plan->workspace = (ir_size){.fixed = 0, .per_batch = 64 * (UINT64_C(1) + more)};
  m->plan->inputs = ARENA_NEW(a, ir_port);
  m->plan->outputs = ARENA_NEW(a, ir_port);
  m->plan->inputs[0] = (ir_port){"x", ir_tensor(ELEM_F32, 2, dims)};
  m->plan->outputs[0] = (ir_port){"y", ir_tensor(ELEM_F32, 2, dims)};
  vec_push(a, &m->plan->steps, new_step(a, "times", IR_SPACE_INPUT, IR_SPACE_WORKSPACE));
  vec_push(a, &m->plan->steps, new_step(a, "plus", IR_SPACE_WORKSPACE, IR_SPACE_OUTPUT));
  for (unsigned i = 0; i < more; i++) {
    ir_step *s = new_step(a, "times", IR_SPACE_INPUT, IR_SPACE_WORKSPACE);
    s->buffers[2].offset.per_batch = 64 * (UINT64_C(1) + i);
    vec_push(a, &m->plan->steps, s);
  }
  return m;
}

cg_bytes tiny_weights(arena *a) {
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, 128);
  for (int i = 0; i < TINY_COLUMNS; i++) memcpy(bytes + 64 + 4 * i, &(float){(float)(i + 1)}, 4);
  qrt_weights_header h = {.version = QRT_WEIGHTS_VERSION, .file_size = 128, .payload_offset = 64, .payload_size = 64};
  memcpy(h.magic, QRT_WEIGHTS_MAGIC, sizeof h.magic);
  h.model_id = TINY_ID;
  h.digest = qrt_digest(bytes + 64, 64);
  memcpy(bytes, &h, sizeof h);
  return (cg_bytes){.data = bytes, .size = 128};
}

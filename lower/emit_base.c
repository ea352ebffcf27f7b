// Shorthand over ir/build.c for the emitters of kernels.
#include "lower/emit_base.h"

ir_type emit_f32(uint32_t lanes) { return ir_vector(ELEM_F32, lanes); }

ir_type emit_i32(uint32_t lanes) { return ir_vector(ELEM_I32, lanes); }

// ---- indices

static ir_value *index2(ir_builder *b, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(b, code, ir_index(), x, y);
}

ir_value *emit_index(ir_builder *b, uint64_t value) { return ir_index_const(b, value); }

ir_value *emit_index_add(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IADD, x, y); }

ir_value *emit_index_sub(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_ISUB, x, y); }

ir_value *emit_index_mul(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IMUL, x, y); }

ir_value *emit_index_div(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IDIV, x, y); }

ir_value *emit_index_rem(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IREM, x, y); }

ir_value *emit_index_min(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IMIN, x, y); }

ir_value *emit_index_max(ir_builder *b, ir_value *x, ir_value *y) {
  return emit_index_add(b, x, emit_index_minus(b, y, x));
}

ir_value *emit_index_scale(ir_builder *b, ir_value *x, uint64_t factor) {
  return factor == 1 ? x : emit_index_mul(b, x, emit_index(b, factor));
}

ir_value *emit_index_offset(ir_builder *b, ir_value *x, uint64_t addend) {
  return addend == 0 ? x : emit_index_add(b, x, emit_index(b, addend));
}

ir_value *emit_index_floor(ir_builder *b, ir_value *x, uint64_t multiple) {
  return emit_index_scale(b, emit_index_div(b, x, emit_index(b, multiple)), multiple);
}

ir_value *emit_index_ceil_div(ir_builder *b, ir_value *x, uint64_t divisor) {
  return emit_index_div(b, emit_index_offset(b, x, divisor - 1), emit_index(b, divisor));
}

ir_value *emit_index_minus(ir_builder *b, ir_value *x, ir_value *y) {
  return emit_index_sub(b, x, emit_index_min(b, x, y));
}

// ---- memory

ir_value *emit_load(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, ir_value *count) {
  if (count == NULL) return ir_emit2(b, IR_LOAD, type, buffer, offset);
  return ir_emit3(b, IR_LOAD_FIRST, type, buffer, offset, count);
}

void emit_store(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *vector, ir_value *count) {
  ir_value *const operands[] = {buffer, offset, vector, count};
  ir_emit(b, count == NULL ? IR_STORE : IR_STORE_FIRST, NULL, count == NULL ? 3 : 4, operands, 0, NULL);
}

ir_value *emit_load_splat(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset) {
  return ir_emit2(b, IR_LOAD_SPLAT, type, buffer, offset);
}

// ---- vectors

ir_value *emit_splat(ir_builder *b, ir_value *one, uint32_t lanes) {
  return ir_emit1(b, IR_SPLAT, ir_vector(one->type.elem, lanes), one);
}

static ir_value *float2(ir_builder *b, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(b, code, x->type, x, y);
}

ir_value *emit_fadd(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FADD, x, y); }

ir_value *emit_fsub(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FSUB, x, y); }

ir_value *emit_fmul(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FMUL, x, y); }

ir_value *emit_fdiv(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FDIV, x, y); }

ir_value *emit_real(ir_builder *b, ir_value *like, double value) {
  return ir_vector_real(b, emit_f32(like->type.lanes), value);
}

ir_value *emit_int(ir_builder *b, ir_value *like, int64_t value) {
  return ir_vector_int(b, emit_i32(like->type.lanes), value);
}

ir_value *emit_bits(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_BITCAST, emit_i32(x->type.lanes), x); }

ir_value *emit_floats(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_BITCAST, emit_f32(x->type.lanes), x); }

// ---- functions

static size_t name_count(const char *const *names) {
  size_t n = 0;
  while (names[n] != NULL) n++;
  return n;
}

static ir_value **add_params(ir_builder *b, ir_type type, const char *const *names) {
  size_t n = name_count(names);
  ir_value **values = ARENA_ARRAY(b->mem, ir_value *, n + 1);
  for (size_t i = 0; i < n; i++) values[i] = ir_add_param(b, b->func->body, type, names[i]);
  return values;
}

ir_func *emit_begin_kernel(ir_module *m, ir_builder *b, const char *name, const char *const *buffers,
                           const char *const *sizes, emit_params *out) {
  ir_func *f = ir_func_new(m, name, IR_FUNC_KERNEL);
  *b = (ir_builder){.mem = m->mem, .func = f, .block = f->body};
  out->buffers = add_params(b, ir_buffer(), buffers);
  out->sizes = add_params(b, ir_index(), sizes);
  out->begin = ir_add_param(b, f->body, ir_index(), "begin");
  out->end = ir_add_param(b, f->body, ir_index(), "end");
  return f;
}

void emit_end_kernel(ir_builder *b) { b->block = NULL; }

ir_loop emit_begin_loop(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step) {
  return ir_begin_for(b, lo, hi, step, 0, NULL, NULL);
}

void emit_end_loop(ir_builder *b, ir_loop loop) { ir_end_for(b, loop, 0, NULL, NULL); }

// Shorthand over ir/build.c for the emitters of kernels.
#include "kernel/emit_base.h"

ir_type lo_f32(uint32_t lanes) { return ir_vector(ELEM_F32, lanes); }

ir_type lo_i32(uint32_t lanes) { return ir_vector(ELEM_I32, lanes); }

// ---- indices

static ir_value *index2(ir_builder *b, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(b, code, ir_index(), x, y);
}

ir_value *lo_index(ir_builder *b, uint64_t value) { return ir_index_const(b, value); }

ir_value *lo_index_add(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IADD, x, y); }

ir_value *lo_index_sub(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_ISUB, x, y); }

ir_value *lo_index_mul(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IMUL, x, y); }

ir_value *lo_index_div(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IDIV, x, y); }

ir_value *lo_index_rem(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IREM, x, y); }

ir_value *lo_index_min(ir_builder *b, ir_value *x, ir_value *y) { return index2(b, IR_IMIN, x, y); }

ir_value *lo_index_max(ir_builder *b, ir_value *x, ir_value *y) { return lo_index_add(b, x, lo_index_minus(b, y, x)); }

ir_value *lo_index_scale(ir_builder *b, ir_value *x, uint64_t factor) {
  return factor == 1 ? x : lo_index_mul(b, x, lo_index(b, factor));
}

ir_value *lo_index_offset(ir_builder *b, ir_value *x, uint64_t addend) {
  return addend == 0 ? x : lo_index_add(b, x, lo_index(b, addend));
}

ir_value *lo_index_floor(ir_builder *b, ir_value *x, uint64_t multiple) {
  return lo_index_scale(b, lo_index_div(b, x, lo_index(b, multiple)), multiple);
}

ir_value *lo_index_ceil_div(ir_builder *b, ir_value *x, uint64_t divisor) {
  return lo_index_div(b, lo_index_offset(b, x, divisor - 1), lo_index(b, divisor));
}

ir_value *lo_index_minus(ir_builder *b, ir_value *x, ir_value *y) { return lo_index_sub(b, x, lo_index_min(b, x, y)); }

// ---- memory

// Every layout keeps elements at multiples of their size; machines that load no other way need to know.
static ir_attr element_align(ir_type type) { return ir_int(IR_ATTR_ALIGN, elem_get(type.elem)->bits / 8); }

ir_value *lo_load(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, ir_value *count) {
  ir_attr align = element_align(type);
  ir_value *const operands[] = {buffer, offset, count};
  return ir_emit(b, count == NULL ? IR_LOAD : IR_LOAD_FIRST, &type, count == NULL ? 2 : 3, operands, 1, &align);
}

ir_value *lo_load_aligned(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, uint64_t align) {
  ir_attr attr = ir_int(IR_ATTR_ALIGN, (int64_t)align);
  return ir_emit(b, IR_LOAD, &type, 2, (ir_value *[]){buffer, offset}, 1, &attr);
}

void lo_store(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *vector, ir_value *count) {
  ir_attr align = element_align(vector->type);
  ir_value *const operands[] = {buffer, offset, vector, count};
  ir_emit(b, count == NULL ? IR_STORE : IR_STORE_FIRST, NULL, count == NULL ? 3 : 4, operands, 1, &align);
}

ir_value *lo_load_splat(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset) {
  ir_attr align = element_align(type);
  return ir_emit(b, IR_LOAD_SPLAT, &type, 2, (ir_value *[]){buffer, offset}, 1, &align);
}

// ---- vectors

ir_value *lo_splat(ir_builder *b, ir_value *one, uint32_t lanes) {
  return ir_emit1(b, IR_SPLAT, ir_vector(one->type.elem, lanes), one);
}

static ir_value *float2(ir_builder *b, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(b, code, x->type, x, y);
}

ir_value *lo_fadd(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FADD, x, y); }

ir_value *lo_fsub(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FSUB, x, y); }

ir_value *lo_fmul(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FMUL, x, y); }

ir_value *lo_fdiv(ir_builder *b, ir_value *x, ir_value *y) { return float2(b, IR_FDIV, x, y); }

ir_value *lo_real(ir_builder *b, ir_value *like, double value) {
  return ir_vector_real(b, lo_f32(like->type.lanes), value);
}

ir_value *lo_int(ir_builder *b, ir_value *like, int64_t value) {
  return ir_vector_int(b, lo_i32(like->type.lanes), value);
}

ir_value *lo_bits(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_BITCAST, lo_i32(x->type.lanes), x); }

ir_value *lo_floats(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_BITCAST, lo_f32(x->type.lanes), x); }

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

ir_func *lo_begin_kernel(ir_module *m, ir_builder *b, const char *name, const char *const *buffers,
                         const char *const *sizes, lo_params *out) {
  ir_func *f = ir_func_new(m, name, IR_FUNC_KERNEL);
  *b = (ir_builder){.mem = m->mem, .func = f, .block = f->body};
  out->buffers = add_params(b, ir_buffer(), buffers);
  out->sizes = add_params(b, ir_index(), sizes);
  out->begin = ir_add_param(b, f->body, ir_index(), "begin");
  out->end = ir_add_param(b, f->body, ir_index(), "end");
  return f;
}

void lo_end_kernel(ir_builder *b) { b->block = NULL; }

ir_loop lo_begin_loop(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step) {
  return ir_begin_for(b, lo, hi, step, 0, NULL, NULL);
}

void lo_end_loop(ir_builder *b, ir_loop loop) { ir_end_for(b, loop, 0, NULL, NULL); }

#include "samples.h"

typedef struct kernel {
  ir_builder b;
  ir_value *buffer;
  ir_value *offset;
  ir_value *count;
  ir_value *begin;
  ir_value *end;
  ir_value *f32;
  ir_value *i32;
  ir_value *i16;
  ir_value *i8;
  ir_value *f16;
} kernel;

static ir_type f32x4(void) { return ir_vector(ELEM_F32, 4); }
static ir_type i32x4(void) { return ir_vector(ELEM_I32, 4); }

static kernel start(arena *mem, ir_module *m) {
  ir_func *f = ir_func_new(m, "all of it", IR_FUNC_KERNEL);
  kernel k = {.b = {.mem = mem, .func = f, .block = f->body}};
  k.buffer = ir_add_param(&k.b, f->body, ir_buffer(), "in put");
  k.offset = ir_add_param(&k.b, f->body, ir_index(), "offset");
  k.count = ir_add_param(&k.b, f->body, ir_index(), "offset");
  k.begin = ir_add_param(&k.b, f->body, ir_index(), "begin");
  k.end = ir_add_param(&k.b, f->body, ir_index(), NULL);
  return k;
}

static void emit_indices(kernel *k) {
  static const ir_opcode codes[] = {IR_IADD, IR_ISUB, IR_IMUL, IR_IDIV, IR_IREM, IR_IMIN};
  ir_value *x = ir_index_const(&k->b, UINT64_MAX);
  ir_type type = ir_index();
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) x = ir_emit2(&k->b, codes[i], type, x, k->offset);
  ir_emit(&k->b, IR_THREAD, &type, 0, NULL, 0, NULL);
  ir_emit(&k->b, IR_THREADS, &type, 0, NULL, 0, NULL);
}

static void emit_memory(kernel *k) {
  ir_builder *b = &k->b;
  k->f32 = ir_emit2(b, IR_LOAD, f32x4(), k->buffer, k->offset);
  k->i32 = ir_emit2(b, IR_LOAD_SPLAT, i32x4(), k->buffer, k->offset);
  k->i16 = ir_emit3(b, IR_LOAD_FIRST, ir_vector(ELEM_I16, 8), k->buffer, k->offset, k->count);
  k->i8 = ir_emit2(b, IR_LOAD, ir_vector(ELEM_I8, 16), k->buffer, k->offset);
  ir_type buffer = ir_buffer();
  ir_attr bytes = ir_int(IR_ATTR_VALUE, 256);
  ir_emit(b, IR_SCRATCH, &buffer, 0, NULL, 1, &bytes);
  static const uint8_t own[] = {1, 2, 3, 255};
  ir_attr data = ir_bytes(IR_ATTR_TABLE, own, sizeof own);
  ir_emit(b, IR_DATA, &buffer, 0, NULL, 1, &data);
  ir_attr once = ir_int(IR_ATTR_ONCE, 1);
  ir_emit(b, IR_PREFETCH, NULL, 2, (ir_value *[]){k->buffer, k->offset}, 1, &once);
  k->f16 = ir_emit2(b, IR_GATHER, ir_vector(ELEM_F16, 4), k->buffer, k->i32);
  ir_emit3(b, IR_GATHER, ir_vector(ELEM_I8, 4), k->buffer, k->i32, k->offset);
  ir_attr align = ir_int(IR_ATTR_ALIGN, 64);
  ir_emit(b, IR_STORE, NULL, 3, (ir_value *[]){k->buffer, k->offset, k->f32}, 1, &align);
  ir_emit(b, IR_STORE_FIRST, NULL, 4, (ir_value *[]){k->buffer, k->offset, k->i16, k->count}, 0, NULL);
}

static void emit_integers(kernel *k) {
  static const ir_opcode pairs[] = {IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_SMIN, IR_SMAX};
  static const ir_opcode shifts[] = {IR_SHL, IR_SHR, IR_SAR};
  ir_builder *b = &k->b;
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    k->i16 = ir_emit2(b, pairs[i], k->i16->type, k->i16, k->i16);
  for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++)
    k->i32 = ir_emit_attr(b, shifts[i], i32x4(), k->i32, ir_int(IR_ATTR_SHIFT, 31));
  ir_type bytes = ir_vector(ELEM_I8, 16);
  ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, 4), ir_int(IR_ATTR_MASK, 15)};
  k->i8 = ir_emit(b, IR_BITS, &bytes, 1, &k->i8, 2, attrs);
  ir_value *wide = ir_emit1(b, IR_ZEXT, ir_vector(ELEM_I32, 16), k->i8);
  ir_emit1(b, IR_SEXT, ir_vector(ELEM_I16, 16), k->i8);
  ir_emit1(b, IR_TRUNC, bytes, wide);
  ir_emit1(b, IR_REDUCE_ADD, ir_vector(ELEM_I16, 1), k->i16);
  k->i8 = ir_emit1(b, IR_POPCOUNT, bytes, k->i8);
}

static void emit_quantized(kernel *k) {
  uint8_t table[16] = {0, 1, 254, 255};
  double levels[4] = {-1.0, -0.0, 0.1f, 0x1p-149};
  ir_builder *b = &k->b;
  ir_type i32 = i32x4(), bytes = k->i8->type, f32 = f32x4();
  ir_value *looked_up = ir_emit_attr(b, IR_LOOKUP, bytes, k->i8, ir_bytes(IR_ATTR_TABLE, table, 16));
  ir_attr umax = ir_int(IR_ATTR_UMAX, 15);
  ir_emit(b, IR_DOT4, &i32, 3, (ir_value *[]){k->i32, k->i8, looked_up}, 1, &umax);
  ir_emit(b, IR_DOT4, &i32, 3, (ir_value *[]){k->i32, k->i8, k->i8}, 0, NULL);
  ir_emit3(b, IR_DOT4S, i32, k->i32, looked_up, looked_up);
  ir_emit(b, IR_DOT4S, &i32, 3, (ir_value *[]){k->i32, k->i8, looked_up}, 1, &umax);
  ir_type i16 = ir_vector(ELEM_I16, 8);
  ir_value *low = ir_emit1(b, IR_BITCAST, i16, looked_up), *args[] = {low, k->i8, looked_up};
  ir_value *sums = ir_emit(b, IR_PAIRS_U, &i16, 3, args, 1, &umax);
  ir_emit3(b, IR_PAIRS_S, i32, k->i32, sums, low);
  ir_type pairs = ir_vector(ELEM_BF16, 8);
  ir_value *words = ir_emit1(b, IR_BITCAST, ir_vector(ELEM_I16, 8), k->i8);
  ir_value *found = ir_emit_attr(b, IR_LOOKUP_BF16, pairs, words, ir_reals(IR_ATTR_LEVELS, levels, 2));
  ir_emit3(b, IR_DOT2, f32, k->f32, found, found);
  ir_value *tiles[] = {k->buffer, k->offset, k->buffer, k->offset, k->buffer, k->offset};
  ir_attr rows = ir_int(IR_ATTR_VALUE, 8);
  ir_emit(b, IR_TILE_DOT, NULL, 6, tiles, 1, &rows);
  ir_emit(b, IR_TILE_PAIRS, NULL, 6, tiles, 1, &rows);
  ir_value *level = ir_emit_attr(b, IR_LOOKUP_F32, f32, k->i32, ir_reals(IR_ATTR_LEVELS, levels, 4));
  ir_emit2(b, IR_LOOKUP_VECTOR, f32, k->i32, level);
}

static void emit_floats(kernel *k) {
  static const ir_opcode pairs[] = {IR_FADD, IR_FSUB, IR_FMUL, IR_FDIV, IR_FMIN, IR_FMAX};
  static const ir_opcode singles[] = {IR_FNEG, IR_FABS, IR_FSQRT};
  ir_builder *b = &k->b;
  ir_type f32 = f32x4(), half = ir_vector(ELEM_BF16, 4);
  ir_value *x = ir_emit1(b, IR_ITOF, f32, k->i32);
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) x = ir_emit2(b, pairs[i], f32, x, k->f32);
  for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) x = ir_emit1(b, singles[i], f32, x);
  ir_attr exact = ir_int(IR_ATTR_EXACT, 1);
  x = ir_emit(b, IR_FMA, &f32, 3, (ir_value *[]){x, x, k->f32}, 1, &exact);
  ir_emit(b, IR_SELECT_LT, &k->f16->type, 4, (ir_value *[]){x, k->f32, k->f16, k->f16}, 0, NULL);
  ir_emit1(b, IR_FTOI, i32x4(), x);
  ir_emit1(b, IR_EXTF, f32, k->f16);
  ir_emit1(b, IR_TRUNCF, half, x);
  x = ir_emit_attr(b, IR_BUTTERFLY, f32, x, ir_int(IR_ATTR_VALUE, 2));
  ir_emit1(b, IR_REDUCE_FADD, ir_vector(ELEM_F32, 1), x);
  ir_emit1(b, IR_REDUCE_FMAX, ir_vector(ELEM_F32, 1), x);
}

static ir_value *emit_masks(kernel *k, ir_value *i64, ir_value *f64) {
  static const ir_opcode ints[] = {IR_LT, IR_LE, IR_EQ}, reals[] = {IR_FLT, IR_FLE, IR_FEQ};
  ir_builder *b = &k->b;
  ir_type mask = ir_vector(ELEM_U1, i64->type.lanes);
  ir_value *m = ir_vector_int(b, mask, 1);
  for (size_t i = 0; i < 3; i++) m = ir_emit2(b, IR_AND, mask, m, ir_emit2(b, ints[i], mask, i64, i64));
  for (size_t i = 0; i < 3; i++) m = ir_emit2(b, IR_OR, mask, m, ir_emit2(b, reals[i], mask, f64, f64));
  ir_emit3(b, IR_SELECT, mask, m, m, m);
  ir_emit1(b, IR_SEXT, i64->type, m);
  ir_emit1(b, IR_REDUCE_AND, ir_vector(ELEM_U1, 1), m);
  ir_emit1(b, IR_TO_INDEX, ir_index(), ir_emit1(b, IR_REDUCE_OR, ir_vector(ELEM_U1, 1), m));
  return m;
}

static void emit_wide(kernel *k) {
  static const ir_opcode pairs[] = {IR_ADD, IR_MUL, IR_DIV, IR_MOD, IR_SHLV, IR_SHRV, IR_SARV};
  static const ir_opcode reals[] = {IR_FFLOOR, IR_FCEIL, IR_FTRUNC, IR_FROUND, IR_FROUND_AWAY, IR_FSQRT};
  static const ir_opcode int_sums[] = {IR_REDUCE_MUL, IR_REDUCE_SMIN, IR_REDUCE_SMAX};
  static const ir_opcode real_sums[] = {IR_REDUCE_FMUL, IR_REDUCE_FMINIMUM, IR_REDUCE_FMAXIMUM};
  ir_builder *b = &k->b;
  ir_type i64 = ir_vector(ELEM_I64, 2), f64 = ir_vector(ELEM_F64, 2);
  ir_value *x = ir_emit(b, IR_IOTA, &i64, 0, NULL, 0, NULL);
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) x = ir_emit2(b, pairs[i], i64, x, x);
  x = ir_emit1(b, IR_ABS, i64, x);
  ir_value *y = ir_emit1(b, IR_ITOF, f64, x);
  for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) y = ir_emit1(b, reals[i], f64, y);
  y = ir_emit2(b, IR_FMAXIMUM, f64, ir_emit2(b, IR_FMINIMUM, f64, y, y), ir_vector_real(b, f64, 0.1));
  ir_emit1(b, IR_EXTF, f64, ir_emit1(b, IR_TRUNCF, ir_vector(ELEM_F32, 2), y));
  ir_value *m = emit_masks(k, x, y);
  x = ir_emit3(b, IR_SELECT, i64, m, x, ir_emit1(b, IR_FTOI_SAT, i64, y));
  for (size_t i = 0; i < 3; i++) ir_emit1(b, int_sums[i], ir_vector(ELEM_I64, 1), x);
  for (size_t i = 0; i < 3; i++) ir_emit1(b, real_sums[i], ir_vector(ELEM_F64, 1), y);
}

static void emit_moves(kernel *k) {
  ir_builder *b = &k->b;
  ir_value *one = ir_emit1(b, IR_FROM_INDEX, ir_vector(ELEM_I32, 1), k->offset);
  ir_emit1(b, IR_SPLAT, i32x4(), one);
  ir_emit1(b, IR_TO_INDEX, ir_index(), one);
  ir_value *halves = ir_emit1(b, IR_BITCAST, ir_vector(ELEM_BF16, 2), one);
  static const uint8_t lanes[] = {1, 0, 3};
  ir_attr order = ir_bytes(IR_ATTR_TABLE, lanes, sizeof lanes);
  ir_type three = ir_vector(ELEM_BF16, sizeof lanes);
  ir_emit(b, IR_SHUFFLE, &three, 2, (ir_value *[]){halves, halves}, 1, &order);
  ir_vector_int(b, ir_vector(ELEM_I8, 3), -128);
  ir_vector_real(b, ir_vector(ELEM_F16, 5), 0.1);
}

// A loop in a loop; the inner one carries nothing, the outer one an index and a vector.
static void emit_loops(kernel *k) {
  ir_builder *b = &k->b;
  ir_value *one = ir_index_const(b, 1);
  ir_value *inits[] = {one, ir_vector_real(b, f32x4(), 0)};
  ir_value *carried[2], *results[2];
  ir_loop outer = ir_begin_for(b, k->begin, k->end, one, 2, inits, carried);
  outer.op->attr_count = 1;
  outer.op->attrs = ARENA_NEW(b->mem, ir_attr);
  outer.op->attrs[0] = ir_int(IR_ATTR_UNROLL, 4);
  ir_loop inner = ir_begin_for(b, one, outer.index, one, 0, NULL, NULL);
  ir_emit(b, IR_STORE, NULL, 3, (ir_value *[]){k->buffer, inner.index, carried[1]}, 0, NULL);
  ir_end_for(b, inner, 0, NULL, NULL);
  ir_value *sum = ir_emit2(b, IR_FADD, f32x4(), carried[1], k->f32);
  ir_end_for(b, outer, 2, (ir_value *[]){ir_emit2(b, IR_IADD, ir_index(), carried[0], outer.index), sum}, results);
  ir_emit(b, IR_STORE, NULL, 3, (ir_value *[]){k->buffer, results[0], results[1]}, 0, NULL);
}

ir_module *sample_kernels(arena *mem) {
  ir_module *m = ir_module_new(mem, "kernels \"of\" a\\tier\x01");
  kernel k = start(mem, m);
  emit_indices(&k);
  emit_memory(&k);
  emit_integers(&k);
  emit_quantized(&k);
  emit_floats(&k);
  emit_wide(&k);
  emit_moves(&k);
  emit_loops(&k);
  return m;
}

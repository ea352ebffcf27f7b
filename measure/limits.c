#include "measure/limits.h"

#include "lower/emit_base.h"

#define READ_VECTORS 8

static void store_chains(ir_builder *b, ir_value *sink, ir_value *const *chains, size_t count, ir_opcode add) {
  ir_value *sum = chains[0];
  for (size_t i = 1; i < count; i++) sum = ir_emit2(b, add, sum->type, sum, chains[i]);
  lo_store(b, sink, lo_index(b, 0), sum, NULL);
}

static void emit_read(ir_module *m, const target_tier *tier) {
  ir_builder b;
  lo_params params;
  static const char *const buffers[] = {"data", "sink", NULL};
  static const char *const sizes[] = {"item_bytes", NULL};
  lo_begin_kernel(m, &b, "limit_read", buffers, sizes, &params);
  ir_type type = ir_vector(ELEM_I32, tier->lanes);
  uint64_t step = READ_VECTORS * 4ull * tier->lanes;
  ir_value *chains[READ_VECTORS];
  for (size_t i = 0; i < READ_VECTORS; i++) chains[i] = ir_vector_int(&b, type, (int64_t)i);
  ir_value *lo = lo_index_mul(&b, params.begin, params.sizes[0]), *hi = lo_index_mul(&b, params.end, params.sizes[0]);
  ir_loop loop = ir_begin_for(&b, lo, hi, lo_index(&b, step), READ_VECTORS, chains, chains);
  for (size_t i = 0; i < READ_VECTORS; i++) {
    ir_value *x = lo_load(&b, type, params.buffers[0], lo_index_offset(&b, loop.index, i * 4 * tier->lanes), NULL);
    chains[i] = ir_emit2(&b, IR_XOR, type, chains[i], x);
  }
  ir_end_for(&b, loop, READ_VECTORS, chains, chains);
  store_chains(&b, params.buffers[1], chains, READ_VECTORS, IR_XOR);
  lo_end_kernel(&b);
}

typedef ir_value *turn(ir_builder *b, ir_value *chain, ir_value *x, ir_value *y);

static ir_value *dot_turn(ir_builder *b, ir_value *chain, ir_value *x, ir_value *y) {
  ir_value *args[] = {chain, x, y};
  ir_attr attr = ir_int(IR_ATTR_UMAX, 15);
  return ir_emit(b, IR_DOT4, &chain->type, 3, args, 1, &attr);
}

static ir_value *fma_turn(ir_builder *b, ir_value *chain, ir_value *x, ir_value *y) {
  ir_value *args[] = {x, y, chain};
  ir_attr attr = ir_int(IR_ATTR_EXACT, 0);
  return ir_emit(b, IR_FMA, &chain->type, 3, args, 1, &attr);
}

static void emit_peak(ir_module *m, const char *name, ir_type acc, ir_type in, turn *body, ir_opcode add) {
  ir_builder b;
  lo_params params;
  static const char *const buffers[] = {"sink", NULL};
  static const char *const sizes[] = {"turns", NULL};
  lo_begin_kernel(m, &b, name, buffers, sizes, &params);
  ir_value *x = lo_load(&b, in, params.buffers[0], lo_index(&b, 256), NULL);
  ir_value *y = lo_load(&b, in, params.buffers[0], lo_index(&b, 512), NULL);
  ir_value *chains[LIMIT_CHAINS];
  for (size_t i = 0; i < LIMIT_CHAINS; i++)
    chains[i] = lo_load(&b, acc, params.buffers[0], lo_index(&b, 1024 + 64 * i), NULL);
  ir_value *end = lo_index_mul(&b, lo_index_sub(&b, params.end, params.begin), params.sizes[0]);
  ir_loop loop = ir_begin_for(&b, lo_index(&b, 0), end, lo_index(&b, 1), LIMIT_CHAINS, chains, chains);
  for (size_t i = 0; i < LIMIT_CHAINS; i++) chains[i] = body(&b, chains[i], x, y);
  ir_end_for(&b, loop, LIMIT_CHAINS, chains, chains);
  store_chains(&b, params.buffers[0], chains, LIMIT_CHAINS, add);
  lo_end_kernel(&b);
}

void limits_emit(ir_module *m, const target_tier *tier) {
  emit_read(m, tier);
  emit_peak(m, "limit_dot", ir_vector(ELEM_I32, tier->lanes), ir_vector(ELEM_I8, 4 * tier->lanes), dot_turn, IR_ADD);
  emit_peak(m, "limit_fma", ir_vector(ELEM_F32, tier->lanes), ir_vector(ELEM_F32, tier->lanes), fma_turn, IR_FADD);
}

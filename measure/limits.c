#include "measure/limits.h"

#include "kernel/emit_base.h"

#define READ_VECTORS 8

// Every chain has its own pair of operands, of MOST_SIDE kinds each: products that chains shared would be computed once. One
// operand of the pair is loaded in each turn, from another place than in the turn before, so that no product is the same
// in every turn.
#define MOST_SIDE UINT64_C(4)
#define TURNS 8 // after which the places repeat
#define VECTOR UINT64_C(64)
#define OPERANDS 2048 // bytes of the sink where the other operands begin, behind TURNS * MOST_SIDE vectors
#define CHAINS (OPERANDS + MOST_SIDE * VECTOR)

static uint64_t side(const target_tier *tier) { return tier->registers >= 32 ? MOST_SIDE : 3; }

unsigned limits_chains(const target_tier *tier) { return (unsigned)(side(tier) * side(tier)); }

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

static ir_value *pair_turn(ir_builder *b, ir_value *chain, ir_value *x, ir_value *y) {
  return ir_emit3(b, IR_DOT2, chain->type, chain, x, y);
}

static ir_value *fma_turn(ir_builder *b, ir_value *chain, ir_value *x, ir_value *y) {
  ir_value *args[] = {x, y, chain};
  ir_attr attr = ir_int(IR_ATTR_EXACT, 0);
  return ir_emit(b, IR_FMA, &chain->type, 3, args, 1, &attr);
}

// `n` vectors from an offset of the sink on.
static void load_operands(ir_builder *b, ir_value *sink, ir_type type, ir_value *from, uint64_t n, ir_value **out) {
  for (uint64_t i = 0; i < n; i++) out[i] = lo_load(b, type, sink, lo_index_offset(b, from, i * VECTOR), NULL);
}

static void emit_peak(ir_module *m, const target_tier *tier, const char *name, ir_type acc, ir_type in, turn *body,
                      ir_opcode add) {
  ir_builder b;
  lo_params params;
  static const char *const buffers[] = {"sink", NULL};
  static const char *const sizes[] = {"turns", NULL};
  lo_begin_kernel(m, &b, name, buffers, sizes, &params);
  ir_value *sink = params.buffers[0];
  uint64_t n = side(tier);
  ir_value *x[MOST_SIDE], *y[MOST_SIDE], *chains[MOST_SIDE * MOST_SIDE];
  load_operands(&b, sink, in, lo_index(&b, OPERANDS), n, x);
  load_operands(&b, sink, acc, lo_index(&b, CHAINS), n * n, chains);
  ir_value *end = lo_index_mul(&b, lo_index_sub(&b, params.end, params.begin), params.sizes[0]);
  ir_loop loop = ir_begin_for(&b, lo_index(&b, 0), end, lo_index(&b, 1), n * n, chains, chains);
  ir_value *place = lo_index_rem(&b, loop.index, lo_index(&b, TURNS));
  load_operands(&b, sink, in, lo_index_scale(&b, place, MOST_SIDE * VECTOR), n, y);
  for (uint64_t i = 0; i < n * n; i++) chains[i] = body(&b, chains[i], x[i / n], y[i % n]);
  ir_end_for(&b, loop, n * n, chains, chains);
  store_chains(&b, sink, chains, n * n, add);
  lo_end_kernel(&b);
}

void limits_emit(ir_module *m, const target_tier *tier) {
  emit_read(m, tier);
  emit_peak(m, tier, "limit_dot", ir_vector(ELEM_I32, tier->lanes), ir_vector(ELEM_I8, 4 * tier->lanes), dot_turn,
            IR_ADD);
  emit_peak(m, tier, "limit_fma", ir_vector(ELEM_F32, tier->lanes), ir_vector(ELEM_F32, tier->lanes), fma_turn,
            IR_FADD);
  emit_peak(m, tier, "limit_pairs", ir_vector(ELEM_F32, tier->lanes), ir_vector(ELEM_BF16, 2 * tier->lanes), pair_turn,
            IR_FADD);
}

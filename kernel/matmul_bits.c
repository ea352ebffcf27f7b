// The inner body of bit-dot: words of 32 positions, a plane of the codes against a plane of the activations.
#include "kernel/matmul.h"

#define WORD_BYTES 4

static bool is_sign(const matmul *e) { return e->r->act.kind == ACT_SIGN; }

typedef ir_value *weight_words[MATMUL_MAX_VECTORS][PACK_MAX_PLANES]; // a word for each row

static void load_weights(matmul *e, ir_value *position, uint64_t first, weight_words out) {
  const packing *p = &e->r->pack;
  ir_value *offset = matmul_chunk_offset(e, position, first);
  for (unsigned v = 0; v < e->vectors; v++) {
    ir_value *rows = lo_index_scale(&e->b, e->row[v], WORD_BYTES);
    ir_value *at = lo_index_add(&e->b, lo_index_add(&e->b, e->block[v], offset), rows);
    for (size_t i = 0; i < p->plane_count; i++) {
      ir_value *plane = lo_index_offset(&e->b, at, p->planes[i].offset);
      out[v][i] = lo_load_aligned(&e->b, matmul_i32s(e), e->weights, plane, e->lanes < 4 ? WORD_BYTES * e->lanes : 16);
    }
  }
}

// A plane's word of a token, in all lanes.
static ir_value *token_word(matmul *e, unsigned m, ir_value *position, uint64_t first, unsigned plane) {
  uint64_t planes = e->r->prepared.bit_planes;
  ir_value *k = lo_index_scale(&e->b, lo_index_add(&e->b, e->block_position, position), planes);
  ir_value *at = lo_index_add(&e->b, e->x_row[m], lo_index_div(&e->b, k, lo_index(&e->b, 8)));
  uint64_t offset = first / PACK_CHUNK * planes * WORD_BYTES + (uint64_t)plane * WORD_BYTES;
  return lo_load_splat(&e->b, matmul_i32s(e), e->x, lo_index_offset(&e->b, at, offset));
}

// acc + weight * set bits of x; weight is a power of two or the opposite of one.
static ir_value *count_words(matmul *e, ir_value *acc, ir_value *x, int weight) {
  unsigned shift = 0;
  while (1 << shift < (weight < 0 ? -weight : weight)) shift++;
  ir_value *n = ir_emit1(&e->b, IR_POPCOUNT, matmul_i32s(e), x);
  if (shift > 0) n = ir_emit_attr(&e->b, IR_SHL, matmul_i32s(e), n, ir_int(IR_ATTR_SHIFT, shift));
  return ir_emit2(&e->b, weight < 0 ? IR_SUB : IR_ADD, matmul_i32s(e), acc, n);
}

static ir_value *count_bytes(matmul *e, ir_value *acc, ir_value *x, int weight) {
  ir_type t = matmul_i32s(e);
  ir_value *n = ir_emit1(&e->b, IR_POPCOUNT, matmul_bytes(e), ir_emit1(&e->b, IR_BITCAST, matmul_bytes(e), x));
  ir_value *args[] = {acc, n, ir_vector_int(&e->b, matmul_bytes(e), weight)};
  ir_attr most = ir_int(IR_ATTR_UMAX, 8);
  return ir_emit(&e->b, IR_DOT4, &t, 3, args, 1, &most);
}

// One plane of the activations against plane `i` of the codes.
static void add_pair(matmul *e, unsigned m, unsigned v, unsigned plane, const pack_plane *codes, ir_value *w,
                     ir_value *a) {
  int weight = act_plane_weight(&e->r->act, plane) * (1 << codes->shift);
  ir_value *x = ir_emit2(&e->b, is_sign(e) ? IR_XOR : IR_AND, matmul_i32s(e), w, a);
  for (size_t c = 0; c < e->r->core_count; c++) {
    ir_value **acc = &e->dots[e->first_dot[c]][(plane + codes->shift) % e->chains][m][v];
    *acc = (matmul_counts_words(e->tier) ? count_words : count_bytes)(e, *acc, x, is_sign(e) ? -weight : weight);
  }
}

void matmul_emit_bits(matmul *e, ir_value *position, uint64_t first) {
  weight_words w;
  load_weights(e, position, first, w);
  for (unsigned m = 0; m < e->tokens; m++) {
    for (unsigned j = 0; j < e->r->prepared.bit_planes; j++) {
      ir_value *a = token_word(e, m, position, first, j);
      for (unsigned v = 0; v < e->vectors; v++)
        for (size_t i = 0; i < e->r->pack.plane_count; i++) add_pair(e, m, v, j, &e->r->pack.planes[i], w[v][i], a);
    }
  }
}

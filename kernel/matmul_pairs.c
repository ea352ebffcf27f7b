// Products by pairs of bf16 numbers: operands of 32-bit lanes, a row each, that hold two positions.
//
// The bytes of a quad are positions 0 1 2 3 of a row: words of 16 bits have an even byte, positions 0 and 2, and an odd
// one, 1 and 3. So these are the pairs, and activations are stored in the order 0 2 1 3. A dot product adds the odd lane
// first: 2 0 3 1 is the order of the sums everywhere.
#include <math.h>

#include "kernel/matmul_body.h"

#define PAIR_BYTES 4
#define BYTE 0xff

static ir_type i16s(const matmul *e) { return ir_vector(ELEM_I16, 2 * e->lanes); }
static ir_type bf16s(const matmul *e) { return ir_vector(ELEM_BF16, 2 * e->lanes); }

bool matmul_has_pairs(const matmul *e) {
  return e->r->mode == MODE_PAIR_DOT && target_find_pattern(e->tier, IR_DOT2, ELEM_F32, e->lanes, 0) != NULL;
}

static uint64_t code_count(const matmul *e) { return UINT64_C(1) << e->r->normal.code_bits; }

// ---- operands of codes -----------------------------------------------------------------------------------

static bool looks_up_words(const matmul *e) {
  return target_find_pattern(e->tier, IR_LOOKUP_BF16, ELEM_BF16, 2 * e->lanes, code_count(e)) != NULL;
}

// The codes of the even or odd bytes of a quad in i16 lanes, with anything above their bits.
static ir_value *word_codes(matmul *e, chunk_view *c, unsigned v, unsigned q, unsigned odd) {
  const packing *p = &e->r->pack;
  ir_value *code = NULL;
  for (size_t i = 0; i < p->plane_count; i++) {
    const pack_plane *plane = &p->planes[i];
    ir_value *x = ir_emit1(&e->b, IR_BITCAST, i16s(e), matmul_plane(e, c, v, i, q));
    unsigned from = 8 * odd + plane->width * (q / plane->width);
    if (p->plane_count == 1)
      return from == 0 ? x : ir_emit_attr(&e->b, IR_SHR, x->type, x, ir_int(IR_ATTR_SHIFT, from));
    code = matmul_join(e, code, matmul_move_bits(e, x, from, plane->width, plane->shift));
  }
  return code;
}

static ir_value *word_levels(matmul *e, const value_term *t, ir_value *codes) {
  ir_attr attr = ir_reals(IR_ATTR_LEVELS, t->levels, code_count(e));
  return ir_emit_attr(&e->b, IR_LOOKUP_BF16, bf16s(e), codes, attr);
}

// The low or high bytes of the levels.
static ir_value *byte_levels(matmul *e, const value_term *t, ir_value *codes, unsigned shift) {
  uint64_t count = code_count(e);
  size_t size = count < 16 ? 16 : (size_t)count;
  uint8_t *table = ARENA_ARRAY(e->b.mem, uint8_t, size);
  for (size_t i = 0; i < size; i++) table[i] = (uint8_t)(elem_encode(ELEM_BF16, t->levels[i % count]) >> shift);
  ir_value *bytes = ir_emit_attr(&e->b, IR_LOOKUP, codes->type, codes, ir_bytes(IR_ATTR_TABLE, table, size));
  return ir_emit1(&e->b, IR_BITCAST, i16s(e), bytes);
}

static void levels_of_bytes(matmul *e, const value_term *t, ir_value *codes, ir_value *out[2]) {
  ir_value *low = byte_levels(e, t, codes, 0), *high = byte_levels(e, t, codes, 8);
  ir_value *even = matmul_join(e, matmul_masked(e, low, BYTE), matmul_shifted(e, IR_SHL, high));
  ir_value *odd = matmul_join(e, matmul_shifted(e, IR_SHR, low), matmul_masked(e, high, BYTE << 8));
  out[0] = ir_emit1(&e->b, IR_BITCAST, bf16s(e), even);
  out[1] = ir_emit1(&e->b, IR_BITCAST, bf16s(e), odd);
}

static void decode_codes(matmul *e, chunk_view *c, unsigned quad, unsigned v, quad_operands out) {
  bool words = looks_up_words(e);
  ir_value *codes[2] = {NULL, NULL};
  if (words) {
    for (unsigned odd = 0; odd < 2; odd++) codes[odd] = word_codes(e, c, v, quad, odd);
  } else {
    codes[0] = matmul_codes(e, c, v, quad);
  }
  for (size_t i = 0; i < e->r->term_count; i++) {
    const recipe_term *t = &e->r->terms[i];
    if (t->core < 0) continue;
    ir_value *levels[2];
    if (words) {
      for (unsigned odd = 0; odd < 2; odd++) levels[odd] = word_levels(e, &t->value, codes[odd]);
    } else {
      levels_of_bytes(e, &t->value, codes[0], levels);
    }
    for (unsigned odd = 0; odd < 2; odd++) out[2 * e->first_dot[t->core] + odd][v] = levels[odd];
  }
}

// ---- operands of stored bf16 numbers ---------------------------------------------------------------------

// `count` lanes of the numbers at position k of the chunk; they go on with those of position k + 1.
static ir_value *stored_numbers(matmul *e, chunk_view *c, unsigned v, unsigned k, uint32_t count) {
  const packing *p = &e->r->pack;
  ir_value *at = lo_index_add(&e->b, c->at[v], lo_index_scale(&e->b, e->row[v], 2));
  at = lo_index_offset(&e->b, at, p->planes[0].offset + (uint64_t)2 * k * p->rows);
  return lo_load(&e->b, ir_vector(ELEM_BF16, count), e->weights, at, NULL);
}

// Rows of x and of y side by side; `rows` of both are at their lanes `first` on.
static ir_value *interleave(matmul *e, ir_value *x, ir_value *y, uint32_t first, uint32_t rows) {
  uint8_t *lanes = ARENA_ARRAY(e->b.mem, uint8_t, (size_t)2 * rows);
  for (uint32_t r = 0; r < rows; r++) {
    lanes[2 * r] = (uint8_t)(first + r);
    lanes[2 * r + 1] = (uint8_t)(x->type.lanes + first + r);
  }
  ir_value *args[] = {x, y};
  ir_attr attr = ir_bytes(IR_ATTR_TABLE, lanes, (size_t)2 * rows);
  ir_type t = bf16s(e);
  return ir_emit(&e->b, IR_SHUFFLE, &t, 2, args, 1, &attr);
}

static void pair_numbers(matmul *e, chunk_view *c, unsigned quad, unsigned v, ir_value *out[2]) {
  if (e->lanes == e->r->pack.rows) { // whole vectors hold two positions
    ir_value *first = stored_numbers(e, c, v, 4 * quad, 2 * e->lanes);
    ir_value *second = stored_numbers(e, c, v, 4 * quad + 2, 2 * e->lanes);
    for (unsigned odd = 0; odd < 2; odd++) out[odd] = interleave(e, first, second, odd * e->lanes, e->lanes);
    return;
  }
  for (unsigned odd = 0; odd < 2; odd++) {
    ir_value *first = stored_numbers(e, c, v, 4 * quad + odd, e->lanes);
    out[odd] = interleave(e, first, stored_numbers(e, c, v, 4 * quad + odd + 2, e->lanes), 0, e->lanes);
  }
}

static void decode_numbers(matmul *e, chunk_view *c, unsigned quad, unsigned v, quad_operands out) {
  ir_value *pairs[2];
  pair_numbers(e, c, quad, v, pairs);
  for (unsigned d = 0; d < e->dot_count; d++)
    for (unsigned odd = 0; odd < 2; odd++) out[2 * d + odd][v] = pairs[odd];
}

static void decode_quad(matmul *e, chunk_view *c, unsigned quad, quad_operands out) {
  bool wide = e->r->pack.plane_count > 0 && e->r->pack.planes[0].width > 8;
  for (unsigned v = 0; v < e->vectors; v++) (wide ? decode_numbers : decode_codes)(e, c, quad, v, out);
}

// ---- products --------------------------------------------------------------------------------------------

// Pair `odd` of the quad at position + k of token m, in i32 lanes.
static ir_value *token_pair(matmul *e, unsigned m, ir_value *position, uint64_t k, unsigned odd) {
  ir_value *at = lo_index_scale(&e->b, lo_index_add(&e->b, e->block_position, position), PAIR_BYTES / 2);
  at = lo_index_offset(&e->b, lo_index_add(&e->b, e->x_row[m], at), PAIR_BYTES / 2 * k + (uint64_t)odd * PAIR_BYTES);
  return lo_load_splat(&e->b, matmul_i32s(e), e->x, at);
}

static void multiply_quad(matmul *e, quad_operands u, ir_value *position, uint64_t k) {
  for (unsigned odd = 0; odd < 2; odd++) {
    for (unsigned m = 0; m < e->tokens; m++) {
      ir_value *x = ir_emit1(&e->b, IR_BITCAST, bf16s(e), token_pair(e, m, position, k, odd));
      for (unsigned d = 0; d < e->dot_count; d++) {
        for (unsigned v = 0; v < e->vectors; v++) {
          ir_value **sum = &e->dots[d][0][m][v];
          *sum = ir_emit3(&e->b, IR_DOT2, matmul_f32s(e), *sum, u[2 * d + odd][v], x);
        }
      }
    }
  }
}

// The panel has an operand for every two positions.
static void keep_operands(matmul *e, ir_value *position, uint64_t k, quad_operands u) {
  for (unsigned i = 0; i < 2 * e->dot_count; i++)
    for (unsigned v = 0; v < e->vectors; v++) matmul_panel_put(e, position, k + i % 2 * 2, i / 2, v, u[i][v]);
}

static void read_operands(matmul *e, ir_value *position, uint64_t k, quad_operands out) {
  for (unsigned i = 0; i < 2 * e->dot_count; i++)
    for (unsigned v = 0; v < e->vectors; v++) out[i][v] = matmul_panel_operand(e, position, k + i % 2 * 2, i / 2, v);
}

void matmul_emit_pairs(matmul *e, chunk_view *c, ir_value *position, uint64_t first, uint64_t count) {
  for (uint64_t k = first; k < first + count; k += 4) {
    quad_operands operands;
    if (e->use == PANEL_READ) {
      read_operands(e, position, k, operands);
    } else {
      decode_quad(e, c, (unsigned)(k % PACK_CHUNK / 4), operands);
    }
    if (e->use == PANEL_FILL) {
      keep_operands(e, position, k, operands);
    } else {
      multiply_quad(e, operands, position, k);
    }
  }
}

uint64_t matmul_pair_position(uint64_t i) {
  static const unsigned order[] = {2, 0, 3, 1};
  return i / 4 * 4 + order[i % 4];
}

ir_value *matmul_pair_number(matmul *e, unsigned m, ir_value *position, uint64_t k) {
  ir_value *pair = token_pair(e, m, position, k / 4 * 4, k % 2);
  ir_value *number = k % 4 < 2 ? ir_emit_attr(&e->b, IR_SHL, pair->type, pair, ir_int(IR_ATTR_SHIFT, 16))
                               : matmul_masked(e, pair, -65536);
  return ir_emit1(&e->b, IR_BITCAST, matmul_f32s(e), number);
}

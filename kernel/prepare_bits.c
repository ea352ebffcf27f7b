// Bit planes of the bytes that are stored already: see prepared_layout for the order of the bits.
#include "kernel/prepare.h"

#define QUADS (PACK_CHUNK / 4)
#define ONES 0x01010101

static ir_type word(void) { return lo_i32(1); }

// Bit `bit` of each byte of a quad, in the lowest bit of that byte.
static ir_value *low_bits(preparer *p, ir_value *quad, unsigned bit) {
  ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, bit), ir_int(IR_ATTR_MASK, ONES)};
  ir_type t = word();
  return ir_emit(&p->b, IR_BITS, &t, 1, &quad, 2, attrs);
}

// A byte of i1 is 1, -1 or 0: of the first alone the lowest bits differ.
static ir_value *plane_bits(preparer *p, ir_value *quad, unsigned plane) {
  ir_value *bits = low_bits(p, quad, plane);
  if (p->l->act.kind != ACT_SIGN) return bits;
  return ir_emit2(&p->b, IR_XOR, bits->type, bits, low_bits(p, quad, 1));
}

static void chunk_planes(preparer *p, ir_value *chunk) {
  ir_builder *b = &p->b;
  unsigned planes = p->l->bit_planes;
  ir_value *words[ACT_MAX_BIT_PLANES] = {NULL};
  ir_value *from = prepare_number_at(p, lo_index_scale(b, chunk, PACK_CHUNK));
  for (unsigned q = 0; q < QUADS; q++) {
    ir_value *quad = lo_load(b, word(), p->out, lo_index_offset(b, from, 4 * (uint64_t)q), NULL);
    for (unsigned i = 0; i < planes; i++) {
      ir_value *bits = plane_bits(p, quad, i);
      if (q > 0) bits = ir_emit_attr(b, IR_SHL, bits->type, bits, ir_int(IR_ATTR_SHIFT, q));
      words[i] = q == 0 ? bits : ir_emit2(b, IR_OR, bits->type, words[i], bits);
    }
  }
  ir_value *to = lo_index_add(b, p->out_row, lo_index_scale(b, chunk, 4 * (uint64_t)planes));
  for (unsigned i = 0; i < planes; i++) lo_store(b, p->out, lo_index_offset(b, to, 4 * (uint64_t)i), words[i], NULL);
}

void prepare_bit_planes(preparer *p) {
  ir_builder *b = &p->b;
  ir_value *chunk = lo_index(b, PACK_CHUNK);
  ir_loop loop = lo_begin_loop(b, lo_index_div(b, p->lo, chunk), lo_index_div(b, p->hi, chunk), lo_index(b, 1));
  chunk_planes(p, loop.index);
  lo_end_loop(b, loop);
}

// Butterflies of elements at distances 1, 2, 4, .. block / 2, smallest first; each rounds once, so the bits are the same on
// every target. Distances below 16 lie within a vector. The others are done eight vectors at a time (three distances in
// registers), so that a block of 128 is read and written once and a longer one once more for every factor of 8.
#include "kernel/emit_hadamard.h"

#include <math.h>

#include "kernel/emit_base.h"

#define GROUP 8u // vectors in registers

typedef struct blocks {
  ir_builder *b;
  const hadamard_row *row;
  bool first; // the pass reads x, multiplies and mixes lanes; later passes read y
} blocks;

static ir_value *within(ir_builder *b, ir_value *v, uint64_t block) {
  for (uint32_t h = 1; h < LO_LANES && h < block; h *= 2)
    v = ir_emit_attr(b, IR_BUTTERFLY, v->type, v, ir_int(IR_ATTR_VALUE, h));
  return v;
}

static ir_value *scaled(ir_builder *b, ir_value *v, uint64_t block) {
  return lo_fmul(b, v, lo_real(b, v, (double)(float)(1 / sqrt((double)block))));
}

static ir_value *vector_at(const blocks *p, ir_value *offset, ir_value *count) {
  ir_value *v = lo_load(p->b, lo_f32(LO_LANES), p->first ? p->row->x : p->row->y, offset, count);
  return p->first ? within(p->b, scaled(p->b, v, p->row->block), p->row->block) : v;
}

static void across(ir_builder *b, ir_value **v, unsigned count) {
  for (unsigned h = 1; h < count; h *= 2)
    for (unsigned i = 0; i < count; i++) {
      if ((i & h) != 0) continue;
      ir_value *x = v[i], *y = v[i + h];
      v[i] = lo_fadd(b, x, y);
      v[i + h] = lo_fsub(b, x, y);
    }
}

// `count` vectors, `stride` elements apart, of which the first begins at element `at` of the row.
static void do_group(const blocks *p, ir_value *at, unsigned count, uint64_t stride) {
  ir_value *v[GROUP], *offsets[GROUP];
  ir_value *first = lo_index_add(p->b, p->row->offset, lo_index_scale(p->b, at, sizeof(float)));
  for (unsigned i = 0; i < count; i++) {
    offsets[i] = lo_index_offset(p->b, first, i * stride * sizeof(float));
    v[i] = vector_at(p, offsets[i], NULL);
  }
  across(p->b, v, count);
  for (unsigned i = 0; i < count; i++) lo_store(p->b, p->row->y, offsets[i], v[i], NULL);
}

// Distances stride, 2 stride, .. of `count` vectors, all over the row: groups of count * stride elements, and in them one
// for every vector up to the stride.
static void do_pass(const blocks *p, unsigned count, uint64_t stride) {
  ir_builder *b = p->b;
  ir_loop groups = lo_begin_loop(b, lo_index(b, 0), p->row->columns, lo_index(b, count * stride));
  if (stride == LO_LANES) {
    do_group(p, groups.index, count, stride);
  } else {
    ir_value *end = lo_index_offset(b, groups.index, stride);
    ir_loop vectors = lo_begin_loop(b, groups.index, end, lo_index(b, LO_LANES));
    do_group(p, vectors.index, count, stride);
    lo_end_loop(b, vectors);
  }
  lo_end_loop(b, groups);
}

// Blocks within a vector. The row's last vector may be cut; a block is never.
static void do_short_blocks(const blocks *p) {
  ir_builder *b = p->b;
  ir_value *whole = lo_index_floor(b, p->row->columns, LO_LANES), *step = lo_index(b, LO_LANES);
  ir_value *bounds[] = {lo_index(b, 0), whole, p->row->columns};
  for (int cut = 0; cut < 2; cut++) {
    ir_loop loop = lo_begin_loop(b, bounds[cut], bounds[cut + 1], step);
    ir_value *offset = lo_index_add(b, p->row->offset, lo_index_scale(b, loop.index, sizeof(float)));
    ir_value *count = cut == 0 ? NULL : lo_index_sub(b, p->row->columns, loop.index);
    lo_store(b, p->row->y, offset, vector_at(p, offset, count), count);
    lo_end_loop(b, loop);
  }
}

void lower_emit_hadamard(ir_builder *b, const hadamard_row *row) {
  blocks p = {.b = b, .row = row, .first = true};
  if (row->block < LO_LANES) {
    do_short_blocks(&p);
    return;
  }
  for (uint64_t stride = LO_LANES; p.first || stride < row->block; p.first = false) {
    uint64_t left = row->block / stride;
    unsigned count = left < GROUP ? (unsigned)left : GROUP;
    do_pass(&p, count, stride);
    stride *= count;
  }
}

// The loops along K: stretches between flushes, blocks, float spans, segments, bodies.
#include "kernel/matmul.h"
#include "support/num.h"

#define UNROLL 1

typedef struct slots {
  size_t count;
  ir_value ***at;
} slots;

static void add_grid(const matmul *e, slots *s, matmul_grid grid) {
  for (unsigned m = 0; m < e->tokens; m++)
    for (unsigned v = 0; v < e->vectors; v++) s->at[s->count++] = &grid[m][v];
}

// Accumulators of all kinds.
static size_t most_slots(const matmul *e) {
  return ((size_t)e->dot_count * (e->chains + 1) + e->r->term_count + 1) * (e->tokens + 1) * e->vectors;
}

// The accumulators that a loop carries.
static slots live_slots(matmul *e, unsigned live) {
  slots s = {.at = ARENA_ARRAY(e->b.mem, ir_value **, most_slots(e))};
  if (e->use == PANEL_FILL) return s;
  if ((live & LIVE_TOTAL) != 0) add_grid(e, &s, e->total);
  if ((live & LIVE_NESTED) != 0)
    for (size_t t = 0; t < e->r->term_count; t++) add_grid(e, &s, e->nested[t]);
  if ((live & LIVE_DOTS) != 0)
    for (unsigned d = 0; d < e->dot_count; d++)
      for (unsigned c = 0; c < e->chains; c++) add_grid(e, &s, e->dots[d][c]);
  if ((live & LIVE_DOTS) != 0 && matmul_has_zeros(e->r))
    for (unsigned d = 0; d < e->dot_count; d++)
      for (unsigned v = 0; v < e->vectors; v++) s.at[s.count++] = &e->ones[d][v];
  return s;
}

static ir_loop begin_loop(matmul *e, slots *s, ir_value *lo, ir_value *hi, uint64_t step) {
  ir_value **inits = ARENA_ARRAY(e->b.mem, ir_value *, s->count);
  ir_value **carried = ARENA_ARRAY(e->b.mem, ir_value *, s->count);
  for (size_t i = 0; i < s->count; i++) inits[i] = *s->at[i];
  ir_loop loop = ir_begin_for(&e->b, lo, hi, lo_index(&e->b, step), s->count, inits, carried);
  for (size_t i = 0; i < s->count; i++) *s->at[i] = carried[i];
  return loop;
}

static void end_loop(matmul *e, slots *s, ir_loop loop) {
  ir_value **values = ARENA_ARRAY(e->b.mem, ir_value *, s->count);
  for (size_t i = 0; i < s->count; i++) values[i] = *s->at[i];
  ir_end_for(&e->b, loop, s->count, values, values);
  for (size_t i = 0; i < s->count; i++) *s->at[i] = values[i];
}

static bool fits(uint64_t span, uint64_t body) { return span != PREPARED_ROW && span <= body; }

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

// What is done only if position + `k` is in the block: a loop that runs once or never.
typedef struct condition {
  bool open;
  uint64_t chunk; // of k
  slots carried;
  ir_loop loop;
} condition;

static void end_condition(matmul *e, condition *c) {
  if (c->open) end_loop(e, &c->carried, c->loop);
  c->open = false;
}

// The body's first chunk is always there; a condition that is open stays open for another k of the same chunk.
static void begin_condition(matmul *e, condition *c, ir_value *position, uint64_t k) {
  uint64_t chunk = k / PACK_CHUNK;
  if (c->open && c->chunk == chunk) return;
  end_condition(e, c);
  if (e->rest == NULL || chunk == 0) return;
  *c = (condition){.open = true, .chunk = chunk};
  bool nested = matmul_is_nested(e->r), ends = !nested || fits(e->r->float_span, e->body);
  c->carried = live_slots(e, LIVE_DOTS | (nested ? LIVE_NESTED : 0) | (ends ? LIVE_TOTAL : 0));
  ir_value *first = lo_index_offset(&e->b, position, chunk * PACK_CHUNK);
  ir_value *end = lo_index_min(&e->b, e->rest->positions, lo_index_offset(&e->b, first, 1));
  c->loop = begin_loop(e, &c->carried, first, end, 1);
}

// One unrolled body. Spans that are not longer than it begin and end inside.
static void emit_unit(matmul *e, ir_value *position) {
  const recipe *r = e->r;
  bool inner_float = fits(r->float_span, e->body), inner_segment = fits(r->segment, e->body);
  condition there = {0};
  for (uint64_t k = 0; k < e->body;) {
    uint64_t next = (k / PACK_CHUNK + 1) * PACK_CHUNK;
    if (inner_segment) next = smaller(next, (k / r->segment + 1) * r->segment);
    begin_condition(e, &there, position, k);
    if (inner_float && k % r->float_span == 0) matmul_begin_float_span(e);
    if (inner_segment && k % r->segment == 0) matmul_begin_segment(e, lo_index_offset(&e->b, position, k));
    matmul_emit_products(e, position, k, next - k);
    if (inner_segment && next % r->segment == 0) {
      begin_condition(e, &there, position, next - r->segment);
      matmul_end_segment(e, lo_index_offset(&e->b, position, next - r->segment));
    }
    if (inner_float && next % r->float_span == 0) {
      begin_condition(e, &there, position, next - r->float_span);
      matmul_end_float_span(e, lo_index_offset(&e->b, position, next - r->float_span));
    }
    k = next;
  }
  end_condition(e, &there);
}

// `length` positions from `lo` in steps, as far as the block goes; a few steps need no loop.
typedef void span_body(matmul *e, ir_value *position);

static void over(matmul *e, ir_value *lo, uint64_t length, uint64_t step, unsigned live, span_body *body) {
  if (length <= UNROLL * step) {
    for (uint64_t at = 0; at < length; at += step) body(e, lo_index_offset(&e->b, lo, at));
    return;
  }
  slots s = live_slots(e, live);
  ir_value *hi = lo_index_offset(&e->b, lo, length);
  if (e->rest != NULL) hi = lo_index_min(&e->b, hi, e->rest->positions);
  ir_loop loop = begin_loop(e, &s, lo, hi, step);
  body(e, loop.index);
  end_loop(e, &s, loop);
}

static void emit_units(matmul *e, ir_value *lo, uint64_t length) {
  const recipe *r = e->r;
  unsigned live = LIVE_TOTAL;
  if (!fits(r->segment, e->body)) {
    live = LIVE_DOTS;
  } else if (matmul_is_nested(r) && !fits(r->float_span, e->body)) {
    live = LIVE_NESTED;
  }
  over(e, lo, length, e->body, live, emit_unit);
}

static void emit_segment(matmul *e, ir_value *position) {
  matmul_begin_segment(e, position);
  emit_units(e, position, e->r->segment);
  matmul_end_segment(e, position);
}

static void emit_segments(matmul *e, ir_value *lo, uint64_t length) {
  const recipe *r = e->r;
  if (r->segment == PREPARED_ROW || fits(r->segment, e->body)) {
    emit_units(e, lo, length);
  } else {
    over(e, lo, length, r->segment, matmul_is_nested(r) ? LIVE_NESTED : LIVE_TOTAL, emit_segment);
  }
}

static void emit_float_span(matmul *e, ir_value *position) {
  matmul_begin_float_span(e);
  emit_segments(e, position, e->r->float_span);
  matmul_end_float_span(e, position);
}

static void emit_block(matmul *e, ir_value *number) {
  const packing *p = &e->r->pack;
  ir_value *offset = lo_index_offset(&e->b, lo_index_scale(&e->b, number, p->block_bytes), p->tile_head_bytes);
  for (unsigned v = 0; v < e->vectors; v++)
    e->block[v] = v > 0 && e->tile[v] == e->tile[v - 1] ? e->block[v - 1] : lo_index_add(&e->b, e->tile[v], offset);
  e->block_position = lo_index_scale(&e->b, number, p->block);
  if (e->use != PANEL_NONE)
    e->panel_position = lo_index_scale(&e->b, lo_index_sub(&e->b, number, e->panel_first), p->block);
  if (e->rest == NULL) matmul_prefetch(e, e->block, p->header_bytes);
  ir_value *zero = lo_index(&e->b, 0);
  if (e->r->float_span == PREPARED_ROW || fits(e->r->float_span, e->body)) {
    emit_segments(e, zero, p->block);
  } else {
    over(e, zero, p->block, e->r->float_span, LIVE_TOTAL, emit_float_span);
  }
}

// Where a block of so many positions has what, as packing_header_bytes and packing_field_offset say.
static matmul_rest rest_of(matmul *e, ir_value *positions) {
  ir_builder *b = &e->b;
  const packing *p = &e->r->pack;
  ir_value **fields = ARENA_ARRAY(b->mem, ir_value *, p->field_count);
  ir_value *at = lo_index(b, 0);
  for (size_t i = 0; i < p->field_count; i++) {
    if (p->fields[i].span == 0) continue;
    fields[i] = at = lo_index_scale(b, lo_index_ceil_div(b, at, PACK_FIELD_ALIGN), PACK_FIELD_ALIGN);
    ir_value *granules = lo_index_ceil_div(b, positions, p->fields[i].span);
    at = lo_index_add(b, at, lo_index_scale(b, granules, p->fields[i].bytes));
  }
  ir_value *chunks = lo_index_scale(b, lo_index_ceil_div(b, at, PACK_HEADER_ALIGN), PACK_HEADER_ALIGN);
  return (matmul_rest){.positions = positions, .chunks = chunks, .fields = fields};
}

// Blocks first .. end: all of them whole; the rest of the row; either, which is found for each.
enum { WHOLE_BLOCKS, THE_REST, ANY_BLOCKS };

static void emit_block_loop(matmul *e, ir_value *first, ir_value *end, unsigned live, int which) {
  uint64_t block = e->r->pack.block;
  slots s = live_slots(e, live);
  ir_loop loop = begin_loop(e, &s, first, end, 1);
  matmul_rest rest;
  if (which != WHOLE_BLOCKS) {
    ir_value *positions = which == THE_REST
                              ? lo_index_rem(&e->b, e->positions, lo_index(&e->b, block))
                              : lo_index_minus(&e->b, e->positions, lo_index_scale(&e->b, loop.index, block));
    if (which == ANY_BLOCKS) positions = lo_index_min(&e->b, positions, lo_index(&e->b, block));
    rest = rest_of(e, positions);
    e->rest = &rest;
  }
  emit_block(e, loop.index);
  e->rest = NULL;
  end_loop(e, &s, loop);
}

// Whole blocks, then the rest of the row, if these are its last. Large bodies are emitted once, for both.
static void emit_blocks(matmul *e, ir_value *lo, ir_value *hi, unsigned live) {
  const packing *p = &e->r->pack;
  bool whole = e->shape->whole_blocks || !packing_has_rest(p);
  if (whole || e->is_large) {
    emit_block_loop(e, lo, hi, live, whole ? WHOLE_BLOCKS : ANY_BLOCKS);
    return;
  }
  ir_value *end = lo_index_min(&e->b, hi, lo_index_div(&e->b, e->positions, lo_index(&e->b, p->block)));
  emit_block_loop(e, lo, end, live, WHOLE_BLOCKS);
  emit_block_loop(e, end, hi, live, THE_REST);
}

unsigned matmul_live_between_blocks(const matmul *e) {
  if (e->r->float_span != PREPARED_ROW) return LIVE_TOTAL;
  return e->r->segment == PREPARED_ROW ? LIVE_DOTS : LIVE_NESTED;
}

void matmul_emit_stretch(matmul *e, ir_value *first, ir_value *end) {
  e->body = matmul_body(e->r->segment, e->r->float_span);
  emit_blocks(e, first, end, matmul_live_between_blocks(e));
}

// Sums over the row are found by the position of the stretch between flushes.
void matmul_begin_row_span(matmul *e, ir_value *first) {
  e->block_position = lo_index_scale(&e->b, first, e->r->pack.block);
  matmul_begin_float_span(e);
  if (e->r->segment == PREPARED_ROW) matmul_begin_segment(e, lo_index(&e->b, 0));
}

void matmul_end_row_span(matmul *e, ir_value *first) {
  e->block_position = lo_index_scale(&e->b, first, e->r->pack.block);
  if (e->r->segment == PREPARED_ROW) matmul_end_segment(e, lo_index(&e->b, 0));
  matmul_end_float_span(e, lo_index(&e->b, 0));
}

// Sums over the whole row: they become f32 at its end and after every `flush` blocks.
static void emit_stretches(matmul *e) {
  const recipe *r = e->r;
  slots s = live_slots(e, LIVE_TOTAL);
  ir_loop loop = begin_loop(e, &s, lo_index(&e->b, 0), e->block_count, r->flush);
  ir_value *end = lo_index_min(&e->b, lo_index_offset(&e->b, loop.index, r->flush), e->block_count);
  matmul_begin_row_span(e, loop.index);
  emit_blocks(e, loop.index, end, matmul_live_between_blocks(e));
  matmul_end_row_span(e, loop.index);
  end_loop(e, &s, loop);
}

void matmul_emit_blocks(matmul *e, ir_value *first, ir_value *end) {
  e->body = matmul_body(e->r->segment, e->r->float_span);
  if (e->r->float_span == PREPARED_ROW) {
    emit_stretches(e);
  } else {
    emit_blocks(e, first, end, LIVE_TOTAL);
  }
}

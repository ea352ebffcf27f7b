// The panel: decoded weights of a stretch of K in the kernel's own memory. Many tokens share the work of taking codes out
// of their planes, looking up levels and computing coefficients; what is left for each turn of tokens is loads and products.
//
//   operands:     position after position (quad after quad in integer modes, pair after pair), of each dot product, of each vector
//   coefficients: span after span, of each term, of each vector; real ones, then integer ones
#include "kernel/matmul.h"

#define PANEL_MOST (3 * 16384) // where a single block takes more there is no panel

static uint64_t vector_bytes(const matmul *e) { return 4ull * e->lanes; }

// Kernel positions of one operand.
static uint64_t operand_positions(const matmul *e) {
  if (matmul_has_pairs(e)) return 2;
  return matmul_is_integer(e->r) ? 4 : 1;
}

static uint64_t operand_bytes(const matmul *e, unsigned vectors) { return e->dot_count * vectors * vector_bytes(e); }

static uint64_t span_of(const matmul *e, bool integer) {
  return integer || !matmul_is_nested(e->r) ? e->r->segment : e->r->float_span;
}

bool matmul_panel_keeps(const matmul *e, bool integer) {
  uint64_t span = span_of(e, integer);
  return span != PREPARED_ROW && span <= e->r->pack.block;
}

static uint64_t coefficient_bytes(const matmul *e, unsigned vectors) {
  return e->r->term_count * vectors * vector_bytes(e);
}

static uint64_t block_operands(const matmul *e, unsigned vectors) {
  return e->r->pack.block / operand_positions(e) * operand_bytes(e, vectors);
}

static uint64_t block_coefficients(const matmul *e, unsigned vectors, bool integer) {
  if ((integer && !matmul_is_nested(e->r)) || !matmul_panel_keeps(e, integer)) return 0;
  return e->r->pack.block / span_of(e, integer) * coefficient_bytes(e, vectors);
}

// Sums of codes wait for nobody, and bits are counted as they are stored.
static bool has_panel(const matmul *e) {
  bool row = e->r->float_span == PREPARED_ROW;
  return e->dot_count > 0 && !matmul_is_along(e) && e->schedules[SCHEDULE_MANY].stretch > 0 &&
         e->r->mode != MODE_BIT_DOT && !(row && matmul_has_zeros(e->r));
}

// Whether operands are what is stored: bytes that are codes, or f32 weights.
static bool are_stored(const matmul *e) {
  const recipe *r = e->r;
  bool whole = r->core_count == 1 && r->pack.plane_count == 1 && e->dot_count == 1;
  if (!whole || r->mode == MODE_DECODE || matmul_lays_tiles(e)) return false;
  if (!matmul_is_integer(r)) return r->pack.planes[0].width == 32;
  return r->pack.planes[0].width == 8 && r->cores[0].plane_count == 0 && e->form[0] == DOT_BYTES;
}

static ir_value *own_memory(matmul *e, uint64_t bytes) {
  ir_type buffer = ir_buffer();
  ir_attr attr = ir_int(IR_ATTR_VALUE, (int64_t)bytes);
  return ir_emit(&e->b, IR_SCRATCH, &buffer, 0, NULL, 1, &attr);
}

void matmul_make_panel(matmul *e, unsigned vectors) {
  uint64_t operands = block_operands(e, vectors);
  uint64_t block = operands + block_coefficients(e, vectors, false) + block_coefficients(e, vectors, true);
  e->panel_blocks = 0;
  if (!has_panel(e) || block > PANEL_MOST) return;
  uint64_t stretch = e->schedules[SCHEDULE_MANY].stretch;
  e->panel_blocks = operands <= stretch ? stretch / operands : 1;
  e->panel_operands = !are_stored(e);
  e->panel = own_memory(e, e->panel_blocks * block);
  e->waiting = own_memory(e, matmul_waiting_bytes(e, vectors));
  matmul_make_tiles(e);
}

// Bytes of element `i` of a section whose elements of `bytes` are for `span` positions each.
static ir_value *element_at(matmul *e, ir_value *position, uint64_t span, uint64_t bytes, uint64_t offset) {
  ir_value *k = lo_index_add(&e->b, e->panel_position, position);
  if (bytes % span == 0) return lo_index_offset(&e->b, lo_index_scale(&e->b, k, bytes / span), offset);
  ir_value *i = lo_index_div(&e->b, k, lo_index(&e->b, span));
  return lo_index_offset(&e->b, lo_index_scale(&e->b, i, bytes), offset);
}

ir_value *matmul_panel_operand_at(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v) {
  uint64_t bytes = operand_bytes(e, e->vectors), positions = operand_positions(e);
  uint64_t offset = k / positions * bytes + (d * e->vectors + v) * vector_bytes(e);
  if (matmul_lays_tiles(e)) {
    uint64_t chunk = PACK_CHUNK / positions, place = (d * e->vectors + v) * chunk + k % PACK_CHUNK / positions;
    offset = k / PACK_CHUNK * chunk * bytes + place * vector_bytes(e);
  }
  return element_at(e, position, positions, bytes, offset);
}

void matmul_panel_put(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v, ir_value *x) {
  lo_store(&e->b, e->panel, matmul_panel_operand_at(e, position, k, d, v), x, NULL);
}

static ir_value *load(matmul *e, elem_type type, ir_value *at) {
  uint64_t bytes = vector_bytes(e);
  ir_type t = ir_vector(type, (uint32_t)(8 * bytes / elem_get(type)->bits));
  return lo_load_aligned(&e->b, t, e->panel, at, bytes < 64 ? bytes : 64);
}

ir_value *matmul_panel_operand(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v) {
  elem_type type = matmul_is_integer(e->r) ? ELEM_I8 : matmul_has_pairs(e) ? ELEM_BF16 : ELEM_F32;
  return load(e, type, matmul_panel_operand_at(e, position, k, d, v));
}

static ir_value *coefficient_at(matmul *e, ir_value *position, bool integer, size_t t, unsigned v) {
  uint64_t offset = e->panel_blocks * block_operands(e, e->vectors) + (t * e->vectors + v) * vector_bytes(e);
  if (integer) offset += e->panel_blocks * block_coefficients(e, e->vectors, false);
  return element_at(e, position, span_of(e, integer), coefficient_bytes(e, e->vectors), offset);
}

void matmul_panel_put_coefficient(matmul *e, ir_value *position, bool integer, size_t t, unsigned v, ir_value *x) {
  lo_store(&e->b, e->panel, coefficient_at(e, position, integer, t, v), x, NULL);
}

ir_value *matmul_panel_coefficient(matmul *e, ir_value *position, bool integer, size_t t, unsigned v) {
  return load(e, integer ? ELEM_I32 : ELEM_F32, coefficient_at(e, position, integer, t, v));
}

// Products by matrix tiles of 16 tokens and 16 rows: the panel's operands are one tile, the tokens' activations are laid side by
// side as the other.
#include "kernel/matmul_body.h"

#define TILE 16
#define TILE_BYTES 64

static bool has_tile_products(const matmul *e) {
  const target_tiles *t = e->tier->tiles;
  if (t == NULL || e->lanes != TILE) return false;
  return e->r->mode == MODE_PAIR_DOT ? t->pairs != NULL : matmul_is_integer(e->r) && t->dot != NULL;
}

bool matmul_lays_tiles(const matmul *e) {
  if (!has_tile_products(e) || matmul_has_zeros(e->r) || e->r->mode == MODE_BIT_DOT) return false;
  for (size_t i = 0; i < e->r->core_count; i++)
    if (matmul_is_integer(e->r) && e->form[i] != DOT_BYTES) return false;
  return true;
}

bool matmul_has_tiles(const matmul *e) { return e->use == PANEL_READ && e->tokens == TILE && matmul_lays_tiles(e); }

// Positions of the 4 bytes of a row.
static uint64_t word_positions(const matmul *e) { return e->r->mode == MODE_PAIR_DOT ? 2 : 4; }

static void lay_activations(matmul *e, ir_value *position, uint64_t first, uint64_t words) {
  ir_value *k = lo_index_offset(&e->b, lo_index_add(&e->b, e->block_position, position), first);
  ir_value *at = lo_index_scale(&e->b, k, 4 / word_positions(e));
  for (unsigned m = 0; m < TILE; m++) {
    ir_value *x =
        lo_load(&e->b, ir_vector(ELEM_I32, (uint32_t)words), e->x, lo_index_add(&e->b, e->x_row[m], at), NULL);
    lo_store(&e->b, e->tile_memory, lo_index(&e->b, TILE * TILE_BYTES + m * 4 * words), x, NULL);
  }
}

static void add_tile(matmul *e, unsigned d, unsigned v) {
  bool ints = matmul_is_integer(e->r);
  ir_type t = ir_vector(ints ? ELEM_I32 : ELEM_F32, TILE);
  for (unsigned m = 0; m < TILE; m++) {
    ir_value *sum = lo_load(&e->b, t, e->tile_memory, lo_index(&e->b, (uint64_t)m * TILE_BYTES), NULL);
    ir_value **dot = &e->dots[d][0][m][v];
    *dot = ir_emit2(&e->b, ints ? IR_ADD : IR_FADD, t, *dot, sum);
  }
}

void matmul_emit_tiles(matmul *e, ir_value *position, uint64_t first, uint64_t count) {
  uint64_t words = count / word_positions(e);
  ir_attr rows = ir_int(IR_ATTR_VALUE, (int64_t)words);
  lay_activations(e, position, first, words);
  for (unsigned d = 0; d < e->dot_count; d++)
    for (unsigned v = 0; v < e->vectors; v++) {
      ir_value *args[] = {e->tile_memory, lo_index(&e->b, 0),
                          e->tile_memory, lo_index(&e->b, TILE * TILE_BYTES),
                          e->panel,       matmul_panel_operand_at(e, position, first, d, v)};
      ir_emit(&e->b, e->r->mode == MODE_PAIR_DOT ? IR_TILE_PAIRS : IR_TILE_DOT, NULL, 6, args, 1, &rows);
      add_tile(e, d, v);
    }
}

void matmul_make_tiles(matmul *e) {
  ir_type buffer = ir_buffer();
  ir_attr bytes = ir_int(IR_ATTR_VALUE, (int64_t)2 * TILE * TILE_BYTES);
  if (matmul_lays_tiles(e)) e->tile_memory = ir_emit(&e->b, IR_SCRATCH, &buffer, 0, NULL, 1, &bytes);
}

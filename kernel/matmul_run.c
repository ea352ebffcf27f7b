// MODE_DECODE with lanes along K: the value of a few neighbouring positions of one row, times as many activations. Each
// lane keeps a sum of its own; they are added where the segment ends.
#include "kernel/matmul.h"

static ir_value *load_activations(matmul *e, unsigned m, ir_value *position, uint64_t k) {
  ir_value *at = lo_index_scale(&e->b, lo_index_add(&e->b, e->block_position, position), 4);
  at = lo_index_offset(&e->b, lo_index_add(&e->b, e->x_row[m], at), 4 * k);
  return lo_load(&e->b, lo_f32(e->run.length), e->x, at, NULL);
}

static ir_value *run_value(matmul *e, unsigned v, ir_value *position, uint64_t k) {
  coarse_place place = matmul_place(e, v, position);
  coarse_memo memo = {0};
  place.lanes = e->run.length;
  place.run = e->run;
  place.ahead = k;
  place.block_position = e->block_position;
  place.memo = &memo;
  return lo_expr_real(&place, e->value);
}

void matmul_emit_runs(matmul *e, ir_value *position, uint64_t first, uint64_t count) {
  ir_type t = lo_f32(e->run.length);
  ir_attr attr = ir_int(IR_ATTR_EXACT, 0);
  for (uint64_t k = first; k < first + count; k += e->run.length) {
    ir_value *x[MATMUL_MAX_TOKENS];
    for (unsigned m = 0; m < e->tokens; m++) x[m] = load_activations(e, m, position, k);
    for (unsigned v = 0; v < e->vectors; v++) {
      ir_value *value = run_value(e, v, position, k);
      for (unsigned m = 0; m < e->tokens; m++) {
        ir_value **acc = &e->dots[0][0][m][v];
        ir_value *args[] = {value, x[m], *acc};
        *acc = ir_emit(&e->b, IR_FMA, &t, 3, args, 1, &attr);
      }
    }
  }
}

bool matmul_is_along(const matmul *e) { return e->run.length > 0 && !e->run.down; }

// Sums take half of the registers.
unsigned matmul_run_rows(const recipe *r, const target_tier *tier, unsigned tokens) {
  unsigned each = (matmul_run(r).length + tier->lanes - 1) / tier->lanes, rows = r->pack.rows;
  while (rows > 1 && rows * each * tokens > tier->registers / 2) rows /= 2;
  return rows;
}

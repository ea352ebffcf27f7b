// Runs: a few neighbouring weights, of one row or of neighbouring rows. Where what differs between them are look-ups of
// neighbouring elements (a point of a codebook), one load takes the place of one gathered element for each of them.
#include "recipe/lanes.h"

#define LONGEST_RUN 8

static bool is_k(const expr *e) { return e->op == EXPR_VAR && e->index == VAR_K; }

// k / d is the same within every aligned run whose length divides d.
static bool is_coarser(const expr *e, uint32_t run) {
  return e->op == EXPR_DIV && is_k(e->args[0]) && e->args[1]->op == EXPR_INT && e->args[1]->i > 0 &&
         e->args[1]->i % run == 0;
}

bool lo_is_steady(const scheme *s, const expr *e, value_run run) {
  if (!run.down && is_coarser(e, run.length)) return true;
  if (e->op == EXPR_WINDOW || (e->op == EXPR_VAR && (e->index == VAR_K) == !run.down)) return false;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) {
    const granularity *g = &s->fields[e->index].gran;
    uint64_t shared = run.down ? granularity_rows(g) : granularity_columns(g);
    if (g->kind == GRAN_WEIGHT || shared % run.length != 0) return false;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!lo_is_steady(s, e->args[i], run)) return false;
  return true;
}

// Whether every addend of an index is known while the kernel is emitted, or steady.
static bool has_steady_rest(const scheme *s, const lane_place *nowhere, const expr *e, value_run run) {
  int64_t known;
  if (lo_known_at(nowhere, e, &known) || lo_is_steady(s, e, run)) return true;
  return e->op == EXPR_ADD && has_steady_rest(s, nowhere, e->args[0], run) &&
         has_steady_rest(s, nowhere, e->args[1], run);
}

// The sum of the addends that are known.
static int64_t known_part(const lane_place *p, const expr *e) {
  int64_t known;
  if (lo_known_at(p, e, &known)) return known;
  return e->op == EXPR_ADD ? known_part(p, e->args[0]) + known_part(p, e->args[1]) : 0;
}

// How often an index has the row, modulo a multiple of the run, as an addend; -1: it has more of the row.
static int row_addends(const scheme *s, const expr *e, value_run run) {
  if (lo_is_steady(s, e, run)) return 0;
  if (lo_is_row_remainder(e) && e->args[1]->i % run.length == 0) return 1;
  if (e->op != EXPR_ADD) return -1;
  int x = row_addends(s, e->args[0], run), y = row_addends(s, e->args[1], run);
  return x < 0 || y < 0 ? -1 : x + y;
}

// Whether the weights of a run look up neighbouring elements.
static bool is_contiguous(const scheme *s, const expr *index, value_run run) {
  if (run.down) return row_addends(s, index, run) == 1;
  lane_place nowhere = lane_nowhere(s);
  if (!has_steady_rest(s, &nowhere, index, run)) return false;
  int64_t first = 0;
  for (uint64_t k = 0; k < PACK_CHUNK; k++) {
    nowhere.ahead = k;
    int64_t at = known_part(&nowhere, index);
    if (k % run.length == 0) first = at;
    if (at - first != (int64_t)(k % run.length)) return false;
  }
  return true;
}

bool lo_is_run_lookup(const scheme *s, const expr *e, value_run run) {
  if (run.length == 0 || (e->op != EXPR_TABLE && e->op != EXPR_ELEMENT)) return false;
  bool single = e->op == EXPR_TABLE || s->fields[e->index].gran.kind == GRAN_TENSOR;
  return single && is_contiguous(s, e->args[0], run);
}

// Whether a value can be computed with its positions as lanes.
static bool is_in_run(const scheme *s, const expr *e, value_run run) {
  if (lo_is_steady(s, e, run) || lo_is_run_lookup(s, e, run)) return true;
  switch (e->op) {
  case EXPR_DIV:
    if (e->is_int) return false;
    break;
  case EXPR_ADD:
  case EXPR_SUB:
  case EXPR_MUL:
  case EXPR_NEG:
  case EXPR_MIN:
  case EXPR_MAX:
  case EXPR_ABS:
  case EXPR_ROUND: break;
  default: return false;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!is_in_run(s, e->args[i], run)) return false;
  return true;
}

static bool has_run_lookup(const scheme *s, const expr *e, value_run run) {
  if (lo_is_run_lookup(s, e, run)) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (has_run_lookup(s, e->args[i], run)) return true;
  return false;
}

// Down the rows lanes are rows as ever, so that the rest of the value may be anything.
value_run lo_run_of(const scheme *s) {
  for (uint32_t length = LONGEST_RUN; length > 2; length /= 2) {
    value_run along = {.length = length}, down = {.length = length, .down = true};
    if (!lo_is_steady(s, s->value, along) && is_in_run(s, s->value, along)) return along;
    if (has_run_lookup(s, s->value, down)) return down;
  }
  return (value_run){0};
}

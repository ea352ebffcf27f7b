// Lanes along K: a run is a few neighbouring positions of one row. Where all that differs between them are look-ups of
// neighbouring elements (a point of a codebook), one load takes the place of one gathered element for each of them.
#include "lower/emit_coarse.h"

#define LONGEST_RUN 8

static bool is_k(const expr *e) { return e->op == EXPR_VAR && e->index == VAR_K; }

// k / d is the same within every aligned run whose length divides d.
static bool is_coarser(const expr *e, uint32_t run) {
  return e->op == EXPR_DIV && is_k(e->args[0]) && e->args[1]->op == EXPR_INT && e->args[1]->i > 0 &&
         e->args[1]->i % run == 0;
}

bool lo_is_steady(const scheme *s, const expr *e, uint32_t run) {
  if (is_coarser(e, run)) return true;
  if (is_k(e) || e->op == EXPR_WINDOW) return false;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) {
    const granularity *g = &s->fields[e->index].gran;
    if (g->kind == GRAN_WEIGHT || granularity_columns(g) % run != 0) return false;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!lo_is_steady(s, e->args[i], run)) return false;
  return true;
}

// Whether every addend of an index is known while the kernel is emitted, or steady.
static bool has_steady_rest(const scheme *s, const coarse_place *nowhere, const expr *e, uint32_t run) {
  int64_t known;
  if (lo_is_known(nowhere, e, &known) || lo_is_steady(s, e, run)) return true;
  return e->op == EXPR_ADD && has_steady_rest(s, nowhere, e->args[0], run) &&
         has_steady_rest(s, nowhere, e->args[1], run);
}

// Whether the positions of a run look up neighbouring elements.
static bool is_contiguous(const scheme *s, const expr *index, uint32_t run) {
  recipe r = {.scheme = s};
  coarse_place nowhere = {.recipe = &r, .aligned = PACK_CHUNK};
  if (!has_steady_rest(s, &nowhere, index, run)) return false;
  int64_t first = 0;
  for (uint64_t k = 0; k < PACK_CHUNK; k++) {
    split_index at = {0};
    nowhere.ahead = k;
    lo_split_index(&nowhere, index, &at);
    if (k % run == 0) first = at.known;
    if (at.known - first != (int64_t)(k % run)) return false;
  }
  return true;
}

// Whether a value can be computed with its positions as lanes.
static bool is_in_run(const scheme *s, const expr *e, uint32_t run) {
  if (lo_is_steady(s, e, run)) return true;
  switch (e->op) {
  case EXPR_TABLE: return is_contiguous(s, e->args[0], run);
  case EXPR_ELEMENT: return s->fields[e->index].gran.kind == GRAN_TENSOR && is_contiguous(s, e->args[0], run);
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

uint32_t lo_run_length(const scheme *s) {
  for (uint32_t run = LONGEST_RUN; run > 2; run /= 2)
    if (!lo_is_steady(s, s->value, run) && is_in_run(s, s->value, run)) return run;
  return 0;
}

coarse_place lo_run_row(const coarse_place *p) {
  coarse_place row = *p;
  row.lanes = 1;
  row.run = 0;
  row.aligned = PACK_CHUNK;
  row.memo = NULL;
  return row;
}

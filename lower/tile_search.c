// Which tiles are worth a thought, and what the cost model thinks of them.
#include <stdlib.h>

#include "lower/matmul.h"
#include "lower/predict.h"
#include "support/vec.h"

#define SEARCH_TOKENS 48 // that many are thought of, or about as many as whole tiles take

typedef VEC(tile_candidate) candidate_list;

// f32 sums have several chains each; a register is left for each vector of weights, and for an activation.
static bool fits_registers(const recipe *r, const target_tier *tier, const matmul_tile *t) {
  unsigned dots = lower_dot_count(r), chains = mode_is_integer(r->mode) ? 1 : MATMUL_MAX_CHAINS;
  unsigned sums = t->tokens * t->vectors * chains * (dots > 0 ? dots : 1);
  return sums + t->vectors + 1 <= tier->registers;
}

static uint64_t about(uint64_t tokens) { return SEARCH_TOKENS / tokens * tokens; }

static void add(arena *a, candidate_list *all, const recipe *r, const target_tier *tier, tile_class c,
                const matmul_tile *t) {
  machine on = lower_machine(tier);
  matmul_tile tiles[TILE_CLASS_COUNT];
  if (!lower_tile_possible(r, tier, c, t)) return;
  for (tile_class k = TILE_ONE; k < TILE_CLASS_COUNT; k++) tiles[k] = k == c ? *t : lower_default_tile(r, tier, k);
  prediction p = lower_predict(r, tier, &on, tiles, c == TILE_ONE ? 1 : about(t->tokens));
  vec_push(a, all, ((tile_candidate){*t, p.cycles, all->len}));
}

static int compare(const void *x, const void *y) {
  const tile_candidate *a = x, *b = y;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

size_t lower_tile_candidates(arena *a, const recipe *r, const target_tier *tier, tile_class c, tile_candidate **out) {
  candidate_list all = {0};
  matmul_tile base = lower_default_tile(r, tier, c);
  add(a, &all, r, tier, c, &base);
  for (unsigned vectors = 1; c != TILE_FEW && vectors <= MATMUL_MAX_VECTORS; vectors *= 2)
    for (unsigned tokens = c == TILE_ONE ? 1 : 2; tokens <= (c == TILE_ONE ? 1 : MATMUL_MAX_TOKENS); tokens++) {
      matmul_tile t = base;
      t.vectors = vectors;
      t.tokens = tokens;
      bool same = vectors == base.vectors && tokens == base.tokens;
      if (!same && (c == TILE_ONE || fits_registers(r, tier, &t))) add(a, &all, r, tier, c, &t);
    }
  if (all.len > 1) qsort(all.data, all.len, sizeof *all.data, compare);
  *out = all.data;
  return all.len;
}

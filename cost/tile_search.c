// Which tiles are worth a thought, and what the cost model thinks of them.
#include <stdlib.h>

#include "cost/predict.h"
#include "cost/tile_search.h"
#include "kernel/matmul.h"
#include "support/vec.h"

#define SEARCH_TOKENS 96 // are thought of with many
#define SHORT_LIST 3     // tiles that a compilation looks at besides the default one
#define WORTH_IT 0.995   // of the default tile's cycles that another one takes at most

typedef VEC(tile_candidate) candidate_list;

// Registers for the sums of one token and vector: of each product, f32 ones in several chains, and the total.
static unsigned registers_of_sums(const recipe *r) {
  unsigned dots = lower_dot_count(r);
  unsigned chains = lower_fixed_chains(r) > 0 ? lower_fixed_chains(r) : 1;
  return 1 + (dots > 0 ? dots : 1) * chains;
}

// One is left for each vector of weights, and for an activation.
static bool fits_registers(const recipe *r, const target_tier *tier, const matmul_tile *t) {
  return t->tokens * t->vectors * registers_of_sums(r) + t->vectors + 1 <= tier->registers;
}

// Loads for each product: each vector of activations serves all rows of the tile, each of weights all tokens.
static double loads_of(const matmul_tile *t) { return 1.0 / t->vectors + 1.0 / t->tokens; }

static double cycles_of(const recipe *r, const target_tier *tier, tile_class c, const matmul_tile *t) {
  machine on = lower_machine(tier);
  matmul_tile tiles[TILE_CLASS_COUNT];
  uint64_t tokens = c == TILE_MANY ? SEARCH_TOKENS : t->tokens;
  for (tile_class k = TILE_ONE; k < TILE_CLASS_COUNT; k++) tiles[k] = k == c ? *t : lower_default_tile(r, tier, k);
  return lower_predict(r, tier, &on, tiles, tokens).cycles;
}

static int compare(const void *x, const void *y) {
  const tile_candidate *a = x, *b = y;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

static void sort(candidate_list *all) {
  if (all->len > 1) qsort(all->data, all->len, sizeof *all->data, compare);
}

// Every tile of other height and width than the default one, by loads.
static candidate_list make_list(arena *a, const recipe *r, const target_tier *tier, tile_class c) {
  candidate_list all = {0};
  matmul_tile base = lower_default_tile(r, tier, c);
  unsigned most = c == TILE_MANY ? MATMUL_MAX_TOKENS : c == TILE_FEW ? 0 : 1;
  for (unsigned vectors = 1; vectors <= MATMUL_MAX_VECTORS; vectors *= 2)
    for (unsigned tokens = c == TILE_ONE ? 1 : 2; tokens <= most; tokens++) {
      matmul_tile t = base;
      t.vectors = vectors;
      t.tokens = tokens;
      bool same = vectors == base.vectors && tokens == base.tokens;
      bool fits = c == TILE_ONE || fits_registers(r, tier, &t);
      if (!same && fits && lower_tile_possible(r, tier, c, &t))
        vec_push(a, &all, ((tile_candidate){t, loads_of(&t), all.len}));
    }
  sort(&all);
  return all;
}

size_t lower_tile_candidates(arena *a, const recipe *r, const target_tier *tier, tile_class c, tile_candidate **out) {
  candidate_list all = make_list(a, r, tier, c);
  vec_push(a, &all, ((tile_candidate){.tile = lower_default_tile(r, tier, c), .number = all.len}));
  for (size_t i = 0; i < all.len; i++) all.data[i].cycles = cycles_of(r, tier, c, &all.data[i].tile);
  sort(&all);
  *out = all.data;
  return all.len;
}

matmul_tile lower_choose_tile(const recipe *r, const target_tier *tier, tile_class c) {
  matmul_tile best = lower_default_tile(r, tier, c);
  if (c != TILE_MANY || best.tokens < 2) return best;
  arena *a = arena_new();
  candidate_list all = make_list(a, r, tier, c);
  double least = all.len == 0 ? 0 : WORTH_IT * cycles_of(r, tier, c, &best);
  for (size_t i = 0; i < all.len && i < SHORT_LIST; i++) {
    double cycles = cycles_of(r, tier, c, &all.data[i].tile);
    if (cycles >= least) continue;
    least = cycles;
    best = all.data[i].tile;
  }
  arena_free(a);
  return best;
}

// The search for tiles: candidates are emitted and priced by the cost model.
#ifndef QCC_COST_TILE_SEARCH_H
#define QCC_COST_TILE_SEARCH_H

#include "kernel/tile.h"

// What the cost model chooses for a recipe on a tier of a processor: the default tile, or one that is better for many
// tokens.
matmul_tile lower_choose_tile(const recipe *r, const target_tier *tier, tile_class c);
typedef struct tile_candidate {
  matmul_tile tile;
  double cycles; // predicted, per weight and token
  size_t number; // in the order in which they were made
} tile_candidate;
// Tiles of other heights and widths than the default one, and it, cheapest first by the cost model; in the arena.
size_t lower_tile_candidates(arena *a, const recipe *r, const target_tier *tier, tile_class c, tile_candidate **out);

#endif

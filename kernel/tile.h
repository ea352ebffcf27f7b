// The tile of a matmul kernel: how much is computed at once. Results do not depend on it: integer sums are exact in any
// order, and f32 sums always have the same MATMUL_MAX_CHAINS chains, each over the same positions (those of pairs one).
#ifndef QCC_KERNEL_TILE_H
#define QCC_KERNEL_TILE_H

#include "format/recipe.h"
#include "support/arena.h"
#include "targets/target.h"

// Kernels have code for each of these; which of it runs depends on the number of tokens of the call.
typedef enum tile_class {
  TILE_ONE,  // a single token streams the weights
  TILE_FEW,  // two tokens and more, fewer than the tile of many has
  TILE_MANY, // weights are used again and again
  TILE_CLASS_COUNT
} tile_class;
const char *tile_class_name(tile_class c); // "one", "few", "many"

typedef struct matmul_tile {
  unsigned
      vectors; // vectors of rows computed at once: a part of the interleaved rows (packing.rows), or all, or several times these
  unsigned tokens; // tokens computed at once
  unsigned chains; // independent accumulators of each integer sum (f32 sums: always MATMUL_MAX_CHAINS, of pairs 1)
  uint64_t
      stretch; // bytes of decoded weights that all tokens pass over before the next ones; 0: each tile decodes for itself
  uint64_t prefetch; // bytes between what is computed and what is asked for from memory; 0: nothing is
} matmul_tile;

// The tile to begin with: what the tier's table says.
matmul_tile lower_default_tile(const recipe *r, const target_tier *tier, tile_class c);

// Whether kernels of the recipe can have that tile on the tier.
bool lower_tile_possible(const recipe *r, const target_tier *tier, tile_class c, const matmul_tile *t);

// Tokens of a tile that has at most `wanted`: as many as leave registers for the accumulators.
unsigned lower_tile_tokens(const recipe *r, const target_tier *tier, unsigned wanted);

// Accumulators that each f32 sum always has, so that results do not depend on the batch; 0: integer sums may have any number.
unsigned lower_fixed_chains(const recipe *r);

// Sums of products that a kernel keeps for each token and vector of rows.
unsigned lower_dot_count(const recipe *r);

#endif

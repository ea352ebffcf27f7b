// The schedule of a matmul kernel: how much is computed at once. Results do not depend on it: integer sums are exact in any
// order, and f32 sums always have the same MATMUL_MAX_CHAINS chains, each over the same positions (those of pairs one).
#ifndef QCC_KERNEL_SCHEDULE_H
#define QCC_KERNEL_SCHEDULE_H

#include "format/recipe.h"
#include "support/arena.h"
#include "targets/target.h"

// Kernels have code for each of these; which of it runs depends on the number of tokens of the call.
typedef enum schedule_class {
  SCHEDULE_ONE,  // a single token streams the weights
  SCHEDULE_FEW,  // two tokens and more, fewer than are computed at once of many
  SCHEDULE_MANY, // weights are used again and again
  SCHEDULE_CLASS_COUNT
} schedule_class;
const char *schedule_class_name(schedule_class c); // "one", "few", "many"

typedef struct schedule {
  // Vectors of rows computed at once: a part of a tile's rows (packing.rows), or all, or several times these.
  unsigned vectors;
  unsigned tokens; // computed at once: a turn
  unsigned chains; // independent accumulators of each integer sum (f32 sums: always MATMUL_MAX_CHAINS, of pairs 1)
  // Bytes of decoded weights that all tokens pass over before the next ones; 0: each turn decodes for itself.
  uint64_t stretch;
  uint64_t prefetch; // bytes between what is computed and what is asked for from memory; 0: nothing is
} schedule;

// The schedule to begin with: what the tier's table says.
schedule schedule_default(const recipe *r, const target_tier *tier, schedule_class c);

// Whether kernels of the recipe can have that schedule on the tier.
bool schedule_possible(const recipe *r, const target_tier *tier, schedule_class c, const schedule *t);

// Tokens of a turn that has at most `wanted`: as many as leave registers for the accumulators.
unsigned schedule_tokens(const recipe *r, const target_tier *tier, unsigned wanted);

// Accumulators that each f32 sum always has, so that results do not depend on the batch; 0: integer sums may have any number.
unsigned schedule_fixed_chains(const recipe *r);

// Sums of products that a kernel keeps for each token and vector of rows.
unsigned lower_dot_count(const recipe *r);

#endif

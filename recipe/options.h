// What a lowering is for, and which of the target's tiers a recipe is told for.
#ifndef QCC_RECIPE_OPTIONS_H
#define QCC_RECIPE_OPTIONS_H

#include <stdio.h>

#include "format/recipe.h"
#include "ir/ir.h"
#include "targets/target.h"

// What a lowering is for. Recipes, packed layouts and the plan do not depend on the tier: one weights file serves all
// tiers of all targets. Kernels do.
typedef struct lower_options {
  const target *target;
  FILE *explain;    // --explain goes here; NULL: not wanted
  bool exact_size;  // codes are never re-encoded into more bits than their fields take
  const char *dump; // -d: comma-separated pass names, or NULL
  FILE *dump_stream;
  bool verify;                 // run the verifier between passes
  const struct tuning *tuning; // what was measured (cost/tuning.h), or NULL
  // That kernels are made for, best first; none: all that the target has. Only what is told depends on them.
  size_t tier_count;
  const target_tier *const *tiers;
} lower_options;

// Whether kernels of a recipe use the operation of which a tier makes a point (target_tier.special).
bool lower_recipe_uses(const recipe *r, ir_opcode special);
// The best tier that kernels are made for, of which the recipe's kernels are not those of the next one.
const target_tier *lower_best_tier(const lower_options *o, const recipe *r);

#endif

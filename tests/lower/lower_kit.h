// Schemes, recipes and models from text, for tests of lowering.
#ifndef QCC_TESTS_LOWER_KIT_H
#define QCC_TESTS_LOWER_KIT_H

#include "recipe/draft.h"

typedef struct lower_kit {
  arena *mem;
  diag *d;
  FILE *explain; // what --explain says; kit_explained reads it
  lower_options options;
} lower_kit;

lower_kit kit_new(void);
void kit_free(lower_kit *k);

// The scheme with these members, "code : u4; value = code;". The test fails when it is refused.
const scheme *kit_scheme(lower_kit *k, const char *members);

// "f32", "bf16", "i8 per 32", "i8 per token", "i8 static" (scale 0.01, zero -5).
act_spec kit_act(const char *text);

// NULL when refused.
const recipe *kit_recipe(lower_kit *k, const char *members, const char *act);

// A model's module, not lowered yet. The test fails when it is refused.
ir_module *kit_module(lower_kit *k, const char *text);

const char *kit_explained(lower_kit *k);

// Runs the recipe's matmul, interpreted, on a random case: whether all results are within their bounds; else *message.
bool kit_matmul(lower_kit *k, const recipe *r, const target_tier *tier, uint64_t tokens, uint64_t rows,
                uint64_t columns, int data, const char **message);

// A tier with vectors of `lanes` lanes, the first in the order of targets.
const target_tier *kit_tier(unsigned lanes);

uint64_t kit_next(uint64_t *state);

#endif

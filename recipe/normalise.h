// What normalise.c asks of normalise_few.c.
#ifndef QCC_RECIPE_NORMALISE_H
#define QCC_RECIPE_NORMALISE_H

#include "recipe/draft.h"
#include "recipe/value_set.h"

// Products of a coarse coefficient and a function of the code (NULL: 1).
#define FEW_MAX 5
typedef struct few_sum {
  size_t count;
  const expr *coefficients[FEW_MAX];
  const expr *cores[FEW_MAX];
} few_sum;

// The values of a function of the code for all `codes`; NULL when there are none.
typedef const double *few_levels(void *state, const expr *e);

// An expression of codes and of one coarse integer with few values as a sum of products. False when it is none.
bool lower_few_rows(arena *a, value_sets *sets, const expr *e, few_levels *levels, void *state, uint64_t codes,
                    few_sum *out);

#endif

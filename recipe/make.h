// Recipes: how the weights of a scheme are multiplied with activations of a mode.
#ifndef QCC_RECIPE_MAKE_H
#define QCC_RECIPE_MAKE_H

#include "recipe/options.h"
#include "support/diag.h"

/* normalise.c: value expression -> sum of products. The joint code is always described; when the value is no sum of
 * products over it, *reason says why, term_count is 0 and only MODE_DECODE remains. False (reported) when the scheme's
 * codes cannot be packed at all. */
bool lower_normalise(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason);
// The same, where codes that would take more bits than what they are made from are a reason, too.
bool lower_normalise_exact(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason);

/* mode.c: operations of an expression, as often as they are written */
uint64_t lower_expr_size(const expr *e);

/* recipe.c: scheme x activations -> recipe (normalise, mode, factor, prove, layout), or NULL (reported). `columns`: the
 * largest K it will be used with, 0: any. */
const recipe *lower_make_recipe(diag *d, arena *a, const scheme *s, const act_spec *act, const char *name,
                                const lower_options *o);

/* check_recipe.c: whether lower_emit_matmul can make a kernel of the recipe, which may come from IR text; else reported */
bool lower_check_recipe(diag *d, arena *a, const recipe *r);

#endif

// A recipe from a scheme and an activation mode, outside of a network: all passes over one recipe.
#include "lower/draft.h"

bool draft_normalise(draft *t) { return lower_normalise(t->d, t->mem, t->r->scheme, &t->r->normal, &t->not_normal); }

const recipe *lower_make_recipe(diag *d, arena *a, const scheme *s, const act_spec *act, const char *name,
                                const lower_options *o) {
  recipe *r = ARENA_NEW(a, recipe);
  r->name = arena_strdup(a, name);
  r->scheme = s;
  r->act = *act;
  draft t = {.d = d, .mem = a, .options = o, .r = r};
  bool ok = draft_normalise(&t) && draft_choose_mode(&t) && draft_factor(&t) && draft_prove(&t) && draft_layout(&t);
  return ok ? r : NULL;
}

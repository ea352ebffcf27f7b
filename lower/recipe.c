// A recipe from a scheme and an activation mode: the passes normalise, mode, factor, prove, layout in order.
#include "lower/draft.h"

const recipe *lower_make_recipe(diag *d, arena *a, const scheme *s, const act_spec *act, const char *name,
                                const lower_options *o) {
  recipe *r = ARENA_NEW(a, recipe);
  r->name = arena_strdup(a, name);
  r->scheme = s;
  r->act = *act;
  draft t = {.d = d, .mem = a, .options = o, .r = r};
  bool ok = lower_normalise(d, a, s, &r->normal, &t.not_normal) && draft_choose_mode(&t) && draft_factor(&t) &&
            draft_prove(&t) && draft_layout(&t);
  if (!ok) return NULL;
  lower_explain_recipe(&t);
  return r;
}

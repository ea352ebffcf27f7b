// A recipe from a scheme and an activation mode, outside of a network: all passes over one recipe.
#include "format/scheme_parts.h"
#include "recipe/draft.h"

bool draft_normalise(draft *t) {
  normal_form *nf = &t->r->normal;
  return (t->options->exact_size ? lower_normalise_exact : lower_normalise)(t->d, t->mem, t->r->scheme, nf,
                                                                            &t->not_normal);
}

// A sum of parts has a recipe for each of them, which a network's passes make.
static bool is_one_matrix(diag *d, arena *a, const scheme *s) {
  const scheme_part *parts;
  size_t count = scheme_split(d, a, s, &parts);
  if (count == 1 && parts[0].kind == PART_REST) return true;
  if (count > 0) diag_error(d, s->loc, "scheme '%s' is made of parts, each of which has kernels of its own", s->name);
  return false;
}

const recipe *lower_make_recipe(diag *d, arena *a, const scheme *s, const act_spec *act, const char *name,
                                const lower_options *o) {
  if (!is_one_matrix(d, a, s)) return NULL;
  recipe *r = ARENA_NEW(a, recipe);
  r->name = arena_strdup(a, name);
  r->scheme = s;
  r->act = *act;
  draft t = {.d = d, .mem = a, .options = o, .r = r};
  bool ok = draft_normalise(&t) && draft_choose_mode(&t) && draft_factor(&t) && draft_prove(&t) && draft_layout(&t);
  return ok ? r : NULL;
}

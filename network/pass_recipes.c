// Recipes for all matrices: made by the first of these passes, completed by the others. Layers of the same scheme and
// activations share one, and with it their kernels.
#include <ctype.h>

#include "cost/tuning.h"
#include "network/passes.h"
#include "recipe/draft.h"

static void append_symbol(strbuf *out, const char *text) {
  for (; *text != '\0'; text++) {
    bool plain = isalnum((unsigned char)*text) != 0;
    if (plain || (out->len > 0 && out->data[out->len - 1] != '_')) strbuf_putc(out, plain ? *text : '_');
  }
  while (out->len > 0 && out->data[out->len - 1] == '_') out->data[--out->len] = '\0';
}

// "q4_g_group_64__i8_per_32_dynamic": fit for a symbol, and unique as scheme names and activations are.
static const char *recipe_name(arena *a, const ir_module *m, const scheme *s, const act_spec *act) {
  strbuf name = {.mem = a};
  append_symbol(&name, s->name);
  strbuf_printf(&name, "__");
  strbuf part = {.mem = a};
  append_symbol(&part, act_text(a, act));
  strbuf_printf(&name, "%s", strbuf_text(&part));
  const char *base = strbuf_text(&name), *unique = base;
  for (unsigned i = 2; ir_find_recipe(m, unique) != NULL; i++) unique = arena_printf(a, "%s_%u", base, i);
  return unique;
}

static recipe *find_recipe(const ir_module *m, const scheme *s, const act_spec *act) {
  for (size_t i = 0; i < m->recipes.len; i++)
    if (m->recipes.data[i]->scheme == s && act_equal(&m->recipes.data[i]->act, act)) return m->recipes.data[i];
  return NULL;
}

static recipe *new_recipe(ir_module *m, const scheme *s, const act_spec *act) {
  recipe *r = ARENA_NEW(m->mem, recipe);
  r->name = recipe_name(m->mem, m, s, act);
  r->scheme = s;
  r->act = *act;
  r->prepared.act = *act; // half-made recipes are printed, too
  r->mode = MODE_NONE;
  vec_push(m->mem, &m->recipes, r);
  return r;
}

static bool give_recipe(diag *d, ir_module *m, const ir_op *op) {
  ir_weight *w = ir_find_weight(m, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
  const ir_attr *attr = ir_get_attr(op, IR_ATTR_ACT);
  act_spec act = attr != NULL ? attr->act : ACT_F32;
  recipe *r = find_recipe(m, w->scheme, &act);
  if (r == NULL) r = new_recipe(m, w->scheme, &act);
  if (w->recipe != NULL && w->recipe != r) {
    diag_error(d, op->loc, "weight '%s' is used with two activation modes, %s and %s", w->name,
               act_text(m->mem, &w->recipe->act), act_text(m->mem, &act));
    return false;
  }
  w->recipe = r;
  return true;
}

// Whether the recipe is for parts of weights that have no more rows than a tile.
static bool is_thin(const ir_module *m, const recipe *r) {
  enum { MOST_ROWS = 16 };
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *w = m->weights.data[i];
    if (w->recipe == r && (w->part == NULL || w->rows > MOST_ROWS)) return false;
  }
  return true;
}

typedef bool draft_step(draft *t);

static bool each_recipe(diag *d, ir_module *m, const lower_options *o, draft_step *step) {
  bool ok = true;
  for (size_t i = 0; i < m->recipes.len; i++) {
    draft t = {.d = d, .mem = m->mem, .options = o, .r = m->recipes.data[i], .thin = is_thin(m, m->recipes.data[i])};
    ok = step(&t) && ok;
  }
  return ok;
}

bool pass_normalise(diag *d, ir_module *m, const lower_options *o) {
  bool ok = true;
  const ir_func *f = ir_find_model(m);
  for (size_t i = 0; f != NULL && i < f->body->ops.len; i++)
    if (f->body->ops.data[i]->code == IR_LINEAR) ok = give_recipe(d, m, f->body->ops.data[i]) && ok;
  return ok && each_recipe(d, m, o, draft_normalise);
}

// Why a value is no sum of products is not kept in the IR: who wants to tell it asks again.
static bool ask_again(draft *t) {
  recipe again = {.scheme = t->r->scheme};
  draft other = {.d = t->d, .mem = t->mem, .options = t->options, .r = &again};
  bool ok = draft_normalise(&other);
  t->not_normal = other.not_normal;
  return ok;
}

static bool mode_step(draft *t) { return ask_again(t) && draft_choose_mode(t); }
static bool layout_step(draft *t) {
  if (!ask_again(t) || !draft_layout(t)) return false;
  lower_explain_speed(t->mem, t->r, t->options);
  return true;
}

bool pass_mode(diag *d, ir_module *m, const lower_options *o) { return each_recipe(d, m, o, mode_step); }
bool pass_factor(diag *d, ir_module *m, const lower_options *o) { return each_recipe(d, m, o, draft_factor); }
bool pass_prove(diag *d, ir_module *m, const lower_options *o) { return each_recipe(d, m, o, draft_prove); }
bool pass_layout(diag *d, ir_module *m, const lower_options *o) { return each_recipe(d, m, o, layout_step); }

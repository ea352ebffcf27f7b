#include "inspect/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "support/map.h"

// ---- sizes and parameters --------------------------------------------------------------------------------

static size_t depends_index(const catalogue_form *f, size_t p, size_t t, unsigned r) {
  return (p * catalogue_layout(f, f->sample)->tensor_count + t) * SCHEME_MAX_RANK + r;
}

bool catalogue_depends(const catalogue_form *f, size_t p, size_t t, unsigned r) {
  return f->depends[depends_index(f, p, t, r)];
}

// Other values that the parameter may well have: one alone may happen to give the same sizes.
enum { OTHER_VALUES = 3 };
static int64_t other_value(const fe_parameter *p, unsigned i) {
  static const int64_t widths[OTHER_VALUES] = {1, 2, 8}, floats[OTHER_VALUES] = {16, 32, 64};
  if (p->role == FE_PARAMETER_WIDTH) return widths[i];
  if (p->role == FE_PARAMETER_FLOAT) return floats[i];
  return p->value == 0 ? (int64_t)i + 1 : p->value * ((int64_t)i + 2);
}

// NULL stands for any size.
static bool same_size(const expr *a, const expr *b) { return a == NULL || b == NULL ? a == b : expr_equal(a, b); }

static void note_depends(const catalogue *c, catalogue_form *f, size_t p, unsigned i, bool *depends) {
  const scheme_layout *l = catalogue_layout(f, f->sample);
  binding b = {{0}};
  for (size_t k = 0; k < f->info->parameter_count; k++) b.values[k] = f->info->parameters[k].value;
  b.values[p] = other_value(&f->info->parameters[p], i);
  const scheme *other = catalogue_make(c, f, &b);
  for (size_t t = 0; other != NULL && t < l->tensor_count; t++)
    for (unsigned r = 0; r < l->tensors[t].rank; r++)
      depends[depends_index(f, p, t, r)] |=
          !same_size(l->tensors[t].dims[r], catalogue_layout(f, other)->tensors[t].dims[r]);
}

static void note_all_depends(const catalogue *c, catalogue_form *f) {
  size_t tensors = catalogue_layout(f, f->sample)->tensor_count;
  bool *depends = ARENA_ARRAY(c->mem, bool, f->info->parameter_count * tensors * SCHEME_MAX_RANK + 1);
  for (size_t p = 0; p < f->info->parameter_count; p++)
    for (unsigned i = 0; i < OTHER_VALUES; i++) note_depends(c, f, p, i, depends);
  f->depends = depends;
}

// ---- the list --------------------------------------------------------------------------------------------

// Notes where the names of the layout's tensors are among all endings; `seen` has the place of each.
static void note_endings(catalogue *c, catalogue_form *f, name_map *seen) {
  const scheme_layout *l = catalogue_layout(f, f->sample);
  if (layout_is_one_tensor(l) || l->fit) return;
  size_t *endings = ARENA_ARRAY(c->mem, size_t, l->tensor_count);
  for (size_t i = 0; i < l->tensor_count; i++) {
    size_t *at = name_map_get(seen, l->tensors[i].suffix);
    if (at == NULL) {
      at = ARENA_NEW(c->mem, size_t);
      *at = c->endings.len;
      name_map_set(seen, l->tensors[i].suffix, at);
      vec_push(c->mem, &c->endings, &l->tensors[i]);
    }
    endings[i] = *at;
  }
  f->endings = endings;
}

static void add_forms(catalogue *c, size_t index, name_map *endings) {
  const fe_library_scheme *info = fe_library_at(c->library, index);
  const scheme *sample = fe_library_make(c->library, index, NULL);
  if (sample == NULL || info->parameter_count > CATALOGUE_MAX_PARAMETERS) return;
  vec_push(c->mem, &c->schemes, sample);
  for (size_t l = 0; l < sample->layout_count; l++) {
    catalogue_form form = {.info = info, .index = c->forms.len, .scheme = index, .layout = l, .sample = sample};
    note_all_depends(c, &form);
    note_endings(c, &form, endings);
    vec_push(c->mem, &c->forms, form);
  }
}

catalogue *catalogue_open(diag *d, arena *a, const ast *tree, const fe_options *options) {
  catalogue *c = ARENA_NEW(a, catalogue);
  *c = (catalogue){.d = d, .quiet = diag_new(a, NULL, false), .mem = a};
  c->library = fe_library_open(d, a, tree, options);
  name_map endings = {.mem = a};
  for (size_t i = 0; i < fe_library_count(c->library); i++) add_forms(c, i, &endings);
  return c;
}

const scheme *catalogue_make(const catalogue *c, const catalogue_form *f, const binding *b) {
  const scheme *s = fe_library_make(c->library, f->scheme, b->values);
  return s != NULL && s->layout_count == f->sample->layout_count ? s : NULL;
}

const catalogue_form *catalogue_blocks(const catalogue *c, uint32_t type) {
  for (size_t i = 0; i < c->forms.len; i++) {
    const scheme_layout *l = catalogue_layout(&c->forms.data[i], c->forms.data[i].sample);
    if (l->type_id == (int64_t)type) return &c->forms.data[i];
  }
  return NULL;
}

bool catalogue_has_width(const catalogue_form *f) {
  for (size_t p = 0; p < f->info->parameter_count; p++)
    if (f->info->parameters[p].role == FE_PARAMETER_WIDTH || f->info->parameters[p].role == FE_PARAMETER_FLOAT)
      return true;
  return false;
}

bool catalogue_binding(const catalogue_form *f, const char *name, binding *out) {
  size_t length = strlen(f->info->name);
  if (strncmp(name, f->info->name, length) != 0) return false;
  const char *at = name + length;
  for (size_t p = 0; p < f->info->parameter_count; p++) {
    size_t own = strlen(f->info->parameters[p].name);
    char *end;
    if (*at++ != (p == 0 ? '(' : ',') || strncmp(at, f->info->parameters[p].name, own) != 0 || at[own] != '=')
      return false;
    out->values[p] = strtoll(at + own + 1, &end, 10);
    at = end;
  }
  return f->info->parameter_count == 0 ? *at == '\0' : strcmp(at, ")") == 0;
}

void catalogue_forget(catalogue *c) {
  for (size_t i = 0; i < c->forms.len; i++) c->forms.data[i].used = 0;
  c->unpacked.len = 0;
  c->heard.len = 0;
  c->fitted = NULL;
}

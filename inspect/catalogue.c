#include "inspect/catalogue.h"

// ---- sizes and parameters --------------------------------------------------------------------------------

static size_t depends_index(const catalogue_form *f, size_t p, size_t t, unsigned r) {
  return (p * catalogue_layout(f, f->sample)->tensor_count + t) * SCHEME_MAX_RANK + r;
}

bool catalogue_depends(const catalogue_form *f, size_t p, size_t t, unsigned r) {
  return f->depends[depends_index(f, p, t, r)];
}

// Another value that the parameter may well have.
static int64_t other_value(const fe_parameter *p) {
  if (p->role == FE_PARAMETER_WIDTH) return p->value > 1 ? p->value - 1 : 2;
  return p->value == 0 ? 1 : 2 * p->value;
}

static void note_depends(const catalogue *c, catalogue_form *f, size_t p, bool *depends) {
  const scheme_layout *l = catalogue_layout(f, f->sample);
  binding b = {{0}};
  for (size_t i = 0; i < f->info->parameter_count; i++) b.values[i] = f->info->parameters[i].value;
  b.values[p] = other_value(&f->info->parameters[p]);
  const scheme *other = catalogue_make(c, f, &b);
  for (size_t t = 0; t < l->tensor_count; t++)
    for (unsigned r = 0; r < l->tensors[t].rank; r++)
      depends[depends_index(f, p, t, r)] =
          other == NULL || !expr_equal(l->tensors[t].dims[r], catalogue_layout(f, other)->tensors[t].dims[r]);
}

static void note_all_depends(const catalogue *c, catalogue_form *f) {
  size_t tensors = catalogue_layout(f, f->sample)->tensor_count;
  bool *depends = ARENA_ARRAY(c->mem, bool, f->info->parameter_count * tensors * SCHEME_MAX_RANK + 1);
  for (size_t p = 0; p < f->info->parameter_count; p++) note_depends(c, f, p, depends);
  f->depends = depends;
}

// ---- the list --------------------------------------------------------------------------------------------

static void add_forms(catalogue *c, size_t index) {
  const fe_library_scheme *info = fe_library_at(c->library, index);
  const scheme *sample = fe_library_make(c->library, index, NULL);
  if (sample == NULL || info->parameter_count > CATALOGUE_MAX_PARAMETERS) return;
  vec_push(c->mem, &c->schemes, sample);
  for (size_t l = 0; l < sample->layout_count; l++) {
    catalogue_form form = {.info = info, .scheme = index, .layout = l, .sample = sample};
    note_all_depends(c, &form);
    vec_push(c->mem, &c->forms, form);
  }
}

catalogue *catalogue_open(diag *d, arena *a, const ast *tree, const fe_options *options) {
  catalogue *c = ARENA_NEW(a, catalogue);
  *c = (catalogue){.d = d, .quiet = diag_new(a, NULL, false), .mem = a};
  c->library = fe_library_open(d, a, tree, options);
  for (size_t i = 0; i < fe_library_count(c->library); i++) add_forms(c, i);
  return c;
}

const scheme *catalogue_make(const catalogue *c, const catalogue_form *f, const binding *b) {
  const scheme *s = fe_library_make(c->library, f->scheme, b->values);
  return s != NULL && s->layout_count == f->sample->layout_count ? s : NULL;
}

const catalogue_form *catalogue_blocks(const catalogue *c, uint32_t type) {
  for (size_t i = 0; i < c->forms.len; i++) {
    const scheme_layout *l = catalogue_layout(&c->forms.data[i], c->forms.data[i].sample);
    if (l->block_weights != 0 && l->type_id == (int64_t)type) return &c->forms.data[i];
  }
  return NULL;
}

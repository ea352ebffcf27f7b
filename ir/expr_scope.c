// Look-ups by name in schemes and layouts.
#include "ir/expr_scope.h"

#include <string.h>

static bool same(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

unsigned scheme_field_by_name(const scheme *s, const char *name) {
  unsigned i = 0;
  while (i < s->field_count && !same(s->fields[i].name, name)) i++;
  return i < s->field_count ? i : UINT32_MAX;
}

unsigned scheme_table_by_name(const scheme *s, const char *name) {
  unsigned i = 0;
  while (i < s->table_count && !same(s->tables[i].name, name)) i++;
  return i < s->table_count ? i : UINT32_MAX;
}

unsigned layout_tensor_by_name(const scheme_layout *l, const char *name) {
  unsigned i = 0;
  while (i < l->tensor_count && !same(l->tensors[i].name, name)) i++;
  return i < l->tensor_count ? i : UINT32_MAX;
}

unsigned place_binder_by_name(const layout_place *p, const char *name) {
  enum { MOST = sizeof p->binder_names / sizeof p->binder_names[0] };
  for (unsigned i = 0; i < p->binder_count && i < MOST; i++)
    if (same(p->binder_names[i], name)) return i;
  return UINT32_MAX;
}

bool expr_stored_as_int(const scheme *s, const expr *e) {
  bool table = e->op == EXPR_TABLE;
  if (e->index >= (table ? s->table_count : s->field_count)) return false;
  elem_type type = table ? s->tables[e->index].type : s->fields[e->index].type;
  return elem_get(type)->kind != ELEM_KIND_FLOAT;
}

// Element types and sizes of tables.
#include <string.h>

#include "frontend/sema.h"

enum { MAX_TABLE_DIM = 1 << 26 };

static bool no_such_type(fe_context *c, const ast_type *type, const char *name) {
  const char *names[ELEM_COUNT];
  for (int i = 0; i < ELEM_COUNT; i++) names[i] = elem_get((elem_type)i)->name;
  diag_error(c->d, type->name.loc, "there is no element type '%s'", name);
  if (fe_same_text(name, "u") || fe_same_text(name, "i"))
    diag_hint(c->d, "write the number of bits: %s4, or %s(bits) with a constant", name, name);
  else if ((name[0] == 'u' || name[0] == 'i') && strspn(name + 1, "0123456789") == strlen(name) - 1)
    diag_hint(c->d, "integers have 1 (u1) or 2 (i2) to 8 bits, 16 or 32, and unsigned ones any number up to 16");
  else
    fe_suggest(c, name, names, ELEM_COUNT);
  return false;
}

bool fe_elem_type(fe_context *c, const fe_scope *scope, const ast_type *type, elem_type *out) {
  const char *name = type->name.text;
  int64_t width;
  *out = ELEM_U8; // so that what a wrong type is part of can be looked at
  if (type->width != NULL) {
    if (!fe_constant_in(c, scope, type->width, "the number of bits", 1, 64, &width)) return false;
    name = arena_printf(c->mem, "%s%d", name, (int)width);
  }
  elem_type found = elem_by_name(name);
  if (found == ELEM_COUNT) return no_such_type(c, type, name);
  *out = found;
  return true;
}

bool fe_dims(fe_context *c, const fe_scope *scope, const ast_type *type, unsigned *rank, uint64_t *dims) {
  bool ok = true;
  if (type->dims.len > SCHEME_MAX_RANK) {
    diag_error(c->d, type->loc, "%zu dimensions; there can be at most %d", type->dims.len, SCHEME_MAX_RANK);
    return false;
  }
  *rank = (unsigned)type->dims.len;
  for (unsigned i = 0; i < *rank; i++) {
    int64_t size = 1;
    ok &= fe_constant_in(c, scope, type->dims.data[i].value, "a size", 1, MAX_TABLE_DIM, &size);
    dims[i] = (uint64_t)size;
  }
  return ok;
}

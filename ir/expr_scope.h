// What the names in an expression's text mean. Internal to the printer and the reader.
#ifndef QCC_IR_EXPR_SCOPE_H
#define QCC_IR_EXPR_SCOPE_H

#include "format/scheme.h"

// The scheme around an expression; in a layout also that; in a place of a layout its binders too (else NULL).
typedef struct expr_scope {
  const scheme *scheme;
  const scheme_layout *layout;
  const layout_place *place;
} expr_scope;

// Index variables by number (expr_var).
#define EXPR_VAR_NAMES {"k", "n", "b0", "b1", "b2", "rows", "columns"}

// The first with that name; a number no less than their count when there is none (or the name is NULL).
unsigned scheme_field_by_name(const scheme *s, const char *name);
unsigned scheme_table_by_name(const scheme *s, const char *name);
unsigned layout_tensor_by_name(const scheme_layout *l, const char *name);
unsigned place_binder_by_name(const layout_place *p, const char *name);

// Whether the numbers of the field or table that a FIELD, ELEMENT or TABLE names are stored as integers.
bool expr_stored_as_int(const scheme *s, const expr *e);

#endif

// Checks of expressions, part of scheme_verify (format/scheme_verify.c). Internal to format/.
#ifndef QCC_FORMAT_SCHEME_CHECK_H
#define QCC_FORMAT_SCHEME_CHECK_H

#include "format/scheme.h"

// Each reports what is wrong and returns false then. Fields and tables have been checked.
bool scheme_check_value(diag *d, const scheme *s);
bool scheme_check_transforms(diag *d, const scheme *s);
bool scheme_check_place(diag *d, const scheme *s, const scheme_layout *l, const layout_place *p);
bool scheme_check_dimension(diag *d, const scheme *s, const scheme_layout *l, const layout_tensor *t, const expr *e);

// A bound of a section: an integer over K, N and constants.
bool scheme_check_bound(diag *d, const scheme *s, const expr *e);

#endif

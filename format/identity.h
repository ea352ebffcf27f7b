// What a format is, apart from its name in some text: a canonical form for digests, so that bytes written for one
// definition are not read by another of the same name.
#ifndef QCC_FORMAT_IDENTITY_H
#define QCC_FORMAT_IDENTITY_H

#include "format/scheme.h"
#include "support/vec.h"

// Appends the scheme's name, fields, tables, value, input and output, every number exactly; not its storage layouts. The form is part
// of the file formats that hold its digest: it does not change.
void identity_scheme(strbuf *out, const scheme *s);

// qrt_digest of that.
uint64_t identity_scheme_digest(const scheme *s);

#endif

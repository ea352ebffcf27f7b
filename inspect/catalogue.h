// The formats that files are compared with: every scheme of the folders and of the text at hand, with its layouts. What
// is known about formats is known from there; nothing here names one.
#ifndef QCC_INSPECT_CATALOGUE_H
#define QCC_INSPECT_CATALOGUE_H

#include "files/tensor_file.h"
#include "frontend/frontend.h"
#include "support/vec.h"

enum { CATALOGUE_MAX_PARAMETERS = 8 };

// Values of a scheme's parameters, in declared order.
typedef struct binding {
  int64_t values[CATALOGUE_MAX_PARAMETERS];
} binding;

// A layout of a scheme. `sample` is the scheme with its default parameters; all others have the same layouts in the same
// order.
typedef struct catalogue_form {
  const fe_library_scheme *info;
  size_t index;  // of the form
  size_t scheme; // index in the library
  size_t layout; // index in the scheme
  const scheme *sample;
  const bool *depends; // which sizes depend on which parameter: see catalogue_depends
  // Of a layout of separate tensors that are not fitted to floats (which are no way to store them): where the names of its
  // tensors stand in the catalogue's endings. NULL for others.
  const size_t *endings;
  VEC(binding) known; // parameters with which tensors were explained before
  uint64_t used;      // weights of the file at hand that are read so, as far as known
} catalogue_form;

// Elements of a tensor that have less than a byte in its file.
typedef struct catalogue_unpacked {
  const uint8_t *packed; // as in the file
  bool spread_sign;
  const uint8_t *bytes;
} catalogue_unpacked;

struct fit_memo;

typedef struct catalogue {
  diag *d;
  diag *quiet; // for attempts that may fail
  arena *mem;
  fe_library *library;
  VEC(const scheme *) schemes; // with default parameters
  VEC(catalogue_form) forms;
  VEC(const layout_tensor *) endings; // tensors of layouts, one for each ending of names
  const tensor **at_endings;          // scratch: see inspect/endings.h
  VEC(catalogue_unpacked) unpacked;   // of the file at hand
  struct fit_memo *fitted;            // what was found before: see inspect/fit.c
  VEC(struct hearsay *) heard;        // of the files at hand: see inspect/hearsay.h
} catalogue;

// Everything that `options` and `tree` (may be NULL) offer. Files with mistakes are reported and left out.
catalogue *catalogue_open(diag *d, arena *a, const ast *tree, const fe_options *options);

static inline const scheme_layout *catalogue_layout(const catalogue_form *f, const scheme *s) {
  return &s->layouts[f->layout];
}

// Begins anew with another file.
void catalogue_forget(catalogue *c);

// The scheme of the form with these parameters; NULL when they make none.
const scheme *catalogue_make(const catalogue *c, const catalogue_form *f, const binding *b);

// Whether the size of dimension r of layout tensor t depends on parameter p.
bool catalogue_depends(const catalogue_form *f, size_t p, size_t t, unsigned r);

// Whether a parameter decides the width of types; types of tensors may then differ from the sample's.
bool catalogue_has_width(const catalogue_form *f);

// The parameters in a scheme's name, "mine(bits=4,group=64)"; false when it is no name of the form's scheme.
bool catalogue_binding(const catalogue_form *f, const char *name, binding *out);

// The form whose layout has the container's number for this block type; NULL without.
const catalogue_form *catalogue_blocks(const catalogue *c, uint32_t type);

#endif

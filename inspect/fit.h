// One layout against the tensors of one layer: the parameters, rows and columns with which it explains their sizes.
#ifndef QCC_INSPECT_FIT_H
#define QCC_INSPECT_FIT_H

#include "files/quant_config.h"
#include "inspect/catalogue.h"
#include "inspect/solve.h"

typedef struct fit {
  catalogue_form *form;
  const scheme *scheme;
  const scheme_layout *layout;
  binding parameters;
  uint64_t rows;
  uint64_t columns;
  bool certain; // no other rows or columns fit with these parameters
} fit;

typedef VEC(fit) fits;

// What is known of a layer besides its tensors. All may be NULL.
typedef struct fit_hints {
  const shape_range *shape; // what is known of its shape narrows the search
  const quant_args *stated; // what files say of its quantization: sizes of groups to try
  const char *wanted;       // a scheme with its parameters: no others are tried
} fit_hints;

// tensors[i] is that of tensor i of the form's layout, with its type and rank. Adds every fit; of parameters that mean the
// same for these sizes only the plainest.
void fit_form(catalogue *c, catalogue_form *form, const tensor *const *tensors, const fit_hints *hints, fits *out);

// How far a fit is what files say of the layer's quantization: how many of their numbers it has, and how many it has not.
typedef struct fit_agreement {
  unsigned agrees, differs;
} fit_agreement;
fit_agreement fit_compare(const fit *x, const quant_args *stated);

// Whether two fits of one form share numbers among the same weights.
bool fit_same_groups(const fit *a, const fit *b);

#endif

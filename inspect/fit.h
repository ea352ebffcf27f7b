// One layout against the tensors of one layer: the parameters, rows and columns with which it explains their sizes.
#ifndef QCC_INSPECT_FIT_H
#define QCC_INSPECT_FIT_H

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

// tensors[i] is that of tensor i of the form's layout, with its type and rank. What is known of the shape narrows the
// search: shape_unknown for nothing. Adds every fit; of parameters that mean the same for these sizes only the plainest.
void fit_form(const catalogue *c, catalogue_form *form, const tensor *const *tensors, const shape_range *known,
              fits *out);

#endif

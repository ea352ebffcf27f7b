// What the graph of a file states of a layer's tensors: which dimension is the outputs', where scales belong, how many
// weights share one. A reading that says otherwise is none.
#ifndef QCC_INSPECT_STATED_H
#define QCC_INSPECT_STATED_H

#include "inspect/fit.h"

// Whether the form's layout `l` (made with the parameters `b`) reads the tensors as their file states. tensors[i] is that
// of tensor i of the layout, with its rank.
bool stated_agrees(const catalogue_form *form, const scheme_layout *l, const tensor *const *tensors, const binding *b);

// Narrows *shape to the rows and columns that the file states.
void stated_shape(const scheme_layout *l, const tensor *const *tensors, shape_range *shape);

// How many weights along a row or column share a scale, where the file states it; else 0.
uint64_t stated_group(const scheme_layout *l, const tensor *const *tensors);

#endif

// Tensors that carry a layer's name beside those that hold its weights: what they say, and whether the weights mean something
// else with them.
#ifndef QCC_INSPECT_BESIDE_H
#define QCC_INSPECT_BESIDE_H

#include "inspect/fit.h"
#include "weights/fields.h"

typedef enum rest_kind {
  REST_BIAS,
  REST_SHAPE,       // holds the weights' shape
  REST_GROUPS,      // says of each column in which group it is, and they are in order
  REST_STATED,      // text about the weights and the numbers in it, or a table that the format has anyway
  REST_ACTIVATIONS, // a scale of the layer's input or output: of the activations, which rules of a model describe
  REST_OTHER        // nothing explains it
} rest_kind;

typedef struct found_rest {
  const tensor *tensor;
  rest_kind kind;
} found_rest;

typedef VEC(found_rest) rest_list;

// All tensors beside those of a fit (`tensors`, in the layout's order).
void beside_find(catalogue *c, const tensor_file *f, const char *layer, const fit *x, const tensor *const *tensors,
                 rest_list *out);

// What tensors beside the layer, and the note that qcc wrote of it (NULL: none), say of its shape narrows `known`.
void beside_known_shape(catalogue *c, const tensor_file *f, const char *layer, const fields_note *noted,
                        shape_range *known);

// Whether by its name a tensor changes what weights mean: "fc.weight_scale", "fc.g_idx", ..
bool beside_changes_weights(const char *name);

// A tensor beside the plain tensor `t` that changes what it means and that no layout explains; NULL: there is none. Beside
// floats of a byte that is any tensor but a bias, text and a shape.
const tensor *beside_plain(catalogue *c, const tensor_file *f, const tensor *t);

#endif

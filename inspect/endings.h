// The names of a layer's tensors: its own, and an ending that a layout declares. Each ending is looked up once for a layer,
// however many layouts have it.
#ifndef QCC_INSPECT_ENDINGS_H
#define QCC_INSPECT_ENDINGS_H

#include "inspect/catalogue.h"

typedef VEC(const char *) text_list;

// Names of layers that a file may have by the endings of its tensors, each once, in order.
void endings_list_layers(const catalogue *c, const tensor_file *f, text_list *out);

// The tensors of a layer by the catalogue's endings, NULL where there is none; until the next call. O(endings).
const tensor *const *endings_find(catalogue *c, const tensor_file *f, const char *layer);

// Whether all tensors of the form's layout are among them.
bool endings_have(const catalogue_form *form, const tensor *const *tensors);

#endif

// Several layouts may explain the same tensors. Which one it is, is decided by what else there is: tensors that stay
// unexplained, what the file says of itself, and what the numbers would be.
#ifndef QCC_INSPECT_RANK_H
#define QCC_INSPECT_RANK_H

#include "inspect/beside.h"
#include "inspect/recognise.h"
#include "weights/fields.h"

// What is known of a layer whose readings are compared.
typedef struct rank_layer {
  const subject *s;
  const char *name;
  const quant_args *stated; // what files beside say of it; NULL: nothing
  const fields_note *noted; // what qcc wrote of it; NULL: nothing
} rank_layer;

// One way to read the tensors of a layer.
typedef struct reading {
  fit fit;
  const tensor *const *tensors;
  layout_input *inputs;
  rest_list rest;
  size_t unexplained;   // of the rest
  unsigned other_types; // tensors that are not of the very type that the layout says
  double coverage;      // bits of all elements, by bits of the tensors
  unsigned told;        // how many of its parameters the file, or those beside it, state
  bool noted;           // qcc wrote the tensors, and says that they are this
  unsigned differs;     // how many they state otherwise
  unsigned agrees;      // whether they name its scheme or layout: the more exactly the more
  bool measured; // `facts` say what its numbers are; of readings that are worse whatever these are nothing is known
  sample_facts facts;
  size_t order; // in the catalogue
} reading;

typedef VEC(reading) readings;

// Adds a fit of a layer's tensors (`viewed`: with the layout's dimensions), with all that speaks for and against it.
void rank_add(const rank_layer *layer, const tensor *const *tensors, const tensor *const *viewed, const fit *x,
              readings *out);

// The best one first. Looks at the numbers of those that may be it.
void rank_sort(catalogue *c, readings *all);

// Whether nothing decides between the best reading and another one that gives different weights.
bool rank_same(catalogue *c, const reading *best, reading *other);

// Why a reading that was looked at cannot be the layer's; NULL: it can.
const char *rank_problem(catalogue *c, const reading *r);

// Whether groups divide the columns.
bool rank_divides(const reading *r);

// Whether two readings give the same weights, as far as was looked at.
bool rank_same_numbers(const reading *a, const reading *b);

// "scheme(group=64), layout = name"
const char *rank_text(arena *a, const reading *r);

#endif

// What the tensors of a file are: which scheme, in which layout and with which parameters, explains them. Found out from
// their types, sizes and numbers; the names of tensors count only as endings that layouts declare.
#ifndef QCC_INSPECT_RECOGNISE_H
#define QCC_INSPECT_RECOGNISE_H

#include "files/quant_config.h"
#include "inspect/beside.h"
#include "inspect/sample.h"

typedef enum found_kind {
  FOUND_TENSORS, // separate tensors of a layout
  FOUND_BLOCKS,  // blocks with the container's type number
  FOUND_FIELDS,  // what `qcc quantize` wrote: fields or blocks, and the file says of which scheme
  FOUND_FLOAT,   // plain float numbers
  FOUND_NUMBERS, // integers that nothing explains
  FOUND_UNKNOWN  // blocks that no scheme reads
} found_kind;

// One weight matrix, or any other tensor.
typedef struct found {
  found_kind kind;
  const tensor_file *file;     // FIELDS
  const char *name;            // of the layer for separate tensors, else of the tensor
  const catalogue_form *form;  // TENSORS
  const scheme *scheme;        // NULL for FLOAT, NUMBERS, UNKNOWN
  const scheme_layout *layout; // NULL also for fields
  uint64_t rows, columns;      // of weights; of other tensors all dimensions but the last are rows
  size_t tensor_count;
  const tensor *const *tensors; // of the layout, in its order; else the tensor(s)
  const layout_input *inputs;   // TENSORS; of a layout that is one tensor and no blocks
  const uint8_t *data;          // BLOCKS
  uint64_t bytes;               // of all its tensors
  bool certain;                 // no other rows or columns would fit
  bool any_size;                // others would, and nothing speaks for these: groups do not divide them
  sample_facts facts;
  rest_list rest;
  VEC(const char *) others; // other readings that fit as well: "scheme, layout = name"
  const char *problem;      // why it cannot be compiled exactly; NULL when it can
  const char *rounding;     // what of its numbers f32 cannot hold; NULL: nothing
  const char *noted;        // what the file's own metadata call its scheme, which may be unknown here; or NULL
  bool unexplained;         // the problem: a tensor beside it changes what it means, and nothing says how
} found;

// Why it is not compiled as it is stored; NULL: it is.
static inline const char *found_inexact(const found *w) { return w->problem != NULL ? w->problem : w->rounding; }

typedef VEC(found *) found_list;

// How tensors are to be read, as a user says it.
typedef struct asked_reading {
  const char *scheme;                              // with its parameters, as in its name
  const char *layout;                              // NULL: of separate tensors, whichever fits
  uint64_t rows, columns;                          // 0: what the sizes say
  bool (*wanted)(void *context, const char *name); // of layers or tensors; NULL: all of them
  void *context;
} asked_reading;

// A file, and what the files beside it say (NULL: nothing).
typedef struct subject {
  catalogue *c;
  const tensor_file *file;
  const quant_config *config;
  const asked_reading *asked; // NULL: nothing is asked
} subject;

// Everything in the file, in the order of its tensors. What its layers are is remembered in the catalogue, and decides
// where other layers leave it open; catalogue_forget ends that. What is asked of the tensors and cannot be is reported.
void recognise_file(const subject *s, found_list *out);

// The weights of one layer with that many columns (0: not known), stored as separate tensors, in the scheme with these
// parameters (wanted; NULL: any) if they can be that; without a scheme when no layout
// explains them, and they are not what they seem (see `unexplained`). NULL when they are plain numbers, or are not there.
found *recognise_layer(const subject *s, const char *layer, uint64_t columns, const char *wanted);

// The codes of the corner (inspect/sample.h) of a found weight; NULL when there are none.
tensor_codes *recognise_corner(catalogue *c, const found *w, arena *a);

#endif

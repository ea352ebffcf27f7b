// Two weight files: which tensors only one has, and how far apart the numbers of the others are, whatever their formats.
#ifndef QCC_INSPECT_COMPARE_H
#define QCC_INSPECT_COMPARE_H

#include <stdio.h>

#include "inspect/recognise.h"

// A tensor, or the weights of a layer, of which at least one file has some.
typedef struct compared {
  const char *name;
  const found *a, *b; // NULL: the file has none
  bool same_shape;
  bool measured;       // both could be read: the next three are known
  double max_abs;      // difference of two numbers; NaN where only one of them is
  double relative_rms; // root of the squared differences' sum by that of the first file's numbers; 0: all are equal
  uint64_t different;  // numbers that are not equal
} compared;

typedef struct comparison_report {
  const tensor_file *a, *b;
  VEC(compared) all; // in the order of the first file, then what only the second one has
  size_t equal;      // tensors of one shape with the same numbers
} comparison_report;

// Compares what `wanted` (NULL: all) takes. Layers and their weights are alike by their names, "fc" and "fc.weight". Both files stay
// open. In memory of the catalogue.
comparison_report *compare_files(const subject *a, const subject *b, bool (*wanted)(void *context, const char *name),
                                 void *context);

// For people: a line for each tensor that differs, and what only one file has.
void comparison_print(FILE *out, const comparison_report *r, bool summary);

// For programs; docs/inspect.md has the members. False when memory ran out.
bool comparison_print_json(FILE *out, const comparison_report *r);

#endif

// All that `qcc inspect` says of a file, as data: its two reports (text and JSON) print this.
#ifndef QCC_INSPECT_INSPECTION_H
#define QCC_INSPECT_INSPECTION_H

#include <stdio.h>

#include "inspect/levels.h"
#include "inspect/names.h"
#include "inspect/recognise.h"

// One line of the report.
typedef struct inspected {
  const found *what;
  const char *format;  // scheme with its parameters, or the type of plain numbers
  const char *group;   // what shares scales: "32", "row", "128 x 128", "tensor"; NULL: nothing is shared
  uint64_t group_rows; // the same in numbers; 0 when nothing is shared
  uint64_t group_columns;
  const char *packing; // of the codes: the layout, "fields"; NULL for plain numbers
  unsigned code_bits;  // of one weight's code; 0: not one code a weight
  double bits;         // stored bits for each weight
  bool is_matrix;      // could be the weights of a layer
  level_facts levels;  // of plain floats
} inspected;

// All tensors of one format.
typedef struct format_share {
  const char *format;
  size_t tensors;
  uint64_t weights;
  uint64_t bytes;
} format_share;

typedef struct inspection {
  const tensor_file *file;
  const quant_config *config; // NULL without
  VEC(inspected) tensors;
  VEC(format_share) formats; // most weights first
  uint64_t weights;
  uint64_t bytes; // of tensors
  size_t matrices;
  size_t exact;    // matrices that compile as they are stored, bit for bit
  name_parts name; // what the file's name says
  VEC(const char *) warnings;
  VEC(const char *) advice;
} inspection;

// Opens nothing and keeps nothing open: the file is the caller's. Everything lives in the catalogue's arena.
inspection *inspect_file(catalogue *c, const tensor_file *f, const quant_config *config);

/* report.c: for people. `advise` adds what could be done. */
void inspection_print(FILE *out, const inspection *x, bool advise);
/* json.c: for programs; docs/inspect.md has the members. An array when there are several. False when memory ran out. */
bool inspection_print_json(FILE *out, const inspection *const *all, size_t count);

/* mismatch.c: what the name says and the content does not, into x->warnings; and x->advice. */
void inspection_compare_name(arena *a, const catalogue *c, inspection *x);
void inspection_advise(arena *a, inspection *x);

#endif

// All that `qcc inspect` says of a file, as data: its two reports (text and JSON) print this.
#ifndef QCC_INSPECT_INSPECTION_H
#define QCC_INSPECT_INSPECTION_H

#include <stdio.h>

#include "inspect/levels.h"
#include "inspect/names.h"
#include "inspect/recognise.h"
#include "inspect/values.h"

// What tensors are to a network, one row each: suffix, the word in reports, one of them, several.
#define INSPECT_ROLES(X)                                                                      \
  X(MATRIX, "matrix", "matrix", "matrices")                                                   \
  X(VECTOR, "vector", "vector (bias, norm, ..)", "vectors (biases, norms, ..)")               \
  X(NUMBER, "number", "single number", "single numbers")                                      \
  X(KERNEL, "kernel", "kernel or stack of 3 dimensions or more, which no layer of qcc takes", \
    "kernels or stacks of 3 dimensions or more, which no layer of qcc takes")                 \
  X(INTEGERS, "integers", "table of integers", "tables of integers")                          \
  X(OTHER, "other", "tensor that the file's graph reads as no weights",                       \
    "tensors that the file's graph reads as no weights")

typedef enum inspect_role {
#define X(id, word, one, several) ROLE_##id,
  INSPECT_ROLES(X)
#undef X
      ROLE_COUNT
} inspect_role;

const char *inspect_role_word(inspect_role role);

// Orders of the report, one row each: suffix, the word of --sort.
#define INSPECT_SORTS(X) \
  X(FILE, "file")        \
  X(NAME, "name")        \
  X(SIZE, "size")        \
  X(WEIGHTS, "weights")  \
  X(BITS, "bits")        \
  X(FORMAT, "format")    \
  X(OFFSET, "offset")

typedef enum inspect_sort {
#define X(id, word) SORT_##id,
  INSPECT_SORTS(X)
#undef X
      SORT_COUNT
} inspect_sort;

// The order with that word; SORT_COUNT when there is none.
inspect_sort inspect_sort_find(const char *word);
// All words, as text for a message.
const char *inspect_sort_words(arena *a);

// What is looked at.
typedef struct inspect_options {
  bool (*wanted)(void *context, const char *name); // NULL: all tensors
  void *context;
  inspect_sort sort;
  bool values; // read all numbers
} inspect_options;

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
  inspect_role role;
  bool is_matrix;  // could be the weights of a layer: the role
  const char *use; // what the file's graph does with it, "kernel of Conv"; NULL: it does not say
  bool transposed; // stored as [inputs, outputs]
  bool has_offset;
  uint64_t offset;    // of the first byte in the file, or the part that has it
  level_facts levels; // of plain floats
  value_facts values;
} inspected;

// Whether it compiles as it is stored, without a rule that says how to read it.
static inline bool inspected_exact(const inspected *t) {
  return found_inexact(t->what) == NULL && t->what->others.len == 0;
}

// All tensors of one format.
typedef struct format_share {
  const char *format;
  const inspected *matrix;    // the first matrix of it; NULL: none
  const inspected *quantized; // the first quantized one
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
  uint64_t bytes; // of tensors, each counted once
  size_t roles[ROLE_COUNT];
  size_t matrices;
  size_t exact;    // matrices that compile as they are stored, bit for bit
  size_t open;     // of the others those that may be read in several ways
  name_parts name; // what the file's name says
  VEC(const char *) warnings;
  VEC(const char *) advice;
} inspection;

// Opens nothing and keeps nothing open: the file is the caller's. Everything lives in the catalogue's arena.
inspection *inspect_file(catalogue *c, const tensor_file *f, const quant_config *config,
                         const inspect_options *options);

// How a report for people is printed.
typedef struct report_options {
  bool advise;  // also what could be done
  bool summary; // without metadata and lines for tensors
} report_options;

/* report.c: for people. */
void inspection_print(FILE *out, const inspection *x, const report_options *options);
/* json.c: for programs; docs/inspect.md has the members. An array when there are several. False when memory ran out. */
bool inspection_print_json(FILE *out, const inspection *const *all, size_t count);

/* mismatch.c: what the name says and the content does not, into x->warnings; and x->advice. */
void inspection_compare_name(arena *a, const catalogue *c, inspection *x);
void inspection_advise(arena *a, inspection *x);

#endif

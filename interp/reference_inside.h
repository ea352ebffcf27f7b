// What the files of the reference interpreter share.
#ifndef QCC_INTERP_REFERENCE_INSIDE_H
#define QCC_INTERP_REFERENCE_INSIDE_H

#include "interp/reference.h"
#include "ir/statement_fold.h"

typedef struct memory {
  st_array array;
  uint8_t *written; // NULL: all of it
} memory;

// A value that an expression had, and when.
typedef struct cached {
  uint64_t time; // 0: never
  st_number value;
  bool outside;
} cached;

typedef struct machine {
  diag *d;
  arena *mem;
  const st_computation *c;
  const int64_t *symbols;
  memory *inputs, *constants, *locals;
  int64_t *indices;  // the value of each index, by number
  uint64_t *changed; // when it was set
  uint64_t time;
  cached *values;      // by expression; reductions and what is used more than once
  uint64_t began;      // when the statement did: what was kept before counts no more
  uint64_t *counted;   // when the uses of an expression were counted
  unsigned *uses;      // of an expression in the statement
  uint64_t **depends;  // a bit for each index
  size_t words;        // of these
  bool keeps;          // values may be kept: the statement does not read what it changes
  unsigned else_depth; // an `else` is around
  bool outside;        // a read was outside, for the `else`
  bool failed;
} machine;

/* reference_eval.c */
// Counts how often expressions are used and what they depend on.
void ref_prepare(machine *m, const st_expr *e);
void ref_set_index(machine *m, const st_index *index, int64_t value);
st_number ref_value(machine *m, const st_expr *e);
memory *ref_memory(machine *m, const st_tensor *t);
// The number of an element, or -1 where it is outside.
int64_t ref_place(machine *m, const st_tensor *t, const st_expr *const *subscripts);
bool ref_size(machine *m, const extent *e, src_loc loc, int64_t *out);
void ref_fail(machine *m, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

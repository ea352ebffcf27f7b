// What the files of nest.h share: the state of a kernel that is being written.
#ifndef QCC_KERNEL_NEST_INSIDE_H
#define QCC_KERNEL_NEST_INSIDE_H

#include "kernel/emit_base.h"
#include "kernel/nest.h"
#include "support/vec.h"

#define NEST_LANES LO_LANES

// One addend of an address: coefficient times index.
typedef struct nest_factor {
  const st_index *index;
  const extent *coefficient;
} nest_factor;

// An integer that is linear in the indices.
typedef struct nest_linear {
  bool is_linear;
  size_t count;
  nest_factor *factors;
  const extent *rest;
} nest_linear;

// What is known of an expression before anything is written; one for each id.
typedef struct nest_note {
  uint64_t *depends;   // a bit for each index
  bool has_edge;       // READ: a subscript may lie outside of its dimension
  bool is_unsafe;      // a read in it may be outside, and no `else` in it decides on that
  bool is_dense;       // READ: no subscript may, and the address is linear
  nest_linear address; // READ that is dense, in elements
  unsigned seen;       // the last walk that came here
} nest_note;

// The value of an expression where the kernel is: of one lane when it does not depend on the lane index.
typedef struct nest_value {
  ir_value *value;
  ir_value *all; // the same in all lanes, where somebody asked for it
} nest_value;

typedef struct nest_place {
  bool open;
  ir_value *at; // what the index is; of the lane index, that of lane 0
} nest_place;

typedef struct nest {
  ir_builder b;
  arena *mem;
  diag *d;
  const st_computation *c;
  const st_statement *s;
  size_t words; // of nest_note.depends
  nest_note *notes;
  nest_value *values;
  VEC(unsigned) log; // ids of the values that were made, the latest last
  nest_place *places;
  unsigned walk;
  VEC(const st_tensor *) tensors;
  VEC(ir_value *) buffers;
  VEC(const extent *) sizes;
  VEC(ir_value *) size_values;
  VEC(const st_expr *) ready; // what nest_hoist found
  const st_index *lane;       // the index that lanes run along; NULL: one lane
  ir_value *count;            // lanes that are there; NULL: all
  bool careful;               // reads along the lane index may lie outside of their tensor
  elem_type real;             // F32 or F64
  elem_type integer;          // I32 or I64
  bool failed;
} nest;

/* nest_form.c: what is known before */
void nest_note_all(nest *n, const st_expr *e);
bool nest_depends(const nest *n, const st_expr *e, const st_index *index);
// Whether all indices that the expression depends on are open.
bool nest_is_ready(const nest *n, const st_expr *e);
nest_linear nest_linear_of(nest *n, const st_expr *e);
// a + scale * b
nest_linear nest_combine(nest *n, const nest_linear *a, const nest_linear *b, const extent *scale);
// The coefficient of the index; NULL when there is none.
const extent *nest_coefficient(const nest_linear *l, const st_index *index);
bool nest_is_one(const extent *e);
// Whether a read is contiguous along the index: it alone stands in the last subscript, with the coefficient 1.
bool nest_is_contiguous(nest *n, const st_expr *read, const st_index *index);
// Whether the subscript is proved to lie within its dimension.
bool nest_is_inside(const nest *n, const st_expr *read, size_t dim);
const extent *nest_stride(const nest *n, const st_tensor *t, size_t dim);
// Counts over all reads of `e`: those that depend on the index, and those of them that are contiguous along it.
void nest_count_reads(nest *n, const st_expr *e, const st_index *index, unsigned *reads, unsigned *contiguous);

/* nest.c */
ir_value *nest_buffer(nest *n, const st_tensor *t);
ir_value *nest_size(nest *n, const extent *e);
void nest_fail(nest *n, src_loc loc, const char *what);
size_t nest_mark(const nest *n);
// Forgets the values that were made since the mark, because their block ends.
void nest_forget(nest *n, size_t mark);
// Writes what of `e` can be computed before a loop is opened.
void nest_hoist(nest *n, const st_expr *e);

/* nest_expr.c */
// The value in as many lanes as it has; in all lanes that the kernel now runs along.
ir_value *nest_value_of(nest *n, const st_expr *e);
ir_value *nest_lanes_of(nest *n, const st_expr *e);
ir_value *nest_convert(nest *n, ir_value *v, st_class from, st_class to); // of a value
// Lanes of a value.
uint32_t nest_lanes(const nest *n, const st_expr *e);
ir_type nest_type(const nest *n, st_class kind, uint32_t lanes);
ir_value *nest_constant(nest *n, st_class kind, uint32_t lanes, double value);
ir_value *nest_widen(nest *n, ir_value *v, uint32_t lanes);
// The number of each lane, at most that of the last one that is there.
ir_value *nest_iota(nest *n, elem_type integer);

/* nest_read.c */
ir_value *nest_read(nest *n, const st_expr *read);
// An integer as an index, where lanes do not differ; of the lane index it is that of lane 0.
ir_value *nest_index_value(nest *n, const st_expr *e);
// Whether all reads of `e` are inside, as a mask; NULL when they always are.
ir_value *nest_inside(nest *n, const st_expr *e);
// Where an address that is linear in the indices is, in elements; indices that were joined count with the one they were joined to.
ir_value *nest_linear_place(nest *n, const nest_linear *l);
ir_value *nest_load_as(nest *n, elem_type storage, ir_value *loaded, st_class kind);
ir_value *nest_store_as(nest *n, elem_type storage, ir_value *v);

/* nest_reduce.c */
ir_value *nest_reduce(nest *n, const st_expr *e);

#endif

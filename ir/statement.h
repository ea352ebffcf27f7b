// Computations in index notation, with every name resolved: what the reference interprets and what kernels are made
// of. Lists of indices are written out, operators that were called are put in place, and what is known to the compiler
// is a constant. Sizes may be symbolic (ir/extent.h). Everything lives in the arena of the computation.
#ifndef QCC_IR_STATEMENT_H
#define QCC_IR_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/elem.h"
#include "ir/extent.h"
#include "support/arena.h"
#include "support/diag.h"
#include "support/vec.h"

typedef enum st_class { ST_CLASS_BOOL, ST_CLASS_INT, ST_CLASS_REAL } st_class;

// What a tensor holds. Without an element type its numbers are exact: nothing was said of how they are stored.
typedef struct st_type {
  st_class kind;
  bool stored;    // as `elem`; booleans as one byte, 0 or 1
  elem_type elem; // ELEM_U8 of booleans
} st_type;

typedef enum st_op {
#define ST(id, text, arguments) ST_##id,
#include "ir/statement.def"
#undef ST
  ST_OP_COUNT
} st_op;

typedef struct st_op_info {
  const char *name;
  int arg_count; // -1: varies
} st_op_info;

// An index variable: 0 .. count - 1.
typedef struct st_index {
  const char *name;
  const extent *count;
  const extent *symbol; // the variable itself in sizes
  unsigned number;      // among those of the computation
  src_loc loc;
} st_index;

typedef enum st_role {
  ST_INPUT,    // given by the caller of the computation; `number` among the inputs
  ST_CONSTANT, // known to the compiler: `data`
  ST_LOCAL     // made by statements; results are locals that the computation lists
} st_role;

typedef struct st_tensor {
  const char *name; // for people; not unique
  st_role role;
  unsigned number; // among the inputs, the constants or the locals
  st_type type;
  unsigned rank;
  const extent *const *dims; // outermost first
  const double *reals;       // ST_CONSTANT of reals, in memory order
  const int64_t *integers;   // ST_CONSTANT of integers and booleans
  int64_t low, high;         // integers: what they are known to lie in
  src_loc loc;
} st_tensor;

// Equal expressions of a computation are one node, so that what a text uses twice is computed once.
typedef struct st_expr st_expr;
struct st_expr {
  st_op op;
  st_class kind; // of the value
  unsigned id;   // among the expressions of the computation, arguments before what uses them
  elem_type elem;
  int64_t i;
  double r;
  const extent *size;
  const st_index *index;
  const st_tensor *tensor;
  size_t index_count; // of a reduction
  const st_index *const *indices;
  size_t arg_count;
  const st_expr *const *args;
  int64_t low, high; // of integers and booleans: the range that is proved, else that of i64
  src_loc loc;       // of the first text that says so
};

typedef enum st_kind {
  ST_DEFINE, // target[left..] = value for all indices: every element once, or one round's part inside of a loop
  ST_UPDATE, // the same, changing elements in memory order of the indices
  ST_LOOP    // body for round = 0, 1, ..
} st_kind;

typedef enum st_update { ST_SET, ST_PLUS, ST_TIMES, ST_RAISE, ST_LOWER } st_update; // := += *= max= min=

typedef struct st_statement st_statement;
struct st_statement {
  st_kind kind;
  st_update update;
  const st_tensor *target;
  size_t index_count; // the last one varies fastest
  const st_index *const *indices;
  const st_expr *const *left; // one a dimension of the target. ST_DEFINE: one of the indices, the loop's, or 0
  const st_expr *value;
  const st_index *round; // ST_LOOP
  size_t body_count;
  const st_statement *const *body;
  src_loc loc;
};

// A condition on sizes that is not proved, and is checked when a call begins.
typedef struct st_require {
  const extent *condition; // not 0
  const char *message;
  src_loc loc;
} st_require;

typedef struct st_computation {
  arena *mem;
  extent_pool *sizes;
  const char *name;
  VEC(const st_tensor *) inputs;
  VEC(const st_tensor *) constants;
  VEC(const st_tensor *) locals;
  VEC(const st_tensor *) results; // among the locals, or inputs that are handed on
  VEC(const char *) result_names;
  VEC(const st_statement *) statements;
  VEC(st_require)
  requires;
  unsigned index_count;
  unsigned expr_count;
  bool has_doubles;             // a tensor stores f64: then exact numbers are f64 where they are kept
  struct st_interned *interned; // private to statement.c
} st_computation;

const st_op_info *st_op_get_info(st_op op);

/* statement.c */
// An empty computation whose sizes are of `sizes`.
st_computation *st_computation_new(arena *mem, extent_pool *sizes, const char *name);
// Constructors. An expression is given by its members but for `id`, `low`, `high`, and `kind` where the arguments decide
// it; arguments are copied. What is constant is computed: the node that comes back may be another one. Integers beside
// reals become real by TO_REAL nodes.
const st_expr *st_make(st_computation *c, st_expr wanted);
const st_expr *st_int(st_computation *c, int64_t value, src_loc loc);
const st_expr *st_real(st_computation *c, double value, src_loc loc);
const st_index *st_index_new(st_computation *c, const char *name, const extent *count, src_loc loc);
st_tensor *st_tensor_new(st_computation *c, st_role role, const char *name, st_type type, unsigned rank,
                         const extent *const *dims, src_loc loc);
// A size as an integer expression.
const st_expr *st_size(st_computation *c, const extent *size, src_loc loc);
// An index expression as a size in the statement's variables; NULL when it reads a tensor or is no integer arithmetic.
const extent *st_as_extent(const st_computation *c, const st_expr *e);
// Says how the real numbers of a local are stored of which nothing was said.
void st_set_type(st_computation *c, const st_tensor *local, st_type type);
// A condition on sizes as a size that is not 0 where it holds; NULL when it is about other things.
const extent *st_truth_extent(const st_computation *c, const st_expr *e);
bool st_is_constant(const st_expr *e); // BOOL, INT or REAL

/* statement_text.c */
// The computation for people and tests: one line a tensor and a statement.
const char *st_text(arena *a, const st_computation *c);

#endif

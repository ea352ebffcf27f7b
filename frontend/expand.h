// What the files that write operators out share. Private to the frontend.
//
// A function that reports an error gives back a value of kind EX_WRONG or false, and its callers pass that on without a
// word of their own.
#ifndef QCC_FRONTEND_EXPAND_H
#define QCC_FRONTEND_EXPAND_H

#include "frontend/operators.h"
#include "support/map.h"
#include "support/vec.h"

#define EX_MOST_CALLS 64       // operators within one another
#define EX_MOST_NODES 4000000u // expressions of a computation
#define EX_MOST_STEPS 250000u  // statements that are written out, and rounds of `for`
#define EX_MOST_ELEMENTS 100000u

typedef enum ex_kind {
  EX_WRONG, // an error was reported
  EX_NONE,
  EX_NUMBER, // an expression: known to the compiler where it is a constant or a size
  EX_STRING,
  EX_TYPE,
  EX_LIST,
  EX_TENSOR
} ex_kind;

typedef struct ex_value ex_value;
struct ex_value {
  ex_kind kind;
  const st_expr *number;
  const char *string;
  st_type type;
  size_t count; // EX_LIST
  const ex_value *items;
  const st_tensor *tensor;
};

// What a name means: a value, or an index with its range.
typedef struct ex_name {
  const char *name;
  bool is_index;
  bool is_list; // of an index: a list of indices
  size_t count; // how many
  const extent **ranges;
  ex_value value;
  bool is_bound;         // an index that has a value here (then `value` is set)
  const st_index *round; // of a loop's variable
  bool absent;           // it has a place, and no meaning yet
  size_t shadowed;       // the meaning before, as its number + 1; 0: none
  src_loc loc;
} ex_name;

struct ex_library {
  diag *d;
  arena *mem;
  name_map operators; // ast_node
  VEC(const ast_node *) list;
  name_map consts; // ast_node
  name_map values; // of consts that were computed: ex_value
  name_map computing;
};

typedef VEC(const st_statement *) ex_statements;

// A loop whose body is being written.
typedef struct ex_loop {
  struct ex_loop *outer;
  const ast_node *node;
  const st_index *round;
  const char *name;
} ex_loop;

typedef struct ex_computation {
  ex_library *l;
  st_computation *c;
  unsigned calls;   // that are open
  unsigned steps;   // statements and rounds of `for` so far
  ptr_map bindings; // how often a name was given to a tensor
  ptr_map ahead;    // tensors that were declared ahead of the statement (its tree) that gives them
  bool failed;
} ex_computation;

// One call of an operator or block, or an entry.
typedef struct ex_frame ex_frame;
struct ex_frame {
  ex_computation *x;
  ex_frame *caller;
  const ast_node *node;
  src_loc call;
  VEC(ex_name) names;
  name_map latest; // the number + 1 of the last meaning of a name
  name_map failed; // names that were not given because of an error: their uses are no further errors
  bool has_lead;   // `..` stands for dimensions
  size_t lead_count;
  const extent **lead;
  const ex_value *lead_values; // where it is bound: indices
  bool on_elements;            // no argument is a tensor: statements give values
  bool has_float;
  st_type first_float; // of the arguments
  const char *last;    // the last tensor that was given
  ex_statements *out;
  ex_loop *loop;
  unsigned else_depth;
  unsigned edge_count;               // reads that may be outside, of the `else` at hand
  const extent *edge_at, *edge_size; // the last of them: where it reads, NULL where that is no size
  bool edge_above;                   // it may be outside behind the end, and there alone
  size_t statement_mark;             // names that the statement at hand declares come from there on
  unsigned ahead_depth;              // tensors that are declared ahead of one another
  ex_value *returned;                // of a block or an entry
  size_t returned_count;
  bool has_returned;
};

/* expand.c: names, messages */
void ex_error(ex_frame *f, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));
void ex_hint(ex_frame *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
ex_name *ex_find(ex_frame *f, const char *name);
void ex_reserve(ex_frame *f, const char *name, src_loc loc); // a place for a name that is given later, if it has none
ex_name *ex_declare(ex_frame *f, const char *name, src_loc loc); // a new meaning; the old ones stay behind it
void ex_set(ex_frame *f, const char *name, ex_value value, src_loc loc);
bool ex_has_failed(const ex_frame *f, const char *name); // a statement that was to give the name is wrong
size_t ex_mark(const ex_frame *f);
void ex_restore(ex_frame *f, size_t mark); // forgets what was declared since
extent_pool *ex_pool(const ex_frame *f);
void ex_run(ex_frame *f, const ast_nodes *nodes);
// Calls an operator. *count results are given.
const ex_value *ex_call(ex_frame *f, const ast_expr *call, const char *name, size_t *count);
bool ex_is_operator(const ex_frame *f, const char *name);

/* expand_value.c */
extern const ex_value ex_wrong, ex_none;
ex_value ex_number(const st_expr *e);
ex_value ex_int(ex_frame *f, int64_t value, src_loc loc);
ex_value ex_real(ex_frame *f, double value, src_loc loc);
ex_value ex_size(ex_frame *f, const extent *e, src_loc loc);
ex_value ex_list(ex_frame *f, size_t count, const ex_value *items);
ex_value ex_string(const char *text);
ex_value ex_tensor(const st_tensor *t);
ex_value ex_type(st_type type);
// An operator on numbers, or element by element on lists.
ex_value ex_apply(ex_frame *f, st_op op, elem_type elem, size_t count, const ex_value *args, src_loc loc);
ex_value ex_equal(ex_frame *f, const ex_value *a, const ex_value *b, bool negate, src_loc loc);
// What is known to the compiler: an integer, a size, a truth; false is reported with `what`.
bool ex_known_int(ex_frame *f, const ex_value *v, src_loc loc, const char *what, int64_t *out);
const extent *ex_known_size(ex_frame *f, const ex_value *v, src_loc loc, const char *what);
bool ex_known_truth(ex_frame *f, const ex_value *v, src_loc loc, const char *what, bool *out);
bool ex_is_known(const ex_value *v); // a constant or a size
// The number of a value that has to be one.
const st_expr *ex_as_number(ex_frame *f, const ex_value *v, src_loc loc);
const char *ex_describe(ex_frame *f, const ex_value *v);
st_type ex_type_named(const char *name, bool *found);

/* expand_expr.c */
ex_value ex_eval(ex_frame *f, const ast_expr *e);
// Arguments or indices, with lists written out; `..` gives the leading indices. *count of them.
ex_value *ex_items(ex_frame *f, const ast_args *args, size_t from, size_t *count);
// Takes a condition to be true (or false) in proofs, until the facts are forgotten.
void ex_assume(ex_frame *f, const st_expr *condition, bool holds);

/* expand_function.c: what can be called besides operators */
bool ex_is_function(const char *name);
ex_value ex_function(ex_frame *f, const ast_expr *e);

/* expand_reduce.c */
bool ex_is_reduction(ex_frame *f, const ast_expr *e);
ex_value ex_reduce(ex_frame *f, const ast_expr *e);

/* expand_index.c: indices and their ranges */
// Binds the indices that an entry of a left side or of a reduction introduces. `body` tells ranges that are not written.
// False when it introduces none (*bound false) or is wrong (*bound true).
bool ex_bind(ex_frame *f, const ast_expr *index, const ast_expr *const *body, size_t body_count, bool *bound,
             ex_value *out);
// Binds the indices inside of an entry that is an expression, such as `s[perm]..`.
bool ex_bind_inside(ex_frame *f, const ast_expr *index, const ast_expr *const *body, size_t body_count);
const st_index *ex_index_of(const ex_value *v); // of an index variable; NULL for others

/* expand_read.c */
ex_value ex_read(ex_frame *f, const st_tensor *t, size_t count, const ex_value *subscripts, src_loc loc);

/* expand_bind.c: arguments */
bool ex_bind_arguments(ex_frame *callee, ex_frame *f, const ast_expr *call);
// Declares the indices of a tensor's type and checks its dimensions.
bool ex_bind_dims(ex_frame *f, const ast_node *param, const st_tensor *t, size_t family);

/* expand_statement.c */
void ex_statement(ex_frame *f, const ast_node *node);
// Tensors that a loop gives and that are read before the statement that gives them: made when they are asked for.
bool ex_declare_ahead(ex_frame *f, const char *name);
// The name that a target gives.
const char *ex_target_name(const ast_expr *target);

#endif

// Sizes and positions that are known when a call begins: integers made of named symbols by + - * / % min and max, where
// `/` and `%` round towards minus infinity. Each is kept in normal form, a sum of products, and equal ones are one pointer
// within their pool. No arithmetic wraps: what may leave int64 for some values of the symbols is NULL, as is what is made of
// NULL, so that a chain of operations is checked once.
#ifndef QCC_IR_EXTENT_H
#define QCC_IR_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"

typedef struct extent extent;
typedef struct extent_pool extent_pool;

// What a text declares: multiples of `step` from `least` to `greatest`, which may be made of earlier symbols.
typedef struct extent_symbol {
  const char *name; // for people; not unique
  unsigned number;  // among the symbols of the pool, in the order of their making
  int64_t step;     // from 1 on
  const extent *least;
  const extent *greatest;
  bool is_index; // an index variable of a statement or a loop, see extent_index
  src_loc loc;
} extent_symbol;

typedef enum extent_kind { EXTENT_SYMBOL, EXTENT_DIV, EXTENT_MOD, EXTENT_MIN, EXTENT_MAX } extent_kind;

// What products are made of.
typedef struct extent_atom {
  uint64_t hash;
  unsigned number; // among the atoms of the pool; an atom comes after all that it is made of
  unsigned nodes;
  extent_kind kind;
  const extent_symbol *symbol; // EXTENT_SYMBOL: its value divided by its step
  const extent *left, *right;  // else: the arguments
  int64_t least, greatest;
} extent_atom;

// The product of its factors, which are sorted; 1 without any.
typedef struct extent_product {
  uint64_t hash;
  unsigned nodes;
  unsigned factor_count;
  const extent_atom *const *factors;
  int64_t least, greatest;
} extent_product;

typedef struct extent_term {
  int64_t coefficient; // not 0
  const extent_product *product;
} extent_term;

// The sum of its terms, which are sorted, the constant last; 0 without any.
struct extent {
  uint64_t hash;
  unsigned number; // among the extents of the pool
  unsigned nodes;  // of the expression written out, at most EXTENT_NODES_MAX
  size_t term_count;
  const extent_term *terms;
  int64_t least, greatest; // no value lies outside
};

// More nodes are refused, so that whatever walks through an extent ends soon.
enum { EXTENT_NODES_MAX = 4096 };

// Why an operation gave NULL, or an evaluation no value.
typedef enum extent_status {
  EXTENT_OK,
  EXTENT_OVERFLOW,  // a value may lie outside of int64
  EXTENT_BY_ZERO,   // the divisor is 0
  EXTENT_TOO_LARGE, // more than EXTENT_NODES_MAX
  EXTENT_EMPTY,     // a symbol without values
  EXTENT_NO_VALUE,  // a symbol without a value, or with one that is no multiple of its step
  EXTENT_NO_BOUND   // extent_lowest, extent_highest: not to be decided
} extent_status;

// For messages: "may be more than 64 bits can hold".
const char *extent_status_text(extent_status status);

// An empty pool; all that it makes lives in the arena.
extent_pool *extent_pool_new(arena *mem);
// Why the latest operation that gave NULL did so.
extent_status extent_why(const extent_pool *pool);

/* extent.c */
const extent *extent_constant(extent_pool *pool, int64_t value);
// A new symbol. The name is copied. EXTENT_EMPTY when no multiple of `step` lies between the bounds.
const extent *extent_new_symbol(extent_pool *pool, const char *name, const extent *least, const extent *greatest,
                                int64_t step, src_loc loc);
// A new index variable: 0 .. count - 1. Its bounds may be used where the index is, thus not of a count of 0.
const extent *extent_index(extent_pool *pool, const char *name, const extent *count);
// The symbol that this is and nothing else; or NULL.
const extent_symbol *extent_as_symbol(const extent *e);
size_t extent_symbol_count(const extent_pool *pool);
const extent *extent_symbol_at(const extent_pool *pool, unsigned number);

const extent *extent_add(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_sub(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_neg(extent_pool *pool, const extent *a);
const extent *extent_mul(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_sum(extent_pool *pool, size_t count, const extent *const *parts);
const extent *extent_product_of(extent_pool *pool, size_t count, const extent *const *parts);

const extent *extent_of_atom(extent_pool *pool, const extent_atom *atom);

/* extent_leaf.c */
// What cancels is not divided: n * m / n is m, for n = 0 as well.
const extent *extent_div(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_mod(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_min(extent_pool *pool, const extent *a, const extent *b);
const extent *extent_max(extent_pool *pool, const extent *a, const extent *b);

bool extent_is_constant(const extent *e, int64_t *value);
// In the order in which the pool made them: the same in each run.
int extent_compare(const extent *a, const extent *b);
uint64_t extent_hash(const extent *e);

/* extent_values.c */
// The value where symbol number i is values[i]; symbols from `count` on have none. The bounds of symbols are not checked.
extent_status extent_evaluate(const extent *e, size_t count, const int64_t *values, int64_t *result);
// `e` with `by` in the place of `symbol`, which need not lie within the symbol's bounds but must be a multiple of its step.
const extent *extent_substitute(extent_pool *pool, const extent *e, const extent_symbol *symbol, const extent *by);
// Sets used[i] where symbol number i is in `e`, of those below `count`.
void extent_symbols(const extent *e, size_t count, bool *used);
bool extent_uses(const extent *e, const extent_symbol *symbol);
bool extent_uses_indices(const extent *e);

/* extent_text.c */
// As in source: "past + tokens", "2 * (n / 3)".
const char *extent_text(arena *a, const extent *e);

/* extent_prove.c */
typedef enum extent_relation { EXTENT_LE, EXTENT_LT, EXTENT_EQ, EXTENT_NE } extent_relation;
typedef enum extent_answer {
  EXTENT_UNKNOWN,
  EXTENT_YES, // for all values of the symbols that their bounds and the assumptions allow
  EXTENT_NO   // for none of them
} extent_answer;

// Whether `a` and `b` are so related. A bounded search: bounds of symbols and leaves and assumptions are put in, one
// after the other, in at most EXTENT_PROOF_STEPS sums (milliseconds). NULL arguments are unknown.
extent_answer extent_proves(extent_pool *pool, const extent *a, extent_relation relation, const extent *b);
enum { EXTENT_PROOF_STEPS = 600 };

/* extent_assume.c */
// From here on the relation is known to hold (by a check when a call begins), and proofs in the pool may use it. `a % c ==
// 0` is assumed as (extent_mod(a, c), EXTENT_EQ, 0). No extent changes; the pool may get symbols that only proofs use.
void extent_assume(extent_pool *pool, const extent *a, extent_relation relation, const extent *b);
// How much was assumed; forgets what was assumed since.
size_t extent_assumption_count(const extent_pool *pool);
void extent_forget(extent_pool *pool, size_t count);
// An extent that is 1 where the relation holds and 0 where it does not, for conditions that are checked when a call begins.
const extent *extent_truth(extent_pool *pool, const extent *a, extent_relation relation, const extent *b);

/* extent_bounds.c */
// A bound of `e` for all values of the index variables in it, made of the other symbols: the least value and the greatest
// where `e` rises or falls with each index, else one beyond (of `%`: 0 and the divisor less 1). NULL where no direction is known.
const extent *extent_lowest(extent_pool *pool, const extent *e);
const extent *extent_highest(extent_pool *pool, const extent *e);

#endif

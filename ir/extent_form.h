// Sums of products while they are worked on: what the constructors and the proofs of sizes share (ir/extent.h).
#ifndef QCC_IR_EXTENT_FORM_H
#define QCC_IR_EXTENT_FORM_H

#include "ir/extent.h"
#include "support/vec.h"

// Hash sets of things that begin with their hash.
typedef struct extent_table {
  const uint64_t **slots;
  size_t cap;
  size_t len;
} extent_table;

// What is known: that `e` is not negative, or that it may be put in the place of a symbol.
struct extent_assumption {
  const extent_symbol *symbol; // or NULL
  const extent *e;
};

struct extent_pool {
  arena *mem;
  extent_table atoms;
  extent_table products;
  extent_table extents;
  unsigned atom_count;
  VEC(const extent *) symbols;
  extent_status why;
  const extent_product *one; // without factors
  VEC(struct extent_assumption) assumptions;
};

// A sorted sum that need not be interned, nor have bounds within int64.
typedef struct extent_form {
  const extent_term *terms;
  size_t count;
} extent_form;

// Products of two numbers of 64 bits, and sums of them.
__extension__ typedef __int128 extent_wide;

typedef struct extent_range {
  extent_wide least, greatest;
} extent_range;

/* extent.c */
// Each returns false after setting pool->why.
bool extent_fail(extent_pool *pool, extent_status why);
const extent_product *extent_intern_product(extent_pool *pool, unsigned count, const extent_atom *const *sorted);
// A leaf that is not there yet, with bounds that follow from those of its arguments.
const extent_atom *extent_add_atom(extent_pool *pool, extent_kind kind, const extent *left, const extent *right,
                                   int64_t least, int64_t greatest);
const extent_atom *extent_find_atom(const extent_pool *pool, extent_kind kind, const extent *left, const extent *right);
const extent *extent_intern(extent_pool *pool, extent_form f);

/* extent_form.c */
static inline extent_form extent_form_of(const extent *e) { return (extent_form){e->terms, e->term_count}; }
int extent_compare_products(const extent_product *a, const extent_product *b);
// ka * a + kb * b
bool extent_form_add(extent_pool *pool, arena *mem, int64_t ka, extent_form a, int64_t kb, extent_form b,
                     extent_form *out);
bool extent_form_sort(extent_pool *pool, arena *mem, extent_form f, extent_form *out);
bool extent_form_mul(extent_pool *pool, arena *mem, extent_form a, extent_form b, extent_form *out);
// f = p * with + without, where no product in `without` has all factors of p.
void extent_form_split(extent_pool *pool, arena *mem, extent_form f, const extent_product *p, extent_form *with,
                       extent_form *without);
// The product without the factors of `by`; NULL when it lacks one.
const extent_product *extent_product_without(extent_pool *pool, const extent_product *p, const extent_product *by);
const extent_product *extent_product_times(extent_pool *pool, const extent_product *a, const extent_product *b);
// False when the bounds are beyond 128 bits.
bool extent_form_range(extent_form f, extent_range *out);
// The greatest divisor of all coefficients, of the constant's only when asked; 0 without any.
uint64_t extent_form_content(extent_form f, bool with_constant);
// The factors that all terms of the sum have, of those of `so_far` when that is given.
const extent_product *extent_form_common(extent_pool *pool, extent_form f, const extent_product *so_far);
int64_t extent_form_constant(extent_form f);
bool extent_range_mul(extent_range a, extent_range b, extent_range *out);

/* extent_prove.c */
// Whether the sum is proved not to be negative; assumptions are used when asked for.
bool extent_form_nonnegative(extent_pool *pool, extent_form f, bool assumptions, unsigned steps);

/* extent_values.c */
// Whether an index variable of a count of 0 is in it.
bool extent_has_no_values(const extent *e);

/* extent_assume.c */
// Whether not all that was assumed can be: then what is asked about is never reached.
bool extent_is_contradicted(const extent_pool *pool);
// The extent with what assumptions put in the place of its symbols; may be NULL.
const extent *extent_under_assumptions(extent_pool *pool, const extent *e);

#endif

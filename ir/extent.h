// Sizes that are known when a call begins: integers made of named symbols by + - * / % min and max, where / and % round
// down. They are kept in a normal form, a sum of products, and are unique within their pool: equal sizes are one pointer.
//
// What is said of an extent (its bounds, what is proved) holds for all values that its symbols may take.
#ifndef QCC_IR_EXTENT_H
#define QCC_IR_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

typedef struct extent extent;
typedef struct extent_pool extent_pool;

typedef enum extent_kind {
  EXTENT_SYMBOL, // a size of a call
  EXTENT_INDEX,  // an index variable: 0 .. count - 1
  EXTENT_DIV,
  EXTENT_MOD,
  EXTENT_MIN,
  EXTENT_MAX
} extent_kind;

// What products are made of.
typedef struct extent_atom {
  extent_kind kind;
  unsigned number;     // symbols and indices: a number of their own, from 0 on
  const char *name;    // the same
  int64_t low, high;   // bounds; INT64_MIN, INT64_MAX where none is known
  int64_t step;        // symbols: all values are multiples of it
  const extent *x, *y; // of an operation; of an index x is its count
  bool has_index;      // it depends on an index variable
  unsigned id;
} extent_atom;

typedef struct extent_term {
  int64_t coefficient; // not 0
  unsigned count;
  const extent_atom *const *atoms; // by id, repeated for powers; none: the constant
} extent_term;

struct extent {
  unsigned id;
  unsigned count;
  const extent_term *terms; // none: 0
  int64_t low, high;
  bool has_index;
};

extent_pool *extent_pool_new(arena *mem);

// All of these give NULL when a number leaves 64 bits or an argument is NULL, so that a sum need be checked only once.
const extent *extent_constant(extent_pool *p, int64_t value);
// A new symbol: low <= value <= high, a multiple of step (1: any).
const extent *extent_symbol(extent_pool *p, const char *name, int64_t low, int64_t high, int64_t step);
// A new index variable 0 .. count - 1. Where it is spoken of, it has a value: count is at least 1.
const extent *extent_index(extent_pool *p, const char *name, const extent *count);
const extent *extent_add(extent_pool *p, const extent *a, const extent *b);
const extent *extent_sub(extent_pool *p, const extent *a, const extent *b);
const extent *extent_mul(extent_pool *p, const extent *a, const extent *b);
const extent *extent_div(extent_pool *p, const extent *a, const extent *b); // NULL where b may be 0
const extent *extent_mod(extent_pool *p, const extent *a, const extent *b); // the same
const extent *extent_min(extent_pool *p, const extent *a, const extent *b);
const extent *extent_max(extent_pool *p, const extent *a, const extent *b);

bool extent_is_constant(const extent *e, int64_t *value);
// The atom as an extent.
const extent *extent_of_atom(extent_pool *p, const extent_atom *atom);

/* extent_prove.c */
typedef enum extent_relation { EXTENT_LE, EXTENT_LT, EXTENT_EQ } extent_relation;
typedef enum extent_answer { EXTENT_UNKNOWN, EXTENT_YES, EXTENT_NO } extent_answer;
// Whether the relation holds for all values (YES) or for none (NO). Each fact that was assumed may be used once.
extent_answer extent_proves(extent_pool *p, const extent *a, extent_relation relation, const extent *b);
// From now on a <= b is taken to be true; until the count of facts is set back.
void extent_assume(extent_pool *p, const extent *a, const extent *b);
size_t extent_fact_count(const extent_pool *p);
void extent_forget(extent_pool *p, size_t count);
// The least and the greatest value over all index variables, an extent of symbols alone; NULL when it is not known which
// of their values gives it.
const extent *extent_lowest(extent_pool *p, const extent *e);
const extent *extent_highest(extent_pool *p, const extent *e);

/* extent_text.c */
// Reads as in the language: "past + 2 * tokens / 4".
const char *extent_text(arena *mem, const extent *e);
// The value where symbol i is values[i]; false when it leaves 64 bits or divides by 0. Indices count as symbols of their
// own numbers in `indices` (NULL: there are none).
bool extent_evaluate(const extent *e, const int64_t *values, const int64_t *indices, int64_t *result);
// How many symbols (not indices) there are; the atom of one.
unsigned extent_symbol_count(const extent_pool *p);
const extent_atom *extent_symbol_atom(const extent_pool *p, unsigned number);

#endif

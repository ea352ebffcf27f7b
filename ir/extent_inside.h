// What the files of extent.h share.
#ifndef QCC_IR_EXTENT_INSIDE_H
#define QCC_IR_EXTENT_INSIDE_H

#include "ir/extent.h"
#include "support/vec.h"

typedef struct extent_fact {
  const extent *difference; // is not negative
} extent_fact;

typedef struct extent_table {
  size_t count;
  size_t room; // a power of two, or 0
  const void **slots;
} extent_table;

struct extent_pool {
  arena *mem;
  extent_table extents;
  extent_table atoms;
  VEC(const extent_atom *) symbols;
  unsigned index_count;
  unsigned extent_count;
  unsigned atom_count;
  VEC(extent_fact) facts;
};

// The factor of the atom in the terms that have it exactly once; *others is what is left of the extent. NULL when it
// stands in a power.
const extent *extent_factor_of(extent_pool *p, const extent *e, const extent_atom *atom, const extent **others);
// Whether the relation holds whatever facts are assumed: what normal forms may depend on.
bool extent_is_always(extent_pool *p, const extent *a, extent_relation relation, const extent *b);
// Bounds that stay at the end of 64 bits once they are there.
int64_t extent_bound_add(int64_t a, int64_t b);

#endif

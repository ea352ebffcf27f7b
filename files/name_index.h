// Rows of an array by their names. Internal to files/.
#ifndef QCC_FILES_NAME_INDEX_H
#define QCC_FILES_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

// An array of rows whose first member is a name, and the positions of its rows sorted by that name.
typedef struct name_index {
  const char *rows;
  size_t row_size;
  uint32_t *order;
} name_index;

// Sorts positions 0..count-1 by name into *out; returns a name that occurs twice or NULL.
const char *name_index_build(arena *a, const void *rows, size_t row_size, size_t count, uint32_t **out);

// Where `name` stands in the order; `count` when it is not there.
size_t name_index_find(const name_index *x, size_t count, const char *name);

// The first position in the order whose name is not less than `name`.
size_t name_index_lower(const name_index *x, size_t count, const char *name);

// Gives all rows but the first of each name the name that `rename` makes of the row and its position.
void name_index_separate(arena *a, void *rows, size_t row_size, size_t count,
                         const char *(*rename)(arena *a, const void *row, size_t position));

#endif

// Hash maps in an arena: from values to numbers, from names to things.
#ifndef QCC_SUPPORT_MAP_H
#define QCC_SUPPORT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

// From pointers (never NULL) to numbers. Zero-initialised with `mem` set it is empty.
typedef struct ptr_map {
  arena *mem;
  const void **keys;
  size_t *values;
  size_t len;
  size_t cap; // a power of two, or 0
} ptr_map;

void ptr_map_set(ptr_map *m, const void *key, size_t value);
// The number of a key, or `otherwise`.
size_t ptr_map_get(const ptr_map *m, const void *key, size_t otherwise);

// From names (not copied) to pointers (never NULL).
typedef struct name_map {
  arena *mem;
  const char **keys;
  void **values;
  size_t len;
  size_t cap;
} name_map;

void name_map_set(name_map *m, const char *key, void *value);
// NULL if there is no such name.
void *name_map_get(const name_map *m, const char *key);

#endif

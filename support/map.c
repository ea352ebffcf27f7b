// Open addressing with linear probing; tables double when they are half full. Entries are never removed.
#include "support/map.h"

#include <string.h>

enum { FIRST_CAPACITY = 64 };

// ---- pointers --------------------------------------------------------------------------------------------

static size_t ptr_slot(const ptr_map *m, const void *key) {
  uint64_t hash = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
  size_t i = (size_t)(hash >> 32) & (m->cap - 1);
  while (m->keys[i] != NULL && m->keys[i] != key) i = (i + 1) & (m->cap - 1);
  return i;
}

static void ptr_grow(ptr_map *m) {
  ptr_map old = *m;
  m->cap = old.cap == 0 ? FIRST_CAPACITY : old.cap * 2;
  m->keys = ARENA_ARRAY(m->mem, const void *, m->cap);
  m->values = ARENA_ARRAY(m->mem, size_t, m->cap);
  for (size_t i = 0; i < old.cap; i++) {
    if (old.keys[i] == NULL) continue;
    size_t to = ptr_slot(m, old.keys[i]);
    m->keys[to] = old.keys[i];
    m->values[to] = old.values[i];
  }
}

void ptr_map_set(ptr_map *m, const void *key, size_t value) {
  if (m->len * 2 >= m->cap) ptr_grow(m);
  size_t i = ptr_slot(m, key);
  if (m->keys[i] == NULL) m->len++;
  m->keys[i] = key;
  m->values[i] = value;
}

size_t ptr_map_get(const ptr_map *m, const void *key, size_t otherwise) {
  if (m->cap == 0) return otherwise;
  size_t i = ptr_slot(m, key);
  return m->keys[i] == NULL ? otherwise : m->values[i];
}

// ---- names -----------------------------------------------------------------------------------------------

static uint64_t hash_name(const char *name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (const char *p = name; *p != '\0'; p++) hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
  return hash ^ hash >> 32;
}

static size_t name_slot(const name_map *m, const char *key) {
  size_t i = (size_t)hash_name(key) & (m->cap - 1);
  while (m->keys[i] != NULL && strcmp(m->keys[i], key) != 0) i = (i + 1) & (m->cap - 1);
  return i;
}

static void name_grow(name_map *m) {
  name_map old = *m;
  m->cap = old.cap == 0 ? FIRST_CAPACITY : old.cap * 2;
  m->keys = ARENA_ARRAY(m->mem, const char *, m->cap);
  m->values = ARENA_ARRAY(m->mem, void *, m->cap);
  for (size_t i = 0; i < old.cap; i++) {
    if (old.keys[i] == NULL) continue;
    size_t to = name_slot(m, old.keys[i]);
    m->keys[to] = old.keys[i];
    m->values[to] = old.values[i];
  }
}

void name_map_set(name_map *m, const char *key, void *value) {
  if (m->len * 2 >= m->cap) name_grow(m);
  size_t i = name_slot(m, key);
  if (m->keys[i] == NULL) m->len++;
  m->keys[i] = key;
  m->values[i] = value;
}

void *name_map_get(const name_map *m, const char *key) { return m->cap == 0 ? NULL : m->values[name_slot(m, key)]; }

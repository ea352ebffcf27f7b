// Rows of an array by their names.
#include "files/name_index.h"

#include <string.h>

static const char *name_at(const name_index *x, size_t i) {
  const char *name;
  memcpy(&name, x->rows + x->order[i] * x->row_size, sizeof name);
  return name;
}

static void swap_positions(const name_index *x, size_t i, size_t j) {
  uint32_t kept = x->order[i];
  x->order[i] = x->order[j];
  x->order[j] = kept;
}

static void sift_down(const name_index *x, size_t i, size_t count) {
  for (size_t child; (child = 2 * i + 1) < count; i = child) {
    if (child + 1 < count && strcmp(name_at(x, child), name_at(x, child + 1)) < 0) child++;
    if (strcmp(name_at(x, i), name_at(x, child)) >= 0) return;
    swap_positions(x, i, child);
  }
}

// Heapsort: hostile names cannot make it quadratic, and it needs no memory (qsort's comparison has no context).
static void sort_index(const name_index *x, size_t count) {
  for (size_t i = count / 2; i > 0; i--) sift_down(x, i - 1, count);
  for (size_t end = count; end > 1; end--) {
    swap_positions(x, 0, end - 1);
    sift_down(x, 0, end - 1);
  }
}

size_t name_index_lower(const name_index *x, size_t count, const char *name) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (strcmp(name_at(x, mid), name) < 0)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

size_t name_index_find(const name_index *x, size_t count, const char *name) {
  size_t at = name_index_lower(x, count, name);
  return at < count && strcmp(name_at(x, at), name) == 0 ? at : count;
}

const char *name_index_build(arena *a, const void *rows, size_t row_size, size_t count, uint32_t **out) {
  name_index x = {.rows = rows, .row_size = row_size, .order = ARENA_ARRAY(a, uint32_t, count)};
  for (size_t i = 0; i < count; i++) x.order[i] = (uint32_t)i;
  sort_index(&x, count);
  *out = x.order;
  for (size_t i = 1; i < count; i++) {
    if (strcmp(name_at(&x, i - 1), name_at(&x, i)) == 0) return name_at(&x, i);
  }
  return NULL;
}

void name_index_separate(arena *a, void *rows, size_t row_size, size_t count,
                         const char *(*rename)(arena *a, const void *row, size_t position)) {
  name_index x = {.rows = rows, .row_size = row_size};
  if (name_index_build(a, rows, row_size, count, &x.order) == NULL) return;
  for (size_t begin = 0, end; begin < count; begin = end) {
    const char *name = name_at(&x, begin);
    uint32_t first = x.order[begin];
    for (end = begin; end < count && strcmp(name_at(&x, end), name) == 0; end++)
      if (x.order[end] < first) first = x.order[end];
    for (size_t i = begin; i < end; i++) {
      char *row = (char *)rows + x.order[i] * row_size;
      const char *other = x.order[i] == first ? name : rename(a, row, x.order[i]);
      memcpy(row, &other, sizeof other);
    }
  }
}

// Opening a weight file: the index by name, and the accessors.
#include "weights/tensor_file.h"

#include <string.h>

#include "weights/tensor_parse.h"

// An array of rows whose first member is a name, and the positions of its rows being sorted by that name.
typedef struct name_index {
  const char *rows;
  size_t row_size;
  uint32_t *order;
} name_index;

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

// Where `name` stands in the order; `count` when it is not there.
static size_t find_name(const name_index *x, size_t count, const char *name) {
  for (size_t low = 0, high = count; low < high;) {
    size_t mid = low + (high - low) / 2;
    int order = strcmp(name, name_at(x, mid));
    if (order == 0) return mid;
    if (order < 0)
      high = mid;
    else
      low = mid + 1;
  }
  return count;
}

// Sorts positions 0..count-1 by name into *out; returns a name that occurs twice or NULL.
static const char *build_index(arena *a, const void *rows, size_t row_size, size_t count, uint32_t **out) {
  name_index x = {.rows = rows, .row_size = row_size, .order = ARENA_ARRAY(a, uint32_t, count)};
  for (size_t i = 0; i < count; i++) x.order[i] = (uint32_t)i;
  sort_index(&x, count);
  *out = x.order;
  for (size_t i = 1; i < count; i++) {
    if (strcmp(name_at(&x, i - 1), name_at(&x, i)) == 0) return name_at(&x, i);
  }
  return NULL;
}

_Static_assert(offsetof(tensor, name) == 0 && offsetof(tensor_meta, key) == 0, "build_index reads the first member");

static bool build_indices(diag *d, tensor_file *f) {
  const char *twice = build_index(f->mem, f->tensors, sizeof *f->tensors, f->count, &f->by_name);
  if (twice != NULL) diag_error_file(d, f->bytes.path, "two tensors have the name '%s'", twice);
  const char *key = build_index(f->mem, f->meta, sizeof *f->meta, f->meta_count, &f->by_key);
  if (key != NULL) diag_error_file(d, f->bytes.path, "two metadata entries have the key '%s'", key);
  return twice == NULL && key == NULL;
}

static bool parse_file(diag *d, tensor_file *f) {
  f->alignment = 1;
  f->kind = tensor_kind_find(d, f);
  bool ok = f->kind != NULL && f->kind->parse(d, f) && build_indices(d, f);
  tensor_part part = {.bytes = f->bytes, .alignment = f->alignment};
  vec_push(f->mem, &f->parts, part);
  return ok;
}

tensor_file *tensor_file_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size) {
  tensor_file *f = ARENA_NEW(a, tensor_file);
  f->mem = a;
  f->bytes = (mapped_file){.data = data, .size = size, .path = arena_strdup(a, name)};
  return parse_file(d, f) ? f : NULL;
}

tensor_file *tensor_file_open(diag *d, arena *a, const char *path) {
  tensor_file *f = ARENA_NEW(a, tensor_file);
  f->mem = a;
  if (!file_map(d, a, path, &f->bytes)) return NULL;
  f->mapped = true;
  if (parse_file(d, f)) return f;
  tensor_file_close(f);
  return NULL;
}

void tensor_file_close(tensor_file *f) {
  if (f == NULL || !f->mapped) return;
  for (size_t i = 0; i < f->parts.len; i++) file_unmap(&f->parts.data[i].bytes);
  f->mapped = false;
}

const char *tensor_file_path(const tensor_file *f) { return f->bytes.path; }

const char *tensor_file_kind(const tensor_file *f) { return f->kind->name; }

size_t tensor_file_part_count(const tensor_file *f) { return f->parts.len; }

const char *tensor_file_part(const tensor_file *f, size_t index) { return f->parts.data[index].bytes.path; }

size_t tensor_file_count(const tensor_file *f) { return f->count; }

const tensor *tensor_file_at(const tensor_file *f, size_t index) { return &f->tensors[index]; }

const tensor *tensor_file_find(const tensor_file *f, const char *name) {
  name_index x = {.rows = (const char *)f->tensors, .row_size = sizeof *f->tensors, .order = f->by_name};
  size_t at = find_name(&x, f->count, name);
  return at == f->count ? NULL : &f->tensors[f->by_name[at]];
}

const tensor *tensor_file_require(diag *d, const tensor_file *f, const char *name) {
  const tensor *t = tensor_file_find(f, name);
  if (t != NULL) return t;
  const char **names = ARENA_ARRAY(f->mem, const char *, f->count + 1);
  for (size_t i = 0; i < f->count; i++) names[i] = f->tensors[i].name;
  const char *closest = diag_closest(name, names, f->count);
  diag_error_file(d, f->bytes.path, "no tensor '%s' among the %zu of this file", name, f->count);
  if (closest != NULL) diag_hint(d, "did you mean '%s'?", closest);
  return NULL;
}

size_t tensor_file_meta_count(const tensor_file *f) { return f->meta_count; }

const tensor_meta *tensor_file_meta_at(const tensor_file *f, size_t index) { return &f->meta[index]; }

const char *tensor_file_meta(const tensor_file *f, const char *key) {
  name_index x = {.rows = (const char *)f->meta, .row_size = sizeof *f->meta, .order = f->by_key};
  size_t at = find_name(&x, f->meta_count, key);
  return at == f->meta_count ? NULL : f->meta[f->by_key[at]].value;
}

const char *tensor_describe(arena *a, const tensor *t) {
  strbuf b = {.mem = a};
  strbuf_printf(&b, "%s", tensor_dtype_name(t->dtype));
  if (t->dtype == TENSOR_BLOCKS) strbuf_printf(&b, " of type %u", (unsigned)t->block_type);
  strbuf_printf(&b, " [");
  for (unsigned i = 0; i < t->rank; i++) strbuf_printf(&b, i == 0 ? "%llu" : ", %llu", (unsigned long long)t->dims[i]);
  strbuf_putc(&b, ']');
  return strbuf_text(&b);
}

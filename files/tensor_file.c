// Opening a weight file: the index by name, and the accessors.
#include "files/tensor_file.h"

#include <string.h>

#include "files/name_index.h"
#include "files/tensor_parse.h"

_Static_assert(offsetof(tensor, name) == 0 && offsetof(tensor_meta, key) == 0,
               "name_index_build reads the first member");

static bool build_indices(diag *d, tensor_file *f) {
  const char *twice = name_index_build(f->mem, f->tensors, sizeof *f->tensors, f->count, &f->by_name);
  if (twice != NULL) diag_error_file(d, f->bytes.path, "two tensors have the name '%s'", twice);
  const char *key = name_index_build(f->mem, f->meta, sizeof *f->meta, f->meta_count, &f->by_key);
  if (key != NULL) diag_error_file(d, f->bytes.path, "two metadata entries have the key '%s'", key);
  return twice == NULL && key == NULL;
}

tensor_file *tensor_file_new(arena *a, const char *path) {
  tensor_file *f = ARENA_NEW(a, tensor_file);
  f->mem = a;
  f->bytes.path = arena_strdup(a, path);
  return f;
}

bool tensor_file_parse_part(diag *d, tensor_file *f) {
  f->alignment = 1;
  f->kind = tensor_kind_find(d, f);
  bool ok = f->kind != NULL && f->kind->parse(d, f);
  tensor_file_add_part(f, f->bytes, f->alignment);
  return ok;
}

void tensor_file_add_part(tensor_file *f, mapped_file bytes, uint64_t alignment) {
  tensor_part part = {.bytes = bytes, .alignment = alignment};
  vec_push(f->mem, &f->parts, part);
}

tensor_file *tensor_file_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size) {
  tensor_file *f = tensor_file_new(a, name);
  f->bytes.data = data;
  f->bytes.size = size;
  return tensor_file_parse_part(d, f) && build_indices(d, f) ? f : NULL;
}

tensor_file *tensor_file_open(diag *d, arena *a, const char *path) {
  const char *file = tensor_set_find(d, a, path);
  if (file == NULL) return NULL;
  tensor_file *f = tensor_file_new(a, file);
  if (!file_map(d, a, file, &f->bytes)) return NULL;
  f->mapped = true;
  bool ok = tensor_file_parse_part(d, f) && (f->kind->complete == NULL || f->kind->complete(d, f));
  if (ok && build_indices(d, f)) return f;
  (void)tensor_file_unchanged(d, f); // what is wrong may come from that
  tensor_file_close(f);
  return NULL;
}

void tensor_file_close(tensor_file *f) {
  if (f == NULL || !f->mapped) return;
  for (size_t i = 0; i < f->parts.len; i++) file_unmap(&f->parts.data[i].bytes);
  for (size_t i = 0; i < f->unpacked.len; i++) file_unmap(&f->unpacked.data[i]);
  f->mapped = false;
}

void tensor_file_forget(const tensor_file *f, const void *bytes, size_t size) {
  for (size_t i = 0; f->mapped && i < f->parts.len; i++) file_forget(&f->parts.data[i].bytes, bytes, size);
  for (size_t i = 0; f->mapped && i < f->unpacked.len; i++) file_forget(&f->unpacked.data[i], bytes, size);
}

const char *tensor_file_path(const tensor_file *f) { return f->bytes.path; }

const char *tensor_file_kind(const tensor_file *f) { return f->kind->name; }

size_t tensor_file_part_count(const tensor_file *f) { return f->parts.len; }

const char *tensor_file_part(const tensor_file *f, size_t index) { return f->parts.data[index].bytes.path; }

size_t tensor_file_count(const tensor_file *f) { return f->count; }

const tensor *tensor_file_at(const tensor_file *f, size_t index) { return &f->tensors[index]; }

bool tensor_file_offset(const tensor_file *f, const tensor *t, uint64_t *out) {
  for (size_t i = 0; i < f->parts.len; i++) {
    uintptr_t begin = (uintptr_t)f->parts.data[i].bytes.data, at = (uintptr_t)t->data;
    if (at < begin || at - begin > f->parts.data[i].bytes.size) continue;
    *out = at - begin;
    return true;
  }
  return false;
}

const tensor *tensor_file_find(const tensor_file *f, const char *name) {
  name_index x = {.rows = (const char *)f->tensors, .row_size = sizeof *f->tensors, .order = f->by_name};
  size_t at = name_index_find(&x, f->count, name);
  return at == f->count ? NULL : &f->tensors[f->by_name[at]];
}

const tensor *tensor_file_by_name(const tensor_file *f, size_t position) { return &f->tensors[f->by_name[position]]; }

// The first position in [begin, end) whose name, from character `from` on, is not less than `text`; with `behind` the first one
// that is greater and does not begin with it.
static size_t find_bound(const tensor_file *f, size_t begin, size_t end, size_t from, const char *text, bool behind) {
  size_t length = strlen(text);
  while (begin < end) {
    size_t middle = begin + (end - begin) / 2;
    const char *name = tensor_file_by_name(f, middle)->name + from;
    if (behind ? strncmp(name, text, length) <= 0 : strcmp(name, text) < 0)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

tensor_range tensor_file_range(const tensor_file *f, const char *prefix) {
  size_t begin = find_bound(f, 0, f->count, 0, prefix, false);
  return (tensor_range){begin, find_bound(f, begin, f->count, 0, prefix, true), strlen(prefix)};
}

const tensor *tensor_file_find_in(const tensor_file *f, const tensor_range *range, const char *ending) {
  size_t at = find_bound(f, range->begin, range->end, range->length, ending, false);
  if (at == range->end) return NULL;
  const tensor *t = tensor_file_by_name(f, at);
  return strcmp(t->name + range->length, ending) == 0 ? t : NULL;
}

const tensor *tensor_file_require(diag *d, const tensor_file *f, const char *name) {
  const tensor *t = tensor_file_find(f, name);
  if (t != NULL) return t;
  diag_error_file(d, f->bytes.path, "no tensor '%s' among the %zu of this file", name, f->count);
  if (!diag_may_search(d)) return NULL;
  const char **names = ARENA_ARRAY(f->mem, const char *, f->count + 1);
  for (size_t i = 0; i < f->count; i++) names[i] = f->tensors[i].name;
  const char *closest = diag_closest(name, names, f->count);
  if (closest != NULL) diag_hint(d, "did you mean '%s'?", closest);
  return NULL;
}

size_t tensor_file_meta_count(const tensor_file *f) { return f->meta_count; }

const tensor_meta *tensor_file_meta_at(const tensor_file *f, size_t index) { return &f->meta[index]; }

const char *tensor_file_meta(const tensor_file *f, const char *key) {
  name_index x = {.rows = (const char *)f->meta, .row_size = sizeof *f->meta, .order = f->by_key};
  size_t at = name_index_find(&x, f->meta_count, key);
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

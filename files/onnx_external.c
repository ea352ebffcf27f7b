// Bytes of ONNX tensors in files beside the model. A model says by name which file it wants, so this is the one place
// where a name from a file becomes a path: it stays below the model's folder, or leads by a link into the same cache.
#include <inttypes.h>
#include <string.h>

#include "files/onnx_read.h"

enum { MAX_FILES = 1024, KEY = 1, VALUE = 2 };

#define DAMAGE(r, ...) (diag_error_file((r)->d, (r)->f->bytes.path, __VA_ARGS__), false)

// A decimal number; false, reported, when the text is something else.
static bool read_number(onnx_reader *r, const char *name, const char *key, const char *text, uint64_t *out) {
  uint64_t value = 0;
  const char *p = text;
  bool ok = *p != '\0';
  for (; ok && *p >= '0' && *p <= '9'; p++)
    ok = num_mul(value, 10, &value) && num_add(value, (uint64_t)(*p - '0'), &value);
  *out = value;
  return (ok && *p == '\0') || DAMAGE(r, "tensor '%s': its external %s '%s' is no number from 0 on", name, key, text);
}

bool onnx_read_place(onnx_reader *r, pb_cursor entry, const char *name, onnx_place *out) {
  const char *key = "", *value = "";
  pb_field field;
  pb_step step;
  while ((step = pb_next(&entry, &field)) == PB_FIELD) {
    const char **text = field.number == KEY ? &key : field.number == VALUE ? &value : NULL;
    if (text != NULL && (*text = pb_text(&entry, &field, ONNX_MAX_NAME, "a tensor's external data")) == NULL)
      return false;
  }
  if (step == PB_BAD) return false;
  if (strcmp(key, "location") == 0) out->location = value;
  if (strcmp(key, "offset") == 0) return read_number(r, name, key, value, &out->offset);
  if (strcmp(key, "length") == 0) return out->has_length = true, read_number(r, name, key, value, &out->length);
  return true;
}

static const mapped_file *find_file(onnx_reader *r, const char *location) {
  for (size_t i = r->external.len; i > 0; i--) // mostly the one before
    if (strcmp(r->external.data[i - 1].location, location) == 0) return &r->external.data[i - 1].bytes;
  return NULL;
}

static const mapped_file *open_file(onnx_reader *r, const char *location, const char *name) {
  const mapped_file *known = find_file(r, location);
  onnx_external e = {.location = location};
  if (known != NULL) return known;
  if (!r->f->mapped) {
    (void)DAMAGE(r, "tensor '%s' is in the file '%s', which can only be found by path", name, location);
    return NULL;
  }
  if (r->external.len == MAX_FILES) {
    (void)DAMAGE(r, "its tensors are in over %d files", MAX_FILES);
    return NULL;
  }
  if (!file_map_beneath(r->d, r->f->mem, path_dirname(r->f->mem, r->f->bytes.path), location, &e.bytes)) {
    diag_hint(r->d, "tensor '%s' of %s is in it", name, r->f->bytes.path);
    return NULL;
  }
  tensor_file_add_part(r->f, e.bytes, 1);
  vec_push(r->f->mem, &r->external, e);
  return &r->external.data[r->external.len - 1].bytes;
}

bool onnx_map_place(onnx_reader *r, const onnx_place *place, uint64_t size, tensor *t) {
  if (place->location == NULL) return DAMAGE(r, "tensor '%s' is in another file, but that is not named", t->name);
  const mapped_file *file = open_file(r, place->location, t->name);
  if (file == NULL) return false;
  if (place->has_length && place->length != size)
    return DAMAGE(r, "tensor '%s': its shape needs %" PRIu64 " bytes, but %" PRIu64 " are in '%s'", t->name, size,
                  place->length, place->location);
  if (place->offset > file->size || size > file->size - place->offset)
    return DAMAGE(r, "tensor '%s' needs bytes %" PRIu64 " to %" PRIu64 " of '%s', which has %zu: it is truncated",
                  t->name, place->offset, place->offset + size, place->location, file->size);
  t->data = file->data + (size_t)place->offset;
  t->path = file->path;
  return true;
}

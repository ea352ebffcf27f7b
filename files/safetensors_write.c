// Writes safetensors files.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "files/tensor_parse.h"
#include "files/tensor_write.h"

enum { PREFIX = 8, ALIGNMENT = 8 };

// What is wrong with an item, as text for a message, or NULL. The dims are the caller's, but a wrong size would make
// every later offset wrong.
static const char *item_fault(const safetensors_item *item) {
  tensor t = {.dtype = item->dtype, .rank = item->rank, .dims = item->dims};
  uint64_t size = 0;
  size_t length = strlen(item->name);
  if (length == 0 || length > TENSOR_MAX_FULL_NAME) return "its name must have 1 to 8192 bytes";
  if (!tensor_utf8_valid((const uint8_t *)item->name, length, true)) return "its name is not plain UTF-8 text";
  if (strcmp(item->name, "__metadata__") == 0) return "that name is reserved";
  if (item->dtype == TENSOR_BLOCKS) return "the file type has no blocks";
  if (!safetensors_has(item->dtype)) return "the file type has no elements of its type";
  if (item->rank > TENSOR_MAX_RANK) return "it has too many dimensions";
  const char *reason = tensor_shape_check(&t, &size);
  if (reason != NULL) return reason;
  return size == item->size ? NULL : "its size is not what shape and dtype need";
}

static json_t *describe_item(const safetensors_item *item, uint64_t begin) {
  json_t *shape = json_array();
  for (unsigned i = 0; i < item->rank; i++) json_array_append_new(shape, json_integer((json_int_t)item->dims[i]));
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor_dtype_name(item->dtype), "shape", shape, "data_offsets",
                   (json_int_t)begin, (json_int_t)begin + (json_int_t)item->size);
}

// NULL when a text is not UTF-8.
static json_t *describe_meta(const tensor_meta *meta, size_t count) {
  json_t *object = json_object();
  for (size_t i = 0; i < count; i++) {
    if (json_object_set_new(object, meta[i].key, json_string(meta[i].value)) == 0) continue;
    json_decref(object);
    return NULL;
  }
  return object;
}

static bool report(diag *d, const char *path, const char *name, const char *fault) {
  diag_error_file(d, path, "cannot write tensor '%s': %s", name, fault);
  return false;
}

// The header's object, or NULL when something was reported.
static json_t *build_header(diag *d, const char *path, const safetensors_item *items, size_t count) {
  json_t *header = json_object();
  uint64_t at = 0;
  for (size_t i = 0; i < count; i++) {
    const char *fault = item_fault(&items[i]);
    if (fault == NULL && json_object_get(header, items[i].name) != NULL) fault = "another one has the same name";
    if (fault == NULL && !num_add(at, items[i].size, &at)) fault = "the file would be too large";
    if (fault == NULL) {
      json_object_set_new(header, items[i].name, describe_item(&items[i], at - items[i].size));
      continue;
    }
    (void)report(d, path, items[i].name, fault);
    json_decref(header);
    return NULL;
  }
  return header;
}

bool safetensors_check(diag *d, const char *path, const safetensors_item *items, size_t count) {
  json_t *header = build_header(d, path, items, count);
  json_decref(header);
  return header != NULL;
}

static void write_header(out_file *out, const char *text) {
  static const char spaces[ALIGNMENT + 1] = "        ";
  size_t used = strlen(text);
  size_t padding = (ALIGNMENT - used % ALIGNMENT) % ALIGNMENT;
  uint64_t length = used + padding;
  uint8_t prefix[PREFIX];
  for (unsigned i = 0; i < PREFIX; i++) prefix[i] = (uint8_t)(length >> (8 * i));
  out_write(out, prefix, sizeof prefix);
  out_write(out, text, used);
  out_write(out, spaces, padding);
}

bool safetensors_write(diag *d, const char *path, out_file *out, const safetensors_item *items, size_t count,
                       const tensor_meta *meta, size_t meta_count) {
  json_t *tensors = build_header(d, path, items, count);
  if (tensors == NULL) return false;
  json_t *header = json_object();
  int failed = meta_count > 0 ? json_object_set_new(header, "__metadata__", describe_meta(meta, meta_count)) : 0;
  if (failed == 0) failed = json_object_update(header, tensors);
  char *text = failed == 0 ? json_dumps(header, JSON_COMPACT) : NULL;
  if (text != NULL)
    write_header(out, text);
  else
    diag_error_file(d, path, "cannot write the metadata: a key or value is not UTF-8 text");
  for (size_t i = 0; i < count && text != NULL; i++) out_write(out, items[i].data, items[i].size);
  bool ok = text != NULL;
  free(text);
  json_decref(header);
  json_decref(tensors);
  return ok;
}

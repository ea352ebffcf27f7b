// What a reader sees, for comparison: tensor_dump FILE DIR writes DIR/index.json with all tensors and metadata, and the
// bytes of tensor i to DIR/i.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/tensor_file.h"
#include "support/file.h"

static json_t *describe_quant(const tensor_quant *q) {
  return q == NULL ? json_null()
                   : json_pack("{s:s, s:s?, s:s?, s:i, s:I, s:i, s:I, s:I}", "by", q->by, "scale", q->scale,
                               "zero_point", q->zero_point, "axis", q->axis, "block", (json_int_t)q->block, "bits",
                               (int)q->bits, "rows", (json_int_t)q->rows, "columns", (json_int_t)q->columns);
}

static json_t *describe_tensor(const tensor *t) {
  json_t *shape = json_array();
  for (unsigned i = 0; i < t->rank; i++) json_array_append_new(shape, json_integer((json_int_t)t->dims[i]));
  return json_pack("{s:s, s:s, s:i, s:o, s:s, s:s?, s:o}", "name", t->name, "dtype", tensor_dtype_name(t->dtype),
                   "type", (int)t->block_type, "shape", shape, "path", t->path, "alias_of", t->alias_of, "quant",
                   describe_quant(t->quant));
}

static json_t *describe_meta(arena *a, const tensor_meta *m) {
  json_t *items = json_array();
  tensor_meta_cursor at = {0};
  for (const char *item; (item = tensor_meta_next(a, m, &at)) != NULL;) json_array_append_new(items, json_string(item));
  return json_pack("{s:s, s:s, s:o}", "type", m->type, "value", m->value, "items", items);
}

// Without the care of the compiler's own outputs: there are thousands of these files.
static void write_bytes(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  bool ok = file != NULL && fwrite(bytes, 1, size, file) == size;
  if (file != NULL && fclose(file) == 0 && ok) return;
  perror(path);
  exit(EXIT_FAILURE);
}

static void write_index(arena *a, const char *dir, const tensor_file *f) {
  json_t *tensors = json_array(), *meta = json_object(), *parts = json_array();
  for (size_t i = 0; i < tensor_file_count(f); i++) {
    json_array_append_new(tensors, describe_tensor(tensor_file_at(f, i)));
    const tensor *t = tensor_file_at(f, i);
    write_bytes(path_join(a, dir, arena_printf(a, "%zu", i)), t->data, t->size);
  }
  for (size_t i = 0; i < tensor_file_meta_count(f); i++) {
    const tensor_meta *m = tensor_file_meta_at(f, i);
    json_object_set_new(meta, m->key, describe_meta(a, m));
  }
  for (size_t i = 0; i < tensor_file_part_count(f); i++)
    json_array_append_new(parts, json_string(tensor_file_part(f, i)));
  json_t *index =
      json_pack("{s:s, s:o, s:o, s:o}", "kind", tensor_file_kind(f), "tensors", tensors, "meta", meta, "parts", parts);
  char *text = json_dumps(index, 0);
  if (text == NULL) exit(EXIT_FAILURE);
  write_bytes(path_join(a, dir, "index.json"), text, strlen(text));
  free(text);
  json_decref(index);
}

int main(int argc, char **argv) {
  if (argc != 3) return fputs("usage: tensor_dump FILE DIR\n", stderr), 2;
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  tensor_file *f = tensor_file_open(d, a, argv[1]);
  bool ok = f != NULL && file_make_directory(d, argv[2]);
  if (ok) write_index(a, argv[2], f);
  tensor_file_close(f);
  arena_free(a);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

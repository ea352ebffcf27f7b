// Sharded safetensors: `<name>.safetensors.index.json` says in which file beside it every tensor is.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "files/json_file.h"
#include "files/name_index.h"
#include "files/tensor_parse.h"

enum { MAX_SHARDS = 4096 };

#define ENDING ".safetensors.index.json"

bool safetensors_index_recognise(const uint8_t *data, size_t size) {
  size_t i = 0;
  while (i < size && i < 64 && strchr(" \t\r\n", data[i]) != NULL && data[i] != 0) i++;
  if (i == size || data[i] != '{') return false;
  // Somewhere in the text: the member that makes it an index may be the last one.
  static const char key[] = "\"weight_map\"";
  for (const uint8_t *p = data + i; (p = memchr(p, '"', (size_t)(data + size - p))) != NULL; p++)
    if ((size_t)(data + size - p) >= sizeof key - 1 && memcmp(p, key, sizeof key - 1) == 0) return true;
  return false;
}

// An index file being read into `f`.
typedef struct index_reader {
  diag *d;
  tensor_file *f;
  const char *path; // of the index
  json_t *map;      // tensor -> file
  json_t *seen;     // a member for each shard
  VEC(const char *) shards;
} index_reader;

static bool index_error(index_reader *r, const char *name, const char *what) {
  diag_error_file(r->d, r->path, "weight_map: %s %s", tensor_quote(r->f->mem, name, strlen(name)), what);
  diag_hint(r->d, "the index is damaged or of another model: fetch it again");
  return false;
}

// A shard is a file beside the index: its name has no folders.
static bool note_shard(index_reader *r, const char *tensor_name, const json_t *file) {
  if (!json_is_string(file)) return index_error(r, tensor_name, "has no file name");
  const char *name = json_string_value(file);
  size_t length = json_string_length(file);
  if (length != strlen(name) || length == 0 || length > 255 || strchr(name, '/') != NULL || name[0] == '.' ||
      !tensor_utf8_valid((const uint8_t *)name, length, true))
    return index_error(r, name, "is no plain name of a file in the same folder");
  if (json_object_get(r->seen, name) != NULL) return true;
  if (r->shards.len == MAX_SHARDS) return index_error(r, name, "is one file too many (4096 are allowed)");
  vec_push(r->f->mem, &r->shards, arena_strdup(r->f->mem, name));
  json_object_set_new(r->seen, name, json_true());
  return true;
}

static bool read_map(index_reader *r, const json_t *file) {
  const char *name;
  json_t *value;
  r->map = json_object_get(file, "weight_map");
  if (!json_is_object(r->map)) {
    diag_error_file(r->d, r->path, "weight_map is no object");
    diag_hint(r->d, "name a .safetensors file or the index of one");
    return false;
  }
  json_object_foreach(r->map, name, value) if (!note_shard(r, name, value)) return false;
  return r->shards.len > 0 || index_error(r, "", "names no file");
}

static int compare_names(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

// Every tensor of the index is in the file that it says.
static bool check_map(index_reader *r, const tensor_file *const *members) {
  const char *name;
  json_t *value;
  name_index *names = ARENA_ARRAY(r->f->mem, name_index, r->shards.len);
  for (size_t i = 0; i < r->shards.len; i++) {
    names[i] = (name_index){.rows = (const char *)members[i]->tensors, .row_size = sizeof(tensor)};
    name_index_build(r->f->mem, members[i]->tensors, sizeof(tensor), members[i]->count, &names[i].order);
  }
  json_object_foreach(r->map, name, value) {
    const char *file = json_string_value(value);
    const char **at = bsearch(&file, r->shards.data, r->shards.len, sizeof file, compare_names);
    size_t i = (size_t)(at - r->shards.data); // there: read_map has noted it
    if (name_index_find(&names[i], members[i]->count, name) == members[i]->count)
      return index_error(r, name, arena_printf(r->f->mem, "is not in %s", file));
  }
  return true;
}

// What the index says of the whole model, as metadata of a member without tensors: "index.total_size".
static tensor_file *index_metadata(index_reader *r, const json_t *file) {
  json_t *object = json_object_get(file, "metadata"), *value;
  tensor_file *f = tensor_file_new(r->f->mem, r->path);
  const char *key;
  f->meta = ARENA_ARRAY(f->mem, tensor_meta, json_object_size(object) + 1);
  json_object_foreach(object, key, value) {
    tensor_meta *m = &f->meta[f->meta_count];
    *m = (tensor_meta){.key = arena_printf(f->mem, "index.%s", key), .type = "string"};
    if (json_is_integer(value)) {
      m->type = "i64";
      m->value = arena_printf(f->mem, "%lld", (long long)json_integer_value(value));
    } else if (json_is_string(value)) {
      m->value = arena_strdup(f->mem, json_string_value(value));
    }
    f->meta_count += m->value != NULL;
  }
  return f;
}

// Reads the shards; `own` (may be NULL) is one of them that has been read already.
static bool read_shards(index_reader *r, const json_t *file, const tensor_file *own, const tensor_file_kind_row *kind) {
  tensor_file *f = r->f;
  const char *folder = strchr(r->path, '/') == NULL ? "" : path_dirname(f->mem, r->path);
  const tensor_file **members = ARENA_ARRAY(f->mem, const tensor_file *, r->shards.len + 1);
  qsort(r->shards.data, r->shards.len, sizeof *r->shards.data, compare_names);
  for (size_t i = 0; i < r->shards.len; i++) {
    const char *path = path_join(f->mem, folder, r->shards.data[i]);
    members[i] = own != NULL && strcmp(path, own->bytes.path) == 0 ? own : tensor_set_open(r->d, f, path, kind);
    if (members[i] == NULL) return false;
  }
  members[r->shards.len] = index_metadata(r, file);
  return check_map(r, members) && tensor_set_merge(r->d, f, members, r->shards.len + 1, false, "");
}

static bool read_index(index_reader *r, const json_t *file, const tensor_file *own, const tensor_file_kind_row *kind) {
  r->seen = json_object();
  bool ok = read_map(r, file) && read_shards(r, file, own, kind);
  json_decref(r->seen);
  return ok;
}

bool safetensors_index_parse(diag *d, tensor_file *f) {
  index_reader r = {.d = d, .f = f, .path = f->bytes.path};
  if (!f->mapped) return tensor_refuse(d, f, 0, "an index of safetensors files; its shards can only be found by path");
  json_t *file = json_text_load(d, f->mem, r.path, (const char *)f->bytes.data, f->bytes.size);
  bool ok = file != NULL && read_index(&r, file, NULL, tensor_kind_safetensors());
  json_decref(file);
  return ok;
}

// The index beside a shard: the one whose name begins like the shard's.
static const char *index_path(const tensor_file *f) {
  static const char shard[] = "-00001-of-00001.safetensors";
  const char *path = f->bytes.path;
  size_t length = strlen(path);
  size_t ending = sizeof shard - 1;
  if (length <= ending) return NULL;
  for (size_t i = 0; i < ending; i++) {
    char c = path[length - ending + i];
    bool digit = shard[i] == '0' || shard[i] == '1';
    if (digit ? c < '0' || c > '9' : c != shard[i]) return NULL;
  }
  return arena_printf(f->mem, "%.*s" ENDING, (int)(length - ending), path);
}

bool safetensors_complete(diag *d, tensor_file *f) {
  const char *path = index_path(f);
  mapped_file m;
  arena *quiet = arena_new();
  bool there = path != NULL && file_map(diag_new(quiet, NULL, false), quiet, path, &m);
  arena_free(quiet);
  if (!there) return true; // a shard alone is a file, too
  m.path = path;
  tensor_file_add_part(f, m, 1);
  index_reader r = {.d = d, .f = f, .path = path};
  json_t *file = json_text_load(d, f->mem, path, (const char *)m.data, m.size);
  tensor_file *own = arena_memdup(f->mem, f, sizeof *f); // f becomes the sum
  bool ok = file != NULL && read_index(&r, file, own, f->kind);
  json_decref(file);
  return ok;
}

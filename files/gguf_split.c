// GGUF files in parts, <name>-00001-of-00003.gguf: each has some of the tensors, the first one the metadata.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/tensor_parse.h"

enum { MAX_PARTS = 99999, DIGITS = 5 };

#define KEY_COUNT "split.count"
#define KEY_NUMBER "split.no"
#define KEY_TENSORS "split.tensors.count"

// The keys of a part; the type of integer differs between writers.
typedef struct split_keys {
  uint64_t count;   // parts
  uint64_t number;  // of this part, from 0
  uint64_t tensors; // of all parts
} split_keys;

static const tensor_meta *find_key(const tensor_file *f, const char *key) {
  for (size_t i = 0; i < f->meta_count; i++)
    if (strcmp(f->meta[i].key, key) == 0) return &f->meta[i];
  return NULL;
}

// An integer from 0 on; false, reported, when it is something else or missing.
static bool read_key(diag *d, const tensor_file *f, const char *key, uint64_t *out) {
  const tensor_meta *m = find_key(f, key);
  char *end = NULL;
  if (m != NULL && (m->type[0] == 'u' || m->type[0] == 'i') && m->value[0] != '-') *out = strtoull(m->value, &end, 10);
  if (end != NULL && *end == '\0') return true;
  diag_error_file(d, f->bytes.path,
                  m == NULL ? "key '%s' is missing in this part of a model" : "key '%s' is no integer from 0 on", key);
  diag_hint(d, "split the model again with the tool that made the parts");
  return false;
}

static bool read_keys(diag *d, const tensor_file *f, split_keys *out) {
  return read_key(d, f, KEY_COUNT, &out->count) && read_key(d, f, KEY_NUMBER, &out->number) &&
         read_key(d, f, KEY_TENSORS, &out->tensors);
}

// Up to "-00001-of-00003.gguf": how long the common begin of the parts' names is. False when the name has another form.
static bool name_begin(const char *path, const split_keys *keys, size_t *length) {
  char ending[64];
  int n = snprintf(ending, sizeof ending, "-%0*" PRIu64 "-of-%0*" PRIu64 ".gguf", DIGITS, keys->number + 1, DIGITS,
                   keys->count);
  size_t size = strlen(path);
  if (n < 0 || size < (size_t)n || strcmp(path + size - (size_t)n, ending) != 0) return false;
  *length = size - (size_t)n;
  return true;
}

static bool check_part(diag *d, const tensor_file *part, const split_keys *all, uint64_t number) {
  split_keys keys;
  if (!read_keys(d, part, &keys)) return false;
  if (keys.count == all->count && keys.number == number && keys.tensors == all->tensors) return true;
  diag_error_file(d, part->bytes.path,
                  "it says that it is part %" PRIu64 " of %" PRIu64 " with %" PRIu64
                  " tensors, but by its name it is part "
                  "%" PRIu64 " of %" PRIu64 " with %" PRIu64,
                  keys.number + 1, keys.count, keys.tensors, number + 1, all->count, all->tensors);
  diag_hint(d, "a file was renamed, or the parts are not of one model");
  return false;
}

static bool open_parts(diag *d, tensor_file *f, const split_keys *keys, size_t begin, const tensor_file **members) {
  tensor_file *own = arena_memdup(f->mem, f, sizeof *f); // f becomes the sum
  bool ok = true;
  for (uint64_t i = 0; i < keys->count && ok; i++) {
    const char *path = arena_printf(f->mem, "%.*s-%0*" PRIu64 "-of-%0*" PRIu64 ".gguf", (int)begin, f->bytes.path,
                                    DIGITS, i + 1, DIGITS, keys->count);
    members[i] = i == keys->number ? own : tensor_set_open(d, f, path, f->kind);
    ok = members[i] != NULL && check_part(d, members[i], keys, i);
  }
  return ok;
}

bool gguf_complete(diag *d, tensor_file *f) {
  split_keys keys;
  size_t begin;
  if (find_key(f, KEY_COUNT) == NULL) return true;
  if (!read_key(d, f, KEY_COUNT, &keys.count)) return false;
  if (keys.count <= 1) return true;
  if (!read_keys(d, f, &keys)) return false;
  if (keys.count > MAX_PARTS || keys.number >= keys.count || strlen(f->bytes.path) > INT32_MAX ||
      !name_begin(f->bytes.path, &keys, &begin)) {
    diag_error_file(d, f->bytes.path,
                    "this is part %" PRIu64 " of a model in %" PRIu64 ", but its name does not end in "
                    "-%0*" PRIu64 "-of-%0*" PRIu64 ".gguf",
                    keys.number + 1, keys.count, DIGITS, keys.number + 1, DIGITS, keys.count);
    diag_hint(d, "give all parts their names back, so that the others can be found");
    return false;
  }
  const tensor_file **members = ARENA_ARRAY(f->mem, const tensor_file *, (size_t)keys.count);
  if (!open_parts(d, f, &keys, begin, members) ||
      !tensor_set_merge(d, f, members, (size_t)keys.count, true, KEY_NUMBER))
    return false;
  if (f->count == keys.tensors) return true;
  diag_error_file(d, f->bytes.path, "the %" PRIu64 " parts have %zu tensors, but say that there are %" PRIu64,
                  keys.count, f->count, keys.tensors);
  diag_hint(d, "fetch all parts again");
  return false;
}

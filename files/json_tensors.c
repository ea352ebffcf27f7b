#include "files/json_tensors.h"

#include <jansson.h>
#include <string.h>

#include "files/companions.h"
#include "files/name_index.h"
#include "support/fp.h"

enum { MAX_TEXT = 65536, MAX_KEY = 64, MAX_MEMBERS = 64, MAX_LIST = 8 };

typedef struct adder {
  tensor_file *f;
  name_index names;   // of the file's own tensors
  bool *served;       // by tensor: it has got the numbers of a text
  const tensor *text; // being read
  tensor_list added;
} adder;

static bool may_be_text(const tensor *t) {
  return t->dtype == TENSOR_U8 && t->rank == 1 && t->size >= 2 && t->size <= MAX_TEXT && t->data[0] == '{';
}

static bool is_plain_key(const char *key) {
  size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return length > 0 && length <= MAX_KEY && key[length] == '\0';
}

// The tensor whose name is the longest part of `name` that ends before a dot; NULL without.
static const tensor *find_owner(const adder *x, const char *name) {
  char part[TENSOR_MAX_FULL_NAME + 1];
  size_t length = strlen(name);
  if (length > TENSOR_MAX_FULL_NAME) return NULL;
  memcpy(part, name, length + 1);
  for (char *dot; (dot = strrchr(part, '.')) != NULL;) {
    *dot = '\0';
    size_t at = name_index_find(&x->names, x->f->count, part);
    if (at != x->f->count) return &x->f->tensors[x->names.order[at]];
  }
  return NULL;
}

static uint8_t *little_endian(arena *a, const uint64_t *numbers, size_t count, unsigned width) {
  uint8_t *out = arena_alloc(a, count, width);
  for (size_t i = 0; i < count; i++)
    for (unsigned b = 0; b < width; b++) out[i * width + b] = (uint8_t)(numbers[i] >> 8 * b);
  return out;
}

static void add(adder *x, const char *name, tensor_dtype dtype, const uint64_t *numbers, size_t count) {
  arena *a = x->f->mem;
  if (name_index_find(&x->names, x->f->count, name) != x->f->count) return;
  const uint8_t *data = little_endian(a, numbers, count, tensor_dtype_bits(dtype) / 8);
  tensor t = companion_vector(x->f, name, dtype, data, count);
  t.alias_of = x->text->name;
  vec_push(a, &x->added, t);
}

static void add_real(adder *x, const char *name, double value) {
  float narrow = (float)value;
  bool exact = (double)narrow == value;
  uint64_t raw = exact ? fp_bits32(narrow) : fp_bits64(value);
  add(x, name, exact ? TENSOR_F32 : TENSOR_F64, &raw, 1);
}

static void add_list(adder *x, const char *name, const json_t *list) {
  uint64_t numbers[MAX_LIST];
  size_t count = json_array_size(list);
  if (count == 0 || count > MAX_LIST) return;
  for (size_t i = 0; i < count; i++) {
    const json_t *item = json_array_get(list, i);
    if (!json_is_integer(item)) return;
    numbers[i] = (uint64_t)json_integer_value(item);
  }
  add(x, name, TENSOR_I64, numbers, count);
}

static void add_members(adder *x, const tensor *owner, json_t *object) {
  const char *key;
  json_t *value;
  if (json_object_size(object) > MAX_MEMBERS) return;
  json_object_foreach(object, key, value) {
    const char *name = arena_printf(x->f->mem, "%s.%s", owner->name, key);
    if (!is_plain_key(key) || strlen(name) > TENSOR_MAX_FULL_NAME) continue;
    uint64_t integer = json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
    if (json_is_integer(value)) add(x, name, TENSOR_I64, &integer, 1);
    if (json_is_real(value)) add_real(x, name, json_real_value(value));
    if (json_is_array(value)) add_list(x, name, value);
  }
}

static void add_text(adder *x, const tensor *t) {
  const tensor *owner = find_owner(x, t->name);
  if (owner == NULL || x->served[owner - x->f->tensors]) return;
  json_t *object = json_loadb((const char *)t->data, t->size, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object(object)) {
    x->served[owner - x->f->tensors] = true;
    x->text = t;
    add_members(x, owner, object);
  }
  json_decref(object);
}

void json_tensors_add(tensor_file *f) {
  size_t texts = 0;
  for (size_t i = 0; i < f->count; i++) texts += may_be_text(&f->tensors[i]);
  if (texts == 0) return;
  adder x = {.f = f, .names = {.rows = (const char *)f->tensors, .row_size = sizeof *f->tensors}};
  // Names that occur twice are reported later, with the whole file.
  if (name_index_build(f->mem, f->tensors, sizeof *f->tensors, f->count, &x.names.order) != NULL) return;
  x.served = ARENA_ARRAY(f->mem, bool, f->count);
  for (size_t i = 0; i < f->count; i++)
    if (may_be_text(&f->tensors[i])) add_text(&x, &f->tensors[i]);
  tensor *all = ARENA_ARRAY(f->mem, tensor, f->count + x.added.len);
  if (f->count > 0) memcpy(all, f->tensors, f->count * sizeof *all);
  if (x.added.len > 0) memcpy(all + f->count, x.added.data, x.added.len * sizeof *all);
  f->tensors = all;
  f->count += x.added.len;
}

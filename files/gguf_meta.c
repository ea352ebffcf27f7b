// The key/value list of a GGUF file.
#include <inttypes.h>
#include <string.h>

#include "files/gguf_read.h"
#include "support/fp.h"

enum { MAX_KEY = 65535, MAX_ALIGNMENT = 1 << 20 };
static const uint64_t max_items = (uint64_t)1 << 30;

typedef const char *(*show_fn)(arena *a, const uint8_t *p);

static const char *show_u8(arena *a, const uint8_t *p) { return arena_printf(a, "%u", p[0]); }
static const char *show_i8(arena *a, const uint8_t *p) { return arena_printf(a, "%d", (int8_t)p[0]); }
static const char *show_u16(arena *a, const uint8_t *p) { return arena_printf(a, "%u", tensor_le16(p)); }
static const char *show_i16(arena *a, const uint8_t *p) { return arena_printf(a, "%d", (int16_t)tensor_le16(p)); }
static const char *show_u32(arena *a, const uint8_t *p) { return arena_printf(a, "%" PRIu32, tensor_le32(p)); }
static const char *show_i32(arena *a, const uint8_t *p) { return arena_printf(a, "%" PRId32, (int32_t)tensor_le32(p)); }
static const char *show_u64(arena *a, const uint8_t *p) { return arena_printf(a, "%" PRIu64, tensor_le64(p)); }
static const char *show_i64(arena *a, const uint8_t *p) { return arena_printf(a, "%" PRId64, (int64_t)tensor_le64(p)); }
static const char *show_f32(arena *a, const uint8_t *p) {
  return arena_printf(a, "%.9g", (double)fp_from_bits32(tensor_le32(p)));
}
static const char *show_f64(arena *a, const uint8_t *p) {
  return arena_printf(a, "%.17g", fp_from_bits64(tensor_le64(p)));
}
static const char *show_bool(arena *a, const uint8_t *p) {
  (void)a;
  return p[0] != 0 ? "true" : "false";
}

// Value types by their number in the file; `size` 0: not of fixed size.
typedef struct value_type {
  const char *name;
  unsigned size;
  show_fn show;
} value_type;

enum { TYPE_U32 = 4, TYPE_BOOL = 7, TYPE_STRING = 8, TYPE_ARRAY = 9 };

static const value_type types[] = {
    [0] = {"u8", 1, show_u8},
    [1] = {"i8", 1, show_i8},
    [2] = {"u16", 2, show_u16},
    [3] = {"i16", 2, show_i16},
    [TYPE_U32] = {"u32", 4, show_u32},
    [5] = {"i32", 4, show_i32},
    [6] = {"f32", 4, show_f32},
    [TYPE_BOOL] = {"bool", 1, show_bool},
    [TYPE_STRING] = {"string", 0, NULL},
    [TYPE_ARRAY] = {"array", 0, NULL},
    [10] = {"u64", 8, show_u64},
    [11] = {"i64", 8, show_i64},
    [12] = {"f64", 8, show_f64},
};
enum { TYPE_COUNT = sizeof types / sizeof *types };

static bool read_type(gguf_reader *r, const tensor_meta *m, uint32_t *type) {
  size_t at = r->at;
  if (!gguf_u32(r, m->key, type)) return false;
  enum { MOST_LIKELY = 255 }; // of types that a later version may add
  if (*type < TYPE_COUNT) return true;
  if (*type > MOST_LIKELY)
    return tensor_parse_error(r->d, r->f, at, "key '%s': value type %" PRIu32 " is not plausible", m->key, *type);
  return tensor_refuse(r->d, r->f, at, "key '%s': values of type %" PRIu32 " are not supported (0 to 12 are)", m->key,
                       *type);
}

static bool read_key(gguf_reader *r, tensor_meta *m) {
  const uint8_t *text;
  size_t length;
  size_t at = r->at;
  if (!gguf_string(r, "a metadata key", MAX_KEY, &text, &length)) return false;
  if (length == 0) return tensor_parse_error(r->d, r->f, at, "a metadata key is empty");
  if (!tensor_utf8_valid(text, length, true)) {
    return tensor_parse_error(r->d, r->f, at, "metadata key %s is not UTF-8 text without control characters",
                              tensor_quote(r->f->mem, text, length));
  }
  m->key = arena_strndup(r->f->mem, (const char *)text, length);
  return true;
}

static bool read_string_value(gguf_reader *r, tensor_meta *m) {
  const uint8_t *text;
  size_t length;
  size_t at = r->at;
  if (!gguf_string(r, m->key, max_items, &text, &length)) return false;
  if (!tensor_utf8_valid(text, length, false)) {
    return tensor_parse_error(r->d, r->f, at, "key '%s': its value is not UTF-8 text", m->key);
  }
  m->value = arena_strndup(r->f->mem, (const char *)text, length);
  return true;
}

static bool read_scalar(gguf_reader *r, tensor_meta *m, uint32_t type) {
  if (gguf_left(r) < types[type].size) {
    return tensor_parse_error(r->d, r->f, r->at, "key '%s': the file ends within its value", m->key);
  }
  const uint8_t *p = r->f->bytes.data + r->at;
  if (type == TYPE_BOOL && p[0] > 1) {
    return tensor_parse_error(r->d, r->f, r->at, "key '%s': bool value %u is neither 0 nor 1", m->key, p[0]);
  }
  m->value = types[type].show(r->f->mem, p);
  r->at += types[type].size;
  return true;
}

// Steps over an array, whose items stay where they are.
static bool read_array(gguf_reader *r, tensor_meta *m) {
  uint32_t type;
  uint64_t count;
  size_t at = r->at;
  if (!read_type(r, m, &type)) return false;
  if (type == TYPE_ARRAY) return tensor_refuse(r->d, r->f, at, "key '%s': arrays of arrays are not supported", m->key);
  at = r->at;
  if (!gguf_u64(r, m->key, &count)) return false;
  unsigned least = types[type].size != 0 ? types[type].size : sizeof(uint64_t);
  if (count > max_items || count > gguf_left(r) / least) {
    return tensor_parse_error(r->d, r->f, at,
                              "key '%s': an array of %" PRIu64 " %s cannot be in the %zu bytes that follow", m->key,
                              count, types[type].name, gguf_left(r));
  }
  m->count = count;
  m->item_type = types[type].name;
  m->items = r->f->bytes.data + r->at;
  if (type != TYPE_STRING) r->at += (size_t)count * types[type].size; // inside: checked above
  for (uint64_t i = 0; i < count && type == TYPE_STRING; i++) {
    const uint8_t *text;
    size_t length;
    if (!gguf_string(r, m->key, max_items, &text, &length)) return false;
  }
  m->value = arena_printf(r->f->mem, "array of %" PRIu64 " %s", count, types[type].name);
  return true;
}

static bool read_value(gguf_reader *r, tensor_meta *m, uint32_t type) {
  if (type == TYPE_STRING) return read_string_value(r, m);
  if (type == TYPE_ARRAY) return read_array(r, m);
  return read_scalar(r, m, type);
}

// The one key that changes how the file is read.
static bool note_alignment(gguf_reader *r, const tensor_meta *m, uint32_t type, size_t at) {
  if (strcmp(m->key, "general.alignment") != 0) return true;
  if (type != TYPE_U32) {
    return tensor_parse_error(r->d, r->f, at, "key '%s' must be of type u32, not %s", m->key, m->type);
  }
  uint32_t align = tensor_le32(r->f->bytes.data + r->at - 4);
  if (align == 0 || (align & (align - 1)) != 0 || align > MAX_ALIGNMENT) {
    return tensor_refuse(r->d, r->f, r->at - 4, "key '%s': %" PRIu32 " is no power of two up to %d", m->key, align,
                         MAX_ALIGNMENT);
  }
  r->f->alignment = align;
  return true;
}

static bool read_entry(gguf_reader *r, tensor_meta *m) {
  uint32_t type;
  m->entry = r->f->bytes.data + r->at;
  if (!read_key(r, m)) return false;
  size_t at = r->at;
  if (!read_type(r, m, &type)) return false;
  m->type = types[type].name;
  if (!read_value(r, m, type) || !note_alignment(r, m, type, at)) return false;
  m->entry_size = (size_t)(r->f->bytes.data + r->at - m->entry);
  return true;
}

bool gguf_read_meta(gguf_reader *r, size_t count) {
  r->f->meta = ARENA_ARRAY(r->f->mem, tensor_meta, count);
  for (size_t i = 0; i < count; i++) {
    if (!read_entry(r, &r->f->meta[i])) return false;
    r->f->meta_count = i + 1;
  }
  return true;
}

const char *tensor_meta_next(arena *a, const tensor_meta *m, tensor_meta_cursor *at) {
  const value_type *type = types;
  if (m->item_type == NULL || at->index == m->count) return NULL;
  while (strcmp(type->name, m->item_type) != 0) type++; // there: item_type comes from the table
  const uint8_t *p = m->items + at->offset;
  at->index++;
  if (type->show != NULL) {
    at->offset += type->size;
    return type->show(a, p);
  }
  size_t length = (size_t)tensor_le64(p); // inside the file: read_array has stepped over it
  at->offset += sizeof(uint64_t) + length;
  const char *text = (const char *)p + sizeof(uint64_t);
  return tensor_utf8_valid((const uint8_t *)text, length, false) ? arena_strndup(a, text, length)
                                                                 : tensor_quote(a, text, length);
}

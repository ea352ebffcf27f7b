#include "files/gguf_write.h"

#include <string.h>

#include "support/num.h"

enum { VERSION = 3, TYPE_U32 = 4, TYPE_STRING = 8, MAX_DIMS = 4, MAX_ALIGNMENT = 1 << 20 };

// ---- entries ---------------------------------------------------------------------------------------------

static void put_le(uint8_t *to, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

// An entry with room for a value of `size` bytes behind key and type; *value is where it begins.
static gguf_entry make_entry(arena *a, const char *key, uint32_t type, size_t size, uint8_t **value) {
  size_t length = strlen(key), all = 8 + length + 4 + size;
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, all);
  put_le(bytes, length, 8);
  memcpy(bytes + 8, key, length);
  put_le(bytes + 8 + length, type, 4);
  *value = bytes + 8 + length + 4;
  return (gguf_entry){.bytes = bytes, .size = all};
}

gguf_entry gguf_entry_u32(arena *a, const char *key, uint32_t value) {
  uint8_t *at;
  gguf_entry e = make_entry(a, key, TYPE_U32, 4, &at);
  put_le(at, value, 4);
  return e;
}

gguf_entry gguf_entry_string(arena *a, const char *key, const char *value) {
  uint8_t *at;
  size_t length = strlen(value);
  gguf_entry e = make_entry(a, key, TYPE_STRING, 8 + length, &at);
  put_le(at, length, 8);
  memcpy(at + 8, value, length);
  return e;
}

bool gguf_plain_type(tensor_dtype dtype, uint32_t *type) {
  static const int ids[TENSOR_DTYPE_COUNT] = {[TENSOR_BLOCKS] = -1,
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = gguf,
                                              TENSOR_DTYPES(X)
#undef X
  };
  if (ids[dtype] < 0) return false;
  *type = (uint32_t)ids[dtype];
  return true;
}

// ---- the file --------------------------------------------------------------------------------------------

typedef struct writer {
  out_file *out;
  uint64_t at; // bytes written
  uint64_t alignment;
} writer;

static void put(writer *w, const void *bytes, size_t size) {
  out_write(w->out, bytes, size);
  w->at += size;
}

static void put_number(writer *w, uint64_t value, unsigned bytes) {
  uint8_t le[8];
  put_le(le, value, bytes);
  put(w, le, bytes);
}

static void pad(writer *w) {
  static const uint8_t zeros[64] = {0};
  while (w->at % w->alignment != 0) {
    uint64_t missing = w->alignment - w->at % w->alignment;
    put(w, zeros, missing < sizeof zeros ? (size_t)missing : sizeof zeros);
  }
}

static const char *item_fault(const gguf_item *item) {
  if (item->name[0] == '\0') return "it has no name";
  if (item->rank > MAX_DIMS) return "it has more than 4 dimensions";
  for (unsigned i = 0; i < item->rank; i++)
    if (item->dims[i] == 0) return "it has a dimension of 0";
  return NULL;
}

static bool check_items(diag *d, const char *path, const gguf_item *items, size_t count) {
  bool ok = true;
  for (size_t i = 0; i < count; i++) {
    const char *fault = item_fault(&items[i]);
    if (fault == NULL) continue;
    diag_error_file(d, path, "cannot write tensor '%s': %s", items[i].name, fault);
    ok = false;
  }
  return ok;
}

static bool describe_items(diag *d, const char *path, writer *w, const gguf_item *items, size_t count) {
  uint64_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    const gguf_item *item = &items[i];
    put_number(w, strlen(item->name), 8);
    put(w, item->name, strlen(item->name));
    put_number(w, item->rank, 4);
    for (unsigned j = item->rank; j-- > 0;) put_number(w, item->dims[j], 8);
    put_number(w, item->type, 4);
    put_number(w, offset, 8);
    if (num_add(offset, item->size, &offset) && num_align_up(offset, w->alignment, &offset)) continue;
    diag_error_file(d, path, "the file would be too large");
    return false;
  }
  return true;
}

bool gguf_write(diag *d, const char *path, out_file *out, const gguf_item *items, size_t count,
                const gguf_entry *entries, size_t entry_count, uint64_t alignment) {
  writer w = {.out = out, .alignment = alignment == 0 || alignment > MAX_ALIGNMENT ? 32 : alignment};
  if (!check_items(d, path, items, count)) return false;
  put(&w, "GGUF", 4);
  put_number(&w, VERSION, 4);
  put_number(&w, count, 8);
  put_number(&w, entry_count, 8);
  for (size_t i = 0; i < entry_count; i++) put(&w, entries[i].bytes, entries[i].size);
  if (!describe_items(d, path, &w, items, count)) return false;
  pad(&w);
  for (size_t i = 0; i < count; i++) {
    put(&w, items[i].data, items[i].size);
    pad(&w);
  }
  return true;
}

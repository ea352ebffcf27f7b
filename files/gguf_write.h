// Writer of GGUF files (version 3). Which block types there are is not known here: a tensor comes with its type's number.
#ifndef QCC_FILES_GGUF_WRITE_H
#define QCC_FILES_GGUF_WRITE_H

#include "files/tensor_file.h"
#include "support/file.h"

// One tensor. `data` holds `size` bytes: all of its blocks or elements. dims are outermost first, as in `tensor`.
typedef struct gguf_item {
  const char *name;
  uint32_t type;
  unsigned rank;
  const uint64_t *dims;
  const void *data;
  size_t size;
} gguf_item;

// A key with its value as the file has them. The bytes of an entry that was read are `entry` of its tensor_meta.
typedef struct gguf_entry {
  const uint8_t *bytes;
  size_t size;
} gguf_entry;

gguf_entry gguf_entry_u32(arena *a, const char *key, uint32_t value);
gguf_entry gguf_entry_string(arena *a, const char *key, const char *value);

// The number of a plain element type; false when GGUF has none.
bool gguf_plain_type(tensor_dtype dtype, uint32_t *type);

// Appends the file. `alignment` (a power of two) is what the entries say, or 32 where they say nothing. False, reported under
// `path`, when a name or a shape is not what GGUF allows.
bool gguf_write(diag *d, const char *path, out_file *out, const gguf_item *items, size_t count,
                const gguf_entry *entries, size_t entry_count, uint64_t alignment);

#endif

// The cursor that the parts of the GGUF reader share. Internal to files/gguf*.c.
#ifndef QCC_FILES_GGUF_READ_H
#define QCC_FILES_GGUF_READ_H

#include "files/tensor_parse.h"

typedef struct gguf_reader {
  diag *d;
  tensor_file *f;
  size_t at;  // next byte; never beyond f->bytes.size
  bool stray; // bytes that belong to nothing were told of
} gguf_reader;

static inline size_t gguf_left(const gguf_reader *r) { return r->f->bytes.size - r->at; }

// Reads an integer; false, reported with `what`, when the file ends before.
bool gguf_u32(gguf_reader *r, const char *what, uint32_t *out);
bool gguf_u64(gguf_reader *r, const char *what, uint64_t *out);

// Reads a length and that many bytes (not copied), at most `limit`.
bool gguf_string(gguf_reader *r, const char *what, uint64_t limit, const uint8_t **text, size_t *length);

// Reads the key/value list of `count` entries into f->meta and f->alignment.
bool gguf_read_meta(gguf_reader *r, size_t count);

#endif

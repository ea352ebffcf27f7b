// Growable arrays in an arena: `VEC(int) v = {0}; vec_push(arena, &v, 3); v.data[0]; v.len`.
// Old storage stays in the arena when an array grows, so pointers into it remain readable (but stale).
#ifndef QCC_SUPPORT_VEC_H
#define QCC_SUPPORT_VEC_H

#include "support/arena.h"

#define VEC(type) \
  struct {        \
    type *data;   \
    size_t len;   \
    size_t cap;   \
  }

// Makes room for one more element of `size` bytes; returns the (possibly moved) storage.
void *vec_grow(arena *a, void *data, size_t len, size_t *cap, size_t size);

#define vec_push(a, v, value) \
  ((v)->data = vec_grow((a), (v)->data, (v)->len, &(v)->cap, sizeof *(v)->data), (v)->data[(v)->len++] = (value))

// A growable text buffer with printf-like appending; always NUL-terminated once something was appended.
typedef struct strbuf {
  arena *mem;
  char *data;
  size_t len;
  size_t cap;
} strbuf;

// Appends formatted text / one character / `size` raw bytes.
void strbuf_printf(strbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_putc(strbuf *b, char c);
void strbuf_write(strbuf *b, const void *bytes, size_t size);

// The text so far; "" when nothing was appended.
const char *strbuf_text(const strbuf *b);

#endif

// Growable arrays and text in an arena.
#include "support/vec.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *vec_grow(arena *a, void *data, size_t len, size_t *cap, size_t size) {
  if (len < *cap) return data;
  // When the doubled count overflows, so does count * size, and arena_alloc ends the process.
  size_t wider = *cap < 8 ? 8 : *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2;
  void *moved = arena_alloc(a, wider, size);
  if (len != 0) memcpy(moved, data, len * size);
  *cap = wider;
  return moved;
}

// Room for `more` characters and the terminating NUL.
static void reserve(strbuf *b, size_t more) {
  if (more < b->cap - b->len) return;
  size_t wider = b->cap < 64 ? 64 : b->cap;
  size_t needed;
  if (__builtin_add_overflow(b->len, more, &needed)) needed = SIZE_MAX;
  while (wider <= needed && wider != SIZE_MAX) wider = wider > SIZE_MAX / 2 ? SIZE_MAX : wider * 2;
  char *moved = arena_alloc(b->mem, wider, 1);
  if (b->len != 0) memcpy(moved, b->data, b->len);
  b->data = moved;
  b->cap = wider;
}

void strbuf_write(strbuf *b, const void *bytes, size_t size) {
  reserve(b, size);
  if (size != 0) memcpy(b->data + b->len, bytes, size);
  b->len += size;
  b->data[b->len] = '\0';
}

void strbuf_putc(strbuf *b, char c) { strbuf_write(b, &c, 1); }

void strbuf_printf(strbuf *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) return;
  reserve(b, (size_t)length);
  va_start(args, format);
  vsnprintf(b->data + b->len, (size_t)length + 1, format, args);
  va_end(args);
  b->len += (size_t)length;
}

const char *strbuf_text(const strbuf *b) { return b->data == NULL ? "" : b->data; }

#define _GNU_SOURCE // fopencookie
#include "support/clean.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/file.h"
#include "support/utf8.h"

typedef struct code_range {
  uint32_t first, last;
} code_range;

static const code_range unclean[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     // commands to terminals
    {0x061c, 0x061c}, {0x200e, 0x200f}, // direction
    {0x2028, 0x202e}, {0x2066, 0x2069},
};

bool clean_is(uint32_t code) {
  for (size_t i = 0; i < sizeof unclean / sizeof unclean[0]; i++)
    if (code >= unclean[i].first && code <= unclean[i].last) return false;
  return true;
}

static void show(const char *text, size_t columns, void (*put)(void *to, const char *bytes, size_t size), void *to) {
  size_t length = strlen(text), used = 0;
  for (size_t i = 0; i < length;) {
    uint32_t code;
    size_t size = utf8_decode(text + i, length - i, &code);
    bool clean = size > 0 && clean_is(code);
    used += clean ? utf8_width(code) : 1;
    if (used > columns) {
      put(to, "...", 3);
      return;
    }
    put(to, clean ? text + i : CLEAN_REPLACEMENT, clean ? size : strlen(CLEAN_REPLACEMENT));
    i += size == 0 ? 1 : size;
  }
}

static void put_text(void *to, const char *bytes, size_t size) { strbuf_write(to, bytes, size); }

static void put_stream(void *to, const char *bytes, size_t size) { fwrite(bytes, 1, size, to); }

void clean_append(strbuf *out, const char *text, size_t columns) { show(text, columns, put_text, out); }

void clean_print(FILE *out, const char *text, size_t columns) { show(text, columns, put_stream, out); }

// ---- streams ---------------------------------------------------------------------------------------------

enum { ROOM = 4096, LONGEST = 4 }; // bytes of a character

typedef struct cleaner {
  int to;
  size_t held; // bytes of a character whose rest is still to come
  char begun[LONGEST];
  size_t used; // of room
  char room[ROOM];
} cleaner;

static bool write_room(cleaner *c) {
  size_t size = c->used;
  c->used = 0;
  return file_write_all(c->to, c->room, size) == 0;
}

static bool put(cleaner *c, const char *bytes, size_t size) {
  if (c->used + size > ROOM && !write_room(c)) return false;
  memcpy(c->room + c->used, bytes, size);
  c->used += size;
  return true;
}

static bool put_replacement(cleaner *c) { return put(c, CLEAN_REPLACEMENT, strlen(CLEAN_REPLACEMENT)); }

// Whether these bytes begin a character that more bytes could complete.
static bool is_begun(const char *text, size_t length) {
  unsigned char lead = (unsigned char)text[0];
  size_t whole = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || length >= whole) return false;
  for (size_t i = 1; i < length; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80) return false;
  return true;
}

// Takes the first character of the text. Its bytes; 0: the rest is still to come.
static size_t take(cleaner *c, const char *text, size_t length, bool *ok) {
  uint32_t code;
  size_t size = utf8_decode(text, length, &code);
  if (size == 0 && is_begun(text, length)) return 0;
  bool clean = size > 0 && (clean_is(code) || code == '\n' || code == '\t');
  *ok = clean ? put(c, text, size) : put_replacement(c);
  return size == 0 ? 1 : size;
}

// The character that an earlier write began, with the first of these bytes. Returns how many of them it took.
static size_t take_begun(cleaner *c, const char *text, size_t length, bool *ok) {
  size_t before = c->held, added = length < LONGEST - before ? length : LONGEST - before;
  memcpy(c->begun + before, text, added);
  size_t size = take(c, c->begun, before + added, ok);
  if (size == 0) {
    c->held += added;
    return added;
  }
  c->held = 0;
  if (size >= before) return size - before;
  // The first byte was none of a character; nor are the others, which can only go on one.
  for (size_t i = size; i < before && *ok; i++) *ok = put_replacement(c);
  return 0;
}

static ssize_t clean_write(void *cookie, const char *text, size_t length) {
  cleaner *c = cookie;
  size_t at = 0;
  bool ok = true;
  while (c->held > 0 && at < length && ok) at += take_begun(c, text + at, length - at, &ok);
  while (at < length && ok) {
    size_t size = take(c, text + at, length - at, &ok);
    if (size == 0) {
      c->held = length - at;
      memcpy(c->begun, text + at, c->held);
      break;
    }
    at += size;
  }
  return ok && write_room(c) ? (ssize_t)length : 0;
}

static int clean_close(void *cookie) {
  cleaner *c = cookie;
  bool ok = (c->held == 0 || put_replacement(c)) && write_room(c);
  free(c);
  return ok ? 0 : -1;
}

FILE *clean_stream(int descriptor) {
  cleaner *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->to = descriptor;
  FILE *f = fopencookie(c, "w", (cookie_io_functions_t){.write = clean_write, .close = clean_close});
  if (f == NULL)
    free(c);
  else if (isatty(descriptor))
    setvbuf(f, NULL, _IOLBF, BUFSIZ);
  return f;
}

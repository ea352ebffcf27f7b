// Draws messages the way compilers do: place, label, text, source line, caret.
#include "support/diag_render.h"

#include <string.h>

#include "support/clean.h"
#include "support/utf8.h"

enum {
  TAB_WIDTH = 8,
  WINDOW_BEFORE = 60, // bytes of an over-long line shown before the place, and in all
  WINDOW_SIZE = 160,
  MESSAGE_SIZE = 4000, // bytes of a message that are shown: names may be as long as files are
};

typedef struct style {
  const char *word;
  const char *colour;
} style;

static const style styles[] = {
    [DIAG_LABEL_ERROR] = {.word = "error", .colour = "\033[1;31m"},
    [DIAG_LABEL_WARNING] = {.word = "warning", .colour = "\033[1;35m"},
    [DIAG_LABEL_NOTE] = {.word = "note", .colour = "\033[1;36m"},
    [DIAG_LABEL_HINT] = {.word = "hint", .colour = "\033[1;32m"},
};

static const char bold[] = "\033[1m", plain[] = "\033[0m";

static void paint(strbuf *out, bool colour, const char *code) {
  if (colour) strbuf_write(out, code, strlen(code));
}

// Appends the character at `text`, made harmless, and adds its width to *columns. Returns the bytes consumed.
static size_t put_character(strbuf *out, const char *text, size_t length, size_t *columns) {
  uint32_t code;
  size_t size = utf8_decode(text, length, &code);
  if (size == 1 && code == '\t') {
    size_t spaces = TAB_WIDTH - *columns % TAB_WIDTH;
    strbuf_printf(out, "%*s", (int)spaces, "");
    *columns += spaces;
  } else if (size == 0 || !clean_is(code)) {
    strbuf_write(out, CLEAN_REPLACEMENT, strlen(CLEAN_REPLACEMENT));
    *columns += 1;
    if (size == 0) size = 1;
  } else {
    strbuf_write(out, text, size);
    *columns += utf8_width(code);
  }
  return size;
}

// Appends text of a message on one line: a line break in a name must not look like another message.
static void put_text(strbuf *out, const char *text) {
  size_t length = strlen(text), columns = 0, i = 0;
  while (i < length && (i < MESSAGE_SIZE || length - i <= 3)) i += put_character(out, text + i, length - i, &columns);
  if (i < length) strbuf_write(out, "...", 3);
}

// The bytes of line number `line` (from 1), without the line break; NULL past the end of the text.
static const char *find_line(const diag_source *source, unsigned line, size_t *length) {
  if (line > source->lines.len) return NULL;
  const char *at = source->text + source->lines.data[line - 1], *end = source->text + source->length;
  const char *newline = at == end ? NULL : memchr(at, '\n', (size_t)(end - at));
  *length = (size_t)((newline == NULL ? end : newline) - at);
  if (*length > 0 && at[*length - 1] == '\r') (*length)--;
  return at;
}

// Where the character ends that byte `at` of the line is in, if it is a whole one: four bytes at most, whatever follows.
static size_t next_character(const char *line, size_t length, size_t at) {
  for (int i = 0; i < 3 && at < length && ((unsigned char)line[at] & 0xc0) == 0x80; i++) at++;
  return at;
}

// The bytes [first, last) of a line that are shown: all, or a window around the byte `at` of a very long line.
static void choose_window(const char *line, size_t length, size_t at, size_t *first, size_t *last) {
  *first = 0;
  *last = length;
  if (length <= WINDOW_SIZE) return;
  if (at > WINDOW_BEFORE) *first = at - WINDOW_BEFORE;
  *first = next_character(line, at, *first);
  if (length - *first > WINDOW_SIZE) *last = *first + WINDOW_SIZE;
  *last = next_character(line, length, *last);
}

// The bytes [from, to) of the line that the location marks, at least one column even at the end of the line. A range
// over several lines is marked up to the end of its first one.
static void marked_bytes(src_loc loc, size_t length, size_t *from, size_t *to) {
  *from = loc.column - 1 < length ? loc.column - 1 : length;
  *to = loc.end_line > loc.line ? length : loc.end_column > loc.column ? loc.end_column - 1 : *from + 1;
  if (*to > length) *to = length;
  if (*to <= *from) *to = *from + 1;
}

// The source line and, below it, `^~~~`.
static void put_snippet(strbuf *out, const diag_message *m, bool colour) {
  size_t length = 0, first, last, from, to;
  const char *line = find_line(m->source, m->loc.line, &length);
  if (line == NULL) return;
  marked_bytes(m->loc, length, &from, &to);
  choose_window(line, length, from, &first, &last);
  if (to > last) to = last > from ? last : from + 1;
  strbuf_printf(out, "%5u | %s", m->loc.line, first > 0 ? "..." : "");
  size_t columns = 0, start = 0, end = 0;
  for (size_t i = first; i < last;) {
    if (i <= from) start = columns;
    i += put_character(out, line + i, last - i, &columns);
    if (i <= from) start = columns;
    if (i <= to) end = columns;
  }
  if (end <= start) end = start + 1;
  strbuf_printf(out, "%s\n      | %*s", last < length ? "..." : "", (int)(start + (first > 0 ? 3 : 0)), "");
  paint(out, colour, styles[m->label].colour);
  strbuf_putc(out, '^');
  for (size_t i = start + 1; i < end; i++) strbuf_putc(out, '~');
  paint(out, colour, plain);
  strbuf_putc(out, '\n');
}

static void put_place(strbuf *out, const diag_message *m) {
  if (m->path != NULL) {
    put_text(out, m->path);
    strbuf_write(out, ": ", 2);
  } else if (m->source != NULL) {
    put_text(out, m->source->name);
    if (m->loc.line == 0)
      strbuf_write(out, ": ", 2);
    else
      strbuf_printf(out, ":%u:%u: ", m->loc.line, m->loc.column == 0 ? 1 : m->loc.column);
  }
}

void diag_render(strbuf *out, const diag_message *message, bool colour) {
  diag_message m = *message;
  if (m.label == DIAG_LABEL_HINT) {
    strbuf_printf(out, "      = ");
  } else {
    paint(out, colour, bold);
    put_place(out, &m);
    paint(out, colour, plain);
  }
  paint(out, colour, styles[m.label].colour);
  strbuf_printf(out, "%s:", styles[m.label].word);
  paint(out, colour, plain);
  strbuf_putc(out, ' ');
  put_text(out, m.text);
  if (m.group != NULL) strbuf_printf(out, " [-W%s]", m.group);
  strbuf_putc(out, '\n');
  if (m.loc.column == 0) m.loc.column = 1;
  if (m.source != NULL && m.loc.line != 0) put_snippet(out, &m, colour);
}

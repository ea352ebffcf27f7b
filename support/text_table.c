#include "support/text_table.h"

#include <stdint.h>
#include <string.h>

#include "support/utf8.h"

// The length of the first character (a byte that is none counts as one), and how wide it is.
static size_t next_character(const char *text, size_t left, unsigned *width) {
  uint32_t code;
  size_t length = utf8_decode(text, left, &code);
  *width = length == 0 ? 1 : utf8_width(code);
  return length == 0 ? 1 : length;
}

static unsigned text_width(const char *text) {
  unsigned width = 0, one;
  for (size_t left = strlen(text), length; left > 0; left -= length, text += length, width += one)
    length = next_character(text, left, &one);
  return width;
}

// How many bytes are a beginning so wide: the longest of at most these columns, or with `least` the shortest of at least these.
static size_t beginning(const char *text, unsigned columns, bool least) {
  size_t left = strlen(text), taken = 0;
  unsigned width = 0, one;
  while (left > 0 && (!least || width < columns)) {
    size_t length = next_character(text + taken, left, &one);
    if (!least && width + one > columns) break;
    width += one;
    taken += length;
    left -= length;
  }
  return taken;
}

const char *text_elide(arena *a, const char *text, unsigned most) {
  static const char gap[] = "..";
  unsigned width = text_width(text), kept = most - (unsigned)(sizeof gap - 1), first = kept / 2;
  if (width <= most) return text;
  size_t head = beginning(text, first, false), skipped = beginning(text, width - (kept - first), true);
  return arena_printf(a, "%.*s%s%s", (int)head, text, gap, text + skipped);
}

void text_table_row(text_table *t, const char *const *cells) {
  const char **copy = ARENA_ARRAY(t->mem, const char *, t->column_count);
  for (size_t i = 0; i < t->column_count; i++)
    copy[i] = t->most == 0 ? cells[i] : text_elide(t->mem, cells[i], t->most);
  vec_push(t->mem, &t->rows, copy);
}

static unsigned column_width(const text_table *t, size_t column) {
  unsigned width = text_width(t->columns[column].heading);
  for (size_t i = 0; i < t->rows.len; i++) {
    unsigned cell = text_width(t->rows.data[i][column]);
    if (cell > width) width = cell;
  }
  return width;
}

static void print_cell(FILE *out, const text_column *column, unsigned width, const char *text, bool last) {
  int padding = (int)(width - text_width(text));
  if (column->right) fprintf(out, "%*s", padding, "");
  fputs(text, out);
  if (!column->right && !last) fprintf(out, "%*s", padding, "");
  fputs(last ? "\n" : "  ", out);
}

void text_table_print(FILE *out, const text_table *t) {
  arena *a = arena_new();
  unsigned *width = ARENA_ARRAY(a, unsigned, t->column_count);
  for (size_t c = 0; c < t->column_count; c++) width[c] = column_width(t, c);
  for (size_t c = 0; c < t->column_count; c++)
    print_cell(out, &t->columns[c], width[c], t->columns[c].heading, c + 1 == t->column_count);
  for (size_t i = 0; i < t->rows.len; i++)
    for (size_t c = 0; c < t->column_count; c++)
      print_cell(out, &t->columns[c], width[c], t->rows.data[i][c], c + 1 == t->column_count);
  arena_free(a);
}

#include "support/text_table.h"

#include <stdint.h>
#include <string.h>

#include "support/utf8.h"

static unsigned text_width(const char *text) {
  unsigned width = 0;
  for (size_t left = strlen(text); left > 0;) {
    uint32_t code;
    size_t length = utf8_decode(text, left, &code);
    width += length == 0 ? 1 : utf8_width(code);
    length = length == 0 ? 1 : length;
    text += length;
    left -= length;
  }
  return width;
}

void text_table_row(text_table *t, const char *const *cells) {
  const char **copy = ARENA_ARRAY(t->mem, const char *, t->column_count);
  for (size_t i = 0; i < t->column_count; i++) copy[i] = cells[i];
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

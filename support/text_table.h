// Tables for people: columns as wide as their widest cell.
#ifndef QCC_SUPPORT_TEXT_TABLE_H
#define QCC_SUPPORT_TEXT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "support/vec.h"

typedef struct text_column {
  const char *heading;
  bool right; // which side cells are aligned to
} text_column;

typedef struct text_table {
  arena *mem;
  const text_column *columns;
  size_t column_count;
  unsigned most; // terminal columns that a cell may take: longer ones lose their middle; 0: any
  VEC(const char *const *) rows;
} text_table;

// Adds a row of column_count cells, UTF-8; the texts are not copied.
void text_table_row(text_table *t, const char *const *cells);

// A text of at most `most` terminal columns (4 at least): itself, or with ".." instead of its middle.
const char *text_elide(arena *a, const char *text, unsigned most);

// Headings, then all rows, two blanks between columns and none at the ends of lines.
void text_table_print(FILE *out, const text_table *t);

#endif

// Rows of tests that edit a text in one place and expect a message.
#ifndef QCC_TESTS_IR_EDITS_H
#define QCC_TESTS_IR_EDITS_H

#include "support/arena.h"

typedef struct edit_row {
  const char *find;
  const char *replace;
  const char *message; // part of what is reported
} edit_row;

// `text` with the first `find` replaced; the test fails when there is none.
const char *apply_edit(arena *mem, const char *text, const edit_row *row);

#endif

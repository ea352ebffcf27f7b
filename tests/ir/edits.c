#include "edits.h"

#include <check.h>
#include <string.h>

const char *apply_edit(arena *mem, const char *text, const edit_row *row) {
  const char *at = strstr(text, row->find);
  ck_assert_msg(at != NULL, "'%s' does not occur in:\n%s", row->find, text);
  return arena_printf(mem, "%.*s%s%s", (int)(at - text), text, row->replace, at + strlen(row->find));
}

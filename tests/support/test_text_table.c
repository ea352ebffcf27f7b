// Texts that are too long for a table lose their middle.
#include <string.h>

#include "support/text_table.h"
#include "tests/check_main.h"

static const struct {
  const char *text;
  unsigned most;
  const char *elided;
} rows[] = {
    {"short", 10, "short"},
    {"0123456789", 10, "0123456789"},
    {"0123456789a", 10, "0123..789a"},
    {"0123456789a", 9, "012..789a"},
    {"model.layers.31.mlp.down_proj.weight", 20, "model.lay..oj.weight"},
    {"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6", 6, "\u00e4\u00f6..\u00e4\u00f6"},
    {"\u6a21\u578b\u5c42\u6a21\u578b\u5c42", 8, "\u6a21..\u5c42"}, // two columns each
};

START_TEST(elides) {
  arena *a = arena_new();
  ck_assert_str_eq(text_elide(a, rows[_i].text, rows[_i].most), rows[_i].elided);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("text tables");
  TCase *tcase = tcase_create("elide");
  tcase_add_loop_test(tcase, elides, 0, sizeof rows / sizeof *rows);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

// Tokens of any length: the scanner has no buffer that one of them could be too long for. The sanitizers watch.
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "tests/check_main.h"

// One kind of token: `unit` is repeated between `begin` and `end` until the token has the wanted length.
typedef struct kind_row {
  const char *before; // the text up to the token
  const char *begin;
  const char *unit;
  const char *end;
  const char *after;
  const char *message; // NULL: the text is right
} kind_row;

static const kind_row kinds[] = {
    {"const ", "", "a", "", " = 1;", NULL},
    {"const rows", "", "s", "", " = 1;", NULL},
    {"const x = ", "", "0", "", ";", NULL},
    {"const x = ", "", "9", "", ";", "does not fit in 64 bits"},
    {"const x = ", "0x", "0", "1", ";", NULL},
    {"const x = ", "1.", "0", "", ";", NULL},
    {"const x = ", ".", "5", "e-1", ";", NULL},
    {"const x = ", "1e", "0", "1", ";", NULL},
    {"const x = ", "1e+", "9", "", ";", "too large for a double"},
    {"const x = ", "1", "z", "", ";", "this is not a number"},
    {"quantize { ", "\"", "w", "\"", " : s; } scheme s { c : u4; value = c; }", NULL},
    {"quantize { ", "\"", "\\\\", "\"", " : s; } scheme s { c : u4; value = c; }", NULL},
    {"quantize { ", "\"", "\\n", "\"", " : s; } scheme s { c : u4; value = c; }", "unknown escape"},
    {"const x = ", "\"", "w", "", "\n;", "has no end on its line"},
    {"const x = 1; ", "", " ", "", "", NULL},
    {"const x = 1; ", "", "\t", "", "", NULL},
    {"const x = 1; ", "", "\r\n", "", "", NULL},
    {"const x = 1; ", "", "\n", "", "", NULL},
    {"const x = 1; ", "//", "c", "", "\n", NULL},
    {"const x = 1; ", "//", "\xc3\xa9", "", "\n", NULL},
    {"const x = 1; ", "/*", "c", "*/", "", NULL},
    {"const x = 1; ", "/*", "*", "*/", "", NULL},
    {"const x = 1; ", "/*", "\n", "*/", "", NULL},
    {"const x = 1; ", "/*", "c", "", "", "this comment has no end"},
    {"const x = 1; ", "#", "c", "", "\n", "unexpected '#'"},
    {"const x = 1; ", "", "\xc3\xa9", "", ";", "unexpected"},
    {"const x = 1; ", "", "\xff", "", ";", "not UTF-8"},
    {"const x = 1; ", "", "@", "", ";", "unexpected"},
    {"scheme s { rows", "", " ", "", "0 .. 1 : t; }", NULL},
    {"scheme s { columns", "", "\n", "", "(N) .. 1 : t; }", NULL},
    {"scheme s { columns", "", "\n", "", ": u4; value = columns; }", NULL},
    {"scheme s { rows", "", "\t", "", "// comment\n: u4; value = rows; }", NULL},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

// Below and above powers of two, and the size of flex's own buffers.
static const size_t lengths[] = {8, 255, 4096, 8191, 8192, 16383, 16384, 16385, 32768, 65535, 65536, 70000};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

// The text in memory of its own, without a NUL behind it.
static char *make_text(const kind_row *k, size_t length, size_t *size) {
  arena *a = arena_new();
  strbuf text = {.mem = a};
  strbuf_printf(&text, "%s%s", k->before, k->begin);
  size_t fixed = strlen(k->begin) + strlen(k->end), unit = strlen(k->unit);
  for (size_t done = fixed; done + unit <= length; done += unit) strbuf_write(&text, k->unit, unit);
  strbuf_printf(&text, "%s%s const last = 1;", k->end, k->after);
  char *copy = malloc(text.len);
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, text.data, text.len);
  *size = text.len;
  arena_free(a);
  return copy;
}

// Where the word `last` stands, counted plainly.
static src_loc place_of_last(const char *text, size_t size) {
  src_loc at = {.line = 1, .column = 1};
  for (size_t i = 0; i + strlen("last = 1;") < size; i++) {
    at.line += text[i] == '\n';
    at.column = text[i] == '\n' ? 1 : at.column + 1;
  }
  return at;
}

static void check_right(const ast *tree, const char *text, size_t size) {
  ck_assert_uint_gt(tree->items.len, 1);
  const ast_node *last = tree->items.data[tree->items.len - 1];
  src_loc expected = place_of_last(text, size);
  ck_assert_str_eq(last->name.text, "last");
  ck_assert_uint_eq(last->name.loc.line, expected.line);
  ck_assert_uint_eq(last->name.loc.column, expected.column);
}

static void check_text(const kind_row *k, size_t length) {
  size_t size;
  char *text = make_text(k, length, &size);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const ast *tree = fe_parse(d, a, "long.q", text, size);
  if (k->message == NULL) {
    ck_assert_msg(!tree->has_errors, "%s%s.. (%zu bytes): %.300s", k->before, k->begin, length, diag_text(d));
    check_right(tree, text, size);
  } else if (tree->has_errors) { // short ones may be right
    ck_assert_msg(strstr(diag_text(d), k->message) != NULL, "%.300s", diag_text(d));
    ck_assert_uint_lt(strlen(diag_text(d)), 10000);
  }
  arena_free(a);
  free(text);
}

START_TEST(tokens_of_any_length) {
  for (size_t i = 0; i < LENGTHS; i++) check_text(&kinds[_i], lengths[i]);
}
END_TEST

// A name is kept whole.
START_TEST(long_names) {
  size_t size;
  char *text = make_text(&kinds[0], 70000, &size);
  arena *a = arena_new();
  const ast *tree = fe_parse(diag_new(a, NULL, false), a, "long.q", text, size);
  ck_assert_uint_eq(strlen(tree->items.data[0]->name.text), 70000);
  arena_free(a);
  free(text);
}
END_TEST

// A file that is no text is refused at once: flex alone would take quadratic time in its NULs.
START_TEST(bytes_of_no_text) {
  size_t size = (size_t)4 << 20;
  char *text = calloc(size, 1);
  ck_assert_ptr_nonnull(text);
  memcpy(text, "model m\n{ \"", 11);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert(fe_parse(d, a, "nul.q", text, size)->has_errors);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "nul.q:2:4: error: control character 0x00"));
  arena_free(a);
  free(text);
}
END_TEST

// Nothing prints a name as long as a file, or a line of bytes that are no text.
START_TEST(messages_are_short) {
  static const kind_row rows[] = {{"const x = ", "", "a", "", ";", NULL}, {"const x = ;", "\"", "\x80", "", "", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t size;
    char *text = make_text(&rows[i], 1 << 20, &size);
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    const ast *tree = fe_parse(d, a, "long.q", text, size);
    ck_assert_ptr_null(fe_build(d, a, tree, NULL));
    ck_assert_uint_lt(strlen(diag_text(d)), 20000);
    arena_free(a);
    free(text);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("scanner");
  TCase *tcase = tcase_create("tokens");
  tcase_add_loop_test(tcase, tokens_of_any_length, 0, KINDS);
  tcase_add_test(tcase, long_names);
  tcase_add_test(tcase, bytes_of_no_text);
  tcase_add_test(tcase, messages_are_short);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

// What comes from files cannot command a terminal.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/clean.h"
#include "tests/check_main.h"

#define R CLEAN_REPLACEMENT

typedef struct clean_row {
  const char *text;
  const char *clean;
} clean_row;

static const clean_row rows[] = {
    {"", ""},
    {"plain text\n\tand a tab\n", "plain text\n\tand a tab\n"},
    {"caf\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x98\x80"},
    {"\033[31mred\033[0m", R "[31mred" R "[0m"},
    {"\033]0;title\007", R "]0;title" R},
    {"a\rb\bc\x7f", "a" R "b" R "c" R},
    {"\xc2\x9b"
     "31m",
     R "31m"}, // C1: another CSI
    {"\x9b"
     "31m",
     R "31m"}, // and as a byte
    {"\xe2\x80\xae"
     "x\xe2\x81\xa6y\xd8\x9c",
     R "x" R "y" R}, // from right to left
    {"\xe2\x80\xa8", R},
    {"\xff\xfe", R R},
    {"\xc3(", R "("},
    {"\xe4\xbd(", R R "("},
    {"\xf0\x9f\x98(", R R R "("},
    {"\xed\xa0\x80", R R R}, // a surrogate
    {"\xf4\x90\x80\x80", R R R R},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

// What arrives when the text is written in pieces of `piece` bytes.
static const char *pass(const char *text, size_t length, size_t piece) {
  static char got[100000];
  int ends[2];
  ck_assert_int_eq(pipe(ends), 0);
  FILE *f = clean_stream(ends[1]);
  ck_assert_ptr_nonnull(f);
  for (size_t at = 0; at < length; at += piece) {
    size_t size = length - at < piece ? length - at : piece;
    ck_assert_uint_eq(fwrite(text + at, 1, size, f), size);
    ck_assert_int_eq(fflush(f), 0);
  }
  ck_assert_int_eq(fclose(f), 0);
  close(ends[1]);
  size_t count = 0;
  for (ssize_t n; (n = read(ends[0], got + count, sizeof got - 1 - count)) > 0;) count += (size_t)n;
  got[count] = '\0';
  close(ends[0]);
  return got;
}

START_TEST(streams) {
  for (size_t piece = 1; piece < 8; piece++)
    ck_assert_str_eq(pass(rows[_i].text, strlen(rows[_i].text), piece), rows[_i].clean);
}
END_TEST

START_TEST(a_character_that_never_ends) {
  ck_assert_str_eq(pass("a\xe4\xbd", 3, 3), "a" R);
  ck_assert_str_eq(pass("a\0b", 3, 1), "a" R "b");
}
END_TEST

START_TEST(long_text) {
  char text[20000], expected[60000];
  memset(text, '\033', sizeof text);
  for (size_t i = 0; i < sizeof text; i++) memcpy(expected + 3 * i, R, 3);
  ck_assert_int_eq(memcmp(pass(text, sizeof text, sizeof text), expected, sizeof expected), 0);
}
END_TEST

START_TEST(a_descriptor_that_takes_nothing) {
  FILE *f = clean_stream(-1);
  ck_assert_ptr_nonnull(f);
  fputs("text", f);
  ck_assert_int_ne(fflush(f), 0);
  ck_assert(ferror(f) != 0);
  fclose(f);
}
END_TEST

START_TEST(a_line_of_limited_width) {
  arena *a = arena_new();
  strbuf out = {.mem = a};
  clean_append(&out, "\r\033[Kfc1.\xe4\xbd\xa0weight", 9);
  ck_assert_str_eq(strbuf_text(&out), R R "[Kfc1....");
  clean_append(&out, "", 0);
  ck_assert_str_eq(strbuf_text(&out), R R "[Kfc1....");
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("clean text");
  TCase *tcase = tcase_create("clean");
  tcase_add_loop_test(tcase, streams, 0, ROWS);
  tcase_add_test(tcase, a_character_that_never_ends);
  tcase_add_test(tcase, long_text);
  tcase_add_test(tcase, a_descriptor_that_takes_nothing);
  tcase_add_test(tcase, a_line_of_limited_width);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

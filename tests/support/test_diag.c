// How messages look and are counted.
#include <stdio.h>
#include <string.h>

#include "support/diag.h"
#include "tests/check_main.h"

static arena *mem;
static diag *d;

static void setup(void) {
  mem = arena_new();
  d = diag_new(mem, NULL, false);
}

static void teardown(void) { arena_free(mem); }

static unsigned add(const char *text) { return diag_add_source(d, "model.q", text, strlen(text)); }

static src_loc at(unsigned file, unsigned line, unsigned column, unsigned length) {
  return (src_loc){.file = file, .line = line, .column = column, .end_line = line, .end_column = column + length};
}

START_TEST(an_error_with_caret_and_hint) {
  unsigned file = add("scheme q4_g {\n  value = scal * code;\n}\n");
  diag_error(d, at(file, 2, 11, 4), "unknown field '%s' in the value of scheme '%s'", "scal", "q4_g");
  diag_hint(d, "did you mean '%s'?", "scale");
  ck_assert_str_eq(diag_text(d), "model.q:2:11: error: unknown field 'scal' in the value of scheme 'q4_g'\n"
                                 "    2 |   value = scal * code;\n"
                                 "      |           ^~~~\n"
                                 "      = hint: did you mean 'scale'?\n");
  ck_assert_uint_eq(diag_error_count(d), 1);
  ck_assert_str_eq(diag_source_name(d, file), "model.q");
  ck_assert_str_eq(diag_source_name(d, 0), "");
  ck_assert_str_eq(diag_source_name(d, 9), "");
}
END_TEST

START_TEST(tabs_are_drawn_as_spaces_in_both_lines) {
  diag_error(d, at(add("\tab\tcd\n"), 1, 5, 2), "here");
  ck_assert_str_eq(diag_text(d), "model.q:1:5: error: here\n"
                                 "    1 |         ab      cd\n"
                                 "      |                 ^~\n");
}
END_TEST

START_TEST(a_marked_tab_is_underlined_whole) {
  diag_error(d, at(add("a\tb"), 1, 2, 1), "tab");
  ck_assert_str_eq(diag_text(d), "model.q:1:2: error: tab\n"
                                 "    1 | a       b\n"
                                 "      |  ^~~~~~~\n");
}
END_TEST

START_TEST(utf8_takes_its_columns_not_its_bytes) {
  // e with acute: 2 bytes, 1 column; a CJK character: 3 bytes, 2 columns; a combining mark: 2 bytes, no column.
  const char *line = "\xc3\xa9 \xe4\xbd\xa0 o\xcc\x88 x y";
  diag_error(d, at(add(line), 1, 12, 1), "here");
  ck_assert_str_eq(diag_text(d), "model.q:1:12: error: here\n"
                                 "    1 | \xc3\xa9 \xe4\xbd\xa0 o\xcc\x88 x y\n"
                                 "      |        ^\n");
}
END_TEST

START_TEST(a_marked_wide_character_gets_two_columns) {
  diag_error(d, at(add("a\xe4\xbd\xa0z"), 1, 2, 3), "wide");
  ck_assert_ptr_nonnull(strstr(diag_text(d), "\n      |  ^~\n"));
}
END_TEST

START_TEST(terminal_commands_and_broken_utf8_are_made_harmless) {
  diag_error(d, at(add("a\033[31mb\xff\xc3(c"), 1, 12, 1), "name '%s'", "\033]0;x\007\xc2\x9b\xed\xa0\x80");
  const char *text = diag_text(d);
  ck_assert_ptr_null(strchr(text, '\033'));
  ck_assert_ptr_null(strchr(text, '\007'));
  ck_assert_str_eq(text, "model.q:1:12: error: name '\xef\xbf\xbd]0;x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                         "\xef\xbf\xbd'\n"
                         "    1 | a\xef\xbf\xbd[31mb\xef\xbf\xbd\xef\xbf\xbd(c\n"
                         "      |            ^\n");
}
END_TEST

START_TEST(a_name_cannot_forge_a_message) {
  diag_error_file(d, "w\n.npy", "tensor '%s' is missing", "a'\nother.npy: error: b");
  ck_assert_str_eq(diag_text(d), "w\xef\xbf\xbd.npy: error: tensor 'a'\xef\xbf\xbdother.npy: error: b' is missing\n");
}
END_TEST

START_TEST(a_range_over_lines_is_marked_to_the_end_of_its_first) {
  unsigned file = add("value = a +\n  b;\n");
  diag_error(d, (src_loc){.file = file, .line = 1, .column = 9, .end_line = 2, .end_column = 4}, "types differ");
  ck_assert_str_eq(diag_text(d), "model.q:1:9: error: types differ\n"
                                 "    1 | value = a +\n"
                                 "      |         ^~~\n");
}
END_TEST

START_TEST(the_end_of_the_text_has_a_place) {
  unsigned file = add("model m {");
  diag_error(d, at(file, 1, 10, 0), "expected '}'");
  ck_assert_str_eq(diag_text(d), "model.q:1:10: error: expected '}'\n"
                                 "    1 | model m {\n"
                                 "      |          ^\n");
}
END_TEST

START_TEST(an_empty_last_line_and_lines_past_the_end) {
  unsigned file = add("a\n");
  diag_error(d, at(file, 2, 1, 1), "empty");
  diag_error(d, at(file, 3, 1, 1), "past");
  diag_error(d, at(diag_add_source(d, "empty.q", NULL, 0), 1, 1, 1), "nothing");
  diag_error(d, (src_loc){.file = file}, "whole");
  ck_assert_str_eq(diag_text(d), "model.q:2:1: error: empty\n"
                                 "    2 | \n"
                                 "      | ^\n"
                                 "model.q:3:1: error: past\n"
                                 "empty.q:1:1: error: nothing\n"
                                 "    1 | \n"
                                 "      | ^\n"
                                 "model.q: error: whole\n");
}
END_TEST

START_TEST(carriage_returns_are_not_shown) {
  diag_error(d, at(add("one\r\ntwo\r\n"), 2, 1, 3), "dos");
  ck_assert_str_eq(diag_text(d), "model.q:2:1: error: dos\n    2 | two\n      | ^~~\n");
}
END_TEST

START_TEST(of_a_very_long_line_a_window_is_shown) {
  char *line = arena_alloc(mem, 100001, 1);
  memset(line, 'a', 100000);
  memcpy(line + 50000, "HERE", 4);
  diag_error(d, at(add(line), 1, 50001, 4), "far");
  const char *text = diag_text(d);
  ck_assert_uint_lt(strlen(text), 600);
  const char *here = strstr(text, "HERE"), *caret = strchr(text, '^');
  ck_assert(here != NULL && caret != NULL);
  const char *first_line = strstr(text, "    1 | "), *second_line = strstr(text, "      | ");
  ck_assert_int_eq((int)(here - first_line), (int)(caret - second_line));
  ck_assert_int_eq(strncmp(caret, "^~~~\n", 5), 0);
}
END_TEST

START_TEST(places_without_a_text) {
  diag_error(d, SRC_NOWHERE, "no input");
  diag_error_file(d, "w.gguf", "tensor '%s' ends past the file", "fc1");
  diag_note(d, SRC_NOWHERE, "the file is %d bytes long", 12);
  ck_assert_str_eq(diag_text(d), "error: no input\n"
                                 "w.gguf: error: tensor 'fc1' ends past the file\n"
                                 "note: the file is 12 bytes long\n");
  ck_assert_uint_eq(diag_error_count(d), 2);
}
END_TEST

START_TEST(notes_show_their_own_place) {
  unsigned file = add("a;\na;\n");
  diag_error(d, at(file, 2, 1, 1), "'a' is declared twice");
  diag_note(d, at(file, 1, 1, 1), "first here");
  ck_assert_ptr_nonnull(strstr(diag_text(d), "model.q:1:1: note: first here\n    1 | a;\n      | ^\n"));
}
END_TEST

START_TEST(warnings_name_their_group) {
  diag_warning(d, "fallback", SRC_NOWHERE, "layer '%s' takes the slow path", "fc1");
  ck_assert_str_eq(diag_text(d), "warning: layer 'fc1' takes the slow path [-Wfallback]\n");
  ck_assert_uint_eq(diag_warning_count(d), 1);
  ck_assert_uint_eq(diag_error_count(d), 0);
}
END_TEST

START_TEST(warnings_become_errors) {
  ck_assert(diag_set_warning(d, "fallback", DIAG_ACTION_ERROR));
  diag_warning(d, "fallback", SRC_NOWHERE, "slow");
  ck_assert_str_eq(diag_text(d), "error: slow [-Werror=fallback]\n");
  ck_assert_uint_eq(diag_error_count(d), 1);
  ck_assert_uint_eq(diag_warning_count(d), 0);
}
END_TEST

START_TEST(warnings_are_silenced_with_what_belongs_to_them) {
  ck_assert(diag_set_warning(d, "all", DIAG_ACTION_IGNORE));
  diag_warning(d, "fallback", SRC_NOWHERE, "slow");
  diag_hint(d, "hint of it");
  diag_note(d, SRC_NOWHERE, "note of it");
  ck_assert_str_eq(diag_text(d), "");
  diag_error(d, SRC_NOWHERE, "error");
  diag_hint(d, "hint of the error");
  ck_assert_str_eq(diag_text(d), "error: error\n      = hint: hint of the error\n");
  ck_assert_uint_eq(diag_warning_count(d), 0);
}
END_TEST

START_TEST(unknown_groups_are_refused) {
  ck_assert(!diag_set_warning(d, "fallbak", DIAG_ACTION_IGNORE));
  ck_assert(!diag_set_warning(d, "", DIAG_ACTION_ERROR));
}
END_TEST

static size_t count_of(const char *text, const char *part) {
  size_t count = 0;
  for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part)) count++;
  return count;
}

START_TEST(errors_past_the_limit_are_counted_only) {
  for (int i = 0; i < 50; i++) {
    diag_error(d, SRC_NOWHERE, "number %d", i);
    diag_hint(d, "of %d", i);
  }
  ck_assert_uint_eq(diag_error_count(d), 50);
  ck_assert_uint_eq(count_of(diag_text(d), "error: number"), 20);
  ck_assert_uint_eq(count_of(diag_text(d), "hint: of"), 20);
  ck_assert_uint_eq(count_of(diag_text(d), "too many errors"), 1);
}
END_TEST

START_TEST(the_limit_can_be_set_and_lifted) {
  diag_set_error_limit(d, 2);
  for (int i = 0; i < 5; i++) diag_error_file(d, "f", "x");
  ck_assert_uint_eq(count_of(diag_text(d), "f: error: x"), 2);
  diag_set_error_limit(d, 0);
  for (int i = 0; i < 40; i++) diag_error(d, SRC_NOWHERE, "y");
  ck_assert_uint_eq(count_of(diag_text(d), "error: y"), 40);
}
END_TEST

START_TEST(the_stream_gets_the_same_text_and_colour_only_when_asked) {
  for (int colour = 0; colour < 2; colour++) {
    char *written = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&written, &size);
    diag *to_stream = diag_new(mem, stream, colour);
    unsigned file = diag_add_source(to_stream, "a.q", "x\n", 2);
    diag_error(to_stream, at(file, 1, 1, 1), "bad");
    fclose(stream);
    ck_assert_ptr_null(strchr(diag_text(to_stream), '\033'));
    if (colour)
      ck_assert_str_eq(written, "\033[1ma.q:1:1: \033[0m\033[1;31merror:\033[0m bad\n    1 | x\n"
                                "      | \033[1;31m^\033[0m\n");
    else
      ck_assert_str_eq(written, diag_text(to_stream));
    free(written);
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {an_error_with_caret_and_hint,
                                tabs_are_drawn_as_spaces_in_both_lines,
                                a_marked_tab_is_underlined_whole,
                                utf8_takes_its_columns_not_its_bytes,
                                a_marked_wide_character_gets_two_columns,
                                terminal_commands_and_broken_utf8_are_made_harmless,
                                a_name_cannot_forge_a_message,
                                a_range_over_lines_is_marked_to_the_end_of_its_first,
                                the_end_of_the_text_has_a_place,
                                an_empty_last_line_and_lines_past_the_end,
                                carriage_returns_are_not_shown,
                                of_a_very_long_line_a_window_is_shown,
                                places_without_a_text,
                                notes_show_their_own_place,
                                warnings_name_their_group,
                                warnings_become_errors,
                                warnings_are_silenced_with_what_belongs_to_them,
                                unknown_groups_are_refused,
                                errors_past_the_limit_are_counted_only,
                                the_limit_can_be_set_and_lifted,
                                the_stream_gets_the_same_text_and_colour_only_when_asked};
  Suite *s = suite_create("support/diag");
  TCase *tcase = tcase_create("diag");
  tcase_add_checked_fixture(tcase, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(s, tcase);
  return check_main(s);
}

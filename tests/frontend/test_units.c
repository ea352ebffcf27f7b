// Globs, the lists and look-ups of schemes, and the edges of the parser.
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "tests/check_main.h"

static const char *const standard[] = {QCC_SOURCE_DIR "/schemes"};

// ---- globs ----

typedef struct glob_row {
  const char *glob;
  const char *text;
  bool matches;
} glob_row;

static const glob_row globs[] = {
    {"fc1", "fc1", true},
    {"fc1", "fc10", false},
    {"fc1", "fc", false},
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "anything.at.all", true},
    {"fc*", "fc1", true},
    {"fc*", "xfc1", false},
    {"*fc", "a.fc", true},
    {"blk.*.attn_*", "blk.12.attn_q", true},
    {"blk.*.attn_*", "blk.12.ffn_up", false},
    {"blk.?.up", "blk.1.up", true},
    {"blk.?.up", "blk.12.up", false},
    {"?", "", false},
    {"**a", "aaa", true},
    {"*a*b*c*", "xxaxxbxxcxx", true},
    {"*a*b*c*", "xxaxxcxxbxx", false},
    {"a*", "*", false},
    {"[ab]", "a", false},
    {"[ab]", "[ab]", true},
    {"*.weight", ".weight", true},
    {"a?c*e", "abcde", true},
};
enum { GLOBS = sizeof globs / sizeof globs[0] };

START_TEST(glob) {
  ck_assert_msg(fe_glob_match(globs[_i].glob, globs[_i].text) == globs[_i].matches, "'%s' and '%s'", globs[_i].glob,
                globs[_i].text);
}
END_TEST

// A glob of many stars must not take exponential time.
START_TEST(glob_is_fast) {
  char text[2001], pattern[201];
  memset(text, 'a', 2000);
  text[2000] = '\0';
  for (int i = 0; i < 200; i += 2) memcpy(pattern + i, "*a", 2);
  pattern[199] = 'b';
  pattern[200] = '\0';
  ck_assert(!fe_glob_match(pattern, text));
}
END_TEST

// ---- schemes ----

static const fe_scheme_info *find_info(const fe_scheme_info *all, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(all[i].name, name) == 0) return &all[i];
  return NULL;
}

START_TEST(list_of_schemes) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  fe_options options = {.dirs = standard, .dir_count = 1};
  const fe_scheme_info *all;
  size_t count = fe_list_schemes(d, a, &options, &all);
  ck_assert_uint_ge(count, 15);
  ck_assert_uint_eq(diag_error_count(d), 0);
  for (size_t i = 0; i < count; i++) {
    ck_assert_msg(all[i].summary[0] != '\0', "%s has no comment above it", all[i].name);
    if (i > 0) ck_assert(strcmp(all[i - 1].name, all[i].name) < 0);
  }
  const fe_scheme_info *grouped = find_info(all, count, "int4_g");
  ck_assert_ptr_nonnull(grouped);
  ck_assert_str_eq(grouped->parameters, "(group = 128)");
  arena_free(a);
}
END_TEST

START_TEST(schemes_by_name) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  fe_options options = {.dirs = standard, .dir_count = 1};
  const scheme *s = fe_find_scheme(d, a, NULL, &options, " int4_g( group = 0x40 ) // comment");
  ck_assert_msg(s != NULL, "%s", diag_text(d));
  ck_assert_str_eq(s->name, "int4_g(group=64)");
  ck_assert_str_eq(fe_find_scheme(d, a, NULL, &options, "int4_g")->name, "int4_g(group=128)");
  ck_assert_str_eq(fe_find_scheme(d, a, NULL, &options, "int4_g()")->name, "int4_g(group=128)");
  ck_assert_str_eq(fe_find_scheme(d, a, NULL, &options, "int4_g(group=64)")->name, "int4_g(group=64)");
  arena_free(a);
}
END_TEST

static const char *const wrong_references[][2] = {
    {"", "expected a name, got the end of the file"},
    {"q4_0;", "got ';'"},
    {"q4_0 q4_1", "got 'q4_1'"},
    {"int4_g(64)", "expected a name or ')'"},
    {"int4_g(group = 0)", "the group is 0"},
    {"int4_g(group = x)", "nothing here is named 'x'"},
    {"q4_2", "did you mean"},
    {"../schemes/q4_0", "expected a name, got '..'"},
};
enum { WRONG = sizeof wrong_references / sizeof wrong_references[0] };

START_TEST(wrong_scheme_names) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  fe_options options = {.dirs = standard, .dir_count = 1};
  ck_assert_ptr_null(fe_find_scheme(d, a, NULL, &options, wrong_references[_i][0]));
  ck_assert_uint_gt(diag_error_count(d), 0);
  ck_assert_msg(strstr(diag_text(d), wrong_references[_i][1]) != NULL, "%s", diag_text(d));
  arena_free(a);
}
END_TEST

START_TEST(scheme_of_a_text) {
  static const char text[] = "const half = 8; scheme mine(g = 16) { c : u4; s : f16 per g; value = s * (c - half); }";
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ast *tree = fe_parse(d, a, "mine.q", text, strlen(text));
  const scheme *s = fe_find_scheme(d, a, tree, NULL, "mine(g = half)");
  ck_assert_msg(s != NULL, "%s", diag_text(d));
  ck_assert_str_eq(s->name, "mine(g=8)");
  ck_assert_ptr_null(fe_find_scheme(d, a, tree, NULL, "other"));
  arena_free(a);
}
END_TEST

// ---- dependency files ----

static void count_file(void *context, const char *path) {
  ck_assert_ptr_nonnull(strstr(path, ".q"));
  ++*(int *)context;
}

START_TEST(files_are_told) {
  static const char text[] = "quantize { \"a\" : q4_0; \"b\" : q4_0; \"c\" : nf4; }";
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  int count = 0;
  fe_options options = {.dirs = standard, .dir_count = 1, .on_file = count_file, .context = &count};
  ck_assert_ptr_nonnull(fe_build(d, a, fe_parse(d, a, "t.q", text, strlen(text)), &options));
  ck_assert_int_eq(count, 2);
  arena_free(a);
}
END_TEST

// ---- the parser's edges ----

// The text is not NUL-terminated: the sanitizer watches its end.
START_TEST(every_prefix) {
  static const char text[] =
      "// c\nscheme s(g = 32) { c : u4; t : f16[2] per g; table l : f32[2] = { 1e3, 0x1 }; value = l[c & 1] "
      "? t[0] : c << 1; layout x(block = 2, bytes = 1) { c[i] = bits(4 * i, 4); } }\n"
      "/* */ model m { dim b <= 3; weights \"w\"; input x : f32[b, 2]; output y = linear(x, \"a\", out "
      "= 2); } quantize { \"*\" : s, act = i8 static(scale = .5); }";
  for (size_t length = 0; length < sizeof text; length++) {
    char *copy = malloc(length == 0 ? 1 : length);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, length);
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    ast *tree = fe_parse(d, a, "prefix.q", copy, length);
    ck_assert_ptr_nonnull(tree);
    ck_assert_ptr_nonnull(fe_print_ast(a, tree));
    fe_build(d, a, tree, NULL);
    arena_free(a);
    free(copy);
  }
}
END_TEST

START_TEST(too_long) {
  size_t length = ((size_t)16 << 20) + 1;
  char *text = malloc(length);
  ck_assert_ptr_nonnull(text);
  memset(text, ' ', length);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert(fe_parse(d, a, "long.q", text, length)->has_errors);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "16777217 bytes"));
  arena_free(a);
  free(text);
}
END_TEST

START_TEST(unreadable_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert_ptr_null(fe_parse_file(d, a, "/nowhere/at/all.q"));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "/nowhere/at/all.q"));
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("frontend units");
  TCase *tcase = tcase_create("units");
  tcase_add_loop_test(tcase, glob, 0, GLOBS);
  tcase_add_test(tcase, glob_is_fast);
  tcase_add_test(tcase, list_of_schemes);
  tcase_add_test(tcase, schemes_by_name);
  tcase_add_loop_test(tcase, wrong_scheme_names, 0, WRONG);
  tcase_add_test(tcase, scheme_of_a_text);
  tcase_add_test(tcase, files_are_told);
  tcase_add_test(tcase, every_prefix);
  tcase_add_test(tcase, too_long);
  tcase_add_test(tcase, unreadable_file);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

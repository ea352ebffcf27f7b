// Names of files.
#include "support/file.h"
#include "tests/check_main.h"

START_TEST(join) {
  arena *a = arena_new();
  ck_assert_str_eq(path_join(a, "dir", "f.c"), "dir/f.c");
  ck_assert_str_eq(path_join(a, "dir/", "f.c"), "dir/f.c");
  ck_assert_str_eq(path_join(a, "/", "f"), "/f");
  ck_assert_str_eq(path_join(a, "", "f"), "f");
  ck_assert_str_eq(path_join(a, "dir", "/abs"), "/abs");
  arena_free(a);
}
END_TEST

START_TEST(stem) {
  arena *a = arena_new();
  ck_assert_str_eq(path_stem(a, "a/b/model.q"), "model");
  ck_assert_str_eq(path_stem(a, "model"), "model");
  ck_assert_str_eq(path_stem(a, "a.b/model"), "model");
  ck_assert_str_eq(path_stem(a, "m.tar.gz"), "m.tar");
  ck_assert_str_eq(path_stem(a, ".hidden"), ".hidden");
  ck_assert_str_eq(path_stem(a, "a/dir/"), "dir");
  ck_assert_str_eq(path_stem(a, "/"), "/");
  ck_assert_str_eq(path_stem(a, ""), "");
  arena_free(a);
}
END_TEST

START_TEST(dirname) {
  arena *a = arena_new();
  ck_assert_str_eq(path_dirname(a, "a/b/c"), "a/b");
  ck_assert_str_eq(path_dirname(a, "c"), ".");
  ck_assert_str_eq(path_dirname(a, "/c"), "/");
  ck_assert_str_eq(path_dirname(a, "/"), "/");
  ck_assert_str_eq(path_dirname(a, "a//b/"), "a");
  ck_assert_str_eq(path_dirname(a, ""), ".");
  arena_free(a);
}
END_TEST

START_TEST(ending) {
  ck_assert(path_ends_in("a/model.q", ".q"));
  ck_assert(!path_ends_in(".q", ".q"));
  ck_assert(!path_ends_in("q", ".q"));
  ck_assert(!path_ends_in("model.qir", ".q"));
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/path");
  check_add(s, "path", (const TTest *const[]){join, stem, dirname, ending, NULL});
  return check_main(s);
}

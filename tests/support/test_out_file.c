// Outputs appear together or not at all.
#include "tests/support/temp_dir.h" // first: it asks for more of POSIX

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "support/file.h"
#include "tests/check_main.h"

static arena *mem;
static diag *d;
static file_set *set;

static void setup(void) {
  temp_dir_make();
  mem = arena_new();
  d = diag_new(mem, NULL, false);
  set = file_set_new(d, mem);
}

static void teardown(void) {
  arena_free(mem);
  temp_dir_remove();
}

static out_file *begin(const char *name) {
  out_file *f = file_set_open(set, temp_path(name));
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  return f;
}

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

START_TEST(nothing_is_visible_before_the_commit) {
  int before = open_descriptors();
  out_file *a = begin("a"), *b = begin("b");
  out_write(a, "one", 3);
  out_printf(b, "%s %d", "two", 2);
  ck_assert_str_eq(temp_read("a"), "(absent)");
  ck_assert(file_set_commit(set));
  ck_assert_str_eq(temp_read("a"), "one");
  ck_assert_str_eq(temp_read("b"), "two 2");
  ck_assert_int_eq(temp_dir_count(), 2);
  ck_assert_int_eq(open_descriptors(), before);
  ck_assert_str_eq(diag_text(d), "");
}
END_TEST

START_TEST(an_old_file_stays_until_the_commit) {
  temp_write("a", "old");
  out_write(begin("a"), "new", 3);
  ck_assert_str_eq(temp_read("a"), "old");
  ck_assert(file_set_commit(set));
  ck_assert_str_eq(temp_read("a"), "new");
  ck_assert_int_eq(temp_dir_count(), 1);
}
END_TEST

START_TEST(an_abort_leaves_no_trace) {
  int before = open_descriptors();
  temp_write("a", "old");
  out_write(begin("a"), "new", 3);
  out_write(begin("b"), "new", 3);
  file_set_abort(set);
  ck_assert_str_eq(temp_read("a"), "old");
  ck_assert_int_eq(temp_dir_count(), 1);
  ck_assert_int_eq(open_descriptors(), before);
  file_set_abort(set);
}
END_TEST

START_TEST(sizes_alignment_and_patches) {
  out_file *f = begin("a");
  out_align(f, 64);
  ck_assert_uint_eq(out_size(f), 0);
  out_write(f, "abcd", 4);
  out_align(f, 8);
  ck_assert_uint_eq(out_size(f), 8);
  out_align(f, 8);
  ck_assert_uint_eq(out_size(f), 8);
  out_patch(f, 1, "XY", 2);
  out_write(f, "end", 3);
  out_patch(f, 10, "!", 1);
  ck_assert_uint_eq(out_size(f), 11);
  ck_assert(file_set_commit(set));
  mapped_file m;
  ck_assert(file_map(d, mem, temp_path("a"), &m));
  ck_assert_uint_eq(m.size, 11);
  ck_assert_mem_eq(m.data, "aXYd\0\0\0\0en!", 11);
  file_unmap(&m);
}
END_TEST

START_TEST(large_and_mixed_writes_keep_their_order) {
  out_file *f = begin("a");
  size_t total = 0, size = 3u << 20;
  unsigned char *bytes = arena_alloc(mem, size, 1);
  for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i * 2654435761u >> 11);
  for (size_t piece = 1; total < size; total += piece, piece = piece * 5 / 2 + 1) {
    if (piece > size - total) piece = size - total;
    out_write(f, bytes + total, piece);
    ck_assert_uint_eq(out_size(f), total + piece);
  }
  out_align(f, 10000);
  ck_assert(file_set_commit(set));
  mapped_file m;
  ck_assert(file_map(d, mem, temp_path("a"), &m));
  ck_assert_uint_eq(m.size, 3150000);
  ck_assert(memcmp(m.data, bytes, size) == 0);
  for (size_t i = size; i < m.size; i++)
    if (m.data[i] != 0) ck_abort_msg("padding byte %zu", i);
  file_unmap(&m);
}
END_TEST

START_TEST(a_patch_past_the_end_fails) {
  temp_write("a", "old");
  out_file *f = begin("a");
  out_write(f, "abcd", 4);
  out_patch(f, 3, "xy", 2);
  out_patch(f, UINT64_MAX, "xy", 2);
  ck_assert(!file_set_commit(set));
  ck_assert_uint_eq(diag_error_count(d), 1);
  ck_assert_str_eq(temp_read("a"), "old");
}
END_TEST

START_TEST(a_full_disk_changes_nothing_and_is_reported_once) {
  temp_write("b", "old");
  out_file *a = begin("a"), *b = begin("b");
  out_write(a, "small", 5);
  // The kernel refuses growth past the limit, as it does on a full disk.
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 100000, .rlim_max = RLIM_INFINITY});
  unsigned char *bytes = arena_alloc(mem, 1u << 20, 1);
  for (int i = 0; i < 3; i++) out_write(b, bytes, 1u << 20);
  ck_assert(!file_set_commit(set));
  ck_assert_str_eq(temp_read("a"), "(absent)");
  ck_assert_str_eq(temp_read("b"), "old");
  ck_assert_int_eq(temp_dir_count(), 1);
  ck_assert_uint_eq(diag_error_count(d), 1);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "/b: error: cannot be written: File too large"));
}
END_TEST

START_TEST(a_full_device_is_reported_and_nothing_else_appears) {
  out_write(begin("a"), "x", 1);
  ck_assert_int_eq(symlink("/dev/full", temp_path("full")), 0);
  out_file *f = begin("full");
  out_write(f, "y", 1);
  ck_assert(!file_set_commit(set));
  ck_assert_str_eq(temp_read("a"), "(absent)");
  ck_assert_ptr_nonnull(strstr(diag_text(d), "No space left on device"));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "hint: free some space"));
  ck_assert_int_eq(temp_dir_count(), 1);
}
END_TEST

START_TEST(a_device_is_written_not_replaced) {
  ck_assert_int_eq(symlink("/dev/null", temp_path("null")), 0);
  out_write(begin("null"), "y", 1);
  ck_assert(file_set_commit(set));
  struct stat st;
  ck_assert(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
  ck_assert(lstat(temp_path("null"), &st) == 0 && S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(a_symbolic_link_is_written_through) {
  temp_write("real", "old");
  ck_assert_int_eq(symlink("real", temp_path("link")), 0);
  out_write(begin("link"), "new", 3);
  ck_assert(file_set_commit(set));
  ck_assert_str_eq(temp_read("real"), "new");
  struct stat st;
  ck_assert(lstat(temp_path("link"), &st) == 0 && S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(a_failed_rename_takes_the_others_back) {
  temp_write("a", "old");
  out_write(begin("a"), "new", 3);
  out_write(begin("b"), "new", 3);
  out_write(begin("c"), "new", 3);
  ck_assert_int_eq(mkdir(temp_path("c"), 0700), 0); // something came in the way meanwhile
  ck_assert(!file_set_commit(set));
  ck_assert_str_eq(temp_read("a"), "old");
  ck_assert_str_eq(temp_read("b"), "(absent)");
  ck_assert_int_eq(temp_dir_count(), 2);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "/c: error: cannot be written: Is a directory"));
}
END_TEST

START_TEST(places_where_nothing_can_be_written) {
  ck_assert_ptr_null(file_set_open(set, temp_path("absent/a")));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "make it first"));
  ck_assert_ptr_null(file_set_open(set, temp_dir));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "Is a directory"));
  ck_assert_ptr_null(file_set_open(set, "/proc/version/x"));
  ck_assert(!file_set_commit(set));
  ck_assert_uint_eq(diag_error_count(d), 3);
}
END_TEST

START_TEST(an_unwritable_directory_is_reported) {
  ck_assert_int_eq(chmod(temp_dir, 0555), 0);
  if (geteuid() == 0) ck_assert_int_eq(setegid(65534) | seteuid(65534), 0);
  ck_assert_ptr_null(file_set_open(set, temp_path("a")));
  if (getuid() == 0) ck_assert_int_eq(seteuid(0) | setegid(0), 0);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "Permission denied"));
  ck_assert_int_eq(chmod(temp_dir, 0755), 0);
}
END_TEST

START_TEST(two_outputs_with_one_name_are_refused) {
  begin("a");
  ck_assert_ptr_null(file_set_open(set, temp_path("../a/../x")));
  ck_assert_ptr_null(file_set_open(set, temp_path("./a")));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "two outputs would go to this file"));
  ck_assert(!file_set_commit(set));
  ck_assert_int_eq(temp_dir_count(), 0);
}
END_TEST

START_TEST(standard_output_gets_its_bytes_at_the_commit) {
  int saved = dup(STDOUT_FILENO);
  int fd = open(temp_path("stdout"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ck_assert(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
  out_file *f = file_set_open(set, "-");
  ck_assert_ptr_nonnull(f);
  out_write(f, "0bc", 3);
  out_patch(f, 0, "a", 1);
  ck_assert_str_eq(temp_read("stdout"), "");
  bool ok = file_set_commit(set);
  dup2(saved, STDOUT_FILENO);
  close(saved);
  close(fd);
  ck_assert(ok);
  ck_assert_str_eq(temp_read("stdout"), "abc");
}
END_TEST

START_TEST(new_files_obey_the_umask) {
  mode_t old = umask(027);
  begin("a");
  umask(old);
  ck_assert(file_set_commit(set));
  struct stat st;
  ck_assert_int_eq(stat(temp_path("a"), &st), 0);
  ck_assert_uint_eq(st.st_mode & 0777, 0640);
  ck_assert_int_eq((int)st.st_size, 0);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {nothing_is_visible_before_the_commit,
                                an_old_file_stays_until_the_commit,
                                an_abort_leaves_no_trace,
                                sizes_alignment_and_patches,
                                large_and_mixed_writes_keep_their_order,
                                a_patch_past_the_end_fails,
                                a_full_disk_changes_nothing_and_is_reported_once,
                                a_full_device_is_reported_and_nothing_else_appears,
                                a_device_is_written_not_replaced,
                                a_symbolic_link_is_written_through,
                                a_failed_rename_takes_the_others_back,
                                places_where_nothing_can_be_written,
                                an_unwritable_directory_is_reported,
                                two_outputs_with_one_name_are_refused,
                                standard_output_gets_its_bytes_at_the_commit,
                                new_files_obey_the_umask};
  Suite *s = suite_create("support/out_file");
  TCase *tcase = tcase_create("out_file");
  tcase_add_checked_fixture(tcase, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(s, tcase);
  return check_main(s);
}

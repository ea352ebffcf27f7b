// Mapping of inputs and making of directories.
#include "tests/support/temp_dir.h" // first: it asks for more of POSIX

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "support/file.h"
#include "tests/check_main.h"

static arena *mem;
static diag *d;

static void setup(void) {
  temp_dir_make();
  mem = arena_new();
  d = diag_new(mem, NULL, false);
}

static void teardown(void) {
  arena_free(mem);
  temp_dir_remove();
}

static void expect_refused(const char *path, const char *message) {
  mapped_file f;
  ck_assert(!file_map(d, mem, path, &f));
  ck_assert_ptr_null(f.data);
  ck_assert_uint_eq(f.size, 0);
  ck_assert_msg(strstr(diag_text(d), message) != NULL, "no '%s' in: %s", message, diag_text(d));
  ck_assert_msg(strstr(diag_text(d), path) != NULL, "no '%s' in: %s", path, diag_text(d));
  ck_assert_uint_ge(diag_error_count(d), 1);
  file_unmap(&f);
}

START_TEST(a_file_is_mapped) {
  temp_write("in", "contents");
  mapped_file f;
  ck_assert(file_map(d, mem, temp_path("in"), &f));
  ck_assert_uint_eq(f.size, 8);
  ck_assert_mem_eq(f.data, "contents", 8);
  ck_assert_str_eq(f.path, temp_path("in"));
  file_unmap(&f);
  ck_assert_ptr_null(f.data);
  file_unmap(&f);
}
END_TEST

// Bytes of a mapping that are no longer in the file are zero, and what happened can be told.
START_TEST(a_file_that_is_cut) {
  enum { PAGES = 5 };
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *text = arena_alloc(mem, PAGES * page + 1, 1);
  memset(text, 'x', PAGES * page);
  temp_write("in", text);
  mapped_file f;
  file_survive_cuts();
  ck_assert(file_map(d, mem, temp_path("in"), &f));
  ck_assert_ptr_null(file_changed(mem, &f));
  ck_assert_int_eq(truncate(temp_path("in"), (off_t)page), 0);
  for (size_t i = PAGES; i-- > 0;) ck_assert_int_eq(f.data[i * page + 7], i == 0 ? 'x' : 0);
  ck_assert_ptr_nonnull(strstr(file_changed(mem, &f), "it was cut to "));
  ck_assert_int_eq(rename(temp_path("in"), temp_path("other")), 0); // the file that is mapped is meant, not its name
  ck_assert_ptr_nonnull(strstr(file_changed(mem, &f), "it was cut to "));
  ck_assert_int_eq(truncate(temp_path("other"), (off_t)(PAGES + 1) * (off_t)page), 0);
  ck_assert_ptr_nonnull(strstr(file_changed(mem, &f), "it grew to "));
  file_unmap(&f);
  ck_assert_ptr_null(file_changed(mem, &f));
}
END_TEST

START_TEST(a_file_that_is_replaced) {
  temp_write("in", "contents");
  temp_write("new", "others");
  mapped_file f;
  ck_assert(file_map(d, mem, temp_path("in"), &f));
  ck_assert_int_eq(rename(temp_path("new"), temp_path("in")), 0);
  ck_assert_ptr_null(file_changed(mem, &f));
  ck_assert_mem_eq(f.data, "contents", 8);
  file_unmap(&f);
}
END_TEST

START_TEST(an_empty_file_has_no_data) {
  temp_write("in", "");
  mapped_file f;
  ck_assert(file_map(d, mem, temp_path("in"), &f));
  ck_assert_ptr_null(f.data);
  ck_assert_uint_eq(f.size, 0);
  file_unmap(&f);
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
  expect_refused(temp_path("absent"), "No such file or directory");
  expect_refused(temp_dir, "it is a directory");
  expect_refused("/dev/zero", "not a regular file");
  ck_assert_int_eq(mkfifo(temp_path("fifo"), 0600), 0);
  expect_refused(temp_path("fifo"), "not a regular file"); // and does not wait for a writer
  expect_refused("", "No such file");
}
END_TEST

START_TEST(an_unreadable_file_is_refused) {
  temp_write("in", "x");
  chmod(temp_path("in"), 0);
  // The superuser may read everything, so another user tries.
  if (geteuid() == 0) ck_assert_int_eq(chmod(temp_dir, 0755) | setegid(65534) | seteuid(65534), 0);
  expect_refused(temp_path("in"), "Permission denied");
  if (getuid() == 0) ck_assert_int_eq(seteuid(0) | setegid(0), 0);
}
END_TEST

START_TEST(directories_are_made_with_their_parents) {
  ck_assert(file_make_directory(d, temp_path("a/b/c")));
  ck_assert(file_make_directory(d, temp_path("a/b/c")));
  ck_assert(file_make_directory(d, temp_path("a/e//f/")));
  struct stat st;
  ck_assert(stat(temp_path("a/b/c"), &st) == 0 && S_ISDIR(st.st_mode));
  ck_assert(stat(temp_path("a/e/f"), &st) == 0 && S_ISDIR(st.st_mode));
  ck_assert(file_make_directory(d, "/"));
  ck_assert(file_make_directory(d, "."));
  ck_assert_str_eq(diag_text(d), "");
}
END_TEST

START_TEST(a_file_in_the_way_is_reported) {
  temp_write("a", "x");
  ck_assert(!file_make_directory(d, temp_path("a")));
  ck_assert(!file_make_directory(d, temp_path("a/b")));
  ck_assert(!file_make_directory(d, ""));
  ck_assert_uint_eq(diag_error_count(d), 3);
  ck_assert_ptr_nonnull(strstr(diag_text(d), "the directory cannot be made: Not a directory"));
}
END_TEST

static void nothing(int number) { (void)number; }

// A pipe gives and takes what it has room for, and each call is interrupted again and again.
START_TEST(all_bytes_are_moved) {
  enum { SIZE = 1 << 20 };
  uint8_t *sent = arena_alloc(mem, SIZE, 1), *got = arena_alloc(mem, SIZE, 1);
  for (size_t i = 0; i < SIZE; i++) sent[i] = (uint8_t)(i * 7 + i / 251);
  struct sigaction action = {.sa_handler = nothing}; // calls are not begun again by themselves
  struct itimerval often = {.it_interval.tv_usec = 500, .it_value.tv_usec = 500};
  int ends[2];
  ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
  ck_assert_int_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    setitimer(ITIMER_REAL, &often, NULL);
    _exit(file_write_all(ends[1], sent, SIZE));
  }
  close(ends[1]);
  setitimer(ITIMER_REAL, &often, NULL);
  ck_assert_int_eq(file_read_all(ends[0], got, SIZE), 0);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  ck_assert_mem_eq(sent, got, SIZE);
  ck_assert_int_eq(file_read_all(ends[0], got, 1), EIO); // the end
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  close(ends[0]);
}
END_TEST

START_TEST(bytes_have_their_places) {
  char got[4] = "";
  int file = open(temp_path("f"), O_RDWR | O_CREAT, 0600);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(file_write_at(file, "cd", 2, 2), 0);
  ck_assert_int_eq(file_write_at(file, "ab", 2, 0), 0);
  ck_assert_int_eq(file_read_at(file, got, 3, 1), 0);
  ck_assert_str_eq(got, "bcd");
  ck_assert_int_eq(file_read_at(file, got, 4, 1), EIO);
  ck_assert_int_eq(file_read_at(file, got, 0, 100), 0);
  ck_assert_int_eq(file_read_at(file, got, 1, UINT64_MAX), EFBIG);
  ck_assert_int_eq(file_write_at(file, got, 1, (uint64_t)INT64_MAX + 1), EFBIG);
  close(file);
  ck_assert_int_eq(file_write_all(file, "x", 1), EBADF);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_file_is_mapped,
                                a_file_that_is_cut,
                                a_file_that_is_replaced,
                                an_empty_file_has_no_data,
                                what_is_no_file_is_refused,
                                an_unreadable_file_is_refused,
                                directories_are_made_with_their_parents,
                                a_file_in_the_way_is_reported,
                                all_bytes_are_moved,
                                bytes_have_their_places};
  Suite *s = suite_create("support/file");
  TCase *tcase = tcase_create("file");
  tcase_add_checked_fixture(tcase, setup, teardown);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(s, tcase);
  return check_main(s);
}

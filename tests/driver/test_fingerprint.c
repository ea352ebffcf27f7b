// What tells that a file is not the one that was seen before.
#define _GNU_SOURCE // leases
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "driver/fingerprint.h"
#include "tests/check_main.h"

static char path[100];

static void setup(void) {
  temp_dir_make();
  snprintf(path, sizeof path, "%s/weights", temp_dir);
}

// A file of this size, open for reading and writing.
static int make_file(off_t size) {
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(ftruncate(file, size), 0);
  ck_assert_int_eq(pwrite(file, "abcd", 4, size / 2), 4);
  return file;
}

static bool take(digest *out) {
  static const struct timespec ever = {.tv_sec = INT32_MAX};
  return fingerprint_path(path, &ever, out);
}

START_TEST(the_same_file) {
  digest a, b;
  close(make_file(3000000));
  ck_assert(take(&a) && take(&b) && digest_equal(a, b));
}
END_TEST

static void write_byte(int file) { ck_assert_int_eq(pwrite(file, "x", 1, 1234567), 1); }
static void cut(int file) { ck_assert_int_eq(ftruncate(file, 2999999), 0); }
static void set_time(int file) {
  ck_assert_int_eq(futimens(file, (const struct timespec[]){{.tv_sec = 1}, {.tv_sec = 1}}), 0);
}
static void (*const changes[])(int file) = {write_byte, cut, set_time};

START_TEST(a_changed_file) {
  digest a, b;
  int file = make_file(3000000);
  ck_assert(take(&a));
  changes[_i](file);
  ck_assert(take(&b) && !digest_equal(a, b));
  close(file);
}
END_TEST

// The second store changes no time.
START_TEST(a_mapping_that_stays) {
  digest a, b;
  struct stat before, after;
  int file = make_file(3000000);
  volatile char *bytes = mmap(NULL, 3000000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ck_assert_ptr_ne((void *)bytes, MAP_FAILED);
  bytes[2000000] = 1;
  ck_assert_int_eq(fstat(file, &before), 0);
  ck_assert(take(&a));
  bytes[2000000] = 2;
  ck_assert_int_eq(fstat(file, &after), 0);
  ck_assert(before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
  ck_assert(take(&b) && !digest_equal(a, b));
  munmap((void *)bytes, 3000000);
  close(file);
}
END_TEST

static bool has_leases(void) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  bool has = fcntl(file, F_SETLEASE, F_RDLCK) == 0 || errno == EAGAIN;
  close(file);
  return has;
}

// The file has a hole of this size, which takes no space.
START_TEST(a_large_file_that_may_be_written_to) {
  digest a, b;
  off_t size = (off_t)FINGERPRINT_WHOLE + 1;
  int file = make_file(size);
  if (has_leases()) ck_assert(!take(&a));
  void *bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ck_assert_ptr_ne(bytes, MAP_FAILED);
  close(file);
  if (has_leases()) ck_assert(!take(&a)); // the mapping counts, too
  munmap(bytes, (size_t)size);
  ck_assert(take(&a) && take(&b) && digest_equal(a, b));
  file = open(path, O_RDWR | O_CLOEXEC);
  ck_assert_int_eq(pwrite(file, "x", 1, size - 1), 1);
  close(file);
  ck_assert(take(&b) && !digest_equal(a, b));
}
END_TEST

START_TEST(a_file_changed_too_late) {
  digest a;
  close(make_file(100));
  ck_assert(!fingerprint_path(path, &(struct timespec){.tv_sec = 1}, &a));
}
END_TEST

START_TEST(what_is_no_file) {
  digest a;
  ck_assert(!take(&a));
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert(!take(&a));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fingerprints of files");
  TCase *tcase = tcase_create("files");
  tcase_add_checked_fixture(tcase, setup, temp_dir_remove);
  tcase_add_test(tcase, the_same_file);
  tcase_add_loop_test(tcase, a_changed_file, 0, sizeof changes / sizeof changes[0]);
  tcase_add_test(tcase, a_mapping_that_stays);
  tcase_add_test(tcase, a_large_file_that_may_be_written_to);
  tcase_add_test(tcase, a_file_changed_too_late);
  tcase_add_test(tcase, what_is_no_file);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

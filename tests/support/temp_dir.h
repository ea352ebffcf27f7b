// A directory for one test, removed with its contents afterwards.
#ifndef QCC_TESTS_SUPPORT_TEMP_DIR_H
#define QCC_TESTS_SUPPORT_TEMP_DIR_H

#define _XOPEN_SOURCE 700 // for nftw

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char temp_dir[64];

static void temp_dir_make(void) {
  strcpy(temp_dir, "/tmp/qcc-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(temp_dir));
}

static int temp_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
  (void)st, (void)kind, (void)where;
  return remove(path);
}

static void temp_dir_remove(void) { ck_assert_int_eq(nftw(temp_dir, temp_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0); }

// The names in the directory, hidden ones included.
static inline int temp_dir_count(void) {
  DIR *dir = opendir(temp_dir);
  ck_assert_ptr_nonnull(dir);
  int count = 0;
  for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
    count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
  closedir(dir);
  return count;
}

// `name` inside the directory; valid until the fourth call from here.
static inline const char *temp_path(const char *name) {
  static char paths[4][512];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", temp_dir, name);
  return path;
}

static inline void temp_write(const char *name, const char *text) {
  FILE *f = fopen(temp_path(name), "w");
  ck_assert_ptr_nonnull(f);
  ck_assert_int_ge(fputs(text, f), 0);
  ck_assert_int_eq(fclose(f), 0);
}

// The bytes of a file as text in a static buffer; "(absent)" when there is no such file.
static inline const char *temp_read(const char *name) {
  static char text[4096];
  FILE *f = fopen(temp_path(name), "r");
  if (f == NULL) return "(absent)";
  text[fread(text, 1, sizeof text - 1, f)] = '\0';
  fclose(f);
  return text;
}

#endif

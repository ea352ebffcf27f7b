// Progress lines on a terminal, and silence elsewhere.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/progress.h"
#include "tests/check_main.h"

START_TEST(a_file_gets_nothing) {
  char *written = NULL;
  size_t size = 0;
  FILE *memory = open_memstream(&written, &size);
  FILE *file = tmpfile();
  ck_assert(memory != NULL && file != NULL);
  FILE *const streams[] = {NULL, memory, file};
  for (size_t i = 0; i < 3; i++) {
    progress p;
    progress_begin(&p, streams[i], "quantize  fc1", 100);
    progress_update(&p, 50);
    progress_end(&p);
  }
  ck_assert_int_eq((int)ftell(file), 0);
  fclose(file);
  fclose(memory);
  ck_assert_uint_eq(size, 0);
  free(written);
}
END_TEST

// Both ends of a pseudo terminal; false where the system has none.
static int open_terminal(int *master, int *slave) {
  *master = posix_openpt(O_RDWR | O_NOCTTY);
  if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0) return 0;
  char name[128];
  if (ptsname_r(*master, name, sizeof name) != 0) return 0;
  *slave = open(name, O_RDWR | O_NOCTTY);
  return *slave >= 0;
}

// What has been written to the terminal, once nothing has come for a while.
static const char *drain(int master) {
  static char text[4096];
  size_t length = 0;
  struct pollfd ready = {.fd = master, .events = POLLIN};
  while (poll(&ready, 1, 100) == 1 && length < sizeof text - 1) {
    ssize_t got = read(master, text + length, sizeof text - 1 - length);
    if (got <= 0) break;
    length += (size_t)got;
  }
  text[length] = '\0';
  return text;
}

START_TEST(a_terminal_gets_one_line_that_goes_away) {
  int master = -1, slave = -1;
  ck_assert(open_terminal(&master, &slave));
  FILE *terminal = fdopen(slave, "w");
  ck_assert_ptr_nonnull(terminal);
  progress p;
  progress_begin(&p, terminal, "quantize  fc1", 200000);
  p.started -= 1.0; // as if a second had passed
  progress_update(&p, 50000);
  for (int i = 0; i < 1000; i++) progress_update(&p, 60000); // too soon: not drawn
  progress_end(&p);
  ck_assert_str_eq(drain(master), "\r\033[Kquantize  fc1  [=====               ]  25 %  50 KB/s  3 s left\r\033[K");
  fclose(terminal);
  close(master);
}
END_TEST

START_TEST(more_than_everything_and_nothing_to_do) {
  int master = -1, slave = -1;
  ck_assert(open_terminal(&master, &slave));
  FILE *terminal = fdopen(slave, "w");
  ck_assert_ptr_nonnull(terminal);
  static const uint64_t totals[] = {0, 10};
  for (size_t i = 0; i < 2; i++) {
    progress p;
    progress_begin(&p, terminal, "x", totals[i]);
    progress_update(&p, 50);
    progress_end(&p);
    ck_assert_str_eq(drain(master), "\r\033[Kx  [====================] 100 %\r\033[K");
  }
  fclose(terminal);
  close(master);
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/progress");
  check_add(s, "progress",
            (const TTest *const[]){a_file_gets_nothing, a_terminal_gets_one_line_that_goes_away,
                                   more_than_everything_and_nothing_to_do, NULL});
  return check_main(s);
}

// Temporaries go with the run, or with the next one.
#include "tests/support/temp_dir.h" // first: it asks for more of POSIX

#include <sys/file.h>
#include <sys/wait.h>

#include "support/temporary.h"
#include "tests/check_main.h"

static arena *mem;

static void setup(void) {
  temp_dir_make();
  mem = arena_new();
}

static void teardown(void) {
  arena_free(mem);
  temp_dir_remove();
}

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

static int begin(temporary_list *l, const char **name) {
  int file = temporary_open(l, mem, temp_dir, name);
  ck_assert_int_ge(file, 0);
  return file;
}

START_TEST(a_list_removes_what_it_has) {
  temporary_list *l = temporary_list_new();
  const char *names[3];
  for (int i = 0; i < 3; i++) close(begin(l, &names[i]));
  ck_assert_str_ne(names[0], names[1]);
  temporary_forget(l, names[1]);
  const char *folder = temp_path("made"), *full = temp_path("full");
  ck_assert(mkdir(folder, 0700) == 0 && mkdir(full, 0700) == 0);
  temp_write("full/file", "x");
  temporary_note(l, folder);
  temporary_note(l, full);
  temporary_remove_all(l);
  ck_assert(!is_there(names[0]) && is_there(names[1]) && !is_there(names[2]));
  ck_assert(!is_there(folder) && is_there(full));
  temporary_list_free(l);
}
END_TEST

START_TEST(no_list_is_a_list) {
  const char *name;
  close(begin(NULL, &name));
  ck_assert(is_there(name));
  temporary_hold(NULL);
  temporary_note(NULL, name);
  temporary_forget(NULL, name);
  temporary_release(NULL);
  temporary_remove_all(NULL);
  ck_assert(is_there(name));
}
END_TEST

// A number that no process has any more: one that ended, and was waited for.
static pid_t number_of_nobody(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  return child;
}

static const char *name_of(const char *form, long pid) { return temp_path(arena_printf(mem, form, pid)); }

START_TEST(what_a_killed_run_left_is_swept) {
  const char *own;
  int file = begin(NULL, &own);
  long nobody = (long)number_of_nobody();
  static const struct {
    const char *form;
    bool stays;
  } rows[] = {{".qcc-%ld-0.tmp", false}, {".qcc-%ld-12.tmp", false}, {".qcc-%ld-0.tmp.old", false},
              {".qcc-%ld-x.tmp", true},  {".qcc-%ld-0.tmp2", true},  {".qcc-%ld.tmp", true},
              {"qcc-%ld-0.tmp", true},   {".qcc--%ld-0.tmp", true},  {".qcc-9999999999999999999%ld-0.tmp", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) temp_write(arena_printf(mem, rows[i].form, nobody), "left");
  temp_write(arena_printf(mem, ".qcc-%ld-0.tmp", (long)getppid()), "of a process that is there");
  temporary_sweep(temp_dir);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    ck_assert_msg(is_there(name_of(rows[i].form, nobody)) == rows[i].stays, "%s", rows[i].form);
  ck_assert(is_there(own) && is_there(name_of(".qcc-%ld-0.tmp", (long)getppid())));
  close(file);
}
END_TEST

// A process in another container has a number that says nothing here, but it holds the lock.
START_TEST(what_is_locked_stays) {
  const char *name = name_of(".qcc-%ld-0.tmp", (long)number_of_nobody());
  int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ck_assert_int_eq(flock(file, LOCK_EX | LOCK_NB), 0);
  temporary_sweep(temp_dir);
  ck_assert(is_there(name));
  close(file);
  temporary_sweep(temp_dir);
  ck_assert(!is_there(name));
}
END_TEST

START_TEST(links_and_folders_stay) {
  long nobody = (long)number_of_nobody();
  const char *folder = name_of(".qcc-%ld-0.tmp", nobody), *link = name_of(".qcc-%ld-1.tmp", nobody);
  ck_assert(mkdir(folder, 0700) == 0 && symlink("/etc/passwd", link) == 0);
  temporary_sweep(temp_dir);
  ck_assert_int_eq(temp_dir_count(), 2);
  temporary_sweep("/nowhere/at/all");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("temporaries");
  TCase *tcase = tcase_create("temporaries");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, a_list_removes_what_it_has);
  tcase_add_test(tcase, no_list_is_a_list);
  tcase_add_test(tcase, what_a_killed_run_left_is_swept);
  tcase_add_test(tcase, what_is_locked_stays);
  tcase_add_test(tcase, links_and_folders_stay);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

#include "driver/shared.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/trial.h"
#include "support/temporary.h"

// The lld of the LLVM in use, or the system's.
#define LINKER "ld.lld"

typedef struct linking {
  const char *archive, *result, *soname;
} linking;

static void run_linker(void *argument) {
  const linking *l = argument;
  static const char *const names[] = {LINKER "-" QCC_LLVM_MAJOR, LINKER};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    execlp(names[i], names[i], "-shared", "--build-id=none", "-z", "noexecstack", "-soname", l->soname,
           "--whole-archive", l->archive, "-o", l->result, (char *)NULL);
  fprintf(stderr, "neither %s nor %s can be run: %s\n", names[0], names[1], strerror(errno));
  _exit(1);
}

static bool link_archive(job *j, const linking *l) {
  bool linked;
  const char *said = trial_run(j->mem, run_linker, (void *)(uintptr_t)l, &linked);
  if (linked) return true;
  diag_error_file(j->d, l->soname, "cannot be linked: %.*s", (int)strcspn(said, "\n"), said);
  diag_hint(j->d, "install LLVM's linker (Debian: lld-" QCC_LLVM_MAJOR "), or link the library of --emit=lib yourself");
  return false;
}

static void drop_temporary(job *j, const char *name) {
  if (name == NULL) return;
  unlink(name);
  temporary_forget(j->temporaries, name);
}

// A file beside the results, for the linker. NULL when reported; then there is none.
static const char *make_temporary(job *j, const char *directory, const cg_bytes *bytes) {
  const char *name;
  int fd = temporary_open(j->temporaries, j->mem, directory, &name);
  int error = fd < 0 ? errno : bytes == NULL ? 0 : file_write_all(fd, bytes->data, bytes->size);
  if (fd >= 0) close(fd);
  if (error == 0) return name;
  diag_error_file(j->d, directory, "cannot be written to: %s", strerror(error));
  if (fd >= 0) drop_temporary(j, name);
  return NULL;
}

bool shared_write(job *j, const char *directory, const member_list *members) {
  linking l = {.soname = arena_printf(j->mem, "lib%s.so", j->m->name)};
  cg_bytes archive;
  mapped_file f;
  if (!cg_archive_write(j->d, j->mem, members->len, members->data, &archive)) return false;
  l.archive = make_temporary(j, directory, &archive);
  l.result = l.archive == NULL ? NULL : make_temporary(j, directory, NULL);
  bool ok = l.result != NULL && link_archive(j, &l) && file_map(j->d, j->mem, l.result, &f) &&
            output_text(j, path_join(j->mem, directory, l.soname), f.data, f.size);
  drop_temporary(j, l.archive);
  drop_temporary(j, l.result);
  return ok;
}

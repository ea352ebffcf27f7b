// Where results go, and where inputs come from.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/job.h"

enum { SPOOL_PIECE = 1 << 16 };

bool output_is_directory(const char *path) {
  struct stat st;
  size_t length = strlen(path);
  return (length > 0 && path[length - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

const char *output_single(job *j, const char *name, const stage_info *info) {
  const char *file = arena_printf(j->mem, "%s%s", name, info->ending);
  if (j->s.output == NULL) return info->is_text ? "-" : file;
  if (!output_is_directory(j->s.output)) return j->s.output;
  const char *dir = output_directory(j);
  return dir == NULL ? NULL : path_join(j->mem, dir, file);
}

// Notes the directories that do not exist yet, outermost first.
static void note_missing(job *j, const char *path) {
  struct stat st;
  if (stat(path, &st) == 0) return;
  const char *parent = path_dirname(j->mem, path);
  if (strcmp(parent, path) != 0) note_missing(j, parent);
  vec_push(j->mem, &j->made, path);
  temporary_note(j->temporaries, path);
}

const char *output_directory(job *j) {
  if (j->s.output == NULL) return ".";
  char *dir = arena_strdup(j->mem, j->s.output);
  for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--) dir[n - 1] = '\0';
  struct stat st;
  if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
    diag_error_file(j->d, dir, "is a file, but several results need a directory");
    diag_hint(j->d, "give -o a directory; it is made if it does not exist");
    return NULL;
  }
  note_missing(j, dir);
  return file_make_directory(j->d, dir) ? dir : NULL;
}

FILE *output_reports(const job *j) { return j->s.output != NULL && strcmp(j->s.output, "-") == 0 ? j->notes : stdout; }

// Puts a file with the same bytes in the place of standard input.
static bool spool_stdin(job *j) {
  FILE *spool = tmpfile();
  char *buffer = ARENA_ARRAY(j->mem, char, SPOOL_PIECE);
  bool ok = spool != NULL;
  for (size_t got; ok && (got = fread(buffer, 1, SPOOL_PIECE, stdin)) > 0;) ok = fwrite(buffer, 1, got, spool) == got;
  ok = ok && !ferror(stdin) && fflush(spool) == 0 && dup2(fileno(spool), STDIN_FILENO) >= 0;
  if (!ok) diag_error_file(j->d, "<stdin>", "cannot be read: %s", strerror(errno));
  if (spool != NULL) fclose(spool);
  return ok;
}

const char *input_path(job *j, const char *path) {
  struct stat st;
  if (strcmp(path, "-") != 0) return path;
  bool is_file = fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
  return is_file || spool_stdin(j) ? "/dev/stdin" : NULL;
}

out_file *output_open(job *j, const char *path) {
  out_file *f = file_set_open(j->outputs, path);
  if (f != NULL) vec_push(j->mem, &j->written, path);
  return f;
}

bool output_text(job *j, const char *path, const void *bytes, size_t size) {
  out_file *f = path == NULL ? NULL : output_open(j, path);
  if (f != NULL) out_write(f, bytes, size);
  return f != NULL;
}

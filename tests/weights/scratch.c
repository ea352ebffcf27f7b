#include "tests/weights/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(bool ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(70);
}

scratch scratch_new(void) {
  scratch s = {.mem = arena_new(), .dir = "/tmp/qcc-weights-XXXXXX"};
  must(mkdtemp(s.dir) != NULL, s.dir);
  return s;
}

const char *scratch_path(const scratch *s, const char *name) { return arena_printf(s->mem, "%s/%s", s->dir, name); }

const char *scratch_write(const scratch *s, const char *name, const void *bytes, size_t size) {
  const char *path = scratch_path(s, name);
  FILE *file = fopen(path, "wb");
  must(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, path);
  return path;
}

const char *scratch_write_text(const scratch *s, const char *name, const char *text) {
  return scratch_write(s, name, text, strlen(text));
}

static void remove_files(const scratch *s, const char *dir) {
  DIR *d = opendir(dir);
  for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    const char *path = arena_printf(s->mem, "%s/%s", dir, e->d_name);
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    if (e->d_type == DT_DIR)
      remove_files(s, path);
    else
      unlink(path);
  }
  if (d != NULL) closedir(d);
  rmdir(dir);
}

void scratch_remove(const scratch *s) {
  remove_files(s, s->dir);
  arena_free(s->mem);
}

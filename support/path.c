// Names of files as text.
#include <string.h>

#include "support/file.h"

const char *path_join(arena *a, const char *dir, const char *name) {
  size_t length = strlen(dir);
  if (length == 0 || name[0] == '/') return arena_strdup(a, name);
  return arena_printf(a, dir[length - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}

// The length of `path` without slashes at its end; "/" keeps one.
static size_t trimmed(const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  return length;
}

static const char *last_slash(const char *path, size_t length) {
  while (length > 0 && path[length - 1] != '/') length--;
  return length == 0 ? NULL : path + length - 1;
}

const char *path_stem(arena *a, const char *path) {
  size_t length = trimmed(path);
  const char *slash = last_slash(path, length);
  const char *name = slash == NULL || length == 1 ? path : slash + 1;
  size_t size = (size_t)(path + length - name);
  for (size_t i = size; i > 1; i--)
    if (name[i - 1] == '.') return arena_strndup(a, name, i - 1);
  return arena_strndup(a, name, size);
}

bool path_ends_in(const char *path, const char *ending) {
  size_t length = strlen(path), size = strlen(ending);
  return length > size && memcmp(path + length - size, ending, size) == 0;
}

const char *path_dirname(arena *a, const char *path) {
  size_t length = trimmed(path);
  const char *slash = last_slash(path, length);
  if (slash == NULL) return ".";
  size_t size = (size_t)(slash - path);
  while (size > 1 && path[size - 1] == '/') size--;
  return arena_strndup(a, path, size == 0 ? 1 : size);
}

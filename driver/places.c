// Paths relative to the executable.
#include "driver/places.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/file.h"

// The folder above the executable's, "." if the system does not tell.
static const char *prefix(arena *a) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return ".";
  return path_dirname(a, path_dirname(a, arena_strndup(a, path, (size_t)length)));
}

static void add_environment(arena *a, const char *list, path_list *out) {
  for (const char *end; list != NULL; list = end == NULL ? NULL : end + 1) {
    end = strchr(list, ':');
    size_t length = end == NULL ? strlen(list) : (size_t)(end - list);
    if (length > 0) vec_push(a, out, arena_strndup(a, list, length));
  }
}

static void add_folders(arena *a, const options *o, const char *variable, const char *standard, path_list *out) {
  for (size_t i = 0; i < o->uses.len; i++)
    if (o->uses.data[i].id == OPTION_INCLUDE) vec_push(a, out, o->uses.data[i].argument);
  const char *list = getenv(variable);
  if (list != NULL && *list != '\0')
    add_environment(a, list, out);
  else
    vec_push(a, out, path_join(a, prefix(a), standard));
}

void places_schemes(arena *a, const options *o, path_list *out) {
  add_folders(a, o, "QCC_SCHEMES", "share/qcc/schemes", out);
}

void places_operators(arena *a, const options *o, path_list *out) {
  add_folders(a, o, "QCC_OPERATORS", "share/qcc/operators", out);
}

const char *places_runtime(arena *a, const char *name) {
  return path_join(a, prefix(a), arena_printf(a, "lib/qcc/libqrt-%s.a", name));
}

// Entries: folder/xx/<30 digits>, a head and the bytes. Temporaries lie in the folder itself.
#define _GNU_SOURCE
#include "driver/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file.h"
#include "support/num.h"

#define ENTRY_MAX (UINT64_C(1) << 30) // more than any kernel; a size from a file is not trusted beyond it

// In the machine's byte order, which the mark shows: caches are not carried to other machines.
typedef struct entry_head {
  uint64_t mark;
  uint64_t size; // of the bytes behind it
  digest key;
  digest bytes; // of these bytes
} entry_head;

#define ENTRY_MARK UINT64_C(0x3165686361636371) // "qccache1"

typedef struct entry_path {
  char folder[3];
  char name[31];
} entry_path;

static entry_path path_of(digest key) {
  entry_path p;
  snprintf(p.folder, sizeof p.folder, "%02x", (unsigned)(key.high >> 56));
  snprintf(p.name, sizeof p.name, "%014" PRIx64 "%016" PRIx64, key.high & (UINT64_MAX >> 8), key.low);
  return p;
}

digester *cache_key(const cache *c, arena *a, const char *kind) {
  digester *g = digester_new(a);
  digester_number(g, c->compiler.low);
  digester_number(g, c->compiler.high);
  digester_text(g, kind);
  return g;
}

// ---- reading ---------------------------------------------------------------------------------------------

static bool read_entry(int file, arena *a, digest key, const uint8_t **bytes, size_t *size) {
  struct stat st;
  entry_head h;
  if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || file_read_all(file, &h, sizeof h) != 0) return false;
  if (h.mark != ENTRY_MARK || !digest_equal(h.key, key) || h.size > ENTRY_MAX) return false;
  if ((uint64_t)st.st_size != h.size + sizeof h) return false;
  uint8_t *room = ARENA_ARRAY(a, uint8_t, (size_t)h.size + 1);
  if (file_read_all(file, room, (size_t)h.size) != 0 || !digest_equal(digest_of(room, (size_t)h.size), h.bytes))
    return false;
  *bytes = room;
  *size = (size_t)h.size;
  return true;
}

bool cache_get(const cache *c, arena *a, digest key, const uint8_t **bytes, size_t *size) {
  if (c->folder == NULL) return false;
  entry_path p = path_of(key);
  const char *path = arena_printf(a, "%s/%s/%s", c->folder, p.folder, p.name);
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  bool ok = read_entry(file, a, key, bytes, size);
  if (ok) futimens(file, NULL); // it was used: cache_trim goes by this time
  close(file);
  if (!ok) unlink(path);
  return ok;
}

// ---- writing ---------------------------------------------------------------------------------------------

// Nobody else may put code into this user's programs.
static bool make_folder(const char *path) {
  if (mkdir(path, 0700) == 0 || errno == EEXIST) return true;
  char *slash = strrchr(path, '/');
  if (errno != ENOENT || slash == NULL || slash == path) return false;
  char parent[4096];
  if ((size_t)(slash - path) >= sizeof parent) return false;
  memcpy(parent, path, (size_t)(slash - path));
  parent[slash - path] = '\0';
  return make_folder(parent) && (mkdir(path, 0700) == 0 || errno == EEXIST);
}

static bool write_entry(int file, digest key, const void *bytes, size_t size) {
  entry_head h = {.mark = ENTRY_MARK, .size = size, .key = key, .bytes = digest_of(bytes, size)};
  return file_write_all(file, &h, sizeof h) == 0 && file_write_all(file, bytes, size) == 0;
}

bool cache_put(const cache *c, digest key, const void *bytes, size_t size) {
  if (c->folder == NULL || size > ENTRY_MAX) return false;
  arena *a = arena_new();
  entry_path p = path_of(key);
  const char *folder = arena_printf(a, "%s/%s", c->folder, p.folder);
  const char *temporary;
  bool ok = false;
  int file = make_folder(folder) ? temporary_open(c->temporaries, a, c->folder, &temporary) : -1;
  if (file >= 0) {
    ok = fchmod(file, 0600) == 0 && write_entry(file, key, bytes, size);
    ok = ok && rename(temporary, arena_printf(a, "%s/%s", folder, p.name)) == 0;
    if (!ok) unlink(temporary);
    temporary_forget(c->temporaries, temporary);
    close(file);
  }
  arena_free(a);
  return ok;
}

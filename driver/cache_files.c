// The cache as files: counting, forgetting, clearing.
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/cache.h"
#include "support/file.h"
#include "support/vec.h"

typedef struct cached_file {
  const char *path;
  uint64_t size;
  struct timespec used;
} cached_file;

typedef struct file_list {
  arena *mem;
  VEC(cached_file) all;
  uint64_t size;
} file_list;

// Whether it is `digits` hexadecimal digits: what else lies in the folder is not the cache's.
static bool is_entry_name(const char *name, size_t digits) {
  return strlen(name) == digits && strspn(name, "0123456789abcdef") == digits;
}

static void add_file(file_list *l, const char *path) {
  struct stat st;
  if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) return;
  cached_file f = {.path = path, .size = (uint64_t)st.st_size, .used = st.st_mtim};
  vec_push(l->mem, &l->all, f);
  l->size += f.size;
}

static void list_entries(file_list *l, const char *folder) {
  DIR *d = opendir(folder);
  if (d == NULL) return;
  for (const struct dirent *e; (e = readdir(d)) != NULL;)
    if (is_entry_name(e->d_name, 30)) add_file(l, path_join(l->mem, folder, e->d_name));
  closedir(d);
}

static void list_files(file_list *l, const char *folder) {
  DIR *d = opendir(folder);
  if (d == NULL) return;
  for (const struct dirent *e; (e = readdir(d)) != NULL;)
    if (is_entry_name(e->d_name, 2)) list_entries(l, path_join(l->mem, folder, e->d_name));
  closedir(d);
}

static int by_use(const void *x, const void *y) {
  const struct timespec *a = &((const cached_file *)x)->used, *b = &((const cached_file *)y)->used;
  if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
  return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

// Down to three quarters of the limit, so that not every run removes one entry for one that it adds.
static void forget(file_list *l, uint64_t limit) {
  for (size_t i = 0; i < l->all.len && l->size > limit - limit / 4; i++)
    if (unlink(l->all.data[i].path) == 0) l->size -= l->all.data[i].size;
}

void cache_trim(const cache *c) {
  if (c->folder == NULL) return;
  temporary_sweep(c->folder);
  file_list l = {.mem = arena_new()};
  list_files(&l, c->folder);
  if (l.size > c->limit) {
    qsort(l.all.data, l.all.len, sizeof l.all.data[0], by_use);
    forget(&l, c->limit);
  }
  arena_free(l.mem);
}

size_t cache_clear(const cache *c) {
  if (c->folder == NULL) return 0;
  temporary_sweep(c->folder);
  file_list l = {.mem = arena_new()};
  list_files(&l, c->folder);
  size_t removed = 0;
  for (size_t i = 0; i < l.all.len; i++) {
    removed += unlink(l.all.data[i].path) == 0;
    rmdir(path_dirname(l.mem, l.all.data[i].path)); // the last one of its folder takes that with it
  }
  arena_free(l.mem);
  return removed;
}

#include "driver/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weights/qw.h"

typedef struct file_identity {
  uint64_t device, inode, size;
  int64_t modified, modified_ns, changed, changed_ns;
} file_identity;

// What an entry of the cache holds.
typedef struct packed_record {
  file_identity file;
  uint8_t header[QW_HEADER_BYTES]; // with the model's id and the digest of what follows
} packed_record;

static file_identity identity_of(const struct stat *st) {
  return (file_identity){.device = st->st_dev,
                         .inode = st->st_ino,
                         .size = (uint64_t)st->st_size,
                         .modified = st->st_mtim.tv_sec,
                         .modified_ns = st->st_mtim.tv_nsec,
                         .changed = st->st_ctim.tv_sec,
                         .changed_ns = st->st_ctim.tv_nsec};
}

static bool changed_before(const struct stat *st, const struct timespec *t) {
  return st->st_ctim.tv_sec != t->tv_sec ? st->st_ctim.tv_sec < t->tv_sec : st->st_ctim.tv_nsec <= t->tv_nsec;
}

// ---- the key ---------------------------------------------------------------------------------------------

// False when the file is not there, or was changed after this run began.
static bool add_file(const job *j, digester *g, const char *path) {
  struct stat st;
  if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || !changed_before(&st, &j->started)) return false;
  file_identity id = identity_of(&st);
  digester_text(g, path);
  digester_bytes(g, &id, sizeof id);
  return true;
}

// Which file of a set has a tensor is not told by the files alone.
static void add_tensors(const job *j, digester *g, const char *source) {
  const tensor_file *f = weight_files_open(j->files, source);
  size_t count = f == NULL ? 0 : tensor_file_count(f);
  digester_number(g, count);
  for (size_t i = 0; i < count; i++) {
    digester_text(g, tensor_file_at(f, i)->name);
    digester_text(g, tensor_file_at(f, i)->path);
  }
}

// Of the module as it is lowered, the weight files, and the place of the output.
static bool make_key(const job *j, const char *path, digest *out) {
  char *folder = realpath(path_dirname(j->mem, path), NULL);
  if (folder == NULL) return false; // not made yet
  digester *g = cache_key(&j->cache, j->mem, "packed");
  digester_text(g, path_join(j->mem, folder, path));
  free(folder);
  digester_text(g, ir_print(j->mem, j->m));
  const char *const *files;
  size_t count = weight_files_paths(j->files, &files);
  bool ok = true;
  for (size_t i = 0; i < count; i++) ok = add_file(j, g, files[i]) && ok;
  for (size_t i = 0; i < j->m->sources.len; i++) add_tensors(j, g, j->m->sources.data[i]);
  *out = digester_end(g);
  return ok;
}

// ---- the output ------------------------------------------------------------------------------------------

static bool read_output(const char *path, bool touch, packed_record *out) {
  struct stat st;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  bool ok = (!touch || futimens(file, NULL) == 0) && fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
            pread(file, out->header, sizeof out->header, 0) == (ssize_t)sizeof out->header;
  if (ok) out->file = identity_of(&st);
  close(file);
  return ok;
}

void packed_look_up(const job *j, const char *path, packed *out) {
  const uint8_t *bytes;
  size_t size;
  packed_record now;
  *out = (packed){.path = path};
  if (j->cache.folder == NULL) return;
  out->known = make_key(j, path, &out->key);
  out->current = out->known && cache_get(&j->cache, j->mem, out->key, &bytes, &size) && size == sizeof now &&
                 read_output(path, false, &now) && memcmp(bytes, &now, sizeof now) == 0;
}

void packed_remember(const job *j, const packed *p) {
  digest key;
  packed_record now;
  if (j->cache.folder == NULL || !make_key(j, p->path, &key)) return;
  if (p->known && !digest_equal(key, p->key)) return; // a weight file changed while it was read
  if (read_output(p->path, p->current, &now)) cache_put(&j->cache, key, &now, sizeof now);
}

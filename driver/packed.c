#include "driver/packed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/fingerprint.h"
#include "weights/qw.h"

// What an entry of the cache holds.
typedef struct packed_record {
  digest file;
  uint8_t header[QW_HEADER_BYTES]; // with the model's id and the digest of what follows
} packed_record;

// ---- the key ---------------------------------------------------------------------------------------------

// False when nothing is known of the file, or it was changed after this run began.
static bool add_file(const job *j, digester *g, const char *path) {
  digest contents;
  if (!fingerprint_path(path, &j->started, &contents)) return false;
  digester_text(g, path);
  digester_bytes(g, &contents, sizeof contents);
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
  for (size_t i = 0; i < count && ok; i++) ok = add_file(j, g, files[i]);
  for (size_t i = 0; i < j->m->sources.len; i++) add_tensors(j, g, j->m->sources.data[i]);
  *out = digester_end(g);
  return ok;
}

// ---- the output ------------------------------------------------------------------------------------------

static bool read_output(const char *path, packed_record *out) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  bool ok = file_read_at(file, out->header, sizeof out->header, 0) == 0 && fingerprint_file(file, &out->file);
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
                 read_output(path, &now) && memcmp(bytes, &now, sizeof now) == 0;
}

void packed_remember(const job *j, const packed *p) {
  digest key;
  packed_record now;
  if (p->current && utimensat(AT_FDCWD, p->path, NULL, 0) != 0) return;
  if (!p->known || !make_key(j, p->path, &key)) return;
  if (!digest_equal(key, p->key)) return; // a weight file changed while it was read
  if (read_output(p->path, &now)) cache_put(&j->cache, key, &now, sizeof now);
}

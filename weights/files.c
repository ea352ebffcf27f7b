// The weight files of a model.
#include "weights/files.h"

#include <string.h>

#include "support/file.h"
#include "support/vec.h"
#include "weights/fields.h"

typedef struct opened_file {
  const char *path; // as the model writes it
  tensor_file *file;
} opened_file;

struct weight_files {
  diag *d;
  arena *mem;
  const char *folder;
  VEC(opened_file) files;
  VEC(const char *) paths;
};

weight_files *weight_files_new(diag *d, arena *a, const char *folder) {
  weight_files *w = ARENA_NEW(a, weight_files);
  *w = (weight_files){.d = d, .mem = a, .folder = arena_strdup(a, folder)};
  return w;
}

const tensor_file *weight_files_open(weight_files *w, const char *path) {
  for (size_t i = 0; i < w->files.len; i++)
    if (strcmp(w->files.data[i].path, path) == 0) return w->files.data[i].file;
  const char *place = path_join(w->mem, strcmp(w->folder, ".") == 0 ? "" : w->folder, path);
  opened_file opened = {.path = arena_strdup(w->mem, path), .file = tensor_file_open(w->d, w->mem, place)};
  vec_push(w->mem, &w->files, opened);
  for (size_t i = 0; opened.file != NULL && i < tensor_file_part_count(opened.file); i++)
    vec_push(w->mem, &w->paths, tensor_file_part(opened.file, i));
  return opened.file;
}

void weight_files_watch(const weight_files *w) {
  for (size_t i = 0; i < w->files.len; i++)
    if (w->files.data[i].file != NULL) tensor_file_watch(w->files.data[i].file);
}

bool weight_files_unchanged(const weight_files *w) {
  bool ok = true;
  for (size_t i = 0; i < w->files.len; i++)
    ok &= w->files.data[i].file == NULL || tensor_file_unchanged(w->d, w->files.data[i].file);
  return ok;
}

void weight_files_close(weight_files *w) {
  for (size_t i = 0; i < w->files.len; i++) tensor_file_close(w->files.data[i].file);
  w->files.len = 0;
}

static weight_answer plain_shape(weight_files *w, const tensor *t, weight_shape *out) {
  if (t->rank > WEIGHT_MAX_RANK) {
    diag_error_file(w->d, t->path, "tensor '%s' has %u dimensions; models use at most %d", t->name, t->rank,
                    WEIGHT_MAX_RANK);
    return WEIGHT_UNKNOWN;
  }
  *out = (weight_shape){.rank = t->rank, .block_type = t->dtype == TENSOR_BLOCKS ? (int64_t)t->block_type : -1};
  for (unsigned i = 0; i < t->rank; i++) out->dims[i] = t->dims[i];
  out->transposed = tensor_is_transposed(t);
  out->order_open = tensor_order_open(t);
  return WEIGHT_FOUND;
}

weight_answer weight_files_find(weight_files *w, const char *path, const char *name, weight_shape *out) {
  const tensor_file *f = weight_files_open(w, path);
  if (f == NULL) return WEIGHT_UNKNOWN;
  fields_note note;
  fields_answer answer = fields_find(w->d, w->mem, f, name, &note);
  if (answer == FIELDS_WRONG) return WEIGHT_UNKNOWN;
  if (answer == FIELDS_FOUND) {
    *out = (weight_shape){.rank = 2, .dims = {note.rows, note.columns}, .block_type = -1, .scheme = note.scheme};
    return WEIGHT_FOUND;
  }
  const tensor *t = tensor_file_find(f, name);
  return t == NULL ? WEIGHT_ABSENT : plain_shape(w, t, out);
}

size_t weight_files_names(weight_files *w, const char *path, const char *const **names) {
  VEC(const char *) all = {0};
  const tensor_file *f = weight_files_open(w, path);
  for (size_t i = 0; f != NULL && i < tensor_file_count(f); i++) vec_push(w->mem, &all, tensor_file_at(f, i)->name);
  for (size_t i = 0; f != NULL && i < tensor_file_meta_count(f); i++) {
    const char *name = fields_noted_name(tensor_file_meta_at(f, i)->key);
    if (name != NULL && tensor_file_find(f, name) == NULL) vec_push(w->mem, &all, name);
  }
  *names = (const char *const *)all.data;
  return all.len;
}

size_t weight_files_paths(const weight_files *w, const char *const **paths) {
  *paths = (const char *const *)w->paths.data;
  return w->paths.len;
}

// Models in several files: folders, and putting the parts of a set together.
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/name_index.h"
#include "files/tensor_parse.h"

// ---- folders ---------------------------------------------------------------------------------------------

typedef enum ending_use {
  ALONE,  // the folder has one that is the model, or a name has to be given
  PARTS,  // several files are one model
  NAMED,  // never looked for in a folder, where such files may be anything
  REFUSED // pickles
} ending_use;

// Endings of weight files; the first that occurs in a folder counts.
static const struct {
  const char *ending;
  ending_use use;
} endings[] = {{".safetensors.index.json", ALONE},
               {".safetensors", ALONE},
               {".gguf", PARTS},
               {".onnx", ALONE},
               {".tflite", ALONE},
               {".npy", NAMED},
               {".npz", NAMED},
               {".bin", REFUSED},
               {".pt", REFUSED},
               {".pth", REFUSED}};

enum { ENDING_COUNT = sizeof endings / sizeof *endings };

bool tensor_file_is_named(const char *path) {
  size_t i = 0;
  while (i < ENDING_COUNT && !path_ends_in(path, endings[i].ending)) i++;
  return i < ENDING_COUNT;
}

typedef VEC(const char *) name_list;

static bool list_folder(diag *d, arena *a, const char *path, name_list *out) {
  DIR *dir = opendir(path);
  if (dir == NULL) {
    diag_error_file(d, path, "the folder cannot be read");
    diag_hint(d, "make it readable (chmod +rx), or name a file in it");
    return false;
  }
  for (struct dirent *e; (e = readdir(dir)) != NULL;)
    if (e->d_name[0] != '.') vec_push(a, out, arena_strdup(a, e->d_name));
  closedir(dir);
  return true;
}

// The one file of an ending; of a set the first in the order of names. *count says how many there are.
static const char *choose(const name_list *names, const char *ending, size_t *count) {
  const char *found = NULL;
  *count = 0;
  for (size_t i = 0; i < names->len; i++) {
    if (!path_ends_in(names->data[i], ending)) continue;
    ++*count;
    if (found == NULL || strcmp(names->data[i], found) < 0) found = names->data[i];
  }
  return found;
}

static const char *report_folder(diag *d, const char *path, const name_list *names) {
  size_t count;
  bool pickles = false;
  for (size_t i = 0; i < ENDING_COUNT; i++)
    pickles = pickles || (endings[i].use == REFUSED && choose(names, endings[i].ending, &count) != NULL);
  diag_error_file(d, path, "no weight file is in this folder (*.safetensors, *.gguf, *.onnx, *.tflite)");
  if (pickles)
    diag_hint(d, "pickles (.bin, .pt) can run code when they are read and are refused: load them with their own "
                 "library and save the tensors with safetensors");
  else
    diag_hint(d, "name the file itself");
  return NULL;
}

const char *tensor_set_find(diag *d, arena *a, const char *path) {
  struct stat st;
  name_list names = {0};
  if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return path; // what is wrong with it is said when it is mapped
  if (!list_folder(d, a, path, &names)) return NULL;
  for (size_t i = 0; i < ENDING_COUNT && endings[i].use <= PARTS; i++) {
    size_t count;
    const char *name = choose(&names, endings[i].ending, &count);
    if (name == NULL) continue;
    const char *usual = arena_printf(a, "model%s", endings[i].ending);
    for (size_t j = 0; j < names.len && count > 1; j++)
      if (strcmp(names.data[j], usual) == 0) name = usual, count = 1;
    if (count == 1 || (endings[i].use == PARTS && strstr(name, "-00001-of-") != NULL)) return path_join(a, path, name);
    diag_error_file(d, path, "this folder has %zu files *%s", count, endings[i].ending);
    diag_hint(d, "name the one to open, such as %s", name);
    return NULL;
  }
  return report_folder(d, path, &names);
}

// ---- putting parts together ------------------------------------------------------------------------------

tensor_file *tensor_set_open(diag *d, tensor_file *f, const char *path, const tensor_file_kind_row *kind) {
  tensor_file *part = tensor_file_new(f->mem, path);
  if (!file_map(d, f->mem, path, &part->bytes)) return NULL;
  bool ok = tensor_file_parse_part(d, part);
  for (size_t i = 0; i < part->parts.len; i++) vec_push(f->mem, &f->parts, part->parts.data[i]);
  if (!ok) return NULL;
  if (part->kind == kind) return part;
  diag_error_file(d, path, "this is %s, but it belongs to a model in %s", part->kind->name, kind->name);
  diag_hint(d, "fetch the file again");
  return NULL;
}

static void join(tensor_file *f, const tensor_file *const *members, size_t count) {
  size_t tensors = 0;
  size_t keys = 0;
  for (size_t i = 0; i < count; i++) tensors += members[i]->count, keys += members[i]->meta_count;
  tensor *all = ARENA_ARRAY(f->mem, tensor, tensors + 1);
  tensor_meta *meta = ARENA_ARRAY(f->mem, tensor_meta, keys + 1);
  f->count = 0;
  f->meta_count = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < members[i]->count; j++) all[f->count++] = members[i]->tensors[j];
    for (size_t j = 0; j < members[i]->meta_count; j++) meta[f->meta_count++] = members[i]->meta[j];
  }
  f->tensors = all;
  f->meta = meta;
}

static bool same_value(const tensor_meta *a, const tensor_meta *b) {
  return strcmp(a->type, b->type) == 0 && strcmp(a->value, b->value) == 0;
}

// Drops every key but its first occurrence. False, reported, when `strict` and two differ.
static bool unite_keys(diag *d, tensor_file *f, bool strict, const char *own) {
  uint32_t *order;
  bool *drop = ARENA_ARRAY(f->mem, bool, f->meta_count + 1);
  name_index_build(f->mem, f->meta, sizeof *f->meta, f->meta_count, &order);
  for (size_t i = 1, kept = 0; i < f->meta_count; i++) {
    tensor_meta *a = &f->meta[order[kept]], *b = &f->meta[order[i]];
    if (strcmp(a->key, b->key) != 0) {
      kept = i;
      continue;
    }
    if (strict && !same_value(a, b) && strcmp(a->key, own) != 0) {
      diag_error_file(d, f->bytes.path, "the parts of this model disagree about '%s': %.80s and %.80s", a->key,
                      a->value, b->value);
      diag_hint(d, "they are not of one model, or one is damaged: fetch all of them again");
      return false;
    }
    if (order[i] < order[kept])
      drop[order[kept]] = true, kept = i;
    else
      drop[order[i]] = true;
  }
  size_t count = 0;
  for (size_t i = 0; i < f->meta_count; i++)
    if (!drop[i]) f->meta[count++] = f->meta[i];
  f->meta_count = count;
  return true;
}

bool tensor_set_merge(diag *d, tensor_file *f, const tensor_file *const *members, size_t count, bool strict,
                      const char *own) {
  join(f, members, count);
  return unite_keys(d, f, strict, own);
}

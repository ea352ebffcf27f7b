// The .npz file type: a ZIP archive of .npy files, each an array named after its member.
#include <inttypes.h>
#include <string.h>

#include "files/zip.h"

#define ENDING ".npy"

bool npz_recognise(const uint8_t *data, size_t size) {
  // An archive without members begins with its end.
  return size >= 4 && (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "PK\5\6", 4) == 0);
}

static bool is_pickle(const char *name) { return strcmp(name, "data.pkl") == 0 || path_ends_in(name, "/data.pkl"); }

static bool refuse_pickle(diag *d, const tensor_file *f, const char *name) {
  diag_error_file(d, f->bytes.path,
                  "this is a PyTorch checkpoint: '%s' in it is a Python pickle, which is executable code", name);
  diag_hint(d, "load it with torch.load where you trust it, and save the tensors with safetensors");
  return false;
}

// A checkpoint begins with its pickle, so it is known even when it is not whole.
static bool begins_with_pickle(tensor_file *f, const char **name) {
  enum { HEADER = 30, NAME_LENGTH = 26 };
  const mapped_file *m = &f->bytes;
  size_t length = m->size < HEADER ? 0 : tensor_le16(m->data + NAME_LENGTH);
  if (length == 0 || length > m->size - HEADER || !tensor_utf8_valid(m->data + HEADER, length, true)) return false;
  *name = arena_strndup(f->mem, (const char *)m->data + HEADER, length);
  return is_pickle(*name);
}

static bool refuse_archive(diag *d, tensor_file *f, const zip_member *members, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_pickle(members[i].name)) return refuse_pickle(d, f, members[i].name);
  diag_error_file(d, f->bytes.path, "this is a ZIP archive, but no .npz file: %s",
                  count == 0 ? "it is empty" : arena_printf(f->mem, "'%s' is no .npy array", members[0].name));
  diag_hint(d, "unpack it and name the weight file in it");
  return false;
}

// The member as a file of its own, whose one tensor is taken over.
static bool read_array(diag *d, tensor_file *f, const zip_member *m) {
  size_t length = strlen(m->name) - strlen(ENDING);
  if (!tensor_name_check(d, f, m->offset, (const uint8_t *)m->name, length, TENSOR_MAX_NAME)) return false;
  const uint8_t *bytes = zip_unpack(d, f, m);
  if (bytes == NULL) return false;
  tensor_file *array = tensor_file_new(f->mem, arena_printf(f->mem, "%s(%s)", f->bytes.path, m->name));
  array->bytes.data = bytes;
  array->bytes.size = m->size;
  if (!npy_recognise(bytes, m->size)) return tensor_parse_error(d, array, 0, "it does not begin as a .npy array does");
  if (!npy_parse(d, array)) return false;
  tensor *t = &f->tensors[f->count++];
  *t = array->tensors[0];
  t->name = arena_strndup(f->mem, m->name, length);
  t->path = f->bytes.path;
  return true;
}

// Deflated arrays are unpacked, so that what a small file can ask for, in memory or on a disk, is bounded: numbers of weights hardly become smaller,
// those of a pruned network some ten times.
static bool check_room(diag *d, tensor_file *f, const zip_member *members, size_t count) {
  enum { MOST_TIMES = 64, FREE = 256 << 20 };
  uint64_t packed = 0, size = 0;
  for (size_t i = 0; i < count; i++) {
    if (members[i].packed == members[i].size) continue;
    packed += members[i].packed; // both are sums of what fits into memory
    if (!num_add(size, members[i].size, &size)) size = UINT64_MAX;
  }
  if (size <= FREE || size / MOST_TIMES <= packed) return true;
  diag_error_file(d, f->bytes.path,
                  "its deflated arrays would take %" PRIu64 " bytes of room, over %d times what they have in the file",
                  size, MOST_TIMES);
  diag_hint(d, "save them with numpy.savez, which does not deflate, if they are meant to be so large");
  return false;
}

bool npz_parse(diag *d, tensor_file *f) {
  zip_member *members;
  size_t count;
  const char *name;
  if (begins_with_pickle(f, &name)) return refuse_pickle(d, f, name);
  if (!zip_read_directory(d, f, &members, &count)) return false;
  bool arrays = count > 0;
  for (size_t i = 0; i < count; i++) arrays = arrays && path_ends_in(members[i].name, ENDING);
  if (!arrays) return refuse_archive(d, f, members, count);
  if (!check_room(d, f, members, count)) return false;
  f->tensors = ARENA_ARRAY(f->mem, tensor, count);
  for (size_t i = 0; i < count; i++)
    if (!read_array(d, f, &members[i])) return false;
  return true;
}

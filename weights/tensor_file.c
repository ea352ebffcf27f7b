// Opening a weight file: which kind it is, the index by name, and the accessors.
#include "weights/tensor_file.h"

#include <string.h>

#include "support/vec.h"
#include "weights/tensor_parse.h"

static const tensor_file_kind_row kinds[] = {
    {.name = "GGUF", .recognise = gguf_recognise, .parse = gguf_parse},
    {.name = "npy", .recognise = npy_recognise, .parse = npy_parse},
    {.name = "safetensors", .recognise = safetensors_recognise, .parse = safetensors_parse},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

// Files that people pass by mistake, by their first bytes, with what to do instead.
typedef struct refused_kind {
  const char *magic;
  unsigned offset;
  unsigned length;
  const char *what;
  const char *hint;
} refused_kind;

#define SAVE_AS_SAFETENSORS "load it with its own library and save the tensors with safetensors"

static const refused_kind refused[] = {
    {"PK\3\4", 0, 4, "a ZIP archive (a PyTorch checkpoint or .npz), which may carry executable pickle code",
     SAVE_AS_SAFETENSORS ", or numpy.save each array as .npy"},
    {"\x80\x02", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x03", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x04", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x05", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"TFL3", 4, 4, "a TFLite model", "export its weights as safetensors; qcc reads weights, not graphs"},
    {"\x89HDF\r\n\x1a\n", 0, 8, "an HDF5 file", SAVE_AS_SAFETENSORS},
    {"lmgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"fmgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"tjgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"algg", 0, 4, "a GGML adapter file from before GGUF", "convert it to GGUF"},
    {"version https://git-lfs", 0, 23, "a Git LFS pointer, not the file itself", "run `git lfs pull`"},
    {"<!DOCTYPE", 0, 9, "an HTML page, not weights", "the download failed; check the address and log in if needed"},
    {"<html", 0, 5, "an HTML page, not weights", "the download failed; check the address and log in if needed"},
    {"\x1f\x8b", 0, 2, "compressed with gzip", "decompress it first"},
    {"\x28\xb5\x2f\xfd", 0, 4, "compressed with zstd", "decompress it first"},
    {"\xfd"
     "7zXZ",
     0, 5, "compressed with xz", "decompress it first"},
    {"{", 0, 1, "a JSON text, not weights", "name the .safetensors file itself (of a sharded model: each shard)"},
};

static const refused_kind *find_refused(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    const refused_kind *r = &refused[i];
    if (size >= r->offset + r->length && memcmp(data + r->offset, r->magic, r->length) == 0) return r;
  }
  return NULL;
}

// ONNX has no magic: a protobuf message whose field 1 is a small version number, followed by another known field.
static bool looks_like_onnx(const uint8_t *data, size_t size) {
  static const uint8_t next_tags[] = {0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42};
  if (size < 4 || data[0] != 0x08 || data[1] == 0 || data[1] > 0x20) return false;
  return memchr(next_tags, data[2], sizeof next_tags) != NULL;
}

static bool has_suffix(const char *text, const char *suffix) {
  size_t n = strlen(text);
  size_t m = strlen(suffix);
  return n >= m && strcmp(text + n - m, suffix) == 0;
}

static void report_unknown(diag *d, const tensor_file *f) {
  const char *path = f->bytes.path;
  const refused_kind *r = find_refused(f->bytes.data, f->bytes.size);
  if (f->bytes.size == 0) {
    diag_error_file(d, path, "the file is empty");
    diag_hint(d, "fetch it or save it again");
  } else if (r != NULL) {
    diag_error_file(d, path, "this is %s; qcc reads safetensors, .npy and GGUF", r->what);
    diag_hint(d, "%s", r->hint);
  } else if (looks_like_onnx(f->bytes.data, f->bytes.size)) {
    diag_error_file(d, path, "this looks like an ONNX model; qcc reads safetensors, .npy and GGUF");
    diag_hint(d, "export its weights as safetensors; qcc reads weights, not graphs");
  } else {
    diag_error_file(d, path, "not a weight file that qcc knows (it begins with %s)",
                    tensor_quote(f->mem, f->bytes.data, f->bytes.size < 8 ? f->bytes.size : 8));
    diag_hint(d, "qcc reads safetensors, .npy and GGUF");
  }
}

// The kind by content. A file whose name ends in .safetensors and that is nothing else gets that reader's message,
// which is more exact than "unknown".
static const tensor_file_kind_row *find_kind(const tensor_file *f) {
  const uint8_t *data = f->bytes.data;
  size_t size = f->bytes.size;
  for (size_t i = 0; i < KIND_COUNT; i++) {
    if (kinds[i].recognise(data, size)) return &kinds[i];
  }
  bool other = size == 0 || find_refused(data, size) != NULL || looks_like_onnx(data, size);
  return !other && has_suffix(f->bytes.path, ".safetensors") ? &kinds[KIND_COUNT - 1] : NULL;
}

// An array of rows whose first member is a name, and the positions of its rows being sorted by that name.
typedef struct name_index {
  const char *rows;
  size_t row_size;
  uint32_t *order;
} name_index;

static const char *name_at(const name_index *x, size_t i) {
  const char *name;
  memcpy(&name, x->rows + x->order[i] * x->row_size, sizeof name);
  return name;
}

static void swap_positions(const name_index *x, size_t i, size_t j) {
  uint32_t kept = x->order[i];
  x->order[i] = x->order[j];
  x->order[j] = kept;
}

static void sift_down(const name_index *x, size_t i, size_t count) {
  for (size_t child; (child = 2 * i + 1) < count; i = child) {
    if (child + 1 < count && strcmp(name_at(x, child), name_at(x, child + 1)) < 0) child++;
    if (strcmp(name_at(x, i), name_at(x, child)) >= 0) return;
    swap_positions(x, i, child);
  }
}

// Heapsort: hostile names cannot make it quadratic, and it needs no memory (qsort's comparison has no context).
static void sort_index(const name_index *x, size_t count) {
  for (size_t i = count / 2; i > 0; i--) sift_down(x, i - 1, count);
  for (size_t end = count; end > 1; end--) {
    swap_positions(x, 0, end - 1);
    sift_down(x, 0, end - 1);
  }
}

// Where `name` stands in the order; `count` when it is not there.
static size_t find_name(const name_index *x, size_t count, const char *name) {
  for (size_t low = 0, high = count; low < high;) {
    size_t mid = low + (high - low) / 2;
    int order = strcmp(name, name_at(x, mid));
    if (order == 0) return mid;
    if (order < 0)
      high = mid;
    else
      low = mid + 1;
  }
  return count;
}

// Sorts positions 0..count-1 by name into *out; returns a name that occurs twice or NULL.
static const char *build_index(arena *a, const void *rows, size_t row_size, size_t count, uint32_t **out) {
  name_index x = {.rows = rows, .row_size = row_size, .order = ARENA_ARRAY(a, uint32_t, count)};
  for (size_t i = 0; i < count; i++) x.order[i] = (uint32_t)i;
  sort_index(&x, count);
  *out = x.order;
  for (size_t i = 1; i < count; i++) {
    if (strcmp(name_at(&x, i - 1), name_at(&x, i)) == 0) return name_at(&x, i);
  }
  return NULL;
}

_Static_assert(offsetof(tensor, name) == 0 && offsetof(tensor_meta, key) == 0, "build_index reads the first member");

static bool build_indices(diag *d, tensor_file *f) {
  const char *twice = build_index(f->mem, f->tensors, sizeof *f->tensors, f->count, &f->by_name);
  if (twice != NULL) diag_error_file(d, f->bytes.path, "two tensors have the name '%s'", twice);
  const char *key = build_index(f->mem, f->meta, sizeof *f->meta, f->meta_count, &f->by_key);
  if (key != NULL) diag_error_file(d, f->bytes.path, "two metadata entries have the key '%s'", key);
  return twice == NULL && key == NULL;
}

static bool parse_file(diag *d, tensor_file *f) {
  f->kind = find_kind(f);
  if (f->kind == NULL) {
    report_unknown(d, f);
    return false;
  }
  f->alignment = 1;
  return f->kind->parse(d, f) && build_indices(d, f);
}

tensor_file *tensor_file_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size) {
  tensor_file *f = ARENA_NEW(a, tensor_file);
  f->mem = a;
  f->bytes = (mapped_file){.data = data, .size = size, .path = arena_strdup(a, name)};
  return parse_file(d, f) ? f : NULL;
}

tensor_file *tensor_file_open(diag *d, arena *a, const char *path) {
  tensor_file *f = ARENA_NEW(a, tensor_file);
  f->mem = a;
  if (!file_map(d, a, path, &f->bytes)) return NULL;
  f->mapped = true;
  if (parse_file(d, f)) return f;
  tensor_file_close(f);
  return NULL;
}

void tensor_file_close(tensor_file *f) {
  if (f == NULL || !f->mapped) return;
  file_unmap(&f->bytes);
  f->mapped = false;
}

const char *tensor_file_path(const tensor_file *f) { return f->bytes.path; }

const char *tensor_file_kind(const tensor_file *f) { return f->kind->name; }

size_t tensor_file_count(const tensor_file *f) { return f->count; }

const tensor *tensor_file_at(const tensor_file *f, size_t index) { return &f->tensors[index]; }

const tensor *tensor_file_find(const tensor_file *f, const char *name) {
  name_index x = {.rows = (const char *)f->tensors, .row_size = sizeof *f->tensors, .order = f->by_name};
  size_t at = find_name(&x, f->count, name);
  return at == f->count ? NULL : &f->tensors[f->by_name[at]];
}

const tensor *tensor_file_require(diag *d, const tensor_file *f, const char *name) {
  const tensor *t = tensor_file_find(f, name);
  if (t != NULL) return t;
  const char **names = ARENA_ARRAY(f->mem, const char *, f->count + 1);
  for (size_t i = 0; i < f->count; i++) names[i] = f->tensors[i].name;
  const char *closest = diag_closest(name, names, f->count);
  diag_error_file(d, f->bytes.path, "no tensor '%s' among the %zu of this file", name, f->count);
  if (closest != NULL) diag_hint(d, "did you mean '%s'?", closest);
  return NULL;
}

size_t tensor_file_meta_count(const tensor_file *f) { return f->meta_count; }

const tensor_meta *tensor_file_meta_at(const tensor_file *f, size_t index) { return &f->meta[index]; }

const char *tensor_file_meta(const tensor_file *f, const char *key) {
  name_index x = {.rows = (const char *)f->meta, .row_size = sizeof *f->meta, .order = f->by_key};
  size_t at = find_name(&x, f->meta_count, key);
  return at == f->meta_count ? NULL : f->meta[f->by_key[at]].value;
}

const char *tensor_describe(arena *a, const tensor *t) {
  strbuf b = {.mem = a};
  strbuf_printf(&b, "%s", tensor_dtype_name(t->dtype));
  if (t->dtype == TENSOR_BLOCKS) strbuf_printf(&b, " of type %u", (unsigned)t->block_type);
  strbuf_printf(&b, " [");
  for (unsigned i = 0; i < t->rank; i++) strbuf_printf(&b, i == 0 ? "%llu" : ", %llu", (unsigned long long)t->dims[i]);
  strbuf_putc(&b, ']');
  return strbuf_text(&b);
}

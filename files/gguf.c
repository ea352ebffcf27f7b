// The GGUF file type: counts, a key/value list, descriptions of the tensors, padding, data. Little-endian.
// Which block formats exist is not known here: a type number that is no plain type is kept as a number.
#include <inttypes.h>
#include <string.h>

#include "files/gguf_read.h"

enum {
  MAX_DIMS = 4,
  DEFAULT_ALIGNMENT = 32,
  MAX_TYPE = 65535,
  // The fewest bytes that can describe an entry: empty texts, no dimensions.
  MIN_META_BYTES = 8 + 1 + 4 + 1,
  MIN_TENSOR_BYTES = 8 + 1 + 4 + 4 + 8,
};

bool gguf_recognise(const uint8_t *data, size_t size) { return size >= 4 && memcmp(data, "GGUF", 4) == 0; }

static bool need(gguf_reader *r, size_t bytes, const char *what) {
  return gguf_left(r) >= bytes || tensor_parse_error(r->d, r->f, r->at, "the file ends within its header (%s)", what);
}

bool gguf_u32(gguf_reader *r, const char *what, uint32_t *out) {
  if (!need(r, 4, what)) return false;
  *out = tensor_le32(r->f->bytes.data + r->at);
  r->at += 4;
  return true;
}

bool gguf_u64(gguf_reader *r, const char *what, uint64_t *out) {
  if (!need(r, 8, what)) return false;
  *out = tensor_le64(r->f->bytes.data + r->at);
  r->at += 8;
  return true;
}

bool gguf_string(gguf_reader *r, const char *what, uint64_t limit, const uint8_t **text, size_t *length) {
  uint64_t n;
  size_t at = r->at;
  if (!gguf_u64(r, what, &n)) return false;
  if (n > gguf_left(r)) {
    return tensor_parse_error(r->d, r->f, at, "%s: a text of %" PRIu64 " bytes, but %zu follow", what, n, gguf_left(r));
  }
  if (n > limit) {
    return tensor_refuse(r->d, r->f, at, "%s: a text of %" PRIu64 " bytes; at most %" PRIu64 " are read", what, n,
                         limit);
  }
  *text = r->f->bytes.data + r->at;
  *length = (size_t)n;
  r->at += *length;
  return true;
}

typedef struct plain_row {
  int id;
  tensor_dtype dtype;
} plain_row;

static tensor_dtype dtype_of_id(uint32_t id) {
  static const plain_row rows[] = {
#define X(name, bits, st, npy, gguf, onnx, tflite, load) {gguf, TENSOR_##name},
      TENSOR_DTYPES(X)
#undef X
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].id >= 0 && (uint32_t)rows[i].id == id) return rows[i].dtype;
  }
  return TENSOR_BLOCKS;
}

static bool read_name(gguf_reader *r, tensor *t) {
  const uint8_t *text;
  size_t length;
  size_t at = r->at;
  if (!gguf_string(r, "a tensor's name", UINT64_MAX, &text, &length)) return false;
  if (!tensor_name_check(r->d, r->f, at, text, length, TENSOR_MAX_NAME)) return false;
  t->name = arena_strndup(r->f->mem, (const char *)text, length);
  return true;
}

// The file has the innermost dimension first.
static bool read_dims(gguf_reader *r, tensor *t) {
  uint32_t rank;
  size_t at = r->at;
  if (!gguf_u32(r, t->name, &rank)) return false;
  if (rank > MAX_DIMS) {
    return tensor_parse_error(r->d, r->f, at, "tensor '%s' has %" PRIu32 " dimensions; at most %d are allowed", t->name,
                              rank, MAX_DIMS);
  }
  uint64_t *dims = ARENA_ARRAY(r->f->mem, uint64_t, rank);
  t->rank = rank;
  t->dims = dims;
  for (uint32_t i = 0; i < rank; i++) {
    uint64_t *dim = &dims[rank - 1 - i];
    if (!gguf_u64(r, t->name, dim)) return false;
    if (*dim == 0) return tensor_parse_error(r->d, r->f, r->at - 8, "tensor '%s' has a dimension of 0", t->name);
  }
  return true;
}

static bool read_element_type(gguf_reader *r, tensor *t) {
  size_t at = r->at;
  if (!gguf_u32(r, t->name, &t->block_type)) return false;
  if (t->block_type > MAX_TYPE) {
    return tensor_parse_error(r->d, r->f, at, "tensor '%s': type number %" PRIu32 " is not plausible", t->name,
                              t->block_type);
  }
  t->dtype = dtype_of_id(t->block_type);
  if (t->dtype != TENSOR_BLOCKS) t->block_type = 0;
  return true;
}

// Reads one description; t->size is its bytes when the type is plain, *offset where its data begins.
static bool read_tensor(gguf_reader *r, tensor *t, uint64_t *offset) {
  size_t at = r->at;
  t->path = r->f->bytes.path;
  if (!read_name(r, t) || !read_dims(r, t) || !read_element_type(r, t)) return false;
  uint64_t size = 0;
  const char *reason = tensor_shape_check(t, &size);
  if (reason == NULL && !num_to_size(size, &t->size)) reason = "it does not fit into memory";
  if (reason != NULL) return tensor_shape_refused(r->d, r->f, at, t, r->f->bytes.size, reason);
  at = r->at;
  if (!gguf_u64(r, t->name, offset)) return false;
  return *offset % r->f->alignment == 0 ||
         tensor_parse_error(r->d, r->f, at, "tensor '%s': offset %" PRIu64 " is no multiple of the alignment %" PRIu64,
                            t->name, *offset, r->f->alignment);
}

// Where a tensor may begin, given the one before it: at its padded end when that is known, else behind its begin.
static bool check_follows(gguf_reader *r, const tensor *before, uint64_t before_at, const tensor *t, uint64_t at) {
  uint64_t expected = 0;
  bool exact = before == NULL || before->dtype != TENSOR_BLOCKS;
  uint64_t least = before == NULL ? 0 : exact ? before->size : 1;
  if (!num_add(before_at, least, &expected) || !num_align_up(expected, r->f->alignment, &expected) || at < expected) {
    return tensor_parse_error(r->d, r->f, r->at, "tensor '%s' at offset %" PRIu64 " overlaps the one before it",
                              t->name, at);
  }
  if (exact && at > expected) {
    return tensor_parse_error(r->d, r->f, r->at,
                              "tensor '%s' at offset %" PRIu64 " leaves a hole: %" PRIu64 " was expected", t->name, at,
                              expected);
  }
  return true;
}

// Bytes [begin, end) of the file should be zero. Its own readers do not look at them, so that others are only told of, once.
static void check_padding(gguf_reader *r, size_t begin, size_t end) {
  for (size_t i = begin; i < end && !r->stray; i++) {
    if (r->f->bytes.data[i] == 0) continue;
    diag_warning_file(r->d, "stray-bytes", r->f->bytes.path, "padding is not zero (at byte %zu)", i);
    r->stray = true;
  }
}

// Gives t its bytes: [begin, end) of the file is all there is up to the next tensor or the end of the file.
static bool place(gguf_reader *r, tensor *t, size_t begin, size_t end, bool last) {
  size_t have = end - begin;
  t->data = r->f->bytes.data + begin;
  if (t->dtype == TENSOR_BLOCKS) {
    t->size = have;
    return have > 0 || tensor_parse_error(r->d, r->f, begin, "tensor '%s' has no data: the file is truncated", t->name);
  }
  if (t->size > have) {
    return tensor_parse_error(r->d, r->f, begin, "tensor '%s' needs %zu bytes, but %zu follow: the file is truncated",
                              t->name, t->size, have);
  }
  if (last && have - t->size >= r->f->alignment)
    diag_warning_file(r->d, "stray-bytes", r->f->bytes.path, "%zu bytes follow the last tensor (at byte %zu)",
                      have - t->size, begin + t->size);
  else
    check_padding(r, begin + t->size, end);
  return true;
}

// `offsets` relative to the padded end of the header, in the order of the file and checked against each other.
static bool place_all(gguf_reader *r, const uint64_t *offsets, size_t count) {
  uint64_t data_at = 0;
  size_t size = r->f->bytes.size;
  if (!num_align_up(r->at, r->f->alignment, &data_at) || data_at > size) {
    return count == 0 || tensor_parse_error(r->d, r->f, size, "the file ends before the data of its tensors");
  }
  check_padding(r, r->at, (size_t)data_at);
  if (count == 0 && data_at < size)
    diag_warning_file(r->d, "stray-bytes", r->f->bytes.path,
                      "the file has no tensors, but bytes follow its header (at byte %" PRIu64 ")", data_at);
  for (size_t i = 0; i < count; i++) {
    tensor *t = &r->f->tensors[i];
    uint64_t begin = 0;
    uint64_t end = size;
    bool last = i + 1 == count;
    bool fits = num_add(data_at, offsets[i], &begin) && (last || num_add(data_at, offsets[i + 1], &end));
    if (!fits || begin > size || end > size) {
      return tensor_parse_error(r->d, r->f, fits && begin <= size ? begin : size,
                                "the data of tensor '%s' reaches beyond the end of the file: it is truncated", t->name);
    }
    if (!place(r, t, (size_t)begin, (size_t)end, last)) return false;
  }
  return true;
}

static bool read_tensors(gguf_reader *r, size_t count) {
  r->f->tensors = ARENA_ARRAY(r->f->mem, tensor, count);
  uint64_t *offsets = ARENA_ARRAY(r->f->mem, uint64_t, count);
  for (size_t i = 0; i < count; i++) {
    tensor *t = &r->f->tensors[i];
    if (!read_tensor(r, t, &offsets[i])) return false;
    if (!check_follows(r, i > 0 ? t - 1 : NULL, i > 0 ? offsets[i - 1] : 0, t, offsets[i])) return false;
    r->f->count = i + 1;
  }
  return place_all(r, offsets, count);
}

static bool read_version(gguf_reader *r) {
  uint32_t version;
  if (!gguf_u32(r, "version", &version)) return false;
  if (version == 2 || version == 3) return true;
  if ((version & 0xffff) == 0 && version != 0) {
    return tensor_refuse(r->d, r->f, 4, "a big-endian GGUF file; convert it to little-endian");
  }
  return tensor_refuse(r->d, r->f, 4, "GGUF version %" PRIu32 " is not supported (2 and 3 are); convert it", version);
}

// A count of entries of at least `least` bytes each, so that a small file cannot ask for much memory.
static bool read_count(gguf_reader *r, const char *what, size_t least, size_t *out) {
  uint64_t count;
  if (!gguf_u64(r, what, &count)) return false;
  if (count > gguf_left(r) / least) {
    return tensor_parse_error(r->d, r->f, r->at - 8, "the header claims %" PRIu64 " %s, but only %zu bytes follow",
                              count, what, gguf_left(r));
  }
  *out = (size_t)count;
  return true;
}

bool gguf_parse(diag *d, tensor_file *f) {
  gguf_reader r = {.d = d, .f = f, .at = 4};
  size_t tensors;
  size_t entries;
  f->alignment = DEFAULT_ALIGNMENT;
  return read_version(&r) && read_count(&r, "tensors", MIN_TENSOR_BYTES, &tensors) &&
         read_count(&r, "metadata entries", MIN_META_BYTES, &entries) && gguf_read_meta(&r, entries) &&
         read_tensors(&r, tensors);
}

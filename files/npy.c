// The .npy file type: a magic, a version, a header that is the text of a Python dict, the elements.
#include <string.h>

#include "files/tensor_parse.h"

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

// More than any array of rank 8 needs, and what keeps a hostile header short.
enum { MAX_HEADER = 65536 };

// The header being read; positions are offsets in the file.
typedef struct npy_reader {
  diag *d;
  tensor_file *f;
  size_t at;
  size_t end;
  bool seen_descr, seen_order, seen_shape;
  bool swapped;  // the highest byte of an element comes first
  bool fortran;  // the first dimension is the innermost
  uint64_t rank; // may be more than what there is room for
  uint64_t *dims;
  tensor t;
} npy_reader;

bool npy_recognise(const uint8_t *data, size_t size) { return size >= sizeof magic && memcmp(data, magic, 6) == 0; }

static void skip_spaces(npy_reader *r) {
  while (r->at < r->end && strchr(" \t\r\n", r->f->bytes.data[r->at]) != NULL && r->f->bytes.data[r->at] != 0) r->at++;
}

// Consumes `c`, after spaces; false, unreported, when something else is there.
static bool accept(npy_reader *r, char c) {
  skip_spaces(r);
  if (r->at >= r->end || r->f->bytes.data[r->at] != (uint8_t)c) return false;
  r->at++;
  return true;
}

static bool expect(npy_reader *r, char c, const char *where) {
  return accept(r, c) || tensor_parse_error(r->d, r->f, r->at, "the header lacks '%c' %s", c, where);
}

// A quoted string without escapes.
static bool read_string(npy_reader *r, const char **text, size_t *length) {
  skip_spaces(r);
  const uint8_t *data = r->f->bytes.data;
  if (r->at >= r->end || (data[r->at] != '\'' && data[r->at] != '"')) {
    return tensor_parse_error(r->d, r->f, r->at, "the header has no quoted text where one belongs");
  }
  const uint8_t *begin = data + r->at + 1;
  const uint8_t *close = memchr(begin, data[r->at], r->end - r->at - 1);
  if (close == NULL) return tensor_parse_error(r->d, r->f, r->at, "the header has a text without closing quote");
  *text = (const char *)begin;
  *length = (size_t)(close - begin);
  r->at += *length + 2;
  return true;
}

static bool text_is(const char *text, size_t length, const char *word) {
  return length == strlen(word) && memcmp(text, word, length) == 0;
}

typedef struct descr_row {
  const char *code;
  tensor_dtype dtype;
} descr_row;

static tensor_dtype dtype_of_code(const char *code, size_t length) {
  static const descr_row rows[] = {
#define X(name, bits, st, npy, gguf, onnx, tflite, load) {npy, TENSOR_##name},
      TENSOR_DTYPES(X)
#undef X
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].code != NULL && text_is(code, length, rows[i].code)) return rows[i].dtype;
  }
  return TENSOR_BLOCKS;
}

static bool read_descr(npy_reader *r) {
  if (accept(r, '[')) {
    return tensor_refuse(r->d, r->f, r->at, "structured arrays are not supported; save one field as its own array");
  }
  const char *text;
  size_t length;
  size_t at = r->at;
  if (!read_string(r, &text, &length)) return false;
  const char *shown = tensor_quote(r->f->mem, text, length);
  char order = length > 0 ? text[0] : 0;
  bool ordered = order == '<' || order == '>' || order == '|' || order == '=';
  r->t.dtype = dtype_of_code(text + ordered, length - ordered);
  if (ordered && length == 2 && text[1] == 'O') {
    return tensor_refuse(r->d, r->f, at,
                         "an array of Python objects is a pickle, which is executable code; save numbers");
  }
  if (r->t.dtype == TENSOR_BLOCKS) {
    return tensor_refuse(r->d, r->f, at, "element type %s is not supported; convert with x.astype('<f4')", shown);
  }
  unsigned bytes = tensor_dtype_bits(r->t.dtype) / 8;
  r->swapped = order == '>' && bytes > 1;
  if (!ordered || (order == '|' && bytes > 1)) {
    return tensor_refuse(r->d, r->f, at, "element type %s does not say its byte order", shown);
  }
  return true;
}

static bool accept_word(npy_reader *r, const char *word) {
  skip_spaces(r);
  size_t n = strlen(word);
  if (r->end - r->at < n || memcmp(r->f->bytes.data + r->at, word, n) != 0) return false;
  r->at += n;
  return true;
}

static bool read_order(npy_reader *r) {
  if (accept_word(r, "False")) return true;
  r->fortran = accept_word(r, "True");
  return r->fortran || tensor_parse_error(r->d, r->f, r->at, "'fortran_order' is neither True nor False");
}

// A decimal number, no more than the largest there is; false, unreported, when there is none.
static bool read_dim(npy_reader *r, uint64_t *out) {
  const uint8_t *data = r->f->bytes.data;
  uint64_t value = 0;
  size_t begin = r->at;
  for (; r->at < r->end && data[r->at] >= '0' && data[r->at] <= '9'; r->at++) {
    bool fits = num_mul(value, 10, &value) && num_add(value, (uint64_t)(data[r->at] - '0'), &value);
    if (!fits) value = UINT64_MAX;
  }
  *out = value;
  return r->at > begin;
}

static bool read_shape(npy_reader *r) {
  if (!expect(r, '(', "before the shape")) return false;
  while (!accept(r, ')')) {
    uint64_t dim;
    skip_spaces(r);
    if (!read_dim(r, &dim)) return tensor_parse_error(r->d, r->f, r->at, "a dimension of the shape is no number");
    if (r->rank < TENSOR_MAX_RANK) r->dims[r->rank] = dim;
    r->rank++;
    if (accept(r, ',')) continue;
    return expect(r, ')', "after the shape") &&
           (r->rank != 1 || tensor_parse_error(r->d, r->f, r->at, "the shape is a number, not a tuple"));
  }
  return true;
}

typedef struct header_key {
  const char *name;
  bool (*read)(npy_reader *r);
  size_t seen; // offset of the flag in npy_reader
} header_key;

static const header_key keys[] = {
    {"descr", read_descr, offsetof(npy_reader, seen_descr)},
    {"fortran_order", read_order, offsetof(npy_reader, seen_order)},
    {"shape", read_shape, offsetof(npy_reader, seen_shape)},
};

static bool read_member(npy_reader *r) {
  const char *text;
  size_t length;
  skip_spaces(r);
  size_t at = r->at;
  if (!read_string(r, &text, &length)) return false;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (!text_is(text, length, keys[i].name)) continue;
    bool *seen = (bool *)((char *)r + keys[i].seen);
    if (*seen) return tensor_parse_error(r->d, r->f, at, "the header has '%s' twice", keys[i].name);
    *seen = true;
    return expect(r, ':', "after a key") && keys[i].read(r);
  }
  return tensor_parse_error(r->d, r->f, at, "the header has an unknown key %s", tensor_quote(r->f->mem, text, length));
}

static bool read_header(npy_reader *r) {
  if (!expect(r, '{', "at its begin")) return false;
  while (!accept(r, '}')) {
    if (!read_member(r)) return false;
    if (accept(r, ',')) continue;
    if (!expect(r, '}', "at its end")) return false;
    break;
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (*(bool *)((char *)r + keys[i].seen)) continue;
    return tensor_parse_error(r->d, r->f, r->at, "the header lacks '%s'", keys[i].name);
  }
  skip_spaces(r);
  return r->at == r->end || tensor_parse_error(r->d, r->f, r->at, "the header goes on after its closing '}'");
}

// Sets r->at and r->end to the header's text.
static bool find_header(npy_reader *r) {
  const mapped_file *m = &r->f->bytes;
  if (m->size < 12) return tensor_parse_error(r->d, r->f, m->size, "the file ends within the .npy header");
  unsigned major = m->data[6];
  unsigned minor = m->data[7];
  if (major < 1 || major > 3 || minor != 0) {
    return tensor_refuse(r->d, r->f, 6, ".npy version %u.%u is not supported (1.0, 2.0 and 3.0 are); save it again",
                         major, minor);
  }
  r->at = major == 1 ? 10 : 12;
  uint32_t length = major == 1 ? tensor_le16(m->data + 8) : tensor_le32(m->data + 8);
  if (length > MAX_HEADER) {
    return tensor_parse_error(r->d, r->f, 8, "the header claims %lu bytes; at most %d are allowed",
                              (unsigned long)length, MAX_HEADER);
  }
  if (length > m->size - r->at) {
    return tensor_parse_error(r->d, r->f, 8, "the header claims %lu bytes, but only %zu follow: the file is truncated",
                              (unsigned long)length, m->size - r->at);
  }
  r->end = r->at + length;
  return true;
}

// The elements in C order with their lowest bytes first, as everything else takes them: a copy.
static const uint8_t *reorder(const npy_reader *r) {
  const tensor *t = &r->t;
  size_t bytes = tensor_dtype_bits(t->dtype) / 8;
  uint8_t *out = arena_alloc(r->f->mem, t->size, 1);
  uint64_t index[TENSOR_MAX_RANK] = {0};
  for (uint64_t i = 0; i < t->count; i++) {
    uint64_t from = i, stride = 1;
    if (r->fortran) from = 0;
    for (unsigned k = 0; k < t->rank && r->fortran; stride *= t->dims[k], k++) from += index[k] * stride;
    for (size_t b = 0; b < bytes; b++) out[i * bytes + b] = t->data[from * bytes + (r->swapped ? bytes - 1 - b : b)];
    for (unsigned k = t->rank; k-- > 0 && ++index[k] == t->dims[k];) index[k] = 0;
  }
  return out;
}

static bool check_data(npy_reader *r) {
  uint64_t size = 0;
  size_t have = r->f->bytes.size - r->end;
  if (!tensor_rank_check(r->d, r->f, r->end, r->t.name, r->rank)) return false;
  r->t.rank = (unsigned)r->rank;
  const char *reason = tensor_shape_check(&r->t, &size);
  if (reason != NULL) return tensor_shape_refused(r->d, r->f, r->end, &r->t, have, reason);
  if (size != have) {
    return tensor_parse_error(r->d, r->f, r->end, "the array needs %llu bytes, but %zu follow the header: %s",
                              (unsigned long long)size, have,
                              size > have ? "the file is truncated" : "the file has trailing bytes");
  }
  r->t.data = r->f->bytes.data + r->end;
  r->t.size = have;
  if (r->swapped || (r->fortran && r->t.rank > 1)) r->t.data = reorder(r);
  return true;
}

bool npy_parse(diag *d, tensor_file *f) {
  npy_reader r = {.d = d, .f = f, .dims = ARENA_ARRAY(f->mem, uint64_t, TENSOR_MAX_RANK)};
  r.t.dims = r.dims;
  r.t.name = path_stem(f->mem, f->bytes.path);
  if (!find_header(&r) || !read_header(&r) || !check_data(&r)) return false;
  r.t.path = f->bytes.path;
  f->tensors = arena_memdup(f->mem, &r.t, sizeof r.t);
  f->count = 1;
  return true;
}

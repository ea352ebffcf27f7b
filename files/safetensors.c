// The safetensors file type: a length, that many bytes of JSON that describe the tensors, their data without holes.
//
// The JSON is cut into the members of its top-level object here, and each member's value is given to jansson alone
// and freed at once: memory stays proportional to the number of tensors, nesting is bounded before jansson recurses,
// and every message has the offset of its tensor.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "files/json_tensors.h"
#include "files/tensor_parse.h"
#include "support/vec.h"

enum { PREFIX = 8, MAX_HEADER = 100 * 1000 * 1000, MAX_NESTING = 3, MAX_REPORTS = 20 };

// Bytes [begin, end) of the file.
typedef struct span {
  size_t begin;
  size_t end;
} span;

typedef struct safetensors_reader {
  diag *d;
  tensor_file *f;
  size_t at;      // next byte of the header
  size_t end;     // of the header; where the data begins
  size_t reports; // errors so far: reading goes on to find more, up to a limit
} safetensors_reader;

// A tensor's bytes relative to the data's begin, to check their order.
typedef struct range {
  uint64_t begin;
  uint64_t end;
  uint32_t tensor;
} range;

static bool is_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool safetensors_recognise(const uint8_t *data, size_t size) {
  if (size <= PREFIX) return false;
  size_t i = PREFIX;
  while (i < size && i < PREFIX + 64 && is_space(data[i])) i++;
  return i < size && data[i] == '{' && tensor_le64(data) <= MAX_HEADER;
}

#define REPORT(r, offset, ...) (++(r)->reports, tensor_parse_error((r)->d, (r)->f, (offset), __VA_ARGS__))

static bool find_header(safetensors_reader *r) {
  const mapped_file *m = &r->f->bytes;
  if (m->size < PREFIX) {
    return REPORT(r, m->size, "the file ends within the 8 bytes that hold the header's length: it is truncated");
  }
  uint64_t length = tensor_le64(m->data);
  if (length > MAX_HEADER) {
    return REPORT(r, 0, "the header claims %llu bytes; at most %d are allowed", (unsigned long long)length, MAX_HEADER);
  }
  if (length > m->size - PREFIX) {
    return REPORT(r, 0, "the header claims %llu bytes, but only %zu follow: the file is truncated",
                  (unsigned long long)length, m->size - PREFIX);
  }
  r->at = PREFIX;
  r->end = PREFIX + (size_t)length;
  return true;
}

static void skip_spaces(safetensors_reader *r) {
  while (r->at < r->end && is_space(r->f->bytes.data[r->at])) r->at++;
}

static bool accept(safetensors_reader *r, char c) {
  skip_spaces(r);
  if (r->at >= r->end || r->f->bytes.data[r->at] != (uint8_t)c) return false;
  r->at++;
  return true;
}

// Steps over a string, at its opening quote; false, unreported, when it does not end.
static bool skip_string(safetensors_reader *r) {
  const uint8_t *data = r->f->bytes.data;
  for (r->at++; r->at < r->end; r->at++) {
    if (data[r->at] == '"') return r->at++, true;
    if (data[r->at] == '\\') r->at++;
  }
  r->at = r->end;
  return false;
}

// Steps over anything up to the ',' or '}' that ends a member, minding strings and nesting; jansson judges the inside.
static bool skip_value(safetensors_reader *r, span *out) {
  const uint8_t *data = r->f->bytes.data;
  unsigned depth = 0;
  skip_spaces(r);
  out->begin = r->at;
  while (r->at < r->end) {
    uint8_t c = data[r->at];
    if (depth == 0 && (c == ',' || c == '}')) break;
    if (c == '"') {
      size_t begin = r->at;
      if (!skip_string(r)) return REPORT(r, begin, "the header has a text without closing quote");
      continue;
    }
    if (c == '{' || c == '[') depth++;
    if (depth > MAX_NESTING) return REPORT(r, r->at, "the header is nested too deeply");
    if ((c == '}' || c == ']') && depth > 0) depth--;
    r->at++;
  }
  out->end = r->at;
  return out->end > out->begin || REPORT(r, r->at, "the header has a key without value");
}

// Decodes one JSON value; NULL, reported, when it is malformed. `name` is the tensor that it describes, or NULL. The
// caller owns the reference.
static json_t *decode(safetensors_reader *r, span s, const char *name) {
  json_error_t error;
  json_t *value = json_loadb((const char *)r->f->bytes.data + s.begin, s.end - s.begin,
                             JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (value != NULL) return value;
  size_t where = error.position < 0 ? 0 : (size_t)error.position;
  const char *text = tensor_quote(r->f->mem, error.text, strlen(error.text));
  if (name != NULL)
    (void)REPORT(r, s.begin + where, "tensor '%s': malformed JSON: %s", name, text);
  else
    (void)REPORT(r, s.begin + where, "the header is malformed JSON: %s", text);
  return NULL;
}

// The key of the next member and its value's place. False when reported.
static bool read_member(safetensors_reader *r, span *key, span *value) {
  skip_spaces(r);
  key->begin = r->at;
  if (r->at >= r->end || r->f->bytes.data[r->at] != '"') return REPORT(r, r->at, "the header lacks a quoted key");
  if (!skip_string(r)) return REPORT(r, key->begin, "the header has a text without closing quote");
  key->end = r->at;
  if (!accept(r, ':')) return REPORT(r, r->at, "the header lacks ':' after a key");
  return skip_value(r, value);
}

typedef bool (*member_fn)(safetensors_reader *r, span key, span value);

// Calls `each` for the members of the top-level object until one fails for good.
static bool for_members(safetensors_reader *r, member_fn each) {
  r->at = PREFIX;
  if (!accept(r, '{')) return REPORT(r, r->at, "the header does not begin with '{'");
  if (accept(r, '}')) return true;
  do {
    span key, value;
    if (!read_member(r, &key, &value)) return false;
    if (!each(r, key, value) && r->reports >= MAX_REPORTS) return false;
  } while (accept(r, ','));
  if (!accept(r, '}')) return REPORT(r, r->at, "the header lacks ',' or '}' after a member");
  return r->reports == 0;
}

static bool key_is_metadata(const safetensors_reader *r, span key) {
  static const char name[] = "\"__metadata__\"";
  return key.end - key.begin == sizeof name - 1 && memcmp(r->f->bytes.data + key.begin, name, sizeof name - 1) == 0;
}

static bool count_member(safetensors_reader *r, span key, span value) {
  (void)value;
  r->f->count += !key_is_metadata(r, key);
  return true;
}

static bool read_metadata(safetensors_reader *r, span value) {
  json_t *object = decode(r, value, NULL);
  if (object == NULL) return false;
  bool ok = json_is_object(object) && r->f->meta == NULL;
  if (!ok) (void)REPORT(r, value.begin, "__metadata__ is %s", r->f->meta != NULL ? "there twice" : "no object");
  r->f->meta = ok ? ARENA_ARRAY(r->f->mem, tensor_meta, json_object_size(object) + 1) : NULL;
  const char *key;
  json_t *text;
  json_object_foreach(object, key, text) {
    if (!ok) break;
    ok = json_is_string(text) || REPORT(r, value.begin, "__metadata__: the value of %s is no string",
                                        tensor_quote(r->f->mem, key, strlen(key)));
    if (!ok) break;
    r->f->meta[r->f->meta_count++] = (tensor_meta){
        .key = arena_strdup(r->f->mem, key),
        .type = "string",
        .value = arena_strndup(r->f->mem, json_string_value(text), json_string_length(text)),
    };
  }
  json_decref(object);
  return ok;
}

// Decodes a key into t->name.
static bool read_name(safetensors_reader *r, span key, tensor *t) {
  json_t *text = decode(r, key, NULL);
  if (text == NULL) return false;
  const char *name = json_string_value(text);
  size_t length = json_string_length(text);
  bool ok = tensor_name_check(r->d, r->f, key.begin, (const uint8_t *)name, length, TENSOR_MAX_FULL_NAME);
  r->reports += !ok;
  if (ok && strcmp(name, "__metadata__") == 0) ok = REPORT(r, key.begin, "'__metadata__' is written with escapes");
  if (ok) t->name = arena_strndup(r->f->mem, name, length);
  json_decref(text);
  return ok;
}

// The types that the file type has.
static const bool in_format[TENSOR_DTYPE_COUNT] = {
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = st,
    TENSOR_DTYPES(X)
#undef X
};

bool safetensors_has(tensor_dtype type) { return in_format[type]; }

static bool read_dtype(safetensors_reader *r, size_t at, json_t *value, tensor *t) {
  if (!json_is_string(value)) return REPORT(r, at, "tensor '%s': 'dtype' is no string", t->name);
  const char *name = json_string_value(value);
  for (int i = TENSOR_BLOCKS + 1; i < TENSOR_DTYPE_COUNT; i++) {
    t->dtype = (tensor_dtype)i;
    if (in_format[i] && strcmp(name, tensor_dtype_name(t->dtype)) == 0) return true;
  }
  r->reports++;
  return tensor_refuse(r->d, r->f, at, "tensor '%s': elements of dtype %s are not supported", t->name,
                       tensor_quote(r->f->mem, name, strlen(name)));
}

// Exact non-negative integers only: jansson refuses what does not fit 64 bits, and 1.0 or 1e3 are not integers to it.
static bool read_integers(const json_t *array, size_t count, uint64_t *out) {
  for (size_t i = 0; i < count; i++) {
    const json_t *item = json_array_get(array, i);
    if (!json_is_integer(item) || json_integer_value(item) < 0) return false;
    out[i] = (uint64_t)json_integer_value(item);
  }
  return true;
}

static bool read_shape(safetensors_reader *r, size_t at, json_t *value, tensor *t) {
  if (!json_is_array(value)) return REPORT(r, at, "tensor '%s': 'shape' is no array", t->name);
  size_t rank = json_array_size(value);
  if (!tensor_rank_check(r->d, r->f, at, t->name, rank)) return ++r->reports, false;
  uint64_t *dims = ARENA_ARRAY(r->f->mem, uint64_t, rank);
  t->rank = (unsigned)rank;
  t->dims = dims;
  return read_integers(value, rank, dims) ||
         REPORT(r, at, "tensor '%s': 'shape' has an item that is no integer from 0 on", t->name);
}

static bool read_offsets(safetensors_reader *r, size_t at, json_t *value, const tensor *t, uint64_t offsets[2]) {
  if (!json_is_array(value) || json_array_size(value) != 2 || !read_integers(value, 2, offsets)) {
    return REPORT(r, at, "tensor '%s': 'data_offsets' is no pair of integers from 0 on", t->name);
  }
  return offsets[0] <= offsets[1] || REPORT(r, at, "tensor '%s': its data ends before it begins", t->name);
}

// Gives t its bytes, which must be in the file and as many as shape and dtype say.
static bool place(safetensors_reader *r, size_t at, tensor *t, const uint64_t offsets[2]) {
  uint64_t size = 0;
  size_t have = r->f->bytes.size - r->end;
  const char *reason = tensor_shape_check(t, &size);
  if (reason != NULL) return ++r->reports, tensor_shape_refused(r->d, r->f, at, t, have, reason);
  if (offsets[1] > have) {
    return REPORT(r, at, "tensor '%s' ends at byte %llu of the data, but the file has %zu: it is truncated", t->name,
                  (unsigned long long)offsets[1], have);
  }
  if (size != offsets[1] - offsets[0]) {
    return REPORT(r, at, "tensor '%s': shape and dtype need %llu bytes, but 'data_offsets' span %llu", t->name,
                  (unsigned long long)size, (unsigned long long)(offsets[1] - offsets[0]));
  }
  t->data = r->f->bytes.data + r->end + (size_t)offsets[0];
  t->size = (size_t)size;
  return true;
}

static bool read_description(safetensors_reader *r, size_t at, json_t *object, tensor *t) {
  if (!json_is_object(object)) return REPORT(r, at, "tensor '%s': its description is no object", t->name);
  json_t *dtype = json_object_get(object, "dtype");
  json_t *shape = json_object_get(object, "shape");
  json_t *offsets = json_object_get(object, "data_offsets");
  if (dtype == NULL || shape == NULL || offsets == NULL) {
    return REPORT(r, at, "tensor '%s' lacks '%s'", t->name,
                  dtype == NULL   ? "dtype"
                  : shape == NULL ? "shape"
                                  : "data_offsets");
  }
  if (json_object_size(object) != 3) {
    return REPORT(r, at, "tensor '%s' has members other than dtype, shape and data_offsets", t->name);
  }
  uint64_t bounds[2];
  return read_dtype(r, at, dtype, t) && read_shape(r, at, shape, t) && read_offsets(r, at, offsets, t, bounds) &&
         place(r, at, t, bounds);
}

static bool read_tensor(safetensors_reader *r, span key, span value) {
  if (key_is_metadata(r, key)) return read_metadata(r, value);
  tensor *t = &r->f->tensors[r->f->count];
  t->path = r->f->bytes.path;
  if (!read_name(r, key, t)) return false;
  json_t *object = decode(r, value, t->name);
  if (object == NULL) return false;
  bool ok = read_description(r, value.begin, object, t);
  json_decref(object);
  r->f->count += ok;
  return ok;
}

static int compare_ranges(const void *a, const void *b) {
  const range *x = a;
  const range *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

// Every byte of the data belongs to exactly one tensor, so that nothing hides in the file.
static bool check_coverage(safetensors_reader *r) {
  tensor_file *f = r->f;
  const uint8_t *data = f->bytes.data + r->end;
  range *ranges = ARENA_ARRAY(f->mem, range, f->count);
  for (size_t i = 0; i < f->count; i++) {
    uint64_t begin = (uint64_t)(f->tensors[i].data - data);
    ranges[i] = (range){.begin = begin, .end = begin + f->tensors[i].size, .tensor = (uint32_t)i};
  }
  qsort(ranges, f->count, sizeof *ranges, compare_ranges);
  uint64_t covered = 0;
  for (size_t i = 0; i < f->count; i++) {
    const char *name = f->tensors[ranges[i].tensor].name;
    uint64_t at = r->end + covered;
    if (ranges[i].begin < covered) return REPORT(r, at, "tensor '%s' overlaps another tensor", name);
    if (ranges[i].begin > covered) return REPORT(r, at, "the data has a hole before tensor '%s'", name);
    covered = ranges[i].end;
  }
  uint64_t rest = f->bytes.size - r->end - covered;
  return rest == 0 || REPORT(r, r->end + covered, "%llu bytes follow the last tensor", (unsigned long long)rest);
}

bool safetensors_parse(diag *d, tensor_file *f) {
  safetensors_reader r = {.d = d, .f = f};
  if (!find_header(&r) || !for_members(&r, count_member)) return false;
  skip_spaces(&r);
  if (r.at != r.end) return REPORT(&r, r.at, "the header goes on after its closing '}'");
  f->tensors = ARENA_ARRAY(f->mem, tensor, f->count + 1);
  f->count = 0;
  if (!for_members(&r, read_tensor) || !check_coverage(&r)) return false;
  json_tensors_add(f);
  return true;
}

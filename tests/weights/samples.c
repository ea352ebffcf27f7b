#include "tests/weights/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"

static void *must(void *p) {
  if (p != NULL) return p;
  fputs("samples: out of memory\n", stderr);
  exit(70);
}

void sample_free(sample *s) {
  free(s->data);
  *s = (sample){0};
}

sample sample_resized(const sample *s, size_t size) {
  sample copy = *s;
  copy.data = must(malloc(size == 0 ? 1 : size));
  if (size == 0) copy.data = must(realloc(copy.data, 1));
  size_t kept = size < s->size ? size : s->size;
  if (kept > 0) memcpy(copy.data, s->data, kept);
  memset(copy.data + kept, 0, size - kept);
  copy.size = size;
  return copy;
}

size_t sample_at(const sample *s, const char *mark) {
  for (size_t i = 0; i < s->mark_count; i++) {
    if (strcmp(s->marks[i].name, mark) == 0) return s->marks[i].offset;
  }
  fprintf(stderr, "samples: no mark '%s'\n", mark);
  exit(70);
}

void sample_put(sample *s, size_t offset, unsigned width, uint64_t value) {
  for (unsigned i = 0; i < width; i++) s->data[offset + i] = (uint8_t)(value >> (8 * i));
}

static void append(sample *s, const void *bytes, size_t size) {
  if (size == 0) return;
  s->data = must(realloc(s->data, s->size + size));
  memcpy(s->data + s->size, bytes, size);
  s->size += size;
}

static void append_int(sample *s, unsigned width, uint64_t value) {
  s->data = must(realloc(s->data, s->size + width));
  s->size += width;
  sample_put(s, s->size - width, width, value);
}

static void append_counting(sample *s, size_t size) {
  for (size_t i = 0; i < size; i++) append_int(s, 1, i + 1);
}

const char *const sample_safetensors_header =
    "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"caf\\u00e9\"},"
    "\"fc1.weight\":{\"dtype\":\"F32\",\"shape\":[4,3],\"data_offsets\":[0,48]},"
    "\"fc1.bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[48,54]},"
    "\"none\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[54,54]},"
    "\"codes\":{\"dtype\":\"U8\",\"shape\":[3,1],\"data_offsets\":[54,57]}}  ";

sample sample_safetensors(const char *header, size_t data_size) {
  sample s = {0};
  append_int(&s, 8, strlen(header));
  append(&s, header, strlen(header));
  append_counting(&s, data_size);
  return s;
}

const char *const sample_npy_header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }            \n";

sample sample_npy(unsigned major, const char *header, size_t data_size) {
  sample s = {0};
  append(&s, "\x93NUMPY", 6);
  append_int(&s, 1, major);
  append_int(&s, 1, 0);
  append_int(&s, major == 1 ? 2 : 4, strlen(header));
  append(&s, header, strlen(header));
  append_counting(&s, data_size);
  return s;
}

static void mark(sample *s, const char *name) {
  if (s->mark_count == SAMPLE_MAX_MARKS) exit(70);
  s->marks[s->mark_count++] = (sample_mark){.name = name, .offset = s->size};
}

static void append_text(sample *s, const char *text) {
  append_int(s, 8, strlen(text));
  append(s, text, strlen(text));
}

// A fixed-size metadata value; marks: the type's place and the value's.
static void append_scalar(sample *s, const char *key, const char *type_mark, unsigned type, const char *value_mark,
                          unsigned width, uint64_t value) {
  append_text(s, key);
  mark(s, type_mark);
  append_int(s, 4, type);
  mark(s, value_mark);
  append_int(s, width, value);
}

static void append_metadata(sample *s) {
  mark(s, "key 0");
  append_text(s, "general.architecture");
  mark(s, "string type");
  append_int(s, 4, 8);
  mark(s, "string");
  append_text(s, "sample");
  append_scalar(s, "general.alignment", "alignment type", 4, "alignment", 4, 32);
  append_scalar(s, "a.u8", "u8 type", 0, "u8", 1, 200);
  append_scalar(s, "a.i8", "i8 type", 1, "i8", 1, 0xff);
  append_scalar(s, "a.u16", "u16 type", 2, "u16", 2, 65535);
  append_scalar(s, "a.i16", "i16 type", 3, "i16", 2, 0xfffe);
  append_scalar(s, "a.i32", "i32 type", 5, "i32", 4, 0xfffffffd);
  append_scalar(s, "a.f32", "f32 type", 6, "f32", 4, fp_bits32(1.5f));
  append_scalar(s, "a.bool", "bool type", 7, "bool", 1, 1);
  append_scalar(s, "a.u64", "u64 type", 10, "u64", 8, UINT64_MAX);
  append_scalar(s, "a.i64", "i64 type", 11, "i64", 8, (uint64_t)-5);
  append_scalar(s, "a.f64", "f64 type", 12, "f64", 8, fp_bits64(0.25));
  append_text(s, "tokens");
  append_int(s, 4, 9);
  mark(s, "tokens type");
  append_int(s, 4, 8);
  mark(s, "tokens count");
  append_int(s, 8, 3);
  mark(s, "token 0");
  append_text(s, "<s>");
  append_text(s, "");
  append_text(s, "\xff raw byte");
  append_text(s, "scores");
  append_int(s, 4, 9);
  mark(s, "scores type");
  append_int(s, 4, 6);
  mark(s, "scores count");
  append_int(s, 8, 3);
  for (unsigned i = 0; i < 3; i++) append_int(s, 4, fp_bits32((float)i));
}

enum { META_COUNT = 14, TENSOR_COUNT = 4, ALIGNMENT = 32 };

// The marks of one tensor's description, built from its letter.
typedef struct tensor_marks {
  const char *name, *rank, *dim0, *type, *offset, *data;
} tensor_marks;

typedef struct tensor_spec {
  const char *name;
  unsigned type;
  unsigned rank;
  uint64_t dims[2]; // innermost first, as in the file
  size_t size;
  tensor_marks marks;
} tensor_spec;

#define MARKS(letter) \
  {letter " name", letter " rank", letter " dim 0", letter " type", letter " offset", letter " data"}

static const tensor_spec specs[TENSOR_COUNT] = {
    {"a.weight", 0, 2, {4, 3}, 48, MARKS("a")},
    {"b.blocks", SAMPLE_BLOCK_TYPE_A, 2, {SAMPLE_BLOCK_WEIGHTS, 2}, 2 * SAMPLE_BLOCK_BYTES_A, MARKS("b")},
    {"c.bias", 1, 1, {5, 0}, 10, MARKS("c")},
    {"d.blocks", SAMPLE_BLOCK_TYPE_B, 1, {2 * SAMPLE_BLOCK_WEIGHTS, 0}, 2 * SAMPLE_BLOCK_BYTES_B, MARKS("d")},
};

static size_t pad(size_t size) { return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static void append_description(sample *s, const tensor_spec *t, size_t offset) {
  mark(s, t->marks.name);
  append_text(s, t->name);
  mark(s, t->marks.rank);
  append_int(s, 4, t->rank);
  mark(s, t->marks.dim0);
  for (unsigned i = 0; i < t->rank; i++) append_int(s, 8, t->dims[i]);
  mark(s, t->marks.type);
  append_int(s, 4, t->type);
  mark(s, t->marks.offset);
  append_int(s, 8, offset);
}

static void append_padding(sample *s) {
  while (s->size % ALIGNMENT != 0) append_int(s, 1, 0);
}

sample sample_gguf(void) {
  sample s = {0};
  size_t offset = 0;
  append(&s, "GGUF", 4);
  mark(&s, "version");
  append_int(&s, 4, 3);
  mark(&s, "tensor count");
  append_int(&s, 8, TENSOR_COUNT);
  mark(&s, "key count");
  append_int(&s, 8, META_COUNT);
  append_metadata(&s);
  for (size_t i = 0; i < TENSOR_COUNT; i++) {
    append_description(&s, &specs[i], offset);
    offset += pad(specs[i].size);
  }
  mark(&s, "header end");
  append_padding(&s);
  for (size_t i = 0; i < TENSOR_COUNT; i++) {
    mark(&s, specs[i].marks.data);
    append_counting(&s, specs[i].size);
    append_padding(&s);
  }
  return s;
}

sample sample_gguf_part(unsigned number, unsigned parts, unsigned tensors, const char *tensor_name) {
  sample s = {0};
  append(&s, "GGUF", 4);
  append_int(&s, 4, 3);
  append_int(&s, 8, 1);
  append_int(&s, 8, number == 0 ? 4 : 3);
  if (number == 0) append_scalar(&s, "first", "first type", 4, "first", 4, 7);
  append_scalar(&s, "split.no", "number type", 2, "number", 2, number);
  append_scalar(&s, "split.count", "parts type", 2, "parts", 2, parts);
  append_scalar(&s, "split.tensors.count", "tensors type", 5, "tensors", 4, tensors);
  tensor_spec t = {.name = tensor_name, .rank = 1, .dims = {2}, .size = 8, .marks = MARKS("t")};
  append_description(&s, &t, 0);
  append_padding(&s);
  append_counting(&s, t.size);
  append_padding(&s);
  return s;
}

// Bytes of a block tensor, when it is of a type that the sample declares.
static uint64_t walk_blocks(diag *d, const tensor_file *f, const tensor *t) {
  const uint8_t *data;
  size_t size;
  uint64_t bytes = t->block_type == SAMPLE_BLOCK_TYPE_A ? SAMPLE_BLOCK_BYTES_A : SAMPLE_BLOCK_BYTES_B;
  if (!tensor_blocks_check(d, f, t, SAMPLE_BLOCK_WEIGHTS, bytes, &data, &size)) {
    data = t->data;
    size = t->size;
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < size; i++) sum += data[i];
  return sum;
}

static uint64_t walk_numbers(diag *d, const tensor *t) {
  enum { PIECE = 256 };
  float values[PIECE];
  uint64_t sum = 0;
  for (size_t i = 0; i < t->size; i++) sum += t->data[i];
  for (uint64_t i = 0; i < t->count; i += PIECE) {
    size_t n = t->count - i < PIECE ? (size_t)(t->count - i) : PIECE;
    if (!tensor_read_f32(d, t, i, n, values)) return sum;
    for (size_t j = 0; j < n; j++) sum += fp_bits32(values[j]);
  }
  return sum;
}

static uint64_t walk_items(const tensor_meta *m) {
  arena *a = arena_new();
  tensor_meta_cursor at = {0};
  uint64_t sum = 0;
  uint64_t count = 0;
  for (const char *text; (text = tensor_meta_next(a, m, &at)) != NULL; count++) sum += strlen(text);
  if (count != m->count) abort();
  arena_free(a);
  return sum;
}

// The tensors that a tensor says belong to it are there.
static void walk_quant(const tensor_file *f, const tensor_quant *q) {
  if (q->scale != NULL && tensor_file_find(f, q->scale) == NULL) abort();
  if (q->zero_point != NULL && tensor_file_find(f, q->zero_point) == NULL) abort();
  if (q->block == 0 || q->by == NULL) abort();
}

uint64_t sample_walk(arena *a, const tensor_file *f) {
  diag *d = diag_new(a, NULL, false);
  uint64_t sum = strlen(tensor_file_kind(f)) + strlen(tensor_file_path(f));
  for (size_t i = 0; i < tensor_file_part_count(f); i++) sum += strlen(tensor_file_part(f, i));
  for (size_t i = 0; i < tensor_file_count(f); i++) {
    const tensor *t = tensor_file_at(f, i);
    if (tensor_file_find(f, t->name) != t) abort();
    sum += strlen(tensor_describe(a, t)) + strlen(t->path);
    if (t->quant != NULL) walk_quant(f, t->quant);
    sum += t->dtype == TENSOR_BLOCKS ? walk_blocks(d, f, t) : walk_numbers(d, t);
  }
  for (size_t i = 0; i < tensor_file_meta_count(f); i++) {
    const tensor_meta *m = tensor_file_meta_at(f, i);
    if (tensor_file_meta(f, m->key) != m->value) abort();
    sum += strlen(m->type) + strlen(m->value) + walk_items(m);
  }
  return sum;
}

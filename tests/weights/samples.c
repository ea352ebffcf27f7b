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

void sample_append(sample *s, const void *bytes, size_t size) {
  if (size == 0) return;
  s->data = must(realloc(s->data, s->size + size));
  memcpy(s->data + s->size, bytes, size);
  s->size += size;
}

void sample_append_int(sample *s, unsigned width, uint64_t value) {
  s->data = must(realloc(s->data, s->size + width));
  s->size += width;
  sample_put(s, s->size - width, width, value);
}

void sample_mark_here(sample *s, const char *name) {
  if (s->mark_count == SAMPLE_MAX_MARKS) exit(70);
  s->marks[s->mark_count++] = (sample_mark){.name = name, .offset = s->size};
}

void sample_append_counting(sample *s, size_t size) {
  for (size_t i = 0; i < size; i++) sample_append_int(s, 1, i + 1);
}

const char *const sample_safetensors_header =
    "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"caf\\u00e9\"},"
    "\"fc1.weight\":{\"dtype\":\"F32\",\"shape\":[4,3],\"data_offsets\":[0,48]},"
    "\"fc1.bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[48,54]},"
    "\"none\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[54,54]},"
    "\"codes\":{\"dtype\":\"U8\",\"shape\":[3,1],\"data_offsets\":[54,57]}}  ";

sample sample_safetensors(const char *header, size_t data_size) {
  sample s = {0};
  sample_append_int(&s, 8, strlen(header));
  sample_append(&s, header, strlen(header));
  sample_append_counting(&s, data_size);
  return s;
}

const char *const sample_npy_header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }            \n";

sample sample_npy(unsigned major, const char *header, size_t data_size) {
  sample s = {0};
  sample_append(&s, "\x93NUMPY", 6);
  sample_append_int(&s, 1, major);
  sample_append_int(&s, 1, 0);
  sample_append_int(&s, major == 1 ? 2 : 4, strlen(header));
  sample_append(&s, header, strlen(header));
  sample_append_counting(&s, data_size);
  return s;
}

// ---- ZIP -------------------------------------------------------------------------------------------------

static uint32_t crc_of(const sample *s) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < s->size; i++) {
    crc ^= s->data[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

// One deflate block that stores its bytes.
static void append_deflated(sample *s, const sample *content) {
  sample_append_int(s, 1, 1);
  sample_append_int(s, 2, content->size);
  sample_append_int(s, 2, ~content->size);
  sample_append(s, content->data, content->size);
}

// What local headers and entries have in common.
static void append_sizes(sample *s, const sample_member *m, bool wide) {
  sample_append_int(s, 2, wide ? 45 : 20); // version needed
  sample_append_int(s, 2, 0);              // flags
  sample_append_int(s, 2, m->deflate ? 8 : 0);
  sample_append_int(s, 4, 0); // time
  sample_append_int(s, 4, crc_of(&m->content));
  sample_append_int(s, 4, wide ? UINT32_MAX : m->content.size + (m->deflate ? 5 : 0));
  sample_append_int(s, 4, wide ? UINT32_MAX : m->content.size);
  sample_append_int(s, 2, strlen(m->name));
  sample_append_int(s, 2, wide ? 20 : 0); // extra fields
}

static void append_wide_sizes(sample *s, const sample_member *m) {
  sample_append_int(s, 2, 1);
  sample_append_int(s, 2, 16);
  sample_append_int(s, 8, m->content.size);
  sample_append_int(s, 8, m->content.size + (m->deflate ? 5 : 0));
}

static void append_local(sample *s, const sample_member *m, bool wide) {
  sample_append_int(s, 4, 0x04034b50);
  append_sizes(s, m, wide);
  sample_append(s, m->name, strlen(m->name));
  if (wide) append_wide_sizes(s, m);
}

static void append_entry(sample *s, const sample_member *m, bool wide, size_t local) {
  sample_append_int(s, 4, 0x02014b50);
  sample_append_int(s, 2, 0); // version made by
  append_sizes(s, m, wide);
  sample_append_int(s, 2, 0); // comment
  sample_append_int(s, 2, 0);
  sample_append_int(s, 2, 0);
  sample_append_int(s, 4, 0);
  sample_append_int(s, 4, local);
  sample_append(s, m->name, strlen(m->name));
  if (wide) append_wide_sizes(s, m);
}

static void append_end(sample *s, size_t count, bool wide, size_t begin) {
  size_t size = s->size - begin;
  if (wide) {
    size_t end = s->size;
    sample_mark_here(s, "end64");
    sample_append_int(s, 4, 0x06064b50);
    sample_append_int(s, 8, 44);
    sample_append_int(s, 4, 0);
    sample_append_int(s, 8, 0);
    sample_append_int(s, 8, count);
    sample_append_int(s, 8, count);
    sample_append_int(s, 8, size);
    sample_append_int(s, 8, begin);
    sample_mark_here(s, "locator");
    sample_append_int(s, 4, 0x07064b50);
    sample_append_int(s, 4, 0);
    sample_append_int(s, 8, end);
    sample_append_int(s, 4, 1);
  }
  sample_mark_here(s, "end");
  sample_append_int(s, 4, 0x06054b50);
  sample_append_int(s, 4, 0);
  sample_append_int(s, 2, wide ? 65535 : count);
  sample_append_int(s, 2, wide ? 65535 : count);
  sample_append_int(s, 4, wide ? UINT32_MAX : size);
  sample_append_int(s, 4, wide ? UINT32_MAX : begin);
  sample_append_int(s, 2, 0);
}

sample sample_zip(sample_member *members, size_t count, bool wide) {
  enum { MOST = 5 };
  static const char *const names[MOST][3] = {{"local 0", "data 0", "entry 0"},
                                             {"local 1", "data 1", "entry 1"},
                                             {"local 2", "data 2", "entry 2"},
                                             {"local 3", "data 3", "entry 3"},
                                             {"local 4", "data 4", "entry 4"}};
  sample s = {0};
  size_t locals[MOST];
  for (size_t i = 0; i < count; i++) {
    locals[i] = s.size;
    sample_mark_here(&s, names[i][0]);
    append_local(&s, &members[i], wide);
    sample_mark_here(&s, names[i][1]);
    if (members[i].deflate)
      append_deflated(&s, &members[i].content);
    else
      sample_append(&s, members[i].content.data, members[i].content.size);
  }
  size_t begin = s.size;
  for (size_t i = 0; i < count; i++) {
    sample_mark_here(&s, names[i][2]);
    append_entry(&s, &members[i], wide, locals[i]);
    sample_free(&members[i].content);
  }
  append_end(&s, count, wide, begin);
  return s;
}

sample sample_npz(bool wide) {
  sample_member members[] = {
      {.name = "w.npy", .content = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)},
      {.name = "b.npy",
       .content = sample_npy(1, "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }", 6),
       .deflate = true},
  };
  return sample_zip(members, 2, wide);
}

// ---- GGUF ------------------------------------------------------------------------------------------------

static void append_text(sample *s, const char *text) {
  sample_append_int(s, 8, strlen(text));
  sample_append(s, text, strlen(text));
}

// A fixed-size metadata value; marks: the type's place and the value's.
static void append_scalar(sample *s, const char *key, const char *type_mark, unsigned type, const char *value_mark,
                          unsigned width, uint64_t value) {
  append_text(s, key);
  sample_mark_here(s, type_mark);
  sample_append_int(s, 4, type);
  sample_mark_here(s, value_mark);
  sample_append_int(s, width, value);
}

static void append_metadata(sample *s) {
  sample_mark_here(s, "key 0");
  append_text(s, "general.architecture");
  sample_mark_here(s, "string type");
  sample_append_int(s, 4, 8);
  sample_mark_here(s, "string");
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
  sample_append_int(s, 4, 9);
  sample_mark_here(s, "tokens type");
  sample_append_int(s, 4, 8);
  sample_mark_here(s, "tokens count");
  sample_append_int(s, 8, 3);
  sample_mark_here(s, "token 0");
  append_text(s, "<s>");
  append_text(s, "");
  append_text(s, "\xff raw byte");
  append_text(s, "scores");
  sample_append_int(s, 4, 9);
  sample_mark_here(s, "scores type");
  sample_append_int(s, 4, 6);
  sample_mark_here(s, "scores count");
  sample_append_int(s, 8, 3);
  for (unsigned i = 0; i < 3; i++) sample_append_int(s, 4, fp_bits32((float)i));
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
  sample_mark_here(s, t->marks.name);
  append_text(s, t->name);
  sample_mark_here(s, t->marks.rank);
  sample_append_int(s, 4, t->rank);
  sample_mark_here(s, t->marks.dim0);
  for (unsigned i = 0; i < t->rank; i++) sample_append_int(s, 8, t->dims[i]);
  sample_mark_here(s, t->marks.type);
  sample_append_int(s, 4, t->type);
  sample_mark_here(s, t->marks.offset);
  sample_append_int(s, 8, offset);
}

static void append_padding(sample *s) {
  while (s->size % ALIGNMENT != 0) sample_append_int(s, 1, 0);
}

sample sample_gguf(void) {
  sample s = {0};
  size_t offset = 0;
  sample_append(&s, "GGUF", 4);
  sample_mark_here(&s, "version");
  sample_append_int(&s, 4, 3);
  sample_mark_here(&s, "tensor count");
  sample_append_int(&s, 8, TENSOR_COUNT);
  sample_mark_here(&s, "key count");
  sample_append_int(&s, 8, META_COUNT);
  append_metadata(&s);
  for (size_t i = 0; i < TENSOR_COUNT; i++) {
    append_description(&s, &specs[i], offset);
    offset += pad(specs[i].size);
  }
  sample_mark_here(&s, "header end");
  append_padding(&s);
  for (size_t i = 0; i < TENSOR_COUNT; i++) {
    sample_mark_here(&s, specs[i].marks.data);
    sample_append_counting(&s, specs[i].size);
    append_padding(&s);
  }
  return s;
}

sample sample_gguf_part(unsigned number, unsigned parts, unsigned tensors, const char *tensor_name) {
  sample s = {0};
  sample_append(&s, "GGUF", 4);
  sample_append_int(&s, 4, 3);
  sample_append_int(&s, 8, 1);
  sample_append_int(&s, 8, number == 0 ? 4 : 3);
  if (number == 0) append_scalar(&s, "first", "first type", 4, "first", 4, 7);
  append_scalar(&s, "split.no", "number type", 2, "number", 2, number);
  append_scalar(&s, "split.count", "parts type", 2, "parts", 2, parts);
  append_scalar(&s, "split.tensors.count", "tensors type", 5, "tensors", 4, tensors);
  tensor_spec t = {.name = tensor_name, .rank = 1, .dims = {2}, .size = 8, .marks = MARKS("t")};
  append_description(&s, &t, 0);
  append_padding(&s);
  sample_append_counting(&s, t.size);
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

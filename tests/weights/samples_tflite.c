// A small TFLite model, written front to back: a table is followed by what it points to.
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"
#include "tests/weights/samples.h"

enum { MAX_FIELDS = 8 };

// A table whose fields are placed one after the other; `widths` 0 for a field that is left out. Sets places[field] to
// where each field is, to be filled in later.
static void put_table(sample *s, const char *mark, unsigned count, const unsigned *widths, size_t *places) {
  size_t vtable = s->size;
  unsigned at = 4;
  sample_append_int(s, 2, 4 + 2 * count);
  sample_append_int(s, 2, 0); // the table's bytes
  for (unsigned i = 0; i < count; i++) {
    sample_append_int(s, 2, widths[i] == 0 ? 0 : at);
    at += widths[i];
  }
  sample_put(s, vtable + 2, 2, at);
  sample_mark_here(s, mark);
  size_t table = s->size;
  sample_append_int(s, 4, table - vtable);
  for (unsigned i = 0; i < count; i++) {
    places[i] = s->size;
    sample_append_int(s, widths[i], 0);
  }
}

// Lets the offset at `place` lead to what is appended next.
static void point_here(sample *s, size_t place) { sample_put(s, place, 4, s->size - place); }

static void put_text(sample *s, size_t place, const char *text) {
  point_here(s, place);
  sample_append_int(s, 4, strlen(text));
  sample_append(s, text, strlen(text) + 1);
}

static void put_numbers(sample *s, size_t place, unsigned width, size_t count, const uint64_t *numbers) {
  point_here(s, place);
  sample_append_int(s, 4, count);
  for (size_t i = 0; i < count; i++) sample_append_int(s, width, numbers[i]);
}

// A vector of offsets, to be filled in: places[i] is where each is, if places is not NULL.
static void put_offsets(sample *s, size_t place, const char *mark, size_t count, size_t *places) {
  point_here(s, place);
  sample_mark_here(s, mark);
  sample_append_int(s, 4, count);
  for (size_t i = 0; i < count; i++) {
    if (places != NULL) places[i] = s->size;
    sample_append_int(s, 4, 0);
  }
}

typedef struct tensor_row {
  const char *mark, *quant_mark, *name;
  unsigned type, buffer;
  size_t rank;
  uint64_t dims[4];
  size_t scales;
  float scale[2];
  size_t zeros;
  uint64_t zero[2];
  unsigned dimension;
} tensor_row;

static const tensor_row rows[] = {
    {"input", "input quant", "x", 9, 0, 2, {1, 3}, 1, {0.5f}, 1, {(uint64_t)-3}, 0},
    {"fc", "fc quant", "fc", 9, 1, 2, {2, 3}, 2, {0.25f, 2}, 2, {1, (uint64_t)-1}, 0},
    {"bias", "bias quant", "bias", 0, 2, 1, {2}, 0, {0}, 0, {0}, 0},
    {"fc 2", "fc 2 quant", "fc", 17, 3, 1, {3}, 1, {1}, 0, {0}, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void put_quant(sample *s, size_t place, const tensor_row *t) {
  size_t places[MAX_FIELDS];
  uint64_t scales[2] = {fp_bits32(t->scale[0]), fp_bits32(t->scale[1])};
  size_t offset = s->size; // the vtable comes first, the table behind it
  put_table(s, t->quant_mark, 7, (const unsigned[]){0, 0, 4, 4, 1, 4, 4}, places);
  sample_put(s, place, 4, offset + 4 + 2 * 7 - place);
  sample_put(s, places[6], 4, t->dimension);
  put_numbers(s, places[2], 4, t->scales, scales);
  put_numbers(s, places[3], 8, t->zeros, t->zero);
  sample_put(s, places[5], 4, places[2] - places[5]); // details of no type are not looked at
}

static void put_tensor(sample *s, size_t place, const tensor_row *t) {
  size_t places[MAX_FIELDS];
  size_t offset = s->size;
  put_table(s, t->mark, 5, (const unsigned[]){4, 1, 4, 4, 4}, places);
  sample_put(s, place, 4, offset + 4 + 2 * 5 - place);
  sample_put(s, places[1], 1, t->type);
  sample_put(s, places[2], 4, t->buffer);
  put_numbers(s, places[0], 4, t->rank, t->dims);
  put_text(s, places[3], t->name);
  put_quant(s, places[4], t);
}

// `shared` more tensors are the last one once more.
static void put_subgraph(sample *s, size_t place, size_t shared) {
  size_t places[MAX_FIELDS], offsets[1];
  put_offsets(s, place, "subgraphs", 1, offsets);
  size_t offset = s->size;
  put_table(s, "subgraph", 3, (const unsigned[]){4, 4, 4}, places);
  sample_put(s, offsets[0], 4, offset + 4 + 2 * 3 - offsets[0]);
  sample_mark_here(s, "inputs");
  put_numbers(s, places[1], 4, 1, (const uint64_t[]){0});
  put_numbers(s, places[2], 4, 0, NULL);
  put_offsets(s, places[0], "tensors", ROWS + shared, NULL);
  size_t first = s->size - 4 * (ROWS + shared);
  for (size_t i = 0; i < ROWS; i++) put_tensor(s, first + 4 * i, &rows[i]);
  size_t last = sample_at(s, rows[ROWS - 1].mark);
  for (size_t i = ROWS; i < ROWS + shared; i++) sample_put(s, first + 4 * i, 4, last - first - 4 * i);
}

// Buffers of 0, 6, 8, 2 and a text of 7 bytes: 1 2 3 .., the last one a version padded with zeros.
static void put_buffers(sample *s, size_t place) {
  static const size_t sizes[] = {0, 6, 8, 2, 7};
  static const char *const marks[] = {"buffer 0", "buffer 1", "buffer 2", "buffer 3", "buffer 4"};
  size_t offsets[5], places[MAX_FIELDS];
  put_offsets(s, place, "buffers", 5, offsets);
  for (size_t i = 0; i < 5; i++) {
    size_t offset = s->size;
    put_table(s, marks[i], 3, (const unsigned[]){i == 0 ? 0u : 4u, 8, 8}, places);
    sample_put(s, offsets[i], 4, offset + 4 + 2 * 3 - offsets[i]);
    if (i == 0) continue;
    point_here(s, places[0]);
    sample_append_int(s, 4, sizes[i]);
    if (i == 4)
      sample_append(s, "1.5.0\0\0", 7);
    else
      sample_append_counting(s, sizes[i]);
  }
}

static void put_metadata(sample *s, size_t place) {
  size_t offsets[1], places[MAX_FIELDS];
  put_offsets(s, place, "metadata", 1, offsets);
  size_t offset = s->size;
  put_table(s, "metadata entry", 2, (const unsigned[]){4, 4}, places);
  sample_put(s, offsets[0], 4, offset + 4 + 2 * 2 - offsets[0]);
  sample_put(s, places[1], 4, 4);
  put_text(s, places[0], "min_runtime_version");
}

sample sample_tflite(size_t shared) {
  sample s = {0};
  size_t places[MAX_FIELDS];
  sample_append_int(&s, 4, 8 + 4 + 2 * 7);
  sample_append(&s, "TFL3", 4);
  put_table(&s, "model", 7, (const unsigned[]){4, 0, 4, 4, 4, 0, 4}, places);
  sample_put(&s, places[0], 4, 3);
  put_text(&s, places[3], "a sample");
  put_subgraph(&s, places[2], shared);
  put_buffers(&s, places[4]);
  put_metadata(&s, places[6]);
  return s;
}

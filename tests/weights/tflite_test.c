// TFLite models.
#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

static void expect_numbers(diag *d, const tensor *t, size_t count, const float *expected) {
  float values[8];
  ck_assert_uint_eq(t->count, count);
  ck_assert(tensor_read_f32(d, t, 0, count, values));
  for (size_t i = 0; i < count; i++) ck_assert_msg(values[i] == expected[i], "%s[%zu]", t->name, i);
}

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_tflite(0);
  tensor_file *f = tensor_file_parse(d, a, "m.tflite", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "TFLite");
  static const char *const names[] = {"fc", "fc.scale", "fc.zero_point", "bias", "fc#3", "fc#3.scale"};
  ck_assert_uint_eq(tensor_file_count(f), 6);
  for (size_t i = 0; i < 6; i++) ck_assert_str_eq(tensor_file_at(f, i)->name, names[i]);
  const tensor *fc = tensor_file_find(f, "fc");
  ck_assert_str_eq(tensor_describe(a, fc), "I8 [2, 3]");
  ck_assert_uint_eq(fc->data[5], 6);
  ck_assert_str_eq(fc->quant->by, "TFLite");
  ck_assert_str_eq(fc->quant->scale, "fc.scale");
  ck_assert_str_eq(fc->quant->zero_point, "fc.zero_point");
  ck_assert_int_eq(fc->quant->axis, 0);
  ck_assert_uint_eq(fc->quant->block, 1);
  expect_numbers(d, tensor_file_find(f, "fc.scale"), 2, (const float[]){0.25f, 2});
  ck_assert_str_eq(tensor_describe(a, tensor_file_find(f, "fc.zero_point")), "I64 [2]");
  expect_numbers(d, tensor_file_find(f, "fc.zero_point"), 2, (const float[]){1, -1});
  ck_assert_ptr_null(tensor_file_find(f, "bias")->quant);
  const tensor *second = tensor_file_find(f, "fc#3");
  ck_assert_str_eq(tensor_describe(a, second), "I4 [3]");
  ck_assert_uint_eq(second->size, 2);
  expect_numbers(d, second, 3, (const float[]){1, 0, 2});
  ck_assert_int_eq(second->quant->axis, -1);
  ck_assert_ptr_null(second->quant->zero_point);
  ck_assert_str_eq(tensor_file_meta(f, "version"), "3");
  ck_assert_str_eq(tensor_file_meta(f, "description"), "a sample");
  ck_assert_str_eq(tensor_file_meta(f, "metadata.min_runtime_version"), "1.5.0");
  ck_assert_str_eq(tensor_file_meta(f, "inputs[0]"), "x: I8 [1, 3], scale 0.5, zero point -3");
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_tflite(0);
  expect_survives_damage("x.tflite", &s, s.size, 1); // a text's last byte is its NUL, which nobody reads
  sample_free(&s);
}
END_TEST

// Every 16- and 32-bit word set to numbers that hurt.
START_TEST(survives_hostile_words) {
  static const uint32_t numbers[] = {0, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000};
  sample s = sample_tflite(0);
  for (size_t at = 0; at + 4 <= s.size; at += 2) {
    for (unsigned n = 0; n < 2 * sizeof numbers / sizeof *numbers; n++) {
      arena *a = arena_new();
      uint8_t kept[4];
      memcpy(kept, s.data + at, 4);
      sample_put(&s, at, n % 2 == 0 ? 4 : 2, numbers[n / 2]);
      (void)parse_messages(a, "x.tflite", &s, NULL);
      ck_assert_uint_lt(arena_used(a), 1u << 20);
      memcpy(s.data + at, kept, 4);
      arena_free(a);
    }
  }
  sample_free(&s);
}
END_TEST

// Fields lie behind the table's first four bytes, one after the other (see samples_tflite.c).
static const struct {
  const char *label;
  const char *mark;
  int offset;
  unsigned width;
  uint64_t value;
  const char *expected;
} damaged[] = {
    {"another schema version", "model", 4, 4, 2, "schema version 2 is not supported"},
    {"root beyond the end", "model", -26, 4, 0xfffffff0, "the root table does not lie inside the file"},
    {"vtable before the begin", "model", 0, 4, 0x7fffffff, "the root table does not lie inside the file"},
    {"vtable beyond the end", "model", 0, 4, 0x80000000, "the root table does not lie inside the file"},
    {"vtable of an odd size", "model", -18, 2, 7, "the root table does not lie inside the file"},
    {"vtable without room", "model", -18, 2, 0xfffe, "the root table does not lie inside the file"},
    {"table without room", "model", -16, 2, 0xffff, "the root table does not lie inside the file"},
    {"a field behind its table", "model", -14, 2, 60, "lies outside of its table"},
    {"a field in the table's head", "model", -14, 2, 2, "lies outside of its table"},
    {"subgraphs beyond the end", "model", 8, 4, 0xffffff, "the list of subgraphs does not lie inside the file"},
    {"subgraphs by the billion", "subgraphs", 0, 4, 0xffffffff, "elements, which reach beyond the end"},
    {"tensors by the million", "tensors", 0, 4, 1000000, "elements, which reach beyond the end"},
    {"a buffer that does not exist", "fc", 9, 4, 5, "is in buffer 5, but there are 5"},
    {"an unknown type", "fc", 8, 1, 99, "tensor 'fc': elements of type number 99 are not supported"},
    {"a larger type", "fc", 8, 1, 0, "its shape needs 24 bytes, but its buffer has 6"},
    {"a smaller buffer", "fc", 9, 4, 3, "its shape needs 6 bytes, but its buffer has 2"},
    {"a negative dimension", "fc", 25, 4, 0xffffffff, "a dimension is over 2147483647"},
    {"shape of nine dimensions", "fc", 21, 4, 9, "has 9 dimensions; at most 8 are read"},
    {"a control character in a name", "fc", 37, 1, 7, "is not at most 4096 bytes of UTF-8"},
    {"another dimension", "fc quant", 17, 4, 1, "has 2 scales along dimension 1, which does not fit to I8 [2, 3]"},
    {"a dimension that does not exist", "fc quant", 17, 4, 7, "along dimension 7"},
    {"a scale that is no number", "fc quant", 25, 4, 0x7fc00000, "tensor 'fc.scale': number 0 is nan"},
    {"an infinite scale", "fc quant", 29, 4, 0x7f800000, "tensor 'fc.scale': number 1 is inf"},
    {"a negative scale", "fc quant", 29, 4, 0xbf800000, "tensor 'fc.scale': number 1 is -1"},
    {"a zero point out of range", "fc quant", 37, 8, 128, "'fc.zero_point': number 0 is 128, which is no zero point"},
    {"quantized in another way", "fc quant", 12, 1, 3, "is quantized in a way that is not known here (3)"},
    {"blocks without scales", "fc quant", 12, 1, 2, "does not lie inside"},
    {"a buffer in the file, beyond its end", "buffer 0", 4, 8, 1u << 20, "is outside of the file"},
    {"inputs that do not exist", "inputs", 4, 4, 4, "inputs name tensor 4, which does not exist"},
    {"more inputs than tensors", "inputs", 0, 4, 9, "is longer than that of tensors"},
};

START_TEST(refuses) {
  sample s = sample_tflite(0);
  size_t at = (size_t)((int64_t)sample_at(&s, damaged[_i].mark) + damaged[_i].offset);
  sample_put(&s, at, damaged[_i].width, damaged[_i].value);
  expect_refused(damaged[_i].label, "x.tflite", s, damaged[_i].expected);
}
END_TEST

// One tensor in many places of the list: sharing is no way to fill the memory.
START_TEST(shares_too_much) {
  arena *a = arena_new();
  sample few = sample_tflite(3), many = sample_tflite(10000);
  bool accepted;
  const char *text = parse_messages(a, "few.tflite", &few, &accepted);
  ck_assert_msg(accepted, "%s", text);
  size_t used = arena_used(a);
  text = parse_messages(a, "many.tflite", &many, &accepted);
  ck_assert_msg(strstr(text, "uses the same bytes too many times") != NULL, "%s", text);
  ck_assert_uint_lt(arena_used(a) - used, 32 * many.size);
  sample_free(&few);
  sample_free(&many);
  arena_free(a);
}
END_TEST

// Large models have their bytes behind the FlatBuffer, at an offset in the file.
START_TEST(bytes_behind) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_tflite(0);
  size_t end = s.size;
  sample_append(&s, "abcdef", 6);
  sample_put(&s, sample_at(&s, "fc") + 9, 4, 0); // its buffer
  sample_put(&s, sample_at(&s, "buffer 0") + 4, 8, end);
  sample_put(&s, sample_at(&s, "buffer 0") + 12, 8, 6);
  sample_put(&s, sample_at(&s, "input") + 9, 4, 5); // it has buffer 0, too
  tensor_file *f = tensor_file_parse(d, a, "m.tflite", s.data, s.size);
  ck_assert_msg(f == NULL, "a buffer that does not exist");
  sample_put(&s, sample_at(&s, "input") + 8, 1, 5); // texts are left out
  sample_put(&s, sample_at(&s, "input") + 9, 4, 0);
  f = tensor_file_parse(d, a, "m.tflite", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_mem_eq(tensor_file_find(f, "fc")->data, "abcdef", 6);
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Scales of blocks are a tensor of the model.
static sample blockwise(uint64_t scales, uint64_t block, uint64_t dimension) {
  sample s = sample_tflite(0);
  size_t quant = sample_at(&s, "fc quant"), vtable = s.size;
  const uint64_t words[] = {10, 16, 4, 8, 12};
  for (size_t i = 0; i < 5; i++) sample_append_int(&s, 2, words[i]);
  sample_put(&s, quant + 12, 1, 2);
  sample_put(&s, quant + 13, 4, s.size - (quant + 13));
  sample_put(&s, quant + 17, 4, dimension);
  sample_append_int(&s, 4, s.size - vtable);
  sample_append_int(&s, 4, scales);
  sample_append_int(&s, 4, 0);
  sample_append_int(&s, 4, block);
  return s;
}

START_TEST(blocks_of_scales) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = blockwise(2, 3, 1);
  tensor_file *f = tensor_file_parse(d, a, "m.tflite", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  const tensor_quant *q = tensor_file_find(f, "fc")->quant;
  ck_assert_str_eq(q->scale, "bias");
  ck_assert_ptr_null(q->zero_point);
  ck_assert_int_eq(q->axis, 1);
  ck_assert_uint_eq(q->block, 3);
  ck_assert_ptr_null(tensor_file_find(f, "fc.scale"));
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
  expect_refused("no such tensor", "x.tflite", blockwise(9, 3, 1), "with the scales in tensor 9 make no sense");
  expect_refused("the input", "x.tflite", blockwise(0, 3, 1), "make no sense");
  expect_refused("blocks of nothing", "x.tflite", blockwise(2, 0, 1), "make no sense");
  expect_refused("negative blocks", "x.tflite", blockwise(2, 0xffffffff, 1), "make no sense");
  expect_refused("no such dimension", "x.tflite", blockwise(2, 3, 2), "make no sense");
}
END_TEST

TCase *tflite_cases(void) {
  TCase *t = tcase_create("tflite");
  tcase_add_test(t, good_file);
  tcase_add_test(t, survives_damage);
  tcase_add_test(t, survives_hostile_words);
  tcase_add_test(t, shares_too_much);
  tcase_add_test(t, bytes_behind);
  tcase_add_test(t, blocks_of_scales);
  tcase_add_loop_test(t, refuses, 0, (int)(sizeof damaged / sizeof *damaged));
  return t;
}

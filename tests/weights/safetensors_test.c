#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/vec.h"
#include "tests/weights/tensor_file_tests.h"

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA);
  tensor_file *f = tensor_file_parse(d, a, "good", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "safetensors");
  ck_assert_uint_eq(tensor_file_count(f), 4);
  const tensor *t = tensor_file_find(f, "fc1.weight");
  ck_assert_ptr_eq(t, tensor_file_at(f, 0));
  ck_assert_int_eq(t->dtype, TENSOR_F32);
  ck_assert_uint_eq(t->rank, 2);
  ck_assert_uint_eq(t->dims[0], 4);
  ck_assert_uint_eq(t->dims[1], 3);
  ck_assert_uint_eq(t->count, 12);
  ck_assert_uint_eq(t->size, 48);
  ck_assert_uint_eq(t->data[0], 1);
  ck_assert_uint_eq(tensor_file_find(f, "codes")->data[2], 57);
  ck_assert_uint_eq(tensor_file_find(f, "none")->count, 0);
  ck_assert_str_eq(tensor_file_meta(f, "note"), "caf\xc3\xa9");
  ck_assert_str_eq(tensor_describe(a, t), "F32 [4, 3]");
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Forms that other writers produce.
static const struct {
  const char *label;
  const char *header;
  size_t data;
} accepted[] = {
    {"no tensors", "{}", 0},
    {"leading white space", " \n\t {\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2},
    {"a scalar", "{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8},
    {"tensors in another order than their data",
     "{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]},"
     "\"a\":{\"data_offsets\":[0,3],\"dtype\":\"I8\",\"shape\":[3]}}",
     5},
    {"packed four-bit elements", "{\"a\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[0,3]}}", 3},
    {"a name with escapes and punctuation",
     "{\"a\\\"}{,:[\\u00fc\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1},
    {"empty tensors at one place",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
     "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
     1},
    {"empty metadata", "{\"__metadata__\":{}}", 0},
};

START_TEST(accepts) {
  arena *a = arena_new();
  sample s = sample_safetensors(accepted[_i].header, accepted[_i].data);
  bool ok;
  const char *text = parse_messages(a, "x.safetensors", &s, &ok);
  ck_assert_msg(ok, "%s: %s", accepted[_i].label, text);
  sample_free(&s);
  arena_free(a);
}
END_TEST

#define ENTRY(dtype, shape, offsets) \
  "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(first, second)                                              \
  "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" first "}," \
  "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" second "}}"

static const struct {
  const char *label;
  const char *header;
  size_t data;
  const char *expected;
} damaged[] = {
    {"not JSON", "{\"a\":nonsense}", 0, "malformed JSON"},
    {"no object", "[1]", 0, "does not begin with '{'"},
    {"empty header", "", 0, "does not begin with '{'"},
    {"unclosed object", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}", 1, "lacks ',' or '}'"},
    {"unclosed text", "{\"a", 0, "without closing quote"},
    {"unclosed text in a value", "{\"a\":{\"dtype\":\"U8", 0, "without closing quote"},
    {"text that ends in a backslash", "{\"a\\", 0, "without closing quote"},
    {"key without quotes", "{a:1}", 0, "lacks a quoted key"},
    {"key without value", "{\"a\":}", 0, "key without value"},
    {"key without colon", "{\"a\" 1}", 0, "lacks ':'"},
    {"comma before the end", "{\"__metadata__\":{},}", 0, "lacks a quoted key"},
    {"text after the object", "{} x", 0, "goes on after its closing '}'"},
    {"two objects", "{}{}", 0, "goes on after its closing '}'"},
    {"a NUL after the object", "{}\t\v", 0, "goes on after its closing '}'"},
    {"mismatched brackets", "{\"a\":{\"dtype\":[\"U8\"}]}", 0, "tensor 'a': malformed JSON"},
    {"nested too deeply", "{\"a\":[[[[1]]]]}", 0, "nested too deeply"},
    {"very deep nesting", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, "nested too deeply"},
    {"two tensors of one name",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
     2, "two tensors have the name 'a'"},
    {"one name, once with escapes",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
     2, "two tensors have the name 'a'"},
    {"a member twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': malformed JSON: 'duplicate object key"},
    {"description is no object", "{\"a\":5}", 0, "its description is no object"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "lacks 'dtype'"},
    {"no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "lacks 'shape'"},
    {"no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "lacks 'data_offsets'"},
    {"unknown member", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1,
     "members other than"},
    {"unknown dtype", ENTRY("Q99", "[1]", "[0,1]"), 1, "dtype 'Q99' are not supported"},
    {"dtype of the enum, not the file type", ENTRY("blocks", "[1]", "[0,1]"), 1, "dtype 'blocks' are not supported"},
    {"dtype is a number", "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "'dtype' is no string"},
    {"shape is a number", ENTRY("U8", "1", "[0,1]"), 1, "'shape' is no array"},
    {"negative dimension", ENTRY("U8", "[-1]", "[0,1]"), 1, "no integer from 0"},
    {"real dimension", ENTRY("U8", "[1.0]", "[0,1]"), 1, "no integer from 0"},
    {"exponent in a dimension", ENTRY("U8", "[1e0]", "[0,1]"), 1, "no integer from 0"},
    {"text as dimension", ENTRY("U8", "[\"1\"]", "[0,1]"), 1, "no integer from 0"},
    {"integer over 64 bits", ENTRY("U8", "[99999999999999999999]", "[0,1]"), 1, "too big integer"},
    {"dimension over 31 bits", ENTRY("U8", "[2147483648]", "[0,1]"), 1, "over 2147483647"},
    {"nine dimensions", ENTRY("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, "has 9 dimensions; at most 8 are read"},
    {"product overflows", ENTRY("U8", "[2147483647,2147483647,2147483647]", "[0,1]"), 1, "overflows"},
    {"size in bits overflows", ENTRY("F64", "[2147483647,2147483647]", "[0,1]"), 1, "overflows"},
    {"half a byte left over", ENTRY("F4", "[3]", "[0,1]"), 1, "do not fill whole bytes"},
    {"size is not what the shape needs", ENTRY("F32", "[2]", "[0,4]"), 4, "need 8 bytes, but 'data_offsets' span 4"},
    {"three offsets", ENTRY("U8", "[1]", "[0,1,2]"), 1, "no pair of integers"},
    {"negative offset", ENTRY("U8", "[1]", "[-1,0]"), 1, "no pair of integers"},
    {"offsets backwards", ENTRY("U8", "[1]", "[1,0]"), 1, "ends before it begins"},
    {"data beyond the file", ENTRY("U8", "[8]", "[0,8]"), 7, "it is truncated"},
    {"trailing bytes", ENTRY("U8", "[8]", "[0,8]"), 9, "1 bytes follow the last tensor"},
    {"trailing bytes without tensors", "{}", 3, "3 bytes follow the last tensor"},
    {"overlap", TWO("[0,4]", "[3,7]"), 7, "tensor 'b' overlaps"},
    {"same bytes", TWO("[0,4]", "[0,4]"), 4, "overlaps another tensor"},
    {"hole", TWO("[0,4]", "[5,9]"), 9, "hole before tensor 'b'"},
    {"hole at the begin", ENTRY("U8", "[1]", "[1,2]"), 2, "hole before tensor 'a'"},
    {"empty name", "{\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "empty name"},
    {"control character in a name", "{\"a\\nb\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "without control characters"},
    {"NUL in a name", "{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "malformed JSON"},
    {"malformed UTF-8", "{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "malformed JSON"},
    {"overlong UTF-8", "{\"a\xc0\xaf\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "malformed JSON"},
    {"lone surrogate", "{\"a\\ud800\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "malformed JSON"},
    {"metadata is no object", "{\"__metadata__\":[]}", 0, "__metadata__ is no object"},
    {"metadata value is a number", "{\"__metadata__\":{\"a\":1}}", 0, "value of 'a' is no string"},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is there twice"},
    {"metadata with escapes", "{\"__metadata_\\u005f\":{}}", 0, "written with escapes"},
    {"metadata key twice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "duplicate object key"},
};

START_TEST(refuses) {
  expect_refused(damaged[_i].label, "x.safetensors", sample_safetensors(damaged[_i].header, damaged[_i].data),
                 damaged[_i].expected);
}
END_TEST

static const struct {
  const char *label;
  uint64_t length;
  const char *expected;
} lengths[] = {
    {"zero", 0, "does not begin with '{'"},
    {"one less than the object", 1, "lacks a quoted key"},
    {"more than the file", 5000, "the file is truncated"},
    {"over the limit", 100000001, "at most 100000000"},
    {"nearly 2^64", UINT64_MAX, "at most 100000000"},
    {"2^63", (uint64_t)1 << 63, "at most 100000000"},
};

START_TEST(refuses_header_length) {
  sample s = sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA);
  sample_put(&s, 0, 8, lengths[_i].length);
  expect_refused(lengths[_i].label, "x.safetensors", s, lengths[_i].expected);
}
END_TEST

START_TEST(refuses_long_name) {
  char header[16384];
  snprintf(header, sizeof header, "{\"%08193d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 7);
  expect_refused("long name", "x.safetensors", sample_safetensors(header, 1), "has 8193 bytes; at most 8192");
}
END_TEST

// One run reports several tensors.
START_TEST(reports_many) {
  arena *a = arena_new();
  sample s = sample_safetensors("{\"a\":{\"dtype\":\"X\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":7,"
                                "\"c\":{\"dtype\":\"U8\",\"shape\":[1]}}",
                                1);
  const char *text = parse_messages(a, "x.safetensors", &s, NULL);
  ck_assert_ptr_nonnull(strstr(text, "tensor 'a': elements of dtype 'X' are not supported (at byte 13)"));
  ck_assert_ptr_nonnull(strstr(text, "tensor 'b': its description is no object"));
  ck_assert_ptr_nonnull(strstr(text, "tensor 'c' lacks 'data_offsets'"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

// What writers say of a tensor as JSON text in bytes becomes tensors beside it.
START_TEST(numbers_in_text) {
  static const char text[] =
      "{\"offset\": 0.25, \"fine\": 0.1, \"size\": 64, \"shape\": [3, 5], \"kind\": \"x\", \"w\": 7, "
      "\"no.key\": 1, \"mixed\": [1, 2.5], \"taken\": 9}";
  enum { LENGTH = sizeof text - 1 };
  arena *a = arena_new();
  const char *header =
      arena_printf(a,
                   "{\"l.w\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [0, 2]},"
                   "\"l.w.taken\": {\"dtype\": \"U8\", \"shape\": [1], \"data_offsets\": [2, 3]},"
                   "\"l.w.state.kind\": {\"dtype\": \"U8\", \"shape\": [%d], \"data_offsets\": [3, %d]},"
                   "\"l.w.other\": {\"dtype\": \"U8\", \"shape\": [%d], \"data_offsets\": [%d, %d]},"
                   "\"alone.text\": {\"dtype\": \"U8\", \"shape\": [%d], \"data_offsets\": [%d, %d]}}",
                   LENGTH, 3 + LENGTH, LENGTH, 3 + LENGTH, 3 + 2 * LENGTH, LENGTH, 3 + 2 * LENGTH, 3 + 3 * LENGTH);
  sample s = sample_safetensors(header, 3 + 3 * LENGTH);
  for (int i = 1; i <= 3; i++) memcpy(s.data + s.size - (size_t)i * LENGTH, text, LENGTH);
  diag *d = diag_new(a, stderr, false);
  tensor_file *f = tensor_file_parse(d, a, "x.safetensors", s.data, s.size);
  ck_assert_ptr_nonnull(f);
  static const struct {
    const char *name;
    tensor_dtype dtype;
    uint64_t count;
    double first;
  } expected[] = {{"l.w.offset", TENSOR_F32, 1, 0.25},
                  {"l.w.size", TENSOR_I64, 1, 64},
                  {"l.w.shape", TENSOR_I64, 2, 3},
                  {"l.w.w", TENSOR_I64, 1, 7}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const tensor *t = tensor_file_find(f, expected[i].name);
    float value = 0;
    ck_assert_msg(t != NULL && t->dtype == expected[i].dtype && t->count == expected[i].count, "%s", expected[i].name);
    ck_assert(tensor_read_f32(d, t, 0, 1, &value));
    ck_assert_double_eq((double)value, expected[i].first);
  }
  const tensor *fine = tensor_file_find(f, "l.w.fine");
  ck_assert(fine != NULL && fine->dtype == TENSOR_F64);
  ck_assert_int_eq(tensor_file_find(f, "l.w.taken")->dtype, TENSOR_U8);
  ck_assert_uint_eq(tensor_file_count(f), 5 + 5); // nothing of the texts whose owner has one, or that have no owner
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA);
  expect_survives_damage("x.safetensors", &s, s.size - SAMPLE_SAFETENSORS_DATA, 0);
  sample_free(&s);
}
END_TEST

// Memory is bounded by the size of the header, whatever it holds, and many tensors are no slower each.
START_TEST(memory_is_linear) {
  enum { COUNT = 20000 };
  arena *a = arena_new();
  strbuf header = {.mem = a};
  for (unsigned i = 0; i < COUNT; i++) {
    strbuf_printf(&header, "%c\"%u\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i == 0 ? '{' : ',', i);
  }
  strbuf_putc(&header, '}');
  sample s = sample_safetensors(strbuf_text(&header), 0);
  arena *used = arena_new();
  diag *d = diag_new(used, NULL, false);
  tensor_file *f = tensor_file_parse(d, used, "many", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_uint_eq(tensor_file_count(f), COUNT);
  ck_assert_uint_le(arena_used(used), 4 * s.size + 65536);
  sample_free(&s);
  arena_free(used);
  arena_free(a);
}
END_TEST

#define COUNT_OF(table) (int)(sizeof(table) / sizeof *(table))

TCase *safetensors_cases(void) {
  TCase *t = tcase_create("safetensors");
  tcase_add_test(t, good_file);
  tcase_add_loop_test(t, accepts, 0, COUNT_OF(accepted));
  tcase_add_loop_test(t, refuses, 0, COUNT_OF(damaged));
  tcase_add_loop_test(t, refuses_header_length, 0, COUNT_OF(lengths));
  tcase_add_test(t, refuses_long_name);
  tcase_add_test(t, reports_many);
  tcase_add_test(t, numbers_in_text);
  tcase_add_test(t, survives_damage);
  tcase_add_test(t, memory_is_linear);
  return t;
}

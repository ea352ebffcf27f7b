#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

static tensor_file *parse_good(arena *a, diag *d, const sample *s) {
  tensor_file *f = tensor_file_parse(d, a, "good.gguf", s->data, s->size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  return f;
}

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  tensor_file *f = parse_good(a, d, &s);
  ck_assert_str_eq(tensor_file_kind(f), "GGUF");
  ck_assert_uint_eq(tensor_file_count(f), 4);
  const tensor *t = tensor_file_find(f, "a.weight");
  ck_assert_str_eq(tensor_describe(a, t), "F32 [3, 4]"); // outermost first
  ck_assert_uint_eq(t->size, 48);
  t = tensor_file_find(f, "c.bias");
  ck_assert_str_eq(tensor_describe(a, t), "F16 [5]");
  ck_assert_uint_eq(t->size, 10);
  ck_assert_ptr_eq(t->data, s.data + sample_at(&s, "c data"));
  t = tensor_file_find(f, "b.blocks");
  ck_assert_str_eq(tensor_describe(a, t), "blocks of type 2 [2, 32]");
  ck_assert_uint_eq(t->size, 64); // up to the next tensor
  sample_free(&s);
  arena_free(a);
}
END_TEST

static const struct {
  const char *key;
  const char *type;
  const char *value;
} metadata[] = {
    {"general.architecture", "string", "sample"},
    {"general.alignment", "u32", "32"},
    {"a.u8", "u8", "200"},
    {"a.i8", "i8", "-1"},
    {"a.u16", "u16", "65535"},
    {"a.i16", "i16", "-2"},
    {"a.i32", "i32", "-3"},
    {"a.f32", "f32", "1.5"},
    {"a.bool", "bool", "true"},
    {"a.u64", "u64", "18446744073709551615"},
    {"a.i64", "i64", "-5"},
    {"a.f64", "f64", "0.25"},
    {"tokens", "array", "array of 3 string"},
    {"scores", "array", "array of 3 f32"},
};

START_TEST(good_metadata) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  tensor_file *f = parse_good(a, d, &s);
  ck_assert_uint_eq(tensor_file_meta_count(f), sizeof metadata / sizeof *metadata);
  for (size_t i = 0; i < tensor_file_meta_count(f); i++) {
    const tensor_meta *m = tensor_file_meta_at(f, i);
    ck_assert_str_eq(m->key, metadata[i].key);
    ck_assert_str_eq(m->type, metadata[i].type);
    ck_assert_str_eq(m->value, metadata[i].value);
    ck_assert_ptr_eq(tensor_file_meta(f, m->key), m->value);
  }
  ck_assert_ptr_null(tensor_file_meta(f, "absent"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

static void expect_items(arena *a, const tensor_meta *m, const char *item_type, size_t count,
                         const char *const *expected) {
  tensor_meta_cursor at = {0};
  ck_assert_str_eq(m->item_type, item_type);
  ck_assert_uint_eq(m->count, count);
  for (size_t i = 0; i < count; i++) ck_assert_str_eq(tensor_meta_next(a, m, &at), expected[i]);
  ck_assert_ptr_null(tensor_meta_next(a, m, &at));
}

START_TEST(metadata_arrays) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  tensor_file *f = parse_good(a, d, &s);
  size_t last = tensor_file_meta_count(f) - 1;
  expect_items(a, tensor_file_meta_at(f, last - 1), "string", 3, (const char *const[]){"<s>", "", "'\\xff raw byte'"});
  expect_items(a, tensor_file_meta_at(f, last), "f32", 3, (const char *const[]){"0", "1", "2"});
  tensor_meta_cursor at = {0};
  ck_assert_ptr_null(tensor_meta_next(a, tensor_file_meta_at(f, 0), &at)); // no array
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(version_2) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  sample_put(&s, sample_at(&s, "version"), 4, 2);
  parse_good(a, d, &s);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// A vocabulary without tensors ends with its header.
START_TEST(no_tensors) {
  static const uint8_t bytes[24] = {'G', 'G', 'U', 'F', 3};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert_ptr_nonnull(tensor_file_parse(d, a, "x.gguf", bytes, sizeof bytes));
  arena_free(a);
}
END_TEST

START_TEST(good_blocks) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  tensor_file *f = parse_good(a, d, &s);
  const uint8_t *data;
  size_t size;
  ck_assert(tensor_blocks_check(d, f, tensor_file_find(f, "b.blocks"), 32, 18, &data, &size));
  ck_assert_uint_eq(size, 36);
  ck_assert_ptr_eq(data, s.data + sample_at(&s, "b data"));
  ck_assert(tensor_blocks_check(d, f, tensor_file_find(f, "d.blocks"), 32, 34, &data, &size));
  ck_assert_uint_eq(size, 68);
  ck_assert_uint_eq(diag_error_count(d), 0);
  sample_free(&s);
  arena_free(a);
}
END_TEST

static const struct {
  const char *tensor;
  uint64_t weights;
  uint64_t bytes;
  const char *expected;
} wrong_blocks[] = {
    {"b.blocks", 48, 18, "rows of 32 weights are no whole number of blocks of 48"},
    {"b.blocks", 32, 34, "2 blocks of 34 bytes do not fit into the 64 bytes"},
    {"b.blocks", 32, 16, "2 blocks of 16 bytes leave 32 of its 64 bytes unused"},
    {"b.blocks", 16, UINT64_MAX / 2, "do not fit into the 64 bytes"},
    {"a.weight", 32, 18, "holds F32 numbers, not quantized blocks"},
};

START_TEST(refuses_blocks) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_gguf();
  tensor_file *f = parse_good(a, d, &s);
  const uint8_t *data;
  size_t size;
  ck_assert(!tensor_blocks_check(d, f, tensor_file_find(f, wrong_blocks[_i].tensor), wrong_blocks[_i].weights,
                                 wrong_blocks[_i].bytes, &data, &size));
  ck_assert_msg(strstr(diag_text(d), wrong_blocks[_i].expected) != NULL, "expected '%s' in:\n%s",
                wrong_blocks[_i].expected, diag_text(d));
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Each row overwrites one field, found by its mark and a distance, of the valid sample.
static const struct {
  const char *label;
  const char *mark;
  int skip;
  unsigned width;
  uint64_t value;
  const char *expected;
} damaged[] = {
    {"version 1", "version", 0, 4, 1, "GGUF version 1 is not supported"},
    {"version 4", "version", 0, 4, 4, "GGUF version 4 is not supported"},
    {"version 0", "version", 0, 4, 0, "GGUF version 0 is not supported"},
    {"big-endian", "version", 0, 4, 0x03000000, "big-endian GGUF"},
    {"tensor count 2^63", "tensor count", 0, 8, (uint64_t)1 << 63, "claims 9223372036854775808 tensors"},
    {"tensor count -1", "tensor count", 0, 8, UINT64_MAX, "claims 18446744073709551615 tensors"},
    {"tensor count that a product would wrap", "tensor count", 0, 8, 0x1c71c71c71c71c72, "tensors, but only"},
    {"one tensor too many", "tensor count", 0, 8, 5, "at byte"},
    {"key count 2^60", "key count", 0, 8, (uint64_t)1 << 60, "metadata entries, but only"},
    {"one key too many", "key count", 0, 8, 15, "a tensor's name: a text of"},
    {"one key too few", "key count", 0, 8, 13, "tensor 'scores' has 9 dimensions"},
    {"key length beyond the file", "key 0", 0, 8, 100000, "a metadata key: a text of 100000 bytes"},
    {"key length 2^64 - 1", "key 0", 0, 8, UINT64_MAX, "a metadata key: a text of 18446744073709551615 bytes"},
    {"empty key", "key 0", 0, 8, 0, "a metadata key is empty"},
    {"control character in a key", "key 0", 9, 1, '\n', "metadata key 'g\\x0aneral.architecture' is not UTF-8"},
    {"malformed UTF-8 in a key", "key 0", 9, 1, 0xff, "metadata key 'g\\xffneral.architecture' is not UTF-8"},
    {"key twice", "i8 type", -4, 4, 0x38752e61 /* "a.u8" */, "two metadata entries have the key 'a.u8'"},
    {"value type 13", "u8 type", 0, 4, 13, "key 'a.u8': values of type 13 are not supported"},
    {"value type -1", "u8 type", 0, 4, UINT32_MAX, "key 'a.u8': value type 4294967295 is not plausible"},
    {"bool 2", "bool", 0, 1, 2, "bool value 2 is neither 0 nor 1"},
    {"string beyond the file", "string", 0, 8, 1 << 20, "general.architecture: a text of 1048576 bytes"},
    {"string length 2^64 - 1", "string", 0, 8, UINT64_MAX, "general.architecture: a text of"},
    {"malformed UTF-8 in a value", "string", 8, 1, 0xc0, "key 'general.architecture': its value is not UTF-8"},
    {"NUL in a value", "string", 10, 1, 0, "key 'general.architecture': its value is not UTF-8"},
    {"alignment 0", "alignment", 0, 4, 0, "0 is no power of two"},
    {"alignment 24", "alignment", 0, 4, 24, "24 is no power of two"},
    {"alignment 2^31", "alignment", 0, 4, 0x80000000, "2147483648 is no power of two up to 1048576"},
    {"alignment 2^21", "alignment", 0, 4, 1 << 21, "2097152 is no power of two up to 1048576"},
    {"alignment is no u32", "alignment type", 0, 4, 5, "'general.alignment' must be of type u32, not i32"},
    {"another alignment than the offsets have", "alignment", 0, 4, 128, "no multiple of the alignment 128"},
    {"arrays in an array", "tokens type", 0, 4, 9, "arrays of arrays are not supported"},
    {"array of an unknown type", "tokens type", 0, 4, 99, "key 'tokens': values of type 99 are not supported"},
    {"array longer than the file", "scores count", 0, 8, 1000, "an array of 1000 f32 cannot be in the"},
    {"array count that a product would wrap", "scores count", 0, 8, (uint64_t)1 << 62, "cannot be in the"},
    {"string array longer than the file", "tokens count", 0, 8, 1 << 20, "an array of 1048576 string cannot"},
    {"string in an array beyond the file", "token 0", 0, 8, 1 << 20, "tokens: a text of 1048576 bytes"},
    {"tensor name of 65 bytes", "a name", 0, 8, 65, "is not UTF-8 text without control characters"},
    {"tensor name beyond the file", "a name", 0, 8, UINT64_MAX, "a tensor's name: a text of"},
    {"empty tensor name", "a name", 0, 8, 0, "a tensor has an empty name"},
    {"control character in a tensor name", "a name", 9, 1, 7, "tensor name 'a\\x07weight' is not UTF-8"},
    {"five dimensions", "a rank", 0, 4, 5, "tensor 'a.weight' has 5 dimensions; at most 4"},
    {"2^32 - 1 dimensions", "a rank", 0, 4, UINT32_MAX, "tensor 'a.weight' has 4294967295 dimensions"},
    {"dimension 0", "a dim 0", 8, 8, 0, "tensor 'a.weight' has a dimension of 0"},
    {"dimension over 31 bits", "a dim 0", 0, 8, (uint64_t)1 << 31, "a dimension is over 2147483647"},
    {"negative dimension", "a dim 0", 0, 8, UINT64_MAX, "a dimension is over 2147483647"},
    {"size of a plain tensor beyond the file", "a dim 0", 0, 8, 1 << 20, "overlaps the one before it"},
    {"last-but-one tensor too long", "c dim 0", 0, 8, 17, "tensor 'd.blocks' at offset 160 overlaps"},
    {"smaller than the room for it", "a dim 0", 0, 8, 2, "leaves a hole: 32 was expected"},
    {"type over 65535", "a type", 0, 4, 65536, "type number 65536 is not plausible"},
    {"negative type", "a type", 0, 4, UINT32_MAX, "type number 4294967295 is not plausible"},
    {"wider type than the room", "c type", 0, 4, 28, "overlaps the one before it"},
    {"offset not aligned", "b offset", 0, 8, 65, "offset 65 is no multiple of the alignment 32"},
    {"first offset not 0", "a offset", 0, 8, 32, "leaves a hole: 0 was expected"},
    {"overlapping offset", "b offset", 0, 8, 32, "tensor 'b.blocks' at offset 32 overlaps"},
    {"offset with a hole", "b offset", 0, 8, 96, "leaves a hole: 64 was expected"},
    {"offset back to the begin", "c offset", 0, 8, 0, "tensor 'c.bias' at offset 0 overlaps"},
    {"offset after blocks beyond the file", "c offset", 0, 8, 1 << 20, "overlaps the one before it"},
    {"last offset beyond the file", "d offset", 0, 8, 1 << 20, "leaves a hole"},
    {"offset near 2^64", "c offset", 0, 8, UINT64_MAX - 31, "overlaps the one before it"},
    {"two tensors of one name", "d name", 8, 1, 'b', "two tensors have the name 'b.blocks'"},
    {"last plain tensor longer than the file", "d type", 0, 4, 0,
     "needs 256 bytes, but 96 follow: the file is truncated"},
};

START_TEST(refuses) {
  sample s = sample_gguf();
  size_t at = (size_t)((ptrdiff_t)sample_at(&s, damaged[_i].mark) + damaged[_i].skip);
  sample_put(&s, at, damaged[_i].width, damaged[_i].value);
  expect_refused(damaged[_i].label, "x.gguf", s, damaged[_i].expected);
}
END_TEST

START_TEST(truncated) {
  sample s = sample_gguf();
  sample cut = sample_resized(&s, sample_at(&s, "a data") - 1);
  expect_refused("within the padding of the header", "x.gguf", cut, "the file ends before the data of its tensors");
  cut = sample_resized(&s, sample_at(&s, "b data") + 5);
  expect_refused("within a tensor", "x.gguf", cut, "reaches beyond the end of the file: it is truncated");
  cut = sample_resized(&s, sample_at(&s, "d data"));
  expect_refused("before the last tensor", "x.gguf", cut, "tensor 'd.blocks' has no data: the file is truncated");
  sample_free(&s);
}
END_TEST

START_TEST(refuses_long_key) {
  sample s = sample_gguf();
  sample longer = sample_resized(&s, 100000);
  sample_put(&longer, sample_at(&s, "key 0"), 8, 65536);
  expect_refused("key over 65535 bytes", "x.gguf", longer, "a text of 65536 bytes; at most 65535 are read");
  sample_free(&s);
}
END_TEST

// Bytes that belong to nothing are told of: others that read the file do not look at them.
static const struct {
  const char *label;
  const char *mark;
  int skip;
  unsigned width;
  uint64_t value;
  const char *expected;
} strays[] = {
    {"last plain tensor shorter than the file", "d type", 0, 4, 24, "32 bytes follow the last tensor"},
    {"one tensor too few", "tensor count", 0, 8, 3, "padding is not zero"},
    {"byte in the padding", "c data", 10, 1, 1, "padding is not zero"},
    {"byte behind the header", "header end", 0, 1, 1, "padding is not zero"},
    {"byte behind blocks", "b data", 40, 1, 1, "28 bytes behind the blocks of tensor 'b.blocks' belong to nothing"},
};

START_TEST(strays_are_told_of) {
  sample s = sample_gguf();
  size_t at = (size_t)((ptrdiff_t)sample_at(&s, strays[_i].mark) + strays[_i].skip);
  sample_put(&s, at, strays[_i].width, strays[_i].value);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = parse_good(a, d, &s);
  const uint8_t *data;
  size_t size;
  ck_assert(tensor_blocks_check(d, f, tensor_file_find(f, "b.blocks"), 32, 18, &data, &size));
  ck_assert_uint_eq(diag_error_count(d), 0);
  ck_assert_msg(strstr(diag_text(d), strays[_i].expected) != NULL, "%s: %s", strays[_i].label, diag_text(d));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "[-Wstray-bytes]"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(bytes_without_tensors) {
  static const uint8_t header[24] = {'G', 'G', 'U', 'F', 3};
  sample empty = {0};
  sample s = sample_resized(&empty, 40);
  memcpy(s.data, header, sizeof header);
  bool accepted;
  arena *a = arena_new();
  const char *said = parse_messages(a, "x.gguf", &s, &accepted);
  ck_assert(accepted);
  ck_assert_ptr_nonnull(strstr(said, "no tensors, but bytes follow its header (at byte 32)"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

// The size of the last block tensor is known only with its layout.
START_TEST(truncated_blocks) {
  static const struct {
    size_t more;
    const char *expected;
  } rows[] = {{67, "2 blocks of 34 bytes do not fit into the 67 bytes"}, {100, "leave 32 of its 100 bytes unused"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    sample s = sample_gguf();
    sample cut = sample_resized(&s, sample_at(&s, "d data") + rows[i].more);
    tensor_file *f = parse_good(a, d, &cut);
    const uint8_t *data;
    size_t size;
    ck_assert(!tensor_blocks_check(d, f, tensor_file_find(f, "d.blocks"), 32, 34, &data, &size));
    ck_assert_msg(strstr(diag_text(d), rows[i].expected) != NULL, "%s", diag_text(d));
    sample_free(&cut);
    sample_free(&s);
    arena_free(a);
  }
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_gguf();
  size_t last = s.size - sample_at(&s, "d data");
  expect_survives_damage("x.gguf", &s, sample_at(&s, "header end"), last - 1);
  sample_free(&s);
}
END_TEST

// Memory is bounded by the size of the header, and many tensors are no slower each.
START_TEST(memory_is_linear) {
  enum { COUNT = 20000, ENTRY = 8 + 5 + 4 + 8 + 4 + 8, HEADER = 24 };
  sample empty = {0};
  sample s = sample_resized(&empty, HEADER + (size_t)COUNT * ENTRY);
  memcpy(s.data, "GGUF", 4);
  sample_put(&s, 4, 4, 3);
  sample_put(&s, 8, 8, COUNT);
  for (size_t i = 0; i < COUNT; i++) {
    size_t at = HEADER + i * ENTRY;
    char name[6] = {0};
    for (size_t j = 0, n = i; j < 5; j++, n /= 10) name[j] = (char)('0' + n % 10);
    sample_put(&s, at, 8, 5);
    memcpy(s.data + at + 8, name, 5);
    sample_put(&s, at + 13, 4, 1);
    sample_put(&s, at + 17, 8, 32);
    sample_put(&s, at + 25, 4, 24);
    sample_put(&s, at + 29, 8, 32 * i);
  }
  size_t header = s.size;
  sample whole = sample_resized(&s, (header + 31) / 32 * 32 + 32 * (size_t)COUNT);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = parse_good(a, d, &whole);
  ck_assert_uint_eq(tensor_file_count(f), COUNT);
  ck_assert_uint_le(arena_used(a), 4 * header + 65536);
  sample_free(&whole);
  sample_free(&s);
  arena_free(a);
}
END_TEST

#define COUNT_OF(table) (int)(sizeof(table) / sizeof *(table))

TCase *gguf_cases(void) {
  TCase *t = tcase_create("gguf");
  tcase_add_test(t, good_file);
  tcase_add_test(t, good_metadata);
  tcase_add_test(t, metadata_arrays);
  tcase_add_test(t, version_2);
  tcase_add_test(t, no_tensors);
  tcase_add_test(t, good_blocks);
  tcase_add_loop_test(t, refuses_blocks, 0, COUNT_OF(wrong_blocks));
  tcase_add_loop_test(t, refuses, 0, COUNT_OF(damaged));
  tcase_add_test(t, truncated);
  tcase_add_test(t, refuses_long_key);
  tcase_add_test(t, bytes_without_tensors);
  tcase_add_loop_test(t, strays_are_told_of, 0, (int)(sizeof strays / sizeof *strays));
  tcase_add_test(t, truncated_blocks);
  tcase_add_test(t, survives_damage);
  tcase_add_test(t, memory_is_linear);
  return t;
}

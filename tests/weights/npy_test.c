#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_npy((unsigned)_i, sample_npy_header, SAMPLE_NPY_DATA);
  tensor_file *f = tensor_file_parse(d, a, "dir/input.npy", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "npy");
  ck_assert_uint_eq(tensor_file_count(f), 1);
  const tensor *t = tensor_file_at(f, 0);
  ck_assert_str_eq(t->name, "input");
  ck_assert_str_eq(tensor_describe(a, t), "F32 [2, 3]");
  ck_assert_uint_eq(t->data[0], 1);
  ck_assert_uint_eq(t->size, SAMPLE_NPY_DATA);
  ck_assert_uint_eq(tensor_file_meta_count(f), 0);
  sample_free(&s);
  arena_free(a);
}
END_TEST

#define HEADER(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static const struct {
  const char *header;
  size_t data;
  const char *shape;
} accepted[] = {
    {HEADER("'<f2'", "False", "(3,)"), 6, "F16 [3]"},
    {HEADER("'<f8'", "False", "()"), 8, "F64 []"},
    {HEADER("'|i1'", "False", "(1, 2, 3)"), 6, "I8 [1, 2, 3]"},
    {HEADER("'|u1'", "False", "(0,)"), 0, "U8 [0]"},
    {HEADER("'|b1'", "False", "(2,)"), 2, "BOOL [2]"},
    {HEADER("'<i2'", "False", "(2,)"), 4, "I16 [2]"},
    {HEADER("'<u2'", "False", "(2,)"), 4, "U16 [2]"},
    {HEADER("'<i4'", "False", "(2,)"), 8, "I32 [2]"},
    {HEADER("'<u4'", "False", "(2,)"), 8, "U32 [2]"},
    {HEADER("'<i8'", "False", "(2,)"), 16, "I64 [2]"},
    {HEADER("'<u8'", "False", "(2,)"), 16, "U64 [2]"},
    {"{\"shape\":(2,2),\"fortran_order\":False,\"descr\":\"<f4\"}", 16, "F32 [2, 2]"},
    {HEADER("'>i1'", "False", "(2,)"), 2, "I8 [2]"},
};

START_TEST(accepts) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_npy(1, accepted[_i].header, accepted[_i].data);
  tensor_file *f = tensor_file_parse(d, a, "x.npy", s.data, s.size);
  ck_assert_msg(f != NULL, "%s: %s", accepted[_i].header, diag_text(d));
  ck_assert_str_eq(tensor_describe(a, tensor_file_at(f, 0)), accepted[_i].shape);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Elements in another order come in C order, the lowest byte first: a file has 1 2 3 ..
static const struct {
  const char *header;
  size_t data;
  uint8_t expected[8];
} orders[] = {
    {HEADER("'>u2'", "False", "(2, 2)"), 8, {2, 1, 4, 3, 6, 5, 8, 7}},
    {HEADER("'|u1'", "True", "(2, 3)"), 6, {1, 3, 5, 2, 4, 6}},
    {HEADER("'|u1'", "True", "(2, 2, 2)"), 8, {1, 5, 3, 7, 2, 6, 4, 8}},
    {HEADER("'>u2'", "True", "(2, 2)"), 8, {2, 1, 6, 5, 4, 3, 8, 7}},
    {HEADER("'>f4'", "True", "(2,)"), 8, {4, 3, 2, 1, 8, 7, 6, 5}},
    {HEADER("'|u1'", "True", "(2, 0)"), 0, {0}},
    {HEADER("'>f8'", "True", "()"), 8, {8, 7, 6, 5, 4, 3, 2, 1}},
};

START_TEST(other_orders) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_npy(1, orders[_i].header, orders[_i].data);
  tensor_file *f = tensor_file_parse(d, a, "x.npy", s.data, s.size);
  ck_assert_msg(f != NULL, "%s: %s", orders[_i].header, diag_text(d));
  ck_assert_mem_eq(tensor_file_at(f, 0)->data, orders[_i].expected, orders[_i].data);
  sample_walk(a, f);
  expect_survives_damage("x.npy", &s, s.size, 0);
  sample_free(&s);
  arena_free(a);
}
END_TEST

#define GOOD HEADER("'<f4'", "False", "(2, 3)")

static const struct {
  const char *label;
  unsigned major;
  const char *header;
  size_t data;
  const char *expected;
} damaged[] = {
    {"version 0", 0, GOOD, 24, ".npy version 0.0 is not supported"},
    {"version 4", 4, GOOD, 24, ".npy version 4.0 is not supported"},
    {"objects", 1, HEADER("'|O'", "False", "(2, 3)"), 24, "pickle"},
    {"structured", 1, HEADER("[('a', '<f4')]", "False", "(2, 3)"), 24, "structured arrays"},
    {"text", 1, HEADER("'<U4'", "False", "(2, 3)"), 24, "element type '<U4' is not supported"},
    {"complex", 1, HEADER("'<c8'", "False", "(3,)"), 24, "element type '<c8' is not supported"},
    {"empty element type", 1, HEADER("''", "False", "(3,)"), 24, "element type '' is not supported"},
    {"only a byte order", 1, HEADER("'<'", "False", "(3,)"), 24, "element type '<' is not supported"},
    {"no byte order", 1, HEADER("'f4'", "False", "(2, 3)"), 24, "does not say its byte order"},
    {"byte order 'none' for four bytes", 1, HEADER("'|f4'", "False", "(2, 3)"), 24, "does not say its byte order"},
    {"element type is a number", 1, HEADER("4", "False", "(2, 3)"), 24, "no quoted text"},
    {"order is a number", 1, HEADER("'<f4'", "0", "(2, 3)"), 24, "neither True nor False"},
    {"shape is a number", 1, HEADER("'<f4'", "False", "6"), 24, "lacks '(' before the shape"},
    {"shape in parentheses, no tuple", 1, HEADER("'<f4'", "False", "(6)"), 24, "a number, not a tuple"},
    {"negative dimension", 1, HEADER("'<f4'", "False", "(-6,)"), 24, "the shape is no number"},
    {"huge dimension", 1, HEADER("'<f4'", "False", "(99999999999999999999999,)"), 24,
     "impossible shape: a dimension is over"},
    {"dimension over 31 bits", 1, HEADER("'<f4'", "False", "(2147483648,)"), 24,
     "impossible shape: a dimension is over"},
    {"dimension over 31 bits, no elements", 1, HEADER("'<f4'", "False", "(2147483648, 0)"), 0,
     "a dimension is over 2147483647, which is not supported"},
    {"lone comma", 1, HEADER("'<f4'", "False", "(,)"), 24, "the shape is no number"},
    {"text in the shape", 1, HEADER("'<f4'", "False", "(2, x)"), 24, "the shape is no number"},
    {"nine dimensions", 1, HEADER("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 4, "has 9 dimensions; at most 8 are read"},
    {"product overflows", 1, HEADER("'<f4'", "False", "(2147483647, 2147483647, 2147483647)"), 24, "overflows"},
    {"size overflows", 1, HEADER("'<f8'", "False", "(2147483647, 2147483647)"), 24, "overflows"},
    {"unclosed shape", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", 24, "lacks ')'"},
    {"unclosed text", 1, "{'descr': '<f4", 24, "without closing quote"},
    {"unclosed header", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", 24, "lacks '}' at its end"},
    {"no dict", 1, "'<f4'\n", 24, "lacks '{'"},
    {"empty header", 1, "", 24, "lacks '{'"},
    {"empty dict", 1, "{}\n", 24, "the header lacks 'descr'"},
    {"no order", 1, "{'descr': '<f4', 'shape': (2, 3)}", 24, "the header lacks 'fortran_order'"},
    {"no shape", 1, "{'descr': '<f4', 'fortran_order': False}", 24, "the header lacks 'shape'"},
    {"key twice", 1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", 24, "'descr' twice"},
    {"unknown key", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", 24, "unknown key 'x'"},
    {"no colon", 1, "{'descr' '<f4'}", 24, "lacks ':'"},
    {"text after the dict", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} 1", 24, "goes on after"},
    {"too few elements", 1, GOOD, 23, "needs 24 bytes, but 23 follow the header: the file is truncated"},
    {"no elements", 1, GOOD, 0, "needs 24 bytes, but 0 follow"},
    {"trailing bytes", 1, GOOD, 25, "the file has trailing bytes"},
};

START_TEST(refuses) {
  expect_refused(damaged[_i].label, "x.npy", sample_npy(damaged[_i].major, damaged[_i].header, damaged[_i].data),
                 damaged[_i].expected);
}
END_TEST

static const struct {
  const char *label;
  unsigned major;
  uint64_t length;
  const char *expected;
} lengths[] = {
    {"beyond the file", 1, 65535, "the header claims 65535 bytes, but only"},
    {"zero", 1, 0, "lacks '{'"},
    {"over the limit", 2, 65537, "at most 65536"},
    {"nearly 2^32", 3, UINT32_MAX, "the header claims 4294967295 bytes"},
};

START_TEST(refuses_header_length) {
  sample s = sample_npy(lengths[_i].major, sample_npy_header, SAMPLE_NPY_DATA);
  sample_put(&s, 8, lengths[_i].major == 1 ? 2 : 4, lengths[_i].length);
  expect_refused(lengths[_i].label, "x.npy", s, lengths[_i].expected);
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_npy((unsigned)_i, sample_npy_header, SAMPLE_NPY_DATA);
  expect_survives_damage("x.npy", &s, s.size - SAMPLE_NPY_DATA, 0);
  sample_free(&s);
}
END_TEST

#define COUNT_OF(table) (int)(sizeof(table) / sizeof *(table))

TCase *npy_cases(void) {
  TCase *t = tcase_create("npy");
  tcase_add_loop_test(t, good_file, 1, 4);
  tcase_add_loop_test(t, other_orders, 0, (int)(sizeof orders / sizeof *orders));
  tcase_add_loop_test(t, accepts, 0, COUNT_OF(accepted));
  tcase_add_loop_test(t, refuses, 0, COUNT_OF(damaged));
  tcase_add_loop_test(t, refuses_header_length, 0, COUNT_OF(lengths));
  tcase_add_loop_test(t, survives_damage, 1, 4);
  return t;
}

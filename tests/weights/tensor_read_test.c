// Conversion of every plain element type to float.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

enum { MOST = 4 };

// `bytes` of one element after another, and their values.
static const struct {
  tensor_dtype dtype;
  unsigned count;
  uint8_t bytes[MOST * 8];
  float values[MOST];
} rows[] = {
    {TENSOR_BOOL, 3, {0, 1, 1}, {0, 1, 1}},
    {TENSOR_U8, 2, {0, 255}, {0, 255}},
    {TENSOR_I8, 3, {0, 255, 128}, {0, -1, -128}},
    {TENSOR_U16, 2, {0x34, 0x12, 0xff, 0xff}, {0x1234, 65535}},
    {TENSOR_I16, 2, {0x34, 0x12, 0xff, 0xff}, {0x1234, -1}},
    {TENSOR_U32, 2, {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {1, 4294967296.0f}},
    {TENSOR_I32, 2, {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {1, -1}},
    {TENSOR_U64,
     2,
     {1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
     {1, 18446744073709551616.0f}},
    {TENSOR_I64, 2, {1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, -2}},
    {TENSOR_F16, 4, {0x00, 0x3c, 0x01, 0x00, 0xff, 0xfb, 0x00, 0x7c}, {1, 0x1p-24f, -65504, INFINITY}},
    {TENSOR_BF16, 2, {0x80, 0x3f, 0x01, 0x00}, {1, 0x1p-133f}},
    {TENSOR_F32, 2, {0, 0, 0x80, 0x3f, 0xdb, 0x0f, 0x49, 0xc0}, {1, -3.14159274f}},
    // 1 + 2^-24 lies half-way between two floats and goes to the even one; 1 + 3 * 2^-24 too.
    {TENSOR_F64, 2, {0, 0, 0, 0x10, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0x30, 0, 0, 0xf0, 0x3f}, {1, 1 + 0x1p-22f}},
    {TENSOR_F8_E4M3, 4, {0x38, 0x01, 0x7e, 0xfe}, {1, 0x1p-9f, 448, -448}},
    {TENSOR_F8_E5M2, 4, {0x3c, 0x01, 0x7b, 0xfc}, {1, 0x1p-16f, 57344, -INFINITY}},
    {TENSOR_F8_E8M0, 4, {127, 0, 254, 128}, {1, 0x1p-127f, 0x1p127f, 2}},
    {TENSOR_F8_E4M3FNUZ, 4, {0x40, 0x01, 0x7f, 0xff}, {1, 0x1p-10f, 240, -240}},
    {TENSOR_F8_E5M2FNUZ, 4, {0x40, 0x01, 0x7f, 0xff}, {1, 0x1p-17f, 57344, -57344}},
    // The first element is in the lowest bits; those of six bits straddle bytes.
    {TENSOR_F4, 4, {0xf1, 0x27}, {0.5f, -6, 6, 1}},
    {TENSOR_F6_E2M3, 4, {0x41, 0x18, 0x7e}, {0.125f, -0.125f, -0.125f, 7.5f}},
    {TENSOR_F6_E3M2, 4, {0x41, 0x18, 0x7e}, {0.0625f, -0.0625f, -0.0625f, 28}},
    {TENSOR_U4, 4, {0xf1, 0x80}, {1, 15, 0, 8}},
    {TENSOR_I4, 4, {0xf1, 0x87}, {1, -1, 7, -8}},
    {TENSOR_U2, 4, {0xe4}, {0, 1, 2, 3}},
    {TENSOR_I2, 4, {0xe4}, {0, 1, -2, -1}},
};

START_TEST(converts) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const uint64_t dims[1] = {rows[_i].count};
  unsigned bits = tensor_dtype_bits(rows[_i].dtype);
  // One byte off, so that no alignment is assumed.
  uint8_t moved[1 + MOST * 8];
  memcpy(moved + 1, rows[_i].bytes, sizeof rows[_i].bytes);
  tensor t = {.name = "t",
              .dtype = rows[_i].dtype,
              .rank = 1,
              .dims = dims,
              .count = rows[_i].count,
              .data = moved + 1,
              .size = rows[_i].count * bits / 8,
              .path = "p"};
  for (unsigned first = 0; first < rows[_i].count; first++) {
    float out[MOST];
    ck_assert(tensor_read_f32(d, &t, first, rows[_i].count - first, out));
    for (unsigned i = first; i < rows[_i].count; i++) {
      ck_assert_msg(out[i - first] == rows[_i].values[i], "%s element %u: %a, expected %a",
                    tensor_dtype_name(rows[_i].dtype), i, (double)out[i - first], (double)rows[_i].values[i]);
    }
  }
  arena_free(a);
}
END_TEST

START_TEST(converts_nan) {
  static const struct {
    tensor_dtype dtype;
    uint8_t bytes[8];
  } nans[] = {{TENSOR_F16, {0x01, 0x7c}},   {TENSOR_BF16, {0xc0, 0x7f}},  {TENSOR_F32, {0, 0, 0xc0, 0x7f}},
              {TENSOR_F8_E4M3, {0xff}},     {TENSOR_F8_E5M2, {0x7d}},     {TENSOR_F8_E8M0, {255}},
              {TENSOR_F8_E4M3FNUZ, {0x80}}, {TENSOR_F8_E5M2FNUZ, {0x80}}, {TENSOR_F64, {1, 0, 0, 0, 0, 0, 0xf8, 0x7f}}};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
    tensor t = {.name = "t", .dtype = nans[i].dtype, .count = 1, .data = nans[i].bytes, .path = "p"};
    float out;
    ck_assert(tensor_read_f32(d, &t, 0, 1, &out));
    ck_assert_msg(isnan(out), "%s", tensor_dtype_name(nans[i].dtype));
  }
  arena_free(a);
}
END_TEST

static const struct {
  tensor_dtype dtype;
  uint64_t first;
  size_t count;
  const char *expected;
} refused[] = {
    {TENSOR_F32, 5, 0, "has 4 elements; 0 from 5 on"},
    {TENSOR_F32, 2, 3, "has 4 elements; 3 from 2 on"},
    {TENSOR_F32, UINT64_MAX, 1, "elements; 1 from"},
    {TENSOR_F32, 1, SIZE_MAX, "from 1 on were asked for"},
    {TENSOR_C64, 0, 1, "holds C64, which cannot be read"},
    {TENSOR_C128, 0, 1, "holds C128, which cannot be read"},
    {TENSOR_BLOCKS, 0, 1, "holds blocks, which cannot be read"},
};

START_TEST(refuses) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  static const uint8_t bytes[16];
  tensor t = {.name = "t", .dtype = refused[_i].dtype, .count = 4, .data = bytes, .size = 16, .path = "file.x"};
  float out[4];
  ck_assert(!tensor_read_f32(d, &t, refused[_i].first, refused[_i].count, out));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "file.x: error: tensor 't'"));
  ck_assert_msg(strstr(diag_text(d), refused[_i].expected) != NULL, "expected '%s' in:\n%s", refused[_i].expected,
                diag_text(d));
  arena_free(a);
}
END_TEST

// Of numbers in double precision, those that f32 has not.
START_TEST(counts_rounded) {
  static const double numbers[] = {0.5, 1e-50, NAN, INFINITY, 0.1, -0.0, 1e300};
  uint8_t bytes[sizeof numbers];
  memcpy(bytes, numbers, sizeof numbers); // the tests run on little-endian machines
  double first = 0;
  tensor t = {.name = "t", .dtype = TENSOR_F64, .count = 7, .data = bytes, .size = sizeof bytes, .path = "file.x"};
  ck_assert_uint_eq(tensor_count_rounded(&t, &first), 3);
  ck_assert_double_eq(first, 1e-50);
  ck_assert_uint_eq(tensor_count_rounded(&t, NULL), 3);
  t.dtype = TENSOR_I64;
  ck_assert_uint_eq(tensor_count_rounded(&t, &first), 0);
}
END_TEST

TCase *tensor_read_cases(void) {
  TCase *t = tcase_create("tensor_read");
  tcase_add_loop_test(t, converts, 0, (int)(sizeof rows / sizeof *rows));
  tcase_add_test(t, converts_nan);
  tcase_add_test(t, counts_rounded);
  tcase_add_loop_test(t, refuses, 0, (int)(sizeof refused / sizeof *refused));
  return t;
}

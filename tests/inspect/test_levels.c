// Float tensors that hold few numbers.
#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "tests/inspect/kit.h"

enum { ROWS = 16, COLUMNS = 256 };

static const inspected *look(const float *w, tensor_dtype dtype) {
  uint64_t dims[] = {ROWS, COLUMNS};
  uint16_t *narrow = ARENA_ARRAY(ic.mem, uint16_t, ROWS *COLUMNS);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) narrow[i] = dtype == TENSOR_F16 ? fp_to_f16(w[i]) : fp_to_bf16(w[i]);
  inspect_add("w", dtype, 2, dims, dtype == TENSOR_F32 ? (const void *)w : narrow);
  return inspect_line(inspect_run(inspect_write("levels.safetensors")), "w");
}

// Decoded weights of a scheme as floats.
static float *decoded(const char *text) {
  const tensor_codes *codes = inspect_encode(inspect_scheme(text), ROWS, COLUMNS);
  ck_assert_ptr_nonnull(codes);
  float *w = ARENA_ARRAY(ic.mem, float, ROWS *COLUMNS);
  double row[COLUMNS];
  for (uint64_t n = 0; n < ROWS; n++) {
    scheme_row(codes, n, row);
    for (uint64_t k = 0; k < COLUMNS; k++) w[n * COLUMNS + k] = (float)row[k];
  }
  return w;
}

static float *of_levels(const double *levels, size_t count) {
  float *w = inspect_weights(ROWS, COLUMNS, 3);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    uint32_t bits = fp_bits32(w[i]);
    w[i] = (float)levels[(bits ^ bits >> 9) % count];
  }
  return w;
}

START_TEST(many) {
  ck_assert_int_eq(look(inspect_weights(ROWS, COLUMNS, 1), TENSOR_F32)->levels.kind, LEVELS_MANY);
  ck_assert_int_eq(look(inspect_weights(ROWS, COLUMNS, 1), TENSOR_F16)->levels.kind, LEVELS_MANY);
}
END_TEST

static const struct {
  level_kind kind;
  unsigned count;
  bool symmetric;
  double levels[8];
  size_t level_count;
} sets[] = {
    {LEVELS_CONSTANT, 1, false, {0.5}, 1},
    {LEVELS_BINARY, 2, true, {-0.3, 0.3}, 2},
    {LEVELS_TERNARY, 3, true, {-0.3, 0, 0.3}, 3},
    {LEVELS_TERNARY, 3, false, {-0.2, 0, 0.7}, 3},
    {LEVELS_UNIFORM, 5, true, {-0.2, -0.1, 0, 0.1, 0.2}, 5},
    {LEVELS_UNIFORM, 4, false, {-0.1, 0, 0.1, 0.2}, 4},
    {LEVELS_POWERS, 7, true, {-0.5, -0.25, -0.125, 0, 0.125, 0.25, 0.5}, 7},
    {LEVELS_OTHER, 5, false, {-0.5, -0.137, 0.0123, 0.29, 0.471}, 5},
};

// Levels of the whole tensor, in three types of floats.
START_TEST(whole) {
  static const tensor_dtype types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};
  for (size_t t = 0; t < 3; t++) {
    const inspected *x = look(of_levels(sets[_i].levels, sets[_i].level_count), types[t]);
    ck_assert_msg(x->levels.kind == sets[_i].kind, "set %d as %s is %s", _i, tensor_dtype_name(types[t]),
                  level_kind_word(x->levels.kind));
    ck_assert_uint_eq(x->levels.count, sets[_i].count);
    ck_assert_int_eq(x->levels.symmetric, sets[_i].symmetric || sets[_i].kind == LEVELS_CONSTANT);
    ck_assert(x->levels.whole);
  }
}
END_TEST

// Weights of a format, as floats: with the groups that have a scale each.
static const struct {
  const char *scheme;
  level_kind kind;
  uint64_t group;
  const char *format; // of a codebook
} formats[] = {
    {"nf4", LEVELS_CODEBOOK, 64, "nf4"},
    {"q4_0", LEVELS_UNIFORM, 32, NULL},
    {"int8_row", LEVELS_UNIFORM, 0, NULL},
    {"ternary", LEVELS_TERNARY, 0, NULL},
};

START_TEST(of_formats) {
  const inspected *x = look(decoded(formats[_i].scheme), TENSOR_F32);
  ck_assert_msg(x->levels.kind == formats[_i].kind, "%s is %s", formats[_i].scheme, level_kind_word(x->levels.kind));
  ck_assert_uint_eq(x->levels.group, formats[_i].group);
  if (formats[_i].format != NULL) ck_assert_str_eq(x->levels.format->name, formats[_i].format);
}
END_TEST

// A number that is none.
START_TEST(not_finite) {
  float *w = inspect_weights(ROWS, COLUMNS, 1);
  w[5] = NAN;
  ck_assert_int_eq(look(w, TENSOR_F32)->levels.kind, LEVELS_MANY);
}
END_TEST

TCase *inspect_tcase_levels(void) {
  TCase *t = tcase_create("levels");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_test(t, many);
  tcase_add_loop_test(t, whole, 0, (int)(sizeof sets / sizeof *sets));
  tcase_add_loop_test(t, of_formats, 0, (int)(sizeof formats / sizeof *formats));
  tcase_add_test(t, not_finite);
  return t;
}

// The encoder: how near it comes on normally distributed weights, edge cases, and formats of every shape.
#include <math.h>
#include <string.h>

#include "encode/encode.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"

static scheme *nf4_of_64(arena *a) { return kit_nf4(a, 64); }
static scheme *zero_of_32(arena *a) { return kit_int4_zero(a, 32); }
static scheme *zero_of_128(arena *a) { return kit_int4_zero(a, 128); }
static scheme *gptq3(arena *a) { return kit_gptq(a, 3, 128); }
static scheme *gptq8(arena *a) { return kit_gptq(a, 8, 64); }

// Powers of two with a real exponent per group: outside of linear forms, so only the general search can encode it.
static scheme *logarithmic(arena *a) {
  scheme_field f[] = {{.name = "code", .type = ELEM_U3, .gran = PER_WEIGHT},
                      {.name = "sign", .type = ELEM_U1, .gran = PER_WEIGHT},
                      {.name = "top", .type = ELEM_F16, .gran = PER(16)}};
  const expr *magnitude = op1(a, EXPR_EXP2, SUB(field(a, 2, false), MUL(real(a, 0.5), field(a, 0, true))));
  return new_scheme(a, "logarithmic", 3, f, MUL(magnitude, SUB(NUM(1), MUL(NUM(2), field(a, 1, true)))));
}

// Two codes of a vector in one stored integer table; groups that are not nested.
static scheme *residual(arena *a) {
  scheme_field f[] = {{.name = "code", .type = ELEM_U3, .gran = PER(4), .rank = 1, .dims = {2}},
                      {.name = "scale", .type = ELEM_F16, .gran = PER(16)},
                      {.name = "book", .type = ELEM_F16, .gran = PER_TENSOR, .rank = 3, .dims = {2, 8, 4}}};
  const expr *lane = MOD(var(a, VAR_K), NUM(4)), *sum = NULL;
  for (int b = 0; b < 2; b++) {
    const expr *code = expr_lookup(a, EXPR_ELEMENT, 0, true, NUM(b), SRC_NOWHERE);
    const expr *part = element_at(a, 2, ADD(ADD(NUM(b * 32), MUL(code, NUM(4))), lane));
    sum = sum == NULL ? part : ADD(sum, part);
  }
  return new_scheme(a, "residual", 3, f, MUL(field(a, 1, false), sum));
}

static scheme *unnested(arena *a) {
  scheme_field f[] = {{.name = "code", .type = ELEM_I4, .gran = PER_WEIGHT},
                      {.name = "scale", .type = ELEM_F16, .gran = PER(12)},
                      {.name = "offset", .type = ELEM_F16, .gran = PER(16)}};
  return new_scheme(a, "unnested", 3, f, ADD(MUL(field(a, 1, false), field(a, 0, true)), field(a, 2, false)));
}

typedef struct quality {
  scheme *(*make)(arena *a);
  uint64_t rows, columns;
  double limit; // of the relative RMS error
} quality;

static const quality qualities[] = {
    {kit_q4_0, 16, 1024, 0.083},
    {kit_q4_1, 16, 1024, 0.073},
    {kit_q5_0, 16, 1024, 0.042},
    {kit_q8_0, 16, 1024, 0.0052},
    {kit_q4_k, 16, 1024, 0.073},
    {kit_q6_k, 16, 1024, 0.018},
    {nf4_of_64, 16, 1024, 0.086},
    {kit_nf4_double, 16, 1024, 0.089},
    {zero_of_32, 16, 1024, 0.081},
    {zero_of_128, 16, 1024, 0.099},
    {kit_ternary, 16, 1024, 0.43},
    {kit_int8_row, 16, 1024, 0.009},
    {kit_int8_tensor, 16, 1024, 0.011},
    {kit_codebook3, 16, 1024, 0.163},
    {kit_stored_levels, 4, 1024, 0.17},
    {kit_mx, 16, 1024, 0.114},
    {gptq3, 16, 1024, 0.19},
    {gptq8, 16, 1024, 0.0055},
    {kit_f16, 4, 1024, 0.0003},
    {kit_vector, 4, 256, 0.57},
    {kit_selector, 8, 1024, 0.167},
    {logarithmic, 2, 64, 0.14},
    {residual, 2, 128, 0.52},
    {unnested, 2, 96, 0.1},
    // Last groups that are shorter, single rows and columns.
    {kit_q4_0, 3, 1000, 0.083},
    {kit_q4_k, 5, 700, 0.075},
    {kit_q6_k, 2, 273, 0.019},
    {zero_of_128, 7, 131, 0.099},
    {kit_nf4_double, 33, 100, 0.09},
    {kit_stored_levels, 2, 450, 0.17},
    {gptq3, 2, 127, 0.19},
};

START_TEST(normal_weights) {
  arena *a = arena_new();
  const quality *q = &qualities[_i];
  scheme *s = q->make(a);
  diag *d = diag_new(a, stderr, false);
  ck_assert(scheme_verify(d, s));
  float *w = kit_normal_weights(a, q->rows * q->columns, 11);
  tensor_codes *t = encode_tensor(d, a, s, w, q->rows, q->columns, NULL, (encode_progress){.call = NULL});
  ck_assert_ptr_nonnull(t);
  error_stats e = error_stats_measure(t, w);
  ck_assert_msg(e.relative_rms <= q->limit, "%s %d x %d: relative error %g, expected at most %g", s->name, (int)q->rows,
                (int)q->columns, e.relative_rms, q->limit);
  ck_assert(e.relative_rms > 0 && isfinite(e.max_abs));
  ck_assert_double_eq_tol(e.sqnr_db, -20 * log10(e.relative_rms), 1e-9);
  arena_free(a);
}
END_TEST

static scheme *(*const makers[])(arena *a) = {
    kit_q4_0,       kit_q4_1,   kit_q5_0,    kit_q8_0,     kit_q4_k,        kit_q6_k,      nf4_of_64,
    kit_nf4_double, zero_of_32, kit_ternary, kit_int8_row, kit_int8_tensor, kit_codebook3, kit_stored_levels,
    kit_mx,         gptq3,      kit_f16,     kit_vector,   kit_selector,    unnested,      logarithmic,
};

enum { MAKERS = sizeof makers / sizeof *makers };

typedef enum pattern { ZEROS, ONE, SAME, OUTLIER, TINY, HUGE_ONES, ONE_SIDED, ONE_GROUP, PATTERNS } pattern;

static float pattern_weight(pattern p, uint64_t i, uint64_t *state) {
  switch (p) {
  case ONE: return i == 5 ? 1.0f : 0.0f;
  case SAME: return -0.75f;
  case OUTLIER: return i == 17 ? 1000.0f : (float)kit_normal(state);
  case TINY: return (float)(kit_normal(state) * 1e-42);
  case HUGE_ONES: return (float)(kit_normal(state) * 5e37);
  case ONE_SIDED: return (float)(3 + 0.1 * kit_normal(state));
  case ONE_GROUP: return i / 64 == 2 ? (float)kit_normal(state) : 0.0f;
  default: return 0;
  }
}

enum { ROWS = 2, COLUMNS = 200 };

static void encode_pattern(arena *a, const scheme *s, pattern p) {
  float w[ROWS * COLUMNS];
  double row[COLUMNS];
  uint64_t state = 3;
  for (uint64_t i = 0; i < ROWS * COLUMNS; i++) w[i] = pattern_weight(p, i, &state);
  tensor_codes *t =
      encode_tensor(diag_new(a, stderr, false), a, s, w, ROWS, COLUMNS, NULL, (encode_progress){.call = NULL});
  ck_assert_ptr_nonnull(t);
  bool exact = p == ZEROS && strcmp(s->name, "logarithmic") != 0; // which has no zero
  for (uint64_t n = 0; n < ROWS; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < COLUMNS; k++)
      if (!isfinite(row[k]) || (exact && row[k] != 0))
        ck_abort_msg("%s, pattern %d: weight (%d, %d) is %g", s->name, p, (int)n, (int)k, row[k]);
  }
}

// Every format with every pattern gives finite weights; zeros stay zeros where the format has a zero.
START_TEST(edge_weights) {
  arena *a = arena_new();
  const scheme *s = makers[_i](a);
  for (int p = 0; p < PATTERNS; p++) encode_pattern(a, s, (pattern)p);
  arena_free(a);
}
END_TEST

// Groups in which one code is exact, as encoders that divide by the largest weight need not find.
START_TEST(exact_weights) {
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  float w[64];
  for (int i = 0; i < 64; i++) w[i] = 0.125f * (float)(i % 16 - 8);
  tensor_codes *t = encode_tensor(d, a, kit_q4_0(a), w, 1, 64, NULL, (encode_progress){.call = NULL});
  ck_assert_double_eq(error_stats_measure(t, w).relative_rms, 0);
  for (int i = 0; i < 64; i++) w[i] = 0.25f * (float)(i % 16) + 3;
  t = encode_tensor(d, a, kit_q4_1(a), w, 1, 64, NULL, (encode_progress){.call = NULL});
  ck_assert_double_eq(error_stats_measure(t, w).relative_rms, 0);
  for (int i = 0; i < 64; i++) w[i] = 0.5f * (float)(i % 16 - 3);
  t = encode_tensor(d, a, zero_of_32(a), w, 1, 64, NULL, (encode_progress){.call = NULL});
  ck_assert_double_eq(error_stats_measure(t, w).relative_rms, 0);
  arena_free(a);
}
END_TEST

// What a format can say is said again: decoding and encoding once more changes nothing that matters.
START_TEST(encoding_is_stable) {
  enum { LINES = 2, LENGTH = 512 };
  arena *a = arena_new();
  scheme *s = makers[_i](a);
  diag *d = diag_new(a, stderr, false);
  float *w = kit_normal_weights(a, LINES * LENGTH, 5), *again = ARENA_ARRAY(a, float, LINES *LENGTH);
  double row[LENGTH];
  tensor_codes *t = encode_tensor(d, a, s, w, LINES, LENGTH, NULL, (encode_progress){.call = NULL});
  for (uint64_t n = 0; n < LINES; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < LENGTH; k++) again[n * LENGTH + k] = (float)row[k];
  }
  double first = error_stats_measure(t, w).relative_rms;
  t = encode_tensor(d, a, s, again, LINES, LENGTH, NULL, (encode_progress){.call = NULL});
  double second = error_stats_measure(t, again).relative_rms;
  ck_assert_msg(second <= first, "%s: %g after %g", s->name, second, first);
  arena_free(a);
}
END_TEST

START_TEST(bad_weights) {
  arena *a = arena_new();
  scheme *s = kit_q4_0(a);
  float w[64] = {0};
  diag *d = diag_new(a, NULL, false);
  w[37] = NAN;
  ck_assert_ptr_null(
      encode_tensor(d, a, s, w, 2, 32, &(encode_options){.name = "fc1"}, (encode_progress){.call = NULL}));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "tensor 'fc1' has a NaN at row 1, column 5"));
  w[37] = -INFINITY;
  ck_assert_ptr_null(encode_tensor(d, a, s, w, 2, 32, NULL, (encode_progress){.call = NULL}));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "has an infinity at row 1, column 5"));
  ck_assert_ptr_null(encode_tensor(d, a, s, w, 0, 32, NULL, (encode_progress){.call = NULL}));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "is empty (0 x 32)"));
  arena_free(a);
}
END_TEST

static void count_progress(void *user, uint64_t done, uint64_t total) {
  uint64_t *last = user;
  ck_assert(done > *last && done <= total);
  *last = done;
}

START_TEST(progress_reaches_the_end) {
  arena *a = arena_new();
  uint64_t last = 0;
  float *w = kit_normal_weights(a, 3 * 320, 2);
  encode_progress p = {.call = count_progress, .user = &last};
  ck_assert_ptr_nonnull(encode_tensor(diag_new(a, stderr, false), a, kit_q4_0(a), w, 3, 320, NULL, p));
  ck_assert_uint_eq(last, 960);
  arena_free(a);
}
END_TEST

// The same bytes from every compiler and machine: sums of all codes of weights made without the mathematics library
// (nor does the last maker count, whose values need its exp2). A change of the encoder changes them.
START_TEST(codes_are_reproducible) {
  static const uint64_t expected[MAKERS - 1] = {
      0xcd24025203c1f3c2, 0x82f2d85539ba5118, 0xce8de9fbe4694c57, 0x6f1c49061005b3db, 0x8f95da7675322b9d,
      0xb933a3c10b3c0d29, 0x02aceb8652113caa, 0xf8a1b171024b62c6, 0x68fe0a4cd8e6f349, 0x4300b48a74f294bf,
      0x0ceb0cf0b3d40e93, 0x425640213fe91a08, 0x52b70eb1a8ac0adb, 0xef27a0842c2df317, 0x9ac826129c770554,
      0x96ba4f7985f813fb, 0xbbac214788cbcc8f, 0xde8b1115920f99f2, 0xebe983d7b269e3ec, 0x2c9f32f42f37e894};
  enum { LINES = 2, LENGTH = 512 };
  arena *a = arena_new();
  scheme *s = makers[_i](a);
  float *w = ARENA_ARRAY(a, float, LINES *LENGTH);
  uint64_t state = 9, sum = 14695981039346656037u;
  for (int i = 0; i < LINES * LENGTH; i++)
    w[i] = (float)((int64_t)(kit_random(&state) >> 44) + (int64_t)(kit_random(&state) >> 44) - (1 << 20)) * 0x1p-20f;
  tensor_codes *t =
      encode_tensor(diag_new(a, stderr, false), a, s, w, LINES, LENGTH, NULL, (encode_progress){.call = NULL});
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&s->fields[f], LINES, LENGTH, &count);
    for (uint64_t i = 0; i < count; i++) sum = (sum ^ t->elements[f][i]) * 1099511628211u;
  }
  ck_assert_msg(sum == expected[_i], "%s: sum 0x%016llx", s->name, (unsigned long long)sum);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("encoder");
  TCase *t = tcase_create("quality");
  tcase_add_loop_test(t, normal_weights, 0, sizeof qualities / sizeof *qualities);
  tcase_add_test(t, exact_weights);
  tcase_add_loop_test(t, encoding_is_stable, 0, MAKERS);
  suite_add_tcase(s, t);
  t = tcase_create("edges");
  tcase_add_loop_test(t, edge_weights, 0, MAKERS);
  tcase_add_test(t, bad_weights);
  tcase_add_test(t, progress_reaches_the_end);
  tcase_add_loop_test(t, codes_are_reproducible, 0, MAKERS - 1);
  suite_add_tcase(s, t);
  return check_main(s);
}

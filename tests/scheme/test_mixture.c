// Float weights into formats that are sums or have parts: how near they come, and what the parts hold.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode/encode.h"
#include "encode/inside.h"
#include "format/scheme_parts.h"
#include "frontend/frontend.h"
#include "tests/check_main.h"

enum { ROWS = 48, COLUMNS = 96 };

typedef struct bench {
  arena *mem;
  diag *d;
  float *w;
  uint64_t state;
} bench;

static double uniform(bench *b) {
  b->state = b->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(b->state >> 11) * 0x1p-53;
}

// Small numbers, a few large ones, and a product of thin matrices under them.
static bench bench_new(uint64_t seed) {
  bench b = {.mem = arena_new(), .state = seed};
  double left[ROWS][2], right[2][COLUMNS];
  b.d = diag_new(b.mem, NULL, false);
  b.w = ARENA_ARRAY(b.mem, float, ROWS *COLUMNS);
  for (int n = 0; n < ROWS; n++) left[n][0] = uniform(&b) - 0.5, left[n][1] = uniform(&b) - 0.5;
  for (int k = 0; k < COLUMNS; k++) right[0][k] = uniform(&b) - 0.5, right[1][k] = uniform(&b) - 0.5;
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    double x = 0.1 * (uniform(&b) + uniform(&b) + uniform(&b) - 1.5);
    if (uniform(&b) < 0.01) x = uniform(&b) < 0.5 ? -2 - uniform(&b) : 2 + uniform(&b);
    int n = i / COLUMNS, k = i % COLUMNS;
    b.w[i] = (float)(x + left[n][0] * right[0][k] + left[n][1] * right[1][k]);
  }
  return b;
}

static const scheme *find(bench *b, const char *text) {
  ast *tree = fe_parse(b->d, b->mem, "scheme.q", text, strlen(text));
  const scheme *s = fe_find_scheme(b->d, b->mem, tree, &(fe_options){0}, "s");
  ck_assert_msg(s != NULL, "%s", diag_text(b->d));
  return s;
}

static double error_of(const tensor_codes *t, const float *w) {
  double row[COLUMNS], wrong = 0, all = 0;
  for (uint64_t n = 0; n < t->rows; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < t->columns; k++) {
      double x = (double)w[n * t->columns + k], e = row[k] - x;
      ck_assert(row[k] == scheme_weight(t, n, k));
      wrong += e * e;
      all += x * x;
    }
  }
  return all == 0 ? sqrt(wrong) : sqrt(wrong / all);
}

static double encoded_error(bench *b, const char *text) {
  tensor_codes *t = encode_mixture(b->d, b->mem, find(b, text), b->w, ROWS, COLUMNS, NULL, (encode_progress){0});
  ck_assert_msg(t != NULL, "%s\n%s", text, diag_text(b->d));
  return error_of(t, b->w);
}

typedef struct row {
  const char *text;
  double least, most; // relative error
} row;

#define DENSE "code : u4; scale : f16 per 32; zero : u4 per 32;"
#define VALUE "scale * (code - zero)"

static const row rows[] = {
    {"scheme s { " DENSE " value = " VALUE "; }", 0.1, 0.2},
    {"scheme s { " DENSE " o : f16 sparse 0.015; value = " VALUE " + o; }", 0.01, 0.05},
    {"scheme s { " DENSE " o : i8 sparse 0.015; g : f32 per row; value = " VALUE " - g * o; }", 0.01, 0.05},
    {"scheme s { " DENSE " l : f32[2] per row; r : f32[2] per column; value = " VALUE " + sum(i < 2, l[i] * r[i]); }",
     0.08, 0.19},
    {"scheme s { " DENSE " o : f16 sparse 0.015; l : f16[8] per row; r : f16[8] per column; g : f32 per tensor;\n"
     "  value = " VALUE " + o + g * sum(i < 8, l[i] * r[i]); }",
     0.01, 0.045},
    // no dense part: pruning, and an exact list
    {"scheme s { o : f32 sparse 1; value = o; }", 0, 1e-30},
    {"scheme s { o : f16 sparse 1; value = 2 * o; }", 0, 1e-3},
    {"scheme s { o : i8 sparse 0.5; g : f16 per row; value = g * o; }", 0.1, 0.35},
    {"scheme s { o : f16[4, 8] per [4, 8] sparse 0.5; value = o[n % 4, k % 8]; }", 0.2, 0.65},
    {"scheme s { o : i8[5, 7] per [5, 7] sparse 1; g : f16 per row; value = g * o[n % 5, k % 7]; }", 1e-4, 0.02},
    {"scheme s { l : f32[48] per row; r : f32[48] per column; value = sum(i < 48, l[i] * r[i]); }", 0, 1e-6},
    // parts
    {"scheme a { code : i8; g : f16 per row; value = g * code; }\n"
     "scheme b { " DENSE " value = " VALUE "; }\n"
     "scheme s { columns 0 .. 64 : a; columns 64 .. K : b; }",
     0.02, 0.12},
    {"scheme a { code : i8; g : f16 per row; value = g * code; }\n"
     "scheme b { " DENSE " o : f16 sparse 0.02; value = " VALUE " + o; }\n"
     "scheme s { rows 0 .. N / 3 : a; rows N / 3 .. N : b; }",
     0.01, 0.05},
};

START_TEST(parts_are_fitted) {
  bench b = bench_new(3);
  double error = encoded_error(&b, rows[_i].text);
  ck_assert_msg(error >= rows[_i].least && error <= rows[_i].most, "%s\nerror %g", rows[_i].text, error);
  arena_free(b.mem);
}
END_TEST

// The entries are those of the largest magnitude, as many as asked for, in order; each is exact but for its rounding.
START_TEST(entries_are_the_largest) {
  bench b = bench_new(5);
  const scheme *s =
      find(&b, "scheme s { code : u4; scale : f16 per 32; o : f32 sparse 0.02; value = scale * (code - 8) + o; }");
  tensor_codes *t = encode_mixture(b.d, b.mem, s, b.w, ROWS, COLUMNS, NULL, (encode_progress){0});
  ck_assert_uint_eq(t->sparse[2].count, 93); // 4608 * 0.02, rounded up
  ck_assert_uint_eq(t->sparse[2].starts[ROWS], 93);
  float least = INFINITY, most = 0;
  for (uint64_t n = 0; n < ROWS; n++)
    for (uint64_t k = 0; k < COLUMNS; k++) {
      float x = fabsf(b.w[n * COLUMNS + k]);
      bool kept = tensor_codes_find(t, 2, n, k) != NULL;
      if (kept && x < least) least = x;
      if (!kept && x > most) most = x;
      if (kept) ck_assert(fabs(scheme_weight(t, n, k) - (double)b.w[n * COLUMNS + k]) < 1e-6);
    }
  ck_assert(least >= most);
  for (uint64_t n = 0; n < ROWS; n++)
    for (uint64_t i = t->sparse[2].starts[n] + 1; i < t->sparse[2].starts[n + 1]; i++)
      ck_assert_uint_lt(t->sparse[2].columns[i - 1], t->sparse[2].columns[i]);
  arena_free(b.mem);
}
END_TEST

static const float special[][4] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {1e-30f, 0, 0, -1e-30f}, {3e38f, 0, -3e38f, 1}};

START_TEST(weights_that_are_special) {
  bench b = bench_new(1);
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    for (uint64_t j = 0; j < ROWS * COLUMNS; j++) b.w[j] = special[i][j % 4];
    ck_assert(encoded_error(&b, "scheme s { o : f32 sparse 1; value = o; }") == 0);
    encoded_error(&b, "scheme s { code : u4; g : f16 per 32; o : f16 sparse 0.1; l : f16[3] per row;\n"
                      "  r : f16[3] per column; value = g * (code - 8) + o + sum(j < 3, l[j] * r[j]); }");
  }
  arena_free(b.mem);
}
END_TEST

START_TEST(thin_matrices_are_the_best) {
  arena *a = arena_new();
  enum { N = 30, K = 20, RANK = 4 };
  double *x = ARENA_ARRAY(a, double, N *K), *l = ARENA_ARRAY(a, double, N *RANK), *r = ARENA_ARRAY(a, double, RANK *K);
  // Orthogonal cosines with known singular values 8, 4, 2, 1, 0.5 ..
  for (int n = 0; n < N; n++)
    for (int k = 0; k < K; k++)
      for (int j = 1; j <= 8; j++)
        x[n * K + k] += 16 * pow(0.5, j) * sqrt(4.0 / (double)(N * K)) * cos(M_PI * j * (n + 0.5) / (double)N) *
                        cos(M_PI * j * (k + 0.5) / (double)K);
  low_rank_fit(x, N, K, RANK, l, r);
  double wrong = 0;
  for (int n = 0; n < N; n++)
    for (int k = 0; k < K; k++) {
      double y = 0;
      for (int j = 0; j < RANK; j++) y += l[n * RANK + j] * r[j * K + k];
      wrong += (y - x[n * K + k]) * (y - x[n * K + k]);
    }
  // what is left are the singular values 1/2, 1/4, 1/8, 1/16
  ck_assert_msg(fabs(wrong - (0.25 + 0.0625 + 0.015625 + 0.00390625)) < 1e-6, "%g", wrong);
  low_rank_fit(x, N, 3, RANK, l, r); // more rank than there is
  for (int k = 0; k < 3; k++) ck_assert(r[3 * 3 + k] == 0);
  arena_free(a);
}
END_TEST

// ---- stored lists ----------------------------------------------------------------------------------------

enum { N = 4, K = 11, ENTRIES = 6 };

// Row, column and number of entries; the file has those of a row in any order.
static const int32_t entry_row[ENTRIES] = {0, 0, 2, 2, 2, 3}, entry_column[ENTRIES] = {10, 0, 3, 7, 4, 5};
static const int8_t entry_value[ENTRIES] = {-5, 1, 7, 0, -128, 127};
static const int32_t row_start[N + 1] = {0, 2, 2, 5, 6};
static const uint16_t ones[N] = {0x3c00, 0x3c00, 0x4000, 0x3c00}; // 1, 1, 2, 1

static double listed(uint64_t n, uint64_t k) {
  for (int i = 0; i < ENTRIES; i++)
    if (entry_row[i] == (int32_t)n && entry_column[i] == (int32_t)k) return entry_value[i] * (n == 2 ? 2.0 : 1.0);
  return 0;
}

static layout_input input_of(const void *data, uint64_t size, elem_type type, uint64_t length, uint64_t columns) {
  layout_input in = {.data = data, .size = size, .type = type, .rank = columns == 0 ? 1 : 2, .dims = {length, columns}};
  return in;
}

static const scheme *find_standard(bench *b, const char *name) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  const scheme *s = fe_find_scheme(b->d, b->mem, NULL, &(fe_options){.dirs = dirs, .dir_count = 1}, name);
  ck_assert_msg(s != NULL, "%s", diag_text(b->d));
  return s;
}

static void expect_list(bench *b, const char *layout, const layout_input *inputs) {
  const scheme *s = find_standard(b, "csr_int8");
  const scheme_layout *l = scheme_find_layout(s, layout);
  tensor_codes *t = layout_read_tensors(b->d, b->mem, s, l, "w", inputs, N, K);
  ck_assert_msg(t != NULL, "%s: %s", layout, diag_text(b->d));
  for (uint64_t n = 0; n < N; n++)
    for (uint64_t k = 0; k < K; k++) ck_assert(scheme_weight(t, n, k) == listed(n, k));
}

START_TEST(lists_of_all_kinds_are_read) {
  bench b = bench_new(1);
  int64_t both[2][ENTRIES];
  for (int i = 0; i < ENTRIES; i++) both[0][i] = entry_row[i], both[1][i] = entry_column[i];
  const layout_input scales = input_of(ones, sizeof ones, ELEM_F16, N, 0);
  const layout_input values = input_of(entry_value, ENTRIES, ELEM_I8, ENTRIES, 0);
  expect_list(&b, "csr",
              (layout_input[]){input_of(row_start, sizeof row_start, ELEM_I32, N + 1, 0),
                               input_of(entry_column, sizeof entry_column, ELEM_I32, ENTRIES, 0), values, scales});
  expect_list(&b, "coo", (layout_input[]){input_of(both, sizeof both, ELEM_I64, 2, ENTRIES), values, scales});
  // bits in the order of columns: 0 and 10, none, 3, 4 and 7, 5
  static const uint8_t mask[N][2] = {{1, 4}, {0, 0}, {8 + 16 + 128, 0}, {32, 0}};
  static const int32_t first[N] = {0, 2, 2, 5};
  static const int8_t packed[ENTRIES] = {1, -5, 7, -128, 0, 127};
  expect_list(&b, "bitmap",
              (layout_input[]){input_of(mask, sizeof mask, ELEM_U8, N, 2),
                               input_of(first, sizeof first, ELEM_I32, N, 0),
                               input_of(packed, ENTRIES, ELEM_I8, ENTRIES, 0), scales});
  arena_free(b.mem);
}
END_TEST

static const struct {
  int32_t starts[N + 1];
  int32_t columns[ENTRIES];
  const char *message;
} wrong_lists[] = {
    {{0, 2, 2, 5, 7}, {10, 0, 3, 7, 4, 5}, "do not follow one another, or have more entries"},
    {{0, 3, 2, 5, 6}, {10, 0, 3, 7, 4, 5}, "do not follow one another, or have more entries"},
    {{1, 2, 2, 5, 6}, {10, 0, 3, 7, 4, 5}, "from another entry than number 0"},
    {{0, 2, 2, 5, 6}, {10, 0, 3, 7, 11, 5}, "outside of the matrix"},
    {{0, 2, 2, 5, 6}, {10, 0, 3, -7, 4, 5}, "outside of the matrix"},
    {{0, 2, 2, 5, 6}, {10, 10, 3, 7, 4, 5}, "is not behind the one before it"},
};

START_TEST(damaged_lists_are_refused) {
  bench b = bench_new(1);
  const scheme *s = find_standard(&b, "csr_int8");
  const layout_input inputs[] = {input_of(wrong_lists[_i].starts, sizeof row_start, ELEM_I32, N + 1, 0),
                                 input_of(wrong_lists[_i].columns, sizeof entry_column, ELEM_I32, ENTRIES, 0),
                                 input_of(entry_value, ENTRIES, ELEM_I8, ENTRIES, 0),
                                 input_of(ones, sizeof ones, ELEM_F16, N, 0)};
  ck_assert_ptr_null(layout_read_tensors(b.d, b.mem, s, scheme_find_layout(s, "csr"), "w", inputs, N, K));
  ck_assert_msg(strstr(diag_text(b.d), wrong_lists[_i].message) != NULL, "%s", diag_text(b.d));
  arena_free(b.mem);
}
END_TEST

// Standard mixtures encode, with an error that suits their bits.
static const struct {
  const char *name;
  double most;
} standard[] = {
    {"squeezellm(per_mille=20)", 0.04},
    {"spqr(per_mille=20)", 0.08},
    {"llmint8(outliers=16)", 0.02},
    {"lqer(group=32,rank=8)", 0.09},
    {"csr_int8(percent=60)", 0.1},
    {"block_sparse_int4(percent=50)", 0.55},
    {"exl2", 0.17},
    {"sparse24_int8", 0.2},
};

START_TEST(standard_mixtures_encode) {
  bench b = bench_new(7);
  const scheme *s = find_standard(&b, standard[_i].name);
  if (s->input.count > 0) { // the parts alone
    scheme *parts = arena_memdup(b.mem, s, sizeof *s);
    parts->input = (transform){0};
    parts->field_count = 0;
    s = parts;
  }
  tensor_codes *t = encode_mixture(b.d, b.mem, s, b.w, ROWS, COLUMNS, NULL, (encode_progress){0});
  ck_assert_msg(t != NULL, "%s", diag_text(b.d));
  double error = error_of(t, b.w);
  ck_assert_msg(error <= standard[_i].most, "%s: %g", standard[_i].name, error);
  arena_free(b.mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("mixtures");
  TCase *tcase = tcase_create("encoding");
  tcase_add_loop_test(tcase, parts_are_fitted, 0, (int)(sizeof rows / sizeof *rows));
  tcase_add_test(tcase, entries_are_the_largest);
  tcase_add_test(tcase, weights_that_are_special);
  tcase_add_test(tcase, thin_matrices_are_the_best);
  tcase_add_test(tcase, lists_of_all_kinds_are_read);
  tcase_add_loop_test(tcase, damaged_lists_are_refused, 0, (int)(sizeof wrong_lists / sizeof *wrong_lists));
  tcase_add_loop_test(tcase, standard_mixtures_encode, 0, (int)(sizeof standard / sizeof *standard));
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

// Float weights into formats that are sums or have parts: how near they come, and what the parts hold.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "ir/scheme_parts.h"
#include "tests/check_main.h"
#include "weights/encode_mixture.h"
#include "weights/low_rank.h"

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
        x[n * K + k] +=
            16 * pow(0.5, j) * sqrt(4.0 / (N * K)) * cos(M_PI * j * (n + 0.5) / N) * cos(M_PI * j * (k + 0.5) / K);
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

int main(void) {
  Suite *suite = suite_create("mixtures");
  TCase *tcase = tcase_create("encoding");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, parts_are_fitted, 0, (int)(sizeof rows / sizeof *rows));
  tcase_add_test(tcase, entries_are_the_largest);
  tcase_add_test(tcase, weights_that_are_special);
  tcase_add_test(tcase, thin_matrices_are_the_best);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

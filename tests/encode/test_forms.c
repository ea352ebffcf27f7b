// Forms of values as text: how near the encoder comes, and what it says of those that it cannot encode.
#include <string.h>

#include "encode/encode.h"
#include "frontend/frontend.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"

enum { ROWS = 18, COLUMNS = 256 };

typedef struct form {
  const char *members; // of the scheme
  double limit;        // of the relative error of random weights
} form;

static const form forms[] = {
    // Two of four weights, by position and code; the same with wide codes; a mask.
    {"code : u4[2] per 4; pos : u2[2] per 4; scale : f16 per 32;"
     "value = scale * sum(j < 2, (pos[j] == k % 4) * (code[j] - 8));",
     0.38},
    {"code : i8[2] per 4; pos : u2[2] per 4; scale : f32 per row;"
     "value = scale * sum(j < 2, (pos[j] == k % 4) * code[j]);",
     0.38},
    {"mask : u1; code : u4; scale : f16 per 32; value = mask * scale * (code - 8);", 0.09},
    // Numbers for columns, tiles, tiles within tiles; an offset under a row's scale; numbers for rows and for columns.
    {"code : i4; scale : f16 per column; value = scale * code;", 0.08},
    {"code : i8; scale : f32 per [5, 100]; value = scale * code;", 0.009},
    {"code : u4; sc : u6 per 16; d : f16 per [16, 16]; value = d * sc * (code - 8);", 0.08},
    {"code : u4; offset : f16 per 32; scale : f16 per row; value = scale * code + offset;", 0.12},
    {"code : i4; s : f16 per row; c : f16 per column; value = s * c * code;", 0.11},
    // Real zero points, scales and zero points of scales, powers of two, learned ternary levels.
    {"code : u4; scale : f16 per 64; zero : f16 per 64; value = scale * (code - zero);", 0.09},
    {"code : u3; s : u3 per 16; z : u3 per 16; ss : f16 per 256; sz : f16 per 256; zs : f16 per 256; zz : f16 per 256;"
     "value = (ss * s + sz) * (code - (zs * z + zz));",
     0.21},
    {"code : f4e2m1; scale : e8m0 per 32; value = scale * code;", 0.12},
    {"code : i4; e : i8 per 32; value = exp2(e) * code;", 0.12},
    {"code : u2; wp : f16 per row; wn : f16 per row; value = code == 1 ? wp : (code == 2 ? -wn : 0.0);", 0.45},
    // A scale that divides; 16-bit codes; vectors down the columns with an offset; books that add up.
    {"code : i4; scale : f8e4m3 per 16; all : f32 per tensor; value = scale / all * code;", 0.08},
    {"code : u16; scale : f32 per row; value = scale * (code - 32768);", 0.0001},
    {"code : u6 per [4, 1]; book : f16[64, 4] per tensor; offset : f16 per column;"
     "value = book[code, n % 4] + offset;",
     0.6},
    {"code : u4[2] per 4; book : f16[2, 16, 4] per tensor; scale : f16 per row;"
     "value = scale * sum(j < 2, book[j, code[j], k % 4]);",
     0.45},
    // Products of learned tables: numbers and vectors, vectors and vectors, three tables of numbers, with a scale.
    {"code : u6 per 2; i : u2 per 8; norm : f16[4] per row; book : f16[64, 2] per tensor; s : f16 per row;"
     "value = s * norm[i] * book[code, k % 2];",
     0.25},
    {"code : u8 per 4; e : u4 per 4; book : f16[256, 4] per tensor; factor : f16[16, 4] per tensor;"
     "value = factor[e, k % 4] * book[code, k % 4];",
     0.2},
    {"c : u2; e : u2; g : u2 per 8; a : f16[4] per row; b : f16[4] per tensor; d : f16[4] per tensor;"
     "value = a[c] * b[e] * d[g];",
     0.2},
    // Learned integers; a product that divides.
    {"code : u3; scale : f16 per 32; level : i8[8] per tensor; value = scale * level[code];", 0.18},
    {"code : u6 per 2; scale : f16 per row; level : i8[64, 2] per tensor; value = scale * level[code, k % 2];", 0.25},
    {"code : i4; s : f16 per 16; t : f16 per row; value = code / (s * t);", 0.09},
    // Trellis codes of 1, 2 and 3 bits.
    {"code : u1; scale : f16 per row; value = scale * (window(code, 8, 128) * 89 % 256 - 127.5);", 0.62},
    {"code : u2; scale : f16 per row; value = scale * (window(code, 10, 256) * 389 % 1024 - 511.5);", 0.33},
    {"code : u3; scale : f16 per row; value = scale * (window(code, 10, 64) * 389 % 1024 - 511.5);", 0.18},
};

static const scheme *parse(diag *d, arena *a, const char *members) {
  const char *text = arena_printf(a, "scheme x { %s }", members);
  const ast *tree = fe_parse(d, a, "form", text, strlen(text));
  fe_options o = {.dir_count = 0};
  const scheme *s = fe_find_scheme(d, a, tree, &o, "x");
  ck_assert_msg(s != NULL, "%s", diag_text(d));
  return s;
}

static tensor_codes *encode(diag *d, arena *a, const scheme *s, const float *w) {
  return encode_mixture(d, a, s, w, ROWS, COLUMNS, NULL, (encode_progress){.call = NULL});
}

START_TEST(form_is_encoded) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const form *f = &forms[_i];
  float *w = kit_normal_weights(a, ROWS * COLUMNS, 31);
  const tensor_codes *t = encode(d, a, parse(d, a, f->members), w);
  ck_assert_msg(t != NULL, "%s: %s", f->members, diag_text(d));
  double error = error_stats_measure(t, w).relative_rms;
  ck_assert_msg(error <= f->limit, "%s: relative error %g, expected at most %g", f->members, error, f->limit);
  arena_free(a);
}
END_TEST

// Any number of threads chooses the same codes.
START_TEST(threads_agree) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = parse(d, a, forms[_i].members);
  float *w = kit_normal_weights(a, ROWS * COLUMNS, 31);
  const tensor_codes *one = encode(d, a, s, w);
  const tensor_codes *many =
      encode_mixture(d, a, s, w, ROWS, COLUMNS, &(encode_options){.threads = 5}, (encode_progress){.call = NULL});
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&s->fields[f], ROWS, COLUMNS, &count);
    ck_assert_mem_eq(one->elements[f], many->elements[f], count * sizeof **one->elements);
  }
  arena_free(a);
}
END_TEST

// Magnitudes times signs of which there are an even number below zero: of one vector; of two that share them.
static const char *const signed_forms[] = {
    "point : u3 per 4; sign : u3 per 4; scale : f32 per 32;"
    "table even : u4[8] = { 0, 3, 5, 6, 9, 10, 12, 15 };"
    "table grid : f32[8, 4] = { 1, 1, 1, 1, 1, 3, 1, 2, 3, 1, 0, 1, 2, 2, 1, 3, 1, 1, 4, 1, 3, 3, 3, 3, 1, 4, 2, 1, "
    "0.5, 2, 1, 5 };"
    "value = scale * grid[point, k % 4] * (1 - 2 * (even[sign] >> k % 4 & 1));",
    "point : u3 per 2; sign : u3 per 4; scale : f32 per 32;"
    "table even : u4[8] = { 0, 3, 5, 6, 9, 10, 12, 15 };"
    "table grid : f32[8, 2] = { 1, 1, 1, 3, 3, 1, 2, 2, 1, 4, 4, 3, 0.5, 2, 5, 1 };"
    "value = scale * grid[point, k % 2] * (1 - 2 * (even[sign] >> k % 4 & 1));",
};

static double cell_error(const tensor_codes *t, const float *w, uint64_t n, uint64_t k) {
  double sum = 0;
  for (uint64_t i = k; i < k + 4; i++) {
    double e = scheme_weight(t, n, i) - (double)w[n * COLUMNS + i];
    sum += e * e;
  }
  return sum;
}

START_TEST(signs_are_the_best) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = parse(d, a, signed_forms[_i]);
  float *w = kit_normal_weights(a, ROWS * COLUMNS, 31);
  tensor_codes *t = encode(d, a, s, w);
  ck_assert_msg(t != NULL, "%s", diag_text(d));
  for (uint64_t n = 0; n < ROWS; n++)
    for (uint64_t k = 0; k < COLUMNS; k += 4) {
      uint32_t *point = t->elements[0] + scheme_field_index(&s->fields[0], COLUMNS, n, k);
      uint32_t *sign = t->elements[1] + scheme_field_index(&s->fields[1], COLUMNS, n, k);
      double chosen = cell_error(t, w, n, k), least = chosen;
      uint32_t kept[3] = {point[0], _i == 0 ? 0 : point[1], *sign};
      for (uint32_t joint = 0; joint < (_i == 0 ? 64u : 512u); joint++) {
        point[0] = joint & 7;
        *sign = joint >> 3 & 7;
        if (_i == 1) point[1] = joint >> 6;
        double error = cell_error(t, w, n, k);
        if (error < least) least = error;
      }
      point[0] = kept[0], *sign = kept[2];
      if (_i == 1) point[1] = kept[1];
      ck_assert_msg(least >= chosen * (1 - 1e-6), "row %d, column %d: %g, and %g is possible", (int)n, (int)k, chosen,
                    least);
    }
  arena_free(a);
}
END_TEST

static const struct {
  const char *members, *message;
} refusals[] = {
    {"a : u16 per 8; b : u16 per 8; scale : f16 per row; value = scale * (a * (k % 8) < b ? 1 : -1);",
     "this part of the value joins more than 16 bits of codes"},
    {"code : u2; scale : f16 per row; value = scale * (window(code, 8, 256) - window(code, 9, 256));",
     "this is neither one window of at most 16 bits nor constant"},
    {"code : u2; scale : f16 per 32; value = scale * window(code, 8, 256);",
     "a window of codes needs a value that is a sum of products"},
};

// Few rows leave some elements of a table without a weight to begin with, and weights may be of any size.
START_TEST(few_rows_of_any_size) {
  static const float sizes[] = {0.01f, 1, 500};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const form *f = &forms[_i];
  const scheme *s = parse(d, a, f->members);
  if (strstr(f->members, "window") == NULL)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      float *w = kit_normal_weights(a, 2 * 64, 5);
      for (size_t k = 0; k < (size_t)2 * 64; k++) w[k] *= sizes[i];
      const tensor_codes *t = encode_mixture(d, a, s, w, 2, 64, NULL, (encode_progress){.call = NULL});
      ck_assert_msg(t != NULL, "%s: %s", f->members, diag_text(d));
      double error = error_stats_measure(t, w).relative_rms;
      ck_assert_msg(error <= 1.1 * f->limit + 0.05, "%s, weights of size %g: relative error %g", f->members,
                    (double)sizes[i], error);
    }
  arena_free(a);
}
END_TEST

START_TEST(form_is_refused) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  float *w = kit_normal_weights(a, ROWS * COLUMNS, 31);
  const tensor_codes *t = encode(d, a, parse(d, a, refusals[_i].members), w);
  ck_assert_msg(t == NULL, "%s is encoded", refusals[_i].members);
  ck_assert_uint_eq(diag_error_count(d), 1);
  ck_assert_msg(strstr(diag_text(d), refusals[_i].message) != NULL, "%s", diag_text(d));
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("forms of values");
  TCase *t = tcase_create("forms");
  tcase_add_loop_test(t, form_is_encoded, 0, sizeof forms / sizeof *forms);
  tcase_add_loop_test(t, few_rows_of_any_size, 0, sizeof forms / sizeof *forms);
  tcase_add_loop_test(t, threads_agree, 0, sizeof forms / sizeof *forms);
  tcase_add_loop_test(t, signs_are_the_best, 0, sizeof signed_forms / sizeof *signed_forms);
  tcase_add_loop_test(t, form_is_refused, 0, sizeof refusals / sizeof *refusals);
  suite_add_tcase(s, t);
  return check_main(s);
}

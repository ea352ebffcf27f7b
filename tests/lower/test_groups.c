// Groups of weights and of activations that have nothing in common, in every scheme of the library: `prepare` and matmul,
// interpreted one after the other in memory that nobody has written, against the value expression in double.
//   QCC_TEST_FULL=1   more draws of each scheme
//   QCC_TEST_SEED=n   other draws
#include <stdlib.h>
#include <string.h>

#include "format/scheme_parts.h"
#include "frontend/frontend.h"
#include "tests/check_main.h"
#include "tests/kernels/case_formats.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/lower_kit.h"

enum { QUICK_DRAWS = 1, FULL_DRAWS = 60, TRIES = 8, MAX_PARAMETERS = 8, MOST_ROWS = 20, MOST_COLUMNS = 260 };

static const uint64_t weight_groups[] = {1, 3, 5, 7, 9, 13, 16, 20, 25, 32, 33, 36, 48, 49, 60, 65, 100, 129};
static const uint64_t act_groups[] = {0, 5, 7, 8, 9, 20, 31, 32, 33, 36, 50, 64, 100, 128};

static const act_spec kinds[] = {
    {.kind = ACT_SYMMETRIC, .type = ELEM_F8E4M3}, {.kind = ACT_SYMMETRIC, .type = ELEM_I8},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8},    {.kind = ACT_SYMMETRIC, .type = ELEM_F8E5M2},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I4},     {.kind = ACT_ASYMMETRIC, .type = ELEM_U4},
    {.kind = ACT_SIGN, .type = ELEM_U1},          {.kind = ACT_SYMMETRIC, .type = ELEM_F4E2M1},
};

#define PICK(state, array) (array)[kit_next(state) % (sizeof(array) / sizeof *(array))]

typedef struct counts {
  unsigned run, refused;
} counts;

// The scheme with groups that were drawn; NULL when it does not take them.
static const scheme *draw_scheme(fe_library *l, size_t index, uint64_t *state) {
  const fe_library_scheme *s = fe_library_at(l, index);
  int64_t values[MAX_PARAMETERS];
  ck_assert_uint_le(s->parameter_count, MAX_PARAMETERS);
  for (size_t i = 0; i < s->parameter_count; i++) {
    values[i] = s->parameters[i].value;
    if (s->parameters[i].role == FE_PARAMETER_GROUP) values[i] = (int64_t)PICK(state, weight_groups);
  }
  return fe_library_make(l, index, values);
}

// A part of the scheme with activations that were drawn. False when there are no kernels for them.
static bool run_part(const scheme *s, uint64_t *state, const char *label) {
  static const unsigned lanes[] = {16, 8, 4, 1};
  lower_kit k = kit_new();
  diag_set_warning(k.d, "fallback", DIAG_ACTION_IGNORE);
  act_spec act = PICK(state, kinds);
  act.group = PICK(state, act_groups);
  const target_tier *tier = kit_tier(PICK(state, lanes));
  uint64_t tokens = 1 + kit_next(state) % 3, rows = 1 + kit_next(state) % MOST_ROWS;
  uint64_t columns = case_columns(s, 1 + kit_next(state) % MOST_COLUMNS), seed = kit_next(state);
  const recipe *r = lower_make_recipe(k.d, k.mem, s, &act, "r", &k.options);
  bool made = r != NULL;
  if (made) {
    label = arena_printf(k.mem, "%s: %s, %s, %s, M=%llu N=%llu K=%llu", label, s->name, act_text(k.mem, &act),
                         tier->name, (unsigned long long)tokens, (unsigned long long)rows, (unsigned long long)columns);
    kernel_case *c = case_new(k.d, k.mem, r, tokens, rows, columns, seed, (sample_data)(seed % 4));
    const float *y = c == NULL ? NULL : case_layer(c, tier);
    const char *message = diag_text(k.d);
    ck_assert_msg(y != NULL && case_check(c, y, &message), "%s: %s", label, message);
  }
  kit_free(&k);
  return made;
}

// One draw of a scheme: the parts of it that are matrices.
static void run_scheme(fe_library *l, size_t index, uint64_t *state, const char *label, counts *n) {
  const scheme *s = NULL;
  for (int i = 0; i < TRIES && s == NULL; i++) s = draw_scheme(l, index, state);
  if (s == NULL) return;
  arena *a = arena_new();
  const scheme_part *parts;
  size_t count = scheme_split(diag_new(a, NULL, false), a, s, &parts);
  for (size_t i = 0; i < count; i++)
    if (parts[i].kind != PART_SPARSE) ++*(run_part(parts[i].scheme, state, label) ? &n->run : &n->refused);
  arena_free(a);
}

START_TEST(every_scheme_with_any_groups) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  const char *one = getenv("QCC_TEST_SEED"), *full = getenv("QCC_TEST_FULL");
  uint64_t seed = one == NULL ? 1 : strtoull(one, NULL, 10);
  int draws = full != NULL && strcmp(full, "1") == 0 ? FULL_DRAWS : QUICK_DRAWS;
  arena *a = arena_new();
  fe_library *l = fe_library_open(diag_new(a, stderr, false), a, NULL, &(fe_options){.dirs = dirs, .dir_count = 1});
  counts n = {0};
  const char *label = arena_printf(a, "QCC_TEST_SEED=%llu", (unsigned long long)seed);
  for (size_t i = 0; i < fe_library_count(l); i++) {
    uint64_t state = seed * 1000003 + i;
    for (int j = 0; j < draws; j++) run_scheme(l, i, &state, label, &n);
  }
  printf("%s: %u layers, %u refused\n", label, n.run, n.refused);
  ck_assert_uint_gt(n.run, fe_library_count(l));
  ck_assert_uint_lt(n.refused, n.run / 4);
  arena_free(a);
}
END_TEST

// Scales that are powers of two keep all of their exponents, those of subnormal numbers and NaN too.
START_TEST(every_exponent_of_a_scale) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  static const char *const acts[] = {"f32", "i8 per 32", "bf16", "i8 per token", "f16"};
  static const unsigned lanes[] = {16, 8, 4, 1};
  arena *a = arena_new();
  fe_library *l = fe_library_open(diag_new(a, stderr, false), a, NULL, &(fe_options){.dirs = dirs, .dir_count = 1});
  unsigned tried = 0;
  for (size_t i = 0; i < fe_library_count(l); i++) {
    const scheme *s = fe_library_make(l, i, NULL);
    if (s->value == NULL) continue;
    for (size_t j = 0; j < sizeof acts / sizeof *acts; j++) {
      lower_kit k = kit_new();
      diag_set_warning(k.d, "fallback", DIAG_ACTION_IGNORE);
      act_spec act = kit_act(acts[j]);
      const recipe *r = lower_make_recipe(k.d, k.mem, s, &act, "r", &k.options);
      kernel_case *c = r == NULL ? NULL : case_scales(k.d, k.mem, r, case_columns(s, 96), i);
      const char *message = "";
      for (size_t n = 0; c != NULL && n < sizeof lanes / sizeof *lanes; n++, tried++) {
        const float *y = case_layer(c, kit_tier(lanes[n]));
        ck_assert_msg(y != NULL && case_check(c, y, &message), "%u lanes: %s%s", lanes[n], message, diag_text(k.d));
      }
      kit_free(&k);
      if (c == NULL) break;
    }
  }
  ck_assert_uint_gt(tried, 100);
  arena_free(a);
}
END_TEST

typedef struct groups_row {
  const char *members, *act;
} groups_row;

#define GROUP(type, n, value) "c : " type "; d : f16 per " #n "; value = " value ";"

// Groups that were seen to be computed from memory which nobody had written.
static const groups_row groups_rows[] = {
    {"c : u3; level : f16[8] per 100; value = level[c];", "i8 per 32"},
    {"c : u4; level : f16[16] per 36; value = level[c];", "i8 per 32"},
    {GROUP("f16", 36, "d * c"), "i8 per 32"},
    {GROUP("u4", 33, "d * (c - 8)"), "f8e4m3 per 32"},
    {GROUP("u4", 36, "d * (c - 8)"), "f8e4m3 per 32"},
    {GROUP("u4", 100, "d * (c - 8)"), "f8e4m3 per 32"},
    {GROUP("u4", 100, "d * (c - 8)"), "f8e4m3 per 64"},
    {GROUP("u4", 9, "d * (c - 8)"), "f8e4m3 per 8"},
    {GROUP("u4", 9, "d * (c - 8)"), "i1 per 32"},
    {GROUP("u4", 40, "d * (c - 8)"), "f8e4m3 per 32"},
    {GROUP("u4", 48, "d * (c - 8)"), "f8e4m3 per 32"},
    {GROUP("u4", 9, "d * (c - 8)"), "u8 per 32"},
    {GROUP("u4", 9, "d * c - d"), "f8e4m3 per 7"},
};

START_TEST(groups_with_nothing_in_common) {
  const groups_row *row = &groups_rows[_i];
  static const uint64_t columns[] = {1, 31, 37, 128, 145, 300};
  static const unsigned lanes[] = {16, 8, 4, 1};
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    const char *message;
    ck_assert_msg(kit_matmul(&k, r, kit_tier(lanes[i % 4]), 1 + i % 3, 17, columns[i], (int)(i % 4), &message),
                  "%s: %s", row->act, message);
  }
  kit_free(&k);
}
END_TEST

// Windows of few bits and tables of each weight: what is computed from them becomes a code of its own.
static const groups_row code_rows[] = {
    {"code : u4; d : f16 per 32; value = d * window(code, 4, 64);", "i8 per 32"},
    {"code : u4; d : f16 per 32; value = d * (window(code, 4, 32) - 7);", "i8 per 32"},
    {"code : u2; d : f16 per 32; value = d * (window(code, 4, 64) - 8);", "f32"},
    {"code : u2; d : f16 per 32; value = d * (window(code, 6, 32) - 8);", "i8 per 32"},
    {"code : u1; d : f16 per 9; value = d * window(code, 7, 192);", "f8e4m3 per 32"},
    {"code : u3; d : f16 per row; value = d * window(code, 9, 96);", "i8 per token"},
    {"code : u2; d : f16 per row; value = d * (window(code, 8, 64) * 3 + window(code, 2, 32));", "f32"},
    // Tables of each weight
    {"c : u4[2]; value = c[0] + c[1];", "i8 per 32"},
    {"c : u4[2]; value = c[0] + c[1];", "f32"},
    {"c : u4[2]; d : f16 per 32; value = d * c[0] + c[1];", "i8 per 32"},
    {"c : i3[2]; e : u1; d : f16 per 9; value = d * c[e];", "f32"},
    {"c : u2[2, 2]; d : f16 per 32; value = d * (c[0, 1] * 4 - c[1, 0]);", "i8 per token"},
};

START_TEST(values_of_several_codes) {
  static const uint64_t columns[] = {192, 384, 576};
  static const unsigned lanes[] = {16, 8, 1};
  const groups_row *row = &code_rows[_i];
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  ck_assert_msg(strstr(diag_text(k.d), "error") == NULL, "%s", diag_text(k.d));
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    const char *message;
    ck_assert_msg(kit_matmul(&k, r, kit_tier(lanes[i]), 1 + i, 17, columns[i], (int)i, &message), "%s: %s",
                  row->members, message);
  }
  kit_free(&k);
}
END_TEST

START_TEST(tables_of_each_weight_that_no_kernel_reads) {
  static const char *const rows[] = {
      ("c : u4[2]; e : u4; table t : f32[16] = { 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "
       "12, 13, 14, 15 }; value = t[c[1]] + e;"),
      "c : f16[2]; value = c[0] + c[1];", "c : u8[2]; value = c[0] * c[1];"};
  lower_kit k = kit_new();
  ck_assert_ptr_null(kit_recipe(&k, rows[_i], "f32"));
  ck_assert_msg(strstr(diag_text(k.d), "'c' is a table for each weight: give each of its numbers a field") != NULL,
                "%s", diag_text(k.d));
  kit_free(&k);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("groups");
  TCase *tcase = tcase_create("layers");
  tcase_add_loop_test(tcase, groups_with_nothing_in_common, 0, sizeof groups_rows / sizeof *groups_rows);
  tcase_add_loop_test(tcase, values_of_several_codes, 0, sizeof code_rows / sizeof *code_rows);
  tcase_add_loop_test(tcase, tables_of_each_weight_that_no_kernel_reads, 0, 3);
  tcase_add_test(tcase, every_scheme_with_any_groups);
  tcase_add_test(tcase, every_exponent_of_a_scale);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

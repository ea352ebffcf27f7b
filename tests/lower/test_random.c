// Random formats, random activations, random shapes: the kernels, interpreted, against the value expression in double.
//   QCC_TEST_CASE=n   that one alone; what is drawn otherwise: tests/sampling.h
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "network/passes.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/random_scheme.h"

static const act_spec acts[] = {
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 0},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 100},
    {.kind = ACT_PLAIN, .type = ELEM_F32},
    {.kind = ACT_PLAIN, .type = ELEM_BF16},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 7},
    {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.01, .zero = -5},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I4, .group = 32},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I2, .group = 64},
    {.kind = ACT_SIGN, .type = ELEM_U1},
    {.kind = ACT_STATIC, .type = ELEM_U1, .scale = 1},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8, .group = 32},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8, .group = 0},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8, .group = 20},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U4, .group = 0},
    {.kind = ACT_SIGN, .type = ELEM_U1, .group = 32},
    {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 3},
    {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 128},
    {.kind = ACT_STATIC, .type = ELEM_I5, .scale = 0.1, .zero = -7},
    {.kind = ACT_PLAIN, .type = ELEM_F16},
    {.kind = ACT_SYMMETRIC, .type = ELEM_F8E4M3, .group = 32},
};

typedef struct counts {
  unsigned run, refused, modes[MODE_DECODE + 1];
} counts;

// What rounding errors of an expression are relative to: its value if nothing cancelled.
static double magnitude(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k) {
  double x[3] = {0};
  switch (e->op) {
  case EXPR_NEG: return magnitude(t, e->args[0], n, k);
  case EXPR_ADD:
  case EXPR_SUB:
  case EXPR_MUL:
  case EXPR_MIN:
  case EXPR_MAX:
  case EXPR_SELECT:
    for (unsigned i = 0; i < e->arg_count; i++) x[i] = magnitude(t, e->args[i], n, k);
    if (e->op == EXPR_MUL) return x[0] * x[1];
    return e->op == EXPR_SELECT ? x[1] + x[2] : x[0] + x[1];
  default: return fabs(scheme_eval(t, e, n, k));
  }
}

static double slack(const kernel_case *c, uint64_t m, uint64_t n) {
  double sum = 0;
  double wide = case_zero_share(c);
  for (uint64_t k = 0; k < c->columns; k++)
    sum += magnitude(c->codes, c->recipe->scheme->value, n, k) * (fabs(c->used[m * c->columns + k]) + wide);
  return sum * 0x1p-24 * (16 + (double)c->columns) + case_level_bound(c, m, n);
}

static const target_tier *tier_of(unsigned lanes) {
  for (size_t i = 0; i < target_count(); i++)
    for (size_t j = 0; !target_get(i)->gpu && j < target_get(i)->tier_count; j++)
      if (target_get(i)->tiers[j].lanes == lanes) return &target_get(i)->tiers[j];
  return NULL;
}

static bool within(kernel_case *c, const float *y, const char **message) {
  for (uint64_t i = 0; i < c->tokens * c->rows; i++) c->bound[i] += slack(c, i / c->rows, i % c->rows);
  return case_check(c, y, message);
}

static void run_case(diag *d, arena *a, const recipe *r, const target_tier *tier, uint64_t *state, const char *label) {
  uint64_t tokens = 1 + sampling_next(state) % 7, rows = 1 + sampling_next(state) % 20,
           columns = 1 + sampling_next(state) % 200;
  if (sampling_next(state) % 16 == 0) columns = 1 + sampling_next(state) % 1500;
  kernel_case *c =
      case_new(d, a, r, tokens, rows, columns, sampling_next(state), (sample_data)(sampling_next(state) % 4));
  ck_assert_msg(c != NULL, "%s: no case: %s", label, diag_text(d));
  const float *y = case_layer(c, tier);
  ck_assert_msg(y != NULL, "%s: %s", label, diag_text(d));
  const char *message = "";
  ck_assert_msg(within(c, y, &message), "%s: %s, %s lanes %u: %s", label, compute_mode_name(r->mode), tier->name,
                tier->lanes, message);
}

static void run_seed(uint64_t seed, int cases, counts *n) {
  static const unsigned lanes[] = {16, 4, 1, 8};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  diag_set_warning(d, "fallback", DIAG_ACTION_IGNORE);
  const char *text = random_scheme(a, seed);
  const char *label = arena_printf(a, "QCC_TEST_CASE=%llu\n%s", (unsigned long long)seed, text);
  ast *tree = fe_parse(d, a, "random.q", text, strlen(text));
  const scheme *s = fe_find_scheme(d, a, tree, &(fe_options){0}, "random");
  ck_assert_msg(s != NULL, "%s%s", label, diag_text(d));
  lower_options options = {.target = target_get(0)};
  uint64_t state = seed;
  const recipe *r =
      lower_make_recipe(d, a, s, &acts[sampling_next(&state) % (sizeof acts / sizeof *acts)], "random", &options);
  if (r == NULL) {
    n->refused++;
    ck_assert_msg(diag_error_count(d) == 1, "%s: refused without a reason", label);
  } else {
    label = arena_printf(a, "%s%s", label, act_text(a, &r->act));
    n->run++;
    n->modes[r->mode]++;
    const target_tier *tier = tier_of(lanes[sampling_next(&state) % 4]);
    for (int i = 0; tier != NULL && i < cases; i++) run_case(d, a, r, tier, &state, label);
  }
  arena_free(a);
}

START_TEST(random_schemes_match_their_values) {
  counts n = {0};
  const char *one = getenv("QCC_TEST_CASE");
  bool many = sampling_is_full();
  uint64_t seeds = many ? 5000 : 400, first = 10000 * (sampling_seed() - 1) + 1;
  if (one != NULL) {
    run_seed(strtoull(one, NULL, 10), 2, &n);
    return;
  }
  for (uint64_t seed = first; seed < first + seeds; seed++) run_seed(seed, many ? 2 : 1, &n);
  // Every mode has its share, and few schemes are refused.
  printf("cases from %llu on: %u schemes, %u refused; modes", (unsigned long long)first, n.run, n.refused);
  for (size_t i = 0; i <= MODE_DECODE; i++) printf(" %s %u", compute_mode_name((compute_mode)i), n.modes[i]);
  printf("\n");
  for (size_t i = 0; i <= MODE_DECODE; i++) ck_assert_uint_ge(n.modes[i], i == MODE_BIT_DOT ? 1 : seeds / 100);
  ck_assert_uint_lt(n.refused, seeds / 4);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("random schemes");
  TCase *tcase = tcase_create("kernels");
  tcase_add_test(tcase, random_schemes_match_their_values);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

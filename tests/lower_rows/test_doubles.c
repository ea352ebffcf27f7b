// Elementary functions of f64 against libm in long double, over samples, and the same bits on every tier and in the interpreter.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel/emit_functions.h"
#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/lower_rows/function_kit.h"

enum { BLOCK = 1 << 12 };

typedef struct function_case {
  st_op op;
  long double (*exact)(long double x);
  double bound;    // units in the last place of the exact result, as docs/row-kernels.md says
  int least, most; // exponents between which most samples lie
} function_case;

static const function_case cases[] = {
    {ST_EXP, expl, 1.1, -10, 10},  {ST_EXP2, exp2l, 1.1, -10, 10}, {ST_EXPM1, expm1l, 3, -50, 10},
    {ST_LOG, logl, 1, -3, 3},      {ST_LOG1P, log1pl, 1, -50, 30}, {ST_SIN, sinl, 3, -10, 25},
    {ST_COS, cosl, 3, -10, 25},    {ST_TAN, tanl, 4.5, -10, 25},   {ST_ASIN, asinl, 3, -10, 0},
    {ST_ACOS, acosl, 1.5, -10, 0}, {ST_ATAN, atanl, 3, -10, 10},   {ST_TANH, tanhl, 1.5, -10, 5},
    {ST_ERF, erfl, 1.5, -30, 4},   {ST_SQRT, sqrtl, 0.51, 0, 2},
};
enum { CASES = sizeof cases / sizeof *cases };

static double unit(long double exact) {
  int exponent;
  frexpl(exact, &exponent);
  return ldexp(1, exponent < -1021 ? -1074 : exponent - 53);
}

// In units in the last place; huge where one is no number, an infinity or a zero of a sign and the other is not. What rounds to
// infinity counts as 2^1024.
static double error_of(long double exact, double got) {
  const double wrong = 1e30;
  const long double infinite = ldexpl(1, 1024);
  if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0 : wrong;
  if (exact == 0) return got == 0 && (signbit(got) != 0) == (signbit(exact) != 0) ? 0 : wrong;
  if (isinf(exact)) return isinf(got) && (got < 0) == (exact < 0) ? 0 : wrong;
  long double value = isinf(got) ? copysignl(infinite, (long double)got) : (long double)got;
  exact = fmaxl(fminl(exact, infinite), -infinite);
  return (double)(fabsl(value - exact) / (long double)unit(fabsl(exact) < infinite ? exact : (long double)DBL_MAX));
}

static const double edges[] = {0.0,
                               -0.0,
                               1.0,
                               -1.0,
                               0.5,
                               -0.5,
                               2.0,
                               -2.0,
                               0x1p-1074,
                               -0x1p-1074,
                               DBL_MIN,
                               -DBL_MIN,
                               DBL_MAX,
                               -DBL_MAX,
                               INFINITY,
                               -INFINITY,
                               NAN,
                               1e22,
                               709.9,
                               -745.2,
                               1024.5,
                               -1074.6,
                               0x1p20,
                               -0x1p54,
                               0x1p-54,
                               1e300,
                               0x1.fffffffffffffp-1,
                               0x1.6ac5b262ca1ffp849,
                               3.141592653589793,
                               1.5707963267948966,
                               4.71238898038469,
                               710.0};
enum { EDGES = sizeof edges / sizeof *edges };

// Special values; any doubles; doubles near multiples of pi/2; those between the exponents.
static void fill(double *x, const function_case *f, int block, uint64_t *state) {
  for (size_t i = 0; i < BLOCK; i++) {
    uint64_t r = sampling_next(state);
    double fraction = 1 + (double)(r >> 12) * 0x1p-52, sign = r & 2048 ? -1 : 1;
    int exponent = f->least + (int)(r % (uint64_t)(f->most - f->least));
    x[i] = ldexp(fraction, exponent) * sign;
    if (block % 4 == 1) x[i] = fp_from_bits64(sampling_next(state));
    if (block % 4 == 2) x[i] = floor(x[i]) * 1.5707963267948966;
    if (block == 0 && i < 2 * (size_t)EDGES) x[i] = edges[i % EDGES];
  }
}

START_TEST(errors_are_within_their_bounds) {
  static double x[BLOCK], out[BLOCK];
  const function_case *f = &cases[_i];
  const target *t = target_for_triple(cg_host_triple(arena_new()));
  function_run c = function_compile(f->op, ELEM_F64, t, function_host_tier(t));
  uint64_t state = sampling_state(sampling_seed(), function_name(f->op));
  double worst = 0, worst_x = 0;
  for (int block = 0; block < (sampling_is_full() ? 1 << 12 : 32); block++) {
    fill(x, f, block, &state);
    c.call(&(qrt_args){.buffers = {x, x, out}}, 0, BLOCK);
    for (size_t i = 0; i < BLOCK; i++) {
      double error = error_of(f->exact((long double)x[i]), out[i]);
      if (error > f->bound)
        ck_abort_msg("%s(%a) = %a, not %La", function_name(f->op), x[i], out[i], f->exact((long double)x[i]));
      if (error > worst) worst = error, worst_x = x[i];
    }
  }
  printf("%-6s %5.3f units in the last place at %a\n", function_name(f->op), worst, worst_x);
  function_finish(&c);
}
END_TEST

static bool same(double a, double b) { return (isnan(a) && isnan(b)) || fp_bits64(a) == fp_bits64(b); }

static void compare(const function_case *f, const target *t, const target_tier *tier, double *x, const double *want) {
  static double out[BLOCK];
  function_run c = function_compile(f->op, ELEM_F64, t, tier);
  c.call(&(qrt_args){.buffers = {x, x, out}}, 0, BLOCK);
  for (size_t i = 0; i < BLOCK; i++)
    if (!same(out[i], want[i]))
      ck_abort_msg("%s: %s(%a) = %a, not %a", tier->name, function_name(f->op), x[i], out[i], want[i]);
  function_finish(&c);
}

// A quick run draws a third of the tiers.
START_TEST(all_tiers_and_the_interpreter_agree) {
  static double x[BLOCK], want[BLOCK];
  const function_case *f = &cases[_i];
  const target *t = target_for_triple(cg_host_triple(arena_new())), *generic = target_for_triple("unknown");
  uint64_t state = sampling_state(sampling_seed(), function_name(f->op));
  fill(x, f, 0, &state);
  for (size_t i = BLOCK / 2; i < BLOCK; i++) x[i] = fp_from_bits64(sampling_next(&state));
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = (uint8_t *)x, .size = sizeof x},
                        {.data = (uint8_t *)x, .size = sizeof x},
                        {.data = (uint8_t *)want, .size = sizeof want}};
  const ir_func *kernel = function_kernel(run.module, f->op, ELEM_F64, FUNCTION_LANES);
  kernel_run_go(&run, kernel, 3, memory, 0, NULL, 0, BLOCK);
  kernel_run_free(&run);
  compare(f, generic, &generic->tiers[0], x, want);
  for (size_t i = 0; i < t->tier_count; i++) {
    bool runs = (t->tiers[i].cpu_features & ~qrt_cpu_features()) == 0;
    if (runs && (sampling_is_full() || sampling_next(&state) % 3 == 0)) compare(f, t, &t->tiers[i], x, want);
  }
}
END_TEST

static double check_pow(const function_run *c, double *x, double *y) {
  static double out[BLOCK];
  double most = 0;
  c->call(&(qrt_args){.buffers = {x, y, out}}, 0, BLOCK);
  for (size_t i = 0; i < BLOCK; i++) {
    long double exact = powl((long double)x[i], (long double)y[i]);
    double error = error_of(exact, out[i]);
    if (error > 1.5) ck_abort_msg("pow(%a, %a) = %a, not %La", x[i], y[i], out[i], exact);
    most = fmax(most, error);
  }
  return most;
}

// All pairs of special values; any numbers; results of all sizes; bases near 1.
START_TEST(powers) {
  static double x[BLOCK], y[BLOCK];
  const target *t = target_for_triple(cg_host_triple(arena_new()));
  function_run c = function_compile(ST_POW, ELEM_F64, t, function_host_tier(t));
  uint64_t state = sampling_seed();
  double most = 0;
  for (size_t i = 0; i < BLOCK; i++) x[i] = edges[i % EDGES], y[i] = edges[i / EDGES % EDGES];
  check_pow(&c, x, y);
  for (int block = 0; block < (sampling_is_full() ? 1 << 12 : 32); block++) {
    for (size_t i = 0; i < BLOCK; i++) {
      uint64_t r = sampling_next(&state);
      x[i] = fp_from_bits64(r);
      y[i] = fp_from_bits64(sampling_next(&state));
      if (block % 4 == 0) continue;
      x[i] = ldexp(1 + (double)(r >> 12) * 0x1p-52, (int)(r % 80) - 40);
      if (block % 4 == 2) x[i] = 1 + ldexp((double)(int64_t)sampling_next(&state), -64 - (int)(r % 30));
      y[i] = (double)(int64_t)sampling_next(&state) * 0x1p-63 * 1070 / (fabs(log2(x[i])) + 1e-9);
      if (block % 4 == 3) y[i] = rint(y[i]), x[i] = r % 2 == 0 ? -x[i] : x[i];
    }
    most = fmax(most, check_pow(&c, x, y));
  }
  printf("pow    %5.3f units in the last place\n", most);
  function_finish(&c);
}
END_TEST

START_TEST(what_is_offered) {
  for (int op = 0; op < ST_OP_COUNT; op++) {
    bool expected = (st_op)op == ST_POW;
    for (int i = 0; i < CASES; i++) expected = expected || cases[i].op == (st_op)op;
    ck_assert_msg(lo_has_function((st_op)op, ELEM_F64) == expected, "%s", function_name((st_op)op));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_doubles");
  TCase *tables = tcase_create("tables");
  check_add_rounds(tables, errors_are_within_their_bounds, CASES);
  check_add_rounds(tables, all_tiers_and_the_interpreter_agree, CASES);
  suite_add_tcase(suite, tables);
  check_add(suite, "others", (const TTest *const[]){powers, what_is_offered, NULL});
  return check_main(suite);
}

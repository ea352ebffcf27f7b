// Elementary functions against libm in double: compiled for this machine, over samples of all floats, in a full run over every
// float where the result is not trivial; and the same bits on every tier and in the interpreter.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel/emit_functions.h"
#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/lower_rows/function_kit.h"
#include "tests/lower_rows/kernel_run.h"

enum { LANES = FUNCTION_LANES, BLOCK = 1 << 12 };

typedef struct function_case {
  st_op op;
  double (*exact)(double x);
  double bound;    // units in the last place of the exact result, as docs/row-kernels.md says
  int least, most; // exponents between which every float is tried in a full run; beyond them a sample is
  double sign;     // 0: both; 1: of positive numbers only, the others follow from them or are NaN
} function_case;

static const function_case cases[] = {
    {ST_EXP, exp, 1.05, -14, 7, 0},    {ST_EXP2, exp2, 1.25, -14, 8, 0},    {ST_EXPM1, expm1, 0.51, -26, 7, 0},
    {ST_LOG, log, 0.85, -149, 128, 1}, {ST_LOG1P, log1p, 0.51, -26, 40, 0}, {ST_SIN, sin, 1.6, -13, 128, 1},
    {ST_COS, cos, 1.6, -13, 128, 1},   {ST_TAN, tan, 0.53, -13, 128, 1},    {ST_ASIN, asin, 0.51, -13, 1, 1},
    {ST_ACOS, acos, 0.51, -26, 1, 0},  {ST_ATAN, atan, 0.51, -13, 28, 1},   {ST_TANH, tanh, 1.35, -13, 5, 1},
    {ST_ERF, erf, 1.3, -30, 3, 1},     {ST_SQRT, sqrt, 0.5, 0, 2, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static void apply(const function_run *c, float *x, float *y, float *out) {
  qrt_args args = {.buffers = {x, y, out}};
  c->call(&args, 0, BLOCK);
}

// ---- errors ----------------------------------------------------------------------------------------------

static double unit(double exact) {
  int exponent;
  frexp(exact, &exponent);
  return ldexp(1, exponent < -125 ? -149 : exponent - 24);
}

// In units in the last place; huge where one is no number, an infinity or a zero of a sign and the other is not. What rounds to
// infinity counts as 2^128.
static double error_of(double exact, float got) {
  const double wrong = 1e30, infinite = 0x1p128;
  if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0 : wrong;
  if (exact == 0) return got == 0 && (signbit(got) != 0) == (signbit(exact) != 0) ? 0 : wrong;
  if (isinf(exact)) return isinf(got) && (signbit(got) != 0) == (signbit(exact) != 0) ? 0 : wrong;
  double value = isinf(got) ? copysign(infinite, (double)got) : (double)got;
  exact = fmax(fmin(exact, infinite), -infinite);
  return fabs(value - exact) / unit(fabs(exact) < infinite ? exact : (double)FLT_MAX);
}

typedef struct worst {
  double error;
  float x;
  uint64_t count;
} worst;

static void take_block(worst *w, const function_case *f, const float *x, const float *out) {
  for (size_t i = 0; i < BLOCK; i++) {
    double error = error_of(f->exact((double)x[i]), out[i]);
    if (error > w->error) w->error = error, w->x = x[i];
  }
  w->count += BLOCK;
}

// Every `step`-th float from `first` on, `count` of them.
static void sweep(const function_run *c, worst *w, const function_case *f, uint64_t first, uint64_t count,
                  uint64_t step) {
  static float x[BLOCK], out[BLOCK];
  for (uint64_t done = 0; done < count; done += BLOCK) {
    for (size_t i = 0; i < BLOCK; i++) {
      uint64_t at = done + i < count ? done + i : count - 1;
      x[i] = fp_from_bits32((uint32_t)(first + at * step));
    }
    apply(c, x, x, out);
    take_block(w, f, x, out);
  }
}

static uint32_t bits_of_power(int exponent) {
  return exponent > 127 ? 0x7f800000 : fp_bits32((float)ldexp(1, exponent));
}

START_TEST(errors_are_within_their_bounds) {
  const function_case *f = &cases[_i];
  const target *t = target_for_triple(cg_host_triple(arena_new()));
  function_run c = function_compile(f->op, ELEM_F32, t, function_host_tier(t));
  worst w = {0};
  sweep(&c, &w, f, 0, 1 << 16, 65521); // over all bit patterns
  uint32_t first = bits_of_power(f->least), count = bits_of_power(f->most) - first;
  uint64_t step = sampling_is_full() ? 1 : count / (1 << 16) + 1;
  for (int negative = 0; negative <= (f->sign == 0); negative++)
    sweep(&c, &w, f, first + ((uint64_t)negative << 31), count / step, step);
  printf("%-6s %5.3f units in the last place at %a, of %llu floats\n", function_name(f->op), w.error, (double)w.x,
         (unsigned long long)w.count);
  ck_assert_msg(w.error <= f->bound, "%s(%a): %g units", function_name(f->op), (double)w.x, w.error);
  function_finish(&c);
}
END_TEST

// ---- special values --------------------------------------------------------------------------------------

static const float edges[] = {0.0f,
                              -0.0f,
                              1.0f,
                              -1.0f,
                              0.5f,
                              -0.5f,
                              2.0f,
                              -2.0f,
                              3.0f,
                              -3.0f,
                              2.5f,
                              -2.5f,
                              1e10f,
                              0x1p-149f,
                              -0x1p-149f,
                              FLT_MIN,
                              -FLT_MIN,
                              FLT_MAX,
                              -FLT_MAX,
                              0x1p24f,
                              -0x1p24f,
                              16777215.0f,
                              -16777215.0f,
                              INFINITY,
                              -INFINITY,
                              NAN,
                              -NAN,
                              0x1.fffffep-1f,
                              -0x1.fffffep-1f,
                              0x1.000002p0f,
                              88.8f,
                              -104.1f};
enum { EDGES = sizeof edges / sizeof *edges };

START_TEST(special_values_are_those_of_c) {
  static float x[BLOCK], out[BLOCK];
  const function_case *f = &cases[_i];
  const target *t = target_for_triple(cg_host_triple(arena_new()));
  function_run c = function_compile(f->op, ELEM_F32, t, function_host_tier(t));
  for (size_t i = 0; i < BLOCK; i++) x[i] = edges[i % EDGES];
  apply(&c, x, x, out);
  for (size_t i = 0; i < BLOCK; i++) {
    double exact = f->exact((double)x[i]), error = error_of(exact, out[i]);
    ck_assert_msg(error <= f->bound, "%s(%a) = %a, not %a", function_name(f->op), (double)x[i], (double)out[i], exact);
  }
  function_finish(&c);
}
END_TEST

static double check_pow(const function_run *c, float *x, float *y) {
  static float out[BLOCK];
  double most = 0;
  apply(c, x, y, out);
  for (size_t i = 0; i < BLOCK; i++) {
    double exact = pow((double)x[i], (double)y[i]), error = error_of(exact, out[i]);
    if (error > 0.51) ck_abort_msg("pow(%a, %a) = %a, not %a", (double)x[i], (double)y[i], (double)out[i], exact);
    most = fmax(most, error);
  }
  return most;
}

// All pairs of special values; any floats; results of all sizes; bases near 1.
START_TEST(powers) {
  static float x[BLOCK], y[BLOCK];
  const target *t = target_for_triple(cg_host_triple(arena_new()));
  function_run c = function_compile(ST_POW, ELEM_F32, t, function_host_tier(t));
  uint64_t state = sampling_seed();
  double most = 0;
  for (size_t i = 0; i < BLOCK; i++) x[i] = edges[i % EDGES], y[i] = edges[i / EDGES % EDGES];
  check_pow(&c, x, y);
  for (int block = 0; block < (sampling_is_full() ? 1 << 14 : 64); block++) {
    for (size_t i = 0; i < BLOCK; i++) {
      uint64_t r = sampling_next(&state);
      x[i] = fp_from_bits32((uint32_t)r);
      y[i] = fp_from_bits32((uint32_t)(r >> 32));
      if (block % 4 != 0) x[i] = fabsf(ldexpf(1 + next_float(&state) / 2, (int)(r % 40) - 20));
      if (block % 4 == 2) x[i] = 1 + ldexpf(next_float(&state), -(int)(r % 20));
      if (block % 4 != 0) y[i] = (float)(next_float(&state) * 150 / (fabs(log2((double)x[i])) + 1e-6));
    }
    most = fmax(most, check_pow(&c, x, y));
  }
  printf("pow    %5.3f units in the last place\n", most);
  function_finish(&c);
}
END_TEST

// ---- the same bits everywhere ----------------------------------------------------------------------------

// Special values, and numbers that make the large arguments of sines or do not.
static void fill(float *x, float *y, uint64_t seed) {
  for (size_t i = 0; i < BLOCK; i++) {
    uint64_t r = sampling_next(&seed);
    x[i] = i < 2 * (size_t)EDGES ? edges[i % EDGES] : fp_from_bits32((uint32_t)r);
    if (i >= BLOCK / 2) x[i] = ldexpf(next_float(&seed), (int)(r % 32) - 20);
    y[i] = ldexpf(next_float(&seed), (int)(r >> 40 & 7));
  }
}

static void compare(st_op op, const target *t, const target_tier *tier, float *x, float *y, const float *want) {
  static float out[BLOCK];
  function_run c = function_compile(op, ELEM_F32, t, tier);
  apply(&c, x, y, out);
  for (size_t i = 0; i < BLOCK; i++)
    if (!same_float(out[i], want[i]))
      ck_abort_msg("%s: %s(%a, %a) = %a, not %a", tier->name, function_name(op), (double)x[i], (double)y[i],
                   (double)out[i], (double)want[i]);
  function_finish(&c);
}

// A quick run draws a third of the tiers.
START_TEST(all_tiers_and_the_interpreter_agree) {
  static float x[BLOCK], y[BLOCK], want[BLOCK];
  st_op op = _i < CASES ? cases[_i].op : ST_POW;
  const target *t = target_for_triple(cg_host_triple(arena_new())), *generic = target_for_triple("unknown");
  uint64_t state = sampling_state(sampling_seed(), function_name(op));
  fill(x, y, state);
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = (uint8_t *)x, .size = sizeof x},
                        {.data = (uint8_t *)y, .size = sizeof y},
                        {.data = (uint8_t *)want, .size = sizeof want}};
  kernel_run_go(&run, function_kernel(run.module, op, ELEM_F32, LANES), 3, memory, 0, NULL, 0, BLOCK);
  kernel_run_go(&run, function_kernel(run.module, op, ELEM_F32, 1), 3, memory, 0, NULL, 0, EDGES);
  kernel_run_free(&run);
  compare(op, generic, &generic->tiers[0], x, y, want);
  for (size_t i = 0; i < t->tier_count; i++) {
    bool runs = (t->tiers[i].cpu_features & ~qrt_cpu_features()) == 0;
    if (runs && (sampling_is_full() || sampling_next(&state) % 3 == 0)) compare(op, t, &t->tiers[i], x, y, want);
  }
}
END_TEST

START_TEST(what_is_offered) {
  for (int op = 0; op < ST_OP_COUNT; op++) {
    bool expected = op >= ST_SQRT && op <= ST_POW;
    ck_assert_msg(lo_has_function((st_op)op, ELEM_F32) == expected, "%s", function_name(op));
    ck_assert(!lo_has_function((st_op)op, ELEM_F16) && !lo_has_function((st_op)op, ELEM_I32));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_functions");
  TCase *tables = tcase_create("tables");
  check_add_rounds(tables, errors_are_within_their_bounds, CASES);
  check_add_rounds(tables, special_values_are_those_of_c, CASES);
  check_add_rounds(tables, all_tiers_and_the_interpreter_agree, CASES + 1);
  suite_add_tcase(suite, tables);
  check_add(suite, "others", (const TTest *const[]){powers, what_is_offered, NULL});
  return check_main(suite);
}

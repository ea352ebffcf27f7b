// The elementwise functions against libm in double, over floats spread evenly through all bit patterns.
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "kernel/emit_base.h"
#include "kernel/emit_math.h"
#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/lower_rows/kernel_run.h"

enum { SAMPLES = 1 << 16, STEP = 65521 }; // a prime near 2^16: the low bits of the patterns vary too

typedef ir_value *(*unary_emitter)(ir_builder *b, ir_value *x);

static ir_value *emit_relu(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_RELU, x); }
static ir_value *emit_gelu(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_GELU, x); }
static ir_value *emit_silu(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_SILU, x); }
static ir_value *emit_tanh(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_TANH, x); }
static ir_value *emit_sigmoid(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_SIGMOID, x); }
static ir_value *emit_neg(ir_builder *b, ir_value *x) { return lower_emit_unary(b, IR_TNEG, x); }

static double exact_relu(double x) { return x < 0 ? 0 : x; }
static double exact_gelu(double x) { return isinf(x) ? fmax(x, 0) : 0.5 * x * erfc(-x * M_SQRT1_2); }
static double exact_silu(double x) { return isinf(x) ? fmax(x, 0) : x / (1 + exp(-x)); }
static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double exact_neg(double x) { return -x; }

// Bounds, those of docs/row-kernels.md: `scaled` of |error| / max(1, |exact|), `relative` of |error| / |exact| where |exact| >= `relative_from`.
typedef struct function_case {
  const char *name;
  unary_emitter emit;
  double (*exact)(double x);
  double scaled;
  double relative;
  double relative_from;
} function_case;

static const function_case cases[] = {
    {"exp", lower_emit_exp, exp, 8.3e-8, 8.4e-8, FLT_MIN},
    {"relu", emit_relu, exact_relu, 0, 0, 0},
    {"gelu", emit_gelu, exact_gelu, 1.5e-7, 2.3e-6, 1e-20},
    {"silu", emit_silu, exact_silu, 1.2e-7, 1.8e-7, 1e-30},
    {"tanh", emit_tanh, tanh, 8.0e-8, 1.5e-7, FLT_MIN},
    {"sigmoid", emit_sigmoid, exact_sigmoid, 9.0e-8, 1.5e-7, 1e-37},
    {"neg", emit_neg, exact_neg, 0, 0, 0},
};

static ir_func *make_kernel(ir_module *m, unary_emitter emit, uint32_t lanes) {
  static const char *const buffers[] = {"x", "y", NULL};
  static const char *const sizes[] = {NULL};
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &b, "f", buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, lanes));
  ir_value *offset = lo_index_scale(&b, loop.index, 4);
  ir_value *x = lo_load(&b, lo_f32(lanes), p.buffers[0], offset, NULL);
  lo_store(&b, p.buffers[1], offset, emit(&b, x), NULL);
  lo_end_loop(&b, loop);
  return f;
}

static void apply(unary_emitter emit, uint32_t lanes, size_t count, float *x, float *y) {
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = (uint8_t *)x, .size = count * sizeof *x},
                        {.data = (uint8_t *)y, .size = count * sizeof *y}};
  kernel_run_go(&run, make_kernel(run.module, emit, lanes), 2, memory, 0, NULL, 0, count);
  kernel_run_free(&run);
}

typedef struct worst {
  double scaled;
  double relative;
  float scaled_at;
  float relative_at;
} worst;

static void take(worst *w, const function_case *c, float x, float y) {
  double exact = c->exact((double)x);
  if (isnan(exact)) ck_assert_msg(isnan(y), "%s(%a) = %a, not NaN", c->name, (double)x, (double)y);
  if (isnan(exact) || (double)y == exact) return;
  if (fabs(exact) > (double)FLT_MAX) { // rounds to infinity
    ck_assert_msg(isinf(y) || fabs((double)y) == (double)FLT_MAX, "%s(%a) = %a", c->name, (double)x, (double)y);
    return;
  }
  double error = fabs((double)y - exact);
  ck_assert_msg(isfinite(error), "%s(%a) = %a, not %a", c->name, (double)x, (double)y, exact);
  double scaled = error / fmax(1, fabs(exact));
  double relative = fabs(exact) >= c->relative_from ? error / fabs(exact) : 0;
  if (scaled > w->scaled) *w = (worst){scaled, w->relative, x, w->relative_at};
  if (relative > w->relative) *w = (worst){w->scaled, relative, w->scaled_at, x};
}

static void check_case(const function_case *c, size_t count, float *x) {
  static float y[SAMPLES];
  worst w = {0};
  apply(c->emit, 16, count, x, y);
  for (size_t i = 0; i < count; i++) take(&w, c, x[i], y[i]);
  printf("%-8s error %.2e of max(1, |y|) at %g, %.2e of |y| at %g\n", c->name, w.scaled, (double)w.scaled_at,
         w.relative, (double)w.relative_at);
  ck_assert_msg(w.scaled <= c->scaled && w.relative <= c->relative, "%s: above its bounds", c->name);
}

START_TEST(test_all_patterns) {
  static float x[SAMPLES];
  for (uint32_t i = 0; i < SAMPLES; i++) x[i] = fp_from_bits32(i * STEP);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], SAMPLES, x);
}
END_TEST

START_TEST(test_common_range) {
  static float x[SAMPLES];
  for (int i = 0; i < SAMPLES; i++) x[i] = (float)(i - SAMPLES / 2) * (104.0f / (SAMPLES / 2));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], SAMPLES, x);
}
END_TEST

// Around the places where the largest errors were found.
START_TEST(test_worst_places) {
  static const float places[] = {0.6310442f, 0.6317982f,  7.859828f,  -16.636236f,
                                 1.2802441f, -16.651403f, 1.1444799f, -9.259938f};
  static float x[SAMPLES];
  enum { EACH = SAMPLES / 8 };
  for (uint32_t i = 0; i < SAMPLES; i++) x[i] = fp_from_bits32(fp_bits32(places[i / EACH]) + i % EACH - EACH / 2);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], SAMPLES, x);
}
END_TEST

typedef struct exact_case {
  unary_emitter emit;
  float x;
  float y;
} exact_case;

START_TEST(test_special_values) {
  const exact_case specials[] = {
      {lower_emit_exp, 0.0f, 1.0f},
      {lower_emit_exp, -0.0f, 1.0f},
      {lower_emit_exp, INFINITY, INFINITY},
      {lower_emit_exp, -INFINITY, 0.0f},
      {lower_emit_exp, 88.7229f, INFINITY},
      {lower_emit_exp, FLT_MAX, INFINITY},
      {lower_emit_exp, -FLT_MAX, 0.0f},
      {lower_emit_exp, -103.9f, 0x1p-149f},
      {emit_relu, -0.0f, -0.0f},
      {emit_relu, -INFINITY, 0.0f},
      {emit_gelu, -INFINITY, -0.0f},
      {emit_gelu, INFINITY, INFINITY},
      {emit_gelu, FLT_MAX, FLT_MAX},
      {emit_gelu, -0.0f, -0.0f},
      {emit_silu, -INFINITY, -0.0f},
      {emit_silu, INFINITY, INFINITY},
      {emit_silu, -0.0f, -0.0f},
      {emit_tanh, INFINITY, 1.0f},
      {emit_tanh, -INFINITY, -1.0f},
      {emit_tanh, -0.0f, -0.0f},
      {emit_tanh, 0x1p-149f, 0x1p-149f},
      {emit_sigmoid, INFINITY, 1.0f},
      {emit_sigmoid, -INFINITY, 0.0f},
      {emit_sigmoid, 0.0f, 0.5f},
      {emit_neg, 0.0f, -0.0f},
      {emit_neg, INFINITY, -INFINITY},
  };
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
    float x = specials[i].x;
    float y;
    apply(specials[i].emit, 1, 1, &x, &y);
    ck_assert_msg(same_float(y, specials[i].y), "case %zu: f(%a) = %a, not %a", i, (double)x, (double)y,
                  (double)specials[i].y);
  }
}
END_TEST

START_TEST(test_nan_and_lane_counts) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    float x[32];
    float wide[32];
    float narrow[32];
    for (size_t j = 0; j < 32; j++) x[j] = j == 7 ? NAN : j == 9 ? -NAN : (float)j - 15.5f;
    apply(cases[i].emit, 32, 32, x, wide);
    apply(cases[i].emit, 1, 32, x, narrow);
    for (size_t j = 0; j < 32; j++) ck_assert_msg(same_float(wide[j], narrow[j]), "%s, lane %zu", cases[i].name, j);
    ck_assert(isnan(wide[7]) && isnan(wide[9]) && !isnan(wide[8]));
  }
}
END_TEST

START_TEST(test_which_are_known) {
  ck_assert(lower_is_unary(IR_GELU) && lower_is_unary(IR_TNEG));
  ck_assert(!lower_is_unary(IR_SOFTMAX) && !lower_is_unary(IR_TSCALE) && !lower_is_unary(IR_FADD));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_math");
  const TTest *tests[] = {test_all_patterns,
                          test_common_range,
                          test_worst_places,
                          test_special_values,
                          test_nan_and_lane_counts,
                          test_which_are_known,
                          NULL};
  check_add(suite, "math", tests);
  return check_main(suite);
}

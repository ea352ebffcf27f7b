// Row kernels against double arithmetic, at every small number of columns, on buffers of exactly the tensors' sizes.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel/emit_rows.h"
#include "tests/check_main.h"
#include "tests/lower_rows/kernel_run.h"

enum { ROWS = 5, MOST_COLUMNS = 2048, MOST = ROWS * MOST_COLUMNS };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const size_t column_counts[] = {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 48, 63, 100, 130};

// ---- the exact result of one row, in double

typedef struct row_inputs {
  size_t columns;
  const float *x;
  const float *second;
  const float *gain;
  const float *bias;
  const int32_t *index;
} row_inputs;

typedef void (*exact_row)(const rows_kernel *k, const row_inputs *in, double *y);

static double sum_of(size_t n, const float *x, double shift, int power) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += pow((double)x[i] - shift, power);
  return sum;
}

static void exact_copy(const rows_kernel *k, const row_inputs *in, double *y) {
  (void)k;
  for (size_t i = 0; i < in->columns; i++) y[i] = (double)in->x[i];
}

static void exact_scale(const rows_kernel *k, const row_inputs *in, double *y) {
  for (size_t i = 0; i < in->columns; i++) y[i] = (double)in->x[i] * k->mul + k->add;
}

static void exact_sigmoid(const rows_kernel *k, const row_inputs *in, double *y) {
  (void)k;
  for (size_t i = 0; i < in->columns; i++) y[i] = 1 / (1 + exp(-(double)in->x[i]));
}

static void exact_binary(const rows_kernel *k, const row_inputs *in, double *y) {
  for (size_t i = 0; i < in->columns; i++) {
    double a = (double)in->x[i];
    double b = (double)in->second[i];
    y[i] = k->op == IR_TADD ? a + b : k->op == IR_TSUB ? a - b : k->op == IR_TMUL ? a * b : a / b;
  }
}

static void exact_softmax(const rows_kernel *k, const row_inputs *in, double *y) {
  (void)k;
  double max = -INFINITY;
  double sum = 0;
  for (size_t i = 0; i < in->columns; i++) max = fmax(max, (double)in->x[i]);
  for (size_t i = 0; i < in->columns; i++) sum += y[i] = exp((double)in->x[i] - max);
  for (size_t i = 0; i < in->columns; i++) y[i] /= sum;
}

static void exact_norm(const rows_kernel *k, const row_inputs *in, double *y) {
  double n = (double)in->columns;
  double shift = k->op == IR_LAYERNORM ? sum_of(in->columns, in->x, 0, 1) / n : 0;
  double factor = 1 / sqrt(sum_of(in->columns, in->x, shift, 2) / n + k->eps);
  for (size_t i = 0; i < in->columns; i++) {
    y[i] = ((double)in->x[i] - shift) * factor;
    if (k->gain) y[i] *= (double)in->gain[i];
    if (k->bias) y[i] += (double)in->bias[i];
  }
}

static void exact_take(const rows_kernel *k, const row_inputs *in, double *y) {
  (void)k;
  for (size_t i = 0; i < in->columns; i++) y[i] = (double)in->x[in->index[i]];
}

// By the matrix: entry (i, j) is negative where i and j have an odd number of bits in common.
static void exact_hadamard(const rows_kernel *k, const row_inputs *in, double *y) {
  for (size_t i = 0; i < in->columns; i++) {
    size_t first = i - i % k->block;
    y[i] = 0;
    for (size_t j = 0; j < k->block; j++)
      y[i] += (__builtin_popcountll((i - first) & j) % 2 == 0 ? 1 : -1) * (double)in->x[first + j];
    y[i] /= sqrt((double)k->block);
  }
}

// ---- running a kernel on it

typedef struct rows_case {
  rows_kernel k;
  exact_row exact;
  double bound; // of |error| / max(1, |exact|)
} rows_case;

static const rows_case cases[] = {
    {{.op = IR_RESHAPE}, exact_copy, 0},
    {{.op = IR_TSCALE, .mul = 0.75, .add = -3}, exact_scale, 1.2e-7},
    {{.op = IR_SIGMOID}, exact_sigmoid, 2e-7},
    {{.op = IR_TADD}, exact_binary, 6e-8},
    {{.op = IR_TSUB}, exact_binary, 6e-8},
    {{.op = IR_TMUL}, exact_binary, 6e-8},
    {{.op = IR_TDIV}, exact_binary, 6e-8},
    {{.op = IR_SOFTMAX}, exact_softmax, 2e-7},
    {{.op = IR_LAYERNORM, .eps = 1e-5}, exact_norm, 6e-7},
    {{.op = IR_LAYERNORM, .eps = 1e-5, .gain = true}, exact_norm, 6e-7},
    {{.op = IR_LAYERNORM, .eps = 1e-5, .bias = true}, exact_norm, 6e-7},
    {{.op = IR_LAYERNORM, .eps = 1e-5, .gain = true, .bias = true}, exact_norm, 6e-7},
    {{.op = IR_RMSNORM, .eps = 1e-6}, exact_norm, 4e-7},
    {{.op = IR_RMSNORM, .eps = 1e-6, .gain = true}, exact_norm, 4e-7},
    {{.op = IR_TAKE}, exact_take, 0},
    {{.op = IR_HADAMARD, .block = 2}, exact_hadamard, 1e-6},
    {{.op = IR_HADAMARD, .block = 4}, exact_hadamard, 1e-6},
    {{.op = IR_HADAMARD, .block = 8}, exact_hadamard, 1e-6},
    {{.op = IR_HADAMARD, .block = 16}, exact_hadamard, 1e-6},
    {{.op = IR_HADAMARD, .block = 32}, exact_hadamard, 1e-6},
    {{.op = IR_HADAMARD, .block = 128}, exact_hadamard, 1.5e-6},
    {{.op = IR_HADAMARD, .block = 256}, exact_hadamard, 1.5e-6},
    {{.op = IR_HADAMARD, .block = 2048}, exact_hadamard, 2.5e-6},
};

typedef struct rows_data {
  size_t columns;
  size_t second_rows;
  float x[MOST];
  float second[MOST];
  float gain[MOST_COLUMNS];
  float bias[MOST_COLUMNS];
  int32_t index[MOST_COLUMNS];
} rows_data;

static bool is_binary(const rows_kernel *k) {
  return k->op == IR_TADD || k->op == IR_TSUB || k->op == IR_TMUL || k->op == IR_TDIV;
}

static ir_memory floats(const float *data, size_t count) {
  return (ir_memory){.data = (uint8_t *)data, .size = count * sizeof *data};
}

// Rows begin .. end of the kernel on the data.
static void run_rows(const rows_kernel *k, bool gpu, const rows_data *data, float *y, uint64_t begin, uint64_t end) {
  kernel_run run = kernel_run_new();
  size_t all = ROWS * data->columns;
  ir_memory buffers[5] = {floats(data->x, all), floats(y, all)};
  size_t n = 2;
  if (is_binary(k)) buffers[n++] = floats(data->second, data->second_rows * data->columns);
  if (k->gain) buffers[n++] = floats(data->gain, data->columns);
  if (k->bias) buffers[n++] = floats(data->bias, data->columns);
  if (k->op == IR_TAKE) buffers[n++] = (ir_memory){.data = (uint8_t *)data->index, .size = data->columns * 4};
  const uint64_t sizes[] = {data->columns, data->second_rows};
  const ir_func *f = lower_emit_rows(run.module, k, NULL, gpu, lower_rows_name(run.mem, k));
  kernel_run_go(&run, f, n, buffers, is_binary(k) ? 2 : 1, sizes, begin, end);
  kernel_run_free(&run);
}

static void fill(rows_data *data, size_t columns, size_t second_rows) {
  uint64_t state = columns * 7 + second_rows;
  *data = (rows_data){.columns = columns, .second_rows = second_rows};
  for (size_t i = 0; i < MOST; i++) data->x[i] = 6 * next_float(&state) - 1;
  for (size_t i = 0; i < MOST; i++) data->second[i] = next_float(&state) + 2;
  for (size_t i = 0; i < MOST_COLUMNS; i++) data->gain[i] = 1 + 0.5f * next_float(&state);
  for (size_t i = 0; i < MOST_COLUMNS; i++) data->bias[i] = next_float(&state);
  for (size_t i = 0; i < columns; i++) data->index[i] = (int32_t)((i * 7 + 3) * (i + 1) % columns);
}

static double row_error(const rows_case *c, const rows_data *data, size_t row, const float *y) {
  static double exact[MOST_COLUMNS];
  double worst = 0;
  row_inputs in = {.columns = data->columns, .gain = data->gain, .bias = data->bias};
  in.index = data->index;
  in.x = data->x + row * data->columns;
  in.second = data->second + row % data->second_rows * data->columns;
  c->exact(&c->k, &in, exact);
  for (size_t i = 0; i < data->columns; i++)
    worst = fmax(worst, fabs((double)y[row * data->columns + i] - exact[i]) / fmax(1, fabs(exact[i])));
  return worst;
}

// ---- tests

// Rows of whole blocks.
static size_t columns_of(const rows_kernel *k, size_t i) {
  size_t block = (size_t)k->block, most = block == 0 ? 0 : MOST_COLUMNS / block;
  return block == 0 ? column_counts[i] : block * (i % (most < 5 ? most : 5) + 1);
}

START_TEST(test_results) {
  const rows_case *c = &cases[_i];
  static rows_data data;
  static float y[MOST];
  double worst = 0;
  for (size_t i = 0; i < COUNT(column_counts); i += c->k.block > 128 ? 7 : 1) {
    fill(&data, columns_of(&c->k, i), i % ROWS + 1);
    run_rows(&c->k, false, &data, y, 0, ROWS);
    for (size_t row = 0; row < ROWS; row++) worst = fmax(worst, row_error(c, &data, row, y));
  }
  printf("%-9s error %.2e of max(1, |y|)\n", ir_op_get_info(c->k.op)->name, worst);
  ck_assert_msg(worst <= c->bound, "error %g", worst);
}
END_TEST

// The bound of docs/numerics.md: (log2 of the block + 2) roundings of the block's norm.
START_TEST(test_hadamard_bound) {
  static rows_data data;
  static float y[MOST];
  static double exact[MOST_COLUMNS];
  rows_kernel k = {.op = IR_HADAMARD, .block = UINT64_C(1) << (_i + 1)};
  size_t block = (size_t)k.block;
  fill(&data, block, 1);
  run_rows(&k, false, &data, y, 0, ROWS);
  for (size_t row = 0; row < ROWS; row++) {
    row_inputs in = {.columns = block, .x = data.x + row * block};
    double bound = (_i + 3) * 0x1p-24 * sqrt(sum_of(block, in.x, 0, 2));
    exact_hadamard(&k, &in, exact);
    for (size_t i = 0; i < block; i++)
      ck_assert_msg(fabs((double)y[row * block + i] - exact[i]) <= bound, "block %zu, element %zu", block, i);
  }
}
END_TEST

// In two pieces, and as a GPU spreads it: the same bits.
START_TEST(test_ways_agree) {
  const rows_case *c = &cases[_i];
  static rows_data data;
  static float y[MOST];
  static float other[MOST];
  for (size_t i = 0; i < COUNT(column_counts); i += c->k.block > 128 ? 7 : 1) {
    size_t bytes = ROWS * columns_of(&c->k, i) * sizeof *y;
    fill(&data, columns_of(&c->k, i), 2);
    run_rows(&c->k, false, &data, y, 0, ROWS);
    run_rows(&c->k, false, &data, other, 3, ROWS);
    run_rows(&c->k, false, &data, other, 0, 3);
    ck_assert_mem_eq(y, other, bytes);
    run_rows(&c->k, true, &data, other, 0, ROWS);
    ck_assert_mem_eq(y, other, bytes);
  }
}
END_TEST

// Rows outside the range, and an empty range, leave y as it was.
START_TEST(test_only_the_range_is_written) {
  const rows_case *c = &cases[_i];
  static rows_data data;
  static float y[MOST];
  static float before[MOST];
  size_t columns = c->k.block == 0 ? 19 : (size_t)c->k.block;
  fill(&data, columns, 3);
  for (size_t i = 0; i < MOST; i++) before[i] = y[i] = 1234.5f;
  run_rows(&c->k, false, &data, y, 2, 2);
  ck_assert_mem_eq(y, before, sizeof y);
  run_rows(&c->k, false, &data, y, 1, 2);
  ck_assert_mem_eq(y, before, columns * sizeof *y);
  ck_assert_mem_eq(y + 2 * columns, before, 3 * columns * sizeof *y);
  ck_assert(memcmp(y + columns, before, columns * sizeof *y) != 0);
}
END_TEST

static void check_softmax(size_t columns, size_t at, float value, float others, float at_result, float result) {
  static rows_data data;
  static float y[MOST];
  fill(&data, columns, 1);
  for (size_t i = 0; i < columns; i++) data.x[i] = others;
  data.x[at] = value;
  run_rows(&(rows_kernel){.op = IR_SOFTMAX}, false, &data, y, 0, 1);
  for (size_t i = 0; i < columns; i++)
    ck_assert_msg(same_float(y[i], i == at ? at_result : result), "columns %zu, %zu: %g", columns, i, (double)y[i]);
}

START_TEST(test_softmax_of_extremes) {
  for (size_t columns = 2; columns <= 40; columns++) {
    size_t last = columns - 1;
    check_softmax(columns, last, -INFINITY, -INFINITY, NAN, NAN);
    check_softmax(columns, last, NAN, 1, NAN, NAN);
    check_softmax(columns, last, INFINITY, 1, NAN, NAN);
    check_softmax(columns, 0, NAN, 1, NAN, NAN);
    check_softmax(columns, last, 3e38f, -3e38f, 1, 0);
    check_softmax(columns, last, -1000, -INFINITY, 1, 0);
    check_softmax(columns, 0, -1000, -2000, 1, 0); // the cut vector's missing lanes are no zeros
  }
}
END_TEST

// Beyond 2^64 squares are infinite, as docs/numerics.md says.
START_TEST(test_norms_of_large_numbers) {
  static rows_data data;
  static float y[MOST];
  for (size_t norm = 0; norm < 2; norm++)
    for (size_t large = 0; large < 2; large++) {
      rows_kernel k = {.op = norm == 0 ? IR_RMSNORM : IR_LAYERNORM, .eps = 1e-6};
      fill(&data, 40, 1);
      for (size_t i = 0; i < 40; i++) data.x[i] = (large ? 0x1.1p64f : 0x1p60f) * (i % 2 == 0 ? 1.0f : -1.0f);
      run_rows(&k, false, &data, y, 0, 1);
      for (size_t i = 0; i < 40; i++) {
        float exact = large ? 0 : i % 2 == 0 ? 1 : -1;
        ck_assert_msg(fabsf(y[i] - exact) <= (large ? 0 : 1e-6f), "%g, not %g", (double)y[i], (double)exact);
      }
    }
}
END_TEST

// A product with a number keeps the sign of zero, and has no sum that would take it away; a sum with 0 is one.
START_TEST(test_scale_keeps_signs_of_zeros) {
  static const struct {
    double mul, add;
    float x, y;
  } rows[] = {{0.5, -0.0, -0.0f, -0.0f}, {0.5, -0.0, 0.0f, 0.0f},
              {-2, -0.0, 0.0f, -0.0f},   {1, -0.0, -0.0f, -0.0f},
              {0.5, 0, -0.0f, 0.0f},     {0.5, -0.0, 0x1p-149f, 0.0f},
              {1, 2, -0.0f, 2.0f},       {0.5, -0.0, -INFINITY, -INFINITY},
              {0.5, -0.0, NAN, NAN}};
  static rows_data data;
  static float y[MOST];
  for (size_t i = 0; i < COUNT(rows); i++) {
    fill(&data, 19, 1);
    for (size_t k = 0; k < 19; k++) data.x[k] = rows[i].x;
    run_rows(&(rows_kernel){.op = IR_TSCALE, .mul = rows[i].mul, .add = rows[i].add}, false, &data, y, 0, 1);
    for (size_t k = 0; k < 19; k++) ck_assert_msg(same_float(y[k], rows[i].y), "row %zu: %g", i, (double)y[k]);
  }
}
END_TEST

// A large mean with a small spread: the reason for two passes.
START_TEST(test_layernorm_keeps_digits) {
  static rows_data data;
  static float y[MOST];
  rows_kernel k = {.op = IR_LAYERNORM};
  fill(&data, 64, 1);
  for (size_t i = 0; i < 64; i++) data.x[i] = 4096.0f + (i % 2 == 0 ? 0.5f : -0.5f);
  run_rows(&k, false, &data, y, 0, 1);
  for (size_t i = 0; i < 64; i++) ck_assert_float_eq_tol(y[i], i % 2 == 0 ? 1.0f : -1.0f, 1e-6f);
}
END_TEST

START_TEST(test_names) {
  arena *mem = arena_new();
  const char *names[COUNT(cases)];
  for (size_t i = 0; i < COUNT(cases); i++) {
    names[i] = lower_rows_name(mem, &cases[i].k);
    ck_assert_int_eq((int)strspn(names[i], "abcdefghijklmnopqrstuvwxyz_0123456789"), (int)strlen(names[i]));
    for (size_t j = 0; j < i; j++) ck_assert_str_ne(names[i], names[j]);
    ck_assert(lower_is_rows(cases[i].k.op));
  }
  ck_assert_str_eq(lower_rows_name(mem, &(rows_kernel){.op = IR_SOFTMAX, .eps = 1, .gain = true}), "rows_softmax");
  ck_assert_str_eq(lower_rows_name(mem, &(rows_kernel){.op = IR_LAYERNORM, .eps = 1e-5, .gain = true, .bias = true}),
                   "rows_layernorm_gain_bias_3727c5ac");
  ck_assert_str_eq(lower_rows_name(mem, &(rows_kernel){.op = IR_TSCALE, .mul = 1, .add = -2}),
                   "rows_scale_3f800000_c0000000");
  ck_assert(!lower_is_rows(IR_MATMUL) && !lower_is_rows(IR_FADD));
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_rows");
  TCase *each = tcase_create("each");
  tcase_add_loop_test(each, test_results, 0, (int)COUNT(cases));
  tcase_add_loop_test(each, test_ways_agree, 0, (int)COUNT(cases));
  tcase_add_loop_test(each, test_only_the_range_is_written, 0, (int)COUNT(cases));
  tcase_add_loop_test(each, test_hadamard_bound, 0, 11);
  suite_add_tcase(suite, each);
  const TTest *others[] = {test_softmax_of_extremes,
                           test_scale_keeps_signs_of_zeros,
                           test_norms_of_large_numbers,
                           test_layernorm_keeps_digits,
                           test_names,
                           NULL};
  check_add(suite, "others", others);
  return check_main(suite);
}

// Prepared activations: the emitted kernel, interpreted, against prepare_ref bit for bit, for many layouts and numbers.
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network/lower.h"
#include "support/fp.h"
#include "support/num.h"
#include "tests/check_main.h"
#include "tests/lower_rows/kernel_run.h"
#include "tests/lower_rows/prepare_ref.h"

enum { TOKENS = 3, MOST_COLUMNS = 300, STRIDE_MORE = 5, UNTOUCHED = 0xa5 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint64_t column_counts[] = {1, 2, 5, 16, 17, 31, 32, 33, 64, 100, 130, 257};
static const uint64_t groups[] = {1, 3, 5, 7, 16, 20, 32, 48, 64, 128, 0};

// ---- numbers

typedef void (*filler)(uint64_t *state, size_t count, float *x);

static void ordinary(uint64_t *state, size_t count, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = 3 * next_float(state);
}

// Many exact ties of rounding: multiples of one half of the scale.
static void ties(uint64_t *state, size_t count, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = (float)(int)(next_random(state) % 255) - 127.0f;
  for (size_t i = 0; i < count; i++) x[i] = i % 3 == 0 ? 127 : x[i] / 2;
}

static const float odd_numbers[] = {0.0f,    -0.0f,    0x1p-149f, -0x1p-149f, 0x1p-130f, 1e-38f, FLT_MIN, 1,
                                    FLT_MAX, -FLT_MAX, 3e37f,     -1e-20f,    65504,     -127,   0.5f,    126.5f};

static void extremes(uint64_t *state, size_t count, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = odd_numbers[next_random(state) % COUNT(odd_numbers)];
}

static void subnormals(uint64_t *state, size_t count, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = fp_from_bits32((uint32_t)next_random(state) & 0x800fffff);
}

static void zeros(uint64_t *state, size_t count, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = next_random(state) % 2 == 0 ? 0.0f : -0.0f;
}

// Here and there an infinity or NaN.
static void infinite(uint64_t *state, size_t count, float *x) {
  const float bad[] = {INFINITY, -INFINITY, NAN, -NAN};
  ordinary(state, count, x);
  for (size_t i = next_random(state) % 40; i < count; i += 1 + next_random(state) % 60)
    x[i] = bad[next_random(state) % COUNT(bad)];
}

static const filler fillers[] = {ordinary, ties, extremes, subnormals, zeros, infinite};

// ---- one layout

// Whether the 4 bytes at `at` of a prepared token are a float.
static bool is_float_at(const prepared_layout *l, const prepared_sizes *s, uint64_t at) {
  if (at < s->numbers_offset) return false;
  if (at < s->scales_offset) return !prepared_has_bytes(l);
  return at < s->isums_offset || at >= s->fsums_offset;
}

static float float_at(const uint8_t *bytes) {
  float x;
  memcpy(&x, bytes, sizeof x);
  return x;
}

static void compare(const prepared_layout *l, const prepared_sizes *s, uint64_t columns, const uint8_t *got,
                    const uint8_t *expected) {
  for (uint64_t at = 0; at < s->row_bytes; at += 4) {
    if (memcmp(got + at, expected + at, 4) == 0) continue;
    bool same = is_float_at(l, s, at) && same_float(float_at(got + at), float_at(expected + at));
    arena *mem = arena_new();
    ck_assert_msg(
        same,
        "%s%s, columns %llu, K group %llu -> %llu, spans %llu %llu %llu: byte %llu (scales at %llu, isums %llu,"
        " fsums %llu) is %02x%02x%02x%02x, not %02x%02x%02x%02x",
        act_text(mem, &l->act), l->as_f32 ? " as f32" : "", (unsigned long long)columns, (unsigned long long)l->k_group,
        (unsigned long long)l->k_padded, (unsigned long long)l->scale_span, (unsigned long long)l->isum_span,
        (unsigned long long)l->fsum_span, (unsigned long long)at, (unsigned long long)s->scales_offset,
        (unsigned long long)s->isums_offset, (unsigned long long)s->fsums_offset, got[at + 3], got[at + 2], got[at + 1],
        got[at], expected[at + 3], expected[at + 2], expected[at + 1], expected[at]);
    arena_free(mem);
  }
}

static void run_kernel(kernel_run *run, const ir_func *f, const prepared_sizes *s, uint64_t columns, const float *x,
                       uint8_t *out, uint64_t begin, uint64_t end) {
  uint64_t stride = columns + STRIDE_MORE;
  ir_memory buffers[] = {{.data = (uint8_t *)x, .size = ((TOKENS - 1) * stride + columns) * sizeof *x},
                         {.data = out, .size = TOKENS * s->row_bytes}};
  const uint64_t sizes[] = {columns,         stride,          s->row_bytes, s->scales_offset,
                            s->isums_offset, s->fsums_offset, s->positions};
  kernel_run_go(run, f, 2, buffers, 7, sizes, begin, end);
}

// Prepares with the kernel, in one go or token by token, and compares every token, and what must not be written.
static void check_kernel(kernel_run *run, const ir_func *f, const prepared_layout *l, uint64_t columns, filler fill,
                         bool in_pieces) {
  static float x[TOKENS * (MOST_COLUMNS + STRIDE_MORE)];
  prepared_sizes s;
  uint64_t state = columns;
  ck_assert(prepared_get_sizes(l, columns, &s));
  fill(&state, COUNT(x), x);
  uint8_t *got = malloc(TOKENS * s.row_bytes);
  uint8_t *expected = malloc(s.row_bytes);
  memset(got, UNTOUCHED, TOKENS * s.row_bytes);
  if (in_pieces) run_kernel(run, f, &s, columns, x, got, 1, TOKENS);
  run_kernel(run, f, &s, columns, x, got, 0, in_pieces ? 1 : TOKENS);
  for (uint64_t token = 0; token < TOKENS; token++) {
    memset(expected, UNTOUCHED, s.row_bytes);
    ck_assert(prepare_ref(l, columns, x + token * (columns + STRIDE_MORE), expected));
    compare(l, &s, columns, got + token * s.row_bytes, expected);
  }
  free(got);
  free(expected);
}

static void check_layout(const prepared_layout *l) {
  kernel_run run = kernel_run_new();
  const ir_func *cpu = lower_emit_prepare(run.module, l, NULL, false, "prepare");
  const ir_func *gpu = lower_emit_prepare(run.module, l, NULL, true, "prepare_gpu");
  for (size_t i = 0; i < COUNT(column_counts); i++) {
    check_kernel(&run, cpu, l, column_counts[i], fillers[i % COUNT(fillers)], false);
    check_kernel(&run, cpu, l, column_counts[i], fillers[(i + 1) % COUNT(fillers)], true);
    check_kernel(&run, gpu, l, column_counts[i], fillers[(i + 2) % COUNT(fillers)], false);
  }
  for (size_t i = 0; i < COUNT(fillers); i++) check_kernel(&run, cpu, l, 200, fillers[i], false);
  kernel_run_free(&run);
}

// ---- layouts

static uint64_t lcm(uint64_t a, uint64_t b) { return a / num_gcd(a, b) * b; }

// A layout for groups of weights of `k_group` at `k_padded` positions; the spans must be multiples of 1 position.
static prepared_layout layout(act_spec act, bool as_f32, uint64_t k_group, uint64_t k_padded, uint64_t sum_span) {
  prepared_layout l = {.act = act, .as_f32 = as_f32, .k_group = k_group, .k_padded = k_padded};
  bool ints = prepared_has_bytes(&l);
  l.block = lcm(32, k_padded);
  if (ints) l.scale_span = PREPARED_ROW;
  if (ints && act.group > 0) l.scale_span = act.group / k_group * k_padded;
  if (ints) l.isum_span = sum_span;
  if (ints && sum_span % 3 != 0) l.isum_factor = -8;
  l.fsum_span = sum_span;
  return l;
}

static uint64_t padded(uint64_t group) { return (group + 3) / 4 * 4; }

static act_spec dynamic(uint64_t group) { return (act_spec){.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = group}; }

static void check_dynamic_act(act_spec act, bool as_f32) {
  uint64_t group = act.group;
  uint64_t k_group = group == 0 ? 1 : group;
  uint64_t k_padded = group == 0 ? 1 : padded(group);
  prepared_layout plain = layout(act, as_f32, 1, 1, group == 0 ? PREPARED_ROW : group);
  prepared_layout spaced = layout(act, as_f32, k_group, k_padded, group == 0 ? 32 : k_padded);
  check_layout(&plain);
  check_layout(&spaced);
}

static void check_dynamic(uint64_t group, bool as_f32) { check_dynamic_act(dynamic(group), as_f32); }

START_TEST(test_dynamic) { check_dynamic(groups[_i], false); }
END_TEST

START_TEST(test_dynamic_as_floats) { check_dynamic(groups[_i], true); }
END_TEST

// Every other kind of dynamic activations, with each a few groups.
START_TEST(test_dynamic_kinds) {
  static const struct {
    act_kind kind;
    elem_type type;
  } kinds[] = {{ACT_SYMMETRIC, ELEM_I2},     {ACT_SYMMETRIC, ELEM_I4},     {ACT_SYMMETRIC, ELEM_I7},
               {ACT_ASYMMETRIC, ELEM_U8},    {ACT_ASYMMETRIC, ELEM_U4},    {ACT_ASYMMETRIC, ELEM_U1},
               {ACT_SIGN, ELEM_U1},          {ACT_ASYMMETRIC, ELEM_U7},    {ACT_SYMMETRIC, ELEM_F8E4M3},
               {ACT_SYMMETRIC, ELEM_F8E5M2}, {ACT_SYMMETRIC, ELEM_F6E3M2}, {ACT_SYMMETRIC, ELEM_F4E2M1}};
  for (size_t i = 0; i < COUNT(groups); i++) {
    if (groups[i] != 0 && i % 2 != (size_t)_i % 2) continue;
    act_spec act = {.kind = kinds[_i].kind, .type = kinds[_i].type, .group = groups[i]};
    check_dynamic_act(act, false);
    if (i % 3 == 0) check_dynamic_act(act, true);
  }
}
END_TEST

// With planes of bits before the bytes.
START_TEST(test_bit_planes) {
  static const act_spec acts[] = {{.kind = ACT_SIGN, .type = ELEM_U1, .group = 32},
                                  {.kind = ACT_SIGN, .type = ELEM_U1},
                                  {.kind = ACT_SYMMETRIC, .type = ELEM_I2, .group = 64},
                                  {.kind = ACT_SYMMETRIC, .type = ELEM_I3},
                                  {.kind = ACT_STATIC, .type = ELEM_U2, .scale = 0.4},
                                  {.kind = ACT_STATIC, .type = ELEM_U1, .scale = 1.5, .zero = 1},
                                  {.kind = ACT_ASYMMETRIC, .type = ELEM_U3, .group = 96}};
  static const unsigned planes[] = {1, 1, 2, 3, 2, 1, 4};
  for (size_t i = 0; i < COUNT(acts); i++) {
    uint64_t k_group = acts[i].group == 0 ? 1 : acts[i].group;
    ck_assert_uint_eq(act_bit_planes(&acts[i]), planes[i]);
    prepared_layout l = layout(acts[i], false, k_group, k_group, i % 2 == 0 ? 32 : PREPARED_ROW);
    l.block = lcm(l.block, 64);
    l.bit_planes = planes[i];
    if (acts[i].kind == ACT_SIGN) l.isum_signs = 3;
    check_layout(&l);
  }
}
END_TEST

// The weights' groups and the activations' groups differ; sums shorter and longer than scale groups, or absent.
typedef struct spans_case {
  uint64_t group, k_group, k_padded, isum_span, fsum_span;
} spans_case;

static const spans_case spans[] = {
    {64, 32, 32, 32, 32},
    {32, 32, 32, 64, 64},
    {0, 32, 32, 32, 0},
    {0, 32, 32, 0, 32},
    {128, 32, 32, 16, 64},
    {32, 16, 16, 16, 128},
    {60, 30, 32, 32, 32},
    {30, 5, 8, 8, 48},
    {0, 7, 8, 8, 16},
    {0, 1, 1, 4, 12},
    {48, 48, 48, 32, 80},
    {20, 20, 20, 20, 60},
    {40, 20, 20, 10, 20},
    {64, 64, 64, 0, 0},
    {7, 7, 8, 8, PREPARED_ROW},
    {32, 32, 32, PREPARED_ROW, 16},
    {0, 24, 24, 24, 24},
    {256, 32, 32, 32, 256},
    {6, 3, 4, 4, 8},
    {32, 32, 32, 32, PREPARED_ROW},
};

START_TEST(test_unequal_spans) {
  const spans_case *c = &spans[_i];
  prepared_layout l = layout(dynamic(c->group), false, c->k_group, c->k_padded, 0);
  l.isum_span = c->isum_span;
  l.fsum_span = c->fsum_span;
  check_layout(&l);
}
END_TEST

// Floats whose scale groups and K groups have nothing in common: every position is written, zeros between the groups.
START_TEST(test_floats_in_any_groups) {
  static const uint64_t k_groups[] = {33, 36, 100, 9, 5, 1};
  static const uint64_t act_groups[] = {32, 64, 8, 7, 20, 100};
  static const act_spec acts[] = {{.kind = ACT_SYMMETRIC, .type = ELEM_I8},
                                  {.kind = ACT_SYMMETRIC, .type = ELEM_F8E4M3},
                                  {.kind = ACT_ASYMMETRIC, .type = ELEM_U8},
                                  {.kind = ACT_SIGN, .type = ELEM_U1}};
  for (size_t i = 0; i < COUNT(act_groups); i++) {
    act_spec act = acts[i % COUNT(acts)];
    act.group = act_groups[i];
    uint64_t k_group = k_groups[_i], k_padded = k_group == 100 ? 112 : padded(k_group) + (i % 2 == 0 ? 0 : 4);
    prepared_layout l = layout(act, true, k_group, k_padded, i % 2 == 0 ? k_padded : 0);
    check_layout(&l);
  }
}
END_TEST

START_TEST(test_static) {
  static const act_spec acts[] = {{.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.05, .zero = -3},
                                  {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 1, .zero = 0},
                                  {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 3e-5, .zero = 127},
                                  {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 12.5, .zero = -128},
                                  {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.05, .zero = 100},
                                  {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.02, .zero = 128},
                                  {.kind = ACT_STATIC, .type = ELEM_U4, .scale = 0.3, .zero = 9},
                                  {.kind = ACT_STATIC, .type = ELEM_I4, .scale = 0.4, .zero = 0},
                                  {.kind = ACT_STATIC, .type = ELEM_U1, .scale = 1.5, .zero = 1},
                                  {.kind = ACT_STATIC, .type = ELEM_F8E4M3, .scale = 0.01}};
  static const uint64_t k_groups[] = {1, 5, 16, 30, 32};
  for (size_t i = 0; i < COUNT(k_groups); i++) {
    uint64_t k_padded = i == 0 ? 1 : padded(k_groups[i]);
    prepared_layout l = layout(acts[_i], i % 2 == 1, k_groups[i], k_padded, i == 0 ? PREPARED_ROW : k_padded);
    check_layout(&l);
    l.as_f32 = !l.as_f32;
    l.isum_span = l.fsum_span = 32;
    l.scale_span = i % 2 == 0 ? PREPARED_ROW : 0;
    check_layout(&l);
  }
}
END_TEST

START_TEST(test_floats) {
  static const uint64_t sums[] = {0, 4, 32, 48, 64, 256, PREPARED_ROW};
  static const elem_type types[] = {ELEM_F32, ELEM_BF16, ELEM_F16};
  act_spec act = {.kind = ACT_PLAIN, .type = types[_i]};
  for (size_t i = 0; i < COUNT(sums); i++) {
    prepared_layout plain = layout(act, true, 32, 32, sums[i]);
    prepared_layout spaced = layout(act, i % 2 == 0, 6, 8, sums[i]);
    check_layout(&plain);
    check_layout(&spaced);
  }
}
END_TEST

// A block that is no multiple of 16 lanes.
START_TEST(test_small_blocks) {
  static const uint64_t blocks[] = {1, 4, 20, 24};
  for (size_t i = 0; i < COUNT(blocks); i++) {
    prepared_layout l = layout(dynamic(i % 2 == 0 ? 4 : 0), false, 4, 4, 4);
    l.block = blocks[i];
    l.isum_span = i < 2 ? PREPARED_ROW : 32;
    check_layout(&l);
    l.act = (act_spec){.kind = ACT_PLAIN, .type = ELEM_F32};
    check_layout(&l);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_prepare");
  TCase *tcase = tcase_create("prepare");
  tcase_add_loop_test(tcase, test_dynamic, 0, (int)COUNT(groups));
  tcase_add_loop_test(tcase, test_dynamic_as_floats, 0, (int)COUNT(groups));
  tcase_add_loop_test(tcase, test_dynamic_kinds, 0, 12);
  tcase_add_test(tcase, test_bit_planes);
  tcase_add_loop_test(tcase, test_unequal_spans, 0, (int)COUNT(spans));
  tcase_add_loop_test(tcase, test_floats_in_any_groups, 0, 6);
  tcase_add_loop_test(tcase, test_static, 0, 10);
  tcase_add_loop_test(tcase, test_floats, 0, 3);
  tcase_add_test(tcase, test_small_blocks);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

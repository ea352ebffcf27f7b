// The interpreter's masks, its lanes of 64 bits and what index notation needs besides, against plain C.
#include <math.h>
#include <string.h>

#include "../check_main.h"
#include "run_text.h"
#include "support/fp.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void run_ok(arena *mem, const char *body, const run_args *args) {
  const char *said = run_body(mem, body, args);
  ck_assert_msg(said[0] == '\0', "%s\nin:\n%s", said, body);
}

// ---- integers --------------------------------------------------------------------------------------------

static const int64_t ints[] = {0,  1,        -1,      2,         -7,        7,         31,        32,
                               63, 64,       1000003, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, INT64_C(1) << 40,
                               -3, 123456789};
enum { INTS = COUNT(ints), INT_PAIRS = INTS * INTS };

typedef int64_t (*int_function)(int64_t a, int64_t b, unsigned bits);

static int64_t floor_div(int64_t a, int64_t b, unsigned bits) {
  (void)bits;
  if (b == 0) return 0;
  if (b == -1) return (int64_t)(0 - (uint64_t)a);
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}
static int64_t floor_mod(int64_t a, int64_t b, unsigned bits) {
  return b == 0 ? 0 : (int64_t)((uint64_t)a - (uint64_t)floor_div(a, b, bits) * (uint64_t)b);
}
static uint64_t as_count(int64_t b, unsigned bits) { return bits == 32 ? (uint32_t)b : (uint64_t)b; }
static int64_t shift_left(int64_t a, int64_t b, unsigned bits) {
  return as_count(b, bits) < bits ? (int64_t)((uint64_t)a << b) : 0;
}
static int64_t shift_down(int64_t a, int64_t b, unsigned bits) {
  uint64_t x = bits == 32 ? (uint32_t)a : (uint64_t)a;
  return as_count(b, bits) < bits ? (int64_t)(x >> b) : 0;
}
static int64_t shift_signed(int64_t a, int64_t b, unsigned bits) {
  return as_count(b, bits) < bits ? a >> b : a < 0 ? -1 : 0;
}
static int64_t magnitude(int64_t a, int64_t b, unsigned bits) {
  return (void)b, (void)bits, a < 0 ? (int64_t)(0 - (uint64_t)a) : a;
}
static int64_t product(int64_t a, int64_t b, unsigned bits) { return (void)bits, (int64_t)((uint64_t)a * (uint64_t)b); }
static int64_t less(int64_t a, int64_t b, unsigned bits) { return (void)bits, a < b; }
static int64_t at_most(int64_t a, int64_t b, unsigned bits) { return (void)bits, a <= b; }
static int64_t equal(int64_t a, int64_t b, unsigned bits) { return (void)bits, a == b; }
static int64_t smaller(int64_t a, int64_t b, unsigned bits) { return (void)bits, a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b, unsigned bits) { return (void)bits, a > b ? a : b; }

static const struct {
  const char *op;
  int_function f;
  bool is_mask;
} int_ops[] = {
    {"div.i %p, %q", floor_div, false},  {"mod.i %p, %q", floor_mod, false},    {"shl.v %p, %q", shift_left, false},
    {"shr.v %p, %q", shift_down, false}, {"sar.v %p, %q", shift_signed, false}, {"abs.i %p", magnitude, false},
    {"mul.i %p, %q", product, false},    {"lt.i %p, %q", less, true},           {"le.i %p, %q", at_most, true},
    {"eq.i %p, %q", equal, true},        {"min.i %p, %q", smaller, false},      {"max.i %p, %q", larger, false},
};

// A mask is stored as 0 and 1.
static void check_ints(arena *mem, size_t row, unsigned bits) {
  int64_t a64[INT_PAIRS], b64[INT_PAIRS], y64[INT_PAIRS];
  int32_t a32[INT_PAIRS], b32[INT_PAIRS], y32[INT_PAIRS];
  for (size_t i = 0; i < INT_PAIRS; i++) {
    a64[i] = ints[i / INTS], b64[i] = ints[i % INTS];
    a32[i] = (int32_t)(uint32_t)(uint64_t)a64[i], b32[i] = (int32_t)(uint32_t)(uint64_t)b64[i];
  }
  const char *type = arena_printf(mem, "vector<%d x i%u>", INT_PAIRS, bits);
  const char *op = arena_printf(mem, "%%r = %s : %s", int_ops[row].op, type);
  if (int_ops[row].is_mask)
    op = arena_printf(mem, "%%m = %s : vector<%d x u1>\n%%r = zext %%m : %s", int_ops[row].op, INT_PAIRS, type);
  const char *body = arena_printf(
      mem, "%%p = load %%a, %%zero : %s\n%%q = load %%b, %%zero : %s\n%s\nstore %%y, %%zero, %%r", type, type, op);
  run_args wide = {.a = RUN_MEMORY(a64), .b = RUN_MEMORY(b64), .y = RUN_MEMORY(y64)};
  run_args narrow = {.a = RUN_MEMORY(a32), .b = RUN_MEMORY(b32), .y = RUN_MEMORY(y32)};
  run_ok(mem, body, bits == 64 ? &wide : &narrow);
  for (size_t i = 0; i < INT_PAIRS; i++) {
    int64_t want = bits == 64 ? int_ops[row].f(a64[i], b64[i], 64)
                              : (int32_t)(uint32_t)(uint64_t)int_ops[row].f(a32[i], b32[i], 32);
    int64_t got = bits == 64 ? y64[i] : y32[i];
    ck_assert_msg(got == want, "%s on i%u: %lld, %lld -> %lld, not %lld", int_ops[row].op, bits, (long long)a64[i],
                  (long long)b64[i], (long long)got, (long long)want);
  }
}

START_TEST(integers_of_32_and_64_bits) {
  arena *mem = arena_new();
  check_ints(mem, (size_t)_i, 32);
  check_ints(mem, (size_t)_i, 64);
  arena_free(mem);
}
END_TEST

// ---- floats ----------------------------------------------------------------------------------------------

static const double reals[] = {
    0.0,          -0.0,          0.5,          -0.5,   1.5,     -2.5, 0x1.fffffep-2, 8388607.5, 4503599627370495.5,
    2147483648.0, -2147483648.0, 2147483520.0, 0x1p63, -0x1p63, 1e30, INFINITY,      -INFINITY, NAN,
    0x1p-149,     -1e-45};
enum { REALS = COUNT(reals), REAL_PAIRS = REALS * REALS };

typedef double (*real_function)(double a, double b);
static double ref_floor(double a, double b) { return (void)b, floor(a); }
static double ref_ceil(double a, double b) { return (void)b, ceil(a); }
static double ref_trunc(double a, double b) { return (void)b, trunc(a); }
static double ref_even(double a, double b) { return (void)b, nearbyint(a); }
static double ref_away(double a, double b) { return (void)b, round(a); }
static double ref_minimum(double a, double b) { return isnan(a) ? a : isnan(b) ? b : a < b ? a : b; }
static double ref_maximum(double a, double b) { return isnan(a) ? a : isnan(b) ? b : a > b ? a : b; }
static double ref_neg(double a, double b) { return (void)b, -a; }
static double ref_abs(double a, double b) { return (void)b, fabs(a); }

static const struct {
  const char *op;
  real_function f;
} real_ops[] = {{"floor.f %p", ref_floor},         {"ceil.f %p", ref_ceil},       {"trunc.f %p", ref_trunc},
                {"round.f %p", ref_even},          {"round_away.f %p", ref_away}, {"minimum.f %p, %q", ref_minimum},
                {"maximum.f %p, %q", ref_maximum}, {"neg.f %p", ref_neg},         {"abs.f %p", ref_abs}};

START_TEST(floats_of_32_and_64_bits) {
  arena *mem = arena_new();
  double a[REAL_PAIRS], b[REAL_PAIRS], y[REAL_PAIRS];
  float fa[REAL_PAIRS], fb[REAL_PAIRS], fy[REAL_PAIRS];
  for (size_t i = 0; i < REAL_PAIRS; i++) {
    a[i] = reals[i / REALS], b[i] = reals[i % REALS];
    fa[i] = (float)a[i], fb[i] = (float)b[i];
  }
  for (unsigned bits = 32; bits <= 64; bits += 32) {
    const char *body =
        arena_printf(mem,
                     "%%p = load %%a, %%zero : vector<%d x f%u>\n%%q = load %%b, %%zero : vector<%d x f%u>\n"
                     "%%r = %s : vector<%d x f%u>\nstore %%y, %%zero, %%r",
                     REAL_PAIRS, bits, REAL_PAIRS, bits, real_ops[_i].op, REAL_PAIRS, bits);
    run_args wide = {.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .y = RUN_MEMORY(y)};
    run_args narrow = {.a = RUN_MEMORY(fa), .b = RUN_MEMORY(fb), .y = RUN_MEMORY(fy)};
    run_ok(mem, body, bits == 64 ? &wide : &narrow);
    for (size_t i = 0; i < REAL_PAIRS; i++) {
      double want = bits == 64 ? real_ops[_i].f(a[i], b[i]) : real_ops[_i].f((double)fa[i], (double)fb[i]);
      double got = bits == 64 ? y[i] : (double)fy[i];
      bool same = isnan(want) ? isnan(got) : fp_bits64(want) == fp_bits64(got);
      ck_assert_msg(same, "%s on f%u: %g, %g -> %g", real_ops[_i].op, bits, a[i], b[i], got);
    }
  }
  arena_free(mem);
}
END_TEST

START_TEST(comparisons_are_false_with_nan) {
  arena *mem = arena_new();
  double a[4] = {1, NAN, -0.0, 2}, b[4] = {2, NAN, 0.0, 1};
  uint8_t y[12];
  run_ok(mem,
         "%p = load %a, %zero : vector<4 x f64>\n%q = load %b, %zero : vector<4 x f64>\n"
         "%l = lt.f %p, %q : vector<4 x u1>\n%m = le.f %p, %q : vector<4 x u1>\n%e = eq.f %p, %q : vector<4 x u1>\n"
         "%x = zext %l : vector<4 x i8>\n store %y, %zero, %x\n%four = index {value = 4} : index\n"
         "%w = zext %m : vector<4 x i8>\n store %y, %four, %w\n%eight = index {value = 8} : index\n"
         "%z = sext %e : vector<4 x i8>\n store %y, %eight, %z",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((uint8_t[]){1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 255, 0}), 12);
  arena_free(mem);
}
END_TEST

// Any and all of lanes, and a choice by a mask.
START_TEST(masks_choose_and_are_counted) {
  arena *mem = arena_new();
  uint8_t a[4] = {1, 0, 2, 3};
  int64_t y[4];
  uint8_t c[2];
  run_ok(mem,
         "%v = load %a, %zero : vector<4 x i8>\n%m = trunc %v : vector<4 x u1>\n"
         "%i = iota : vector<4 x i64>\n%t = vector {value = -9223372036854775808} : vector<4 x i64>\n"
         "%r = select %m, %i, %t : vector<4 x i64>\n store %y, %zero, %r\n"
         "%some = reduce.or.i %m : vector<1 x u1>\n%all = reduce.and.i %m : vector<1 x u1>\n"
         "%s = zext %some : vector<1 x i8>\n store %c, %zero, %s\n%one = index {value = 1} : index\n"
         "%w = zext %all : vector<1 x i8>\n store %c, %one, %w",
         &(run_args){.a = RUN_MEMORY(a), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((int64_t[]){0, INT64_MIN, INT64_MIN, 3}), sizeof y);
  ck_assert(c[0] == 1 && c[1] == 0);
  arena_free(mem);
}
END_TEST

START_TEST(floats_become_integers_that_fit) {
  arena *mem = arena_new();
  double a[8] = {1.9, -1.9, NAN, 1e30, -1e30, 2147483648.0, -2147483649.0, 0x1p62};
  int32_t c[8];
  int64_t y[8], b[2] = {INT64_MAX, INT64_C(0x4000004000000001)};
  float f[2];
  run_ok(mem,
         "%x = load %a, %zero : vector<8 x f64>\n%i = ftoi.sat %x : vector<8 x i32>\n store %c, %zero, %i\n"
         "%l = ftoi.sat %x : vector<8 x i64>\n store %y, %zero, %l",
         &(run_args){.a = RUN_MEMORY(a), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(c, ((int32_t[]){1, -1, 0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX}), sizeof c);
  ck_assert_mem_eq(y, ((int64_t[]){1, -1, 0, INT64_MAX, INT64_MIN, 2147483648, -2147483649, INT64_C(1) << 62}),
                   sizeof y);
  run_ok(mem, "%x = load %a, %zero : vector<2 x i64>\n%f = itof %x : vector<2 x f32>\n store %y, %zero, %f",
         &(run_args){.a = RUN_MEMORY(b), .y = RUN_MEMORY(f)});
  ck_assert(f[0] == 0x1p63f && f[1] == 0x1.000002p62f); // once: by way of a double it would be 0x1p62
  arena_free(mem);
}
END_TEST

// Halves are combined: (x0 * x2) * (x1 * x3).
START_TEST(reductions_of_64_bits) {
  arena *mem = arena_new();
  double a[4] = {1e200, 3, 1e200, 1e-300}, y[2];
  int64_t b[4] = {INT64_MAX, 2, INT64_MIN, 3}, c[3] = {0};
  run_ok(mem,
         "%x = load %a, %zero : vector<4 x f64>\n%p = reduce.mul.f %x : vector<1 x f64>\n store %y, %zero, %p\n"
         "%m = reduce.minimum.f %x : vector<1 x f64>\n%e = index {value = 8} : index\n store %y, %e, %m\n"
         "%i = load %b, %zero : vector<4 x i64>\n%j = reduce.mul.i %i : vector<1 x i64>\n store %c, %zero, %j\n"
         "%k = reduce.min.i %i : vector<1 x i64>\n store %c, %e, %k\n"
         "%l = reduce.max.i %i : vector<1 x i64>\n%f = index {value = 16} : index\n store %c, %f, %l",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert(isinf(y[0]) && y[1] == 1e-300);
  ck_assert_mem_eq(c, ((int64_t[]){0, INT64_MIN, INT64_MAX}), sizeof c);
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir interpreter on values");
  TCase *tables = tcase_create("tables");
  tcase_add_loop_test(tables, integers_of_32_and_64_bits, 0, (int)COUNT(int_ops));
  tcase_add_loop_test(tables, floats_of_32_and_64_bits, 0, (int)COUNT(real_ops));
  suite_add_tcase(suite, tables);
  check_add(suite, "single",
            (const TTest *const[]){comparisons_are_false_with_nan, masks_choose_and_are_counted,
                                   floats_become_integers_that_fit, reductions_of_64_bits, NULL});
  return check_main(suite);
}

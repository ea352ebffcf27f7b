// The interpreter's arithmetic against plain C, with edge values.
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

typedef int64_t (*int_function)(int64_t a, int64_t b);

static int64_t ref_add(int64_t a, int64_t b) { return a + b; }
static int64_t ref_sub(int64_t a, int64_t b) { return a - b; }
static int64_t ref_mul(int64_t a, int64_t b) { return a * b; }
static int64_t ref_and(int64_t a, int64_t b) { return a & b; }
static int64_t ref_or(int64_t a, int64_t b) { return a | b; }
static int64_t ref_xor(int64_t a, int64_t b) { return a ^ b; }
static int64_t ref_min(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t ref_max(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t ref_sar3(int64_t a, int64_t b) { return (void)b, a >> 3; }
static int64_t ref_shl3(int64_t a, int64_t b) { return (void)b, a * 8; }

static int64_t set_bits(int64_t a, unsigned bits) {
  int64_t count = 0;
  for (unsigned i = 0; i < bits; i++) count += a >> i & 1;
  return count;
}
static int64_t ref_popcount8(int64_t a, int64_t b) { return (void)b, set_bits(a, 8); }
static int64_t ref_popcount16(int64_t a, int64_t b) { return (void)b, set_bits(a, 16); }
static int64_t ref_popcount32(int64_t a, int64_t b) { return (void)b, set_bits(a, 32); }

static const struct {
  const char *op;
  int_function f;
} int_ops[] = {{"add.i %p, %q", ref_add},         {"sub.i %p, %q", ref_sub}, {"mul.i %p, %q", ref_mul},
               {"and.i %p, %q", ref_and},         {"or.i %p, %q", ref_or},   {"xor.i %p, %q", ref_xor},
               {"min.i %p, %q", ref_min},         {"max.i %p, %q", ref_max}, {"sar.i %p {shift = 3}", ref_sar3},
               {"shl.i %p {shift = 3}", ref_shl3}};

static const int64_t edges[] = {0,   1,     -1,     2,     7,         127,       -128,  128,
                                255, 32767, -32768, 65535, INT32_MAX, INT32_MIN, 12345, -99};
enum { PAIRS = COUNT(edges) * COUNT(edges) };

static int64_t sign_extended(int64_t value, unsigned bits) {
  return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

static void put(uint8_t *to, size_t i, unsigned bits, int64_t value) {
  for (unsigned j = 0; j < bits / 8; j++) to[i * (bits / 8) + j] = (uint8_t)((uint64_t)value >> (8 * j));
}

static int64_t get(const uint8_t *from, size_t i, unsigned bits) {
  uint64_t value = 0;
  for (unsigned j = 0; j < bits / 8; j++) value |= (uint64_t)from[i * (bits / 8) + j] << (8 * j);
  return sign_extended((int64_t)value, bits);
}

static void check_int_op(arena *mem, const char *op, int_function f, unsigned bits) {
  uint8_t a[PAIRS * 4], b[PAIRS * 4], y[PAIRS * 4];
  for (size_t i = 0; i < PAIRS; i++) {
    put(a, i, bits, edges[i / COUNT(edges)]);
    put(b, i, bits, edges[i % COUNT(edges)]);
  }
  const char *type = arena_printf(mem, "vector<%d x i%u>", PAIRS, bits);
  const char *body = arena_printf(
      mem, "%%p = load %%a, %%zero : %s\n%%q = load %%b, %%zero : %s\n%%r = %s : %s\nstore %%y, %%zero, %%r", type,
      type, op, type);
  run_ok(mem, body, &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .y = RUN_MEMORY(y)});
  for (size_t i = 0; i < PAIRS; i++) {
    int64_t want = sign_extended(f(get(a, i, bits), get(b, i, bits)), bits);
    ck_assert_msg(get(y, i, bits) == want, "%s on i%u: %lld, %lld -> %lld", op, bits, (long long)get(a, i, bits),
                  (long long)get(b, i, bits), (long long)get(y, i, bits));
  }
}

START_TEST(set_bits_are_counted) {
  static const int_function counts[] = {ref_popcount8, ref_popcount16, ref_popcount32};
  arena *mem = arena_new();
  check_int_op(mem, "popcount %p", counts[_i], 8u << _i);
  arena_free(mem);
}
END_TEST

START_TEST(integers_wrap_at_their_width) {
  arena *mem = arena_new();
  for (unsigned bits = 8; bits <= 32; bits *= 2) check_int_op(mem, int_ops[_i].op, int_ops[_i].f, bits);
  arena_free(mem);
}
END_TEST

START_TEST(shifts_and_bits_are_unsigned) {
  arena *mem = arena_new();
  uint8_t a[] = {0x80, 0xff, 0x12, 0xf0}, y[12];
  run_ok(
      mem,
      "%x = load %a, %zero : vector<4 x i8>\n%s = shr.i %x {shift = 7} : vector<4 x i8>\n store %y, %zero, %s\n"
      "%m = bits %x {shift = 4, mask = 7} : vector<4 x i8>\n %four = index {value = 4} : index\n store %y, %four, %m\n"
      "%h = bitcast %x : vector<2 x i16>\n%t = shr.i %h {shift = 4} : vector<2 x i16>\n"
      "%eight = index {value = 8} : index\n store %y, %eight, %t",
      &(run_args){.a = RUN_MEMORY(a), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((uint8_t[]){1, 1, 0, 1, 0, 7, 1, 7, 0xf8, 0x0f, 0x01, 0x0f}), 12);
  arena_free(mem);
}
END_TEST

START_TEST(widths_change) {
  arena *mem = arena_new();
  uint8_t a[] = {0x80, 0x7f, 0xff, 0x01};
  int32_t y[12];
  run_ok(mem,
         "%x = load %a, %zero : vector<4 x i8>\n%u = zext %x : vector<4 x i32>\n store %y, %zero, %u\n"
         "%h = sext %x : vector<4 x i16>\n%s = sext %h : vector<4 x i32>\n %o = index {value = 16} : index\n store %y, "
         "%o, %s\n"
         "%m = zext %h : vector<4 x i32>\n%t = trunc %m : vector<4 x i8>\n%v = zext %t : vector<4 x i32>\n"
         "%p = index {value = 32} : index\n store %y, %p, %v",
         &(run_args){.a = RUN_MEMORY(a), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((int32_t[]){128, 127, 255, 1, -128, 127, -1, 1, 128, 127, 255, 1}), sizeof y);
  arena_free(mem);
}
END_TEST

// ---- the primitives of quantized arithmetic --------------------------------------------------------------

START_TEST(dot_products_are_exact) {
  arena *mem = arena_new();
  uint8_t u[8] = {255, 255, 255, 255, 1, 2, 3, 4};
  int8_t s[8] = {-128, -128, -128, -128, 127, -1, 5, 0};
  int32_t acc[2] = {INT32_MIN, 7}, y[4];
  run_ok(mem,
         "%acc = load %a, %zero : vector<2 x i32>\n%u = load %b, %zero : vector<8 x i8>\n%s = load %c, %zero : "
         "vector<8 x i8>\n"
         "%d = dot4 %acc, %u, %s : vector<2 x i32>\n store %y, %zero, %d\n"
         "%e = dot4s %acc, %u, %s : vector<2 x i32>\n %o = index {value = 8} : index\n store %y, %o, %e",
         &(run_args){.a = RUN_MEMORY(acc), .b = RUN_MEMORY(u), .c = RUN_MEMORY(s), .y = RUN_MEMORY(y)});
  ck_assert_int_eq(y[0], (int32_t)((uint32_t)INT32_MIN - 4u * 255 * 128));
  ck_assert_int_eq(y[1], 7 + 127 - 2 + 15);
  ck_assert_int_eq(y[2], INT32_MIN + 4 * 128);
  ck_assert_int_eq(y[3], 7 + 127 - 2 + 15);
  arena_free(mem);
}
END_TEST

START_TEST(pairs_of_products_wrap) {
  arena *mem = arena_new();
  uint8_t u[4] = {128, 128, 128, 1};
  int8_t s[4] = {-128, -128, 127, -1};
  int16_t acc[2] = {-1, 20000}, y[2];
  int16_t a[4] = {INT16_MIN, INT16_MIN, 300, -2};
  int32_t wide[1];
  run_ok(mem,
         "%acc = load %a, %zero : vector<2 x i16>\n%u = load %b, %zero : vector<4 x i8>\n%s = load %c, %zero : "
         "vector<4 x i8>\n%p = pairs.u %acc, %u, %s {umax = 128} : vector<2 x i16>\n store %y, %zero, %p",
         &(run_args){.a = RUN_MEMORY(acc), .b = RUN_MEMORY(u), .c = RUN_MEMORY(s), .y = RUN_MEMORY(y)});
  ck_assert_int_eq(y[0], INT16_MAX);
  ck_assert_int_eq(y[1], 20000 + 128 * 127 - 1 - 65536);
  run_ok(mem,
         "%x = load %a, %zero : vector<2 x i16>\n%o = index {value = 4} : index\n%w = load %a, %o : vector<2 x i16>\n"
         "%one = vector {value = 1} : vector<1 x i32>\n%p = pairs.s %one, %x, %x : vector<1 x i32>\n"
         "%q = pairs.s %p, %w, %w : vector<1 x i32>\n store %y, %zero, %q",
         &(run_args){.a = RUN_MEMORY(a), .y = RUN_MEMORY(wide)});
  ck_assert_int_eq(wide[0], INT32_MIN + 1 + 300 * 300 + 4);
  arena_free(mem);
}
END_TEST

START_TEST(a_broken_umax_is_reported) {
  arena *mem = arena_new();
  uint8_t u[4] = {15, 15, 16, 0};
  const char *said = run_body(mem,
                              "%acc = vector {value = 0} : vector<1 x i32>\n%u = load %a, %zero : vector<4 x i8>\n"
                              "%d = dot4 %acc, %u, %u {umax = 15} : vector<1 x i32>",
                              &(run_args){.a = RUN_MEMORY(u)});
  ck_assert_msg(strstr(said, "lane 2 of the unsigned operand is 16") != NULL, "%s", said);
  said = run_body(mem,
                  "%acc = vector {value = 0} : vector<2 x i16>\n%u = load %a, %zero : vector<4 x i8>\n"
                  "%d = pairs.u %acc, %u, %u {umax = 15} : vector<2 x i16>",
                  &(run_args){.a = RUN_MEMORY(u)});
  ck_assert_msg(strstr(said, "lane 2 of the unsigned operand is 16") != NULL, "%s", said);
  u[1] = 128;
  said = run_body(mem,
                  "%acc = vector {value = 0} : vector<1 x i32>\n%u = load %a, %zero : vector<4 x i8>\n"
                  "%d = dot4s %acc, %u, %u {umax = 127} : vector<1 x i32>",
                  &(run_args){.a = RUN_MEMORY(u)});
  ck_assert_msg(strstr(said, "lane 1 of the last operand is -128") != NULL, "%s", said);
  arena_free(mem);
}
END_TEST

START_TEST(tables_are_looked_up) {
  arena *mem = arena_new();
  uint8_t index[4] = {0, 15, 3, 8}, bytes[4];
  uint32_t wide[4] = {0, 5, 0xffffffff, 0x80000002};
  float y[4];
  const char *body =
      "%x = load %a, %zero : vector<4 x i8>\n"
      "%t = lookup %x {table = x\"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\"} : vector<4 x i8>\n store %c, %zero, %t\n"
      "%w = load %b, %zero : vector<4 x i32>\n"
      "%l = lookup.f32 %w {levels = [0.5, -1.0, 2.5, inf]} : vector<4 x f32>\n store %y, %zero, %l";
  run_args args = {.a = RUN_MEMORY(index), .b = RUN_MEMORY(wide), .c = RUN_MEMORY(bytes), .y = RUN_MEMORY(y)};
  run_ok(mem, body, &args);
  ck_assert_mem_eq(bytes, ((uint8_t[]){0xf0, 0xff, 0xf3, 0xf8}), 4);
  ck_assert(y[0] == 0.5f && y[1] == -1.0f && isinf(y[2]) && y[3] == 2.5f);
  index[1] = 16;
  const char *said = run_body(mem, body, &args);
  ck_assert_msg(strstr(said, "'lookup' of %t: lane 1 has index 16, but the table ends after 16 bytes") != NULL, "%s",
                said);
  arena_free(mem);
}
END_TEST

// ---- floats ----------------------------------------------------------------------------------------------

static const float floats[] = {
    0.0f,    -0.0f,           1.0f,     -1.5f,     0.1f, 3.4028235e38f, -3.4028235e38f, 1e-45f,
    -1e-45f, 1.17549435e-38f, INFINITY, -INFINITY, NAN,  16777216.0f,   1.0000001f,     8388607.5f};
enum { FLOAT_PAIRS = COUNT(floats) * COUNT(floats) };

typedef float (*float_function)(float a, float b);
static float ref_fadd(float a, float b) { return a + b; }
static float ref_fsub(float a, float b) { return a - b; }
static float ref_fmul(float a, float b) { return a * b; }
static float ref_fdiv(float a, float b) { return a / b; }
static float ref_fmin(float a, float b) { return a < b ? a : b; }
static float ref_fmax(float a, float b) { return a > b ? a : b; }
static float ref_fneg(float a, float b) { return (void)b, -a; }
static float ref_fabs(float a, float b) { return (void)b, fabsf(a); }
static float ref_fsqrt(float a, float b) { return (void)b, sqrtf(a); }
static float ref_select(float a, float b) { return a < b ? b : a; }

static const struct {
  const char *op;
  float_function f;
} float_ops[] = {{"add.f %p, %q", ref_fadd}, {"sub.f %p, %q", ref_fsub},
                 {"mul.f %p, %q", ref_fmul}, {"div.f %p, %q", ref_fdiv},
                 {"min.f %p, %q", ref_fmin}, {"max.f %p, %q", ref_fmax},
                 {"neg.f %p", ref_fneg},     {"abs.f %p", ref_fabs},
                 {"sqrt.f %p", ref_fsqrt},   {"select_lt %p, %q, %q, %p", ref_select}};

START_TEST(floats_round_once_and_keep_subnormals) {
  arena *mem = arena_new();
  float a[FLOAT_PAIRS], b[FLOAT_PAIRS], y[FLOAT_PAIRS];
  for (size_t i = 0; i < FLOAT_PAIRS; i++) {
    a[i] = floats[i / COUNT(floats)];
    b[i] = floats[i % COUNT(floats)];
  }
  const char *body =
      arena_printf(mem,
                   "%%p = load %%a, %%zero : vector<256 x f32>\n%%q = load %%b, %%zero : vector<256 x f32>\n"
                   "%%r = %s : vector<256 x f32>\nstore %%y, %%zero, %%r",
                   float_ops[_i].op);
  run_ok(mem, body, &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .y = RUN_MEMORY(y)});
  for (size_t i = 0; i < FLOAT_PAIRS; i++) {
    float want = float_ops[_i].f(a[i], b[i]);
    bool same = isnan(want) ? isnan(y[i]) : fp_bits32(want) == fp_bits32(y[i]);
    ck_assert_msg(same, "%s: %g, %g -> %g", float_ops[_i].op, (double)a[i], (double)b[i], (double)y[i]);
  }
  arena_free(mem);
}
END_TEST

// (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 when rounded once and 0 when the product is rounded first.
START_TEST(fma_rounds_once) {
  arena *mem = arena_new();
  float a[2] = {1 + 0x1p-12f, 3}, b[2] = {1 + 0x1p-12f, INFINITY}, c[2] = {-(1 + 0x1p-11f), -INFINITY}, y[2];
  run_ok(mem,
         "%p = load %a, %zero : vector<2 x f32>\n%q = load %b, %zero : vector<2 x f32>\n%s = load %c, %zero : vector<2 "
         "x f32>\n"
         "%r = fma.f %p, %q, %s {exact = 1} : vector<2 x f32>\n store %y, %zero, %r",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert(y[0] == 0x1p-24f && isnan(y[1]));
  arena_free(mem);
}
END_TEST

START_TEST(conversions_round_to_even) {
  arena *mem = arena_new();
  float a[8] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 4194303.5f, -4194303.5f};
  int32_t b[4] = {INT32_MIN, 16777217, 16777219, -16777217}, y[8];
  float c[4];
  run_ok(mem,
         "%x = load %a, %zero : vector<8 x f32>\n%i = ftoi %x : vector<8 x i32>\n store %y, %zero, %i\n"
         "%w = load %b, %zero : vector<4 x i32>\n%f = itof %w : vector<4 x f32>\n store %c, %zero, %f",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((int32_t[]){0, 2, 2, 0, -2, -2, 4194304, -4194304}), sizeof y);
  ck_assert(c[0] == -0x1p31f && c[1] == 16777216.0f && c[2] == 16777220.0f && c[3] == -16777216.0f);
  arena_free(mem);
}
END_TEST

static const float too_large[] = {4194304.0f, -4194304.0f, NAN, INFINITY, -INFINITY, 1e30f};

START_TEST(what_ftoi_cannot_hold_is_reported) {
  arena *mem = arena_new();
  float a[1] = {too_large[_i]};
  const char *said = run_body(mem, "%x = load %a, %zero : vector<1 x f32>\n%i = ftoi %x : vector<1 x i32>",
                              &(run_args){.a = RUN_MEMORY(a)});
  ck_assert_msg(strstr(said, "'ftoi' of %i: lane 0 is") != NULL, "%s", said);
  arena_free(mem);
}
END_TEST

START_TEST(half_precision_both_ways) {
  arena *mem = arena_new();
  uint16_t a[6] = {0x7bff, 0x0001, 0x8000, 0xfc00, 0x3555, 0x7e00}, c[5] = {0};
  float y[6] = {0}, b[5] = {65520.0f, 0x1p-25f, 0x1.8p-25f, 1 + 0x1p-11f, -65504.0f};
  run_ok(mem,
         "%x = load %a, %zero : vector<6 x f16>\n%w = extf %x : vector<6 x f32>\n store %y, %zero, %w\n"
         "%v = load %b, %zero : vector<5 x f32>\n%h = truncf %v : vector<5 x f16>\n store %c, %zero, %h",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert(y[0] == 65504.0f && y[1] == 0x1p-24f && y[3] == -INFINITY && y[4] == 0x1.554p-2f && isnan(y[5]));
  ck_assert(fp_bits32(y[2]) == 0x80000000);
  ck_assert_mem_eq(c, ((uint16_t[]){0x7c00, 0, 1, 0x3c00, 0xfbff}), sizeof c);
  arena_free(mem);
}
END_TEST

START_TEST(bf16_both_ways) {
  arena *mem = arena_new();
  uint16_t a[3] = {0x3f80, 0x0001, 0xff80}, c[3] = {0};
  float y[3] = {0}, b[3] = {1 + 0x1p-8f, 1 + 0x1.8p-7f, 3.4028235e38f};
  run_ok(mem,
         "%x = load %a, %zero : vector<3 x bf16>\n%w = extf %x : vector<3 x f32>\n store %y, %zero, %w\n"
         "%v = load %b, %zero : vector<3 x f32>\n%h = truncf %v : vector<3 x bf16>\n store %c, %zero, %h",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert(y[0] == 1.0f && fp_bits32(y[1]) == 0x00010000 && y[2] == -INFINITY);
  ck_assert_mem_eq(c, ((uint16_t[]){0x3f80, 0x3f82, 0x7f80}), sizeof c);
  arena_free(mem);
}
END_TEST

// Halves are added: (1e8 - 1e8) + (1 + 1). From left to right it would be 1.
START_TEST(reductions_combine_halves) {
  arena *mem = arena_new();
  float a[4] = {1e8f, 1, -1e8f, 1}, b[4] = {NAN, 1, 2, NAN}, y[3];
  int8_t c[4] = {100, 100, 100, -1};
  run_ok(mem,
         "%x = load %a, %zero : vector<4 x f32>\n%s = reduce.add.f %x : vector<1 x f32>\n store %y, %zero, %s\n"
         "%v = load %b, %zero : vector<4 x f32>\n%m = reduce.max.f %v : vector<1 x f32>\n"
         "%four = index {value = 4} : index\n store %y, %four, %m\n"
         "%i = load %c, %zero : vector<4 x i8>\n%t = reduce.add.i %i : vector<1 x i8>\n"
         "%eight = index {value = 8} : index\n store %y, %eight, %t",
         &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(b), .c = RUN_MEMORY(c), .y = RUN_MEMORY(y)});
  ck_assert(y[0] == 2.0f);
  ck_assert(isnan(y[1])); // max(max(NaN, 2), max(1, NaN)) = max(2, NaN)
  ck_assert_int_eq(((int8_t *)&y[2])[0], (int8_t)(299 - 256));
  arena_free(mem);
}
END_TEST

// ---- constants, moves, indices ---------------------------------------------------------------------------

START_TEST(constants_and_moves) {
  arena *mem = arena_new();
  uint8_t y[32] = {0};
  run_ok(mem,
         "%v = vector {value = -2} : vector<2 x i8>\n store %y, %zero, %v\n"
         "%h = vector {real = 0.1} : vector<1 x f16>\n%two = index {value = 2} : index\n store %y, %two, %h\n"
         "%i = from_index %n : vector<1 x i32>\n%s = splat %i : vector<2 x i32>\n%four = index {value = 4} : index\n "
         "store %y, %four, %s\n"
         "%p = bitcast %i : vector<4 x i8>\n%q = bitcast %p : vector<2 x bf16>\n%o = index {value = 12} : index\n "
         "store %y, %o, %q",
         &(run_args){.y = RUN_MEMORY(y), .n = UINT64_C(0x1122334455)});
  ck_assert_mem_eq(
      y,
      ((uint8_t[]){0xfe, 0xfe, 0x66, 0x2e, 0x55, 0x44, 0x33, 0x22, 0x55, 0x44, 0x33, 0x22, 0x55, 0x44, 0x33, 0x22, 0}),
      17);
  arena_free(mem);
}
END_TEST

static const struct {
  const char *op;
  uint64_t n;
  uint64_t want; // low 32 bits
} index_rows[] = {
    {"index.add %n, %three", UINT64_MAX, 2},
    {"index.sub %zero, %three", 0, 0xfffffffd},
    {"index.mul %n, %three", UINT64_C(1) << 63, 0},
    {"index.div %n, %three", UINT64_MAX, 0x55555555},
    {"index.rem %n, %three", UINT64_MAX, 0},
    {"index.min %n, %three", UINT64_MAX, 3},
    {"index.min %three, %n", 1, 1},
    {"thread", 0, 0},
    {"threads", 0, 1},
    {"index {value = -1}", 0, UINT32_MAX},
    {"to_index %last", 0, 0xfffffffe},
    {"index.div %wide, %three", 0, 0x55555554},
};

START_TEST(indices_are_unsigned) {
  arena *mem = arena_new();
  uint32_t y[1];
  const char *body =
      arena_printf(mem,
                   "%%three = index {value = 3} : index\n%%last = vector {value = -2} : vector<1 x i32>\n"
                   "%%wide = to_index %%last : index\n%%r = %s : index\n%%v = from_index %%r : "
                   "vector<1 x i32>\nstore %%y, %%zero, %%v",
                   index_rows[_i].op);
  run_ok(mem, body, &(run_args){.y = RUN_MEMORY(y), .n = index_rows[_i].n});
  ck_assert_uint_eq(y[0], index_rows[_i].want);
  arena_free(mem);
}
END_TEST

START_TEST(divisions_by_zero_are_reported) {
  arena *mem = arena_new();
  const run_args args = {.n = 5};
  ck_assert(strstr(run_body(mem, "%r = index.div %n, %zero : index", &args), "5 is divided by zero") != NULL);
  ck_assert(strstr(run_body(mem, "%r = index.rem %n, %zero : index", &args), "5 is divided by zero") != NULL);
  arena_free(mem);
}
END_TEST

// ---- loops -----------------------------------------------------------------------------------------------

// Two carried values that swap: the yield must move them at once.
static const char fibonacci[] =
    "%one = index {value = 1} : index\n"
    "%f, %g = for %i = %begin to %end step %one iter(%a1 = %zero, %b1 = %one) : index, index {\n"
    "  %s = index.add %a1, %b1 : index\n  yield %b1, %s\n}\n"
    "%v = from_index %f : vector<1 x i32>\nstore %y, %zero, %v";

START_TEST(loops_carry_values) {
  arena *mem = arena_new();
  uint32_t y[1];
  run_ok(mem, fibonacci, &(run_args){.y = RUN_MEMORY(y), .begin = 0, .end = 10});
  ck_assert_uint_eq(y[0], 55);
  run_ok(mem, fibonacci, &(run_args){.y = RUN_MEMORY(y), .begin = 7, .end = 7});
  ck_assert_uint_eq(y[0], 0);
  run_ok(mem, fibonacci, &(run_args){.y = RUN_MEMORY(y), .begin = 9, .end = 3});
  ck_assert_uint_eq(y[0], 0);
  arena_free(mem);
}
END_TEST

START_TEST(vectors_may_swap_in_a_loop) {
  arena *mem = arena_new();
  float y[2];
  run_ok(mem,
         "%one = index {value = 1} : index\n%p = vector {real = 1.0} : vector<1 x f32>\n%q = vector {real = 2.0} : "
         "vector<1 x f32>\n"
         "%f, %g = for %i = %begin to %end step %one iter(%u = %p, %v = %q) : vector<1 x f32>, vector<1 x f32> {\n  "
         "yield %v, %u\n}\n"
         "%four = index {value = 4} : index\nstore %y, %zero, %f\nstore %y, %four, %g",
         &(run_args){.y = RUN_MEMORY(y), .begin = 0, .end = 3});
  ck_assert(y[0] == 2.0f && y[1] == 1.0f);
  arena_free(mem);
}
END_TEST

static const char counting[] = "%r = for %i = %begin to %end step %n iter(%k = %zero) : index {\n"
                               "  %one = index {value = 1} : index\n  %s = index.add %k, %one : index\n  yield %s\n}\n"
                               "%v = from_index %r : vector<1 x i32>\nstore %y, %zero, %v";

START_TEST(loops_count_turns) {
  arena *mem = arena_new();
  uint32_t y[1];
  run_ok(mem, counting, &(run_args){.y = RUN_MEMORY(y), .n = 3, .begin = 1, .end = 10});
  ck_assert_uint_eq(y[0], 3);
  run_ok(mem, counting, &(run_args){.y = RUN_MEMORY(y), .n = 3, .begin = 1, .end = 11});
  ck_assert_uint_eq(y[0], 4);
  run_ok(mem, counting, &(run_args){.y = RUN_MEMORY(y), .n = UINT64_MAX, .begin = 1, .end = UINT64_MAX});
  ck_assert_uint_eq(y[0], 1);
  arena_free(mem);
}
END_TEST

START_TEST(endless_loops_are_reported) {
  arena *mem = arena_new();
  uint32_t y[1];
  run_args args = {.y = RUN_MEMORY(y), .n = 0, .begin = 0, .end = UINT64_MAX};
  ck_assert(strstr(run_body(mem, counting, &args), "'for' of %r: the step is zero") != NULL);
  args.n = 1;
  args.max_steps = 100000;
  ck_assert(strstr(run_body(mem, counting, &args), "has not ended after 100000 operations") != NULL);
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir interpreter");
  TCase *rows = tcase_create("rows");
  tcase_add_loop_test(rows, integers_wrap_at_their_width, 0, COUNT(int_ops));
  tcase_add_loop_test(rows, set_bits_are_counted, 0, 3);
  tcase_add_loop_test(rows, floats_round_once_and_keep_subnormals, 0, COUNT(float_ops));
  tcase_add_loop_test(rows, what_ftoi_cannot_hold_is_reported, 0, COUNT(too_large));
  tcase_add_loop_test(rows, indices_are_unsigned, 0, COUNT(index_rows));
  suite_add_tcase(suite, rows);
  check_add(suite, "arithmetic",
            (const TTest *const[]){shifts_and_bits_are_unsigned, widths_change, dot_products_are_exact,
                                   pairs_of_products_wrap, a_broken_umax_is_reported, tables_are_looked_up,
                                   fma_rounds_once, conversions_round_to_even, half_precision_both_ways, bf16_both_ways,
                                   reductions_combine_halves, constants_and_moves, NULL});
  check_add(suite, "control",
            (const TTest *const[]){divisions_by_zero_are_reported, loops_carry_values, vectors_may_swap_in_a_loop,
                                   loops_count_turns, endless_loops_are_reported, NULL});
  return check_main(suite);
}

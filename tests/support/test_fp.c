// Float formats against values computed another way: ldexp of the fields, and a search of the nearest code.
#include <fenv.h>
#include <math.h>
#include <stdint.h>

#include "support/fp.h"
#include "tests/check_main.h"

// The value of a code by the definition of IEEE 754.
static double by_definition(uint32_t code, int exp_bits, int man_bits, int has_inf_nan) {
  int man = (int)(code & ((1u << man_bits) - 1));
  int exp = (int)(code >> man_bits & ((1u << exp_bits) - 1));
  double sign = code >> (exp_bits + man_bits) & 1 ? -1.0 : 1.0;
  int bias = (1 << (exp_bits - 1)) - 1;
  if (has_inf_nan && exp == (1 << exp_bits) - 1) return man ? (double)NAN : sign * INFINITY;
  if (exp == 0) return sign * ldexp(man, 1 - bias - man_bits);
  return sign * ldexp(1.0 + ldexp(man, -man_bits), exp - bias);
}

// Check writes a line for every assertion; in loops over many codes only a failure may cost that.
#define EXPECT(condition, ...)                   \
  do {                                           \
    if (!(condition)) ck_abort_msg(__VA_ARGS__); \
  } while (0)

static int same(double a, double b) { return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b); }

START_TEST(every_f16_code_has_its_value_and_comes_back) {
  for (uint32_t code = 0; code < 65536; code++) {
    float value = fp_from_f16((uint16_t)code);
    EXPECT(same((double)value, by_definition(code, 5, 10, 1)), "f16 %04x is %a", code, (double)value);
    EXPECT(fp_to_f16(value) == code, "f16 %04x comes back as %04x", code, fp_to_f16(value));
  }
}
END_TEST

START_TEST(every_bf16_code_has_its_value_and_comes_back) {
  for (uint32_t code = 0; code < 65536; code++) {
    float value = fp_from_bf16((uint16_t)code);
    EXPECT(same((double)value, by_definition(code, 8, 7, 1)), "bf16 %04x is %a", code, (double)value);
    EXPECT(fp_to_bf16(value) == code, "bf16 %04x comes back as %04x", code, fp_to_bf16(value));
  }
}
END_TEST

// The midpoint of two neighbouring codes goes to the even one; the next floats beside it to their own sides.
static void check_midpoint(uint16_t code, float low, float high, uint16_t (*encode)(float)) {
  float mid = (float)(((double)low + (double)high) / 2);
  uint16_t even = (uint16_t)(code + (code & 1u));
  EXPECT(encode(mid) == even, "midpoint above %04x gives %04x", code, encode(mid));
  EXPECT(encode(nextafterf(mid, low)) == code, "below the midpoint above %04x", code);
  EXPECT(encode(nextafterf(mid, high)) == code + 1, "above the midpoint above %04x", code);
  EXPECT(encode(-mid) == (even | 0x8000u), "midpoint below -%04x", code);
}

START_TEST(f16_midpoints_go_to_even) {
  for (uint16_t code = 0; code < 0x7bff; code++)
    check_midpoint(code, fp_from_f16(code), fp_from_f16((uint16_t)(code + 1)), fp_to_f16);
}
END_TEST

START_TEST(bf16_midpoints_go_to_even) {
  for (uint16_t code = 0; code < 0x7f7f; code++)
    check_midpoint(code, fp_from_bf16(code), fp_from_bf16((uint16_t)(code + 1)), fp_to_bf16);
}
END_TEST

START_TEST(overflow_underflow_and_nan) {
  ck_assert_uint_eq(fp_to_f16(65504.0f), 0x7bff);
  ck_assert_uint_eq(fp_to_f16(nextafterf(65520.0f, 0)), 0x7bff);
  ck_assert_uint_eq(fp_to_f16(65520.0f), 0x7c00);
  ck_assert_uint_eq(fp_to_f16(-INFINITY), 0xfc00);
  ck_assert_uint_eq(fp_to_f16(0x1p-25f), 0);
  ck_assert_uint_eq(fp_to_f16(nextafterf(0x1p-25f, 1)), 1);
  ck_assert_uint_eq(fp_to_f16(-0x1p-149f), 0x8000);
  ck_assert_uint_eq(fp_to_bf16(fp_from_bits32(0x7f7fffff)), 0x7f80);
  // A NaN whose payload is in the bits that are dropped stays a NaN.
  ck_assert(isnan(fp_from_f16(fp_to_f16(fp_from_bits32(0x7f800001)))));
  ck_assert(isnan(fp_from_bf16(fp_to_bf16(fp_from_bits32(0xff800001)))));
}
END_TEST

START_TEST(rounding_mode_of_the_host_does_not_matter) {
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  volatile float third = 1.0f / 3.0f;
  for (size_t i = 0; i < 4; i++) {
    fesetround(modes[i]);
    ck_assert_uint_eq(fp_to_f16(third), 0x3555);
    ck_assert_uint_eq(fp_to_bf16(third), 0x3eab);
    ck_assert_uint_eq(fp_to_small(1.0 + 0x1p-4, 4, 3, 0), 0x38);
    ck_assert_uint_eq(fp_to_small(1.0 + 3 * 0x1p-4, 4, 3, 0), 0x3a);
  }
  fesetround(FE_TONEAREST);
}
END_TEST

typedef struct small {
  int exp_bits;
  int man_bits;
  int has_inf_nan;
} small;

static const small smalls[] = {
    {.exp_bits = 2, .man_bits = 1},
    {.exp_bits = 3, .man_bits = 2},
    {.exp_bits = 2, .man_bits = 3},
    {.exp_bits = 4, .man_bits = 3},
    {.exp_bits = 5, .man_bits = 2},
    {.exp_bits = 5, .man_bits = 2, .has_inf_nan = 1},
    {.exp_bits = 4, .man_bits = 3, .has_inf_nan = 1},
    {.exp_bits = 1, .man_bits = 2},
    {.exp_bits = 5, .man_bits = 10, .has_inf_nan = 1},
    {.exp_bits = 8, .man_bits = 7, .has_inf_nan = 1},
    {.exp_bits = 8, .man_bits = 0},
    {.exp_bits = 6, .man_bits = 9},
};
enum { SMALL_COUNT = sizeof smalls / sizeof smalls[0] };

START_TEST(small_codes_have_their_values_and_come_back) {
  small f = smalls[_i];
  unsigned e = (unsigned)f.exp_bits, m = (unsigned)f.man_bits;
  for (uint32_t code = 0; code < 1u << (1 + e + m); code++) {
    double value = fp_from_small(code, e, m, f.has_inf_nan);
    EXPECT(same(value, by_definition(code, f.exp_bits, f.man_bits, f.has_inf_nan)), "e%um%u %x is %a", e, m, code,
           value);
    EXPECT(fp_to_small(value, e, m, f.has_inf_nan) == code, "e%um%u %x does not come back", e, m, code);
  }
}
END_TEST

START_TEST(small_midpoints_go_to_even_and_too_large_saturates) {
  small f = smalls[_i];
  unsigned e = (unsigned)f.exp_bits, m = (unsigned)f.man_bits;
  uint32_t largest = (1u << (e + m)) - 1 - (f.has_inf_nan ? 1u << m : 0);
  for (uint32_t code = 0; code < largest; code++) {
    double low = fp_from_small(code, e, m, f.has_inf_nan), high = fp_from_small(code + 1, e, m, f.has_inf_nan);
    double mid = (low + high) / 2;
    EXPECT(fp_to_small(mid, e, m, f.has_inf_nan) == code + (code & 1), "e%um%u midpoint above %x", e, m, code);
    EXPECT(fp_to_small(nextafter(mid, low), e, m, f.has_inf_nan) == code, "e%um%u below it, %x", e, m, code);
    EXPECT(fp_to_small(nextafter(mid, high), e, m, f.has_inf_nan) == code + 1, "e%um%u above it, %x", e, m, code);
  }
  uint32_t beyond = f.has_inf_nan ? largest + 1 : largest;
  ck_assert_uint_eq(fp_to_small(1e300, e, m, f.has_inf_nan), beyond);
  ck_assert_uint_eq(fp_to_small(-INFINITY, e, m, f.has_inf_nan), beyond | 1u << (e + m));
  ck_assert_uint_eq(fp_to_small(0x1p-1074, e, m, f.has_inf_nan), 0);
}
END_TEST

START_TEST(f32_is_a_small_float_too) {
  uint32_t state = 1;
  for (int i = 0; i < 200000; i++) {
    state = state * 1664525u + 1013904223u;
    if ((state & 0x7f800000u) == 0x7f800000u) continue;
    EXPECT(fp_to_small((double)fp_from_bits32(state), 8, 23, 1) == state, "f32 %08x", state);
  }
}
END_TEST

START_TEST(bits_of_doubles) {
  ck_assert_uint_eq(fp_bits64(-2.0), UINT64_C(0xc000000000000000));
  ck_assert(fp_from_bits64(UINT64_C(0x3ff8000000000000)) == 1.5);
  ck_assert_uint_eq(fp_bits32(1.0f), 0x3f800000u);
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/fp");
  check_add(s, "fp",
            (const TTest *const[]){
                every_f16_code_has_its_value_and_comes_back, every_bf16_code_has_its_value_and_comes_back,
                f16_midpoints_go_to_even, bf16_midpoints_go_to_even, overflow_underflow_and_nan,
                rounding_mode_of_the_host_does_not_matter, f32_is_a_small_float_too, bits_of_doubles, NULL});
  TCase *small_case = tcase_create("small");
  tcase_add_loop_test(small_case, small_codes_have_their_values_and_come_back, 0, SMALL_COUNT);
  tcase_add_loop_test(small_case, small_midpoints_go_to_even_and_too_large_saturates, 0, SMALL_COUNT);
  suite_add_tcase(s, small_case);
  return check_main(s);
}

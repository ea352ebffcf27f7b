// Checked arithmetic at its edges.
#include <stdint.h>

#include "support/num.h"
#include "tests/check_main.h"

START_TEST(edges) {
  uint64_t r = 7;
  ck_assert(num_add(UINT64_MAX, 0, &r) && r == UINT64_MAX);
  r = 7;
  ck_assert(!num_add(UINT64_MAX, 1, &r) && r == 7);
  ck_assert(num_sub(5, 5, &r) && r == 0);
  r = 7;
  ck_assert(!num_sub(5, 6, &r) && r == 7);
  ck_assert(num_mul(UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, &r));
  ck_assert_uint_eq(r, UINT64_MAX - UINT32_MAX);
  r = 7;
  ck_assert(!num_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &r) && r == 7);
  ck_assert(num_mul(0, UINT64_MAX, &r) && r == 0);
}
END_TEST

START_TEST(rounding_up_and_dividing) {
  uint64_t r = 7;
  ck_assert(num_align_up(0, 64, &r) && r == 0);
  ck_assert(num_align_up(1, 64, &r) && r == 64);
  ck_assert(num_align_up(64, 64, &r) && r == 64);
  ck_assert(num_align_up(100, 48, &r) && r == 144);
  r = 7;
  ck_assert(!num_align_up(UINT64_MAX, 64, &r) && r == 7);
  ck_assert_uint_eq(num_ceil_div(0, 3), 0);
  ck_assert_uint_eq(num_ceil_div(7, 3), 3);
  ck_assert_uint_eq(num_ceil_div(UINT64_MAX, 1), UINT64_MAX);
  ck_assert_uint_eq(num_gcd(48, 36), 12);
  ck_assert_uint_eq(num_gcd(0, 5), 5);
}
END_TEST

START_TEST(narrowing) {
  size_t size = 0;
  ck_assert(num_to_size(SIZE_MAX, &size) && size == SIZE_MAX);
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/num");
  check_add(s, "num", (const TTest *const[]){edges, rounding_up_and_dividing, narrowing, NULL});
  return check_main(s);
}

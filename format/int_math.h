// The arithmetic of expressions beyond what C's operators give. Integers: 64-bit, two's complement, defined for every argument. Additions and products
// wrap around; a division by zero gives 0; a shift by a negative count or by 64 and more gives 0 (left) or the sign
// (right).
#ifndef QCC_FORMAT_INT_MATH_H
#define QCC_FORMAT_INT_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static inline int64_t int_neg(int64_t a) { return (int64_t)(0 - (uint64_t)a); }
static inline int64_t int_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static inline int64_t int_sub(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
static inline int64_t int_mul(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static inline int64_t int_abs(int64_t a) { return a < 0 ? int_neg(a) : a; }

// Quotient and remainder rounded towards minus infinity: the remainder has the divisor's sign.
static inline int64_t int_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return int_neg(a); // INT64_MIN / -1 wraps
  int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

static inline int64_t int_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static inline int64_t int_shl(int64_t a, int64_t count) {
  return count < 0 || count > 63 ? 0 : (int64_t)((uint64_t)a << count);
}

static inline int64_t int_shr(int64_t a, int64_t count) {
  int64_t sign = a < 0 ? -1 : 0;
  if (count < 0 || count > 63) return sign;
  // Complementing a negative number makes the shift one of a non-negative number, which C defines.
  return (int64_t)((uint64_t)(a ^ sign) >> count) ^ sign;
}

// 2 to a power; exact (or rounded once, where the result is subnormal) for integers on every machine.
static inline double real_exp2(double x) {
  return x >= -2000 && x <= 2000 && x == rint(x) ? ldexp(1, (int)x) : exp2(x);
}

// The low `width` bits of `raw`; all of them from 64 on.
static inline uint64_t int_low_bits(uint64_t raw, unsigned width) {
  return width >= 64 ? raw : raw & (((uint64_t)1 << width) - 1);
}

#endif

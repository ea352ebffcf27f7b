// Float formats in integer arithmetic, so that rounding mode and flush-to-zero flags of the host have no effect.
#include "support/fp.h"

#include <string.h>

uint32_t fp_bits32(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

float fp_from_bits32(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

uint64_t fp_bits64(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

double fp_from_bits64(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Where the value of an IEEE-like float lies: magnitude `sig` * 2^`exp`, or infinity or NaN (`sig` then has the
// mantissa bits, aligned to the top of `man_bits`).
typedef struct parts {
  uint64_t sig;
  int exp;
  unsigned man_bits;
  int special; // the source had the exponent of infinities and NaN
} parts;

static parts split(uint64_t magnitude, unsigned exp_bits, unsigned man_bits) {
  int bias = (1 << (exp_bits - 1)) - 1;
  uint64_t man = magnitude & ((UINT64_C(1) << man_bits) - 1);
  int exp = (int)(magnitude >> man_bits);
  parts p = {.sig = man, .exp = 1 - bias - (int)man_bits, .man_bits = man_bits};
  if (exp == (1 << exp_bits) - 1) {
    p.special = 1;
  } else if (exp != 0) {
    p.sig |= UINT64_C(1) << man_bits;
    p.exp += exp - 1;
  }
  return p;
}

// `base` + `sig` / 2^shift, to nearest, ties to the even sum; 0 <= shift.
static uint64_t add_rounded(uint64_t base, uint64_t sig, int shift) {
  if (shift == 0) return base + sig;
  if (shift > 63) return base; // sig has at most 53 bits: less than a half
  uint64_t half = UINT64_C(1) << (shift - 1);
  uint64_t whole = base + (sig >> shift);
  uint64_t rest = sig & (2 * half - 1);
  return whole + (rest > half || (rest == half && (whole & 1)));
}

// The code of a NaN keeps the top payload bits and stays a NaN.
static uint32_t join_special(parts p, uint32_t infinity, unsigned man_bits) {
  if (p.sig == 0) return infinity;
  uint32_t payload = (uint32_t)(p.sig >> (p.man_bits - man_bits));
  return infinity | (payload != 0 ? payload : UINT32_C(1) << (man_bits - 1));
}

// The code, without sign, of the nearest value; too large a value gives infinity, or the largest one.
static uint32_t join(parts p, unsigned exp_bits, unsigned man_bits, int has_inf_nan) {
  uint32_t infinity = ((UINT32_C(1) << exp_bits) - 1) << man_bits;
  uint32_t top = has_inf_nan ? infinity : (UINT32_C(1) << (exp_bits + man_bits)) - 1;
  if (p.special) return has_inf_nan ? join_special(p, infinity, man_bits) : top;
  if (p.sig == 0) return 0;
  int least = 2 - (1 << (exp_bits - 1)); // the exponent of subnormals
  int exp = p.exp + 63 - __builtin_clzll(p.sig);
  if (exp < least) exp = least;
  int shift = exp - (int)man_bits - p.exp;
  // Adding, not or-ing, lets a significand that was rounded up to the next power carry into the exponent.
  uint64_t base = (uint64_t)(exp - least) << man_bits;
  uint64_t code = shift >= 0 ? add_rounded(base, p.sig, shift) : base + (p.sig << -shift);
  return code > top ? top : (uint32_t)code;
}

float fp_from_f16(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
  uint32_t magnitude = bits & 0x7fffu;
  uint32_t man = magnitude & 0x3ffu;
  if (magnitude >= 0x7c00u) return fp_from_bits32(sign | 0x7f800000u | man << 13);
  if (magnitude >= 0x0400u) return fp_from_bits32(sign | ((magnitude << 13) + (112u << 23)));
  if (man == 0) return fp_from_bits32(sign);
  unsigned top = 31u - (unsigned)__builtin_clz(man); // man * 2^-24, normal as a float
  return fp_from_bits32(sign | (top + 103u) << 23 | ((man << (23 - top)) & 0x7fffffu));
}

uint16_t fp_to_f16(float value) {
  uint32_t bits = fp_bits32(value);
  return (uint16_t)((bits >> 16 & 0x8000u) | join(split(bits & 0x7fffffffu, 8, 23), 5, 10, 1));
}

float fp_from_bf16(uint16_t bits) { return fp_from_bits32((uint32_t)bits << 16); }

uint16_t fp_to_bf16(float value) {
  uint32_t bits = fp_bits32(value);
  if ((bits & 0x7fffffffu) <= 0x7f800000u) return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  uint32_t nan = bits >> 16;
  return (uint16_t)((nan & 0x7fu) != 0 ? nan : nan | 0x40u);
}

double fp_from_small(uint32_t bits, unsigned exp_bits, unsigned man_bits, int has_inf_nan) {
  uint64_t sign = (uint64_t)(bits >> (exp_bits + man_bits) & 1u) << 63;
  uint32_t magnitude = bits & ((UINT32_C(1) << (exp_bits + man_bits)) - 1);
  uint64_t man = magnitude & ((UINT32_C(1) << man_bits) - 1);
  int exp = (int)(magnitude >> man_bits);
  int bias = (1 << (exp_bits - 1)) - 1;
  if (has_inf_nan && exp == (1 << exp_bits) - 1)
    return fp_from_bits64(sign | UINT64_C(0x7ff) << 52 | man << (52 - man_bits));
  if (exp != 0) return fp_from_bits64(sign | (uint64_t)(exp - bias + 1023) << 52 | man << (52 - man_bits));
  double unit = fp_from_bits64((uint64_t)(1 - bias - (int)man_bits + 1023) << 52);
  return fp_from_bits64(sign | fp_bits64((double)man * unit));
}

uint32_t fp_to_small(double value, unsigned exp_bits, unsigned man_bits, int has_inf_nan) {
  uint64_t bits = fp_bits64(value);
  uint32_t sign = (uint32_t)(bits >> 63) << (exp_bits + man_bits);
  return sign | join(split(bits & ~(UINT64_C(1) << 63), 11, 52), exp_bits, man_bits, has_inf_nan);
}

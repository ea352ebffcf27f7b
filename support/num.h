// Checked arithmetic: the only arithmetic allowed on counts, sizes and offsets that come from a file.
// Each returns false, leaving *out untouched, when the exact result does not fit.
#ifndef QCC_SUPPORT_NUM_H
#define QCC_SUPPORT_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool num_add(uint64_t a, uint64_t b, uint64_t *out) {
  uint64_t r;
  if (__builtin_add_overflow(a, b, &r)) return false;
  *out = r;
  return true;
}

static inline bool num_sub(uint64_t a, uint64_t b, uint64_t *out) {
  if (b > a) return false;
  *out = a - b;
  return true;
}

static inline bool num_mul(uint64_t a, uint64_t b, uint64_t *out) {
  uint64_t r;
  if (__builtin_mul_overflow(a, b, &r)) return false;
  *out = r;
  return true;
}

// Rounds `a` up to a multiple of `align` (not zero).
static inline bool num_align_up(uint64_t a, uint64_t align, uint64_t *out) {
  uint64_t rest = a % align;
  return rest == 0 ? (*out = a, true) : num_add(a, align - rest, out);
}

// `a` / `b` rounded up; b is not zero.
static inline uint64_t num_ceil_div(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

static inline bool num_to_size(uint64_t a, size_t *out) {
  if (a > SIZE_MAX) return false;
  *out = (size_t)a;
  return true;
}

static inline uint64_t num_gcd(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

#endif

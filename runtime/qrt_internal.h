/* Shared by the runtime's files, not installed for applications: bytes from files and checked arithmetic. */
#ifndef QRT_INTERNAL_H
#define QRT_INTERNAL_H

#include <stdbool.h>

#include "qrt.h"

#define QRT_ALIGNMENT 64u

/* Tells the processor that the caller waits in a loop (qrt_cpu.c). */
void qrt_cpu_relax(void);

/* Little-endian loads at any address; compilers make one load of each. */
static inline uint32_t qrt_load32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t qrt_load64(const uint8_t *p) {
  return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
         (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline bool qrt_is_aligned(const void *p) { return (uintptr_t)p % QRT_ALIGNMENT == 0; }

/* a + b and a * b; false when the result does not fit. Without division, which small processors do not have. */
static inline bool qrt_add(uint64_t a, uint64_t b, uint64_t *sum) {
  *sum = a + b;
  return *sum >= a;
}

static inline bool qrt_multiply(uint64_t a, uint64_t b, uint64_t *product) {
  uint64_t low_a = (uint32_t)a, high_a = a >> 32, low_b = (uint32_t)b, high_b = b >> 32;
  uint64_t cross = high_a ? high_a * low_b : low_a * high_b; /* one of the two is 0 when the product can fit */
  if ((high_a && high_b) || cross >> 32) return false;
  return qrt_add(cross << 32, low_a * low_b, product);
}

#endif

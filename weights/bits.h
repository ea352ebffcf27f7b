// Dense streams of bits, bit 0 of a byte first.
#ifndef QCC_WEIGHTS_BITS_H
#define QCC_WEIGHTS_BITS_H

#include <stdint.h>

// Puts the low `bits` (at most 32) of `raw` at bit `at` of bytes that are zero there; gets them back.
static inline void bits_put(uint8_t *out, uint64_t at, unsigned bits, uint32_t raw) {
  for (unsigned done = 0; done < bits;) {
    unsigned skip = (unsigned)((at + done) % 8), take = 8 - skip < bits - done ? 8 - skip : bits - done;
    uint32_t part = raw >> done & ((1u << take) - 1);
    out[(at + done) / 8] |= (uint8_t)(part << skip);
    done += take;
  }
}

static inline uint32_t bits_get(const uint8_t *in, uint64_t at, unsigned bits) {
  uint32_t raw = 0;
  for (unsigned done = 0; done < bits;) {
    unsigned skip = (unsigned)((at + done) % 8), take = 8 - skip < bits - done ? 8 - skip : bits - done;
    uint32_t part = (uint32_t)in[(at + done) / 8] >> skip & ((1u << take) - 1);
    raw |= part << done;
    done += take;
  }
  return raw;
}

#endif

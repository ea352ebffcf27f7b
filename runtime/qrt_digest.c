/* The digest of packed weights. The definition and test vectors are in docs/runtime.md.
 *
 * Four lanes take every fourth 64-bit word. Each step is a bijection of the lane for a given word and of the word for a
 * given lane, and the lanes are joined by bijections: damage within one aligned word is always found. The word is
 * multiplied before it meets the lane so that no few flipped bits in two words can cancel. */
#include "qrt_digest.h"

#include "qrt_internal.h"

#define STRIPE 32
#define LANES 4

/* Fractional bits of the square roots of 2, 3, 5, 7, 11, 13; odd where they multiply. */
#define WORD_MULTIPLIER UINT64_C(0x6a09e667f3bcc909)
#define LANE_MULTIPLIER UINT64_C(0xbb67ae8584caa73b)

static const uint64_t first_lanes[LANES] = {UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
                                            UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f)};

static uint64_t rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

static uint64_t step(uint64_t lane, uint64_t word) {
  return rotate(lane ^ word * WORD_MULTIPLIER, 29) * LANE_MULTIPLIER;
}

static void take_stripe(uint64_t lanes[LANES], const uint8_t *p) {
  lanes[0] = step(lanes[0], qrt_load64(p));
  lanes[1] = step(lanes[1], qrt_load64(p + 8));
  lanes[2] = step(lanes[2], qrt_load64(p + 16));
  lanes[3] = step(lanes[3], qrt_load64(p + 24));
}

static uint64_t finish(const uint64_t lanes[LANES], uint64_t size) {
  uint64_t h = size;
  for (int i = 0; i < LANES; i++) h = step(h, lanes[i]);
  h = (h ^ h >> 32) * WORD_MULTIPLIER;
  h = (h ^ h >> 29) * LANE_MULTIPLIER;
  return h ^ h >> 32;
}

void qrt_digest_begin(qrt_digester *d) {
  d->size = 0;
  for (int i = 0; i < LANES; i++) d->lanes[i] = first_lanes[i];
}

/* Fills the stripe that was begun; the number of bytes taken. */
static size_t fill_rest(qrt_digester *d, const uint8_t *p, size_t size) {
  size_t have = (size_t)(d->size % STRIPE), taken = 0;
  if (have == 0) return 0;
  while (have + taken < STRIPE && taken < size) {
    d->rest[have + taken] = p[taken];
    taken++;
  }
  if (have + taken == STRIPE) take_stripe(d->lanes, d->rest);
  return taken;
}

void qrt_digest_add(qrt_digester *d, const void *bytes, size_t size) {
  const uint8_t *p = bytes;
  size_t left = size, taken = fill_rest(d, p, size);
  uint64_t lanes[LANES] = {d->lanes[0], d->lanes[1], d->lanes[2], d->lanes[3]};
  d->size += size;
  p += taken;
  left -= taken;
  for (; left >= STRIPE; left -= STRIPE, p += STRIPE) take_stripe(lanes, p);
  for (int i = 0; i < LANES; i++) d->lanes[i] = lanes[i];
  for (size_t i = 0; i < left; i++) d->rest[i] = p[i];
}

uint64_t qrt_digest_end(const qrt_digester *d) {
  uint64_t lanes[LANES] = {d->lanes[0], d->lanes[1], d->lanes[2], d->lanes[3]};
  size_t have = (size_t)(d->size % STRIPE);
  if (have > 0) {
    uint8_t last[STRIPE] = {0};
    for (size_t i = 0; i < have; i++) last[i] = d->rest[i];
    take_stripe(lanes, last);
  }
  return finish(lanes, d->size);
}

uint64_t qrt_digest(const void *bytes, size_t size) {
  qrt_digester d;
  qrt_digest_begin(&d);
  qrt_digest_add(&d, bytes, size);
  return qrt_digest_end(&d);
}

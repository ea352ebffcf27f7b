#include "driver/digest.h"

#include <string.h>

#define XXH_STATIC_LINKING_ONLY // for the size of its state
#include <xxhash.h>

struct digester {
  XXH3_state_t state;
};

static digest from_xxh(XXH128_hash_t h) { return (digest){.low = h.low64, .high = h.high64}; }

bool digest_equal(digest a, digest b) { return a.low == b.low && a.high == b.high; }

digest digest_of(const void *bytes, size_t size) { return from_xxh(XXH3_128bits(bytes, size)); }

digester *digester_new(arena *a) {
  enum { ALIGNMENT = _Alignof(digester) };
  uint8_t *room = ARENA_ARRAY(a, uint8_t, sizeof(digester) + ALIGNMENT - 1);
  digester *g = (void *)(room + (ALIGNMENT - (uintptr_t)room % ALIGNMENT) % ALIGNMENT);
  XXH3_INITSTATE(&g->state);
  XXH3_128bits_reset(&g->state);
  return g;
}

void digester_number(digester *g, uint64_t number) { XXH3_128bits_update(&g->state, &number, sizeof number); }

void digester_bytes(digester *g, const void *bytes, size_t size) {
  digester_number(g, size);
  XXH3_128bits_update(&g->state, bytes, size);
}

void digester_text(digester *g, const char *text) {
  if (text == NULL)
    digester_number(g, UINT64_MAX);
  else
    digester_bytes(g, text, strlen(text));
}

digest digester_end(const digester *g) { return from_xxh(XXH3_128bits_digest(&g->state)); }

// Keys of the cache: 128-bit digests of what a result depends on (XXH3: fast, and no defence against forgery).
#ifndef QCC_DRIVER_DIGEST_H
#define QCC_DRIVER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

typedef struct digest {
  uint64_t low, high;
} digest;

bool digest_equal(digest a, digest b);

// Of bytes in one piece.
digest digest_of(const void *bytes, size_t size);

// Of several pieces, each with its length, so that none runs into the next.
typedef struct digester digester;
digester *digester_new(arena *a);
void digester_bytes(digester *g, const void *bytes, size_t size);
void digester_text(digester *g, const char *text); // NULL is a text of its own
void digester_number(digester *g, uint64_t number);
digest digester_end(const digester *g);

#endif

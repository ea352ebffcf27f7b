// The cache on disk: results of earlier runs under the digest of everything that they depend on. docs/cache.md is for users.
//
// Processes may share a folder: entries are written under a temporary name and renamed, and whoever reads one checks it
// as a whole. An entry that is damaged is none. Nothing here is ever an error of the run: a folder that cannot be read or
// written is a cache that never has anything.
#ifndef QCC_DRIVER_CACHE_H
#define QCC_DRIVER_CACHE_H

#include "driver/digest.h"
#include "driver/options.h"
#include "support/arena.h"
#include "support/diag.h"
#include "support/temporary.h"

// Only read by the functions below, from any thread.
typedef struct cache {
  const char *folder; // NULL: there is no cache
  uint64_t limit;     // bytes of all entries
  digest compiler;    // of this very qcc and the libraries that it runs with
  temporary_list *temporaries;
} cache;

// As --no-cache and the environment say (QCC_CACHE_DIR, QCC_CACHE_SIZE, XDG_CACHE_HOME, HOME). False (reported) when
// they make no sense. A folder in which others could put code is not used, with a warning. Entries are written as
// temporaries of the list.
bool cache_open(diag *d, arena *a, const options *o, temporary_list *temporaries, cache *out);

// A digester that has begun with the compiler itself and `kind`, which keeps the keys of different things apart.
digester *cache_key(const cache *c, arena *a, const char *kind);

// The entry of a key, in the arena. False when there is none.
bool cache_get(const cache *c, arena *a, digest key, const uint8_t **bytes, size_t *size);

// Adds or replaces an entry. False when it cannot be written.
bool cache_put(const cache *c, digest key, const void *bytes, size_t size);

// Removes what killed runs have left, and entries that were not used for longest, until the others fit the limit.
void cache_trim(const cache *c);

// Removes all entries; their number.
size_t cache_clear(const cache *c);

#endif

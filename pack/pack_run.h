// Packing all tiles of a tensor into a payload, some at a time, by as many threads as there are processors. The bytes do
// not depend on how many.
#ifndef QCC_PACK_PACK_RUN_H
#define QCC_PACK_PACK_RUN_H

#include "pack/pack_tiles.h"
#include "pack/payload.h"

// Told after each piece, by one thread at a time, which share of the tiles is done; may be NULL.
typedef struct pack_watch {
  void (*done)(void *user, uint64_t tiles, uint64_t of);
  void *user;
} pack_watch;

// Threads that are worth having here.
unsigned pack_run_threads(void);

// What makes tiles first .. first + count - 1 at `out`, in any thread, each with a `d` of its own. False when it cannot;
// what it reports then is lost.
typedef struct pack_maker {
  bool (*make)(void *user, diag *d, uint64_t first, uint64_t count, uint8_t *out);
  void *user;
  uint64_t tiles;
  uint64_t bytes; // of a tile
  uint64_t strip; // tiles that are made together
} pack_maker;

// Writes all tiles from `offset` on. False when some could not be made: *bad is the first of them.
bool pack_run_strips(const pack_maker *m, payload *out, uint64_t offset, unsigned threads, const pack_watch *watch,
                     uint64_t *bad);

// Writes the tensor's own numbers at `offset`. False after a read out of range (reported).
bool pack_run_head(const pack_tiles *x, diag *d, payload *out, uint64_t offset);

// Writes the packed tensor at `offset`. False after a read out of range (reported).
bool pack_run(pack_tiles *x, diag *d, payload *out, uint64_t offset, unsigned threads, const pack_watch *watch);

#endif

// Packing all tiles of a tensor into a payload, some at a time, by as many threads as there are processors. The bytes do
// not depend on how many.
#ifndef QCC_WEIGHTS_PACK_RUN_H
#define QCC_WEIGHTS_PACK_RUN_H

#include "weights/pack_tiles.h"
#include "weights/payload.h"

// Told after each piece, by one thread at a time, which share of the tiles is done; may be NULL.
typedef struct pack_watch {
  void (*done)(void *user, uint64_t tiles, uint64_t of);
  void *user;
} pack_watch;

// Threads that are worth having here.
unsigned pack_run_threads(void);

// Writes the packed tensor at `offset`. False after a read out of range (reported).
bool pack_run(const pack_tiles *x, diag *d, payload *out, uint64_t offset, unsigned threads, const pack_watch *watch);

#endif

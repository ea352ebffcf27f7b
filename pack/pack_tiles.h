// Packing a tensor tile by tile, straight from a file's layout wherever its fields are bits that lie evenly there: the fast
// way to what pack/pack.h describes, with the same bytes.
//
//   pack_tiles *x = pack_tiles_new(d, a, recipe, rows, columns, &source);
//   pack_tiles_head(x, out);
//   pack_tiles_run(x, first, count, out);   // any tiles, any thread
#ifndef QCC_PACK_PACK_TILES_H
#define QCC_PACK_PACK_TILES_H

#include "format/recipe.h"
#include "format/tensor_codes.h"

// Either codes, or a layout and its tensors (blocks: inputs[0]).
typedef struct pack_source {
  const tensor_codes *codes;
  const scheme_layout *layout;
  const layout_input *inputs;
  const char *name; // for messages
} pack_source;

// Smaller tensors are packed weight by weight before plans for them are made.
#define PACK_WORTH_PLANS (UINT64_C(1) << 16)

typedef struct pack_tiles pack_tiles;

// Finds plans for the tensor. Lives in the arena, as long as the source's bytes do. NULL (reported) when the source is not
// what its layout needs or, where all of it must be read at once, cannot be read.
pack_tiles *pack_tiles_new(diag *d, arena *a, const recipe *r, uint64_t rows, uint64_t columns,
                           const pack_source *source);

uint64_t pack_tiles_count(const pack_tiles *x);
uint64_t pack_tiles_bytes(const pack_tiles *x);      // of one tile
uint64_t pack_tiles_head_bytes(const pack_tiles *x); // what comes before the tiles

// Writes what comes before the tiles. False after a read out of range (reported).
bool pack_tiles_head(const pack_tiles *x, diag *d, uint8_t *out);

// Writes tiles first .. first + count - 1. False after a read out of range (reported to `d`, which no other thread may use
// meanwhile).
bool pack_tiles_run(const pack_tiles *x, diag *d, uint64_t first, uint64_t count, uint8_t *out);

// How it is done, for --explain and tests.
typedef struct pack_way {
  bool plain;          // weight by weight
  bool codes;          // from codes that were read or encoded before
  const char *slow;    // names of fields whose elements are read one by one, "" when there are none
  const char *derived; // how derived codes come: "", "table" or "evaluated"
} pack_way;
pack_way pack_tiles_way(const pack_tiles *x, arena *a);

#endif

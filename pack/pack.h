// The packer: codes in their neutral form -> the layout that kernels read, as the recipe's packing says.
#ifndef QCC_PACK_PACK_H
#define QCC_PACK_PACK_H

#include "format/recipe.h"
#include "format/tensor_codes.h"
#include "support/file.h"

/* pack.c */
// Writes W[rows][columns] into `out`, which has exactly packing_tensor_bytes bytes (`size`). Padding is zero bytes.
// False (reported) when sizes disagree or overflow.
bool pack_tensor(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size);

// The same, one weight after the other: what pack_tensor and pack_tiles are tested against.
bool pack_plain(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size);

// Whether `size` is what the recipe's layout needs; reported otherwise.
bool pack_check_size(diag *d, const recipe *r, uint64_t rows, uint64_t columns, uint64_t size);

// Writes the factor of a step of the scheme's input or output, 4 bytes for each column or row: f32, or i32 for a gather.
void pack_factor(const tensor_codes *t, const transform_step *step, bool input, uint8_t *out);

/* pack_tiles.c */
// Packing a tensor tile by tile, straight from a file's layout wherever its fields are bits that lie evenly there: the fast
// way to what pack_tensor does, with the same bytes.
//
//   pack_tiles *x = pack_tiles_new(d, a, recipe, rows, columns, &source);
//   pack_tiles_head(x, out);
//   pack_tiles_run(x, first, count, out);   // any tiles, any thread

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

/* payload.c */
// Where packed weights go: memory, or a file that is written piece by piece so that no more than a piece is in memory.

typedef struct payload payload;

// `size` bytes that the caller has zeroed.
payload *payload_in_memory(arena *a, uint8_t *bytes, uint64_t size);

// `size` zero bytes at the end of an output.
payload *payload_in_file(arena *a, out_file *f, uint64_t size);

uint64_t payload_size(const payload *p);

// Memory to write `size` bytes at `offset` in; for a file room in the arena, zeroed, which payload_put must follow.
uint8_t *payload_room(const payload *p, arena *a, uint64_t offset, uint64_t size);

// The bytes at `offset`, which is inside. In memory they may be there already. One thread at a time.
void payload_put(payload *p, uint64_t offset, const uint8_t *bytes, uint64_t size);

bool payload_is_memory(const payload *p);

// Says that no byte before `offset` will change any more.
void payload_settle(payload *p, uint64_t offset);

// qrt_digest of all of it, which will not change any more.
uint64_t payload_digest(payload *p);

/* pack_run.c */
// Packing all tiles of a tensor into a payload, some at a time, by as many threads as there are processors. The bytes do
// not depend on how many.

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

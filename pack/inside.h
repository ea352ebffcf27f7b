// What the files of the packer ask of each other.
#ifndef QCC_PACK_INSIDE_H
#define QCC_PACK_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/layout_bits.h"
#include "format/recipe.h"
#include "support/arena.h"
#include "support/vec.h"

/* bit_plan.c */
// Bits moved from where files have them to where kernels read them, the same way again and again: a plan is found once,
// word by word, and then run over any number of instances, whose bits lie at fixed distances from one another.

// A bit of the destination: bit `at` of a stream, or, of none, zero. `invert` turns it around.
#define BIT_NO_STREAM UINT16_MAX
typedef struct bit_ref {
  uint64_t at; // in the first instance
  uint16_t stream;
  bool invert;
} bit_ref;

// Instances are numbered in two dimensions; from one to the next the bits of a stream move by so many bytes.
typedef struct bit_stream {
  unsigned source;
  int64_t step[2];
} bit_stream;

// The bytes of a source, and where in them instance (0, 0) begins. No byte outside of them is touched.
typedef struct bit_source {
  const uint8_t *data;
  uint64_t size;
  int64_t base;
} bit_source;

typedef struct bit_plan bit_plan;

// The plan for `bytes` bytes of the destination; bits[8 * bytes] and streams are copied. `gap`: bytes after which the
// destination goes on with what is next in a source, often enough; 0: not known.
bit_plan *bit_plan_new(arena *a, size_t bytes, const bit_ref *bits, size_t gap, size_t stream_count,
                       const bit_stream *streams);

// Instances that are worth running together: more do not stay in the nearest cache.
#define BIT_PLAN_BATCH 8
// A source that ends so many bytes after its last instance lets all of them run together.
#define BIT_PLAN_SLACK 8

// Where a stream is in the first instance of a run. Only bit_plan_run looks into it.
typedef struct stream_at {
  const bit_source *source;
  int64_t at;
  int64_t step;
  const uint8_t *from;
} stream_at;

// Which instances: `count` of them from `first` on along dimension `along`. Instance i is written to out + i * out_step.
typedef struct bit_run {
  stream_at *streams; // room for bit_plan_streams of them
  uint64_t first[2];
  unsigned along;
  size_t count;
  uint8_t *out;
  size_t out_step;
} bit_run;

void bit_plan_run(const bit_plan *p, const bit_source *sources, const bit_run *run);

size_t bit_plan_streams(const bit_plan *p);

// The dimension along which the bits of most moves are nearest.
unsigned bit_plan_direction(const bit_plan *p);

// Moves for one instance: what a run costs.
size_t bit_plan_moves(const bit_plan *p);

/* pack_plan.c */
// How the tiles of one tensor are packed: bit plans that bring the bits of its fields, from a file's layout or from
// elements that were read before, to where the recipe's kernels want them. What is no mere move of bits (derived codes,
// numbers in another type, sums) passes through a table on its way.

// From where a field's elements come.
typedef enum field_from {
  FIELD_UNUSED,
  FIELD_FILE,    // its bits are taken from the file as they lie there
  FIELD_ELEMENTS // from raw elements of 32 bits, for every row of the tile granule after granule
} field_from;

typedef struct pack_shape {
  const recipe *r;
  uint64_t rows, columns;
  const scheme_layout *layout; // NULL: no field is FIELD_FILE
  const tensor_bits *tensors;  // of a layout of separate tensors
  // A unit is the least part of a row that is whole blocks both in the file and in the kernel's layout.
  uint64_t unit_columns;
  uint64_t unit_blocks; // of the kernel's layout
  uint64_t units;       // in a row, the last one may be shorter
  uint64_t tiles;
} pack_shape;

// False when this recipe's blocks are no whole groups, or units would be too large.
bool pack_shape_new(const recipe *r, const scheme_layout *l, uint64_t rows, uint64_t columns, pack_shape *out);

// Numbers that are looked up: a table of 2^bits entries.
typedef struct pack_map {
  unsigned bits;
  const uint64_t *entries;
} pack_map;

typedef VEC(const pack_map *) block_maps;

// Element `index` of a block as a number that is looked up: the key's bits are bits at[0 .. map->bits - 1] of the block, at
// most 8. NULL when it follows from more of them. Equal maps are one, of those in `maps`; all live in the arena.
const pack_map *block_map_find(arena *a, block_maps *maps, const scheme *s, const scheme_layout *l,
                               const layout_place *p, uint64_t index, uint64_t *at);

// Neighbouring look-ups by the same map.
typedef struct pack_map_run {
  const pack_map *map;
  size_t count;
} pack_map_run;

// Derived codes of the recipe's part `part`: for `span` weights at a time the raw bits of what they are made from are a
// key, and each phase within the period has a map from keys to `span` codes of 8 bits.
typedef struct derived_map {
  unsigned part;
  unsigned span;
  unsigned key_bits;
  uint64_t period;
  const pack_map *phases; // period / span
} derived_map;

// NULL when there are too many keys, or the codes depend on more than them and the position.
const derived_map *derived_map_new(arena *a, const recipe *r, unsigned part, uint64_t unit_columns);

// The number of a value among the ascending values of a derived part.
uint32_t derived_number(const code_part *part, int64_t value);

// Sources of the plans, by number.
#define PACK_SOURCE_FILE 0 // and one for each tensor of the layout
enum { PACK_MAX_TENSORS = 32, PACK_MAX_FIELDS = 128 };
#define PACK_SOURCE_ELEMENTS PACK_MAX_TENSORS                        // + field
#define PACK_SOURCE_DERIVED (PACK_SOURCE_ELEMENTS + PACK_MAX_FIELDS) // + part: codes of 8 bits, row after row
#define PACK_SOURCE_VALUES (PACK_SOURCE_DERIVED + 8)                 // what the maps gave, 8 bytes each
#define PACK_SOURCE_COUNT (PACK_SOURCE_VALUES + 1)

// Tiles and units that one plan is for.
typedef struct pack_region {
  uint64_t tile, tiles;
  uint64_t unit, units; // no units: the heads of the tiles
} pack_region;

typedef struct pack_plan {
  pack_region region;
  size_t value_count;   // look-ups of an instance
  const bit_plan *keys; // 4 bytes for each; NULL: there are none
  size_t run_count;
  const pack_map_run *runs;
  const bit_plan *out;
  size_t out_bytes;
} pack_plan;

// Where all fields and derived parts come from; maps[part] NULL: PACK_SOURCE_DERIVED.
typedef struct pack_origins {
  field_from *fields;
  const derived_map **derived;
} pack_origins;

// The plan of a region. NULL with *field set to one that the file does not have as bits that move evenly through the
// region, or to -1 when there is another reason.
const pack_plan *pack_plan_new(arena *a, const pack_shape *s, const pack_origins *o, const pack_region *region,
                               int *field);

// Elements of a row of a field in PACK_SOURCE_ELEMENTS.
uint64_t pack_elements_per_row(const pack_shape *s, unsigned field);

// A raw element in its stored type: integers are extended, floats keep their bits or are rounded.
uint32_t pack_stored_bits(elem_type type, elem_type store, uint32_t raw);

#endif

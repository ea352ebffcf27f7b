// How the tiles of one tensor are packed: bit plans that bring the bits of its fields, from a file's layout or from
// elements that were read before, to where the recipe's kernels want them. What is no mere move of bits (derived codes,
// numbers in another type, sums) passes through a table on its way. Internal to pack/.
#ifndef QCC_PACK_PACK_PLAN_H
#define QCC_PACK_PACK_PLAN_H

#include "format/layout_bits.h"
#include "format/recipe.h"
#include "pack/bit_plan.h"
#include "support/vec.h"

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

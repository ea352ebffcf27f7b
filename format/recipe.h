// A recipe: how W (in one scheme) times activations (in one mode) is computed, and the layout a kernel reads W in.
// Lowering makes it from the scheme's value expression; the packer and the kernel emitter follow it; nobody else decides.
#ifndef QCC_FORMAT_RECIPE_H
#define QCC_FORMAT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/act.h"
#include "format/scheme.h"

// ---- compute modes ---------------------------------------------------------------------------------------
typedef enum compute_mode {
  MODE_INT_DOT,   // the code itself (minus a constant) times i8 activations, in integers
  MODE_TABLE_DOT, // the code looks up 1..4 bytes of an integer level; each byte plane is a dot product
  MODE_BIT_DOT,   // bits of codes meet bits of the activations in words, and those that remain are counted
  MODE_PAIR_DOT,  // level in bf16 times bf16 activations, pairs of positions summed in f32, scales outside
  MODE_FLOAT,     // level (affine or looked up) in f32 times f32 activations, scales outside the inner loop
  MODE_DECODE,    // the whole value expression per weight in f32: always possible, slow
  MODE_NONE       // not chosen yet
} compute_mode;
const char *compute_mode_name(compute_mode mode);
// Whether products are summed in integers: the results are the same bits on every target.
bool mode_is_integer(compute_mode mode);

// ---- the value as a sum of products ----------------------------------------------------------------------
// The weight-granular fields together form the joint code c, `bits` wide: sum of (element - elem_min) << shift. A part may
// also be derived: the number of the value of an integer expression (of fields and the position) among those that it can
// have; the packer computes it, and what the expression reads is not stored.
typedef struct code_part {
  unsigned field; // of a part that is not derived
  unsigned shift;
  size_t derived_count;       // 0: the part is a field
  const expr *const *derived; // the expression, then its values as integer constants, ascending
} code_part;

// Bits of a part: those of its field's type, or as many as number the values.
unsigned code_part_bits(const scheme *s, const code_part *p);

// One term: factor * coefficient(coarse fields) * core(c). `coefficient` is a product of expressions over coarse fields
// only (integer ones and real ones kept apart); `levels[c]` are the values of the core for every joint code, or NULL when
// the core is the constant 1. A core may instead look up a stored table field (`table_field` >= 0, indexed by levels[c])
// or be a float field's own value (`float_field` >= 0; then the code is that field's raw bits).
typedef struct value_term {
  size_t coefficient_count;
  const expr *const *coefficients;
  const double *levels; // 2^code_bits
  int table_field;      // -1: none
  int float_field;      // -1: none
} value_term;

typedef struct normal_form {
  unsigned code_bits;
  size_t part_count;
  const code_part *parts;
  size_t term_count;
  const value_term *terms;
} normal_form;

// ---- kernel layout ---------------------------------------------------------------------------------------
// Rows are interleaved in tiles of `rows`; along K a tile is a sequence of blocks of `block` weights per row. A block is
// a header (coarse elements, rows side by side) followed by chunks of 32 weights per row, each chunk by bit planes. Where
// K is no multiple of the block the last one is shorter: it has the chunks that it needs, and in its header, field after
// field, the elements of the groups that begin in them.
// K positions are kernel positions: groups of `k_group` weights take `k_padded` positions (k_padded % 4 == 0), so
// kernel position of k = k / k_group * k_padded + k % k_group; equal when k_group == k_padded.
// A chunk is 8 quads (4 consecutive positions of all rows, 4*rows bytes as 8-bit lanes: row r, position j at lane 4r+j).
// A plane of width w (1, 2, 4, 8) stores quad q of a chunk in vector q % w at bits [w*(q/w), w*(q/w)+w) of each byte.
// A plane of width 16 or 32 (float weights) stores position after position, the rows of a position side by side.
#define PACK_CHUNK 32
#define PACK_MAX_PLANES 4
#define PACK_FIELD_ALIGN 4   // bytes: where a field's elements may begin in a header,
#define PACK_HEADER_ALIGN 16 // and chunks after it
#define PACK_TILE_ALIGN 64   // bytes: tiles are padded to cache lines
#define PACK_TILE_SLACK 64   // where that takes at most a part in so many

typedef struct pack_plane {
  unsigned width;  // bits: 1, 2, 4, 8; 16, 32
  unsigned shift;  // its lowest bit in the joint code
  uint64_t offset; // bytes from the chunk's start; width * 4 * rows bytes
} pack_plane;

// A coarse field in the kernel layout: elements of `rows` rows side by side, stored as `store` (u8 i8 u16.. f16 bf16 f32).
typedef struct pack_field {
  unsigned field;
  elem_type store;
  uint64_t span; // kernel positions per element; 0: one per row (in the tile's head)
  unsigned
      shared; // rows that have an element together, a divisor of the tile's: stored once for them; 0 and 1: none have
  uint64_t bytes;  // with a span: of a granule of all rows, from one granule of the header to the next
  uint64_t offset; // bytes: in the (whole) block's header, the tile's head or the tensor's head
} pack_field;

typedef struct packing {
  unsigned rows;
  uint64_t k_group;
  uint64_t k_padded;
  uint64_t block;        // kernel positions, a multiple of PACK_CHUNK and of every span
  uint64_t header_bytes; // of a block
  uint64_t chunk_bytes;
  uint64_t block_bytes; // header + block / PACK_CHUNK chunks
  unsigned code_bits;
  size_t plane_count;
  pack_plane planes[PACK_MAX_PLANES];
  size_t field_count; // group and row fields
  const pack_field *fields;
  uint64_t tile_head_bytes; // per-row fields and the row sums, multiple of 64
  bool has_row_sums;        // f32 sums of each row's weights at row_sum_offset in the tile's head
  uint64_t row_sum_offset;
  size_t tensor_field_count;
  const pack_field *tensor_fields; // per-tensor numbers and stored tables in the tensor's head
  uint64_t tensor_head_bytes;      // multiple of 64
} packing;

// Elements of a granule side by side.
static inline unsigned pack_field_width(const packing *p, const pack_field *f) {
  return f->shared > 1 ? p->rows / f->shared : p->rows;
}

// Whether the last block of a row may be shorter than the others.
static inline bool packing_has_rest(const packing *p) { return p->block > PACK_CHUNK; }

// Bytes of the header of a block of so many positions, p->block of them at most, and where field number `field` begins
// in it (field_count: where the last one ends).
uint64_t packing_header_bytes(const packing *p, uint64_t positions);
uint64_t packing_field_offset(const packing *p, size_t field, uint64_t positions);

// Kernel positions of a row of K weights, rounded up to whole chunks; bytes of so many positions of a tile from the
// beginning of a block on; bytes of a tile and a tensor. Tiles begin at cache lines where that costs little. False on
// overflow.
bool packing_positions(const packing *p, uint64_t columns, uint64_t *out);
bool packing_bytes(const packing *p, uint64_t positions, uint64_t *out);
bool packing_tile_bytes(const packing *p, uint64_t columns, uint64_t *out);
bool packing_tensor_bytes(const packing *p, uint64_t rows, uint64_t columns, uint64_t *out);

// ---- sparse weights --------------------------------------------------------------------------------------
// A list of entries in compressed rows, as kernels read it. An entry is `width` neighbouring weights of a row; the entries
// of row n are those of row n / tile_rows of granules, of which it takes its own row. Their number is padded to a multiple
// of `step` with entries of zeros, so that a kernel reads whole vectors.
//
//   f32 of each row (with `scaled`): what the row's sum is multiplied with
//   u32 for each row of granules, and one more: number of its first entry
//   the first column of each entry: u16, or u32 where rows are longer
//   values: entry after entry, each tile_rows x width of them
//
// Each section starts at a multiple of 64 bytes. `room` is how many entries there can be, padding included.
typedef struct sparse_packing {
  uint64_t tile_rows;
  uint64_t width;
  uint64_t step;
  elem_type column; // U16, U32
  elem_type store;  // of a value: I8 I16 F16 BF16 F32
  bool scaled;
  uint64_t room;
} sparse_packing;

typedef struct sparse_sizes {
  uint64_t starts_offset;
  uint64_t columns_offset;
  uint64_t values_offset;
  uint64_t bytes; // multiple of 64
} sparse_sizes;
// False on overflow.
bool sparse_get_sizes(const sparse_packing *p, uint64_t rows, sparse_sizes *out);
bool sparse_equal(const sparse_packing *a, const sparse_packing *b); // but for the room

// ---- prepared activations --------------------------------------------------------------------------------
// One token is, in this order: bit planes (with bit_planes, see below); numbers; f32 scales; i32 sums of the bytes; f32 sums.
// Sections start at multiples of 64 bytes. span 0: absent; a span that is not smaller than the row: one element.
//   numbers: bytes (format/act.h), f32 with as_f32, or bf16 with as_pairs. One for each kernel position, zero in the gaps and the
//           padding to whole chunks; of pairs, positions 0 2 1 3 of each quad in this order.
//   scales: one for each `scale_span` positions; each followed by the bytes' i32 zero point if act_has_zeros.
//   sums:   of the bytes (less such zero points) for each `isum_span` positions, of the scaled numbers for each `fsum_span`.
// Bit planes: for every PACK_CHUNK positions a word of 32 bits a plane, plane after plane; position 4q + j of the chunk is
// bit 8j + q, as in a plane of width 1 of the weights.
typedef struct prepared_layout {
  act_spec act;
  bool as_f32;   // the numbers are stored as f32 (floats always; integers as scale * (q - zero), for float modes)
  bool as_pairs; // PAIR_DOT: the numbers are stored as bf16
  uint64_t k_group;
  uint64_t k_padded;
  uint64_t block;      // positions are padded to a multiple of this: whole chunks
  uint64_t scale_span; // PREPARED_ROW: one per token
  uint64_t isum_span;
  uint64_t fsum_span;
  int64_t isum_factor; // what the i32 sums are multiplied by when they are stored; 0: nothing
  unsigned bit_planes; // BIT_DOT: act_bit_planes; else 0
  int64_t
      isum_signs; // BIT_DOT of i1: what each +1 adds to the i32 sums besides (isum_factor is then a factor even if 0)
} prepared_layout;
#define PREPARED_ROW UINT64_MAX

// Whether the numbers are bytes; bytes of a number, and of an element of the scales.
bool prepared_has_bytes(const prepared_layout *l);
uint64_t prepared_number_bytes(const prepared_layout *l);
uint64_t prepared_scale_bytes(const prepared_layout *l);

typedef struct prepared_sizes {
  uint64_t positions;
  uint64_t numbers_offset;
  uint64_t scales_offset;
  uint64_t isums_offset;
  uint64_t fsums_offset;
  uint64_t row_bytes; // an odd multiple of 64, so that rows do not compete for the same places of caches
} prepared_sizes;
bool prepared_get_sizes(const prepared_layout *l, uint64_t columns, prepared_sizes *out);
bool prepared_equal(const prepared_layout *a, const prepared_layout *b);

// ---- the recipe ------------------------------------------------------------------------------------------
#define RECIPE_MAX_TABLE_PLANES 4
#define RECIPE_MAX_TERMS 16
#define RECIPE_MAX_DOTS 16 // byte planes of all cores; a core without planes counts as one

// What a term's core becomes in the chosen mode. Integer modes: level = step * (u + offset * 256^(P-1)), where u is the
// code itself (plane_count 0, P = 1) or the number whose byte p is planes[p][c] (P = plane_count): the offset belongs to
// the highest byte, so that byte sums stay small. MODE_FLOAT and MODE_PAIR_DOT: level = the f32 nearest to levels[c] (of pairs exactly that, and a bf16 number),
// or affine.
typedef struct recipe_core {
  double step;
  int64_t offset;
  bool affine; // MODE_FLOAT, MODE_PAIR_DOT: level = step * (c + offset), no table needed
  unsigned plane_count;
  const uint8_t *planes[RECIPE_MAX_TABLE_PLANES]; // 2^code_bits bytes each
  uint64_t umax;                                  // largest u (of one plane when there are planes)
} recipe_core;

typedef struct recipe_term {
  value_term value;
  int core;                 // index into cores; -1: the core is the constant 1 (uses activation sums)
  bool integer_coefficient; // the integer coefficients are multiplied in i32 before the conversion
} recipe_term;

typedef struct recipe {
  const char *name;
  src_loc loc; // of recipes that are read
  const scheme *scheme;
  act_spec act;
  compute_mode mode;
  normal_form normal;
  size_t core_count;
  const recipe_core *cores;
  size_t term_count;
  const recipe_term *terms;
  uint64_t segment;    // positions whose products are summed in one i32 (or f32) accumulator before any scale
  uint64_t float_span; // positions after which the integer sum becomes f32 (>= segment); PREPARED_ROW: the row
  uint64_t flush;      // PREPARED_ROW spans: blocks after which sums become f32 all the same, so that none overflows
  packing pack;
  prepared_layout prepared;
  double cycles;      // predicted cycles per weight of the inner loop on the target's best tier
  const char *reason; // for --explain: why this mode
} recipe;

#endif

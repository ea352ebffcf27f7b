// Places of block layouts as lists of bits: where each bit of a raw element lies in its block. Reading and writing
// blocks is copying bits then. Internal to format/.
#ifndef QCC_FORMAT_LAYOUT_BITS_H
#define QCC_FORMAT_LAYOUT_BITS_H

#include "format/expr_range.h"

// Bits [at, at + width) of the block are bits [shift, shift + width) of the raw element.
typedef struct bit_piece {
  uint32_t at;
  uint8_t width;
  uint8_t shift;
} bit_piece;

// raw = ((pieces) ^ flip) + add, modulo 2^bits. Bits of `flip` that no piece covers are constant ones.
typedef struct element_bits {
  uint32_t first_piece;
  uint32_t piece_count;
  uint32_t flip;
  uint32_t add;
} element_bits;

// The elements of one field in a block, in the order granule, table element.
typedef struct block_place {
  unsigned bits; // of a raw element
  size_t element_count;
  element_bits *elements;
  bit_piece *pieces;
} block_place;

// Elements of a field in one block (tables counting each number); the granularity divides the block.
uint64_t layout_block_elements(const scheme_layout *l, const scheme_field *f);

// Binder values of element `index` of field f in a block.
void layout_block_binders(const scheme_field *f, uint64_t index, int64_t binders[2]);

// The place as bits, or NULL when some element is no such combination of bits at fixed addresses.
const block_place *layout_block_place(arena *a, const scheme *s, const scheme_layout *l, const layout_place *p);

// A stored tensor of a layout of separate tensors: its bits are numbered from `first` on, element by element.
typedef struct tensor_bits {
  unsigned rank;
  uint64_t dims[SCHEME_MAX_RANK];
  unsigned bits; // of an element
  uint64_t first;
  bool hidden; // its elements are not those that places see: nothing that reads them is bits of it
} tensor_bits;

// Elements that are looked at together: up to extent[d] of them along each dimension d, where variable v grows by
// growth[v][d] from one to the next. A bit's number is its stream, shifted by BIT_STREAM_SHIFT, and its place in that
// stream's tensor for the first element; along d it moves by the stream's step[d] bits.
#define BIT_DIMS 3
#define BIT_MAX_STREAMS 256
#define BIT_STREAM_SHIFT 48

typedef struct bit_range {
  uint64_t extent[BIT_DIMS];
  int64_t growth[EXPR_VAR_COUNT][BIT_DIMS];
  unsigned stream_count;
  struct {
    unsigned tensor;
    int64_t step[BIT_DIMS];
  } streams[BIT_MAX_STREAMS];
} bit_range;

// Where the bits of one raw element are: raw = (bits ^ flip) + add, modulo 2^width. Constant bits have no place. Bits from
// `width` on are stored, too, where the place reads more than the element has: they do not count.
#define RAW_CONSTANT UINT64_MAX
typedef struct raw_bits {
  unsigned width;
  uint64_t at[64]; // numbers of bits, lowest first
  uint64_t flip;
  uint64_t add;
} raw_bits;

// The place of a field in separate tensors for the variables given (by expr_var). False when it is no such combination.
bool layout_tensor_bits(const scheme *s, const tensor_bits *tensors, const int64_t *vars, const layout_place *p,
                        raw_bits *out);

// The same for all elements of a range, whose first one has these variables; streams are added to the range. What is found
// holds for each of them, and no read is out of range.
bool layout_range_bits(const scheme *s, const tensor_bits *tensors, const int64_t *vars, const layout_place *p,
                       bit_range *range, raw_bits *out);

// Evaluates every place for every element of a block and reports reads outside of it.
bool layout_check_block_reads(diag *d, const scheme *s, const scheme_layout *l);

#endif

// The kernel that prepares activations while it is being emitted: emit_prepare.c has the walks over a row and its sections,
// prepare_quantize.c what becomes of the numbers.
#ifndef QCC_KERNEL_PREPARE_H
#define QCC_KERNEL_PREPARE_H

#include "kernel/emit_base.h"
#include "kernel/kernel.h"

typedef struct preparer {
  ir_builder b;
  const prepared_layout *l;
  bool store_bytes;    // numbers are quantized and stored as bytes
  bool gaps;           // kernel positions are not the columns
  bool by_columns;     // floats with gaps and a scale for each group of columns, of whatever size
  uint64_t scale_span; // positions that share a scale: PREPARED_ROW for a row; 0: no scales are computed
  ir_value *x;
  ir_value *out;
  ir_value *columns;
  ir_value *x_stride;
  ir_value *row_bytes;
  ir_value *scales;
  ir_value *isums;
  ir_value *fsums;
  ir_value *positions;
  ir_value *numbers; // bytes: the numbers in a row
  ir_value *x_row;   // bytes: the token in x
  ir_value *out_row; // bytes: the token in out
  ir_value *lo;      // the range of positions
  ir_value *hi;
  // Of the scale group, all lanes:
  ir_value *inverse;
  ir_value *scale;
  ir_value *finite; // all ones, or zeros when it holds an infinity or NaN
  ir_value *zero;   // ASYMMETRIC: the zero point, f32
} preparer;

/* prepare_quantize.c */
// What is stored for the weights of 16 positions, i8, bf16 or f32 lanes; what is stored where no weight is.
ir_value *prepare_stored(preparer *p, ir_value *x);
ir_value *prepare_nothing(preparer *p);

// What a scale group's scale is found from: a vector that each 16 numbers x are taken into, from zeros on. SYMMETRIC takes
// the greatest |x|, ASYMMETRIC the greatest x and then, in a second walk, the greatest -x, SIGN the sum of |x|.
typedef enum prepare_extent { EXTENT_MAGNITUDE, EXTENT_ABOVE, EXTENT_BELOW, EXTENT_SUM } prepare_extent;
ir_value *prepare_extent_zero(preparer *p, prepare_extent extent);
ir_value *prepare_extend(preparer *p, prepare_extent extent, ir_value *so_far, ir_value *x);

// A scale, and a zero point where there is one: one lane each.
typedef struct prepare_scale {
  ir_value *scale;
  ir_value *zero; // i32, of the stored bytes; NULL: none
} prepare_scale;
// From the extents (`below` of ASYMMETRIC, `count` of SIGN: f32, one lane, at least 1) to the scale; sets p's group.
prepare_scale prepare_set_scale(preparer *p, ir_value *extent, ir_value *below, ir_value *count);

/* emit_prepare.c: bytes: the number at a position of the token's row */
ir_value *prepare_number_at(preparer *p, ir_value *position);

/* prepare_bits.c: the bit planes of the range, from its bytes */
void prepare_bit_planes(preparer *p);

#endif

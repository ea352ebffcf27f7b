// Numbers of element types by their codes (ir/elem.def): by the properties of a row, and in integer arithmetic that gives the same
// bits on every target.
#ifndef QCC_KERNEL_EMIT_CODE_H
#define QCC_KERNEL_EMIT_CODE_H

#include "ir/ir.h"

// The numbers, f32, of codes of a float type of up to 32 bits: i32 lanes with zeros above the code's bits. As elem_decode.
ir_value *lo_decode_float(ir_builder *b, elem_type type, ir_value *codes);

// The codes, i32 lanes with zeros above them, of the numbers of a float type of up to 32 bits that are nearest to x, which is f32
// or f64. As elem_encode: ties to even; what is too large becomes infinite or, in types without infinities, the largest
// number, as NaN does in types without NaN.
ir_value *lo_encode_float(ir_builder *b, elem_type type, ir_value *x);

/* elements of memory, each in bytes of its own; types of fewer bits than 8 have a byte with zeros above their bits */
// The lanes that a type is loaded and stored as.
elem_type lo_lane_of(elem_type stored);
// Loaded lanes as numbers in lanes of i32, i64, f32 or f64, or a mask (what is not zero): integers exactly as far as `to` has their
// bits, and rounded to floats; floats rounded, and towards zero to integers.
ir_value *lo_from_stored(ir_builder *b, elem_type stored, ir_value *x, elem_type to);
// The lanes to be stored of numbers in lanes of i32, i64, f32 or f64, or a mask: of integers the low bits are kept, floats
// become the nearest number, by way of integers of 64 bits where the type is one.
ir_value *lo_to_stored(ir_builder *b, elem_type stored, ir_value *x);
// The number of the type that is nearest to x, in x's lanes, which have all numbers of the type: floats stay finite, and to
// integer types they are rounded, ties to even, NaN to 0; NaN stays in float types that have it.
ir_value *lo_saturate(ir_builder *b, elem_type type, ir_value *x);

#endif

// The numbers of float types by their codes (ir/elem.def), in integer arithmetic that gives the same bits on every target.
#ifndef QCC_KERNEL_EMIT_CODE_H
#define QCC_KERNEL_EMIT_CODE_H

#include "ir/ir.h"

// The numbers, f32, of codes of a float type of up to 32 bits: i32 lanes with zeros above the code's bits. As elem_decode.
ir_value *lo_decode_float(ir_builder *b, elem_type type, ir_value *codes);

// The codes, i32 lanes with zeros above them, of the numbers of a float type of up to 32 bits that are nearest to x, which is f32
// or f64. As elem_encode: ties to even; what is too large becomes infinite or, in types without infinities, the largest
// number, as NaN does in types without NaN.
ir_value *lo_encode_float(ir_builder *b, elem_type type, ir_value *x);

#endif

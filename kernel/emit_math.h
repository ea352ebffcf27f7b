// Elementwise functions as sequences of vector operations: no library calls, every step rounded on its own, so that all
// targets give the same bits.
#ifndef QCC_KERNEL_EMIT_MATH_H
#define QCC_KERNEL_EMIT_MATH_H

#include "ir/ir.h"

// Whether lower_emit_unary knows the operation: RELU, GELU, SILU, TANH, SIGMOID, TNEG.
bool lower_is_unary(ir_opcode op);

// op(x) for a vector of f32, any lane count. NaN gives NaN, infinities the function's limits, -0 its sign where the
// function is odd. Measured errors: docs/row-kernels.md.
ir_value *lower_emit_unary(ir_builder *b, ir_opcode op, ir_value *x);

// e to the x, within 1.4 units in the last place; subnormal results are rounded once.
ir_value *lower_emit_exp(ir_builder *b, ir_value *x);

// x times 2 to the n (i32 lanes, -252 .. 254), rounded once where it is subnormal.
ir_value *lower_scale_by_power(ir_builder *b, ir_value *x, ir_value *n);

#endif

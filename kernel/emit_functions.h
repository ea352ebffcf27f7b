// Elementary functions as fixed sequences of vector operations: no library is called and nothing is contracted, so that every
// target gives the same bits, and the interpreter too. Largest errors, measured over all arguments: docs/row-kernels.md.
#ifndef QCC_KERNEL_EMIT_FUNCTIONS_H
#define QCC_KERNEL_EMIT_FUNCTIONS_H

#include "ir/ir.h"
#include "ir/statement.h"

// Whether the operator of expressions is a function of these, for lanes of the element: f32 or f64.
bool lo_has_function(st_op op, elem_type elem);

// The function of x (and of y where it has two arguments, else NULL), in any number of lanes; it is offered for them. Special
// values are those of C99: NaN for what is undefined, infinities at poles, -0 kept by odd functions.
ir_value *lo_function(ir_builder *b, st_op op, ir_value *x, ir_value *y);

#endif

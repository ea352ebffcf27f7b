// The Hadamard transform of a row's blocks, in vectors of 16 lanes.
#ifndef QCC_KERNEL_EMIT_HADAMARD_H
#define QCC_KERNEL_EMIT_HADAMARD_H

#include "ir/ir.h"

// Buffers x and y of f32; the row begins `offset` bytes in, in both; `columns` is a multiple of `block`, a power of two.
typedef struct hadamard_row {
  ir_value *x;
  ir_value *y;
  ir_value *offset;
  ir_value *columns;
  uint64_t block;
} hadamard_row;

// y = each block of x times the matrix of 1 and -1 in Sylvester's order, times 1 / sqrt(block) as f32.
void lower_emit_hadamard(ir_builder *b, const hadamard_row *row);

#endif

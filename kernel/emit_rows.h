// Kernels over rows of f32 numbers: elementwise operations, softmax, norms, copies.
//
// A tensor is `rows` x `columns`, dense: rows is the product of the leading dimensions, columns the last one (>= 1,
// < 2^31 for the norms). The work range is rows. A row's result depends on that row alone, and on no cut of the range.
//
//   operation                        buffers                  sizes
//   RELU GELU SILU TANH SIGMOID      x, y                     columns
//   TNEG TSCALE SOFTMAX RESHAPE
//   TADD TSUB TMUL TDIV              x, y, second             columns, second_rows
//   LAYERNORM                        x, y [, gain] [, bias]   columns
//   RMSNORM                          x, y [, gain]            columns
//   TAKE                             x, y, index (i32)        columns
//   HADAMARD                         x, y                     columns, a multiple of `block`
//
// RESHAPE is a copy. Row r of a binary operation reads row r % second_rows of `second`; gain and bias have `columns`
// numbers. y shares no byte with another buffer: compiled kernels rely on it.
// TAKE: y[k] = x[index[k]], indices below `columns`, which is below 2^29. HADAMARD: docs/row-kernels.md.
// Sums run in 16 lanes (lane = column % 16), which are then added by halves: the same bits on every target.
#ifndef QCC_KERNEL_EMIT_ROWS_H
#define QCC_KERNEL_EMIT_ROWS_H

#include "ir/ir.h"
#include "targets/target.h"

typedef struct rows_kernel {
  ir_opcode op;
  bool gain;      // LAYERNORM, RMSNORM
  bool bias;      // LAYERNORM
  double eps;     // LAYERNORM, RMSNORM
  double mul;     // TSCALE
  double add;     // TSCALE
  uint64_t block; // HADAMARD: a power of two
} rows_kernel;

// Whether lower_emit_rows knows the operation.
bool lower_is_rows(ir_opcode op);

// A name for the kernel, fit for a symbol ("rows_layernorm_gain_bias_3727c5ac"): equal for two descriptions exactly
// when they compute the same. Constants count as the f32 numbers that the kernel computes with. Owned by the arena.
const char *lower_rows_name(arena *a, const rows_kernel *k);

// Adds the kernel to the module. The op must be one that lower_is_rows knows. On a GPU the rows (elementwise and TAKE:
// the elements; HADAMARD: the blocks) are spread over all threads of the launch. The tier is not used yet: LLVM splits
// the vectors.
ir_func *lower_emit_rows(ir_module *m, const rows_kernel *k, const target_tier *tier, bool gpu, const char *name);

#endif

// Kernels as programs of vector operations: one function emits one kernel. Elementwise operations, softmax and norms are in
// emit_rows.h.
#ifndef QCC_KERNEL_KERNEL_H
#define QCC_KERNEL_KERNEL_H

#include "ir/ir.h"
#include "targets/target.h"

/* emit_matmul.c and its neighbours */
// y[m][n] = sum over k of w[n][k] x[m][k], epilogue: "" or an elementwise operation's name.
typedef struct matmul_shape {
  const char *epilogue;
  bool bias;
  bool residual;                    // is added after the epilogue
  bool addend;                      // is added before it
  bool whole_blocks;                // rows of all weights end where a block of the packing does
  const struct schedule *schedules; // one of each schedule_class (kernel/schedule.h); NULL: the default ones
} matmul_shape;
// Buffers: weights, activations, y [, bias] [, addend] [, residual]. Sizes: tokens, rows, kernel positions
// of a row, bytes of a tile of weights and of an activation row, scales, isums and fsums offsets, y stride (floats)
// [, addend stride] [, residual stride]. Work: row tiles.
ir_func *lower_emit_matmul(ir_module *m, const recipe *r, const target_tier *tier, bool gpu, const matmul_shape *shape,
                           const char *name);
/* emit_sparse.c: the same for a list of entries, with x as it is */
// Buffers: weights, x (f32), y [, bias] [, addend] [, residual]. Sizes: tokens, x stride, y stride (floats), offsets of
// starts, columns and values [, addend stride] [, residual stride]. Work: rows.
ir_func *lower_emit_sparse(ir_module *m, const sparse_packing *p, bool gpu, const matmul_shape *shape,
                           const char *name);
/* emit_prepare.c */
// Buffers: x (f32), prepared. Sizes: columns, x stride (floats), prepared row bytes, offsets of scales, isums, fsums,
// positions. Work: tokens. What is computed, bit for bit: emit_prepare.c.
ir_func *lower_emit_prepare(ir_module *m, const prepared_layout *l, const target_tier *tier, bool gpu,
                            const char *name);

#endif

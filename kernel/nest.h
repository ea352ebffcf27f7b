// Kernels of statements in index notation (ir/statement.h): loops of vector operations.
//
// Vectors run along one index, 16 lanes at a time whatever the tier has: along the target's last index, or along the last
// index of a sum that reads contiguous memory while the target's index does not. Which of the two follows from the text
// and from how tensors lie in memory, so that sums have one order on every target, whatever is cut among threads.
#ifndef QCC_KERNEL_NEST_H
#define QCC_KERNEL_NEST_H

#include "ir/extent.h"
#include "ir/ir.h"
#include "ir/statement.h"

// How a tensor of a computation lies in memory: dense, the outermost dimension first; elements of less than a byte take
// one. What has no type is stored in the narrowest of i32, i64 that holds its range, or as f32 (f64 beside f64 tensors).
elem_type nest_storage(const st_computation *c, const st_tensor *t);
uint64_t nest_storage_bytes(elem_type storage);

typedef struct nest_kernel {
  ir_func *func;
  size_t buffer_count;
  const st_tensor *const *buffers; // the target is the first one
  size_t size_count;
  const extent *const *sizes; // what the kernel's sizes are
  const extent *work;         // the range is 0 .. work
  const extent *piece;        // elements of the target that one of them makes
} nest_kernel;

// Adds the kernel of a DEFINE or UPDATE statement to `m`, under `name`. False (reported at the statement) for what has no
// kernel form.
bool nest_emit(diag *d, ir_module *m, const st_computation *c, const st_statement *s, const char *name,
               nest_kernel *out);

#endif

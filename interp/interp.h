// The interpreter: kernels on real memory, lane by lane, and plans of them: what compiled code is compared with.
#ifndef QCC_INTERP_INTERP_H
#define QCC_INTERP_INTERP_H

#include "ir/ir.h"

typedef struct ir_memory {
  uint8_t *data;
  uint64_t size;
  uint8_t *written; // for each byte, whether it has been: stores set it. NULL: all of them have
} ir_memory;
// Memory of `size` bytes that nobody has written, each IR_UNWRITTEN, which is NaN as a float and large as a count.
#define IR_UNWRITTEN 0xff
ir_memory ir_unwritten(arena *a, uint64_t size);
// The first byte that nobody has written; m->size when there is none.
uint64_t ir_first_unwritten(const ir_memory *m);
// Runs a kernel over its work range. Every access is checked against the buffers' sizes: a violation, a read of bytes
// that nobody has written, or a step count beyond any sane limit, is an error (reported; false). Where a kernel reads
// and writes follows from its sizes alone, gathers apart, so what is shown for one shape holds for all numbers.
bool ir_interpret(diag *d, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers, size_t size_count,
                  const uint64_t *sizes, uint64_t begin, uint64_t end);

// Runs the plan of a lowered module: inputs and outputs are f32 tensors of `batch` rows, weights the packed bytes. What a
// step reads of the workspace and the outputs has to be written before, and the outputs are whole at the end.
bool ir_interpret_plan(diag *d, const ir_module *m, uint64_t batch, const ir_memory *inputs, const ir_memory *outputs,
                       const ir_memory *weights);

#endif

// Elementary functions, compiled for this machine.
#ifndef QCC_TESTS_LOWER_ROWS_FUNCTION_KIT_H
#define QCC_TESTS_LOWER_ROWS_FUNCTION_KIT_H

#include "codegen/codegen.h"
#include "ir/statement.h"
#include "runtime/qrt.h"
#include "tests/lower_rows/kernel_run.h"

#define FUNCTION_LANES 16

const char *function_name(st_op op);

// out = function(x, y), element by element, `lanes` at once: buffers x, y and out, of which functions of one argument do not
// read y.
ir_func *function_kernel(ir_module *m, st_op op, elem_type elem, uint32_t lanes);

typedef struct function_run {
  kernel_run run;
  cg_context *cg;
  cg_jit *jit;
  qrt_kernel call; // on a multiple of FUNCTION_LANES elements
} function_run;

// The best tier that this machine runs.
const target_tier *function_host_tier(const target *t);

function_run function_compile(st_op op, elem_type elem, const target *t, const target_tier *tier);
void function_finish(function_run *c);

#endif

// A model of two steps, made by hand: y = x * w + w over rows of eight floats.
#ifndef QCC_TESTS_CODEGEN_TINY_H
#define QCC_TESTS_CODEGEN_TINY_H

#include "codegen/codegen.h"

#define TINY_COLUMNS 8
#define TINY_ID UINT64_C(0x1122334455667788)

// The module with its plan and, as the same functions serve every tier, its kernels. `more` steps write what nobody reads, each
// to a place of its own.
ir_module *tiny_module(arena *a, unsigned more);

// A packed weights file: w = 1, 2, .. 8.
cg_bytes tiny_weights(arena *a);

#endif

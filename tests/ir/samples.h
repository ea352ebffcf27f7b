// Modules for tests of the IR, made by the builder: together they hold every operation, attribute and record.
#ifndef QCC_TESTS_IR_SAMPLES_H
#define QCC_TESTS_IR_SAMPLES_H

#include "ir/ir.h"

// Every kernel operation with every attribute it can have.
ir_module *sample_kernels(arena *mem);

// Every tensor operation, with weights, schemes, recipes and a plan. Not yet with kernels.
ir_module *sample_model(arena *mem);

// Adds a scheme with every expression operator, every granularity and a layout of separate tensors.
const scheme *sample_rich_scheme(arena *mem, ir_module *m);

// Adds the recipe @r0 for that scheme or another with a code of 4 bits.
recipe *sample_recipe(arena *mem, ir_module *m, const scheme *s);

#endif

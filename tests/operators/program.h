// Computations as a program for another processor: their kernels as one object, and what to run in a file that
// program_driver.c reads.
#ifndef QCC_TESTS_OPERATORS_PROGRAM_H
#define QCC_TESTS_OPERATORS_PROGRAM_H

#include "interp/reference.h"
#include "ir/ir.h"

typedef struct program {
  diag *d;
  arena *mem;
  ir_module *module;
  VEC(uint8_t) bytes;
  unsigned case_count;
} program;

// Adds a computation. Its results are written behind those of the cases before.
bool program_add(program *p, const st_computation *c, const st_array *inputs);
// Writes kernels.o, table.c and program.bin into the folder.
bool program_write(program *p, const char *triple, const char *tier, const char *dir);

#endif

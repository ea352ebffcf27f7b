// Runs kernels given as text.
#ifndef QCC_TESTS_IR_RUN_TEXT_H
#define QCC_TESTS_IR_RUN_TEXT_H

#include "interp/interp.h"
#include "ir/ir.h"

// The module of a text that must parse and pass the verifier.
ir_module *run_parse(arena *mem, const char *text);

// Runs `body` in a kernel of buffers %a %b %c %y, size %n and an index %zero: what is reported, "" when all went well.
typedef struct run_args {
  ir_memory a, b, c, y;
  uint64_t n, begin, end;
  uint64_t max_steps; // 0: as ir_interpret
} run_args;
const char *run_body(arena *mem, const char *body, const run_args *args);

#define RUN_MEMORY(array) ((ir_memory){.data = (uint8_t *)(array), .size = sizeof(array)})

#endif

// Small kernels, one for each vector operation and shape, with their inputs and what the interpreter makes of them.
#ifndef QCC_TESTS_CODEGEN_CASES_H
#define QCC_TESTS_CODEGEN_CASES_H

#include "interp/interp.h"
#include "ir/ir.h"

#define CASE_MAX_BUFFERS 5 // the last one is the output

typedef struct test_case {
  const char *name; // the kernel's, unique
  const ir_func *kernel;
  uint64_t work;
  size_t buffer_count;
  ir_memory buffers[CASE_MAX_BUFFERS]; // inputs, and what the output holds at first
  ir_memory expected;                  // the output after ir_interpret
  elem_type compare;                   // elements of the output; floats that are NaN are equal
  uint64_t skip;                       // bytes of the output before the first element
} test_case;

typedef struct case_list {
  arena *mem;
  diag *diag;
  ir_module *module;
  VEC(test_case *) cases;
} case_list;

// All cases, in a module of their own.
void cases_make(case_list *list);

// One case of `share` (0: all), drawn for whatever is named, in a module of their own. Everything in a full run.
case_list cases_draw(const case_list *all, unsigned share, const char *name);

// Whether an output is the expected one; if not, *message says where it differs first.
bool case_matches(const test_case *c, const uint8_t *output, const char **message, arena *a);

/* case_ops.c, case_values.c, case_functions.c, case_memory.c */
void cases_add_ops(case_list *list);
void cases_add_values(case_list *list);
void cases_add_functions(case_list *list);
void cases_add_memory(case_list *list);

/* cases.c */
// Interprets the kernel and appends the case.
void case_add(case_list *list, test_case c);
ir_builder case_begin(case_list *list, const char *name, size_t buffers, ir_func **kernel);
ir_memory case_memory(case_list *list, uint64_t size);
uint64_t case_random(uint64_t *state);

#endif

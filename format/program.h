// Expressions compiled for evaluation of many lanes (weights or layout elements) at once: the same results as
// format/eval.h, an operation at a time over arrays. Equal subexpressions are computed once.
#ifndef QCC_FORMAT_PROGRAM_H
#define QCC_FORMAT_PROGRAM_H

#include "format/expr_range.h"
#include "format/line_index.h"
#include "format/tensor_codes.h"

enum { PROGRAM_LANES = 128 };

typedef struct program program;

// The numbers of a field in each lane. FIELD reads values[lane]; ELEMENT reads values[base[lane] + index], and gives 0
// when the index is not below `size`. Integers are held exactly (raw elements have at most 32 bits).
typedef struct program_field {
  const double *values;
  const uint64_t *base;
  uint64_t size;
} program_field;

// Inputs of one run. Variables that the program does not use may be NULL.
typedef struct program_env {
  size_t lanes; // at most PROGRAM_LANES
  const int64_t *vars[EXPR_VAR_COUNT];
  const program_field *fields;
  const tensor_codes *codes; // of WINDOW, at VAR_N and VAR_K
  const uint8_t *block;
  uint64_t block_bytes;
  const layout_input *inputs;
  const line_index *lines; // of the inputs
} program_env;

// A program and its buffers; not for two threads at once. Several roots share work.
program *program_new(arena *a, const scheme *s, size_t root_count, const expr *const *roots);

void program_run(program *p, const program_env *env);

// Results of the last run for root r. `ints` only for roots with is_int; `reals` converts these into `scratch`.
const int64_t *program_ints(const program *p, size_t r);
const double *program_reals(const program *p, size_t r, double scratch[PROGRAM_LANES]);

// Whether the value of root r in that lane depended on a read outside of its block or tensor.
bool program_faulted(const program *p, size_t r, size_t lane);

// Whether any root reads variable `v` or field `f`.
bool program_uses_var(const program *p, expr_var v);
bool program_uses_field(const program *p, unsigned f);

#endif

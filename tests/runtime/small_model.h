// A model made by hand: y[b] = W (2 x[b]), W 2 x 3 in the packed weights, in two steps with a workspace between them.
// Plain C11 without Check, so that it also runs where only a compiler is.
#ifndef QCC_TESTS_RUNTIME_SMALL_MODEL_H
#define QCC_TESTS_RUNTIME_SMALL_MODEL_H

#include "qrt.h"

#define SMALL_COLUMNS ((size_t)3)
#define SMALL_ROWS ((size_t)2)
#define SMALL_PAYLOAD ((size_t)128) // W is its second section
#define SMALL_FILE (64 + SMALL_PAYLOAD)
#define SMALL_ID UINT64_C(0x0123456789abcdef)
#define SMALL_MAX_BATCH ((size_t)1000)

#define SMALL_PLAN_SIZE ((size_t)150)

extern const qrt_plan small_plan;

typedef struct small_file {
  _Alignas(64) uint8_t bytes[SMALL_FILE];
} small_file;

// A valid packed file for the plan.
void small_file_make(small_file *file);

// Writes a little-endian number into a header.
void small_put32(uint8_t *bytes, uint32_t value);
void small_put64(uint8_t *bytes, uint64_t value);

// Gives the bytes of a plan that were changed their right digest.
void small_seal_plan(uint8_t *bytes, size_t size);

// Fills batch * SMALL_COLUMNS values, and says what the model must answer (exactly).
void small_inputs(float *x, size_t batch);
float small_expected(const float *x, size_t item, size_t row);

// The kernels, for plans of tests.
void small_double(const qrt_args *args, uint64_t begin, uint64_t end);
void small_multiply(const qrt_args *args, uint64_t begin, uint64_t end);

#endif

// Weights and vectors that nobody here made, computed by `qcc run` and by a few lines of C.
#ifndef QCC_TESTS_MODELS_MODELS_H
#define QCC_TESTS_MODELS_MODELS_H

#include <stddef.h>

#include "support/arena.h"

// The path of a file of ../shared/models ($QCC_SHARED/models); NULL, and a line that says so, when it is not there.
const char *models_path(arena *a, const char *name);

// Writes f32 [rows, columns] as a .npy file in the test's folder.
void models_write_npy(const char *name, const float *numbers, size_t rows, size_t columns);

// Compiles and runs a text with the input x = x.npy; the numbers of its output y, of which there must be `count`.
const float *models_run(arena *a, const char *text, size_t count);

void gemm_exactly(void);

#endif

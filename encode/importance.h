// Importance matrices: how much each column of a layer counts, as llama.cpp's tool writes them, in either form: a list of
// entries (name, calls, numbers), or a GGUF file with tensors `<name>.in_sum2` and `<name>.counts`.
#ifndef QCC_ENCODE_IMPORTANCE_H
#define QCC_ENCODE_IMPORTANCE_H

#include "files/tensor_file.h"

typedef struct importance importance;

// NULL, reported, when the file is neither or is damaged. Owned by `a`.
importance *importance_open(diag *d, arena *a, const char *path);
// The same of bytes in memory, which are needed no longer afterwards; `name` is for messages.
importance *importance_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size);

// The mean squares of the inputs of tensor `name`, [stack][columns], scaled to a mean of 1 and none of them 0; NULL when the file
// has none, or (*fits is false) others than these.
const float *importance_find(const importance *x, arena *a, const char *name, uint64_t stack, uint64_t columns,
                             bool *fits);

const char *importance_path(const importance *x);

#endif

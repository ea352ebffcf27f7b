// The numbers that declared formats give to their codes, up to a scale: what levels in a tensor are compared with.
#ifndef QCC_INSPECT_CODEBOOKS_H
#define QCC_INSPECT_CODEBOOKS_H

#include "inspect/catalogue.h"

typedef struct codebook {
  const scheme *format;
  const double *levels; // ascending, each once, the largest magnitude 1
  size_t count;
} codebook;

typedef VEC(codebook) codebook_list;

// Of every format with one code a weight of at most 8 bits whose numbers are not evenly spaced (those need no book), the
// first of each set of numbers. In memory of `a`.
void codebooks_find(const catalogue *c, arena *a, codebook_list *out);

// Whether ascending numbers are some of the book's, times a scale.
bool codebook_fits(const codebook *b, const double *numbers, size_t count, double tolerance);

#endif

// The best product of two thin matrices: a truncated singular value decomposition.
#ifndef QCC_ENCODE_LOW_RANK_H
#define QCC_ENCODE_LOW_RANK_H

#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

// left[rows][rank] and right[rank][columns] with left right ~ a[rows][columns] in least squares, found by block power
// iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4, with a fixed start). Each pair shares its singular value
// equally. What a has no rank for is zero. The same numbers give the same result on every machine.
void low_rank_fit(const double *a, uint64_t rows, uint64_t columns, size_t rank, double *left, double *right);

#endif

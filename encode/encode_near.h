// The nearest of many fixed vectors, for codes that stand for several weights at once. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_NEAR_H
#define QCC_ENCODE_ENCODE_NEAR_H

#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

enum { NEAR_BEST = 8 }; // most answers of one question

typedef struct near_index near_index;

// Vectors 0 .. count - 1 of `dim` numbers: number j of vector i is table[j * count + i]. Vectors with a number that is not
// finite are never found. `questions` is how many are about to be asked: few are not worth much preparation. Owned by `a`;
// the table is copied.
near_index *near_index_new(arena *a, const double *table, size_t count, size_t dim, uint64_t questions);

// One that was found, with its squared distance.
typedef struct near_answer {
  uint32_t id;
  float distance;
} near_answer;

// The `want` (at most NEAR_BEST) nearest vectors to `t`, nearest first, of equal ones the lower number first. At most
// `probes` of the index's lists are looked through: a vector that is equal to t is always found, and others nearly always.
// Returns how many were found.
size_t near_find(const near_index *x, const float *t, size_t probes, size_t want, near_answer *out);

#endif

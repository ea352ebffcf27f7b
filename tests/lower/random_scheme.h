// Random weight formats as `.q` text.
#ifndef QCC_TESTS_LOWER_RANDOM_SCHEME_H
#define QCC_TESTS_LOWER_RANDOM_SCHEME_H

#include <stdint.h>

#include "support/arena.h"

// Text of a scheme `random`: 1 to 3 fields per weight, mostly of at most 8 bits together, up to 3 coarser fields, a value of
// random sums, products, look-ups and selections. The same seed gives the same text.
const char *random_scheme(arena *a, uint64_t seed);

#endif

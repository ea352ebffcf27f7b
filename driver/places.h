// Where things are: standard schemes and prebuilt runtimes, relative to the executable (the same in a build tree and
// where qcc is installed).
#ifndef QCC_DRIVER_PLACES_H
#define QCC_DRIVER_PLACES_H

#include <stddef.h>

#include "driver/options.h"

typedef VEC(const char *) path_list;

// The folders where schemes are looked for: those of -I, then the environment's QCC_SCHEMES (`:` between them), else the
// standard folder.
void places_schemes(arena *a, const options *o, path_list *out);

// The same of operators, with QCC_OPERATORS.
void places_operators(arena *a, const options *o, path_list *out);

// The archive of the runtime of that name (target->runtime). It need not exist.
const char *places_runtime(arena *a, const char *name);

#endif

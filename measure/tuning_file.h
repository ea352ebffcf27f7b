// The file of what was measured: text, a JSON object on each line.
//
//   {"qcc": "tuning", "version": 1}
//   {"cpu": C, "tier": T, "limits": {"threads", "read", "dot", "fma"}}
//   {"cpu": C, "tier": T, "recipe": H, "about": text, "tile": {"for": "one" | "few" | "many", "vectors", "tokens",
//    "chains", "stretch", "prefetch", "gain"}}
//   {"cpu": C, "tier": T, "recipe": H, "about": text, "speed": {"tokens", "rows", "columns", "threads", "seconds",
//    "bytes", "limit"}}
//
// C is LLVM's name of a processor, T a tier's, H recipe_identity in 16 hexadecimal digits. Bytes and multiply-adds are
// whole numbers a second. Lines are in order, each thing has one.
#ifndef QCC_MEASURE_TUNING_FILE_H
#define QCC_MEASURE_TUNING_FILE_H

#include "cost/tuning.h"
#include "support/diag.h"
#include "support/file.h"

#define TUNING_VERSION 1

// Reads a file into `out`, whose path and entries are set. A line that is wrong is an error (`strict`) or a warning, and
// left out; likewise a file that is none of this version. A file that does not exist is an error only if `strict`. The
// text stays mapped: messages quote it.
bool tuning_read(diag *d, arena *a, const char *path, bool strict, tuning *out);

// Writes all entries, sorted.
void tuning_write(out_file *f, tuning *t);

#endif

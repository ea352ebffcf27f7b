// What `qcc bench` and `qcc tune` have in common: the matrices of a model, the options of measuring, the tiers that run.
#ifndef QCC_DRIVER_MATRICES_H
#define QCC_DRIVER_MATRICES_H

#include "cost/tuning.h"
#include "driver/job.h"
#include "measure/subject.h"

// Layers of one shape and recipe.
typedef struct matrix {
  const recipe *r;
  uint64_t rows, columns;
  unsigned count; // layers
} matrix;

typedef VEC(matrix) matrix_list;
typedef VEC(uint64_t) number_list;

typedef struct measuring {
  job *j;
  matrix_list matrices;
  number_list tokens;
  uint64_t rows, columns; // of every matrix; 0: its own
  unsigned threads;
  double seconds; // of each measurement
  size_t memory;  // bytes
  const char *cpu;
  const char *path; // of the file that takes the results; NULL: none does
  tuning *results;  // what the file had, and what is measured
} measuring;

// Reads model and options, lowers, collects the matrices and reads the file of results. False after errors; *status is
// then the exit status.
bool measuring_begin(measuring *m, job *j, exit_status *status);
// Writes the results into their file, where there is one. False after errors.
bool measuring_store(measuring *m);

// A meter for a tier of the settings; NULL (reported) when it cannot be made.
meter *measuring_meter(measuring *m, arena *a, const target_tier *tier);
// Measures the limits, and puts them among the results.
tuned measuring_limits(measuring *m, const meter *on);

// The recipe in words: its format and activations.
const char *matrix_about(arena *a, const recipe *r);

#endif

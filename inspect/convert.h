// `qcc convert`: the matrices of a weight file in another format or layout. What the target can represent is repacked:
// every weight is the same number, which is compared. What it cannot is quantized again, with a report of the error.
#ifndef QCC_INSPECT_CONVERT_H
#define QCC_INSPECT_CONVERT_H

#include "inspect/recognise.h"
#include "support/file.h"

typedef struct convert_job {
  const char *output;                              // safetensors
  const scheme *scheme;                            // to convert to; verified
  const scheme_layout *layout;                     // of it; NULL: its fields, as `qcc quantize` writes them
  bool (*wanted)(void *context, const char *name); // NULL: every matrix of weights
  void *context;
  bool exact;     // refuse what would lose anything
  bool dry_run;   // do everything but write
  FILE *progress; // may be NULL
  FILE *report;   // the table goes here
} convert_job;

// Converts what the subject's file has and adds the output to `outputs` (which the caller commits). Tensors that are no
// wanted matrices are kept as they are. False, reported, when something cannot be converted, or only with a loss and
// `exact` is set.
bool convert_file(diag *d, arena *a, file_set *outputs, const subject *s, const convert_job *job);

#endif

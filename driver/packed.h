// Packed weights of an earlier run that are still right: packing gigabytes is what takes longest, and what changes least.
//
// A file is taken to be the same when it has the same fingerprint (driver/fingerprint.h); the file's tensors are listed
// all the same, as the frontend reads them. A run remembers what it packed only if all weight files were last changed
// before it began, and have the same fingerprints at its end. The output is right when it is the very file that was
// written, unchanged by the same signs, and has the same header.
#ifndef QCC_DRIVER_PACKED_H
#define QCC_DRIVER_PACKED_H

#include "driver/job.h"

typedef struct packed {
  const char *path; // of the output
  digest key;
  bool known;   // there may be a cache entry
  bool current; // the output need not be written
} packed;

// Whether the file at `path` is what packing j's module would write there.
void packed_look_up(const job *j, const char *path, packed *out);

// After a run that succeeded: what is at p->path now belongs to the weight files. A current one gets the time of this
// run, so that make and its like see that it is up to date.
void packed_remember(const job *j, const packed *p);

#endif

// By what a file is known to be the one that an earlier run saw, without reading gigabytes again.
//
// Times alone do not do: a store to a shared mapping changes them at its first fault only, and a page that is writable
// already takes further stores silently, for as long as the mapping stays. So contents count, too. Those of large files
// only in samples; for these it has to be sure that nobody has the file open for writing, which a mapping does as well.
#ifndef QCC_DRIVER_FINGERPRINT_H
#define QCC_DRIVER_FINGERPRINT_H

#include <time.h>

#include "driver/digest.h"

enum {
  FINGERPRINT_WHOLE = 256 << 20,  // bytes of a file that is read as a whole
  FINGERPRINT_SAMPLES = 1024,     // places of a larger one
  FINGERPRINT_SAMPLE = 16 * 1024, // bytes of each
};

// Digests the open file's device, inode, size, times and contents. False when it cannot be read, is no regular file, or
// is a large one that somebody may be writing to: then nothing is known of it. Where the system does not tell (another
// user's file, some network file systems), samples have to do.
bool fingerprint_file(int file, digest *out);

// The same of the file at a path; false, too, when it was changed after `time` (by the clock of files).
bool fingerprint_path(const char *path, const struct timespec *time, digest *out);

#endif

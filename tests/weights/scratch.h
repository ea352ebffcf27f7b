// A folder of its own for the files of one test.
#ifndef QCC_TESTS_WEIGHTS_SCRATCH_H
#define QCC_TESTS_WEIGHTS_SCRATCH_H

#include <stddef.h>

#include "support/arena.h"

typedef struct scratch {
  arena *mem;
  char dir[64];
} scratch;

// Makes the folder; ends the process when it cannot.
scratch scratch_new(void);

// Path of a file in the folder, also of one that does not exist. Lives until scratch_remove.
const char *scratch_path(const scratch *s, const char *name);

// Writes a file (a folder in its name must exist) and returns its path.
const char *scratch_write(const scratch *s, const char *name, const void *bytes, size_t size);
const char *scratch_write_text(const scratch *s, const char *name, const char *text);

// Removes the folder, the files in it and folders in it that are then empty.
void scratch_remove(const scratch *s);

#endif

// A whole JSON file of moderate size. Internal to files/.
#ifndef QCC_FILES_JSON_FILE_H
#define QCC_FILES_JSON_FILE_H

#include <jansson.h>

#include "support/arena.h"
#include "support/diag.h"

// Reads a file whose top level is an object, of at most 64 MiB; NULL, reported, when it cannot be. The caller owns the
// reference.
json_t *json_file_load(diag *d, arena *a, const char *path);

// The same for text in memory; `path` is for messages.
json_t *json_text_load(diag *d, arena *a, const char *path, const char *text, size_t size);

#endif

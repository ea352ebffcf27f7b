// The weight files of a model: each is opened once, by its path as the model writes it, and asked by the frontend for
// shapes before the weights themselves are read.
#ifndef QCC_WEIGHTS_FILES_H
#define QCC_WEIGHTS_FILES_H

#include "files/tensor_file.h"

typedef struct weight_files weight_files;

// Files named relative to `folder` ("" or "." for the current one). Nothing is opened yet.
weight_files *weight_files_new(diag *d, arena *a, const char *folder);

// The file, opened on first use; NULL when it cannot be read, which is reported the first time only.
const tensor_file *weight_files_open(weight_files *w, const char *path);

// Remembers what the opened files hold, and tells whether they still do (tensor_file_unchanged).
void weight_files_watch(const weight_files *w);
bool weight_files_unchanged(const weight_files *w);

// Unmaps all files. What was read from them stays; tensors' data do not.
void weight_files_close(weight_files *w);

typedef enum weight_answer {
  WEIGHT_FOUND,
  WEIGHT_ABSENT, // the file has none of that name
  WEIGHT_UNKNOWN // the file cannot be read, or the tensor not be used (reported)
} weight_answer;

enum { WEIGHT_MAX_RANK = 4 };

typedef struct weight_shape {
  unsigned rank;
  uint64_t dims[WEIGHT_MAX_RANK]; // outermost first; logical numbers, also of blocks and of tensors stored as fields
  int64_t block_type;             // the container's number of a block type; -1: plain numbers, or fields
  bool transposed;                // plain numbers are weights [inputs, outputs], by what reads them in the file's graph
  bool order_open;                // ... that is square, and in which order it is, is not known
  const char *scheme;             // of a tensor that `qcc quantize` wrote: its format, e.g. "name(group=64)"; else NULL
} weight_shape;

// What the file at `path` has under `name`.
weight_answer weight_files_find(weight_files *w, const char *path, const char *name, weight_shape *out);

// All names that weight_files_find answers for, in *names; their number, 0 when the file cannot be read.
size_t weight_files_names(weight_files *w, const char *path, const char *const **names);

// Paths of the files opened so far, with the folder (for dependency files), in *paths; their number.
size_t weight_files_paths(const weight_files *w, const char *const **paths);

#endif

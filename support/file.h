// Files: read-only mappings of inputs and all-or-nothing writing of outputs.
#ifndef QCC_SUPPORT_FILE_H
#define QCC_SUPPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"
#include "support/temporary.h"

// By what a file is seen to have been written to: its size and time of modification.
typedef struct file_stamp {
  uint64_t size;
  int64_t seconds, nanoseconds;
} file_stamp;

// A file mapped read-only. `data` is NULL for an empty file.
typedef struct mapped_file {
  const uint8_t *data;
  size_t size;
  const char *path;
  file_stamp stamp; // when it was mapped
  int kept;         // its descriptor and 1, while it is mapped; 0: there were too many
} mapped_file;

// Maps a regular file (opened O_CLOEXEC); directories, devices and unreadable files are errors naming the path and
// what to do. On failure reports to `d` and returns false.
bool file_map(diag *d, arena *a, const char *path, mapped_file *out);
void file_unmap(mapped_file *f);

// A file without a name, which goes when its last descriptor and mapping do. -1, errno set, when none can be made.
int file_make_nameless(void);
// Maps an open regular file, whose descriptor it takes over; `path` is for messages. Reports as file_map does.
bool file_map_open(diag *d, arena *a, int file, const char *path, mapped_file *out);

// How a mapped file has changed since, as text ("it was cut to 12 bytes"); NULL when it has not, as far as its size and
// time tell. A file that has been replaced by another one of its name is what it was.
const char *file_changed(arena *a, const mapped_file *f);

// From now on, bytes of a mapping behind the end of a file that was cut read as zero, where they would end the process
// (SIGBUS); file_changed tells. For programs that look, not for libraries: it sets the process's handler.
void file_survive_cuts(void);

// Lets go of the memory behind some bytes of a mapping, which come back from the file when they are read again.
void file_forget(const mapped_file *f, const void *bytes, size_t size);

// The same for a name that comes from a file and is not trusted: it must be relative, without `..`, and lead to a regular
// file below `folder` of which there is one name only. Symbolic links may lead to other places below the folder and, if the
// folder is a snapshot in a download cache (CACHE/snapshots/REVISION/..), to CACHE/blobs; nowhere else.
bool file_map_beneath(diag *d, arena *a, const char *folder, const char *name, mapped_file *out);

// Read or write all the bytes, from where the descriptor stands or (.._at) from an offset, going on after short counts and
// signals. 0, or why not as an error number: EIO when the file ends before.
int file_read_all(int file, void *bytes, size_t size);
int file_read_at(int file, void *bytes, size_t size, uint64_t offset);
int file_write_all(int file, const void *bytes, size_t size);
int file_write_at(int file, const void *bytes, size_t size, uint64_t offset);

// A set of output files that appear together or not at all: each is written to a temporary name in its own directory;
// file_set_commit fsyncs and renames all of them, file_set_abort (or a failed commit) removes every temporary. What killed
// runs have left in such a directory goes when an output is begun there.
typedef struct file_set file_set;
typedef struct out_file out_file;

file_set *file_set_new(diag *d, arena *a);

// Temporaries are in this list as long as they exist, so that whoever interrupts the run can remove them.
void file_set_watch(file_set *s, temporary_list *l);

// Names an input: no output of the set may replace it.
void file_set_protect(file_set *s, const char *path);

// Begins an output of the set; NULL (reported) when the temporary cannot be made. "-" writes to standard output at
// commit. The directory must exist (see file_make_directory).
out_file *file_set_open(file_set *s, const char *path);

// Appends / pads with zero bytes to a multiple of `align`. A failed write (disk full, ...) is reported once and makes
// the commit fail; later writes are ignored.
void out_write(out_file *f, const void *bytes, size_t size);
void out_printf(out_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_align(out_file *f, size_t align);

// Overwrites bytes written earlier (for a header whose checksum is known last).
void out_patch(out_file *f, uint64_t offset, const void *bytes, size_t size);

// Adds `size` zero bytes, which out_patch is to overwrite; out_read gives bytes written earlier (zero after a failure).
void out_reserve(out_file *f, uint64_t size);
void out_read(out_file *f, uint64_t offset, void *bytes, size_t size);

// Bytes written so far.
uint64_t out_size(const out_file *f);

// All outputs become visible under their own names; false (reported, nothing visible) on failure.
bool file_set_commit(file_set *s);
void file_set_abort(file_set *s);

// Makes a directory and its parents; true when it exists afterwards.
bool file_make_directory(diag *d, const char *path);

// `dir` + "/" + `name`, and the last component of a path without its extension.
const char *path_join(arena *a, const char *dir, const char *name);
const char *path_stem(arena *a, const char *path);
// Whether a name has something before `ending` and ends in it ("/model.q" in ".q"; ".q" does not).
bool path_ends_in(const char *path, const char *ending);
const char *path_dirname(arena *a, const char *path);

#endif

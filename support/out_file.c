// Output files that appear together or not at all. Every output is written to a temporary in the directory of its
// final name; commit makes all of them durable, then renames them, and takes the renames back if one fails.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file.h"
#include "support/num.h"
#include "support/vec.h"

enum { BUFFER_SIZE = 256 * 1024 };

struct out_file {
  file_set *set;
  const char *path;      // as the user gave it, for messages
  const char *target;    // where it goes: `path` with symbolic links resolved
  const char *temporary; // NULL for a stream
  const char *backup;    // second name of the file that the rename replaced, or NULL
  int fd;                // -1 once closed
  int stream;            // a device, pipe or standard output that gets the bytes at commit, or -1
  uint64_t flushed;      // bytes in the temporary; the buffer holds those after
  size_t buffered;
  unsigned char *buffer;
  bool failed;
  bool moved;   // the temporary has another name now
  bool renamed; // and this is the target's
};

struct file_set {
  diag *diag;
  arena *mem;
  VEC(out_file *) files;
  VEC(const char *) inputs;
  VEC(const char *) swept; // folders without what killed runs have left
  temporary_list *temporaries;
  bool failed;
};

file_set *file_set_new(diag *d, arena *a) {
  file_set *s = ARENA_NEW(a, file_set);
  s->diag = d;
  s->mem = a;
  return s;
}

void file_set_watch(file_set *s, temporary_list *l) { s->temporaries = l; }

// Reports the first failure of a file; it stays failed, and so does the set. A reader that leaves a pipe knows it.
static void fail(out_file *f, int error) {
  if (!f->failed && error != EPIPE) {
    diag_error_file(f->set->diag, f->path, "cannot be written: %s; no output was changed", strerror(error));
    if (error == ENOSPC || error == EDQUOT) diag_hint(f->set->diag, "free some space or choose another place with -o");
  }
  f->failed = true;
  f->set->failed = true;
}

static void sweep(file_set *s, const char *folder) {
  for (size_t i = 0; i < s->swept.len; i++)
    if (strcmp(s->swept.data[i], folder) == 0) return;
  vec_push(s->mem, &s->swept, folder);
  temporary_sweep(folder);
}

// A new file next to `target`. -1 with errno when it cannot be made.
static int make_temporary(file_set *s, const char *target, const char **name) {
  const char *folder = path_dirname(s->mem, target);
  sweep(s, folder);
  return temporary_open(s->temporaries, s->mem, folder, name);
}

// Decides where `path` leads: to a stream that already is there, or to a name that a rename will replace.
// 0, or why nothing can be written there.
static int find_target(out_file *f) {
  struct stat st;
  f->target = f->path;
  if (strcmp(f->path, "-") == 0) {
    f->stream = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return f->stream < 0 ? errno : 0;
  }
  if (stat(f->path, &st) != 0) return errno == ENOENT ? 0 : errno;
  if (S_ISDIR(st.st_mode)) return EISDIR;
  if (!S_ISREG(st.st_mode)) {
    f->stream = open(f->path, O_WRONLY | O_CLOEXEC);
    return f->stream < 0 ? errno : 0;
  }
  char *resolved = realpath(f->path, NULL);
  if (resolved == NULL) return errno;
  f->target = arena_strdup(f->set->mem, resolved);
  free(resolved);
  return 0;
}

// The name a target goes by when two outputs are compared: its directory without symbolic links.
static const char *canonical(file_set *s, const char *target) {
  char *dir = realpath(path_dirname(s->mem, target), NULL);
  const char *slash = strrchr(target, '/');
  const char *name = dir == NULL ? target : path_join(s->mem, dir, slash == NULL ? target : slash + 1);
  free(dir);
  return name;
}

static bool already_open(file_set *s, const char *target) {
  const char *name = canonical(s, target);
  for (size_t i = 0; i < s->files.len; i++)
    if (s->files.data[i]->stream < 0 && strcmp(canonical(s, s->files.data[i]->target), name) == 0) return true;
  return false;
}

void file_set_protect(file_set *s, const char *path) { vec_push(s->mem, &s->inputs, arena_strdup(s->mem, path)); }

static bool is_input(file_set *s, const char *target) {
  struct stat out, in;
  if (stat(target, &out) != 0) return false;
  for (size_t i = 0; i < s->inputs.len; i++)
    if (stat(s->inputs.data[i], &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) return true;
  return false;
}

static bool open_parts(out_file *f) {
  int error = find_target(f);
  if (error == 0 && f->stream < 0 && is_input(f->set, f->target)) {
    diag_error_file(f->set->diag, f->path, "is an input, which the output would replace; give the output another name");
    return false;
  }
  if (error == 0 && f->stream < 0 && already_open(f->set, f->target)) {
    diag_error_file(f->set->diag, f->path, "two outputs would go to this file; give them different names");
    return false;
  }
  if (error == 0) {
    f->fd = f->stream >= 0 ? file_make_nameless() : make_temporary(f->set, f->target, &f->temporary);
    if (f->fd < 0) error = errno;
  }
  if (error == 0) return true;
  diag_error_file(f->set->diag, f->path, "cannot be written: %s", strerror(error));
  if (error == ENOENT) diag_hint(f->set->diag, "the directory does not exist; make it first (mkdir -p)");
  return false;
}

out_file *file_set_open(file_set *s, const char *path) {
  out_file *f = ARENA_NEW(s->mem, out_file);
  f->set = s;
  f->path = arena_strdup(s->mem, path);
  f->fd = f->stream = -1;
  if (!open_parts(f)) {
    if (f->stream >= 0) close(f->stream);
    s->failed = true;
    return NULL;
  }
  f->buffer = ARENA_ARRAY(s->mem, unsigned char, BUFFER_SIZE);
  vec_push(s->mem, &s->files, f);
  return f;
}

static void write_at(out_file *f, const void *bytes, size_t size, uint64_t offset) {
  if (f->failed) return;
  int error = file_write_at(f->fd, bytes, size, offset);
  if (error != 0) fail(f, error);
}

static void flush(out_file *f) {
  write_at(f, f->buffer, f->buffered, f->flushed);
  f->flushed += f->buffered;
  f->buffered = 0;
}

void out_write(out_file *f, const void *bytes, size_t size) {
  if (f->failed || size == 0) return;
  if (size > BUFFER_SIZE - f->buffered) flush(f);
  if (size >= BUFFER_SIZE) {
    write_at(f, bytes, size, f->flushed);
    f->flushed += size;
  } else {
    memcpy(f->buffer + f->buffered, bytes, size);
    f->buffered += size;
  }
}

void out_printf(out_file *f, const char *format, ...) {
  va_list args;
  va_start(args, format);
  arena *a = arena_new();
  const char *text = arena_vprintf(a, format, args);
  out_write(f, text, strlen(text));
  arena_free(a);
  va_end(args);
}

void out_align(out_file *f, size_t align) {
  static const unsigned char zeros[4096];
  uint64_t end;
  if (f->failed || !num_align_up(out_size(f), align, &end)) return;
  for (uint64_t left = end - out_size(f); left > 0;) {
    size_t size = left < sizeof zeros ? (size_t)left : sizeof zeros;
    out_write(f, zeros, size);
    left -= size;
  }
}

void out_patch(out_file *f, uint64_t offset, const void *bytes, size_t size) {
  uint64_t end;
  if (f->failed || size == 0) return;
  if (!num_add(offset, size, &end) || end > out_size(f)) {
    fail(f, EINVAL);
    return;
  }
  flush(f);
  write_at(f, bytes, size, offset);
}

void out_reserve(out_file *f, uint64_t size) {
  uint64_t end;
  if (f->failed) return;
  flush(f);
  int error = !num_add(f->flushed, size, &end) || end > INT64_MAX ? EFBIG : 0;
  if (error == 0 && ftruncate(f->fd, (off_t)end) != 0) error = errno;
  if (error != 0) {
    fail(f, error);
    return;
  }
  f->flushed = end;
}

void out_read(out_file *f, uint64_t offset, void *bytes, size_t size) {
  if (!f->failed) flush(f);
  int error = f->failed ? 0 : file_read_at(f->fd, bytes, size, offset);
  if (error != 0) fail(f, error);
  if (f->failed) memset(bytes, 0, size);
}

uint64_t out_size(const out_file *f) { return f->flushed + f->buffered; }

// Brings the bytes to the disk, so that a rename never shows a file whose contents are still to come.
static void settle(out_file *f) {
  flush(f);
  if (!f->failed && f->stream < 0 && fsync(f->fd) != 0 && errno != EINVAL) fail(f, errno);
}

static void copy_to_stream(out_file *f) {
  for (uint64_t done = 0; !f->failed && done < f->flushed;) {
    size_t size = f->flushed - done < BUFFER_SIZE ? (size_t)(f->flushed - done) : BUFFER_SIZE;
    int error = file_read_at(f->fd, f->buffer, size, done);
    if (error == 0) error = file_write_all(f->stream, f->buffer, size);
    if (error != 0) fail(f, error);
    done += size;
  }
}

// Gives the file a rename will replace a second name, so that it can come back. Where links are not possible the
// rename goes on without.
static void keep_backup(out_file *f) {
  const char *name = arena_printf(f->set->mem, "%s.old", f->temporary);
  if (link(f->target, name) == 0) f->backup = name;
}

static void show(out_file *f) {
  keep_backup(f);
  if (rename(f->temporary, f->target) == 0) {
    f->moved = f->renamed = true;
  } else {
    fail(f, errno);
  }
}

static void take_back(out_file *f) {
  if (f->renamed && (f->backup == NULL || rename(f->backup, f->target) != 0)) unlink(f->target);
  f->renamed = false;
}

// Closes everything and removes what has a temporary name.
static void clean_up(file_set *s) {
  for (size_t i = 0; i < s->files.len; i++) {
    out_file *f = s->files.data[i];
    if (f->fd >= 0) close(f->fd);
    if (f->stream >= 0) close(f->stream);
    f->fd = f->stream = -1;
    if (f->temporary == NULL) continue;
    if (!f->moved) unlink(f->temporary);
    temporary_forget(s->temporaries, f->temporary);
  }
  s->files.len = 0;
}

// The names, too, must survive a crash; nothing is lost but that when a file system cannot do it.
static void settle_directory(out_file *f) {
  int fd = open(path_dirname(f->set->mem, f->target), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

// All names change as one, whatever signal comes.
static void show_all(file_set *s) {
  temporary_hold(s->temporaries);
  for (size_t i = 0; i < s->files.len && !s->failed; i++)
    if (s->files.data[i]->stream < 0) show(s->files.data[i]);
  for (size_t i = 0; i < s->files.len; i++) {
    out_file *f = s->files.data[i];
    if (s->failed) take_back(f);
    if (f->backup != NULL) unlink(f->backup);
    f->backup = NULL;
  }
  temporary_release(s->temporaries);
}

bool file_set_commit(file_set *s) {
  for (size_t i = 0; i < s->files.len; i++) settle(s->files.data[i]);
  for (size_t i = 0; i < s->files.len && !s->failed; i++)
    if (s->files.data[i]->stream >= 0) copy_to_stream(s->files.data[i]);
  show_all(s);
  for (size_t i = 0; i < s->files.len; i++)
    if (s->files.data[i]->renamed) settle_directory(s->files.data[i]);
  clean_up(s);
  return !s->failed;
}

void file_set_abort(file_set *s) { clean_up(s); }

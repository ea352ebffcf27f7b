// Input files as read-only mappings, and directories for outputs.
#include "support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/num.h"

// Why an open descriptor cannot be mapped, or NULL; fills in the size.
static const char *refuse(int fd, size_t *size) {
  struct stat st;
  if (fstat(fd, &st) != 0) return strerror(errno);
  if (S_ISDIR(st.st_mode)) return "it is a directory; name a file in it";
  if (!S_ISREG(st.st_mode)) return "it is not a regular file; copy its contents to one";
  if (!num_to_size((uint64_t)st.st_size, size)) return "it is too large for this machine's address space";
  return NULL;
}

static const char *hint_for(int error) {
  switch (error) {
  case ENOENT: return "check the name and the directory it is looked for in";
  case EACCES: return "make it readable (chmod +r)";
  default: return NULL;
  }
}

static bool read_stamp(int fd, const char *path, file_stamp *out) {
  struct stat st;
  if ((fd >= 0 ? fstat(fd, &st) : stat(path, &st)) != 0) return false;
  *out = (file_stamp){(uint64_t)st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
  return true;
}

// Takes the descriptor over.
static bool map_descriptor(diag *d, int fd, mapped_file *out) {
  enum { MOST_KEPT = 512 }; // the least limit that is usual is 1024
  const char *reason = refuse(fd, &out->size);
  if (!read_stamp(fd, out->path, &out->stamp)) reason = strerror(errno);
  if (reason == NULL && out->size != 0) {
    void *data = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
      reason = strerror(errno);
    else
      out->data = data;
  }
  if (reason != NULL) diag_error_file(d, out->path, "cannot be read: %s", reason);
  if (out->data != NULL && fd < MOST_KEPT)
    out->kept = fd + 1;
  else
    close(fd);
  if (reason != NULL) *out = (mapped_file){.path = out->path};
  return reason == NULL;
}

bool file_map(diag *d, arena *a, const char *path, mapped_file *out) {
  *out = (mapped_file){.path = arena_strdup(a, path)};
  if (path[0] == '\0') {
    diag_error_file(d, "\"\"", "the name of a file is empty; name one");
    return false;
  }
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // not blocking: opening a FIFO must not wait for a writer
  if (fd < 0) {
    int error = errno;
    diag_error_file(d, path, "cannot be opened: %s", strerror(error));
    if (hint_for(error) != NULL) diag_hint(d, "%s", hint_for(error));
    return false;
  }
  return map_descriptor(d, fd, out);
}

bool file_map_open(diag *d, arena *a, int file, const char *path, mapped_file *out) {
  *out = (mapped_file){.path = arena_strdup(a, path)};
  return map_descriptor(d, file, out);
}

int file_make_nameless(void) {
  FILE *made = tmpfile();
  if (made == NULL) return -1;
  int file = fcntl(fileno(made), F_DUPFD_CLOEXEC, 0);
  fclose(made);
  return file;
}

// ---- names that are not trusted --------------------------------------------------------------------------

static bool component_allowed(const char *begin, size_t length) {
  if (length == 0 || (length == 2 && begin[0] == '.' && begin[1] == '.')) return false;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)begin[i] < 0x20 || begin[i] == '\\') return false;
  return true;
}

// Relative, without "..".
static bool is_plain(const char *name) {
  bool plain = name[0] != '/';
  for (const char *p = name; plain; p += strcspn(p, "/") + 1) {
    plain = component_allowed(p, strcspn(p, "/"));
    if (p[strcspn(p, "/")] == '\0') break;
  }
  return plain;
}

// Opens one component after the other, so that nothing that is put in its place meanwhile is followed. -1 with the
// reason in *why.
static int open_beneath(arena *a, const char *folder, const char *name, const char **why) {
  int at = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  for (const char *p = name; at >= 0;) {
    size_t length = strcspn(p, "/");
    bool last = p[length] == '\0';
    if (!component_allowed(p, length)) {
      *why = "it is no plain relative path below the folder";
      break;
    }
    int flags = last ? O_RDONLY | O_NONBLOCK : O_RDONLY | O_DIRECTORY;
    int next = openat(at, arena_strndup(a, p, length), flags | O_CLOEXEC | O_NOFOLLOW);
    int error = errno;
    close(at);
    at = next;
    if (next < 0)
      *why =
          error == ELOOP || error == ENOTDIR ? "a part of its path is a symbolic link or no folder" : strerror(error);
    if (next < 0 || last) return next;
    p += length + 1;
  }
  if (at < 0) *why = strerror(errno);
  if (at >= 0) close(at);
  return -1;
}

// The folder, all links resolved, below which the file of that name really is and may be; NULL when there is none. *rest
// is the file's path from there.
static const char *find_root(arena *a, const char *folder, const char *name, const char **rest) {
  static const char snapshots[] = "/snapshots/";
  char *base = realpath(folder, NULL), *file = realpath(path_join(a, folder, name), NULL);
  const char *roots[2] = {base == NULL ? NULL : arena_strdup(a, base), NULL}, *found = NULL;
  char *cache = base == NULL ? NULL : strstr(base, snapshots);
  if (cache != NULL) roots[1] = path_join(a, arena_strndup(a, base, (size_t)(cache - base)), "blobs");
  for (unsigned i = 0; i < 2 && file != NULL && found == NULL; i++) {
    size_t length = roots[i] == NULL ? 0 : strlen(roots[i]);
    if (length == 0 || strncmp(file, roots[i], length) != 0 || file[length] != '/') continue;
    found = roots[i];
    *rest = arena_strdup(a, file + length + 1);
  }
  free(base);
  free(file);
  return found;
}

static bool has_one_name(int fd) {
  struct stat st;
  return fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink <= 1;
}

bool file_map_beneath(diag *d, arena *a, const char *folder, const char *name, mapped_file *out) {
  const char *why = "it is no plain relative path below the folder";
  *out = (mapped_file){.path = path_join(a, strcmp(folder, ".") == 0 ? "" : folder, name)};
  int fd = name[0] == '/' ? -1 : open_beneath(a, folder, name, &why);
  why = arena_strdup(a, why); // the text of an error lives until the next one
  const char *rest, *other, *root = fd < 0 && is_plain(name) ? find_root(a, folder, name, &rest) : NULL;
  if (root != NULL) fd = open_beneath(a, root, rest, &other);
  if (fd < 0 || !has_one_name(fd)) {
    diag_error_file(d, out->path, "this file, which another one names, is not opened: %s",
                    fd < 0 ? why : "it has more than one name (hard links); copy it");
    if (fd >= 0) close(fd);
    return false;
  }
  return map_descriptor(d, fd, out);
}

void file_unmap(mapped_file *f) {
  // munmap wants a pointer to what it may change; the mapping itself was never writable.
  if (f->data != NULL) munmap((void *)(uintptr_t)f->data, f->size);
  if (f->kept > 0) close(f->kept - 1);
  f->kept = 0;
  f->data = NULL;
  f->size = 0;
}

const char *file_changed(arena *a, const mapped_file *f) {
  file_stamp now;
  if (f->data == NULL || !read_stamp(f->kept - 1, f->path, &now)) return NULL;
  if (now.size < f->stamp.size) return arena_printf(a, "it was cut to %" PRIu64 " bytes", now.size);
  if (now.size > f->stamp.size) return arena_printf(a, "it grew to %" PRIu64 " bytes", now.size);
  bool same = now.seconds == f->stamp.seconds && now.nanoseconds == f->stamp.nanoseconds;
  return same ? NULL : "it was written to";
}

// ---- files that are cut ----------------------------------------------------------------------------------

// The page that is not there becomes one of zeros. Other reasons for the signal end the process as before.
static void fill_page(int number, siginfo_t *info, void *context) {
  int error = errno;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)info->si_addr / page * page;
  (void)context;
  // The address comes from the system as a number would.
  if (info->si_code != BUS_ADRERR || mmap((void *)at, (size_t)page, PROT_READ, // NOLINT(performance-no-int-to-ptr)
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    signal(number, SIG_DFL); // the access is tried again
  errno = error;
}

void file_survive_cuts(void) {
  struct sigaction action = {.sa_sigaction = fill_page, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

void file_forget(const mapped_file *f, const void *bytes, size_t size) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), map = (uintptr_t)f->data;
  uintptr_t first = ((uintptr_t)bytes + page - 1) / page * page, end = ((uintptr_t)bytes + size) / page * page;
  bool inside = (uintptr_t)bytes >= map && size <= f->size && (uintptr_t)bytes - map <= f->size - size;
  // Nothing was written to these pages: they are the file's.
  if (f->data != NULL && inside && first < end) madvise((void *)first, end - first, MADV_DONTNEED);
}

static bool is_directory(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_make_directory(diag *d, const char *path) {
  arena *a = arena_new();
  char *partial = arena_strdup(a, path);
  size_t length = strlen(partial);
  int error = 0;
  for (size_t i = 1; i <= length; i++) {
    if (partial[i] != '/' && partial[i] != '\0') continue;
    partial[i] = '\0';
    if (mkdir(partial, 0777) != 0) error = errno;
    if (i < length) partial[i] = '/';
  }
  bool ok = is_directory(path);
  if (!ok) diag_error_file(d, path, "the directory cannot be made: %s", strerror(error == 0 ? ENOENT : error));
  arena_free(a);
  return ok;
}

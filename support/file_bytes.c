// All bytes of a read or a write, however many calls that takes.
#include <errno.h>
#include <unistd.h>

#include "support/file.h"

typedef struct transfer {
  int file;
  bool write, placed;
  uint64_t offset; // of the next byte, when it is placed; else the descriptor knows
} transfer;

// Reading and writing differ in who may change the bytes only, which the callers know.
static ssize_t move_some(const transfer *t, char *bytes, size_t size) {
  if (t->placed && t->offset > INT64_MAX) return errno = EFBIG, -1;
  off_t at = (off_t)t->offset;
  if (t->write) return t->placed ? pwrite(t->file, bytes, size, at) : write(t->file, bytes, size);
  return t->placed ? pread(t->file, bytes, size, at) : read(t->file, bytes, size);
}

static int move_all(transfer t, char *bytes, size_t size) {
  while (size > 0) {
    ssize_t moved = move_some(&t, bytes, size);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return moved < 0 ? errno : EIO;
    bytes += moved;
    size -= (size_t)moved;
    t.offset += (uint64_t)moved;
  }
  return 0;
}

static char *writable(const void *bytes) { return (char *)(uintptr_t)bytes; } // write() only reads them

int file_write_all(int file, const void *bytes, size_t size) {
  return move_all((transfer){.file = file, .write = true}, writable(bytes), size);
}

int file_write_at(int file, const void *bytes, size_t size, uint64_t offset) {
  return move_all((transfer){.file = file, .write = true, .placed = true, .offset = offset}, writable(bytes), size);
}

int file_read_all(int file, void *bytes, size_t size) { return move_all((transfer){.file = file}, bytes, size); }

int file_read_at(int file, void *bytes, size_t size, uint64_t offset) {
  return move_all((transfer){.file = file, .placed = true, .offset = offset}, bytes, size);
}

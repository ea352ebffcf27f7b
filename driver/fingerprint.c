#define _GNU_SOURCE // leases
#include "driver/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file.h"

enum { PIECE = 1 << 20 };

static void add_identity(digester *g, const struct stat *st) {
  const uint64_t numbers[] = {st->st_dev,
                              st->st_ino,
                              (uint64_t)st->st_size,
                              (uint64_t)st->st_mtim.tv_sec,
                              (uint64_t)st->st_mtim.tv_nsec,
                              (uint64_t)st->st_ctim.tv_sec,
                              (uint64_t)st->st_ctim.tv_nsec};
  digester_bytes(g, numbers, sizeof numbers);
}

static bool add_all(digester *g, int file, uint64_t size, uint8_t *buffer) {
  for (uint64_t at = 0; at < size; at += PIECE) {
    size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;
    if (file_read_at(file, buffer, piece, at) != 0) return false;
    digester_bytes(g, buffer, piece);
  }
  return true;
}

// Evenly spread, with the first bytes and the last ones.
static bool add_samples(digester *g, int file, uint64_t size, uint8_t *buffer) {
  uint64_t step = (size - FINGERPRINT_SAMPLE) / (FINGERPRINT_SAMPLES - 1);
  for (uint64_t i = 0; i < FINGERPRINT_SAMPLES; i++) {
    uint64_t at = i + 1 < FINGERPRINT_SAMPLES ? i * step : size - FINGERPRINT_SAMPLE;
    if (file_read_at(file, buffer, FINGERPRINT_SAMPLE, at) != 0) return false;
    digester_bytes(g, buffer, FINGERPRINT_SAMPLE);
  }
  return true;
}

// A lease for reading is granted only while no descriptor and no mapping can write to the file. It is given back at once.
static bool somebody_writes(int file) {
  if (fcntl(file, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  fcntl(file, F_SETLEASE, F_UNLCK);
  return false;
}

static bool add_contents(digester *g, int file, uint64_t size, uint8_t *buffer) {
  if (size <= FINGERPRINT_WHOLE) return add_all(g, file, size, buffer);
  return add_samples(g, file, size, buffer) && !somebody_writes(file);
}

bool fingerprint_file(int file, digest *out) {
  struct stat st;
  if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  arena *a = arena_new();
  digester *g = digester_new(a);
  add_identity(g, &st);
  bool ok = add_contents(g, file, (uint64_t)st.st_size, ARENA_ARRAY(a, uint8_t, PIECE));
  *out = digester_end(g);
  arena_free(a);
  return ok;
}

static bool changed_by(const struct stat *st, const struct timespec *t) {
  return st->st_ctim.tv_sec != t->tv_sec ? st->st_ctim.tv_sec < t->tv_sec : st->st_ctim.tv_nsec <= t->tv_nsec;
}

bool fingerprint_path(const char *path, const struct timespec *time, digest *out) {
  struct stat st;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  bool ok = fstat(file, &st) == 0 && changed_by(&st, time) && fingerprint_file(file, out);
  close(file);
  return ok;
}

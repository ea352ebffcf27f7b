// Files for the tests of the command:
//   make_files weights OUT.safetensors NAME[:TYPE]=ROWSxCOLUMNS ..   numbers that look like a layer's weights (F32),
//                                                                     scales (F16), or words of any bits (I32)
//   make_files array OUT.npy ROWSxCOLUMNS                     numbers that look like activations
//   make_files bytes FILE NAME                                a tensor's bytes to standard output
//   make_files scribble FILE VALUE                            stores to a mapping of the file that stays
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files/tensor_write.h"

enum { SCRIBBLED = 16 }; // bytes

typedef struct shape {
  const char *name;
  tensor_dtype dtype;
  uint64_t dims[2];
} shape;

// The same numbers everywhere: a linear congruence, the sum of two draws.
static float draw(uint32_t *state) {
  int sum = 0;
  for (int i = 0; i < 2; i++) {
    *state = *state * 1664525u + 1013904223u;
    sum += (int)(*state >> 20) - 2048;
  }
  return (float)sum / 4096.0f;
}

static uint32_t draw_word(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state ^ *state >> 15;
}

// Numbers of the shape's type; *size is their bytes. The machine is taken to be little-endian.
static void *make_numbers(arena *a, const shape *s, uint32_t seed, size_t *size) {
  size_t count = (size_t)(s->dims[0] * s->dims[1]), bytes = tensor_dtype_bits(s->dtype) / 8;
  uint8_t *numbers = arena_alloc(a, count, bytes);
  for (size_t i = 0; i < count; i++) {
    float number = draw(&seed);
    uint32_t word = s->dtype == TENSOR_F16 ? 0x2000 | (draw_word(&seed) & 0x7ff) : draw_word(&seed);
    memcpy(numbers + i * bytes, s->dtype == TENSOR_F32 ? (void *)&number : (void *)&word, bytes);
  }
  *size = count * bytes;
  return numbers;
}

static tensor_dtype find_type(const char *name) {
  if (strcmp(name, "I32") == 0) return TENSOR_I32;
  return strcmp(name, "F16") == 0 ? TENSOR_F16 : TENSOR_F32;
}

// "fc.weight=37x96"; the name may be missing.
static shape parse_shape(arena *a, const char *text) {
  const char *equals = strchr(text, '=');
  char *name = arena_strndup(a, text, equals == NULL ? 0 : (size_t)(equals - text));
  shape s = {.name = name, .dtype = TENSOR_F32};
  char *colon = strchr(name, ':');
  if (colon != NULL) {
    s.dtype = find_type(colon + 1);
    *colon = '\0';
  }
  char *end;
  s.dims[0] = strtoull(equals == NULL ? text : equals + 1, &end, 10);
  s.dims[1] = *end == 'x' ? strtoull(end + 1, NULL, 10) : 0;
  return s;
}

static bool write_weights(diag *d, arena *a, out_file *out, const char *path, int count, char **texts) {
  safetensors_item *items = ARENA_ARRAY(a, safetensors_item, (size_t)count);
  for (int i = 0; i < count; i++) {
    shape *s = ARENA_NEW(a, shape);
    *s = parse_shape(a, texts[i]);
    unsigned rank = s->dims[1] == 0 ? 1 : 2;
    if (rank == 1) s->dims[1] = 1;
    items[i] = (safetensors_item){.name = s->name, .dtype = s->dtype, .rank = rank, .dims = s->dims};
    items[i].data = make_numbers(a, s, (uint32_t)i + 1, &items[i].size);
  }
  return safetensors_write(d, path, out, items, (size_t)count, NULL, 0);
}

static bool write_array(arena *a, out_file *out, const char *text) {
  shape s = parse_shape(a, text);
  size_t size;
  unsigned rank = s.dims[1] == 0 ? 1 : 2;
  if (rank == 1) s.dims[1] = 1;
  npy_write_f32(out, make_numbers(a, &s, 77, &size), rank, s.dims);
  return true;
}

static bool write_bytes(diag *d, arena *a, const char *path, const char *name) {
  tensor_file *f = tensor_file_open(d, a, path);
  const tensor *t = f == NULL ? NULL : tensor_file_require(d, f, name);
  bool ok = t != NULL && fwrite(t->data, 1, t->size, stdout) == t->size;
  tensor_file_close(f);
  return ok;
}

// Maps a file and writes to its last bytes: first what is there, so that later stores find the page writable and change
// no time of the file; then, after a line on standard input, `value`. Says what it did on standard output.
static bool scribble(const char *path, int value) {
  int file = open(path, O_RDWR | O_CLOEXEC);
  off_t size = file < 0 ? 0 : lseek(file, 0, SEEK_END);
  unsigned char *bytes =
      size < SCRIBBLED ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (bytes == MAP_FAILED) return false;
  volatile unsigned char *last = bytes + size - SCRIBBLED;
  for (int i = 0; i < SCRIBBLED; i++) last[i] = last[i];
  puts("mapped");
  fflush(stdout);
  if (getchar() == EOF) return false;
  for (int i = 0; i < SCRIBBLED; i++) last[i] = (unsigned char)value;
  puts("written");
  fflush(stdout);
  while (getchar() != EOF) {
  } // it stays mapped
  return true;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: make_files weights|array|bytes|scribble ..\n");
    return 2;
  }
  if (strcmp(argv[1], "scribble") == 0) return scribble(argv[2], atoi(argv[3])) ? 0 : 1;
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  file_set *files = file_set_new(d, a);
  bool ok;
  if (strcmp(argv[1], "bytes") == 0) {
    ok = write_bytes(d, a, argv[2], argv[3]);
  } else {
    out_file *out = file_set_open(files, argv[2]);
    bool weights = strcmp(argv[1], "weights") == 0;
    ok =
        out != NULL && (weights ? write_weights(d, a, out, argv[2], argc - 3, argv + 3) : write_array(a, out, argv[3]));
    ok = ok && file_set_commit(files);
  }
  arena_free(a);
  return ok ? 0 : 1;
}

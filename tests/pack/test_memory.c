// Peak memory of a compilation stays far below the size of its weights: test_memory QCC. A file of weights is made in the
// working directory, compiled, and removed.
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sampling.h"

enum { ROWS = 4096, COLUMNS = 14336, QUICK = 6, FULL = 120, SKIPPED = 77 };

// Blocks of 256 weights: bytes of one, and the file's number for them. Every other tensor has the second kind.
static const struct {
  uint32_t type;
  uint64_t bytes;
} kinds[] = {{12, 144}, {14, 210}};

// Megabytes that the quick test (a file of a quarter of a gigabyte) and the whole one (five gigabytes) may need. A good
// part of it is LLVM.
enum { QUICK_LIMIT = 150, FULL_LIMIT = 500 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t bytes_of(int tensor) { return (uint64_t)ROWS * COLUMNS / 256 * kinds[tensor % 2].bytes; }

static void put_number(FILE *f, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) fputc((int)(value >> 8 * i & 255), f);
}

static void put_text(FILE *f, const char *text) {
  put_number(f, strlen(text), 8);
  fputs(text, f);
}

static void put_head(FILE *f, int tensors) {
  uint64_t offset = 0;
  char name[32];
  fputs("GGUF", f);
  put_number(f, 3, 4);
  put_number(f, (uint64_t)tensors, 8);
  put_number(f, 0, 8);
  for (int i = 0; i < tensors; i++) {
    snprintf(name, sizeof name, "w%d.weight", i);
    put_text(f, name);
    put_number(f, 2, 4);
    put_number(f, COLUMNS, 8);
    put_number(f, ROWS, 8);
    put_number(f, kinds[i % 2].type, 4);
    put_number(f, offset, 8);
    offset += bytes_of(i);
  }
  while (ftell(f) % 32 != 0) fputc(0, f);
}

// Bytes without a pattern, so that no file system makes them smaller.
static void put_weights(FILE *f, uint64_t bytes, uint64_t *state) {
  static uint64_t words[1 << 13];
  for (uint64_t done = 0; done < bytes; done += sizeof words) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
      *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      words[i] = *state ^ *state >> 29;
    }
    uint64_t left = bytes - done;
    fwrite(words, 1, left < sizeof words ? (size_t)left : sizeof words, f);
  }
}

static void write_weights(const char *path, int tensors) {
  uint64_t state = 1;
  FILE *f = fopen(path, "wb");
  if (f == NULL) fail(path);
  put_head(f, tensors);
  for (int i = 0; i < tensors; i++) put_weights(f, bytes_of(i), &state);
  if (fclose(f) != 0) fail(path);
}

static void write_model(const char *path, const char *weights, int tensors) {
  FILE *f = fopen(path, "w");
  if (f == NULL) fail(path);
  fprintf(f, "model big {\n  weights \"%s\";\n  dim batch <= 8;\n  input x : f32[batch, %d];\n", weights, COLUMNS);
  for (int i = 0; i < tensors; i++) fprintf(f, "  output y%d : f32[batch, %d] = linear(x, \"w%d\");\n", i, ROWS, i);
  fprintf(f, "}\nquantize {\n");
  for (int i = 0; i < tensors; i++) fprintf(f, "  \"w%d\" : %s;\n", i, i % 2 == 0 ? "q4_K" : "q6_K");
  fprintf(f, "}\n");
  if (fclose(f) != 0) fail(path);
}

// Kilobytes at the peak; -1 when the command failed.
static long peak_of(char *const *command) {
  struct rusage use;
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    unsetenv("MALLOC_PERTURB_"); // it writes to memory that the compiler asks for and never uses
    execv(command[0], command);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &use) != child) fail(command[0]);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? use.ru_maxrss : -1;
}

int main(int argc, char **argv) {
  char folder[] = "memory-XXXXXX";
  if (argc != 2) return 2;
  bool full = sampling_is_full();
  int tensors = full ? FULL : QUICK;
  if (mkdtemp(folder) == NULL || chdir(folder) != 0) fail(folder);
  write_weights("m.gguf", tensors);
  write_model("m.q", "m.gguf", tensors);
  char *command[] = {argv[1], "m.q", "-o", "out", "-O0", "--no-cache", "--tiers=avx2", "-target=x86_64-linux-gnu",
                     NULL};
  long peak = peak_of(command);
  if (chdir("..") != 0) fail("..");
  char remove[64];
  snprintf(remove, sizeof remove, "rm -rf %s", folder);
  if (system(remove) != 0) fail(remove);
  printf("%d tensors: at most %ld MB of memory, of which %d are allowed\n", tensors, peak / 1024,
         full ? FULL_LIMIT : QUICK_LIMIT);
  return peak > 0 && peak / 1024 < (full ? FULL_LIMIT : QUICK_LIMIT) ? 0 : 1;
}

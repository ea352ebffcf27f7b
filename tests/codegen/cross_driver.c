/* Runs kernels on another processor: reads inputs, calls each kernel, writes its last buffer. Buffers end at the end of a
 * page that has nothing behind it, so that reading too far ends the run. C11; compiled by a cross compiler. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/qrt.h"

extern const qrt_kernel kernels[];

static uint64_t get(FILE *f) {
  uint8_t bytes[8];
  if (fread(bytes, 1, 8, f) != 8) exit(3);
  uint64_t value = 0;
  for (int i = 0; i < 8; i++) value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

static uint8_t *guarded(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t all = (size + page - 1) / page * page;
  uint8_t *map = mmap(NULL, all + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mprotect(map + all, page, PROT_NONE) != 0) exit(4);
  return map + all - size;
}

static void release(uint8_t *start, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t all = (size + page - 1) / page * page;
  munmap(start + size - all, all + page);
}

static void run_one(FILE *in, FILE *out, uint64_t number) {
  qrt_args args;
  size_t sizes[QRT_MAX_BUFFERS];
  memset(&args, 0, sizeof args);
  uint64_t work = get(in);
  uint64_t count = get(in);
  for (uint64_t i = 0; i < count; i++) {
    sizes[i] = (size_t)get(in);
    args.buffers[i] = guarded(sizes[i]);
    if (fread(args.buffers[i], 1, sizes[i], in) != sizes[i]) exit(3);
  }
  kernels[number](&args, 0, work);
  if (fwrite(args.buffers[count - 1], 1, sizes[count - 1], out) != sizes[count - 1]) exit(5);
  for (uint64_t i = 0; i < count; i++) release(args.buffers[i], sizes[i]);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *in = fopen(argv[1], "rb");
  FILE *out = fopen(argv[2], "wb");
  if (in == NULL || out == NULL) return 2;
  uint64_t count = get(in);
  for (uint64_t i = 0; i < count; i++) run_one(in, out, i);
  return fclose(out) == 0 ? 0 : 5;
}

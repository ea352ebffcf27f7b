/* Runs computations on another processor: program_driver PROGRAM RESULTS. Each tensor ends at the end of a page that has
 * nothing behind it. C11; compiled by a cross compiler, with the table of kernels beside it. */
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

/* tensors: bytes, whether they are given [and what they are]; steps: kernel, work, tensors, sizes; results: tensors */
static void run_case(FILE *in, FILE *out) {
  uint64_t count = get(in);
  uint8_t **tensors = calloc(count + 1, sizeof *tensors);
  size_t *sizes = calloc(count + 1, sizeof *sizes);
  for (uint64_t i = 0; i < count; i++) {
    sizes[i] = (size_t)get(in);
    tensors[i] = guarded(sizes[i]);
    memset(tensors[i], 0xff, sizes[i]);
    if (get(in) != 0 && fread(tensors[i], 1, sizes[i], in) != sizes[i]) exit(3);
  }
  for (uint64_t steps = get(in); steps > 0; steps--) {
    qrt_args args;
    memset(&args, 0, sizeof args);
    uint64_t kernel = get(in);
    uint64_t work = get(in);
    uint64_t buffers = get(in);
    for (uint64_t i = 0; i < buffers; i++) args.buffers[i] = tensors[get(in)];
    uint64_t numbers = get(in);
    for (uint64_t i = 0; i < numbers; i++) args.sizes[i] = get(in);
    kernels[kernel](&args, 0, work / 2);
    kernels[kernel](&args, work / 2, work);
  }
  for (uint64_t results = get(in); results > 0; results--) {
    uint64_t i = get(in);
    if (fwrite(tensors[i], 1, sizes[i], out) != sizes[i]) exit(5);
  }
  for (uint64_t i = 0; i < count; i++) release(tensors[i], sizes[i]);
  free(tensors);
  free(sizes);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *in = fopen(argv[1], "rb");
  FILE *out = fopen(argv[2], "wb");
  if (in == NULL || out == NULL) return 2;
  for (uint64_t cases = get(in); cases > 0; cases--) run_case(in, out);
  return fclose(out) == 0 ? 0 : 5;
}

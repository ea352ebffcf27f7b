// Arena memory: blocks of growing size in a list; an allocation takes the next aligned bytes of the newest block.
#include "support/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum {
  ALIGNMENT = _Alignof(max_align_t),
  FIRST_BLOCK = 16 * 1024,
  LARGEST_BLOCK = 4 * 1024 * 1024,
  EXIT_NO_MEMORY = 70,
};

// Under AddressSanitizer unused bytes are poisoned and allocations keep a distance, so that running over the end of
// one allocation is found although the arena is one large block.
#ifdef ARENA_ASAN
enum { RED_ZONE = ALIGNMENT };
static void hide(void *bytes, size_t size) { __asan_poison_memory_region(bytes, size); }
static void show(void *bytes, size_t size) { __asan_unpoison_memory_region(bytes, size); }
#else
enum { RED_ZONE = 0 };
static void hide(void *bytes, size_t size) { (void)bytes, (void)size; }
static void show(void *bytes, size_t size) { (void)bytes, (void)size; }
#endif

typedef struct block {
  struct block *older;
  size_t size; // of bytes[]
  size_t used;
  _Alignas(max_align_t) unsigned char bytes[];
} block;

struct arena {
  block *newest;
  size_t used;
};

static _Noreturn void out_of_memory(size_t size) {
  fprintf(stderr, "qcc: fatal error: out of memory (%zu bytes were asked for)\n", size);
  exit(EXIT_NO_MEMORY);
}

static void add_block(arena *a, size_t least) {
  size_t size = a->newest == NULL ? FIRST_BLOCK : a->newest->size * 2;
  if (size > LARGEST_BLOCK) size = LARGEST_BLOCK;
  if (size < least) size = least;
  block *b = size > SIZE_MAX - sizeof(block) ? NULL : calloc(1, sizeof(block) + size);
  if (b == NULL) out_of_memory(size);
  b->older = a->newest;
  b->size = size;
  hide(b->bytes, size);
  a->newest = b;
}

arena *arena_new(void) {
  arena *a = calloc(1, sizeof *a);
  if (a == NULL) out_of_memory(sizeof *a);
  return a;
}

void arena_free(arena *a) {
  if (a == NULL) return;
  for (block *b = a->newest; b != NULL;) {
    block *older = b->older;
    show(b->bytes, b->size);
    free(b);
    b = older;
  }
  free(a);
}

void *arena_alloc(arena *a, size_t count, size_t size) {
  size_t wanted;
  if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX - 2 * (size_t)ALIGNMENT - RED_ZONE)
    out_of_memory(SIZE_MAX);
  size_t taken = (wanted + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + RED_ZONE;
  if (taken == 0) taken = ALIGNMENT; // distinct addresses for empty allocations
  if (a->newest == NULL || a->newest->size - a->newest->used < taken) add_block(a, taken);
  unsigned char *bytes = a->newest->bytes + a->newest->used;
  a->newest->used += taken;
  a->used += wanted;
  show(bytes, wanted);
  return bytes;
}

void *arena_memdup(arena *a, const void *bytes, size_t size) {
  void *copy = arena_alloc(a, size, 1);
  if (size != 0) memcpy(copy, bytes, size);
  return copy;
}

char *arena_strndup(arena *a, const char *text, size_t length) {
  if (length == SIZE_MAX) out_of_memory(length);
  char *copy = arena_alloc(a, length + 1, 1);
  if (length != 0) memcpy(copy, text, length);
  return copy;
}

char *arena_strdup(arena *a, const char *text) { return arena_strndup(a, text, strlen(text)); }

char *arena_vprintf(arena *a, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  size_t size = length < 0 ? 1 : (size_t)length + 1;
  char *text = arena_alloc(a, size, 1);
  if (length > 0) vsnprintf(text, size, format, again);
  va_end(again);
  return text;
}

char *arena_printf(arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vprintf(a, format, args);
  va_end(args);
  return text;
}

size_t arena_used(const arena *a) { return a->used; }

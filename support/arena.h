// Arena memory for the compiler: everything a compilation allocates lives until the arena is freed whole.
#ifndef QCC_SUPPORT_ARENA_H
#define QCC_SUPPORT_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct arena arena;

// A new, empty arena. Never returns NULL: running out of memory ends the process with a message and status 70.
arena *arena_new(void);

// Frees the arena and everything allocated from it. NULL is allowed.
void arena_free(arena *a);

// `count` * `size` zeroed bytes, aligned for any type; ends the process when the product overflows or memory runs out.
void *arena_alloc(arena *a, size_t count, size_t size);

// Copies of bytes or text, owned by the arena. `arena_strndup` adds the terminating NUL.
void *arena_memdup(arena *a, const void *bytes, size_t size);
char *arena_strdup(arena *a, const char *text);
char *arena_strndup(arena *a, const char *text, size_t length);

// Formatted text, owned by the arena.
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

// Bytes handed out so far (for tests and `-v`).
size_t arena_used(const arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_alloc((a), (count), sizeof(type)))

#endif

// Arenas, growable arrays and text buffers.
#include <stdint.h>
#include <string.h>

#include "support/arena.h"
#include "support/vec.h"
#include "tests/check_main.h"

START_TEST(allocations_are_zeroed_aligned_and_apart) {
  arena *a = arena_new();
  unsigned char *last = NULL;
  size_t last_size = 0, total = 0;
  for (size_t size = 0; size < 3000; size += 7) {
    unsigned char *p = arena_alloc(a, size, 1);
    ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < size; i++)
      if (p[i] != 0) ck_abort_msg("byte %zu of %zu is not zero", i, size);
    if (size != 0) memset(p, 0xff, size);
    ck_assert(last == NULL || p >= last + last_size || p + size <= last);
    ck_assert_ptr_ne(p, last);
    last = p;
    last_size = size;
    total += size;
  }
  ck_assert_uint_eq(arena_used(a), total);
  arena_free(a);
}
END_TEST

START_TEST(large_allocations_get_blocks_of_their_own) {
  arena *a = arena_new();
  char *small = arena_strdup(a, "before");
  size_t size = 64u << 20;
  unsigned char *large = arena_alloc(a, size, 1);
  large[0] = large[size - 1] = 1;
  ck_assert_str_eq(small, "before");
  ck_assert_str_eq(arena_strdup(a, "after"), "after");
  arena_free(a);
}
END_TEST

START_TEST(contents_survive_growth) {
  arena *a = arena_new();
  uint64_t *numbers[2000];
  for (uint64_t i = 0; i < 2000; i++) {
    numbers[i] = ARENA_ARRAY(a, uint64_t, 100);
    for (size_t k = 0; k < 100; k++) numbers[i][k] = i * 1000 + k;
  }
  for (uint64_t i = 0; i < 2000; i++)
    for (size_t k = 0; k < 100; k++)
      if (numbers[i][k] != i * 1000 + k) ck_abort_msg("number %zu of array %zu changed", k, (size_t)i);
  arena_free(a);
}
END_TEST

START_TEST(copies) {
  arena *a = arena_new();
  ck_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
  ck_assert_str_eq(arena_strndup(a, NULL, 0), "");
  ck_assert_mem_eq(arena_memdup(a, "\0\1\2", 3), "\0\1\2", 3);
  ck_assert_str_eq(arena_printf(a, "%s-%d", "x", -7), "x--7");
  char *empty = arena_printf(a, "%s", "");
  ck_assert_str_eq(empty, "");
  arena_free(a);
  arena_free(NULL);
}
END_TEST

START_TEST(too_large_an_array_ends_the_process) {
  arena *a = arena_new();
  volatile size_t half = SIZE_MAX / 2 + 1;
  arena_alloc(a, half, 2);
}
END_TEST

START_TEST(a_vector_grows) {
  arena *a = arena_new();
  VEC(int) v = {0};
  for (int i = 0; i < 10000; i++) vec_push(a, &v, i * 3);
  ck_assert_uint_eq(v.len, 10000);
  ck_assert_uint_ge(v.cap, v.len);
  for (int i = 0; i < 10000; i++)
    if (v.data[i] != i * 3) ck_abort_msg("element %d", i);
  arena_free(a);
}
END_TEST

START_TEST(old_storage_of_a_vector_stays_readable) {
  arena *a = arena_new();
  VEC(int) v = {0};
  vec_push(a, &v, 42);
  const int *old = v.data;
  for (int i = 0; i < 100; i++) vec_push(a, &v, i);
  ck_assert_ptr_ne(old, v.data);
  ck_assert_int_eq(old[0], 42);
  arena_free(a);
}
END_TEST

START_TEST(text_is_appended) {
  arena *a = arena_new();
  strbuf b = {.mem = a};
  ck_assert_str_eq(strbuf_text(&b), "");
  strbuf_printf(&b, "%d", 12);
  strbuf_putc(&b, ',');
  strbuf_write(&b, "x\0y", 3);
  ck_assert_uint_eq(b.len, 6);
  ck_assert_mem_eq(b.data, "12,x\0y", 7);
  arena_free(a);
}
END_TEST

START_TEST(text_of_every_length_around_the_growth_points) {
  arena *a = arena_new();
  for (size_t length = 0; length < 300; length++) {
    strbuf b = {.mem = a};
    for (size_t i = 0; i < length; i++) strbuf_putc(&b, 'a');
    strbuf_printf(&b, "%s", "end");
    ck_assert_uint_eq(strlen(strbuf_text(&b)), length + 3);
    ck_assert_str_eq(strbuf_text(&b) + length, "end");
  }
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/arena");
  check_add(s, "arena",
            (const TTest *const[]){allocations_are_zeroed_aligned_and_apart, large_allocations_get_blocks_of_their_own,
                                   contents_survive_growth, copies, NULL});
  TCase *exits = tcase_create("exits");
  tcase_add_exit_test(exits, too_large_an_array_ends_the_process, 70);
  suite_add_tcase(s, exits);
  check_add(s, "vec",
            (const TTest *const[]){a_vector_grows, old_storage_of_a_vector_stays_readable, text_is_appended,
                                   text_of_every_length_around_the_growth_points, NULL});
  return check_main(s);
}

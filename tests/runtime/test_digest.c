// The digest against vectors computed from the definition in docs/runtime.md by another program, and what it promises
// to find.
#include "qrt.h"
#include "tests/check_main.h"

#define PATTERN_SIZE (1u << 20)

static uint8_t *pattern(void) {
  uint8_t *bytes = malloc(PATTERN_SIZE);
  ck_assert_ptr_nonnull(bytes);
  for (size_t i = 0; i < PATTERN_SIZE; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
  return bytes;
}

START_TEST(texts) {
  ck_assert_uint_eq(qrt_digest("", 0), UINT64_C(0xd92e8bf19a4766f1));
  ck_assert_uint_eq(qrt_digest("a", 1), UINT64_C(0xa67a476424e8cda9));
  ck_assert_uint_eq(qrt_digest("abc", 3), UINT64_C(0x61393de19b1b3572));
}
END_TEST

START_TEST(zeros_differ_by_length) {
  static const uint8_t zeros[33];
  ck_assert_uint_eq(qrt_digest(zeros, 32), UINT64_C(0xd60b465d5b3a2395));
  ck_assert_uint_eq(qrt_digest(zeros, 33), UINT64_C(0x739fdea6efc9e161));
}
END_TEST

START_TEST(patterns) {
  static const struct {
    size_t size;
    uint64_t digest;
  } cases[] = {
      {31, UINT64_C(0x6a5a8f10334777f1)},           {32, UINT64_C(0x27dfed915e3fbef5)},
      {33, UINT64_C(0xde38840ca9816a48)},           {1000, UINT64_C(0x5b61cc6ec1910f3b)},
      {PATTERN_SIZE, UINT64_C(0x2bee3fbef3334e91)},
  };
  uint8_t *bytes = pattern();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    ck_assert_uint_eq(qrt_digest(bytes, cases[i].size), cases[i].digest);
  free(bytes);
}
END_TEST

START_TEST(any_address) {
  uint8_t *bytes = pattern();
  uint64_t digest = qrt_digest(bytes, 1000);
  for (size_t shift = 1; shift < 9; shift++) {
    for (size_t i = 1000; i-- > 0;) bytes[shift + i] = bytes[shift + i - 1];
    ck_assert_uint_eq(qrt_digest(bytes + shift, 1000), digest);
  }
  free(bytes);
}
END_TEST

static void flip(uint8_t *bytes, size_t bit) { bytes[bit / 8] ^= (uint8_t)(1u << bit % 8); }

START_TEST(one_and_two_flipped_bits_are_found) {
  enum { SIZE = 104, BITS = 8 * SIZE };
  uint8_t *bytes = pattern();
  uint64_t digest = qrt_digest(bytes, SIZE);
  for (size_t i = 0; i < BITS; i++) {
    flip(bytes, i);
    ck_assert_uint_ne(qrt_digest(bytes, SIZE), digest);
    for (size_t j = 0; j < i; j++) {
      flip(bytes, j);
      ck_assert_msg(qrt_digest(bytes, SIZE) != digest, "bits %zu and %zu cancel", i, j);
      flip(bytes, j);
    }
    flip(bytes, i);
  }
  free(bytes);
}
END_TEST

START_TEST(swapped_words_and_zeroed_blocks_are_found) {
  enum { SIZE = 4096, WORDS = SIZE / 8 };
  uint8_t *bytes = pattern();
  uint64_t digest = qrt_digest(bytes, SIZE);
  for (size_t word = 0; word + 4 < WORDS; word++)
    for (size_t distance = 1; distance <= 4; distance++) {
      uint8_t damaged[SIZE];
      for (size_t i = 0; i < SIZE; i++) damaged[i] = bytes[i];
      for (size_t i = 0; i < 8; i++) {
        damaged[8 * word + i] = bytes[8 * (word + distance) + i];
        damaged[8 * (word + distance) + i] = bytes[8 * word + i];
      }
      ck_assert_uint_ne(qrt_digest(damaged, SIZE), digest);
    }
  for (size_t i = 1024; i < 2048; i++) bytes[i] = 0;
  ck_assert_uint_ne(qrt_digest(bytes, SIZE), digest);
  free(bytes);
}
END_TEST

// A flipped input bit flips each output bit about half of the time.
START_TEST(every_bit_matters) {
  enum { SIZE = 96, BITS = 8 * SIZE };
  uint8_t *bytes = pattern();
  uint64_t digest = qrt_digest(bytes, SIZE);
  unsigned changes[64] = {0};
  for (size_t i = 0; i < BITS; i++) {
    flip(bytes, i);
    uint64_t difference = qrt_digest(bytes, SIZE) ^ digest;
    for (unsigned bit = 0; bit < 64; bit++) changes[bit] += (unsigned)(difference >> bit & 1);
    flip(bytes, i);
  }
  for (unsigned bit = 0; bit < 64; bit++)
    ck_assert_msg(changes[bit] > BITS * 2 / 5 && changes[bit] < BITS * 3 / 5, "bit %u changed %u times of %d", bit,
                  changes[bit], BITS);
  free(bytes);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_digest");
  const TTest *tests[] = {texts,
                          zeros_differ_by_length,
                          patterns,
                          any_address,
                          one_and_two_flipped_bits_are_found,
                          swapped_words_and_zeroed_blocks_are_found,
                          every_bit_matters,
                          NULL};
  check_add(suite, "digest", tests);
  return check_main(suite);
}

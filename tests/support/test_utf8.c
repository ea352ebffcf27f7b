// Decoding of UTF-8, its refusals, and widths.
#include <string.h>

#include "support/utf8.h"
#include "tests/check_main.h"

static size_t encode(uint32_t code, char *out) {
  if (code < 0x80) return out[0] = (char)code, 1;
  size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = size; i-- > 1; code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
  out[0] = (char)(lead[size] | code);
  return size;
}

// Whether a character comes back from its own bytes, and from no fewer; surrogates must not come back at all.
static int comes_back(uint32_t code) {
  char bytes[4];
  size_t size = encode(code, bytes);
  uint32_t decoded = 0;
  size_t got = utf8_decode(bytes, size, &decoded);
  if (code >= 0xd800 && code <= 0xdfff) return got == 0;
  return got == size && decoded == code && (size == 1 || utf8_decode(bytes, size - 1, &decoded) == 0);
}

START_TEST(every_character_decodes) {
  for (uint32_t code = 0; code <= 0x10ffff; code++)
    if (!comes_back(code)) ck_abort_msg("character %x", code);
}
END_TEST

START_TEST(malformed_bytes_are_refused) {
  static const char *const bad[] = {
      "\x80",      "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",     "\xc3(",
      "\xe2\x82(", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xed\xa0\x80",
      "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint32_t code = 0;
    ck_assert_uint_eq(utf8_decode(bad[i], strlen(bad[i]), &code), 0);
  }
}
END_TEST

START_TEST(widths) {
  ck_assert_uint_eq(utf8_width('a'), 1);
  ck_assert_uint_eq(utf8_width(0xe9), 1);
  ck_assert_uint_eq(utf8_width(0x301), 0);
  ck_assert_uint_eq(utf8_width(0x4f60), 2);
  ck_assert_uint_eq(utf8_width(0x1f600), 2);
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/utf8");
  check_add(s, "utf8", (const TTest *const[]){every_character_decodes, malformed_bytes_are_refused, widths, NULL});
  return check_main(s);
}

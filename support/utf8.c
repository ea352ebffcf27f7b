// UTF-8 as a terminal shows it.
#include "support/utf8.h"

typedef struct range {
  uint32_t first;
  uint32_t last;
  unsigned width;
} range;

// Everything outside these ranges is one column wide.
static const range widths[] = {
    {.first = 0x0300, .last = 0x036f, .width = 0},   {.first = 0x1100, .last = 0x115f, .width = 2},
    {.first = 0x200b, .last = 0x200f, .width = 0},   {.first = 0x20d0, .last = 0x20ff, .width = 0},
    {.first = 0x2e80, .last = 0xa4cf, .width = 2},   {.first = 0xac00, .last = 0xd7a3, .width = 2},
    {.first = 0xf900, .last = 0xfaff, .width = 2},   {.first = 0xfe00, .last = 0xfe0f, .width = 0},
    {.first = 0xfe30, .last = 0xfe6f, .width = 2},   {.first = 0xff00, .last = 0xff60, .width = 2},
    {.first = 0xffe0, .last = 0xffe6, .width = 2},   {.first = 0x1f300, .last = 0x1faff, .width = 2},
    {.first = 0x20000, .last = 0x3fffd, .width = 2},
};

unsigned utf8_width(uint32_t code) {
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
    if (code >= widths[i].first && code <= widths[i].last) return widths[i].width;
  return 1;
}

// Bytes of the character that begins with `lead`; 0 for a byte that cannot begin one.
static size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  static const unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  size_t size = sequence_length((unsigned char)text[0]);
  if (size == 0 || size > length) return 0;
  uint32_t value = (unsigned char)text[0] & lead_mask[size];
  for (size_t i = 1; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c & 0xc0) != 0x80) return 0;
    value = value << 6 | (c & 0x3f);
  }
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  *code = value;
  return size;
}

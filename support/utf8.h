// UTF-8 as a terminal shows it.
#ifndef QCC_SUPPORT_UTF8_H
#define QCC_SUPPORT_UTF8_H

#include <stddef.h>
#include <stdint.h>

// Decodes the character that starts at `text` (`length` bytes are there, at least 1) into *code. Returns its length in
// bytes; 0 when the bytes are not well-formed UTF-8 (overlong forms and surrogates included).
size_t utf8_decode(const char *text, size_t length, uint32_t *code);

// Columns a character takes: 0 for combining marks, 2 for wide East Asian characters and emoji, else 1.
unsigned utf8_width(uint32_t code);

#endif

// Small pieces of text that several printers share: names, numbers and strings as the IR's text form has them.
#ifndef QCC_SUPPORT_TEXT_H
#define QCC_SUPPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "support/vec.h"

// Text as it is, and a whole number: most of what is printed, which is why it does without formats.
void text_put(strbuf *out, const char *text);
void text_int(strbuf *out, int64_t value);

// The shortest decimal that reads back as the same double; "inf", "-inf", "nan", "-nan". Integers get ".0" only where
// `always_real` asks for a text that cannot be taken for an integer.
void text_real(strbuf *out, double value, int always_real);

// A name as it is when it consists of letters, digits, "_", "." and "-" and does not begin with a digit or "-";
// otherwise quoted.
void text_name(strbuf *out, const char *name);

// The same for names after "%", where a digit may come first.
void text_value_name(strbuf *out, const char *name);

// A quoted string: control characters, quotes, backslashes as escapes; other bytes as they are.
void text_quoted(strbuf *out, const char *text);

// x"00ff": bytes in hexadecimal.
void text_bytes(strbuf *out, const uint8_t *bytes, size_t count);

#endif

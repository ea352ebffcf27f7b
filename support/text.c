// Numbers, names and strings as text.
#include "support/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"

void text_put(strbuf *out, const char *text) { strbuf_write(out, text, strlen(text)); }

void text_int(strbuf *out, int64_t value) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do digits[--at] = (char)('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (value < 0) digits[--at] = '-';
  strbuf_write(out, digits + at, sizeof digits - at);
}

static void text_special(strbuf *out, double value) {
  if (signbit(value)) strbuf_putc(out, '-');
  text_put(out, isnan(value) ? "nan" : "inf");
}

void text_real(strbuf *out, double value, int always_real) {
  if (!isfinite(value)) {
    text_special(out, value);
    return;
  }
  if (fabs(value) < 1e6 && value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
    text_int(out, (int64_t)value);
    if (always_real) text_put(out, ".0");
    return;
  }
  char text[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (fp_bits64(strtod(text, NULL)) == fp_bits64(value)) break;
  }
  text_put(out, text);
  if (always_real && strpbrk(text, ".e") == NULL) text_put(out, ".0");
}

static int is_plain(const char *name) {
  for (const char *p = name; *p != '\0'; p++)
    if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.' && (*p != '-' || p == name)) return 0;
  return name[0] != '\0';
}

void text_name(strbuf *out, const char *name) {
  if (is_plain(name) && !isdigit((unsigned char)name[0]) && name[0] != '.')
    text_put(out, name);
  else
    text_quoted(out, name);
}

void text_value_name(strbuf *out, const char *name) {
  if (is_plain(name))
    text_put(out, name);
  else
    text_quoted(out, name);
}

static void text_escaped(strbuf *out, unsigned char c) {
  if (c == '"' || c == '\\')
    strbuf_printf(out, "\\%c", c);
  else if (c < 0x20 || c == 0x7f)
    strbuf_printf(out, "\\x%02x", c);
  else
    strbuf_putc(out, (char)c);
}

void text_quoted(strbuf *out, const char *text) {
  strbuf_putc(out, '"');
  for (const char *p = text; *p != '\0'; p++) text_escaped(out, (unsigned char)*p);
  strbuf_putc(out, '"');
}

void text_bytes(strbuf *out, const uint8_t *bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";
  text_put(out, "x\"");
  for (size_t i = 0; i < count; i++) {
    strbuf_putc(out, digits[bytes[i] >> 4]);
    strbuf_putc(out, digits[bytes[i] & 15]);
  }
  strbuf_putc(out, '"');
}

// Numbers, names and strings of the IR's text form.
#include "ir/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"

static void text_special(strbuf *out, double value) {
  if (signbit(value)) strbuf_putc(out, '-');
  strbuf_printf(out, "%s", isnan(value) ? "nan" : "inf");
}

void text_real(strbuf *out, double value, int always_real) {
  if (!isfinite(value)) {
    text_special(out, value);
    return;
  }
  char text[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (fp_bits64(strtod(text, NULL)) == fp_bits64(value)) break;
  }
  strbuf_printf(out, "%s", text);
  if (always_real && strpbrk(text, ".e") == NULL) strbuf_printf(out, ".0");
}

static int is_plain(const char *name) {
  for (const char *p = name; *p != '\0'; p++)
    if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.' && (*p != '-' || p == name)) return 0;
  return name[0] != '\0';
}

void text_name(strbuf *out, const char *name) {
  if (is_plain(name) && !isdigit((unsigned char)name[0]) && name[0] != '.')
    strbuf_printf(out, "%s", name);
  else
    text_quoted(out, name);
}

void text_value_name(strbuf *out, const char *name) {
  if (is_plain(name))
    strbuf_printf(out, "%s", name);
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
  strbuf_printf(out, "x\"");
  for (size_t i = 0; i < count; i++) strbuf_printf(out, "%02x", bytes[i]);
  strbuf_putc(out, '"');
}

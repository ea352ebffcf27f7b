// What the scanner's actions do: places, names, numbers, comments, and complaints about characters.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/parse.h"
#include "q_parse.h"
#include "support/utf8.h"

src_loc fe_scan_advance(fe_parser *p, const char *text, size_t length) {
  src_loc loc = {.file = p->file, .line = p->line, .column = p->column};
  for (size_t i = 0; i < length; i++) {
    bool newline = text[i] == '\n';
    p->line += newline;
    p->column = newline ? 1 : p->column + 1;
  }
  p->offset += length;
  p->scan_length = length;
  loc.end_line = p->line;
  loc.end_column = p->column;
  return loc;
}

void fe_scan_error(fe_parser *p, src_loc loc, const char *message) {
  p->last_error = loc; // what the grammar then says about the same place would be noise
  diag_error(p->d, loc, "%s", message);
}

void fe_scan_begin_block(fe_parser *p, src_loc loc) { p->block = loc; }

src_loc fe_scan_open_comment(fe_parser *p) {
  fe_scan_error(p, p->block, "this comment has no end");
  diag_hint(p->d, "a comment that begins with '/*' ends with '*/'");
  p->quiet = true;
  return fe_scan_advance(p, "", 0);
}

// ---- text of tokens ----

// The place of byte `at` within a token on one line.
static src_loc byte_in(src_loc loc, size_t at, size_t size) {
  loc.column += (unsigned)at;
  loc.end_line = loc.line;
  loc.end_column = loc.column + (unsigned)size;
  return loc;
}

// Reports the first byte that is no well-formed UTF-8, or a control character that is not `allowed`.
static bool check_text(fe_parser *p, src_loc loc, const char *text, size_t length, const char *allowed) {
  for (size_t i = 0; i < length;) {
    uint32_t code;
    size_t size = utf8_decode(text + i, length - i, &code);
    if (size == 0) {
      diag_error(p->d, byte_in(loc, i, 1), "this is not UTF-8 text (byte 0x%02x)", (unsigned)(unsigned char)text[i]);
      return false;
    }
    bool control = code < 0x20 || code == 0x7f;
    if (control && (code == 0 || strchr(allowed, (int)code) == NULL)) {
      diag_error(p->d, byte_in(loc, i, 1), "control character 0x%02x in the text", (unsigned)code);
      return false;
    }
    i += size;
  }
  return true;
}

ast_name fe_scan_name(fe_parser *p, src_loc loc, const char *text, size_t length) {
  return (ast_name){.text = arena_strndup(p->mem, text, length), .loc = loc};
}

ast_name fe_scan_string(fe_parser *p, src_loc loc, const char *text, size_t length) {
  if (!check_text(p, loc, text, length, "")) return fe_scan_name(p, loc, "?", 1);
  char *out = ARENA_ARRAY(p->mem, char, length);
  size_t count = 0;
  for (size_t i = 1; i + 1 < length; i++) {
    if (text[i] == '\\' && text[++i] != '"' && text[i] != '\\') {
      diag_error(p->d, byte_in(loc, i - 1, 2), "unknown escape in a string");
      diag_hint(p->d, "only \\\" and \\\\ are escapes");
    }
    out[count++] = text[i];
  }
  return fe_scan_name(p, loc, out, count);
}

int64_t fe_scan_int(fe_parser *p, src_loc loc, const char *text) {
  bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  errno = 0;
  long long value = strtoll(text, NULL, hex ? 16 : 10);
  if (errno == 0) return value;
  diag_error(p->d, loc, "this integer does not fit in 64 bits");
  diag_hint(p->d, "the largest is 9223372036854775807");
  return 1;
}

double fe_scan_real(fe_parser *p, src_loc loc, const char *text) {
  double value = strtod(text, NULL);
  if (isfinite(value)) return value;
  fe_scan_error(p, loc, "this number is too large for a double");
  return 1;
}

// ---- characters that begin no token ----

void fe_scan_bad(fe_parser *p, src_loc loc, const char *text, size_t length) {
  if (!check_text(p, loc, text, length, "")) return;
  diag_error(p->d, loc, "unexpected '%.*s'", length > 40 ? 40 : (int)length, text);
  if (text[0] == '\'') diag_hint(p->d, "strings are written with double quotes");
}

void fe_scan_hash(fe_parser *p, src_loc loc) {
  fe_scan_error(p, loc, "unexpected '#'");
  diag_hint(p->d, "comments begin with '//'");
}

void fe_scan_mark(fe_parser *p, src_loc loc) {
  if (p->offset > p->scan_length) fe_scan_error(p, loc, "a byte order mark (U+FEFF) within the text");
}

// ---- words that are names as well ----

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool fe_scan_bounds_follow(const fe_parser *p) {
  size_t at = p->offset;
  while (at < p->length && is_blank(p->text[at])) at++;
  if (at == p->offset || at == p->length) return false;
  return isalnum((unsigned char)p->text[at]) || p->text[at] == '_' || p->text[at] == '(';
}

// The character after the blanks that follow; 0 at the end of the text.
static char next_character(const fe_parser *p) {
  size_t at = p->offset;
  while (at < p->length && is_blank(p->text[at])) at++;
  return at < p->length ? p->text[at] : '\0';
}

static bool begins_operand(char c) { return isalnum((unsigned char)c) || strchr("_(\"[-!~", c) != NULL; }

static bool begins_statement(const fe_parser *p) {
  return p->history[0] == 0 || p->history[0] == START_FILE || p->history[0] == ';' || p->history[0] == '{' ||
         p->history[0] == '}';
}

static bool ends_operand(int token) { return token == NAME || token == INT || token == ')' || token == ']'; }

typedef struct word_row {
  const char *text;
  int token;
  const char *next; // characters that may follow besides those that begin a name
} word_row;

static const word_row words[] = {
    {"operator", OPERATOR, ""},
    {"network", NETWORK, ""},
    {"block", BLOCK, ""},
    {"entry", ENTRY, ""},
    {"state", STATE, "\""},
    {"for", FOR, "["},
    {"if", IF, "(!-~0123456789"},
    {"loop", LOOP, ""},
    {"require", REQUIRE, "(!-~0123456789"},
    {"return", RETURN, "(!-~[0123456789;\""},
};

int fe_scan_word(fe_parser *p, src_loc loc, const char **doc, const char *text) {
  char next = next_character(p);
  if (strcmp(text, "in") == 0) return p->in_for && (p->history[0] == NAME || p->history[0] == ']') ? IN : NAME;
  if (strcmp(text, "step") == 0) return p->in_dim && ends_operand(p->history[0]) && begins_operand(next) ? STEP : NAME;
  if (strcmp(text, "ring") == 0)
    return (p->history[0] == '[' || p->history[0] == ',') && begins_operand(next) ? RING : NAME;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    bool follows_else = words[i].token == IF && p->history[0] == ELSE;
    if (strcmp(text, words[i].text) != 0 || (!begins_statement(p) && !follows_else)) continue;
    bool follows = isalpha((unsigned char)next) || next == '_' || (next != '\0' && strchr(words[i].next, next) != NULL);
    if (!follows) return NAME;
    if (words[i].token == OPERATOR) *doc = fe_scan_doc(p, loc);
    return words[i].token;
  }
  return NAME;
}

int fe_scan_beginning(const fe_parser *p, const char *text) {
  static const struct {
    const char *text;
    int token;
  } beginnings[] = {{"const", CONST}, {"include", INCLUDE}, {"model", MODEL},    {"quantize", QUANTIZE},
                    {"dim", DIM},     {"input", INPUT},     {"layout", LAYOUT},  {"output", OUTPUT},
                    {"table", TABLE}, {"value", VALUE},     {"weights", WEIGHTS}};
  if (!begins_statement(p)) return NAME;
  size_t i = 0;
  while (strcmp(beginnings[i].text, text) != 0) i++;
  return beginnings[i].token;
}

// ---- comments ----

// Only blanks lie between the byte `at` and the beginning of its line.
static bool begins_line(const fe_parser *p, size_t at) {
  while (at > 0 && (p->text[at - 1] == ' ' || p->text[at - 1] == '\t')) at--;
  return at == 0 || p->text[at - 1] == '\n';
}

void fe_scan_comment(fe_parser *p, const char *text, size_t length) {
  size_t begin = p->offset - length;
  src_loc loc = {.file = p->file, .line = p->line, .column = p->column - (unsigned)length};
  check_text(p, loc, text, length, "\t\r");
  if (p->comment.last_line == 0 || p->comment.last_line + 1 != p->line) p->comment.begin = begin;
  p->comment.end = p->offset;
  p->comment.last_line = begins_line(p, begin) ? p->line : 0;
}

// Appends one line of a comment without its slashes and the blanks around it. Returns where the next line begins.
static size_t add_doc_line(strbuf *out, const char *text, size_t at, size_t end) {
  const char *newline = memchr(text + at, '\n', end - at);
  size_t stop = newline == NULL ? end : (size_t)(newline - text), next = stop + (newline != NULL);
  while (at < stop && strchr("/ \t", text[at]) != NULL) at++;
  while (stop > at && strchr(" \t\r", text[stop - 1]) != NULL) stop--;
  if (out->len > 0) strbuf_putc(out, '\n');
  strbuf_write(out, text + at, stop - at);
  return next;
}

const char *fe_scan_doc(fe_parser *p, src_loc loc) {
  if (p->comment.last_line == 0 || p->comment.last_line + 1 != loc.line) return NULL;
  strbuf out = {.mem = p->mem};
  for (size_t at = p->comment.begin; at < p->comment.end;) at = add_doc_line(&out, p->text, at, p->comment.end);
  return strbuf_text(&out);
}

// What the scanner's actions do: places, names, numbers, comments, and complaints about characters.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/parse.h"
#include "support/utf8.h"

src_loc fe_scan_advance(fe_parser *p, const char *text, size_t length) {
  src_loc loc = {.file = p->file, .line = p->line, .column = p->column};
  for (size_t i = 0; i < length; i++) {
    bool newline = text[i] == '\n';
    p->line += newline;
    bool escaped = p->in_string && (text[i] == '"' || text[i] == '\\');
    p->column = newline ? 1 : p->column + 1 + escaped;
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
    bool escape = text[i] == '\\';
    i += escape;
    if (escape && text[i] == '{') out[count++] = '{'; // twice: one that begins no expression
    if (escape && strchr("\"\\{", text[i]) == NULL) {
      diag_error(p->d, byte_in(loc, i - 1, 2), "unknown escape in a string");
      diag_hint(p->d, "only \\\", \\\\ and \\{ are escapes");
    }
    out[count++] = text[i];
  }
  return fe_scan_name(p, loc, out, count);
}

ast_name fe_scan_braces(fe_parser *p, src_loc loc, const char *text) {
  size_t length = strcspn(text, "{");
  fe_scan_error(p, byte_in(loc, length, 1), "unexpected '{'");
  diag_hint(p->d,
            "one of several tensors is written x[j]; x[m] in the place of a parameter or result declares m of them");
  return fe_scan_name(p, loc, text, length);
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

// What comes after a word.
enum {
  NAME_FOLLOWS = 1,
  DIGIT_FOLLOWS = 2,
  STRING_FOLLOWS = 4,
  BRACE_FOLLOWS = 8,
  PARENTHESIS_FOLLOWS = 16,
  LIST_FOLLOWS = 32,
  END_FOLLOWS = 64,     // ;
  TARGET_FOLLOWS = 128, // what makes a statement's left side of a name: = : + *
  COMMA_FOLLOWS = 512,
  OTHER_FOLLOWS = 256,
  VALUE_FOLLOWS = NAME_FOLLOWS | DIGIT_FOLLOWS | STRING_FOLLOWS | PARENTHESIS_FOLLOWS | LIST_FOLLOWS | OTHER_FOLLOWS
};

enum {
  DECLARATIONS = FE_ITEM_NONE | FE_ITEM_SCHEME | FE_ITEM_QUANTIZE,
  STATEMENTS = FE_ITEM_NETWORK | FE_ITEM_CODE,
  ANYWHERE = DECLARATIONS | STATEMENTS
};

typedef struct word_rule {
  const char *text;
  unsigned always; // the items in which it is a word wherever it stands
  unsigned begins; // those in which it is one where a declaration or statement begins,
  unsigned follow; // and one of these comes next
} word_rule;

static const word_rule word_rules[] = {
    {"block", 0, ANYWHERE, NAME_FOLLOWS},
    {"const", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"dim", DECLARATIONS, STATEMENTS, NAME_FOLLOWS | DIGIT_FOLLOWS},
    {"entry", 0, ANYWHERE, NAME_FOLLOWS},
    {"if", 0, ANYWHERE, VALUE_FOLLOWS},
    {"include", DECLARATIONS, STATEMENTS, STRING_FOLLOWS},
    {"input", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"layout", DECLARATIONS, 0, 0},
    {"loop", 0, ANYWHERE, NAME_FOLLOWS},
    {"model", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"network", 0, ANYWHERE, NAME_FOLLOWS},
    {"operator", 0, ANYWHERE, NAME_FOLLOWS},
    {"output", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"per", DECLARATIONS, 0, 0},
    {"quantize", DECLARATIONS, STATEMENTS, BRACE_FOLLOWS},
    {"require", 0, ANYWHERE, VALUE_FOLLOWS},
    {"return", 0, ANYWHERE, VALUE_FOLLOWS | END_FOLLOWS},
    {"rule", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"scheme", DECLARATIONS, STATEMENTS, NAME_FOLLOWS},
    {"sparse", DECLARATIONS, 0, 0},
    {"state", 0, ANYWHERE, NAME_FOLLOWS},
    {"table", DECLARATIONS, 0, 0},
    {"tensor", DECLARATIONS, 0, 0},
    {"value", DECLARATIONS, 0, 0},
    {"weights", DECLARATIONS, FE_ITEM_NETWORK,
     NAME_FOLLOWS | DIGIT_FOLLOWS | STRING_FOLLOWS | END_FOLLOWS | COMMA_FOLLOWS | OTHER_FOLLOWS},
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool is_letter(char c) { return isalpha((unsigned char)c) || c == '_'; }

static size_t skip_blanks(const fe_parser *p, size_t at) {
  while (at < p->length && is_blank(p->text[at])) at++;
  return at;
}

static char char_at(const fe_parser *p, size_t at) { return at < p->length ? p->text[at] : '\0'; }

char fe_scan_next(const fe_parser *p) { return char_at(p, p->offset); }

static unsigned what_follows(const fe_parser *p) {
  size_t at = skip_blanks(p, p->offset);
  char c = char_at(p, at), next = char_at(p, at + 1);
  bool extreme = c == 'm' && next != '\0' && strchr("ai", next) != NULL && strchr("xn", char_at(p, at + 2)) != NULL;
  if (extreme && char_at(p, at + 3) == '=' && char_at(p, at + 4) != '=') return TARGET_FOLLOWS; // max=
  if (is_letter(c)) return NAME_FOLLOWS;
  if (isdigit((unsigned char)c)) return DIGIT_FOLLOWS;
  if (c == '=' && next == '=') return OTHER_FOLLOWS;
  switch (c) {
  case '"': return STRING_FOLLOWS;
  case '{': return BRACE_FOLLOWS;
  case '(': return PARENTHESIS_FOLLOWS;
  case '[': return LIST_FOLLOWS;
  case ';': return END_FOLLOWS;
  case ',': return COMMA_FOLLOWS;
  case '=':
  case ':':
  case '+':
  case '*': return TARGET_FOLLOWS;
  default: return OTHER_FOLLOWS;
  }
}

// `for x ..`, or `for [x, y] in ..`; but `for[i] = ..` is a statement about something of that name.
static bool begins_for(const fe_parser *p) {
  size_t at = skip_blanks(p, p->offset);
  if (char_at(p, at) != '[') return is_letter(char_at(p, at));
  at++;
  while (is_letter(char_at(p, at)) || is_blank(char_at(p, at)) || isdigit((unsigned char)char_at(p, at)) ||
         char_at(p, at) == ',')
    at++;
  if (char_at(p, at) != ']') return false;
  at = skip_blanks(p, at + 1);
  return char_at(p, at) == 'i' && char_at(p, at + 1) == 'n' && !is_letter(char_at(p, at + 2));
}

static bool is_bound_of_part(const fe_parser *p) {
  unsigned follow = what_follows(p);
  return is_blank(char_at(p, p->offset)) && (follow & (NAME_FOLLOWS | DIGIT_FOLLOWS | PARENTHESIS_FOLLOWS)) != 0;
}

static bool is_else(const fe_parser *p) {
  if (p->words.after_brace) return (what_follows(p) & (NAME_FOLLOWS | BRACE_FOLLOWS)) != 0;
  return p->words.operand;
}

static bool is_ring(const fe_parser *p) {
  bool size_follows = (what_follows(p) & (NAME_FOLLOWS | DIGIT_FOLLOWS | PARENTHESIS_FOLLOWS)) != 0;
  return p->words.in_state && p->words.opens && size_follows;
}

// Words within declarations and statements.
static bool is_inner_word(const fe_parser *p, const char *text) {
  const fe_words *w = &p->words;
  if (strcmp(text, "else") == 0) return is_else(p);
  if (strcmp(text, "for") == 0) return w->begins && begins_for(p);
  if (strcmp(text, "if") == 0) return w->after_else;
  if (strcmp(text, "in") == 0) return w->in_for && w->operand;
  if (strcmp(text, "step") == 0) return w->in_dim && w->operand;
  return strcmp(text, "ring") == 0 && is_ring(p);
}

bool fe_scan_is_word(const fe_parser *p, const char *text) {
  bool top = p->words.item == 0 || (p->words.begins && p->words.depth == 0);
  fe_item item = top ? FE_ITEM_NONE : p->words.item;
  if (strcmp(text, "weights") == 0 && p->words.depth > 1 && item == FE_ITEM_NETWORK) return false; // in an entry
  if (strcmp(text, "rows") == 0 || strcmp(text, "columns") == 0) return item == FE_ITEM_SCHEME && is_bound_of_part(p);
  if (is_inner_word(p, text)) return true;
  for (size_t i = 0; i < sizeof word_rules / sizeof *word_rules; i++) {
    const word_rule *rule = &word_rules[i];
    if (strcmp(rule->text, text) != 0) continue;
    if ((rule->always & item) != 0) return true;
    return p->words.begins && (rule->begins & item) != 0 && (rule->follow & what_follows(p)) != 0;
  }
  return false;
}

void fe_scan_give_back(fe_parser *p, src_loc *loc, unsigned length) {
  p->offset -= length;
  p->scan_length -= length;
  p->column -= length;
  loc->end_column -= length;
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

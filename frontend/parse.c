// One parse of one text, and the wording of syntax errors.
#include "frontend/parse.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "frontend/frontend.h"
#include "frontend/tree.h"
#include "support/file.h"

enum { MAX_TEXT = 16 << 20, MAX_SHOWN = 40, MAX_LISTED = 8 };

// ---- syntax errors ----

void fe_note_token(fe_parser *p, src_loc loc, bool at_end) {
  p->previous = p->token;
  size_t begin = p->offset;
  if (!at_end) begin -= p->scan_length;
  p->token = (fe_token_place){.begin = begin, .end = p->offset, .loc = loc};
}

static const char end_name[] = "the end of the file";

// The token as messages show it.
static const char *show_token(const fe_parser *p, fe_token_place token) {
  size_t length = token.end - token.begin;
  if (length == 0) return p->entry == FE_ENTRY_EXPR ? "'}'" : end_name;
  if (length > MAX_SHOWN) return arena_printf(p->mem, "'%.*s...'", MAX_SHOWN, p->text + token.begin);
  return arena_printf(p->mem, "'%.*s'", (int)length, p->text + token.begin);
}

static bool has(size_t count, const char *const *names, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

// Tokens that begin an expression, or that go on after one: nobody wants to see them listed.
static const char *const begins_expr[] = {"a name", "an integer", "a number", "a string", "'('",
                                          "'['",    "'-'",        "'~'",      "'!'"};
static const char *const goes_on[] = {"'+'",  "'-'", "'*'", "'/'",  "'%'",  "'&'",  "'|'",    "'^'",
                                      "'?'",  "'<'", "'>'", "'<<'", "'>>'", "'<='", "'>='",   "'=='",
                                      "'!='", "'['", "'('", "'.'",  "'&&'", "'||'", "'else'", "'..'"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

// Words that begin something, and what they are called together.
typedef struct word_group {
  const char *sign; // one that only this group has
  const char *name;
  const char *words[12];
} word_group;

static const word_group word_groups[] = {
    {"'scheme'",
     "a declaration",
     {"'rule'", "'scheme'", "'operator'", "'block'", "'const'", "'include'", "'model'", "'network'", "'quantize'",
      "'weights'"}},
    {"'entry'", "a declaration", {"'dim'", "'input'", "'output'", "'weights'", "'state'", "'block'", "'entry'"}},
    {"'if'", "a statement", {"'if'", "'for'", "'loop'", "'require'", "'return'", "'const'", "a name"}},
};

static bool in_group(const word_group *group, const char *word) {
  for (size_t i = 0; i < COUNT(group->words) && group->words[i] != NULL; i++)
    if (strcmp(group->words[i], word) == 0) return true;
  return false;
}

static bool in_any_group(size_t count, const char *const *expected, const char *word) {
  for (size_t g = 0; g < COUNT(word_groups); g++)
    if (has(count, expected, word_groups[g].sign) && in_group(&word_groups[g], word)) return true;
  return false;
}

// Shortens the list of expected tokens to what helps. Returns how many are left.
static size_t choose_expected(const fe_parser *p, size_t count, const char *const *expected, const char **out) {
  bool ends = has(count, expected, "';'");
  if (ends) out[0] = "';'";
  if (ends && p->token.loc.line > p->previous.loc.end_line) return 1; // the statement ended with its line
  bool begins = has(count, expected, "an integer"), operators = has(count, expected, "'%'");
  size_t n = ends;
  if (begins) out[n++] = "an expression";
  for (size_t g = 0; g < COUNT(word_groups); g++)
    if (has(count, expected, word_groups[g].sign)) out[n++] = word_groups[g].name;
  for (size_t i = 0; i < count; i++) {
    if (ends && strcmp(expected[i], "';'") == 0) continue;
    if (strcmp(expected[i], end_name) == 0 || strcmp(expected[i], "'rows' or 'columns'") == 0) continue;
    if (in_any_group(count, expected, expected[i])) continue;
    if (strcmp(expected[i], "':='") == 0 && has(count, expected, "'='")) continue;
    if (begins && has(COUNT(begins_expr), begins_expr, expected[i])) continue;
    if (operators && has(COUNT(goes_on), goes_on, expected[i])) continue;
    out[n++] = expected[i];
  }
  if (has(count, expected, end_name)) out[n++] = p->entry == FE_ENTRY_EXPR ? "'}'" : end_name;
  return n;
}

static const char *list_expected(const fe_parser *p, size_t count, const char *const *names) {
  strbuf out = {.mem = p->mem};
  for (size_t i = 0; i < count; i++) strbuf_printf(&out, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i]);
  return strbuf_text(&out);
}

// Something that closes is missing: the place is right after the token before, not at the innocent one that follows.
static src_loc error_place(const fe_parser *p, size_t count, const char *const *names) {
  bool closes = count > 0;
  for (size_t i = 0; i < count; i++) closes = closes && names[i][0] == '\'' && strchr(";,)]}", names[i][1]) != NULL;
  src_loc before = p->previous.loc;
  if (!closes || before.line == 0 || before.end_line == p->token.loc.line) return p->token.loc;
  before.line = before.end_line;
  before.column = before.end_column;
  return before;
}

// Words that only begin declarations: one of them inside of a block means that the block was not closed.
static bool begins_item(const char *token) {
  static const char *const words[] = {"'scheme'", "'model'", "'network'", "'operator'", "'quantize'", "'include'"};
  return has(COUNT(words), words, token);
}

static bool same_start(src_loc a, src_loc b) { return a.line != 0 && a.line == b.line && a.column == b.column; }

static bool compares(const char *token) { return strchr("<>=!", token[1]) != NULL && strcmp(token, "'='") != 0; }

static bool is_word(const fe_parser *p, fe_token_place token) {
  return token.end > token.begin && isalpha((unsigned char)p->text[token.begin]);
}

// What helps where one token was expected and another came. `got` is the token, or stands for many: "a" for words, "0" for
// numbers.
static const struct {
  const char *expected, *got, *hint;
} syntax_hints[] = {
    {"a string", "a", "names of layers and of files stand in quotes, as in \"fc1\""},
    {"a string", "':'", "names of layers and of files stand in quotes, as in \"fc1\""},
    {"a string", "'*'", "patterns of names stand in quotes, as in \"*\""},
    {"'{'", "'..'", "`for i < n` counts from 0 to n - 1; `for x in list` takes the elements of a list"},
    {"'in'", "'='", "`for i < n` counts from 0 to n - 1; `for x in list` takes the elements of a list"},
    {"'{'", "'->'", "results are named where they are returned: return y = x;"},
    {"only '{'", "a", "the statements of operators, blocks, if, for and loop stand in braces: if c { y = x; }"},
    {"'='", "max", "max= and min= are written in one piece: y[i] max= x[i];"},
    {"'='", "min", "max= and min= are written in one piece: y[i] max= x[i];"},
    {"':'", "';'", "its type is missing, as in x : f32[64] or code : u4"},
    {"a name", "'['", "a type begins with its kind of numbers, as in f32[64]"},
    {"'<='", "';'", "its bound is missing, as in dim batch <= 64"},
    {"')'", "0", "arguments are named, as in (group = 64)"},
    {"'='", "')'", "a parameter has a value, as in (group = 64)"},
};

static bool is_text(const fe_parser *p, const char *word) {
  size_t length = p->token.end - p->token.begin;
  return length == strlen(word) && memcmp(p->text + p->token.begin, word, length) == 0;
}

static bool token_is(const fe_parser *p, const char *pattern, const char *got) {
  if (pattern[0] == 'm') return is_text(p, pattern);
  if (pattern[0] == 'a') return is_word(p, p->token);
  if (pattern[0] != '0') return strcmp(pattern, got) == 0;
  return p->token.end > p->token.begin && isdigit((unsigned char)p->text[p->token.begin]);
}

// Operators of other languages.
static bool hint_operator(const fe_parser *p) {
  static const char *const words[] = {"and", "or", "not", "if"};
  bool touches = p->token.begin == p->previous.end && p->previous.end > p->previous.begin;
  char before = touches ? p->text[p->previous.begin] : ' ';
  bool is_power = before == '*' && is_text(p, "*");
  bool is_logic = false;
  for (size_t i = 0; i < COUNT(words); i++) is_logic = is_logic || is_text(p, words[i]);
  if (is_power) diag_hint(p->d, "there is no operator for powers: write x * x, or exp2(x) for those of 2");
  if (is_logic) diag_hint(p->d, "conditions are combined by &&, || and !, and c ? a : b chooses");
  return is_power || is_logic;
}

static bool expects(size_t count, const char *const *names, const char *wanted) {
  static const char only[] = "only ";
  if (strncmp(wanted, only, sizeof only - 1) != 0) return has(count, names, wanted);
  return count == 1 && strcmp(names[0], wanted + sizeof only - 1) == 0;
}

static void hint_syntax(const fe_parser *p, size_t count, const char *const *names, const char *got) {
  bool touches = p->token.begin == p->previous.end && is_word(p, p->previous);
  if (touches && is_text(p, ".") && has(count, names, "a string")) {
    diag_hint(p->d, "names of layers and of files stand in quotes, as in \"fc1\"");
    return;
  }
  if (touches && (is_text(p, "-") || is_text(p, "."))) {
    diag_hint(p->d, "a name is letters, digits and '_', and a file's scheme is named without its ending");
    return;
  }
  if (hint_operator(p)) return;
  for (size_t i = 0; i < COUNT(syntax_hints); i++) {
    if (!expects(count, names, syntax_hints[i].expected) || !token_is(p, syntax_hints[i].got, got)) continue;
    diag_hint(p->d, "%s", syntax_hints[i].hint);
    return;
  }
}

bool fe_take_failure(fe_parser *p) {
  bool failed = p->item_failed;
  p->item_failed = false;
  return failed;
}

void fe_syntax_error(fe_parser *p, size_t count, const char *const *expected) {
  const char **names = ARENA_ARRAY(p->mem, const char *, count + 1);
  size_t n = choose_expected(p, count, expected, names);
  src_loc loc = error_place(p, n, names);
  p->item_failed = true;
  if (p->quiet || same_start(loc, p->last_error) || same_start(p->previous.loc, p->last_error)) return;
  p->last_error = loc;
  const char *got = show_token(p, p->token);
  const char *after =
      p->previous.end > p->previous.begin ? arena_printf(p->mem, " after %s", show_token(p, p->previous)) : "";
  if (n > 0 && n <= MAX_LISTED)
    diag_error(p->d, loc, "expected %s%s, got %s", list_expected(p, n, names), after, got);
  else
    diag_error(p->d, loc, "unexpected %s%s", got, after);
  if (has(n, names, "'}'") && begins_item(got))
    diag_hint(p->d, "is a '}' missing before it?");
  else if (has(n, names, "a name") && is_word(p, p->token))
    diag_hint(p->d, "%s is a reserved word; choose another name", got);
  else
    hint_syntax(p, n, names, got);
  if (has(n, names, "';'") && !has(n, names, "'<'") && compares(got))
    diag_hint(p->d, "comparisons do not chain; use parentheses");
}

void fe_too_deep(fe_parser *p, src_loc loc) {
  diag_error(p->d, loc, "brackets are nested too deeply");
  diag_hint(p->d, "no expression needs that; compute a part of it in a `const`");
}

// ---- entries ----

static fe_parser new_parser(diag *d, arena *a, const char *name, const char *text, size_t length, fe_entry entry) {
  fe_parser p = {.d = d, .mem = a, .text = text, .length = length, .line = 1, .column = 1, .entry = entry};
  p.file = diag_add_source(d, name, text, length);
  return p;
}

// A NUL is in no text. The scanner must not see one: flex takes each for the end of its buffer at first, and then reads
// the token so far again, which takes quadratic time in a long one.
static bool check_nul(fe_parser *p) {
  const char *nul = memchr(p->text, '\0', p->length);
  if (nul == NULL) return true;
  src_loc loc = fe_scan_advance(p, p->text, (size_t)(nul - p->text));
  fe_scan_error(p, (src_loc){.file = loc.file, .line = loc.end_line, .column = loc.end_column},
                "control character 0x00 in the text");
  diag_hint(p->d, "is this a `.q` file, and in UTF-8?");
  return false;
}

static bool check_text(fe_parser *p) {
  if (p->length <= MAX_TEXT) return p->length == 0 || check_nul(p);
  diag_error(p->d, (src_loc){.file = p->file}, "the text has %zu bytes, more than the %d allowed", p->length, MAX_TEXT);
  diag_hint(p->d, "is this a `.q` file? Weights belong into files of their own: weights \"file\";");
  return false;
}

ast *fe_parse(diag *d, arena *a, const char *name, const char *text, size_t length) {
  fe_parser p = new_parser(d, a, name, text, length, FE_ENTRY_FILE);
  size_t errors = diag_error_count(d);
  p.tree = ARENA_NEW(a, ast);
  p.tree->path = arena_strdup(a, name);
  p.tree->file = p.file;
  if (check_text(&p)) fe_parse_run(&p);
  p.tree->has_errors = diag_error_count(d) > errors;
  return p.tree;
}

ast *fe_parse_file(diag *d, arena *a, const char *path) {
  mapped_file file;
  if (!file_map(d, a, path, &file)) return NULL;
  size_t length = file.size;
  const char *text = arena_strndup(a, length == 0 ? "" : (const char *)file.data, length);
  file_unmap(&file);
  return fe_parse(d, a, path, text, length);
}

const ast_expr *fe_parse_reference(diag *d, arena *a, const char *name, const char *text) {
  fe_parser p = new_parser(d, a, name, text, strlen(text), FE_ENTRY_SCHEME);
  size_t errors = diag_error_count(d);
  if (check_text(&p)) fe_parse_run(&p);
  return diag_error_count(d) > errors ? NULL : p.scheme_ref;
}

// ---- templates ----

// The place of the byte `at` of a string's text. Quotes and backslashes take two places between the quotes.
static src_loc place_in(ast_name string, size_t at, size_t length) {
  src_loc loc = string.loc;
  loc.column++;
  for (size_t i = 0; i < at; i++) loc.column += string.text[i] == '"' || string.text[i] == '\\' ? 2 : 1;
  loc.end_line = loc.line;
  loc.end_column = loc.column + (unsigned)length;
  return loc;
}

// Where the expression that begins at `at` ends; braces in strings do not count.
static size_t find_brace(const char *text, size_t at) {
  bool quoted = false;
  for (; text[at] != '\0' && (quoted || text[at] != '}'); at++) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == '\\' && quoted && text[at + 1] != '\0') at++;
  }
  return at;
}

static const ast_expr *parse_expr(diag *d, arena *a, ast_name string, size_t at, size_t end) {
  src_loc loc = place_in(string, at, 1);
  fe_parser p = {.d = d, .mem = a, .text = arena_strndup(a, string.text + at, end - at), .length = end - at};
  size_t errors = diag_error_count(d);
  p.file = loc.file;
  p.line = loc.line;
  p.column = loc.column;
  p.entry = FE_ENTRY_EXPR;
  p.in_string = true;
  fe_parse_run(&p);
  return diag_error_count(d) > errors ? NULL : p.expr;
}

// Text up to the next expression; `{{` is a brace. Returns where it ends.
static size_t read_literal(arena *a, const char *text, size_t at, const char **out) {
  strbuf literal = {.mem = a};
  for (; text[at] != '\0'; at++) {
    if (text[at] == '{' && text[at + 1] != '{') break;
    at += text[at] == '{';
    strbuf_putc(&literal, text[at]);
  }
  *out = strbuf_text(&literal);
  return at;
}

bool fe_template_parts(diag *d, arena *a, ast_name string, fe_template *out) {
  *out = (fe_template){0};
  for (size_t at = 0; string.text[at] != '\0';) {
    fe_template_part part = {0};
    size_t begin = at;
    at = read_literal(a, string.text, at, &part.text);
    if (at > begin) vec_push(a, out, part);
    if (string.text[at] == '\0') break;
    size_t end = find_brace(string.text, at + 1);
    if (string.text[end] == '\0') {
      diag_error(d, place_in(string, at, 1), "this '{' has no '}'");
      diag_hint(d, "an expression stands between them, as in \"blk.{layer}\"; a brace is written \\{");
      return false;
    }
    part = (fe_template_part){.value = parse_expr(d, a, string, at + 1, end)};
    if (part.value == NULL) return false;
    vec_push(a, out, part);
    at = end + 1;
  }
  return true;
}

// Response files: `@file` stands for the words of that file.
#include <string.h>

#include "driver/options.h"
#include "support/file.h"

enum { MAX_DEPTH = 8 };

typedef struct scan {
  const char *at, *end;
} scan;

static bool is_space(char c) { return strchr(" \t\r\n\v\f", c) != NULL; }

// Takes one character of a word; quotes open and close, a backslash keeps what follows (but not within '').
static void take(scan *s, char *quote, strbuf *word) {
  char c = *s->at++;
  if (*quote == '\0' && (c == '"' || c == '\''))
    *quote = c;
  else if (c == *quote)
    *quote = '\0';
  else if (c == '\\' && *quote != '\'' && s->at < s->end)
    strbuf_putc(word, *s->at++);
  else
    strbuf_putc(word, c);
}

// The next word; NULL at the end.
static const char *next_word(arena *a, scan *s) {
  while (s->at < s->end && (*s->at == '\0' || is_space(*s->at))) s->at++;
  if (s->at == s->end) return NULL;
  strbuf word = {.mem = a};
  char quote = '\0';
  while (s->at < s->end && *s->at != '\0' && (quote != '\0' || !is_space(*s->at))) take(s, &quote, &word);
  return strbuf_text(&word);
}

static bool add(diag *d, arena *a, const char *word, unsigned depth, word_list *out);

static bool add_file(diag *d, arena *a, const char *path, unsigned depth, word_list *out) {
  mapped_file f;
  if (depth == MAX_DEPTH) {
    diag_error_file(d, path, "response files that name each other more than %d deep", MAX_DEPTH);
    return false;
  }
  if (!file_map(d, a, path, &f)) return false;
  scan s = {.at = (const char *)f.data, .end = (const char *)f.data + f.size};
  bool ok = true;
  for (const char *word; ok && (word = next_word(a, &s)) != NULL;) ok = add(d, a, word, depth + 1, out);
  file_unmap(&f);
  return ok;
}

static bool add(diag *d, arena *a, const char *word, unsigned depth, word_list *out) {
  if (word[0] == '@' && word[1] != '\0') return add_file(d, a, word + 1, depth, out);
  vec_push(a, out, word);
  return true;
}

bool options_expand(diag *d, arena *a, int argc, char *const *argv, word_list *out) {
  for (int i = 0; i < argc; i++)
    if (!add(d, a, argv[i], i == 0 ? MAX_DEPTH : 0, out)) return false;
  return true;
}

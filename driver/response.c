// Response files: `@file` stands for the words of that file.
#include <string.h>

#include "driver/options.h"
#include "support/file.h"

enum { MAX_DEPTH = 8, MAX_FILES = 1000, MAX_BYTES = 64 << 20 };

// One command line. Files that name each other could make any number of words of a few bytes, so all they give is bounded.
typedef struct expansion {
  diag *d;
  arena *mem;
  word_list *out;
  size_t files; // read so far
  size_t bytes; // and what was in them
} expansion;

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

static bool add(expansion *e, const char *word, unsigned depth);

static bool read_file(expansion *e, const char *path, mapped_file *out) {
  if (!file_map(e->d, e->mem, path, out)) return false;
  if (++e->files <= MAX_FILES && out->size <= MAX_BYTES - e->bytes) {
    e->bytes += out->size;
    return true;
  }
  diag_error_file(e->d, path, "the command line has more than %d response files, or %d MB in them", MAX_FILES,
                  MAX_BYTES >> 20);
  file_unmap(out);
  return false;
}

static bool add_file(expansion *e, const char *path, unsigned depth) {
  mapped_file f;
  if (depth == MAX_DEPTH) {
    diag_error_file(e->d, path, "response files that name each other more than %d deep", MAX_DEPTH);
    return false;
  }
  if (!read_file(e, path, &f)) return false;
  scan s = {.at = (const char *)f.data, .end = (const char *)f.data + f.size};
  bool ok = true;
  for (const char *word; ok && (word = next_word(e->mem, &s)) != NULL;) ok = add(e, word, depth + 1);
  file_unmap(&f);
  return ok;
}

static bool add(expansion *e, const char *word, unsigned depth) {
  if (word[0] == '@' && word[1] != '\0') return add_file(e, word + 1, depth);
  vec_push(e->mem, e->out, word);
  return true;
}

bool options_expand(diag *d, arena *a, int argc, char *const *argv, word_list *out) {
  expansion e = {.d = d, .mem = a, .out = out};
  for (int i = 0; i < argc; i++)
    if (!add(&e, argv[i], i == 0 ? MAX_DEPTH : 0)) return false;
  return true;
}

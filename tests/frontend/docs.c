// The examples of docs/language.md: docs FILE SCHEMES-DIR
//
// A block ```q must compile, also from its own printed tree. A block ```q-error must fail with exactly the messages in
// the block ```text after it. Comments "<!-- tensor NAME SIZE.. -->" say what the weights files hold.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"

typedef struct known_tensor {
  const char *name;
  fe_tensor tensor;
} known_tensor;

typedef struct checker {
  arena *mem;
  fe_options options;
  VEC(known_tensor) tensors;
  size_t good;
  size_t bad;
  size_t failures;
} checker;

static fe_answer find_tensor(void *context, const char *file, const char *name, fe_tensor *out) {
  const checker *c = context;
  (void)file;
  for (size_t i = 0; i < c->tensors.len; i++) {
    if (strcmp(c->tensors.data[i].name, name) != 0) continue;
    *out = c->tensors.data[i].tensor;
    return FE_TENSOR_FOUND;
  }
  return FE_TENSOR_ABSENT;
}

static void add_tensor(checker *c, const char *line) {
  known_tensor t = {.tensor = {.block_type = -1}};
  char *copy = arena_strdup(c->mem, line), *rest = NULL;
  t.name = strtok_r(copy, " \n", &rest);
  for (char *word; (word = strtok_r(NULL, " \n", &rest)) != NULL && strcmp(word, "-->") != 0;)
    t.tensor.dims[t.tensor.rank++] = strtoull(word, NULL, 10);
  vec_push(c->mem, &c->tensors, t);
}

static bool compiles(checker *c, const char *text, const char **messages, const char **printed) {
  diag *d = diag_new(c->mem, NULL, false);
  ast *tree = fe_parse(d, c->mem, "example.q", text, strlen(text));
  *printed = fe_print_ast(c->mem, tree);
  bool ok = fe_build(d, c->mem, tree, &c->options) != NULL;
  *messages = diag_text(d);
  return ok && (*messages)[0] == '\0';
}

static void fail(checker *c, unsigned line, const char *what, const char *detail) {
  printf("line %u: %s\n%s\n", line, what, detail);
  c->failures++;
}

static void check_good(checker *c, unsigned line, const char *text) {
  const char *messages, *printed, *again;
  c->good++;
  if (!compiles(c, text, &messages, &printed))
    fail(c, line, "the example does not compile", messages);
  else if (!compiles(c, printed, &messages, &again))
    fail(c, line, "the example's printed tree does not compile", messages);
}

static void check_bad(checker *c, unsigned line, const char *text, const char *expected) {
  const char *messages, *printed;
  c->bad++;
  if (compiles(c, text, &messages, &printed))
    fail(c, line, "the example must fail, but compiles", text);
  else if (strcmp(messages, expected) != 0)
    fail(c, line, "the messages differ; really they are", messages);
}

// Reads the lines of a fenced block up to its end.
static const char *read_block(checker *c, FILE *f, unsigned *line) {
  strbuf out = {.mem = c->mem};
  char buffer[1024];
  while (fgets(buffer, sizeof buffer, f) != NULL) {
    ++*line;
    if (strcmp(buffer, "```\n") == 0) break;
    strbuf_printf(&out, "%s", buffer);
  }
  return strbuf_text(&out);
}

static void check_file(checker *c, FILE *f) {
  static const char mark[] = "<!-- tensor ";
  char buffer[1024];
  const char *wrong = NULL; // a q-error block that waits for its messages
  unsigned line = 0, start = 0;
  while (fgets(buffer, sizeof buffer, f) != NULL) {
    line++;
    if (strncmp(buffer, mark, sizeof mark - 1) == 0) add_tensor(c, arena_strdup(c->mem, buffer + sizeof mark - 1));
    bool good = strcmp(buffer, "```q\n") == 0, bad = strcmp(buffer, "```q-error\n") == 0;
    bool text = strcmp(buffer, "```text\n") == 0;
    if (!good && !bad && !text) continue;
    if (!text) start = line + 1;
    const char *block = read_block(c, f, &line);
    if (good) check_good(c, start, block);
    if (text && wrong != NULL) check_bad(c, start, wrong, block);
    if ((good || bad) && wrong != NULL)
      fail(c, start, "a wrong example without its messages comes before this one", "");
    wrong = bad ? block : NULL;
  }
}

int main(int argc, char **argv) {
  FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;
  if (f == NULL) {
    fprintf(stderr, "usage: docs FILE SCHEMES-DIR\n");
    return 2;
  }
  arena *a = arena_new();
  const char *dirs[] = {argv[2]};
  checker c = {.mem = a, .options = {.dirs = dirs, .dir_count = 1, .find_tensor = find_tensor}};
  c.options.context = &c;
  check_file(&c, f);
  fclose(f);
  printf("%zu examples that compile, %zu that fail: %zu are not as told\n", c.good, c.bad, c.failures);
  bool enough = c.good >= 10 && c.bad >= 3;
  if (!enough) printf("too few examples were found\n");
  arena_free(a);
  return c.failures == 0 && enough ? 0 : 1;
}

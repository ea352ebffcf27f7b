// The corpus of texts: cases CASES-DIR SCHEMES-DIR [NAME]
//
//   good/NAME.q   must compile; its IR is NAME.ir, its tree printed again NAME.ast, its warnings (if any) NAME.warn.
//                 The printed tree must compile to the same IR, and the IR's text must parse to itself.
//   bad/NAME.q    must fail with exactly the messages in NAME.err.
//   tree/NAME.q   is only parsed: its tree printed again is NAME.ast, or its messages NAME.err.
//
// Lines "// tensor NAME SIZE.. [blocks TYPE] [in SCHEME]" in a text say what its weights file holds; without any, nothing is known
// of the file. UPDATE=1 rewrites the expectations: look at the difference before you keep it.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/frontend.h"
#include "support/file.h"

typedef struct known_tensor {
  const char *name;
  fe_tensor tensor;
} known_tensor;

typedef struct run {
  arena *mem;
  const char *name; // "good/linear"
  bool good;
  bool only_parse;
  VEC(known_tensor) tensors;
  VEC(const char *) tensor_names;
  const char *const *dirs;
  bool failed;
} run;

// ---- what the weights file holds ----

static void add_tensor(run *r, const char *line) {
  known_tensor t = {.tensor = {.block_type = -1}};
  char *copy = arena_strdup(r->mem, line), *rest = NULL;
  t.name = strtok_r(copy, " ", &rest);
  for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
    if (strcmp(word, "blocks") == 0)
      t.tensor.block_type = atoi(strtok_r(NULL, " ", &rest));
    else if (strcmp(word, "in") == 0)
      t.tensor.scheme = strtok_r(NULL, " ", &rest);
    else
      t.tensor.dims[t.tensor.rank++] = strtoull(word, NULL, 10);
  }
  vec_push(r->mem, &r->tensors, t);
  vec_push(r->mem, &r->tensor_names, t.name);
}

static void read_directives(run *r, const char *text) {
  static const char mark[] = "// tensor ";
  for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
    at += sizeof mark - 1;
    add_tensor(r, arena_strndup(r->mem, at, strcspn(at, "\n")));
  }
}

static fe_answer find_tensor(void *context, const char *file, const char *name, fe_tensor *out) {
  const run *r = context;
  (void)file;
  for (size_t i = 0; i < r->tensors.len; i++) {
    if (strcmp(r->tensors.data[i].name, name) != 0) continue;
    *out = r->tensors.data[i].tensor;
    return FE_TENSOR_FOUND;
  }
  return r->tensors.len == 0 ? FE_TENSOR_UNKNOWN : FE_TENSOR_ABSENT;
}

static size_t tensor_names(void *context, const char *file, const char *const **out) {
  const run *r = context;
  (void)file;
  *out = r->tensor_names.data;
  return r->tensor_names.len;
}

static fe_options options_of(run *r) {
  return (fe_options){
      .dirs = r->dirs, .dir_count = 1, .find_tensor = find_tensor, .tensor_names = tensor_names, .context = r};
}

// ---- files ----

// NULL when there is no such file.
static const char *read_all(arena *a, const char *path, size_t *length) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) return NULL;
  strbuf out = {.mem = a};
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) strbuf_write(&out, buffer, n);
  fclose(f);
  *length = out.len;
  return strbuf_text(&out);
}

static void fail(run *r, const char *what, const char *expected, const char *got) {
  printf("FAILED %s: %s\n", r->name, what);
  if (expected != NULL) printf("---- expected\n%s---- got\n", expected);
  printf("%s----\n", got);
  r->failed = true;
}

static bool updating(void) {
  const char *update = getenv("UPDATE");
  return update != NULL && strcmp(update, "1") == 0;
}

static void rewrite(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) printf("cannot write %s\n", path);
}

// The text must be what NAME.ending holds; no text, no file.
static void expect(run *r, const char *ending, const char *got) {
  const char *path = arena_printf(r->mem, "%s.%s", r->name, ending);
  size_t length;
  if (updating() && got[0] != '\0') rewrite(path, got);
  if (updating() && got[0] == '\0') unlink(path);
  const char *expected = read_all(r->mem, path, &length);
  if (expected == NULL && got[0] != '\0') fail(r, arena_printf(r->mem, "there is no %s", path), NULL, got);
  if (expected != NULL && strcmp(expected, got) != 0) fail(r, path, expected, got);
}

// ---- one case ----

// The IR as text; NULL after errors. Messages are in *messages.
static const char *compile(run *r, const char *name, const char *text, size_t length, const char **ast_text,
                           const char **messages) {
  diag *d = diag_new(r->mem, NULL, false);
  fe_options options = options_of(r);
  ast *tree = fe_parse(d, r->mem, name, text, length);
  *ast_text = fe_print_ast(r->mem, tree);
  ir_module *m = fe_build(d, r->mem, tree, &options);
  *messages = diag_text(d);
  return m == NULL ? NULL : ir_print(r->mem, m);
}

static void check_ir_again(run *r, const char *ir) {
  diag *d = diag_new(r->mem, NULL, false);
  ir_module *m = ir_parse(d, r->mem, "printed.ir", ir, strlen(ir));
  const char *again = m == NULL ? diag_text(d) : ir_print(r->mem, m);
  if (strcmp(ir, again) != 0) fail(r, "the IR's text does not parse to itself", ir, again);
}

static void check_tree_again(run *r, const char *name, const char *tree, const char *ir) {
  const char *tree_again, *messages;
  const char *ir_again = compile(r, name, tree, strlen(tree), &tree_again, &messages);
  if (strcmp(tree, tree_again) != 0) fail(r, "the printed tree prints differently", tree, tree_again);
  if (ir_again == NULL) fail(r, "the printed tree does not compile", NULL, messages);
  if (ir_again != NULL && strcmp(ir, ir_again) != 0) fail(r, "the printed tree means something else", ir, ir_again);
}

static void check_tree(run *r, const char *path, const char *text, size_t length) {
  diag *d = diag_new(r->mem, NULL, false);
  const char *printed = fe_print_ast(r->mem, fe_parse(d, r->mem, path, text, length));
  bool wrong = diag_error_count(d) > 0;
  expect(r, "err", diag_text(d));
  expect(r, "ast", wrong ? "" : printed);
  if (wrong) return;
  const char *again = fe_print_ast(r->mem, fe_parse(d, r->mem, path, printed, strlen(printed)));
  if (strcmp(printed, again) != 0) fail(r, "the printed tree prints differently", printed, again);
}

static void check_case(run *r) {
  size_t length = 0;
  const char *path = arena_printf(r->mem, "%s.q", r->name), *tree, *messages;
  const char *text = read_all(r->mem, path, &length);
  if (text == NULL) {
    fail(r, "cannot read it", NULL, path);
    return;
  }
  if (r->only_parse) {
    check_tree(r, path, text, length);
    return;
  }
  read_directives(r, text);
  const char *ir = compile(r, path, text, length, &tree, &messages);
  if (r->good && ir == NULL) fail(r, "must compile", NULL, messages);
  if (!r->good && ir != NULL) fail(r, "must fail, but compiles", NULL, ir);
  if (!r->good) expect(r, "err", messages);
  if (!r->good || ir == NULL) return;
  expect(r, "warn", messages);
  expect(r, "ast", tree);
  expect(r, "ir", ir);
  check_tree_again(r, path, tree, ir);
  check_ir_again(r, ir);
}

// ---- all cases ----

static int compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

typedef VEC(const char *) names;

static names list(arena *a, const char *folder) {
  names out = {0};
  DIR *dir = opendir(folder);
  for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
    size_t length = strlen(e->d_name);
    if (length > 2 && strcmp(e->d_name + length - 2, ".q") == 0)
      vec_push(a, &out, arena_printf(a, "%s/%.*s", folder, (int)length - 2, e->d_name));
  }
  if (dir != NULL) closedir(dir);
  if (out.len > 0) qsort(out.data, out.len, sizeof *out.data, compare);
  return out;
}

static size_t run_folder(const char *folder, bool good, const char *schemes, const char *only, size_t *failures) {
  arena *a = arena_new();
  names all = list(a, folder);
  for (size_t i = 0; i < all.len; i++) {
    if (only != NULL && strcmp(only, all.data[i]) != 0) continue;
    arena *mem = arena_new();
    run r = {.mem = mem, .name = all.data[i], .good = good, .dirs = &schemes};
    r.only_parse = strcmp(folder, "tree") == 0;
    check_case(&r);
    *failures += r.failed;
    arena_free(mem);
  }
  size_t count = all.len;
  arena_free(a);
  return count;
}

int main(int argc, char **argv) {
  enum { MIN_GOOD = 30, MIN_BAD = 80 };
  size_t failures = 0;
  char *schemes = argc < 3 ? NULL : realpath(argv[2], NULL);
  if (schemes == NULL || chdir(argv[1]) != 0) {
    fprintf(stderr, "usage: cases CASES-DIR SCHEMES-DIR [good/NAME]\n");
    return 2;
  }
  const char *only = argc > 3 ? argv[3] : NULL;
  size_t good = run_folder("good", true, schemes, only, &failures);
  size_t bad = run_folder("bad", false, schemes, only, &failures);
  size_t trees = run_folder("tree", true, schemes, only, &failures);
  free(schemes);
  printf("%zu texts that compile, %zu that fail, %zu trees: %zu differ from what is expected\n", good, bad, trees,
         failures);
  if (good < MIN_GOOD || bad < MIN_BAD || trees == 0) printf("the corpus is too small: was a folder lost?\n");
  return failures == 0 && good >= MIN_GOOD && bad >= MIN_BAD && trees > 0 ? 0 : 1;
}

// The examples of docs/operators.md: page FILE LIBRARY..
//
// A block ```q with a network is run by the reference and by kernels, and gives the results in the block ```text after it;
// a block ```q-error fails with the messages there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "frontend/operators.h"
#include "support/file.h"
#include "tests/operators/run_kernels.h"

typedef bool (*run_function)(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                             st_array *results);

static void print_result(strbuf *out, const char *name, const st_array *x) {
  strbuf_printf(out, "%s = ", name);
  for (size_t i = 0; i < x->count; i++) {
    double v = x->type.kind == ST_CLASS_REAL ? x->reals[i] : (double)x->integers[i];
    strbuf_printf(out, "%s%.5g", i == 0 ? "" : " ", v == 0 ? 0 : v);
  }
  strbuf_putc(out, '\n');
}

static const ast_node *network_of(const ast *tree) {
  const ast_node *network = NULL;
  for (size_t i = 0; i < tree->items.len; i++) {
    if (tree->items.data[i]->kind == AST_MODEL) network = tree->items.data[i];
  }
  return network;
}

// What a block prints, by one way of running it.
static const char *output_of(arena *a, const char *text, size_t size, char **library, int count, run_function run) {
  diag *d = diag_new(a, NULL, false);
  strbuf out = {.mem = a};
  ex_library *l = ex_library_new(d, a);
  const ast *tree = fe_parse(d, a, "example.q", text, size);
  bool ok = !tree->has_errors && ex_library_add(l, tree, true);
  for (int i = 0; i < count && ok; i++) {
    const ast *standard = fe_parse_file(d, a, library[i]);
    ok = standard != NULL && ex_library_add(l, standard, true);
  }
  const ast_node *network = ok ? network_of(tree) : NULL;
  if (network == NULL) return diag_text(d);
  const st_computation *c = ex_entry(l, network, NULL);
  if (c == NULL) return diag_text(d);
  st_array *results = ARENA_ARRAY(a, st_array, c->results.len);
  if (!run(d, a, c, NULL, NULL, results)) return diag_text(d);
  for (size_t i = 0; i < c->results.len; i++) print_result(&out, c->result_names.data[i], &results[i]);
  return strbuf_text(&out);
}

// The text between the line that begins with `fence` at or after `from` and the next fence; NULL when there is none.
static const char *block_after(const char *from, const char *fence, size_t *size, const char **end) {
  const char *at = strstr(from, fence);
  if (at == NULL) return NULL;
  const char *begin = strchr(at, '\n') + 1;
  *end = strstr(begin, "```");
  if (*end == NULL) return NULL;
  *size = (size_t)(*end - begin);
  return begin;
}

static bool check(arena *a, const char *what, const char *got, const char *wanted, size_t size) {
  if (strlen(got) == size && memcmp(got, wanted, size) == 0) return true;
  printf("FAILED %s: got\n%s---- instead of\n%.*s----\n", what, got, (int)size, wanted);
  (void)a;
  return false;
}

int main(int argc, char **argv) {
  arena *a = arena_new();
  size_t length = 0;
  unsigned count = 0;
  unsigned failures = 0;
  char *page = NULL;
  FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (f == NULL || getdelim(&page, &length, '\0', f) < 0) return 2;
  const char *at = page;
  for (;;) {
    size_t size;
    size_t wanted_size;
    const char *end;
    const char *text = block_after(at, "\n```q", &size, &end);
    if (text == NULL) break;
    const char *wanted = block_after(end + 3, "\n```text", &wanted_size, &at);
    if (wanted == NULL) break;
    count++;
    const char *got = output_of(a, text, size, argv + 2, argc - 2, st_run);
    failures += !check(a, "by the reference", got, wanted, wanted_size);
    failures += !check(a, "by kernels", output_of(a, text, size, argv + 2, argc - 2, run_kernels), wanted, wanted_size);
  }
  printf("%u examples, %u failures\n", count, failures);
  free(page);
  fclose(f);
  arena_free(a);
  return count > 0 && failures == 0 ? 0 : 1;
}

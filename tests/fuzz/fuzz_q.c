// Any bytes as a `.q` text: never a crash, and what prints parses again to the same. Tokens may be longer than inputs of
// the fuzzer are: byte 1 and a byte n stand for the byte before them, 257 * n times.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"

// A weights file in which every tensor exists, with a shape that follows from its name.
static fe_answer find_tensor(void *context, const char *file, const char *name, fe_tensor *out) {
  (void)context;
  (void)file;
  size_t length = strlen(name);
  *out = (fe_tensor){.rank = length % 3 + 1, .block_type = -1};
  for (unsigned i = 0; i < out->rank; i++) out->dims[i] = 8u << (length + i) % 4;
  return length % 5 == 0 ? FE_TENSOR_ABSENT : FE_TENSOR_FOUND;
}

static void check_printed(diag *d, arena *a, const ast *tree) {
  const char *printed = fe_print_ast(a, tree);
  size_t before = diag_error_count(d);
  ast *again = fe_parse(d, a, "printed.q", printed, strlen(printed));
  if (diag_error_count(d) > before || strcmp(fe_print_ast(a, again), printed) != 0) abort();
}

enum { REPEAT = 1, TIMES = 257, LARGEST = 1 << 18 };

// The text that the bytes stand for.
static void expand(strbuf *out, const uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i++) {
    bool repeats = data[i] == REPEAT && i > 0 && i + 1 < size && out->len < LARGEST;
    size_t count = repeats ? (size_t)TIMES * data[i + 1] : 1;
    char byte = (char)data[repeats ? i - 1 : i];
    for (size_t k = 0; k < count; k++) strbuf_putc(out, byte);
    i += repeats;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  fe_options options = {.dirs = dirs, .dir_count = 1, .find_tensor = find_tensor};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  expand(&text, data, size);
  ast *tree = fe_parse(d, a, "fuzz.q", strbuf_text(&text), text.len);
  if (!tree->has_errors) check_printed(d, a, tree);
  ir_module *m = fe_build(d, a, tree, &options);
  if (m != NULL) ir_print(a, m);
  if (m == NULL && diag_error_count(d) == 0) abort(); // a refusal says why
  arena_free(a);
  return 0;
}

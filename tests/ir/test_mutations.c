// Printed modules with random bytes changed: parsing, verifying, printing and interpreting them never crashes, and what
// still parses still survives the round trip. QCC_TEST_FULL=1 tries four times as many.
#include <stdlib.h>
#include <string.h>

#include "../check_main.h"
#include "samples.h"

#include "interp/interp.h"

enum { SLICES = 8, MUTATIONS_PER_SLICE = 320, BUFFER_BYTES = 4096 };

static uint64_t next(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

// Characters that mean something here are likelier than any byte.
static char pick(uint64_t r) {
  static const char telling[] = "0123456789{}()<>[]=:,.+-/!@%\"\\ xbn\nefi";
  return r >> 60 < 12 ? telling[(r >> 8) % (sizeof telling - 1)] : (char)(r >> 16);
}

// One to four edits: a byte replaced, removed or put in, or a piece of the text copied elsewhere.
static size_t mutate(char *text, size_t length, size_t room, uint64_t *state) {
  for (uint64_t edits = 1 + next(state) % 4; edits > 0 && length > 64; edits--) {
    size_t at = next(state) % (length - 32), from = next(state) % (length - 32), size = 1 + next(state) % 31;
    uint64_t kind = next(state) % 4;
    if (kind == 0) text[at] = pick(next(state));
    if (kind == 1) memmove(text + at, text + at + 1, --length - at);
    if (kind == 2 && length < room) {
      memmove(text + at + 1, text + at, length++ - at);
      text[at] = pick(next(state));
    }
    if (kind == 3) memmove(text + at, text + from, size);
  }
  return length;
}

static void interpret_all(arena *mem, const ir_module *m) {
  uint8_t *bytes = arena_alloc(mem, BUFFER_BYTES, 1);
  for (size_t i = 0; i < m->funcs.len; i++) {
    const ir_block *body = m->funcs.data[i]->body;
    size_t buffers = 0;
    if (m->funcs.data[i]->kind != IR_FUNC_KERNEL) continue;
    while (buffers < body->param_count && body->params[buffers]->type.kind == IR_BUFFER) buffers++;
    ir_memory *memory = ARENA_ARRAY(mem, ir_memory, buffers);
    uint64_t *sizes = ARENA_ARRAY(mem, uint64_t, body->param_count);
    for (size_t j = 0; j < buffers; j++) memory[j] = (ir_memory){.data = bytes, .size = BUFFER_BYTES};
    ir_interpret(diag_new(mem, NULL, false), m->funcs.data[i], buffers, memory, body->param_count - buffers - 2, sizes,
                 0, 3);
  }
}

static void try_text(const char *text, size_t length, size_t *parsed, size_t *verified) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  char *exact = malloc(length); // of its own, so that AddressSanitizer sees a read past the end
  memcpy(exact, text, length);
  ir_module *m = ir_parse(d, mem, "mutated", exact, length);
  ck_assert((m == NULL) == (diag_error_count(d) > 0));
  if (m != NULL) {
    *parsed += 1;
    const char *first = ir_print(mem, m);
    ir_module *again = ir_parse(d, mem, "printed", first, strlen(first));
    ck_assert_msg(again != NULL, "%s", diag_text(d));
    ck_assert_str_eq(ir_print(mem, again), first);
    if (ir_verify(d, m)) {
      *verified += 1;
      interpret_all(mem, m);
    }
  }
  const char *said = diag_text(d);
  bool placed = strncmp(said, "error:", 6) != 0 && strstr(said, "\nerror:") == NULL;
  ck_assert_msg(placed, "a message without a place: %s", said);
  free(exact);
  arena_free(mem);
}

static void mutate_module(ir_module *(*sample)(arena *mem), uint64_t seed, int count) {
  arena *mem = arena_new();
  const char *text = ir_print(mem, sample(mem));
  size_t length = strlen(text), room = length + 64, parsed = 0, verified = 0;
  char *buffer = arena_alloc(mem, room, 1);
  for (int i = 0; i < count; i++) {
    memcpy(buffer, text, length);
    try_text(buffer, mutate(buffer, length, room, &seed), &parsed, &verified);
  }
  // The edits are gentle enough that some texts remain modules, else this would only test syntax errors.
  ck_assert_msg(parsed > 0 && verified > 0, "%zu parsed, %zu verified", parsed, verified);
  arena_free(mem);
}

static int mutations(void) { return sampling_is_full() ? 4 * MUTATIONS_PER_SLICE : MUTATIONS_PER_SLICE; }

START_TEST(mutated_kernels) {
  mutate_module(sample_kernels, UINT64_C(0x9e3779b97f4a7c15) * sampling_seed() + (uint64_t)_i, mutations());
}
END_TEST

START_TEST(mutated_models) {
  mutate_module(sample_model, UINT64_C(0xda942042e4dd58b5) * sampling_seed() + (uint64_t)_i, mutations());
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir mutations");
  TCase *slices = tcase_create("random edits");
  tcase_add_loop_test(slices, mutated_kernels, 0, SLICES);
  tcase_add_loop_test(slices, mutated_models, 0, SLICES);
  suite_add_tcase(suite, slices);
  return check_main(suite);
}

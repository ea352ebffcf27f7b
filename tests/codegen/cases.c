#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"
#include "tests/sampling.h"

// SplitMix64: a sequence that is the same everywhere.
uint64_t case_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

ir_memory case_memory(case_list *list, uint64_t size) {
  return (ir_memory){.data = ARENA_ARRAY(list->mem, uint8_t, (size_t)size), .size = size};
}

ir_builder case_begin(case_list *list, const char *name, size_t buffers, ir_func **kernel) {
  *kernel = ir_func_new(list->module, name, IR_FUNC_KERNEL);
  ir_builder b = {.mem = list->mem, .func = *kernel, .block = (*kernel)->body};
  for (size_t i = 0; i < buffers; i++) ir_add_param(&b, b.block, ir_buffer(), arena_printf(list->mem, "b%zu", i));
  ir_add_param(&b, b.block, ir_index(), "begin");
  ir_add_param(&b, b.block, ir_index(), "end");
  return b;
}

void case_add(case_list *list, test_case c) {
  ir_memory all[CASE_MAX_BUFFERS];
  for (size_t i = 0; i < c.buffer_count; i++) all[i] = c.buffers[i];
  ir_memory *out = &all[c.buffer_count - 1];
  out->data = arena_memdup(list->mem, out->data, (size_t)out->size);
  c.name = c.kernel->name;
  if (!ir_interpret(list->diag, c.kernel, c.buffer_count, all, 0, NULL, 0, c.work)) {
    fprintf(stderr, "%s: the interpreter refused: %s\n%s", c.name, diag_text(list->diag),
            ir_print_func(list->mem, list->module, c.kernel));
    abort();
  }
  c.expected = *out;
  vec_push(list->mem, &list->cases, ARENA_NEW(list->mem, test_case));
  *list->cases.data[list->cases.len - 1] = c;
}

void cases_make(case_list *list) {
  list->module = ir_module_new(list->mem, "cases");
  cases_add_ops(list);
  cases_add_values(list);
  cases_add_functions(list);
  cases_add_memory(list);
}

case_list cases_draw(const case_list *all, unsigned share, const char *name) {
  case_list drawn = {.mem = all->mem, .diag = all->diag, .module = ir_module_new(all->mem, "drawn")};
  bool every = share == 0 || sampling_is_full();
  for (size_t i = 0; i < all->cases.len; i++) {
    uint64_t state = sampling_state(sampling_seed(), arena_printf(all->mem, "%s %s", name, all->cases.data[i]->name));
    if (!every && sampling_next(&state) % share != 0) continue;
    vec_push(all->mem, &drawn.module->funcs, all->module->funcs.data[i]);
    vec_push(all->mem, &drawn.cases, all->cases.data[i]);
  }
  if (!every) printf("QCC_TEST_SEED=%llu draws %zu cases\n", (unsigned long long)sampling_seed(), drawn.cases.len);
  return drawn;
}

static bool same_float(elem_type elem, const uint8_t *x, const uint8_t *y) {
  uint64_t a = 0;
  uint64_t b = 0;
  memcpy(&a, x, elem_get(elem)->bits / 8);
  memcpy(&b, y, elem_get(elem)->bits / 8);
  return a == b || (isnan(elem_decode(elem, a)) && isnan(elem_decode(elem, b)));
}

bool case_matches(const test_case *c, const uint8_t *output, const char **message, arena *a) {
  size_t size = elem_get(c->compare)->bits / 8;
  bool is_float = elem_get(c->compare)->kind == ELEM_KIND_FLOAT;
  for (size_t i = c->skip; i + size <= c->expected.size; i += size) {
    const uint8_t *want = c->expected.data + i;
    if (memcmp(output + i, want, size) == 0) continue;
    if (is_float && same_float(c->compare, output + i, want)) continue;
    uint64_t got = 0;
    uint64_t expected = 0;
    memcpy(&got, output + i, size);
    memcpy(&expected, want, size);
    *message = arena_printf(a, "%s: element %zu is %llx, not %llx", c->name, i / size, (unsigned long long)got,
                            (unsigned long long)expected);
    return false;
  }
  return true;
}

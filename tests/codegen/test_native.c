// Every operation on every tier that this processor runs, and by the portable expansions, against the interpreter.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "codegen/codegen.h"
#include "codegen/emit.h"
#include "runtime/qrt.h"
#include "tests/check_main.h"

typedef struct fixture {
  arena *mem;
  diag *diag;
  cg_context *cg;
  case_list cases;
} fixture;

static fixture setup(void) {
  fixture f = {.mem = arena_new()};
  f.diag = diag_new(f.mem, stderr, false);
  f.cg = cg_new(f.diag, f.mem);
  f.cases = (case_list){.mem = f.mem, .diag = f.diag};
  cases_make(&f.cases);
  return f;
}

static void teardown(fixture *f) {
  cg_free(f->cg);
  arena_free(f->mem);
}

// Whether this processor runs a tier.
static bool runs(const target_tier *tier) { return (tier->cpu_features & ~qrt_cpu_features()) == 0; }

// A copy of a buffer that ends where memory that may not be touched begins.
static uint8_t *guarded_copy(const ir_memory *m) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t pages = (m->size + page - 1) / page * page;
  uint8_t *map = mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(map, MAP_FAILED);
  ck_assert_int_eq(mprotect(map + pages, page, PROT_NONE), 0);
  uint8_t *copy = map + pages - m->size;
  if (m->size > 0) memcpy(copy, m->data, m->size);
  return copy;
}

static void release(uint8_t *copy, const ir_memory *m) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t pages = (m->size + page - 1) / page * page;
  munmap(copy + m->size - pages, pages + page);
}

static bool run_case(fixture *f, qrt_kernel kernel, const test_case *c, const char *tier) {
  qrt_args args = {0};
  uint8_t *buffers[CASE_MAX_BUFFERS];
  for (size_t i = 0; i < c->buffer_count; i++) args.buffers[i] = buffers[i] = guarded_copy(&c->buffers[i]);
  kernel(&args, 0, c->work);
  const char *message = "";
  bool ok = case_matches(c, buffers[c->buffer_count - 1], &message, f->mem);
  if (!ok) fprintf(stderr, "%s: %s\n", tier, message);
  for (size_t i = 0; i < c->buffer_count; i++) release(buffers[i], &c->buffers[i]);
  return ok;
}

// A quick run draws a third of the cases for each tier.
static void check_tier(fixture *f, const target *t, const target_tier *tier) {
  case_list drawn = cases_draw(&f->cases, 3, tier->name);
  cg_options o = {.opt_level = 2, .prefix = "t_"};
  cg_bytes object;
  ck_assert(cg_emit_kernels(f->cg, drawn.module, t, tier, cg_host_triple(f->mem), &o, CG_OBJECT, &object));
  cg_jit *jit = cg_jit_new(f->cg, object);
  ck_assert_ptr_nonnull(jit);
  size_t wrong = 0;
  for (size_t i = 0; i < drawn.cases.len; i++) {
    const test_case *c = drawn.cases.data[i];
    qrt_kernel kernel = cg_jit_kernel(jit, cg_kernel_symbol(f->mem, &o, tier, c->name));
    ck_assert(kernel != NULL);
    wrong += !run_case(f, kernel, c, tier->name);
  }
  cg_jit_free(jit);
  printf("tier %s: %zu cases, %zu wrong\n", tier->name, drawn.cases.len, wrong);
  ck_assert_uint_eq(wrong, 0);
}

START_TEST(every_tier_of_the_host_equals_the_interpreter) {
  fixture f = setup();
  const target *t = target_for_triple(cg_host_triple(f.mem));
  for (size_t i = 0; i < t->tier_count; i++) {
    if (runs(&t->tiers[i]))
      check_tier(&f, t, &t->tiers[i]);
    else
      printf("tier %s: skipped, not on this processor\n", t->tiers[i].name);
  }
  teardown(&f);
}
END_TEST

START_TEST(portable_expansions_equal_the_interpreter) {
  fixture f = setup();
  const target *t = target_for_triple("unknown");
  check_tier(&f, t, &t->tiers[0]);
  teardown(&f);
}
END_TEST

START_TEST(every_vector_operation_has_an_emitter_and_a_case) {
  fixture f = setup();
  bool used[IR_OPCODE_COUNT] = {false};
  for (size_t i = 0; i < f.cases.cases.len; i++) {
    const ir_block *body = f.cases.cases.data[i]->kernel->body;
    for (size_t j = 0; j < body->ops.len; j++) {
      const ir_op *op = body->ops.data[j];
      used[op->code] = true;
      for (size_t k = 0; op->body != NULL && k < op->body->ops.len; k++) used[op->body->ops.data[k]->code] = true;
    }
  }
  for (int code = 0; code < IR_OPCODE_COUNT; code++) {
    const ir_op_info *info = ir_op_get_info((ir_opcode)code);
    if (info->level != 'V' || (info->flags & IR_FLAG_TERMINATOR)) continue;
    ck_assert_msg(emit_get((ir_opcode)code) != NULL, "'%s' has no emitter", info->name);
    ck_assert_msg(used[code], "'%s' has no case", info->name);
  }
  teardown(&f);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("codegen_native");
  const TTest *const tests[] = {every_tier_of_the_host_equals_the_interpreter,
                                portable_expansions_equal_the_interpreter,
                                every_vector_operation_has_an_emitter_and_a_case, NULL};
  check_add(suite, "native", tests);
  return check_main(suite);
}

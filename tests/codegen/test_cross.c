// Every operation on the tiers of other processors: objects linked by a cross compiler, run under qemu, against the
// interpreter. A machine without the cross compiler or qemu skips its part and says so.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cases.h"
#include "codegen/codegen.h"
#include "tests/check_main.h"

#define AARCH64_GCC "aarch64-linux-gnu-gcc"
#define RISCV64_GCC "riscv64-linux-gnu-gcc"
#define RISCV64_V(vlen) \
  "qemu-riscv64 -cpu rv64,v=true,vlen=" vlen ",vext_spec=v1.0,rvv_ta_all_1s=true,rvv_ma_all_1s=true"

static const struct machine {
  const char *triple;
  const char *tier;
  const char *compiler;
  const char *emulators[3];
  const char *except; // cases whose name begins so are not compared
  unsigned share;     // a quick run draws one case of so many; 0: takes all
} machines[] = {
    {.triple = "aarch64-linux-gnu",
     .tier = "i8mm",
     .compiler = AARCH64_GCC,
     .emulators = {"qemu-aarch64 -cpu max,sve=off", "qemu-aarch64 -cpu max"},
     .share = 2},
    {.triple = "aarch64-linux-gnu",
     .tier = "dotprod",
     .compiler = AARCH64_GCC,
     .emulators = {"qemu-aarch64 -cpu neoverse-n1"},
     .share = 2},
    {.triple = "aarch64-linux-gnu",
     .tier = "neon",
     .compiler = AARCH64_GCC,
     .emulators = {"qemu-aarch64 -cpu cortex-a72"},
     .share = 2},
    {.triple = "riscv64-linux-gnu",
     .tier = "rvv",
     .compiler = RISCV64_GCC,
     .emulators = {RISCV64_V("128"), RISCV64_V("256"), RISCV64_V("512")},
     .share = 2},
    {.triple = "riscv64-linux-gnu",
     .tier = "rv64gc",
     .compiler = RISCV64_GCC,
     .emulators = {"qemu-riscv64 -cpu rv64,v=false"},
     .share = 8}, // without vectors each lane is compiled
    // The portable expansions, little and big endian, where such a machine is at hand.
    {.triple = "powerpc64le-linux-gnu",
     .tier = "generic",
     .compiler = "powerpc64le-linux-gnu-gcc",
     .emulators = {"qemu-ppc64le"}},
    {.triple = "armv7-linux-gnueabihf",
     .tier = "generic",
     .compiler = "arm-linux-gnueabihf-gcc",
     .emulators = {"qemu-arm"}},
    // qemu 7.2 multiplies two floats to a double (MDEBR) wrongly, which an exact fma is made of there.
    {.triple = "s390x-linux-gnu",
     .tier = "generic",
     .compiler = "s390x-linux-gnu-gcc",
     .emulators = {"qemu-s390x"},
     .except = "fma_"},
};

typedef struct fixture {
  arena *mem;
  diag *diag;
  cg_context *cg;
  case_list cases;
  const char *folder;
} fixture;

static void write_file(const char *path, const void *bytes, size_t size) {
  FILE *f = fopen(path, "wb");
  ck_assert_msg(f != NULL, "cannot write %s", path);
  ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
  ck_assert_int_eq(fclose(f), 0);
}

static const char *in_folder(fixture *f, const char *name) { return arena_printf(f->mem, "%s/%s", f->folder, name); }

static void put(FILE *f, uint64_t value) {
  for (int i = 0; i < 8; i++) fputc((int)(value >> (8 * i) & 255), f);
}

// What cross_driver.c reads.
static void write_inputs(fixture *f) {
  FILE *out = fopen(in_folder(f, "inputs.bin"), "wb");
  ck_assert_ptr_nonnull(out);
  put(out, f->cases.cases.len);
  for (size_t i = 0; i < f->cases.cases.len; i++) {
    const test_case *c = f->cases.cases.data[i];
    put(out, c->work);
    put(out, c->buffer_count);
    for (size_t j = 0; j < c->buffer_count; j++) {
      put(out, c->buffers[j].size);
      fwrite(c->buffers[j].data, 1, (size_t)c->buffers[j].size, out);
    }
  }
  ck_assert_int_eq(fclose(out), 0);
}

static fixture setup(const char *triple, const char *tier, unsigned share) {
  fixture f = {.mem = arena_new()};
  f.diag = diag_new(f.mem, stderr, false);
  f.cg = cg_new(f.diag, f.mem);
  f.cases = (case_list){.mem = f.mem, .diag = f.diag};
  f.folder = arena_printf(f.mem, "%s/codegen-%s-%s", QCC_BINARY_DIR, triple, tier);
  mkdir(f.folder, 0777);
  cases_make(&f.cases);
  f.cases = cases_draw(&f.cases, share, tier);
  write_inputs(&f);
  return f;
}

static bool have(fixture *f, const char *command) {
  size_t length = strcspn(command, " ");
  return system(arena_printf(f->mem, "command -v %.*s >/dev/null", (int)length, command)) == 0;
}

// The kernels by number, in a C file.
static void write_table(fixture *f, const cg_options *o, const target_tier *tier) {
  FILE *out = fopen(in_folder(f, "table.c"), "w");
  ck_assert_ptr_nonnull(out);
  fprintf(out, "#include \"runtime/qrt.h\"\n");
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < f->cases.cases.len; i++) {
      const char *symbol = cg_kernel_symbol(f->mem, o, tier, f->cases.cases.data[i]->name);
      fprintf(out, pass == 0 ? "void %s(const qrt_args *, uint64_t, uint64_t);\n" : "  %s,\n", symbol);
    }
    fprintf(out, pass == 0 ? "extern const qrt_kernel kernels[];\nconst qrt_kernel kernels[] = {\n" : "};\n");
  }
  ck_assert_int_eq(fclose(out), 0);
}

static void build(fixture *f, const struct machine *m) {
  const target *t = target_for_triple(m->triple);
  const target_tier *tier = target_find_tier(t, m->tier);
  ck_assert_ptr_nonnull(tier);
  cg_options o = {.opt_level = 2, .prefix = "t_"};
  cg_bytes object;
  ck_assert(cg_emit_kernels(f->cg, f->cases.module, t, tier, m->triple, &o, CG_OBJECT, &object));
  write_file(in_folder(f, "kernels.o"), object.data, object.size);
  write_table(f, &o, tier);
  const char *command = arena_printf(
      f->mem, "cd '%s' && %s -std=c11 -O1 -static -I'%s' -o run '%s/tests/codegen/cross_driver.c' table.c kernels.o",
      f->folder, m->compiler, QCC_SOURCE_DIR, QCC_SOURCE_DIR);
  ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void compare(fixture *f, const char *emulator, const char *except) {
  FILE *in = fopen(in_folder(f, "outputs.bin"), "rb");
  ck_assert_ptr_nonnull(in);
  size_t wrong = 0;
  for (size_t i = 0; i < f->cases.cases.len; i++) {
    const test_case *c = f->cases.cases.data[i];
    uint8_t *output = ARENA_ARRAY(f->mem, uint8_t, (size_t)c->expected.size);
    ck_assert_uint_eq(fread(output, 1, (size_t)c->expected.size, in), c->expected.size);
    const char *message = "";
    if (except != NULL && strncmp(c->name, except, strlen(except)) == 0) continue;
    if (case_matches(c, output, &message, f->mem)) continue;
    wrong++;
    fprintf(stderr, "%s: %s\n", emulator, message);
  }
  fclose(in);
  printf("%s: %zu cases, %zu wrong\n", emulator, f->cases.cases.len, wrong);
  ck_assert_uint_eq(wrong, 0);
}

static void check_machine(const struct machine *m) {
  fixture f = setup(m->triple, m->tier, m->share);
  if (!have(&f, m->compiler)) {
    printf("%s %s: skipped, no %s\n", m->triple, m->tier, m->compiler);
  } else {
    build(&f, m);
    for (size_t i = 0; i < 3 && m->emulators[i] != NULL; i++) {
      if (!have(&f, m->emulators[i])) {
        printf("%s %s: skipped, no %s\n", m->triple, m->tier, m->emulators[i]);
        continue;
      }
      const char *command =
          arena_printf(f.mem, "cd '%s' && %s ./run inputs.bin outputs.bin", f.folder, m->emulators[i]);
      ck_assert_msg(system(command) == 0, "failed: %s", command);
      compare(&f, arena_printf(f.mem, "%s under %s", m->tier, m->emulators[i]), m->except);
    }
  }
  cg_free(f.cg);
  arena_free(f.mem);
}

START_TEST(cross_tiers_equal_the_interpreter) { check_machine(&machines[_i]); }
END_TEST

int main(void) {
  Suite *suite = suite_create("codegen_cross");
  TCase *tcase = tcase_create("machines");
  check_add_rounds(tcase, cross_tiers_equal_the_interpreter, (int)(sizeof machines / sizeof *machines));
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

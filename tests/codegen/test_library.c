// A model's object, header and archive: an application is compiled against them and run, natively and cross.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/qrt_plan.h"
#include "support/file.h"
#include "tests/check_main.h"
#include "tiny.h"

typedef struct fixture {
  arena *mem;
  diag *diag;
  cg_context *cg;
  const char *folder;
  unsigned more_steps;
} fixture;

static fixture setup(const char *name) {
  fixture f = {.mem = arena_new()};
  f.diag = diag_new(f.mem, stderr, false);
  f.cg = cg_new(f.diag, f.mem);
  f.folder = arena_printf(f.mem, "%s/codegen-library-%s", QCC_BINARY_DIR, name);
  mkdir(f.folder, 0777);
  return f;
}

static void teardown(fixture *f) {
  cg_free(f->cg);
  arena_free(f->mem);
}

static void write_file(fixture *f, const char *name, const void *bytes, size_t size) {
  FILE *out = fopen(arena_printf(f->mem, "%s/%s", f->folder, name), "wb");
  ck_assert_ptr_nonnull(out);
  ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
  ck_assert_int_eq(fclose(out), 0);
}

static int run(fixture *f, const char *command) {
  return system(arena_printf(f->mem, "cd '%s' && %s", f->folder, command));
}

static bool have(fixture *f, const char *command) {
  size_t length = strcspn(command, " ");
  return system(arena_printf(f->mem, "command -v %.*s >/dev/null", (int)length, command)) == 0;
}

static const cg_options options = {.opt_level = 2, .prefix = "tiny_"};

typedef struct library {
  cg_bytes archive;
  size_t count;
  const cg_member *members;
} library;

// Writes libtiny.a and tiny.gen.h for a triple, with the runtime's members when its archive is given.
static library write_library(fixture *f, const char *triple, const char *runtime) {
  const target *t = target_for_triple(triple);
  cg_bytes weights = tiny_weights(f->mem);
  plan_image plan;
  cg_model m = {.module = tiny_module(f->mem, f->more_steps),
                .plan = &plan,
                .target = t,
                .triple = triple,
                .tier_count = t->tier_count};
  const target_tier **tiers = ARENA_ARRAY(f->mem, const target_tier *, t->tier_count);
  ck_assert(ir_plan_write(f->diag, f->mem, m.module, TINY_ID, &plan));
  m.embedded = weights.data;
  m.embedded_size = weights.size;
  cg_member *members = ARENA_ARRAY(f->mem, cg_member, 64);
  size_t count = 0;
  for (size_t i = 0; i < t->tier_count; i++) {
    tiers[i] = &t->tiers[i];
    cg_member *k = &members[count++];
    k->name = arena_printf(f->mem, "kernels_of_%s.o", tiers[i]->name);
    ck_assert(cg_emit_kernels(f->cg, m.module, t, tiers[i], triple, &options, CG_OBJECT, &k->bytes));
  }
  m.tiers = tiers;
  members[count].name = "plan.o";
  ck_assert(cg_emit_plan(f->cg, &m, &options, CG_OBJECT, &members[count++].bytes));
  if (runtime != NULL) {
    mapped_file file;
    size_t added;
    cg_member *more;
    ck_assert(file_map(f->diag, f->mem, runtime, &file));
    ck_assert(cg_archive_read(f->diag, f->mem, runtime, (cg_bytes){file.data, file.size}, &added, &more));
    ck_assert_uint_gt(added, 3);
    for (size_t i = 0; i < added; i++) members[count++] = more[i];
  }
  library l = {.count = count, .members = members};
  ck_assert(cg_archive_write(f->diag, f->mem, count, members, &l.archive));
  write_file(f, "libtiny.a", l.archive.data, l.archive.size);
  const char *header = cg_header(f->mem, &m, &options);
  write_file(f, "tiny.gen.h", header, strlen(header));
  write_file(f, "tiny.qw", weights.data, weights.size);
  return l;
}

#define APP QCC_SOURCE_DIR "/tests/codegen/tiny_app.c"
#define STRICT "-I. -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "

START_TEST(an_application_links_the_library_and_runs) {
  fixture f = setup("native");
  write_library(&f, cg_host_triple(f.mem), QRT_ARCHIVE);
  ck_assert_int_eq(run(&f, CC " -std=c99 " STRICT SANITIZE " -o app " APP " libtiny.a -lpthread"), 0);
  ck_assert_int_eq(run(&f, "./app"), 0);
  ck_assert_int_eq(run(&f, "./app tiny.qw"), 0);
  ck_assert_int_ne(run(&f, "./app libtiny.a >/dev/null"), 0);
  teardown(&f);
}
END_TEST

// Its plan has more places than a call keeps on the stack: header and runtime agree on what that adds to the workspace.
START_TEST(an_application_of_many_places_runs) {
  fixture f = setup("places");
  f.more_steps = QRT_PLAN_STACK_SLOTS;
  write_library(&f, cg_host_triple(f.mem), QRT_ARCHIVE);
  ck_assert_int_eq(run(&f, CC " -std=c99 " STRICT SANITIZE " -o app " APP " libtiny.a -lpthread"), 0);
  ck_assert_int_eq(run(&f, "./app"), 0);
  ck_assert_int_eq(run(&f, "grep -q 'WORKSPACE_SIZE(batch) ((size_t)[1-9]' tiny.gen.h"), 0);
  teardown(&f);
}
END_TEST

START_TEST(the_header_is_cxx_too) {
  fixture f = setup("cxx");
  write_library(&f, cg_host_triple(f.mem), NULL);
  if (have(&f, "c++"))
    ck_assert_int_eq(run(&f, "c++ -x c++ -std=c++11 -fsyntax-only " STRICT APP), 0);
  else
    printf("skipped: no c++\n");
  teardown(&f);
}
END_TEST

// The runtime for another machine is compiled here from its sources.
static void check_cross(const char *triple, const char *emulator, const char *isa) {
  fixture f = setup(triple);
  const char *gcc = arena_printf(f.mem, "%s-gcc", triple);
  if (!have(&f, gcc) || !have(&f, emulator)) {
    printf("skipped: no %s or %s\n", gcc, emulator);
  } else {
    write_library(&f, triple, NULL);
    const char *build =
        arena_printf(f.mem, "%s -std=c11 -O1 -static -I. -I%s -o app %s libtiny.a %s/runtime/qrt_*.c -lpthread", gcc,
                     QCC_SOURCE_DIR, APP, QCC_SOURCE_DIR);
    ck_assert_int_eq(run(&f, build), 0);
    ck_assert_int_eq(run(&f, arena_printf(f.mem, "%s ./app > isa", emulator)), 0);
    ck_assert_int_eq(run(&f, arena_printf(f.mem, "grep -qx '%s' isa", isa)), 0);
  }
  teardown(&f);
}

START_TEST(cross_applications_run) {
  check_cross("aarch64-linux-gnu", "qemu-aarch64 -cpu cortex-a72", "neon");
  check_cross("aarch64-linux-gnu", "qemu-aarch64 -cpu max", "i8mm");
  check_cross("riscv64-linux-gnu", "qemu-riscv64 -cpu rv64,v=true,vlen=256,vext_spec=v1.0", "rvv");
  check_cross("riscv64-linux-gnu", "qemu-riscv64 -cpu rv64,v=false", "rv64gc");
  check_cross("arm-linux-gnueabihf", "qemu-arm", "generic");
}
END_TEST

START_TEST(the_archive_is_as_ranlib_makes_it) {
  fixture f = setup("index");
  library l = write_library(&f, cg_host_triple(f.mem), QRT_ARCHIVE);
  ck_assert_int_eq(run(&f, "nm -s libtiny.a > ours && ar t libtiny.a > ours.members && cp libtiny.a copy.a && "
                           "ranlib copy.a && nm -s copy.a > theirs && ar t copy.a > theirs.members && "
                           "readelf -h libtiny.a 2>&1 > elf.headers | (! grep .)"),
                   0);
  ck_assert_int_eq(run(&f, "cmp ours theirs && cmp ours.members theirs.members && grep -q '^tiny_run in plan.o' ours"),
                   0);
  size_t count;
  cg_member *members;
  ck_assert(cg_archive_read(f.diag, f.mem, "libtiny.a", l.archive, &count, &members));
  ck_assert_uint_eq(count, l.count);
  for (size_t i = 0; i < count; i++) {
    ck_assert_str_eq(members[i].name, l.members[i].name);
    ck_assert_uint_eq(members[i].bytes.size, l.members[i].bytes.size);
    ck_assert_mem_eq(members[i].bytes.data, l.members[i].bytes.data, members[i].bytes.size);
  }
  teardown(&f);
}
END_TEST

START_TEST(the_same_model_gives_the_same_bytes) {
  fixture f = setup("again");
  library first = write_library(&f, cg_host_triple(f.mem), NULL);
  fixture g = setup("again");
  library second = write_library(&g, cg_host_triple(g.mem), NULL);
  ck_assert_uint_eq(first.archive.size, second.archive.size);
  ck_assert_mem_eq(first.archive.data, second.archive.data, first.archive.size);
  teardown(&g);
  teardown(&f);
}
END_TEST

// Every prefix and every changed byte of an archive is read or refused, and nothing else.
START_TEST(damaged_archives_are_refused) {
  fixture f = setup("damaged");
  library l = write_library(&f, cg_host_triple(f.mem), NULL);
  diag *quiet = diag_new(f.mem, NULL, false);
  diag_set_error_limit(quiet, 1);
  arena *mem = arena_new();
  size_t count;
  cg_member *members;
  cg_names names;
  for (size_t size = 0; size < 1200; size++) {
    uint8_t *part = malloc(size + 1);
    memcpy(part, l.archive.data, size);
    cg_archive_read(quiet, mem, "part", (cg_bytes){part, size}, &count, &members);
    free(part);
  }
  cg_bytes object = l.members[0].bytes;
  for (size_t i = 0; i < object.size; i++) {
    uint8_t *changed = malloc(object.size);
    memcpy(changed, object.data, object.size);
    changed[i] ^= 0xff;
    cg_object_symbols(mem, (cg_bytes){changed, object.size}, true, &names);
    cg_object_symbols(mem, (cg_bytes){changed, i}, false, &names);
    free(changed);
  }
  ck_assert(!cg_archive_read(quiet, mem, "none", (cg_bytes){(const uint8_t *)"hello", 5}, &count, &members));
  arena_free(mem);
  teardown(&f);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("codegen_library");
  const TTest *const tests[] = {an_application_links_the_library_and_runs,
                                an_application_of_many_places_runs,
                                the_header_is_cxx_too,
                                cross_applications_run,
                                the_archive_is_as_ranlib_makes_it,
                                the_same_model_gives_the_same_bytes,
                                damaged_archives_are_refused,
                                NULL};
  check_add(suite, "library", tests);
  return check_main(suite);
}

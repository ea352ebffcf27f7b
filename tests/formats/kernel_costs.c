// What the kernels of a format cost to make: kernel_costs TARGET TRIPLE TIER SCHEMES
//
// For each format of the folder a line on the standard output: its name, milliseconds of processor time from the scheme to
// the object, and bytes of code and constants in it. The kernels are those of one layer: preparing the activations that a
// rule without `act` gets, and the matrix product. Formats without kernels are left out.
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "codegen/codegen.h"
#include "cost/tuning.h"
#include "network/lower.h"
#include "tests/kernels/case_formats.h"

typedef struct maker {
  lower_options options;
  const target_tier *tier;
  const char *triple;
} maker;

static double milliseconds(void) { return 1e3 * (double)clock() / CLOCKS_PER_SEC; }

// Bytes of the sections that are loaded, of a little-endian 64-bit object.
static size_t loaded_bytes(cg_bytes object) {
  Elf64_Ehdr head;
  size_t total = 0;
  if (object.size < sizeof head) return 0;
  memcpy(&head, object.data, sizeof head);
  for (size_t i = 0; i < head.e_shnum; i++) {
    Elf64_Shdr section;
    size_t at = (size_t)head.e_shoff + i * head.e_shentsize;
    if (at + sizeof section > object.size) return total;
    memcpy(&section, object.data + at, sizeof section);
    bool unwind = section.sh_type == SHT_X86_64_UNWIND;
    if ((section.sh_flags & SHF_ALLOC) != 0 && !unwind) total += (size_t)section.sh_size;
  }
  return total;
}

static bool compile(const maker *m, diag *d, arena *a, const scheme *s, size_t *bytes) {
  act_spec act = fe_default_act(s);
  const recipe *r = lower_make_recipe(d, a, s, &act, "cost", &m->options);
  if (r == NULL) return false;
  ir_module *kernels = ir_module_new(a, "kernels");
  lower_emit_prepare(kernels, &r->prepared, m->tier, false, "prepare");
  const matmul_shape shape = {.epilogue = "", .schedules = schedule_choose_all(a, r, m->tier, NULL)};
  lower_emit_matmul(kernels, r, m->tier, false, &shape, "matmul");
  cg_options options = {.opt_level = 2};
  cg_context *cg = cg_new(d, a);
  cg_bytes object = {0};
  bool ok = cg_emit_kernels(cg, kernels, m->options.target, m->tier, m->triple, &options, CG_OBJECT, &object);
  *bytes = loaded_bytes(object);
  cg_free(cg);
  return ok;
}

static void put_cost(const maker *m, const case_formats *formats, size_t index, bool shown) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  diag_set_warning(d, "fallback", DIAG_ACTION_IGNORE);
  const scheme *s = case_formats_find(d, a, formats, index);
  size_t bytes = 0;
  double start = milliseconds();
  if (s != NULL && compile(m, d, a, s, &bytes) && shown)
    printf("%s\t%.0f\t%zu\n", formats->names[index], milliseconds() - start, bytes);
  arena_free(a);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: kernel_costs TARGET TRIPLE TIER SCHEMES\n");
    return 2;
  }
  arena *a = arena_new();
  maker m = {.options.target = target_for_triple(argv[1]), .triple = argv[2]};
  m.tier = target_find_tier(m.options.target, argv[3]);
  const char *dirs[] = {argv[4]};
  case_formats formats;
  if (m.tier == NULL || !case_formats_list(diag_new(a, stderr, false), a, dirs, 1, &formats)) return 1;
  put_cost(&m, &formats, 0, false); // what the compiler does once
  for (size_t i = 0; i < formats.count; i++) put_cost(&m, &formats, i, true);
  arena_free(a);
  return 0;
}

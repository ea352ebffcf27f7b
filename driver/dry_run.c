// -###: the phases of a compilation with the names of its results, without doing them.
#include "driver/compile.h"

static const char *find_model_name(const job *j) {
  if (j->m != NULL) return j->m->name;
  const ast_node *model = job_model(j);
  if (model != NULL) return model->name.text;
  return path_stem(j->mem, j->s.input);
}

static void print_result(const job *j, const char *file, const char *what) {
  const char *dir = j->s.output == NULL ? "." : j->s.output;
  printf("write    %s: %s\n", path_join(j->mem, dir, file), what);
}

static void print_library(const job *j, const char *name) {
  print_result(j, arena_printf(j->mem, j->s.stage == STAGE_SO ? "lib%s.so" : "lib%s.a", name),
               j->s.bundled ? "objects of all tiers, the plan, the runtime" : "objects of all tiers, and the plan");
  print_result(j, arena_printf(j->mem, "%s.h", job_prefix_of(j, name)), "C interface");
  if (!j->s.embed) print_result(j, arena_printf(j->mem, "%s.qw", name), "packed weights");
}

static void print_single(const job *j, const char *name) {
  const stage_info *info = stage_get(j->s.stage);
  const char *file = arena_printf(j->mem, "%s%s", name, info->ending);
  if (j->s.output != NULL && output_is_directory(j->s.output))
    print_result(j, file, info->help);
  else
    printf("write    %s: %s\n",
           j->s.output != NULL ? j->s.output
           : info->is_text     ? "standard output"
                               : file,
           info->help);
}

static void print_tiers(const job *j) {
  for (size_t i = 0; i < j->s.tiers.len; i++) {
    const target_tier *tier = j->s.tiers.data[i];
    printf("compile  tier %s: -O%u cpu '%s' features '%s'\n", tier->name, j->s.opt_level,
           j->s.cpu != NULL ? j->s.cpu : tier->cpu, j->s.features != NULL ? j->s.features : tier->features);
  }
}

void dry_run_print(job *j) {
  const char *name = find_model_name(j);
  printf("read     %s\n", j->s.input == NULL ? "--kernels" : j->s.input);
  for (size_t i = 0; i < j->scheme_dirs.len; i++) printf("schemes  %s\n", j->scheme_dirs.data[i]);
  for (size_t i = 0; i < j->operator_dirs.len; i++) printf("operators %s\n", j->operator_dirs.data[i]);
  printf("target   %s (%s)\n", j->s.triple, j->s.target->name);
  if (j->s.stage >= STAGE_LOWERED)
    for (size_t i = 0; i < lower_pass_count(); i++) printf("pass     %s\n", lower_pass_get(i)->name);
  if (j->s.stage >= STAGE_LLVM_IR) print_tiers(j);
  if (j->s.stage == STAGE_LIB || j->s.stage == STAGE_SO)
    print_library(j, name);
  else if (j->s.stage == STAGE_KERNELS)
    kernels_print_results(j, name);
  else
    print_single(j, name);
}

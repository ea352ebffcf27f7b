// `qcc model.q`: parse, check, lower, and then what --emit asks for.
#include "driver/compile.h"

#include <string.h>

#include "driver/c_names.h"
#include "driver/tiers.h"

bool compile_lower(job *j) {
  if (!tuning_open(j) || !source_build(j)) return false;
  job_phase(j, "lower");
  lower_options o = source_lower_options(j);
  if (!lower_module(j->d, j->m, &o) || diag_error_count(j->d) > 0) return false;
  tiers_drop_equal(j);
  return true;
}

static bool needs_model(job *j) {
  if (ir_find_model(j->m) != NULL && j->m->plan != NULL) return true;
  diag_error_file(j->d, j->s.input, "has no model to compile");
  diag_hint(j->d, "add one: model name { .. }; or compile kernels of its formats with --emit=kernels");
  return false;
}

static bool emit_text(job *j, const char *name, const char *text) {
  return output_text(j, output_single(j, name, stage_get(j->s.stage)), text, strlen(text));
}

static bool emit_ast(job *j) { return emit_text(j, path_stem(j->mem, j->s.input), fe_print_ast(j->mem, j->tree)); }

static bool emit_ir(job *j) { return source_build(j) && emit_text(j, j->m->name, ir_print(j->mem, j->m)); }

static bool emit_lowered(job *j) {
  if (!compile_lower(j)) return false;
  lower_options o = source_lower_options(j);
  bool has_kernels = tiers_has_kernels(j->m);
  if (!has_kernels && j->m->plan != NULL && !lower_kernels(j->d, j->m, j->s.tiers.data[0], &o, j->m)) return false;
  return emit_text(j, j->m->name, ir_print(j->mem, j->m));
}

static cg_kind code_kind(stage s) {
  if (s == STAGE_LLVM_IR) return CG_LLVM_IR;
  return s == STAGE_OBJ ? CG_OBJECT : CG_ASM;
}

// One result of the best tier; or, in a directory, one of each.
static bool emit_code(job *j) {
  if (!compile_lower(j) || !needs_model(j)) return false;
  const stage_info *info = stage_get(j->s.stage);
  bool all = j->s.output != NULL && output_is_directory(j->s.output) && j->s.tiers.len > 1;
  size_t count = all ? j->s.tiers.len : 1;
  cg_bytes *code = ARENA_ARRAY(j->mem, cg_bytes, count);
  cg_options o = tiers_options(j);
  if (!tiers_compile(j, tiers_lower_plan, &o, code_kind(j->s.stage), count, code)) return false;
  for (size_t i = 0; i < count; i++) {
    const char *name = all ? arena_printf(j->mem, "%s.%s", j->m->name, j->s.tiers.data[i]->name) : j->m->name;
    if (!output_text(j, output_single(j, name, info), code[i].data, code[i].size)) return false;
  }
  return true;
}

static bool emit_library(job *j) { return compile_lower(j) && needs_model(j) && library_write(j); }

static bool emit_kernels(job *j) { return compile_lower(j) && kernels_write(j); }

static bool (*const emitters[STAGE_COUNT])(job *j) = {
    [STAGE_AST] = emit_ast,         [STAGE_IR] = emit_ir,      [STAGE_LOWERED] = emit_lowered,
    [STAGE_LLVM_IR] = emit_code,    [STAGE_ASM] = emit_code,   [STAGE_OBJ] = emit_code,
    [STAGE_LIB] = emit_library,     [STAGE_SO] = emit_library, [STAGE_PTX] = emit_code,
    [STAGE_KERNELS] = emit_kernels,
};

exit_status compile_command(job *j) {
  exit_status status = settings_read(j->d, j->mem, j->o, &j->s);
  if (status != STATUS_OK) return status;
  if (!cache_open(j->d, j->mem, j->o, j->temporaries, &j->cache)) return STATUS_USAGE;
  if (option_given(j->o, OPTION_DRY_RUN)) {
    bool parsed = source_parse(j);
    if (parsed) dry_run_print(j);
    return parsed ? STATUS_OK : STATUS_ERROR;
  }
  bool ok = source_parse(j) && c_names_check(j) && emitters[j->s.stage](j) && depend_write(j);
  return job_finish(j, ok);
}

// --emit=kernels: the engine's kernels for all tiers, its header and its packer, as files.
#include <string.h>

#include "driver/compile.h"
#include "driver/library.h"
#include "driver/tiers.h"
#include "engine/engine.h"

static engine engine_of(const job *j) {
  return (engine){.mem = j->mem,
                  .d = j->d,
                  .m = j->m,
                  .prefix = job_prefix(j),
                  .target = j->s.target,
                  .tier_count = j->s.tiers.len,
                  .tiers = j->s.tiers.data,
                  .tuning = j->tuning};
}

static bool lower_recipes(const job *j, diag *d, const target_tier *tier, ir_module *kernels) {
  engine g = engine_of(j);
  g.mem = kernels->mem; // tiers are lowered side by side
  return engine_lower(&g, d, tier, kernels);
}

static bool write_file(job *j, const char *directory, const char *name, const strbuf *text) {
  return output_text(j, path_join(j->mem, directory, name), text->data, text->len);
}

// A library of all tiers; or, for a GPU, the kernels' text.
static bool compile_kernels(job *j, const cg_options *co, member_list *members) {
  if (!j->s.target->gpu) return library_add_tiers(j, lower_recipes, co, members) && library_add_runtime(j, members);
  cg_member text = {.name = arena_printf(j->mem, "%s%s", j->m->name, stage_get(STAGE_PTX)->ending)};
  if (!tiers_compile(j, lower_recipes, co, CG_ASM, 1, &text.bytes)) return false;
  vec_push(j->mem, members, text);
  return true;
}

static bool write_kernels(job *j, const char *directory, const member_list *members) {
  if (!j->s.target->gpu) return library_write_archive(j, directory, members);
  const cg_member *text = &members->data[0];
  return output_text(j, path_join(j->mem, directory, text->name), text->bytes.data, text->bytes.size);
}

bool kernels_write(job *j) {
  cg_options co = tiers_options(j);
  engine g = engine_of(j);
  member_list members = {0};
  strbuf header = {.mem = j->mem}, packer = {.mem = j->mem};
  if (j->m->recipes.len == 0) {
    diag_error_file(j->d, j->s.input, "has no matrices to make kernels of");
    return false;
  }
  if (!engine_check(&g) || !engine_put_pack_source(&g, &packer)) return false;
  engine_put_header(&g, &co, &header);
  if (!compile_kernels(j, &co, &members)) return false;
  job_phase(j, "library");
  const char *directory = output_directory(j), *name = j->m->name;
  return directory != NULL && write_kernels(j, directory, &members) &&
         write_file(j, directory, arena_printf(j->mem, "%s.h", job_prefix(j)), &header) &&
         write_file(j, directory, arena_printf(j->mem, "%s_pack.c", name), &packer);
}

void kernels_print_results(const job *j, const char *name) {
  const char *dir = j->s.output == NULL ? "." : j->s.output;
  const char *kernels = arena_printf(j->mem, j->s.target->gpu ? "%s.ptx" : "lib%s.a", name);
  printf("write    %s/%s: matmul kernels and kernels that prepare activations\n", dir, kernels);
  printf("write    %s/%s.h: layouts, sizes and calls\n", dir, job_prefix_of(j, name));
  printf("write    %s/%s_pack.c: packers of weights\n", dir, name);
}

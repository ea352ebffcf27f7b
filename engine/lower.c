// The kernels of --emit=kernels: for each recipe one that multiplies and one that prepares activations, and those of its steps.
#include "cost/tuning.h"
#include "engine/engine.h"
#include "kernel/kernel.h"

const char *engine_symbol(const engine *g, const recipe *r) {
  return arena_printf(g->mem, "%s_%s", g->prefix, r->name);
}

const char *engine_function(arena *a, const char *what, const recipe *r) {
  return arena_printf(a, "%s_%s", what, r->name);
}

bool engine_lower(const engine *g, diag *d, const target_tier *tier, ir_module *kernels) {
  for (size_t i = 0; i < g->m->recipes.len; i++) {
    const recipe *r = g->m->recipes.data[i];
    const schedule *schedules = g->target->gpu ? NULL : schedule_choose_all(kernels->mem, r, tier, g->tuning);
    const matmul_shape plain = {.epilogue = "", .schedules = schedules};
    lower_emit_matmul(kernels, r, tier, g->target->gpu, &plain, engine_function(kernels->mem, "matmul", r));
    lower_emit_prepare(kernels, &r->prepared, tier, g->target->gpu, engine_function(kernels->mem, "prepare", r));
  }
  steps_kernels steps = engine_of_steps(g);
  for (size_t i = 0; i < steps.len; i++)
    lower_emit_rows(kernels, &steps.data[i].kernel, tier, g->target->gpu, steps.data[i].name);
  return ir_verify(d, kernels);
}

// A format that is a sum or has parts takes several kernels, which only a model's plan puts together.
static bool check_whole(const engine *g) {
  bool ok = true;
  for (size_t i = 0; i < g->m->weights.len; i++) {
    const ir_weight *w = g->m->weights.data[i];
    if (w->part != NULL || !ir_has_parts(g->m, w)) continue;
    diag_error(g->d, w->scheme->loc, "'%s' is multiplied in parts, and has no kernel of its own", w->scheme->name);
    diag_hint(g->d, "compile a model with it, or make kernels of the parts");
    ok = false;
  }
  return ok;
}

bool engine_check(const engine *g) { return engine_check_steps(g) && check_whole(g); }

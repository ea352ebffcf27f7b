// From the plan to code: tiers are lowered side by side, then units are looked for in the cache and compiled, on as many
// threads as there are processors. Every task has its own arena, messages and LLVM context; messages and results are
// taken in order afterwards.
#include "driver/tiers.h"

#include <string.h>

#include "driver/parallel.h"
#include "driver/trial.h"
#include "driver/unit.h"

typedef struct tier_work {
  const target_tier *tier;
  arena *mem;
  diag *d;
  VEC(unit) units;
  bool ok;
} tier_work;

typedef struct tiers_run {
  job *j;
  tier_lower lower;
  const cg_options *options;
  cg_kind kind;
  bool split; // a unit for each kernel, not for each tier
  size_t tier_count;
  tier_work *tiers;
  VEC(unit *) units; // of all tiers
} tiers_run;

cg_options tiers_options(const job *j) {
  return (cg_options){.opt_level = j->s.opt_level,
                      .cpu = j->s.cpu,
                      .features = j->s.features,
                      .prefix = arena_printf(j->mem, "%s_", job_prefix(j))};
}

bool tiers_has_kernels(const ir_module *m) {
  for (size_t i = 0; i < m->funcs.len; i++)
    if (m->funcs.data[i]->kind == IR_FUNC_KERNEL) return true;
  return false;
}

static bool is_special(const job *j, const target_tier *tier) {
  if (tier->special == 0 || j->m->recipes.len == 0) return true;
  for (size_t i = 0; i < j->m->recipes.len; i++)
    if (lower_recipe_uses(j->m->recipes.data[i], tier->special)) return true;
  return false;
}

void tiers_drop_equal(job *j) {
  tier_list *tiers = &j->s.tiers;
  if (j->s.tiers_named || tiers->len <= 1) return;
  size_t kept = 0;
  for (size_t i = 0; i < tiers->len; i++)
    if (is_special(j, tiers->data[i])) tiers->data[kept++] = tiers->data[i];
  tiers->len = kept;
}

bool tiers_lower_plan(const job *j, diag *d, const target_tier *tier, ir_module *kernels) {
  if (tiers_has_kernels(j->m)) {
    for (size_t i = 0; i < j->m->funcs.len; i++) vec_push(kernels->mem, &kernels->funcs, j->m->funcs.data[i]);
    return true;
  }
  lower_options o = source_lower_options(j);
  o.explain = NULL;
  return lower_kernels(d, j->m, tier, &o, kernels);
}

// ---- kernels into units ----------------------------------------------------------------------------------

static ir_module *new_module(const job *j, arena *mem) {
  ir_module *kernels = ir_module_new(mem, j->m->name);
  for (size_t i = 0; i < j->m->schemes.len; i++) vec_push(mem, &kernels->schemes, j->m->schemes.data[i]);
  for (size_t i = 0; i < j->m->recipes.len; i++) vec_push(mem, &kernels->recipes, j->m->recipes.data[i]);
  return kernels;
}

static unit *add_unit(const tiers_run *r, tier_work *t, const char *text) {
  unit u = {.j = r->j, .options = r->options, .kind = r->kind, .tier = t->tier, .text = text};
  u.kernels = new_module(r->j, t->mem);
  vec_push(t->mem, &t->units, u);
  return &t->units.data[t->units.len - 1];
}

// GPU texts have no second name for a function.
static unit *find_same(const tiers_run *r, tier_work *t, const char *text) {
  for (size_t i = 0; i < t->units.len && !r->j->s.target->gpu; i++)
    if (strcmp(t->units.data[i].text, text) == 0) return &t->units.data[i];
  return NULL;
}

static void split_kernels(const tiers_run *r, tier_work *t, const ir_module *kernels) {
  for (size_t i = 0; i < kernels->funcs.len; i++) {
    ir_func *f = kernels->funcs.data[i];
    if (f->kind != IR_FUNC_KERNEL) continue;
    const char *text = cg_kernel_text(t->mem, kernels, f);
    unit *u = find_same(r, t, text);
    if (u == NULL) u = add_unit(r, t, text);
    vec_push(t->mem, &u->kernels->funcs, f);
  }
}

static void keep_kernels(const tiers_run *r, tier_work *t, const ir_module *kernels) {
  strbuf text = {.mem = t->mem};
  for (size_t i = 0; i < kernels->funcs.len; i++)
    if (kernels->funcs.data[i]->kind == IR_FUNC_KERNEL)
      strbuf_printf(&text, "%s", cg_kernel_text(t->mem, kernels, kernels->funcs.data[i]));
  unit *u = add_unit(r, t, strbuf_text(&text));
  for (size_t i = 0; i < kernels->funcs.len; i++) vec_push(t->mem, &u->kernels->funcs, kernels->funcs.data[i]);
}

static void lower_tier(void *context, size_t index) {
  tiers_run *r = context;
  tier_work *t = &r->tiers[index];
  ir_module *kernels = new_module(r->j, t->mem);
  t->ok = r->lower(r->j, t->d, t->tier, kernels);
  if (!t->ok) return;
  (r->split ? split_kernels : keep_kernels)(r, t, kernels);
  for (size_t i = 0; i < t->units.len; i++) unit_find(&t->units.data[i]);
}

static bool lower_tiers(tiers_run *r) {
  arena *mem = r->j->mem;
  r->tiers = ARENA_ARRAY(mem, tier_work, r->tier_count);
  for (size_t i = 0; i < r->tier_count; i++) {
    arena *own = arena_new();
    r->tiers[i] = (tier_work){.tier = r->j->s.tiers.data[i], .mem = own, .d = diag_new(own, NULL, false)};
  }
  parallel_run(r->tier_count, lower_tier, r);
  bool ok = true;
  for (size_t i = 0; i < r->tier_count; i++) {
    fputs(diag_text(r->tiers[i].d), stderr);
    ok = r->tiers[i].ok && ok;
    for (size_t k = 0; k < r->tiers[i].units.len; k++) vec_push(mem, &r->units, &r->tiers[i].units.data[k]);
  }
  return ok;
}

// ---- units into code -------------------------------------------------------------------------------------

static void compile_unit(void *context, size_t index) {
  const tiers_run *r = context;
  unit_compile(r->units.data[index]);
}

// LLVM takes any text as a processor, says on standard error what it does not know, and ends the process when the
// instructions of a tier are not there: so a processor of the user's choice is tried first.
static bool check_processor(job *j, unit *u) {
  if (u->ready || (u->options->cpu == NULL && u->options->features == NULL)) return true;
  bool survived;
  const char *text = trial_run(j->mem, unit_try, u, &survived);
  if (survived && strstr(text, "is not a recognized") == NULL) return true;
  diag_error_file(j->d, "qcc", "LLVM cannot compile tier '%s' with these -mcpu and -mattr: %.*s", u->tier->name,
                  (int)strcspn(text, "\n"), text);
  diag_hint(j->d, "the processor must have what the tier needs; 'llc -mtriple=%s -mcpu=help' lists processors",
            j->s.triple);
  return false;
}

static void tell_cached(const tiers_run *r) {
  const job *j = r->j;
  if (!option_given(j->o, OPTION_VERBOSE) || j->cache.folder == NULL) return;
  size_t cached = 0;
  for (size_t i = 0; i < r->units.len; i++) cached += r->units.data[i]->cached;
  fprintf(j->notes, "%-12s %zu of %zu compilations from %s\n", "cache", cached, r->units.len, j->cache.folder);
}

static bool compile_units(tiers_run *r) {
  job *j = r->j;
  cg_free(cg_new(j->d, j->mem)); // here: LLVM's targets are registered without locks
  for (size_t i = 0; i < r->units.len; i++)
    if (!check_processor(j, r->units.data[i])) return false;
  parallel_run(r->units.len, compile_unit, r);
  bool ok = true;
  for (size_t i = 0; i < r->units.len; i++) {
    unit *u = r->units.data[i];
    fputs(diag_text(u->d), stderr);
    if (u->ready) u->bytes.data = arena_memdup(j->mem, u->bytes.data, u->bytes.size);
    ok = u->ready && ok;
  }
  tell_cached(r);
  return ok;
}

static void release(tiers_run *r) {
  for (size_t i = 0; i < r->units.len; i++) unit_free(r->units.data[i]);
  for (size_t i = 0; i < r->tier_count; i++) arena_free(r->tiers[i].mem);
}

bool tiers_compile(job *j, tier_lower lower, const cg_options *co, cg_kind kind, size_t count, cg_bytes *out) {
  job_phase(j, "compile");
  tiers_run r = {.j = j, .lower = lower, .options = co, .kind = kind, .tier_count = count};
  bool ok = lower_tiers(&r) && compile_units(&r);
  for (size_t i = 0; ok && i < count; i++) out[i] = r.units.data[i]->bytes;
  release(&r);
  return ok;
}

bool tiers_objects(job *j, tier_lower lower, const cg_options *co, size_t *count, cg_member **members) {
  job_phase(j, "compile");
  tiers_run r = {.j = j, .lower = lower, .options = co, .kind = CG_OBJECT, .split = true};
  r.tier_count = j->s.tiers.len;
  bool ok = lower_tiers(&r) && compile_units(&r);
  *count = r.units.len;
  *members = ARENA_ARRAY(j->mem, cg_member, r.units.len);
  for (size_t i = 0; ok && i < r.units.len; i++) {
    const unit *u = r.units.data[i];
    const char *kernel = u->kernels->funcs.data[0]->name;
    (*members)[i] = (cg_member){arena_printf(j->mem, "%s.%s.%s.o", j->m->name, kernel, u->tier->name), u->bytes};
  }
  release(&r);
  return ok;
}

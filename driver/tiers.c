// One thread for each tier, with its own arena, messages and LLVM context.
#include "driver/tiers.h"

#include <pthread.h>
#include <string.h>

#include "driver/trial.h"

typedef struct tier_work {
  const job *j;
  tier_lower lower;
  const cg_options *options;
  cg_kind kind;
  const target_tier *tier;
  arena *mem;
  diag *d;
  cg_context *cg;
  cg_bytes bytes;
  bool ok;
  bool threaded;
  pthread_t thread;
} tier_work;

cg_options tiers_options(const job *j) {
  const char *prefix = j->s.prefix != NULL ? j->s.prefix : j->m->name;
  return (cg_options){.opt_level = j->s.opt_level,
                      .cpu = j->s.cpu,
                      .features = j->s.features,
                      .prefix = arena_printf(j->mem, "%s_", prefix)};
}

bool tiers_has_kernels(const ir_module *m) {
  for (size_t i = 0; i < m->funcs.len; i++)
    if (m->funcs.data[i]->kind == IR_FUNC_KERNEL) return true;
  return false;
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

static void *compile(void *argument) {
  tier_work *w = argument;
  ir_module *kernels = ir_module_new(w->mem, w->j->m->name);
  for (size_t i = 0; i < w->j->m->schemes.len; i++) vec_push(w->mem, &kernels->schemes, w->j->m->schemes.data[i]);
  for (size_t i = 0; i < w->j->m->recipes.len; i++) vec_push(w->mem, &kernels->recipes, w->j->m->recipes.data[i]);
  w->ok = w->lower(w->j, w->d, w->tier, kernels) &&
          cg_emit_kernels(w->cg, kernels, w->j->s.target, w->tier, w->j->s.triple, w->options, w->kind, &w->bytes);
  return NULL;
}

static void try_compile(void *argument) { compile(argument); }

// LLVM takes any text as a processor, says on standard error what it does not know, and ends the process when the
// instructions of a tier are not there: so a processor of the user's choice is tried first.
static bool check_processor(job *j, tier_work *w) {
  if (w->options->cpu == NULL && w->options->features == NULL) return true;
  bool survived;
  const char *text = trial_run(j->mem, try_compile, w, &survived);
  if (survived && strstr(text, "is not a recognized") == NULL) return true;
  diag_error_file(j->d, "qcc", "LLVM cannot compile tier '%s' with these -mcpu and -mattr: %.*s", w->tier->name,
                  (int)strcspn(text, "\n"), text);
  diag_hint(j->d, "the processor must have what the tier needs; 'llc -mtriple=%s -mcpu=help' lists processors",
            j->s.triple);
  return false;
}

// Starts on a thread of its own, or, when there is none to be had, does the work at once.
static void begin(tier_work *w, bool last) {
  w->threaded = !last && pthread_create(&w->thread, NULL, compile, w) == 0;
  if (!w->threaded) compile(w);
}

// Takes over what a tier gave: its messages, in the order of the tiers, and its bytes.
static bool finish(job *j, tier_work *w, cg_bytes *out) {
  if (w->threaded) pthread_join(w->thread, NULL);
  const char *text = diag_text(w->d);
  fputs(text, stderr);
  if (w->ok) *out = (cg_bytes){arena_memdup(j->mem, w->bytes.data, w->bytes.size), w->bytes.size};
  cg_free(w->cg);
  arena_free(w->mem);
  return w->ok;
}

bool tiers_compile(job *j, tier_lower lower, const cg_options *co, cg_kind kind, size_t count, cg_bytes *out) {
  job_phase(j, "compile");
  tier_work *work = ARENA_ARRAY(j->mem, tier_work, count);
  for (size_t i = 0; i < count; i++) {
    work[i] = (tier_work){.j = j, .lower = lower, .options = co, .kind = kind, .tier = j->s.tiers.data[i]};
    work[i].mem = arena_new();
    work[i].d = diag_new(work[i].mem, NULL, false);
    work[i].cg = cg_new(work[i].d, work[i].mem); // here: LLVM's targets are registered without locks
  }
  bool ok = check_processor(j, &work[0]);
  for (size_t i = 0; ok && i < count; i++) begin(&work[i], i + 1 == count);
  for (size_t i = 0; i < count; i++) ok = finish(j, &work[i], &out[i]) && ok;
  return ok;
}

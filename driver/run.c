// `qcc run model.q`: compiles for this machine in memory, runs, and shows or writes what came out.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver/compile.h"
#include "driver/run_data.h"
#include "driver/tiers.h"
#include "weights/qw.h"

typedef struct runner {
  job *j;
  cg_context *cg;
  cg_jit *jit;
  qrt_model model;
  run_data data;
  void *workspace;
  size_t workspace_size;
  void *pool_memory;
  qrt_pool pool;
  unsigned threads;
  bool has_pool;
} runner;

static bool check(runner *r, const char *what, qrt_status status) {
  if (status != QRT_OK) diag_error_file(r->j->d, r->j->s.input, "%s: %s", what, qrt_status_text(status));
  return status == QRT_OK;
}

// Leaves one tier: the one asked for, or the best that this machine has.
static bool choose_tier(runner *r) {
  tier_list *tiers = &r->j->s.tiers;
  const char *asked = option_last(r->j->o, OPTION_TIER);
  uint64_t features = qrt_cpu_features();
  for (size_t i = 0; i < tiers->len; i++) {
    if ((tiers->data[i]->cpu_features & ~features) != 0) continue;
    tiers->data[0] = tiers->data[i];
    tiers->len = 1;
    return true;
  }
  if (asked != NULL)
    diag_error_file(r->j->d, "qcc", "this processor cannot run tier '%s'", asked);
  else
    diag_error_file(r->j->d, "qcc", "this processor can run no tier of target '%s'", r->j->s.target->name);
  return false;
}

static bool load_weights(runner *r, qw_image *image) {
  job *j = r->j;
  job_phase(j, "weights");
  weights_options o = {.progress = isatty(STDERR_FILENO) ? stderr : NULL};
  weight_set *set = weights_open(j->d, j->mem, j->files, j->m, &o);
  return set != NULL && qw_build(j->d, j->mem, set, j->m, image, NULL);
}

// The model's plan with kernels that were loaded into this process; NULL (reported) when the object lacks one.
static const qrt_plan *make_plan(runner *r, const cg_options *co) {
  job *j = r->j;
  const target_tier *tier = j->s.tiers.data[0];
  plan_image image;
  if (!ir_plan_write(j->d, j->mem, j->m, qw_model_id(j->m), &image)) return NULL;
  qrt_kernel *kernels = ARENA_ARRAY(j->mem, qrt_kernel, image.kernel_count);
  for (size_t i = 0; i < image.kernel_count; i++) {
    kernels[i] = cg_jit_kernel(r->jit, cg_kernel_symbol(j->mem, co, tier, image.kernels[i]));
    if (kernels[i] == NULL) return NULL;
  }
  qrt_tier *t = ARENA_NEW(j->mem, qrt_tier);
  *t = (qrt_tier){tier->name, tier->cpu_features, kernels};
  qrt_plan *plan = ARENA_NEW(j->mem, qrt_plan);
  *plan = (qrt_plan){.abi_version = QRT_ABI_VERSION,
                     .tier_count = 1,
                     .kernel_count = (uint32_t)image.kernel_count,
                     .tiers = t,
                     .bytes = image.bytes,
                     .size = image.size};
  return plan;
}

static bool open_model(runner *r) {
  job *j = r->j;
  qw_image image;
  cg_bytes object;
  cg_options co = tiers_options(j);
  if (!load_weights(r, &image) || !tiers_compile(j, tiers_lower_plan, &co, CG_OBJECT, 1, &object)) return false;
  r->cg = cg_new(j->d, j->mem);
  r->jit = cg_jit_new(r->cg, object);
  if (r->jit == NULL) return false;
  const qrt_plan *plan = make_plan(r, &co);
  return plan != NULL && check(r, "cannot open the model", qrt_open_memory(&r->model, plan, image.bytes, image.size));
}

static bool start_threads(runner *r) {
  if (r->threads <= 1) return true;
  size_t size = qrt_threads_size(r->threads);
  r->pool_memory = arena_alloc(r->j->mem, size, 1);
  r->has_pool = check(r, "threads", qrt_threads_start(r->pool_memory, size, r->threads, &r->pool));
  return r->has_pool;
}

static bool make_workspace(runner *r) {
  size_t size = qrt_workspace_size(r->model.plan, (size_t)r->data.batch);
  r->workspace_size = size == 0 ? 64 : (size + 63) / 64 * 64;
  r->workspace = aligned_alloc(64, r->workspace_size);
  if (r->workspace == NULL) diag_error_file(r->j->d, r->j->s.input, "no memory for a workspace of %zu bytes", size);
  return r->workspace != NULL;
}

static qrt_status run_once(runner *r) {
  return qrt_run(&r->model, (size_t)r->data.batch, r->data.inputs, r->data.outputs, r->workspace, r->workspace_size,
                 r->has_pool ? &r->pool : NULL);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Repeats for about half a second and tells the fastest and the mean run.
static bool time_runs(runner *r) {
  double begin = seconds(), best = 1e300, last = begin;
  unsigned count = 0;
  while (count < 3 || last - begin < 0.5) {
    if (!check(r, "cannot run", run_once(r))) return false;
    double now = seconds();
    if (now - last < best) best = now - last;
    last = now;
    count++;
  }
  double mean = (last - begin) / count;
  printf("tier %s, batch %llu: %.1f us a run (best %.1f us, %u runs)\n", qrt_tier_name(&r->model),
         (unsigned long long)r->data.batch, mean * 1e6, best * 1e6, count);
  return true;
}

static bool run_model(runner *r) {
  job *j = r->j;
  if (!compile_lower(j) || !choose_tier(r)) return false;
  if (j->m->plan == NULL) {
    diag_error_file(j->d, j->s.input, "has no model to run");
    return false;
  }
  if (!run_data_read(j, &r->data) || !open_model(r) || !start_threads(r) || !make_workspace(r)) return false;
  job_phase(j, "run");
  if (!check(r, "cannot run", run_once(r))) return false;
  if (option_given(j->o, OPTION_TIME) && !time_runs(r)) return false;
  return run_data_write(j, &r->data);
}

exit_status run_command(job *j) {
  exit_status status = settings_read(j->d, j->mem, j->o, &j->s);
  if (status != STATUS_OK) return status;
  if (!cache_open(j->d, j->mem, j->o, j->temporaries, &j->cache)) return STATUS_USAGE;
  runner r = {.j = j};
  if (!settings_threads(j->d, j->o, 1, &r.threads)) return STATUS_USAGE;
  bool ok = source_parse(j) && run_model(&r);
  if (r.has_pool) qrt_threads_stop(&r.pool);
  free(r.workspace);
  qrt_close(&r.model);
  cg_jit_free(r.jit);
  if (r.cg != NULL) cg_free(r.cg);
  return job_finish(j, ok);
}

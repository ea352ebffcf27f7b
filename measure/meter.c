#include "measure/meter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/limits.h"

#define SINK_BYTES 4096
#define READ_ITEM (UINT64_C(1) << 20)
#define PEAK_TURNS UINT64_C(400000)
#define PAGE 4096

static const struct {
  const char *kernel, *name;
  unsigned per_lane; // multiply-adds of a 32-bit lane; 0: it reads
} limits[METER_LIMIT_COUNT] = {[METER_READ] = {"limit_read", "read", 0},
                               [METER_BYTE_DOT] = {"limit_dot", "byte dot", 4},
                               [METER_FMA] = {"limit_fma", "fma", 1},
                               [METER_PAIR_DOT] = {"limit_pairs", "bf16 dot", 2}};

double meter_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void *meter_memory(diag *d, size_t size) {
  void *p = NULL;
  size_t rounded = size < SIZE_MAX - PAGE ? (size + PAGE - 1) / PAGE * PAGE : 0;
  if (rounded == 0 || posix_memalign(&p, PAGE, rounded) != 0) {
    diag_error_file(d, "qcc", "no memory for %zu bytes to measure with", size);
    return NULL;
  }
  return memset(p, 0, rounded);
}

// ---- kernels ---------------------------------------------------------------------------------------------

static bool compile(meter *m, meter_code *c, const ir_module *kernels) {
  cg_options co = {.opt_level = 2};
  const char *triple = cg_host_triple(c->mem);
  double start = meter_now();
  if (!cg_emit_kernels(c->cg, kernels, m->o.target, m->o.tier, triple, &co, CG_OBJECT, &c->object)) return false;
  c->seconds = meter_now() - start;
  c->jit = cg_jit_new(c->cg, c->object);
  return c->jit != NULL;
}

meter_code *meter_load(meter *m, const ir_module *kernels) {
  cg_start(m->o.target);
  arena *mem = arena_new();
  meter_code *c = ARENA_NEW(mem, meter_code);
  *c = (meter_code){.mem = mem, .cg = cg_new(m->d, mem)};
  if (compile(m, c, kernels)) return c;
  meter_unload(c);
  return NULL;
}

void meter_unload(meter_code *c) {
  if (c == NULL) return;
  cg_jit_free(c->jit);
  cg_free(c->cg);
  arena_free(c->mem);
}

qrt_kernel meter_kernel(meter *m, meter_code *c, const char *name) {
  cg_options co = {0};
  return cg_jit_kernel(c->jit, cg_kernel_symbol(c->mem, &co, m->o.tier, name));
}

// ---- limits ----------------------------------------------------------------------------------------------

double meter_time(const meter *m, qrt_kernel k, const qrt_args *args, uint64_t work) {
  double start = meter_now();
  qrt_parallel(m->pool, k, args, work, 1);
  return meter_now() - start;
}

static double read_rate(const meter *m) {
  uint64_t items = m->o.memory / READ_ITEM;
  qrt_args args = {.buffers = {m->memory, m->sink}, .sizes = {READ_ITEM}};
  return (double)(items * READ_ITEM) / meter_time(m, m->limits[METER_READ], &args, items);
}

double meter_rate(const meter *m, meter_limit limit) {
  if (limit == METER_READ) return read_rate(m);
  qrt_args args = {.buffers = {m->sink}, .sizes = {PEAK_TURNS}};
  double macs =
      (double)PEAK_TURNS * limits_chains(m->o.tier) * m->o.tier->lanes * limits[limit].per_lane * m->o.threads;
  return macs / meter_time(m, m->limits[limit], &args, m->o.threads);
}

const char *meter_limit_name(meter_limit limit) { return limits[limit].name; }

const char *meter_unit(meter_limit limit) { return limits[limit].per_lane == 0 ? "GB/s" : "GMAC/s"; }

// ---- beginning and end -----------------------------------------------------------------------------------

static bool load_limits(meter *m, arena *a) {
  ir_module *module = ir_module_new(a, "limits");
  limits_emit(module, m->o.tier);
  m->code = meter_load(m, module);
  for (size_t i = 0; m->code != NULL && i < METER_LIMIT_COUNT; i++) {
    m->limits[i] = meter_kernel(m, m->code, limits[i].kernel);
    if (m->limits[i] == NULL) return false;
  }
  return m->code != NULL;
}

static bool start_threads(meter *m) {
  if (m->o.threads <= 1) return true;
  size_t size = qrt_threads_size(m->o.threads);
  m->pool_memory = meter_memory(m->d, size);
  if (m->pool_memory == NULL) return false;
  qrt_status status = qrt_threads_start(m->pool_memory, size, m->o.threads, &m->pool_value);
  if (status == QRT_OK) m->pool = &m->pool_value;
  if (status != QRT_OK) diag_error_file(m->d, "qcc", "%u threads: %s", m->o.threads, qrt_status_text(status));
  return status == QRT_OK;
}

static bool take_memory(meter *m) {
  m->memory = meter_memory(m->d, m->o.memory);
  m->sink = meter_memory(m->d, SINK_BYTES);
  return m->memory != NULL && m->sink != NULL;
}

meter *meter_new(diag *d, arena *a, const meter_options *o) {
  meter *m = ARENA_NEW(a, meter);
  *m = (meter){.d = d, .o = *o};
  if (m->o.threads == 0) m->o.threads = 1;
  if (m->o.memory < READ_ITEM) m->o.memory = READ_ITEM;
  if (load_limits(m, a) && take_memory(m) && start_threads(m)) return m;
  meter_free(m);
  return NULL;
}

void meter_free(meter *m) {
  if (m == NULL) return;
  if (m->pool != NULL) qrt_threads_stop(&m->pool_value);
  free(m->pool_memory);
  free(m->memory);
  free(m->sink);
  meter_unload(m->code);
}

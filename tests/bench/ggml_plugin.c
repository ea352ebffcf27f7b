// ggml behind peer.h. Compiled once for each build of ggml's CPU backend (build_peers.sh), never by the project itself.
//
// A product of several copies is one graph of as many matrix products, so that the cost of starting a graph is shared. A
// pool of threads is given, because ggml would otherwise make one for every graph.
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/peer.h"

enum { PLAIN, REPACKED };

struct peer_weights {
  ggml_backend_t backend;
  struct ggml_context *context;
  ggml_backend_buffer_t buffer;
  struct ggml_tensor **tensors;
  size_t copies;
  uint64_t rows, columns;
};

struct peer_product {
  peer_weights *weights;
  struct ggml_context *context;
  ggml_backend_buffer_t buffer;
  struct ggml_cgraph *graph;
  struct ggml_tensor *first;
  struct ggml_threadpool *pool;
};

static bool encode(int64_t type, const float *weights, uint64_t rows, uint64_t columns, uint8_t *blocks, size_t size) {
  if (type < 0 || type >= GGML_TYPE_COUNT) return false;
  enum ggml_type t = (enum ggml_type)type;
  const struct ggml_type_traits *traits = ggml_get_type_traits(t);
  if (traits->blck_size == 0 || columns % (uint64_t)traits->blck_size != 0) return false;
  if (ggml_row_size(t, (int64_t)columns) * rows != size) return false;
  float *importance = malloc(columns * sizeof *importance);
  if (importance == NULL) return false;
  for (uint64_t i = 0; i < columns; i++) importance[i] = 1;
  ggml_quantize_chunk(t, weights, blocks, 0, (int64_t)rows, (int64_t)columns, importance);
  free(importance);
  return true;
}

// The device's buffer type that stores weights in another order, NULL if it has none.
static ggml_backend_buffer_type_t repacking_type(void) {
  ggml_backend_reg_t reg = ggml_backend_cpu_reg();
  ggml_backend_dev_get_extra_bufts_t extra =
      (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(reg, "ggml_backend_dev_get_extra_bufts");
  if (extra == NULL) return NULL;
  for (ggml_backend_buffer_type_t *t = extra(ggml_backend_reg_dev_get(reg, 0)); t != NULL && *t != NULL; t++)
    if (strcmp(ggml_backend_buft_name(*t), "CPU_REPACK") == 0) return *t;
  return NULL;
}

static void unload(peer_weights *w) {
  if (w == NULL) return;
  if (w->buffer != NULL) ggml_backend_buffer_free(w->buffer);
  if (w->context != NULL) ggml_free(w->context);
  if (w->backend != NULL) ggml_backend_free(w->backend);
  free(w->tensors);
  free(w);
}

// Whether the backend multiplies such weights where they lie.
static bool multiplies(const peer_weights *w) {
  struct ggml_init_params params = {.mem_size = 4 * ggml_tensor_overhead(), .no_alloc = true};
  struct ggml_context *c = ggml_init(params);
  struct ggml_tensor *x = ggml_new_tensor_2d(c, GGML_TYPE_F32, (int64_t)w->columns, 1);
  bool can = ggml_backend_supports_op(w->backend, ggml_mul_mat(c, w->tensors[0], x));
  ggml_free(c);
  return can;
}

static bool allocate(peer_weights *w, ggml_backend_buffer_type_t where, enum ggml_type type) {
  struct ggml_init_params params = {.mem_size = (w->copies + 1) * ggml_tensor_overhead(), .no_alloc = true};
  w->context = ggml_init(params);
  if (w->tensors == NULL || w->context == NULL) return false;
  for (size_t i = 0; i < w->copies; i++)
    w->tensors[i] = ggml_new_tensor_2d(w->context, type, (int64_t)w->columns, (int64_t)w->rows);
  w->buffer = ggml_backend_alloc_ctx_tensors_from_buft(w->context, where);
  if (w->buffer == NULL) return false;
  ggml_backend_buffer_set_usage(w->buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  return multiplies(w);
}

static void say_nothing(enum ggml_log_level level, const char *text, void *context) {
  (void)level, (void)text, (void)context;
}

static peer_weights *load(unsigned variant, int64_t type, const uint8_t *blocks, size_t size, uint64_t rows,
                          uint64_t columns, size_t copies) {
  if (type < 0 || type >= GGML_TYPE_COUNT || ggml_get_type_traits((enum ggml_type)type)->blck_size == 0) return NULL;
  if (ggml_row_size((enum ggml_type)type, (int64_t)columns) * rows != size) return NULL;
  ggml_backend_buffer_type_t where = variant == PLAIN ? ggml_backend_cpu_buffer_type() : repacking_type();
  if (where == NULL) return NULL;
  ggml_log_set(say_nothing, NULL);
  peer_weights *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  *w = (peer_weights){.backend = ggml_backend_cpu_init(),
                      .tensors = calloc(copies, sizeof *w->tensors),
                      .copies = copies,
                      .rows = rows,
                      .columns = columns};
  if (!allocate(w, where, (enum ggml_type)type)) {
    unload(w);
    return NULL;
  }
  for (size_t i = 0; i < copies; i++) ggml_backend_tensor_set(w->tensors[i], blocks, 0, size);
  return w;
}

static void free_plan(peer_product *p) {
  if (p == NULL) return;
  if (p->buffer != NULL) ggml_backend_buffer_free(p->buffer);
  if (p->context != NULL) ggml_free(p->context);
  if (p->pool != NULL) {
    ggml_threadpool_resume(p->pool);
    ggml_threadpool_free(p->pool);
  }
  free(p);
}

static peer_product *plan(peer_weights *w, const float *x, uint64_t tokens, size_t copies, unsigned threads) {
  peer_product *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  p->weights = w;
  struct ggml_init_params params = {.mem_size = (copies + 4) * ggml_tensor_overhead() +
                                                ggml_graph_overhead_custom(copies + 4, false),
                                    .no_alloc = true};
  p->context = ggml_init(params);
  struct ggml_tensor *in = ggml_new_tensor_2d(p->context, GGML_TYPE_F32, (int64_t)w->columns, (int64_t)tokens);
  p->graph = ggml_new_graph_custom(p->context, copies + 4, false);
  for (size_t i = 0; i < copies; i++) {
    struct ggml_tensor *y = ggml_mul_mat(p->context, w->tensors[i], in);
    if (i == 0) p->first = y;
    ggml_build_forward_expand(p->graph, y);
  }
  p->buffer = ggml_backend_alloc_ctx_tensors_from_buft(p->context, ggml_backend_cpu_buffer_type());
  struct ggml_threadpool_params pool = ggml_threadpool_params_default((int)threads);
  p->pool = ggml_threadpool_new(&pool);
  if (p->buffer == NULL || p->pool == NULL) {
    free_plan(p);
    return NULL;
  }
  ggml_backend_tensor_set(in, x, 0, tokens * w->columns * sizeof *x);
  ggml_backend_cpu_set_n_threads(w->backend, (int)threads);
  return p;
}

static bool run(peer_product *p) {
  ggml_backend_cpu_set_threadpool(p->weights->backend, p->pool);
  return ggml_backend_graph_compute(p->weights->backend, p->graph) == GGML_STATUS_SUCCESS;
}

static void rest(peer_product *p) { ggml_threadpool_pause(p->pool); }

static void wake(peer_product *p) { ggml_threadpool_resume(p->pool); }

static void result(peer_product *p, float *y) { ggml_backend_tensor_get(p->first, y, 0, ggml_nbytes(p->first)); }

__attribute__((visibility("default"))) const peer_api qcc_bench_peer = {
    .abi = PEER_ABI,
    .name = "ggml " GGML_RELEASE,
    .variants = "plain repacked",
    .encode = encode,
    .load = load,
    .unload = unload,
    .plan = plan,
    .run = run,
    .rest = rest,
    .wake = wake,
    .result = result,
    .free_plan = free_plan,
};

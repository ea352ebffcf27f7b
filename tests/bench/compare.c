#include "tests/bench/compare.h"

#include <stdlib.h>

#include "measure/subject.h"
#include "tests/bench/spread.h"

// What quantizing activations to 8 bits may change (matter_error). Bytes have steps of 1/127 of their group's largest
// number, so that evenly distributed numbers are wrong by 0.004 of their size; all results of a token share its errors,
// which may add up to some times that.
#define MOST_ERROR 0.02

typedef struct limit_state {
  const meter *meter;
  meter_limit limit;
} limit_state;

// "Seconds" of a thousand million bytes or multiply-adds.
static double time_limit(void *state) {
  const limit_state *s = state;
  return 1e9 / meter_rate(s->meter, s->limit);
}

typedef struct run {
  const comparison *c;
  meter *m;
  uint64_t tokens;
  float *x, *y;
  compare_result *out;
  qcc_product qcc;
  limit_state limits[2];
  size_t count;
  side sides[4 + COMPARE_MOST_PEERS];
  size_t first_peer;
  plugin_product products[PLUGIN_MOST_VARIANTS];
  onnx_product onnx[ONNX_VARIANTS];
  blas_product blas;
} run;

static void add_side(run *r, side s) { r->sides[r->count++] = s; }

// Whether activations keep enough for MOST_ERROR to say something.
static bool is_precise(const act_spec *act) { return elem_get(act->type)->bits >= 8 && act->kind != ACT_SIGN; }

static bool agrees(const run *r, const char *name, double error) {
  if (!is_precise(&r->c->kernels->recipe->act) || error <= MOST_ERROR) return true;
  diag_error_file(r->c->d, r->c->matter->scheme->name, "%s is wrong by %.2g of the products, at %llu tokens", name,
                  error, (unsigned long long)r->tokens);
  return false;
}

static bool begin_qcc(run *r) {
  if (!qcc_begin(&r->qcc, r->m, r->c->kernels, r->c->weights, r->x, r->tokens)) return false;
  qcc_time(&r->qcc);
  r->out->error = matter_error(r->c->matter, r->x, r->tokens, r->qcc.y);
  r->out->limit = subject_limit(r->c->kernels->recipe, r->m->o.tier, r->tokens);
  r->limits[0] = (limit_state){r->m, r->out->limit};
  r->limits[1] = (limit_state){r->m, METER_READ};
  add_side(r, (side){.name = "qcc", .time = qcc_time, .state = &r->qcc});
  add_side(r, (side){.name = "prepare", .time = qcc_time_prepare, .state = &r->qcc});
  add_side(r, (side){.name = "limit", .time = time_limit, .state = &r->limits[0]});
  if (r->out->limit != METER_READ) add_side(r, (side){.name = "read", .time = time_limit, .state = &r->limits[1]});
  return agrees(r, "qcc", r->out->error);
}

// A side whose result is in r->y.
static void add_peer(run *r, side s) {
  double error = matter_error(r->c->matter, r->x, r->tokens, r->y);
  r->out->peers[r->out->peer_count++] = (compare_peer){.name = s.name, .error = error};
  s.failed = !agrees(r, s.name, error);
  add_side(r, s);
}

static void begin_ggml(run *r) {
  const plugin_weights *w = r->c->ggml;
  for (size_t i = 0; i < w->count; i++) {
    plugin_product *p = &r->products[i];
    thread_list before;
    threads_list(&before);
    bool ok = plugin_begin(p, w, i, r->x, r->tokens, r->m->o.threads);
    threads_spread(&before);
    if (ok && plugin_first(p, r->y)) add_peer(r, plugin_side(p, w->names[i]));
  }
}

static void begin_onnx(run *r) {
  const comparison *c = r->c;
  for (size_t i = 0; c->onnx != NULL && i < ONNX_VARIANTS; i++) {
    r->onnx[i] = (onnx_product){c->onnx, i, r->x, r->tokens, c->matter->rows, c->matter->columns, r->m->o.threads};
    if (onnx_first(&r->onnx[i], c->d, r->y))
      add_peer(r, (side){.name = onnx_name(c->onnx, i),
                         .time = onnx_time,
                         .begin = onnx_begin,
                         .end = onnx_end,
                         .state = &r->onnx[i]});
  }
}

static void begin_blas(run *r) {
  if (r->c->blas == NULL) return;
  thread_list before;
  threads_list(&before);
  r->blas = (blas_product){r->c->blas, r->c->floats, r->x, r->y, r->tokens};
  blas_threads(r->c->blas, r->m->o.threads);
  blas_time(&r->blas);
  threads_spread(&before);
  add_peer(r, (side){.name = blas_name(r->c->blas), .time = blas_time, .state = &r->blas});
}

static void end_all(run *r) {
  for (size_t i = 0; i < PLUGIN_MOST_VARIANTS; i++) plugin_end(&r->products[i]);
  qcc_end(&r->qcc);
  free(r->x);
  free(r->y);
}

static void take_figures(const run *r) {
  compare_result *out = r->out;
  out->seconds = r->sides[0].best;
  out->prepare = r->sides[1].best;
  out->rate = 1e9 / r->sides[2].best;
  out->read = out->limit == METER_READ ? out->rate : 1e9 / r->sides[3].best;
  for (size_t i = 0; i < out->peer_count; i++) out->peers[i].seconds = r->sides[r->first_peer + i].best;
}

bool compare(const comparison *c, meter *m, uint64_t tokens, compare_result *out) {
  run r = {.c = c, .m = m, .tokens = tokens, .out = out};
  *out = (compare_result){0};
  r.x = matter_activations(c->d, tokens, c->matter->columns);
  r.y = meter_memory(c->d, tokens * c->matter->rows * sizeof *r.y);
  bool ok = r.x != NULL && r.y != NULL && begin_qcc(&r);
  if (ok) {
    r.first_peer = r.count;
    begin_ggml(&r);
    begin_onnx(&r);
    begin_blas(&r);
    sides_measure(r.sides, r.count, c->seconds);
    take_figures(&r);
  }
  end_all(&r);
  return ok;
}

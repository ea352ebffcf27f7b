#define _POSIX_C_SOURCE 200809L
#include "thread_checks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "small_model.h"

#define BATCH ((size_t)37)

typedef struct pool_memory {
  qrt_pool pool;
  void *memory;
} pool_memory;

static const char *start(pool_memory *p, unsigned threads) {
  size_t size = qrt_threads_size(threads);
  p->memory = malloc(size);
  if (!p->memory) return "out of memory";
  qrt_status status = qrt_threads_start(p->memory, size, threads, &p->pool);
  if (status != QRT_OK) free(p->memory);
  return status == QRT_OK ? NULL : qrt_status_text(status);
}

static void stop(pool_memory *p) {
  qrt_threads_stop(&p->pool);
  free(p->memory);
}

/* ---- runs of the model ---- */
typedef struct model_runs {
  const qrt_pool *pool;
  unsigned runs;
  const char *problem;
  small_file file;
  _Alignas(64) uint8_t workspace[64 + BATCH * SMALL_COLUMNS * sizeof(float)];
  float x[BATCH * SMALL_COLUMNS];
  float y[BATCH * SMALL_ROWS];
} model_runs;

static const char *one_run(model_runs *r, const qrt_model *model) {
  const void *inputs[] = {r->x};
  void *outputs[] = {r->y};
  memset(r->y, 0xff, sizeof r->y);
  qrt_status status = qrt_run(model, BATCH, inputs, outputs, r->workspace, sizeof r->workspace, r->pool);
  if (status != QRT_OK) return qrt_status_text(status);
  for (size_t i = 0; i < BATCH * SMALL_ROWS; i++)
    if (r->y[i] != small_expected(r->x, i / SMALL_ROWS, i % SMALL_ROWS)) return "a result differs";
  return NULL;
}

static void *run_model(void *context) {
  model_runs *r = context;
  qrt_model model;
  small_file_make(&r->file);
  small_inputs(r->x, BATCH);
  qrt_status status = qrt_open_memory(&model, &small_plan, r->file.bytes, SMALL_FILE);
  r->problem = status == QRT_OK ? NULL : qrt_status_text(status);
  for (unsigned i = 0; i < r->runs && !r->problem; i++) r->problem = one_run(r, &model);
  return NULL;
}

const char *check_equal_runs(unsigned threads, unsigned runs) {
  pool_memory p;
  const char *problem = start(&p, threads);
  if (problem) return problem;
  model_runs r = {.pool = &p.pool, .runs = runs};
  run_model(&r);
  stop(&p);
  return r.problem;
}

const char *check_shared_pool(unsigned threads, unsigned runs) {
  pool_memory p;
  const char *problem = start(&p, threads);
  if (problem) return problem;
  model_runs mine = {.pool = &p.pool, .runs = runs}, other = mine;
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_model, &other))
    problem = "no second thread";
  else {
    run_model(&mine);
    pthread_join(thread, NULL);
    problem = mine.problem ? mine.problem : other.problem;
  }
  stop(&p);
  return problem;
}

/* ---- jobs ---- */
#define MOST_PIECES 16

typedef struct job {
  const qrt_pool *pool;
  unsigned done[MOST_PIECES]; // plain: each belongs to one piece
} job;

static void count_piece(void *context, unsigned i) { ((job *)context)->done[i]++; }

static const char *run_job(const qrt_pool *pool, unsigned pieces) {
  job j = {.pool = pool};
  pool->run(pool->self, count_piece, &j, pieces);
  for (unsigned i = 0; i < MOST_PIECES; i++)
    if (j.done[i] != (i < pieces)) return "a piece did not run once";
  return NULL;
}

const char *check_small_jobs(unsigned threads, unsigned jobs) {
  pool_memory p;
  const char *problem = start(&p, threads);
  if (problem) return problem;
  for (unsigned i = 0; i < jobs && !problem; i++) problem = run_job(&p.pool, i % (MOST_PIECES + 1));
  stop(&p);
  return problem;
}

static void pause_for(long nanoseconds) { (void)nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL); }

const char *check_sleepers(unsigned threads, unsigned jobs) {
  pool_memory p;
  const char *problem = start(&p, threads);
  if (problem) return problem;
  for (unsigned i = 0; i < jobs && !problem; i++) {
    problem = run_job(&p.pool, MOST_PIECES);
    pause_for(100000 * (long)(i % 8)); // around the time that a worker spins
  }
  stop(&p);
  return problem;
}

const char *check_start_stop(unsigned threads, unsigned times) {
  for (unsigned i = 0; i < times; i++) {
    pool_memory p;
    const char *problem = start(&p, threads);
    if (problem) return problem;
    if (i % 2) problem = run_job(&p.pool, i % MOST_PIECES);
    if (i % 5 == 0) pause_for(200000);
    stop(&p);
    if (p.pool.self || p.pool.run) return "a stopped pool still looks usable";
    if (problem) return problem;
  }
  return NULL;
}

typedef struct nest {
  const qrt_pool *pool;
  atomic_uint problems;
} nest;

static void nested_piece(void *context, unsigned i) {
  nest *n = context;
  if (run_job(n->pool, 1 + i % MOST_PIECES)) atomic_fetch_add(&n->problems, 1);
}

const char *check_nested(unsigned threads) {
  pool_memory p;
  const char *problem = start(&p, threads);
  if (problem) return problem;
  nest n = {.pool = &p.pool};
  p.pool.run(p.pool.self, nested_piece, &n, 100);
  stop(&p);
  return atomic_load(&n.problems) ? "a nested job lost a piece" : NULL;
}

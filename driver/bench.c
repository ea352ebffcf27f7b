// `qcc bench`: how fast the matrix products of a model are on this machine, beside its limits.
#include "driver/bench.h"

#include "driver/compile.h"

// One kernel with all numbers of tokens.
typedef struct bench_run {
  bench_results *b;
  meter *meter;
  machine machine;
  const schedule *schedules;
  arena *mem;
} bench_run;

static void keep(bench_run *r, const subject *s, const bench_row *row) {
  measuring *m = r->b->m;
  tuned e = {.kind = TUNED_SPEED,
             .cpu = m->cpu,
             .tier = row->tier->name,
             .recipe = recipe_identity(s->r),
             .about = matrix_about(m->j->mem, s->r),
             .threads = m->threads,
             .tokens = row->tokens,
             .rows = s->shape.rows,
             .columns = s->shape.columns,
             .seconds = row->result.seconds,
             .bytes = (double)s->packed_bytes,
             .limit = row->result.limit};
  tuning_put(m->j->mem, m->results, &e);
  vec_push(m->j->mem, &r->b->rows, *row);
}

static bool bench_tokens(bench_run *r, const matrix *x, qrt_kernel k, uint64_t tokens) {
  subject_shape shape = {tokens, x->rows, x->columns};
  subject *s = subject_new(r->meter, r->mem, x->r, &shape);
  if (s == NULL) return false;
  subject_lay(r->meter, s);
  const target_tier *tier = r->meter->o.tier;
  bench_row row = {.tier = tier,
                   .of = x,
                   .tokens = tokens,
                   .limit = s->limit,
                   .tuned = tuning_has_schedule(r->b->m->j->tuning, x->r, tier)};
  row.result = subject_measure(r->meter, s, k, r->b->m->seconds);
  row.bits = 8.0 * (double)s->packed_bytes / ((double)x->rows * (double)x->columns);
  machine on = r->machine; // what memory gives changes from moment to moment where others use it as well
  if (s->limit == METER_READ) on.bandwidth = row.result.limit / r->b->m->threads;
  row.predicted = lower_predict(x->r, tier, &on, r->schedules, tokens);
  keep(r, s, &row);
  subject_free(s);
  return true;
}

static bool bench_matrix(bench_run *r, const matrix *x) {
  measuring *m = r->b->m;
  r->mem = arena_new();
  r->schedules = schedule_choose_all(r->mem, x->r, r->meter->o.tier, m->j->tuning);
  meter_code *code = subject_compile(r->meter, r->mem, x->r, r->schedules);
  qrt_kernel k = code == NULL ? NULL : meter_kernel(r->meter, code, "matmul");
  bool ok = k != NULL;
  for (size_t i = 0; ok && i < m->tokens.len; i++) ok = bench_tokens(r, x, k, m->tokens.data[i]);
  meter_unload(code);
  arena_free(r->mem);
  return ok;
}

static bool bench_tier(bench_results *b, const target_tier *tier) {
  measuring *m = b->m;
  bench_run r = {.b = b, .meter = measuring_meter(m, m->j->mem, tier)};
  if (r.meter == NULL) return false;
  tuned limits = measuring_limits(m, r.meter);
  vec_push(m->j->mem, &b->limits, limits);
  r.machine = tuning_machine(tier, &limits);
  bool ok = true;
  for (size_t i = 0; ok && i < m->matrices.len; i++) ok = bench_matrix(&r, &m->matrices.data[i]);
  meter_free(r.meter);
  return ok;
}

exit_status bench_command(job *j) {
  measuring m;
  exit_status status;
  bench_results b = {.m = &m};
  if (!measuring_begin(&m, j, &status)) return status == STATUS_USAGE ? status : job_finish(j, false);
  job_phase(j, "measure");
  bool ok = true;
  for (size_t i = 0; ok && i < j->s.tiers.len; i++) ok = bench_tier(&b, j->s.tiers.data[i]);
  if (ok && option_given(j->o, OPTION_JSON)) {
    if (!bench_print_json(stdout, &b)) diag_error_file(j->d, "<stdout>", "cannot be written");
  } else if (ok) {
    bench_print(stdout, &b);
  }
  return job_finish(j, ok && measuring_store(&m));
}

// `qcc tune`: measures schedules of the kernels of a model on this machine, and keeps the fastest for later compilations.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/compile.h"
#include "driver/matrices.h"
#include "measure/contest.h"

#define MOST_HEIGHTS 8 // candidates of other height and width: the best by the cost model
#define FEW_TOKENS 4
#define MANY_TOKENS 96 // unless --tokens says otherwise; enough for the largest schedule

typedef struct tuner {
  measuring *m;
  meter *meter;
  arena *mem; // of the contest at hand
  contest contest;
  unsigned done, total; // contests
  double started;
} tuner;

// ---- progress --------------------------------------------------------------------------------------------

static bool shows_progress(void) { return isatty(STDERR_FILENO) != 0; }

static void show(const tuner *t, const schedule *now) {
  if (!shows_progress()) return;
  const contest *c = &t->contest;
  double spent = meter_now() - t->started, left = t->done == 0 ? 0 : spent / t->done * (t->total - t->done);
  fprintf(stderr, "\r\033[Ktune %u/%u  %s, %s: trying %ux%u, best %.2fx", t->done + 1, t->total,
          c->subject->r->scheme->name, schedule_class_name(c->c), now->vectors, now->tokens, c->first / c->seconds);
  if (t->done > 0) fprintf(stderr, "  %.0f s left", left);
  fflush(stderr);
}

static void clear(void) {
  if (shows_progress()) fputs("\r\033[K", stderr);
}

static void report(const tuner *t) {
  const contest *c = &t->contest;
  const schedule *x = &c->schedules[c->c];
  clear();
  printf("%s  %s  %s: %ux%u, %u chain%s, stretch %llu, prefetch %llu: %.2f times as fast, %.0f %% of the limit\n",
         t->meter->o.tier->name, matrix_about(t->mem, c->subject->r), schedule_class_name(c->c), x->vectors, x->tokens,
         x->chains, x->chains == 1 ? "" : "s", (unsigned long long)x->stretch, (unsigned long long)x->prefetch,
         c->first / c->seconds,
         100 *
             (c->subject->limit == METER_READ
                  ? (double)c->subject->packed_bytes
                  : (double)(c->subject->shape.tokens * c->subject->shape.rows * c->subject->shape.columns)) /
             c->seconds / c->limit);
  fflush(stdout);
}

// ---- candidates ------------------------------------------------------------------------------------------

static bool try_schedule(tuner *t, const schedule *next) {
  contest *c = &t->contest;
  const schedule *best = &c->schedules[c->c];
  bool same = next->vectors == best->vectors && next->tokens == best->tokens && next->chains == best->chains &&
              next->stretch == best->stretch && next->prefetch == best->prefetch;
  if (same || !schedule_possible(c->subject->r, t->meter->o.tier, c->c, next)) return true;
  show(t, next);
  return contest_try(c, next) != CONTEST_FAILED;
}

static bool try_heights(tuner *t) {
  schedule_candidate *list;
  size_t count = schedule_candidates(t->mem, t->contest.subject->r, t->meter->o.tier, t->contest.c, &list);
  for (size_t i = 0; i < count && i < MOST_HEIGHTS; i++) {
    schedule next = t->contest.schedules[t->contest.c];
    next.vectors = list[i].schedule.vectors;
    next.tokens = list[i].schedule.tokens;
    if (!try_schedule(t, &next)) return false;
  }
  return true;
}

static bool try_chains(tuner *t) {
  static const unsigned chains[] = {1, 2, 4};
  for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
    schedule next = t->contest.schedules[t->contest.c];
    next.chains = chains[i];
    if (!try_schedule(t, &next)) return false;
  }
  return true;
}

static bool try_distances(tuner *t) {
  static const uint64_t distances[] = {0, 2048, 4096, 8192, 16384, 32768};
  for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
    schedule next = t->contest.schedules[t->contest.c];
    *(t->contest.c == SCHEDULE_MANY ? &next.stretch : &next.prefetch) = distances[i];
    if (!try_schedule(t, &next)) return false;
  }
  return true;
}

// ---- contests --------------------------------------------------------------------------------------------

static void keep(tuner *t) {
  const contest *c = &t->contest;
  job *j = t->m->j;
  tuned e = {.kind = TUNED_SCHEDULE,
             .cpu = t->m->cpu,
             .tier = t->meter->o.tier->name,
             .recipe = recipe_identity(c->subject->r),
             .about = matrix_about(j->mem, c->subject->r),
             .tokens_class = c->c,
             .schedule = c->schedules[c->c],
             .gain = c->first / c->seconds};
  tuning_put(j->mem, t->m->results, &e);
}

static uint64_t most_tokens(const measuring *m) {
  uint64_t most = option_given(m->j->o, OPTION_TOKENS) ? 0 : MANY_TOKENS;
  for (size_t i = 0; i < m->tokens.len; i++)
    if (m->tokens.data[i] > most) most = m->tokens.data[i];
  return most;
}

static uint64_t tokens_of(const measuring *m, schedule_class c) {
  if (c == SCHEDULE_MANY) return most_tokens(m);
  return c == SCHEDULE_ONE ? 1 : FEW_TOKENS;
}

static bool hold(tuner *t, subject *s, schedule_class c, schedule *schedules) {
  subject_lay(t->meter, s);
  if (!contest_begin(&t->contest, t->meter, s, c, schedules, t->m->seconds)) return false;
  bool ok = try_heights(t) && try_distances(t) && try_chains(t);
  memcpy(schedules, t->contest.schedules, sizeof t->contest.schedules);
  if (ok) report(t);
  if (ok) keep(t);
  contest_finish(&t->contest);
  return ok;
}

static bool tune_class(tuner *t, const matrix *x, schedule_class c, schedule *schedules) {
  subject_shape shape = {tokens_of(t->m, c), x->rows, x->columns};
  t->mem = arena_new();
  subject *s = subject_new(t->meter, t->mem, x->r, &shape);
  bool ok = s != NULL && hold(t, s, c, schedules);
  clear();
  subject_free(s);
  arena_free(t->mem);
  t->done++;
  return ok;
}

// The first and largest matrix of a recipe stands for all.
static bool is_largest(const measuring *m, const matrix *x) {
  for (size_t i = 0; i < m->matrices.len; i++) {
    const matrix *y = &m->matrices.data[i];
    bool larger = y->rows * y->columns > x->rows * x->columns;
    if (y->r == x->r && (larger || (y < x && y->rows * y->columns == x->rows * x->columns))) return false;
  }
  return true;
}

static bool tune_matrix(tuner *t, const matrix *x) {
  schedule schedules[SCHEDULE_CLASS_COUNT];
  for (schedule_class c = SCHEDULE_ONE; c < SCHEDULE_CLASS_COUNT; c++)
    schedules[c] = schedule_choose(x->r, t->meter->o.tier, c);
  bool ok = tune_class(t, x, SCHEDULE_ONE, schedules);
  ok = ok && (most_tokens(t->m) < 2 || tune_class(t, x, SCHEDULE_MANY, schedules));
  return ok && (schedules[SCHEDULE_MANY].tokens <= FEW_TOKENS || tune_class(t, x, SCHEDULE_FEW, schedules));
}

static bool tune_tier(tuner *t, const target_tier *tier) {
  t->meter = measuring_meter(t->m, t->m->j->mem, tier);
  if (t->meter == NULL) return false;
  measuring_limits(t->m, t->meter);
  bool ok = true;
  for (size_t i = 0; ok && i < t->m->matrices.len; i++)
    if (is_largest(t->m, &t->m->matrices.data[i])) ok = tune_matrix(t, &t->m->matrices.data[i]);
  meter_free(t->meter);
  return ok;
}

exit_status tune_command(job *j) {
  measuring m;
  exit_status status;
  if (!measuring_begin(&m, j, &status)) return status == STATUS_USAGE ? status : job_finish(j, false);
  if (m.path == NULL) {
    diag_error_file(j->d, "qcc", "no place for the results: neither XDG_CONFIG_HOME nor HOME is set");
    diag_hint(j->d, "name a file with -o");
    return job_finish(j, false);
  }
  job_phase(j, "tune");
  tuner t = {.m = &m, .started = meter_now()};
  for (size_t i = 0; i < m.matrices.len; i++) t.total += is_largest(&m, &m.matrices.data[i]) ? SCHEDULE_CLASS_COUNT : 0;
  t.total *= (unsigned)j->s.tiers.len;
  bool ok = true;
  for (size_t i = 0; ok && i < j->s.tiers.len; i++) ok = tune_tier(&t, j->s.tiers.data[i]);
  if (ok) printf("written to %s\n", m.path);
  return job_finish(j, ok && measuring_store(&m));
}

#include "measure/contest.h"

#include <stdlib.h>
#include <string.h>

#define HOPELESS 1.2  // a first run so much slower than the best decides
#define CLEARLY 0.985 // a winner takes less than this share of the best one's time

static size_t result_bytes(const subject *s) { return (size_t)(s->shape.tokens * s->shape.rows) * sizeof(float); }

static bool load(meter *m, const subject *s, const schedule *schedules, meter_code **code, qrt_kernel *kernel) {
  arena *a = arena_new();
  *code = subject_compile(m, a, s->r, schedules);
  *kernel = *code == NULL ? NULL : meter_kernel(m, *code, "matmul");
  arena_free(a);
  return *kernel != NULL;
}

// The best so far, and the limit beside it.
static void run_best(contest *c) {
  double t = subject_time(c->meter, c->subject, c->kernel), limit = meter_rate(c->meter, c->subject->limit);
  if (t < c->seconds) c->seconds = t;
  if (limit > c->limit) c->limit = limit;
}

bool contest_begin(contest *c, meter *m, subject *s, schedule_class of, const schedule *schedules, double budget) {
  *c = (contest){.meter = m, .subject = s, .c = of, .budget = budget, .seconds = 1e30};
  memcpy(c->schedules, schedules, sizeof c->schedules);
  c->results = meter_memory(m->d, result_bytes(s));
  if (c->results == NULL || !load(m, s, schedules, &c->code, &c->kernel)) {
    contest_finish(c);
    return false;
  }
  double start = meter_now();
  do {
    run_best(c);
  } while (meter_now() - start < budget);
  c->first = c->seconds;
  memcpy(c->results, s->y, result_bytes(s));
  return true;
}

// Whether the candidate is clearly faster. The time that the first schedules took goes down with what is seen of the best: they
// run in turns.
static bool is_faster(contest *c, qrt_kernel k) {
  double best = subject_time(c->meter, c->subject, k), start = meter_now();
  if (best > HOPELESS * c->seconds) return false;
  double before = c->seconds;
  while (meter_now() - start < c->budget) {
    run_best(c);
    double t = subject_time(c->meter, c->subject, k);
    if (t < best) best = t;
  }
  c->first *= c->seconds / before;
  if (best >= CLEARLY * c->seconds) return false;
  c->seconds = best;
  return true;
}

contest_end contest_try(contest *c, const schedule *other) {
  schedule schedules[SCHEDULE_CLASS_COUNT];
  meter_code *code;
  qrt_kernel kernel;
  memcpy(schedules, c->schedules, sizeof schedules);
  schedules[c->c] = *other;
  if (!load(c->meter, c->subject, schedules, &code, &kernel)) {
    meter_unload(code);
    return CONTEST_FAILED;
  }
  memset(c->subject->y, 0, result_bytes(c->subject));
  bool won = is_faster(c, kernel);
  subject_time(c->meter, c->subject, kernel);
  bool same = memcmp(c->results, c->subject->y, result_bytes(c->subject)) == 0;
  if (!same)
    diag_error_file(c->meter->d, "qcc", "a tile of %u x %u changes results of '%s': please report this", other->vectors,
                    other->tokens, c->subject->r->name);
  if (won && same) {
    meter_unload(c->code);
    memcpy(c->schedules, schedules, sizeof schedules);
    c->code = code;
    c->kernel = kernel;
    return CONTEST_WON;
  }
  meter_unload(code);
  return same ? CONTEST_LOST : CONTEST_FAILED;
}

void contest_finish(contest *c) {
  meter_unload(c->code);
  free(c->results);
  c->code = NULL;
  c->results = NULL;
}

// --explain: how fast the kernels of a recipe should be on the best tier that is compiled, and how fast they were found to be.
#include <string.h>

#include "cost/tuning.h"

#define MANY_TOKENS 32 // as qcc bench measures

static void explain_measured(FILE *f, const recipe *r, const lower_options *o, uint64_t tokens) {
  const tuned *e = tuning_speed(o->tuning, lower_best_tier(o, r), recipe_identity(r), tokens);
  if (e == NULL) return;
  double bytes = e->bytes / e->seconds;
  double macs = (double)e->tokens * (double)e->rows * (double)e->columns / e->seconds;
  fprintf(f, "      measured on %s: %.3g GB/s, %.3g GMAC/s, %.0f %% of the limit\n", e->cpu, bytes / 1e9, macs / 1e9,
          100 * (tokens == 1 ? bytes : macs) / e->limit);
}

static void explain_schedule(FILE *f, const recipe *r, const lower_options *o, const schedule *t, schedule_class c) {
  const tuned *e = tuning_schedule(o->tuning, lower_best_tier(o, r), recipe_identity(r), c);
  fprintf(f, ", %u vector%s of rows x %u", t->vectors, t->vectors == 1 ? "" : "s", t->tokens);
  if (e != NULL) fprintf(f, " (tuned on %s, %.2f times as fast)", e->cpu, e->gain);
}

static void explain_tokens(const recipe *r, const lower_options *o, const schedule *schedules, const machine *on,
                           schedule_class c, uint64_t tokens) {
  const target_tier *tier = lower_best_tier(o, r);
  prediction p = lower_predict(r, tier, on, schedules, tokens);
  fprintf(o->explain, "    %llu token%s", (unsigned long long)tokens, tokens == 1 ? "" : "s");
  explain_schedule(o->explain, r, o, &schedules[c], c);
  fprintf(o->explain, ": %.3g cycles per weight%s on %s, %.3g GB/s, %.3g GMAC/s, bound by %s\n", p.cycles,
          tokens == 1 ? "" : " and token", tier->name, p.bytes / 1e9, p.macs / 1e9, bound_name(p.bound));
  explain_measured(o->explain, r, o, tokens);
}

void lower_explain_speed(arena *a, const recipe *r, const lower_options *o) {
  if (o->explain == NULL || o->target->gpu) return;
  const target_tier *tier = lower_best_tier(o, r);
  const schedule *schedules = schedule_choose_all(a, r, tier, o->tuning);
  machine on = tuning_machine(tier, tuning_limits(o->tuning, tier, 1));
  explain_tokens(r, o, schedules, &on, SCHEDULE_ONE, 1);
  explain_tokens(r, o, schedules, &on, SCHEDULE_MANY, MANY_TOKENS);
}

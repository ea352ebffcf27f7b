// Which schedules are worth a thought, and what the cost model thinks of them.
#include <stdlib.h>

#include "cost/predict.h"
#include "cost/schedule_search.h"
#include "kernel/matmul.h"
#include "support/vec.h"

#define SEARCH_TOKENS 96 // are thought of with many
#define SHORT_LIST 3     // schedules that a compilation looks at besides the default one
#define WORTH_IT 0.995   // of the default schedule's cycles that another one takes at most

typedef VEC(schedule_candidate) candidate_list;

// Registers for the sums of one token and vector: of each product, f32 ones in several chains, and the total.
static unsigned registers_of_sums(const recipe *r) {
  unsigned dots = lower_dot_count(r);
  unsigned chains = schedule_fixed_chains(r) > 0 ? schedule_fixed_chains(r) : 1;
  return 1 + (dots > 0 ? dots : 1) * chains;
}

// One is left for each vector of weights, and for an activation.
static bool fits_registers(const recipe *r, const target_tier *tier, const schedule *t) {
  return t->tokens * t->vectors * registers_of_sums(r) + t->vectors + 1 <= tier->registers;
}

// Loads for each product: each vector of activations serves all rows, each of weights all tokens.
static double loads_of(const schedule *t) { return 1.0 / t->vectors + 1.0 / t->tokens; }

static double cycles_of(const recipe *r, const target_tier *tier, schedule_class c, const schedule *t) {
  machine on = lower_machine(tier);
  schedule schedules[SCHEDULE_CLASS_COUNT];
  uint64_t tokens = c == SCHEDULE_MANY ? SEARCH_TOKENS : t->tokens;
  for (schedule_class k = SCHEDULE_ONE; k < SCHEDULE_CLASS_COUNT; k++)
    schedules[k] = k == c ? *t : schedule_default(r, tier, k);
  return lower_predict(r, tier, &on, schedules, tokens).cycles;
}

static int compare(const void *x, const void *y) {
  const schedule_candidate *a = x, *b = y;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

static void sort(candidate_list *all) {
  if (all->len > 1) qsort(all->data, all->len, sizeof *all->data, compare);
}

// Every schedule of other height and width than the default one, by loads.
static candidate_list make_list(arena *a, const recipe *r, const target_tier *tier, schedule_class c) {
  candidate_list all = {0};
  schedule base = schedule_default(r, tier, c);
  unsigned most = c == SCHEDULE_MANY ? MATMUL_MAX_TOKENS : c == SCHEDULE_FEW ? 0 : 1;
  for (unsigned vectors = 1; vectors <= MATMUL_MAX_VECTORS; vectors *= 2)
    for (unsigned tokens = c == SCHEDULE_ONE ? 1 : 2; tokens <= most; tokens++) {
      schedule t = base;
      t.vectors = vectors;
      t.tokens = tokens;
      bool same = vectors == base.vectors && tokens == base.tokens;
      bool fits = c == SCHEDULE_ONE || fits_registers(r, tier, &t);
      if (!same && fits && schedule_possible(r, tier, c, &t))
        vec_push(a, &all, ((schedule_candidate){t, loads_of(&t), all.len}));
    }
  sort(&all);
  return all;
}

size_t schedule_candidates(arena *a, const recipe *r, const target_tier *tier, schedule_class c,
                           schedule_candidate **out) {
  candidate_list all = make_list(a, r, tier, c);
  vec_push(a, &all, ((schedule_candidate){.schedule = schedule_default(r, tier, c), .number = all.len}));
  for (size_t i = 0; i < all.len; i++) all.data[i].cycles = cycles_of(r, tier, c, &all.data[i].schedule);
  sort(&all);
  *out = all.data;
  return all.len;
}

schedule schedule_choose(const recipe *r, const target_tier *tier, schedule_class c) {
  schedule best = schedule_default(r, tier, c);
  if (c != SCHEDULE_MANY || best.tokens < 2) return best;
  arena *a = arena_new();
  candidate_list all = make_list(a, r, tier, c);
  double least = all.len == 0 ? 0 : WORTH_IT * cycles_of(r, tier, c, &best);
  for (size_t i = 0; i < all.len && i < SHORT_LIST; i++) {
    double cycles = cycles_of(r, tier, c, &all.data[i].schedule);
    if (cycles >= least) continue;
    least = cycles;
    best = all.data[i].schedule;
  }
  arena_free(a);
  return best;
}

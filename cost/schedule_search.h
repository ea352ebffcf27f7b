// The search for schedules: candidates are emitted and priced by the cost model.
#ifndef QCC_COST_SCHEDULE_SEARCH_H
#define QCC_COST_SCHEDULE_SEARCH_H

#include "kernel/schedule.h"

// What the cost model chooses for a recipe on a tier of a processor: the default schedule, or one that is better for many
// tokens.
schedule schedule_choose(const recipe *r, const target_tier *tier, schedule_class c);
typedef struct schedule_candidate {
  schedule schedule;
  double cycles; // predicted, per weight and token
  size_t number; // in the order in which they were made
} schedule_candidate;
// Schedules of other heights and widths than the default one, and it, cheapest first by the cost model; in the arena.
size_t schedule_candidates(arena *a, const recipe *r, const target_tier *tier, schedule_class c,
                           schedule_candidate **out);

#endif

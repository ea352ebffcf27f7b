#include "tests/bench/side.h"

#include "measure/meter.h"

#define TURN 3e-3 // seconds
#define LEAST_TURNS 3
#define MOST_SECONDS 20 // for the least turns of a slow side

static void take_turn(side *s) {
  if (s->failed) return;
  if (s->begin != NULL) s->begin(s->state);
  for (double start = meter_now(); !s->failed;) {
    double t = s->time(s->state);
    s->failed = t <= 0;
    if (!s->failed && (s->best <= 0 || t < s->best)) s->best = t;
    if (meter_now() - start > TURN) break;
  }
  if (s->end != NULL) s->end(s->state);
}

void sides_measure(side *sides, size_t count, double seconds) {
  double start = meter_now(), passed = 0;
  for (int turn = 0; (turn < LEAST_TURNS && passed < MOST_SECONDS) || passed < seconds; turn++) {
    for (size_t i = 0; i < count; i++) take_turn(&sides[i]);
    passed = meter_now() - start;
  }
}

#include "tests/bench/side.h"

#include "measure/meter.h"

#define TURN 3e-3 // seconds
#define LEAST_TURNS 3
#define MOST_SECONDS 20 // for the least turns of a slow side
#define PATIENCE 4      // times as long, for figures that do not repeat
#define ALIKE 1.03

// The best of a turn; 0 when the side failed.
static double turn_of(side *s) {
  double best = 0;
  for (double start = meter_now(); !s->failed;) {
    double t = s->time(s->state);
    s->failed = t <= 0;
    if (!s->failed && (best <= 0 || t < best)) best = t;
    if (meter_now() - start > TURN) break;
  }
  return best;
}

static void take_turn(side *s) {
  if (s->failed) return;
  if (s->begin != NULL) s->begin(s->state);
  double t = turn_of(s);
  if (s->end != NULL) s->end(s->state);
  if (t <= 0) return;
  if (s->best <= 0 || t < s->best) {
    s->second = s->best;
    s->best = t;
  } else if (s->second <= 0 || t < s->second) {
    s->second = t;
  }
}

static bool all_repeat(const side *sides, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!sides[i].failed && (sides[i].second <= 0 || sides[i].second > ALIKE * sides[i].best)) return false;
  return true;
}

void sides_measure(side *sides, size_t count, double seconds) {
  double start = meter_now(), passed = 0;
  for (int turn = 0;; turn++) {
    bool least = turn >= LEAST_TURNS || passed >= MOST_SECONDS;
    bool enough = passed >= seconds && (passed >= PATIENCE * seconds || all_repeat(sides, count));
    if (least && enough) return;
    for (size_t i = 0; i < count; i++) take_turn(&sides[i]);
    passed = meter_now() - start;
  }
}

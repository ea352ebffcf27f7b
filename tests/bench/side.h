// One of several ways to do the same work, timed by turns: what a busy machine takes from one it takes from the others.
#ifndef QCC_TESTS_BENCH_SIDE_H
#define QCC_TESTS_BENCH_SIDE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct side side;
struct side {
  const char *name;
  // Does the work and returns the seconds that one product took; 0 or less: it failed, and is left out from then on.
  double (*time)(void *state);
  // Around a turn, untimed; may be NULL: threads wake up, and stop spinning.
  void (*begin)(void *state);
  void (*end)(void *state);
  void *state;
  double best;   // seconds; 0: it has no figure
  double second; // of another turn, the next best
  bool failed;
};

// Times the sides by turns for `seconds`, three turns each at least. In a turn a side repeats its work until some
// milliseconds have passed. While the best figures were not seen in two turns each, as on a busy machine, it goes on
// for up to four times as long.
void sides_measure(side *sides, size_t count, double seconds);

#endif

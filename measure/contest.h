// A contest of schedules for one kernel: each candidate is compiled and timed between runs of the best so far, so that both
// meet the same disturbances. Whoever is clearly slower goes at once.
#ifndef QCC_MEASURE_CONTEST_H
#define QCC_MEASURE_CONTEST_H

#include "kernel/schedule.h"
#include "measure/subject.h"

typedef struct contest {
  meter *meter;
  subject *subject;                         // laid in the meter's memory
  schedule_class c;                         // the schedule that is contested
  schedule schedules[SCHEDULE_CLASS_COUNT]; // the best so far
  meter_code *code;
  qrt_kernel kernel;
  double seconds; // of the best, the least seen
  double first;   // of the schedules that it began with
  double limit;   // of the machine, best seen
  float *results; // of the schedules that it began with: all others have to give the same bits
  double budget;  // seconds of measuring for each candidate
} contest;

typedef enum contest_end { CONTEST_WON, CONTEST_LOST, CONTEST_FAILED } contest_end;

// Begins with these schedules (one for each schedule_class). False (reported) when they do not compile. contest_finish frees
// what it holds.
bool contest_begin(contest *c, meter *m, subject *s, schedule_class of, const schedule *schedules, double budget);
// Tries another schedule; when it wins it is the best from then on. CONTEST_FAILED is reported: it does not compile, or gives
// other results.
contest_end contest_try(contest *c, const schedule *other);
void contest_finish(contest *c);

#endif

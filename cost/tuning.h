// What was measured on machines: the schedules that were fastest, how fast kernels are, and the limits beside them. Data of a
// compilation like its options; measure/tuning_file.h reads and writes it.
#ifndef QCC_COST_TUNING_H
#define QCC_COST_TUNING_H

#include "cost/predict.h"
#include "cost/schedule_search.h"
#include "format/recipe.h"
#include "recipe/options.h"
#include "support/vec.h"

typedef enum tuned_kind { TUNED_LIMITS, TUNED_SCHEDULE, TUNED_SPEED } tuned_kind;

typedef struct tuned {
  tuned_kind kind;
  const char *cpu; // LLVM's name of the processor
  const char *tier;
  uint64_t recipe;   // recipe_identity; 0 with limits
  const char *about; // the recipe in words, for people alone
  // limits and speeds
  unsigned threads;
  double read, dot, fma; // limits: bytes, multiply-adds a second
  // a schedule
  schedule_class tokens_class;
  schedule schedule;
  double gain; // speed over what the cost model chooses
  // a speed
  uint64_t tokens, rows, columns;
  double seconds; // of one product
  double bytes;   // of the packed weights
  double limit;   // best seen beside it, bytes (one token) or multiply-adds a second
  size_t line;    // in its file, 0: it is new
} tuned;

typedef struct tuning {
  const char *path; // of the file, or NULL
  const char *cpu;  // the processor whose entries lookups mean
  VEC(tuned) entries;
} tuning;

// A number for everything of a recipe that kernels are made of but its constants: not the format's name, nor its levels.
// The same on every machine.
uint64_t recipe_identity(const recipe *r);

// What the table has for t->cpu, or NULL. `t` may be NULL.
const tuned *tuning_limits(const tuning *t, const target_tier *tier, unsigned threads);
const tuned *tuning_schedule(const tuning *t, const target_tier *tier, uint64_t identity, schedule_class c);
// The speed with that many tokens; of several shapes the largest.
const tuned *tuning_speed(const tuning *t, const target_tier *tier, uint64_t identity, uint64_t tokens);

// The processor behind limits that were measured with so many threads; NULL: what the tier's table says.
machine tuning_machine(const target_tier *tier, const tuned *limits);

// Adds an entry, in place of one for the same thing.
void tuning_put(arena *a, tuning *t, const tuned *entry);
// Orders the entries, so that the same entries make the same file.
void tuning_sort(tuning *t);

// The schedules of a recipe's kernel, one for each schedule_class, in the arena: those of the table, which may be NULL, else the cost
// model's.
const schedule *schedule_choose_all(arena *a, const recipe *r, const target_tier *tier, const tuning *t);
// Whether one of them is the table's.
bool tuning_has_schedule(const tuning *t, const recipe *r, const target_tier *tier);

/* explain_speed.c: how fast the kernels of a recipe should be, and were measured to be: to o->explain, unless it is NULL */
void lower_explain_speed(arena *a, const recipe *r, const lower_options *o);

#endif

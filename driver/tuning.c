// The file of what `qcc tune` and `qcc bench` measured, as an input of compilations.
#include "cost/tuning.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "driver/job.h"
#include "measure/tuning_file.h"

const char *tuning_default_path(arena *a) {
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  if (config != NULL && *config == '/') return path_join(a, config, "qcc/tune.jsonl");
  return home == NULL || *home == '\0' ? NULL : path_join(a, home, ".config/qcc/tune.jsonl");
}

static bool has_cpu(const tuning *t, const char *cpu) {
  for (size_t i = 0; i < t->entries.len; i++)
    if (strcmp(t->entries.data[i].cpu, cpu) == 0) return true;
  return false;
}

// The processor that is compiled for: -mcpu; this machine, when it is the target; or the only one that the file knows.
static const char *processor(const job *j, const tuning *t) {
  if (j->s.cpu != NULL) return j->s.cpu;
  bool host = target_for_triple(cg_host_triple(j->mem)) == j->s.target;
  const char *cpu = host ? cg_host_cpu(j->mem) : NULL;
  if (cpu != NULL && has_cpu(t, cpu)) return cpu;
  for (size_t i = 1; i < t->entries.len; i++)
    if (strcmp(t->entries.data[i].cpu, t->entries.data[0].cpu) != 0) return NULL;
  return t->entries.len > 0 ? t->entries.data[0].cpu : NULL;
}

// Without -ftune only what was measured on this machine, for this machine.
static bool is_for_here(const job *j) {
  return j->s.cpu == NULL && target_for_triple(cg_host_triple(j->mem)) == j->s.target;
}

bool tuning_open(job *j) {
  const char *given = option_last(j->o, OPTION_TUNING), *path = given;
  if (option_given(j->o, OPTION_NO_TUNING) || j->o->command == COMMAND_TUNE || (given == NULL && !is_for_here(j)))
    return true;
  if (path == NULL) path = tuning_default_path(j->mem);
  if (path == NULL) return true;
  tuning *t = ARENA_NEW(j->mem, tuning);
  if (!tuning_read(j->d, j->mem, path, given != NULL, t)) return false;
  if (t->entries.len == 0) return true;
  t->cpu = given == NULL ? cg_host_cpu(j->mem) : processor(j, t);
  if (t->cpu == NULL || !has_cpu(t, t->cpu)) {
    if (given != NULL) diag_error_file(j->d, path, "has nothing for the processor that is compiled for");
    if (given != NULL) diag_hint(j->d, "name one of its processors with -mcpu, or leave -ftune out");
    return given == NULL;
  }
  vec_push(j->mem, &j->texts, path);
  if (j->o->command != COMMAND_BENCH) file_set_protect(j->outputs, path); // that one adds to it
  j->tuning = t;
  return true;
}

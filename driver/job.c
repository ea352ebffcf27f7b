// Beginning and end of a run; -v.
#include "driver/packed.h"
#include "support/clean.h"

#include <sys/resource.h>
#include <unistd.h>

void job_init(job *j, diag *d, arena *a, const options *o, temporary_list *temporaries) {
  *j = (job){.mem = a, .d = d, .o = o, .folder = ".", .temporaries = temporaries, .notes = clean_stream(STDERR_FILENO)};
  if (j->notes == NULL) j->notes = stderr;
  setvbuf(j->notes, NULL, _IOLBF, BUFSIZ); // in order with messages
  clock_gettime(CLOCK_REALTIME_COARSE, &j->started);
  places_schemes(a, o, &j->scheme_dirs);
  places_operators(a, o, &j->operator_dirs);
  j->outputs = file_set_new(d, a);
  file_set_watch(j->outputs, temporaries);
}

void job_close(job *j) {
  if (j->notes != stderr) (void)fclose(j->notes); // nobody is left to tell
  j->notes = stderr;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double peak_megabytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024;
}

void job_phase(job *j, const char *name) {
  double time = now();
  if (j->phase != NULL && option_given(j->o, OPTION_VERBOSE))
    fprintf(stderr, "%-12s %9.1f ms  arena %7.1f MiB  peak %7.1f MiB\n", j->phase, (time - j->phase_start) * 1e3,
            (double)arena_used(j->mem) / 1048576, peak_megabytes());
  j->phase = name;
  j->phase_start = time;
}

static void remove_directories(job *j) {
  for (size_t i = j->made.len; i-- > 0;) rmdir(j->made.data[i]);
}

exit_status job_finish(job *j, bool ok) {
  job_phase(j, ok ? "write" : NULL);
  ok = ok && diag_error_count(j->d) == 0;
  if (ok)
    ok = file_set_commit(j->outputs);
  else
    file_set_abort(j->outputs);
  if (!ok) remove_directories(j);
  if (ok && j->packed != NULL) packed_remember(j, j->packed);
  if (j->files != NULL) weight_files_close(j->files);
  cache_trim(&j->cache);
  job_phase(j, NULL);
  return ok ? STATUS_OK : STATUS_ERROR;
}

bool job_names_other_kind(const job *j, const char *ending) {
  return j->s.output != NULL && tensor_file_is_named(j->s.output) && !path_ends_in(j->s.output, ending);
}

bool job_wants_tensor(void *context, const char *name) {
  const job *j = context;
  bool any = false;
  for (size_t i = 0; i < j->o->uses.len; i++) {
    const option_use *use = &j->o->uses.data[i];
    if (use->id != OPTION_TENSORS) continue;
    if (fe_glob_match(use->argument, name)) return true;
    any = true;
  }
  return !any;
}

bool job_find_layout(const job *j, const scheme *s, const char *name, const scheme_layout **out) {
  *out = name == NULL ? NULL : scheme_find_layout(s, name);
  if (name == NULL || *out != NULL) return true;
  diag_error_file(j->d, "qcc", "scheme '%s' has no layout '%s'", s->name, name);
  for (size_t i = 0; i < s->layout_count; i++) diag_hint(j->d, "there is '%s'", s->layouts[i].name);
  return false;
}

const ast_node *job_model(const job *j) {
  for (size_t i = 0; j->tree != NULL && i < j->tree->items.len; i++)
    if (j->tree->items.data[i]->kind == AST_MODEL) return j->tree->items.data[i];
  return NULL;
}

const char *job_prefix_of(const job *j, const char *name) { return j->s.prefix != NULL ? j->s.prefix : name; }

const char *job_prefix(const job *j) { return job_prefix_of(j, j->m->name); }

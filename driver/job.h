// One run of the command: what was asked for, and what its phases hand on.
#ifndef QCC_DRIVER_JOB_H
#define QCC_DRIVER_JOB_H

#include <time.h>

#include "driver/cache.h"
#include "driver/places.h"
#include "driver/settings.h"
#include "frontend/frontend.h"
#include "ir/ir.h"
#include "network/lower.h"
#include "support/file.h"
#include "weights/files.h"

typedef struct job {
  arena *mem;
  diag *d;
  const options *o;
  settings s;
  cache cache;
  temporary_list *temporaries; // removed when a signal ends the run
  const char *phase;           // in work, with its start (for -v)
  double phase_start;
  struct timespec started; // by the clock of files
  FILE *notes;             // standard error for reports that name what is in files
  // input
  const char *folder; // of the model file: what its weights are relative to
  path_list scheme_dirs;
  path_list operator_dirs;
  path_list texts; // .q and .qir files that were read
  weight_files *files;
  struct known_formats *formats; // driver/formats.c; NULL: not needed yet
  fe_options fe;                 // its context is the job
  ast *tree;                     // NULL for IR text
  ir_module *m;
  struct tuning
      *tuning; // what was measured for the processor that is compiled for; NULL: nothing, or it does not count
  // output
  file_set *outputs;
  struct packed *packed; // packed weights to be remembered (driver/packed.h), or NULL
  path_list written;     // paths of results
  path_list made;        // directories made for them, outermost first
} job;

/* job.c */
// What every command begins with; `s` is left to the caller.
void job_init(job *j, diag *d, arena *a, const options *o, temporary_list *temporaries);
// Closes what job_init opened, after all reports.
void job_close(job *j);
// Ends a run: commits (ok) or removes the outputs, and releases mappings. STATUS_OK or STATUS_ERROR.
exit_status job_finish(job *j, bool ok);
// What C names and the header's name begin with: --prefix, or the model's name (`name`, where there is no module yet).
const char *job_prefix(const job *j);
const char *job_prefix_of(const job *j, const char *name);
// The model in the text that was parsed; NULL for IR text and a text without one.
const ast_node *job_model(const job *j);
// Whether the output is named as a kind of weight file other than this one: names are believed by those who read it later.
bool job_names_other_kind(const job *j, const char *ending);
// Whether a tensor of that name is asked for: it matches one of the patterns of --tensors, or there is none. The context is
// the job, which is not changed.
bool job_wants_tensor(void *context, const char *name);
// The layout of that name; NULL for the name NULL. False, reported, when the scheme has none of that name.
bool job_find_layout(const job *j, const scheme *s, const char *name, const scheme_layout **out);
// Begins a phase and tells, with -v, of the one before; NULL only ends.
void job_phase(job *j, const char *name);

/* source.c: text -> j->tree (except for IR), then -> j->m. False after errors, all reported. */
bool source_parse(job *j);
bool source_build(job *j);
// Lowering options for j's settings; reports go to standard output unless that is where results go.
lower_options source_lower_options(const job *j);

/* tuning.c */
// Reads the file of -ftune, or this machine's, as far as it is for what is compiled: j->tuning. False after errors.
bool tuning_open(job *j);
// The file of this machine; NULL when the environment names no place for it.
const char *tuning_default_path(arena *a);

/* formats.c */
// fe_options.recognise: what the tensors of a layer are that no rule speaks of.
bool formats_recognise(void *context, const char *file, const char *layer, uint64_t columns, const char *wanted,
                       fe_recognised *out);

/* outputs.c */
// Where a single result goes: -o, or standard output for text, or `<name><ending>` here.
const char *output_single(job *j, const char *name, const stage_info *info);
// Whether -o names a directory.
bool output_is_directory(const char *path);
// The directory for several results, made if need be (removed again when the job fails); NULL (reported).
const char *output_directory(job *j);
// Begins a result; NULL (reported) when it cannot be written.
out_file *output_open(job *j, const char *path);
// Where reports go: to standard output, unless that is where the result goes.
FILE *output_reports(const job *j);
// The path of an input: standard input, for "-", as a file that can be mapped. NULL (reported) when it cannot be read.
const char *input_path(job *j, const char *path);
// A single result that is in memory. False (reported) when it cannot be written.
bool output_text(job *j, const char *path, const void *bytes, size_t size);

/* depend.c: -MD. Writes the rule that the results depend on everything that was read. */
bool depend_write(job *j);

#endif

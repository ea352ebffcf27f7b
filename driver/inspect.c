// `qcc inspect FILE..`: what is in weight files.
#include <string.h>

#include "driver/compile.h"
#include "inspect/compare.h"
#include "inspect/inspection.h"

static exit_status usage(job *j, const char *message) {
  diag_error_file(j->d, "qcc", "%s", message);
  diag_hint(j->d, "'qcc inspect --help' shows how it is used");
  return STATUS_USAGE;
}

// The files stay mapped until all is printed: names in the reports are theirs.
typedef struct inspect_run {
  job *j;
  catalogue *c;
  inspect_options options;
  VEC(tensor_file *) files;
  VEC(const inspection *) done;
} inspect_run;

static tensor_file *open_file(inspect_run *r, const char *path, quant_config **config) {
  job *j = r->j;
  path = input_path(j, path);
  tensor_file *f = path == NULL ? NULL : tensor_file_open(j->d, j->mem, path);
  if (f == NULL) return NULL;
  vec_push(j->mem, &r->files, f);
  quant_config_beside(j->d, j->mem, f, config); // what is wrong was reported; the rest counts
  return f;
}

static void inspect_path(inspect_run *r, const char *path) {
  job *j = r->j;
  quant_config *config = NULL;
  tensor_file *f = open_file(r, path, &config);
  if (f == NULL) return;
  inspection *done = inspect_file(r->c, f, config, &r->options);
  if (done->tensors.len == 0 && tensor_file_count(f) > 0 && option_given(j->o, OPTION_TENSORS)) {
    diag_error_file(j->d, path, "no tensor has a name that matches --tensors");
    return;
  }
  if (tensor_file_unchanged(j->d, f)) vec_push(j->mem, &r->done, done);
}

static void print_names(inspect_run *r) {
  for (size_t i = 0; i < r->j->o->uses.len; i++) {
    if (r->j->o->uses.data[i].id != OPTION_NAME) continue;
    name_parts parts = name_decode(r->c, r->j->mem, r->j->o->uses.data[i].argument);
    name_print(stdout, r->j->mem, &parts);
  }
}

static void print_all(inspect_run *r) {
  bool json = option_given(r->j->o, OPTION_JSON);
  report_options report = {.advise = option_given(r->j->o, OPTION_ADVISE),
                           .summary = option_given(r->j->o, OPTION_SUMMARY)};
  if (r->done.len == 0) return;
  if (json && !inspection_print_json(stdout, r->done.data, r->done.len))
    diag_error_file(r->j->d, "<stdout>", "cannot be written");
  for (size_t i = 0; !json && i < r->done.len; i++) {
    if (i > 0) printf("\n\n");
    inspection_print(stdout, r->done.data[i], &report);
  }
}

static void compare_inputs(inspect_run *r) {
  job *j = r->j;
  subject sides[2] = {{.c = r->c}, {.c = r->c}};
  for (size_t i = 0; i < 2; i++) {
    quant_config *config = NULL;
    sides[i].file = open_file(r, j->o->inputs.data[i], &config);
    sides[i].config = config;
  }
  if (sides[0].file == NULL || sides[1].file == NULL) return;
  const comparison_report *report = compare_files(&sides[0], &sides[1], r->options.wanted, r->options.context);
  bool same = tensor_file_unchanged(j->d, sides[0].file), both = tensor_file_unchanged(j->d, sides[1].file) && same;
  if (!both) return;
  if (!option_given(j->o, OPTION_JSON))
    comparison_print(stdout, report, option_given(j->o, OPTION_SUMMARY));
  else if (!comparison_print_json(stdout, report))
    diag_error_file(j->d, "<stdout>", "cannot be written");
}

static exit_status read_options(job *j, inspect_options *out) {
  exit_status status = settings_apply_warnings(j->d, j->mem, j->o);
  const char *sort = option_last(j->o, OPTION_SORT);
  *out = (inspect_options){.wanted = job_wants_tensor, .context = j, .values = option_given(j->o, OPTION_VALUES)};
  if (status != STATUS_OK || sort == NULL) return status;
  out->sort = inspect_sort_find(sort);
  if (out->sort != SORT_COUNT) return STATUS_OK;
  diag_error_file(j->d, "qcc", "unknown order '%s' for --sort", sort);
  diag_hint(j->d, "there are: %s", inspect_sort_words(j->mem));
  return STATUS_USAGE;
}

exit_status inspect_command(job *j) {
  inspect_options what;
  exit_status status = read_options(j, &what);
  if (status != STATUS_OK) return status;
  bool compares = option_given(j->o, OPTION_COMPARE);
  if (j->o->inputs.len == 0 && !option_given(j->o, OPTION_NAME)) return usage(j, "no weight file");
  if (compares && j->o->inputs.len != 2) return usage(j, "--compare needs two weight files");
  fe_options fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len};
  job_phase(j, "schemes");
  inspect_run r = {.j = j, .options = what, .c = catalogue_open(j->d, j->mem, NULL, &fe)};
  print_names(&r);
  if (compares) compare_inputs(&r);
  for (size_t i = 0; !compares && i < j->o->inputs.len; i++) {
    job_phase(j, "inspect");
    inspect_path(&r, j->o->inputs.data[i]);
  }
  print_all(&r);
  for (size_t i = 0; i < r.files.len; i++) tensor_file_close(r.files.data[i]);
  return job_finish(j, true);
}

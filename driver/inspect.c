// `qcc inspect FILE..`: what is in weight files.
#include <string.h>

#include "driver/compile.h"
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
  VEC(tensor_file *) files;
  VEC(const inspection *) done;
} inspect_run;

static void inspect_path(inspect_run *r, const char *path) {
  job *j = r->j;
  quant_config *config = NULL;
  path = input_path(j, path);
  tensor_file *f = path == NULL ? NULL : tensor_file_open(j->d, j->mem, path);
  if (f == NULL) return;
  vec_push(j->mem, &r->files, f);
  quant_config_beside(j->d, j->mem, f, &config); // what is wrong was reported; the rest counts
  inspection *done = inspect_file(r->c, f, config);
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
  bool json = option_given(r->j->o, OPTION_JSON), advise = option_given(r->j->o, OPTION_ADVISE);
  if (r->done.len == 0) return;
  if (json && !inspection_print_json(stdout, r->done.data, r->done.len))
    diag_error_file(r->j->d, "<stdout>", "cannot be written");
  for (size_t i = 0; !json && i < r->done.len; i++) {
    if (i > 0) printf("\n\n");
    inspection_print(stdout, r->done.data[i], advise);
  }
}

exit_status inspect_command(job *j) {
  exit_status status = settings_apply_warnings(j->d, j->mem, j->o);
  if (status != STATUS_OK) return status;
  if (j->o->inputs.len == 0 && !option_given(j->o, OPTION_NAME)) return usage(j, "no weight file");
  fe_options fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len};
  job_phase(j, "schemes");
  inspect_run r = {.j = j, .c = catalogue_open(j->d, j->mem, NULL, &fe)};
  print_names(&r);
  for (size_t i = 0; i < j->o->inputs.len; i++) {
    job_phase(j, "inspect");
    inspect_path(&r, j->o->inputs.data[i]);
  }
  print_all(&r);
  for (size_t i = 0; i < r.files.len; i++) tensor_file_close(r.files.data[i]);
  return job_finish(j, true);
}

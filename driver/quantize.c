// `qcc quantize weights --format F -o out.safetensors`.
#include "weights/quantize.h"

#include <string.h>
#include <unistd.h>

#include "driver/compile.h"

static exit_status usage(job *j, const char *message) {
  diag_error_file(j->d, "qcc", "%s", message);
  diag_hint(j->d, "'qcc quantize --help' shows how it is used");
  return STATUS_USAGE;
}

static exit_status check_usage(job *j) {
  exit_status status = settings_apply_warnings(j->d, j->mem, j->o);
  if (status != STATUS_OK) return status;
  if (j->o->inputs.len != 1) return usage(j, j->o->inputs.len == 0 ? "no weight file" : "one weight file at a time");
  if (option_last(j->o, OPTION_FORMAT) == NULL) return usage(j, "no --format");
  return j->s.output == NULL ? usage(j, "no -o FILE") : STATUS_OK;
}

static bool wanted(void *context, const char *name) { return fe_glob_match(context, name); }

// The layout of that name; NULL without one: separate fields.
static bool find_layout(job *j, const scheme *s, const scheme_layout **out) {
  const char *name = option_last(j->o, OPTION_LAYOUT);
  *out = name == NULL ? NULL : scheme_find_layout(s, name);
  if (name == NULL || *out != NULL) return true;
  diag_error_file(j->d, "qcc", "scheme '%s' has no layout '%s'", s->name, name);
  for (size_t i = 0; i < s->layout_count; i++) diag_hint(j->d, "there is '%s'", s->layouts[i].name);
  return false;
}

static bool quantize(job *j) {
  fe_options fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len};
  const scheme *s = fe_find_scheme(j->d, j->mem, NULL, &fe, option_last(j->o, OPTION_FORMAT));
  const scheme_layout *layout;
  if (s == NULL || !find_layout(j, s, &layout)) return false;
  const char *glob = option_last(j->o, OPTION_TENSORS);
  quantize_job q = {.input = input_path(j, j->o->inputs.data[0]),
                    .output = j->s.output,
                    .scheme = s,
                    .layout = layout,
                    .wanted = glob == NULL ? NULL : wanted,
                    .context = glob == NULL ? NULL : arena_strdup(j->mem, glob),
                    .progress = isatty(STDERR_FILENO) ? stderr : NULL,
                    .report = output_reports(j)};
  if (q.input == NULL) return false;
  file_set_protect(j->outputs, q.input);
  return quantize_file(j->d, j->mem, j->outputs, &q);
}

exit_status quantize_command(job *j) {
  j->s.output = option_last(j->o, OPTION_OUTPUT);
  exit_status status = check_usage(j);
  if (status != STATUS_OK) return status;
  job_phase(j, "quantize");
  return job_finish(j, quantize(j));
}

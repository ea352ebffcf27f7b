// `qcc convert weights --to F -o out.safetensors`.
#include "inspect/convert.h"

#include <unistd.h>

#include "driver/compile.h"

static exit_status usage(job *j, const char *message) {
  diag_error_file(j->d, "qcc", "%s", message);
  diag_hint(j->d, "'qcc convert --help' shows how it is used");
  return STATUS_USAGE;
}

static exit_status check_usage(job *j) {
  exit_status status = settings_apply_warnings(j->d, j->mem, j->o);
  if (status != STATUS_OK) return status;
  if (j->o->inputs.len != 1) return usage(j, j->o->inputs.len == 0 ? "no weight file" : "one weight file at a time");
  if (option_last(j->o, OPTION_TO) == NULL) return usage(j, "no --to");
  if (job_names_other_kind(j, ".safetensors")) {
    diag_error_file(j->d, "qcc", "what is converted is written as safetensors, which '%s' is no name of", j->s.output);
    diag_hint(j->d, "name it OUT.safetensors; GGUF files are written by 'qcc quantize', from float weights");
    return STATUS_USAGE;
  }
  bool says_from = option_last(j->o, OPTION_FROM) != NULL;
  if (!says_from && option_given(j->o, OPTION_FROM_LAYOUT)) return usage(j, "--from-layout needs --from");
  if (!says_from && option_given(j->o, OPTION_SHAPE)) return usage(j, "--shape needs --from");
  bool writes = !option_given(j->o, OPTION_DRY_RUN_CONVERT);
  return writes && j->s.output == NULL ? usage(j, "no -o FILE") : STATUS_OK;
}

static bool wanted(void *context, const char *name) { return fe_glob_match(context, name); }

// Every file that was read is an input, which no output may replace.
static void protect_parts(job *j, const tensor_file *f) {
  for (size_t i = 0; i < tensor_file_part_count(f); i++) file_set_protect(j->outputs, tensor_file_part(f, i));
}

// How the input is to be read: --from, --from-layout and --shape. False when reported.
static bool read_from(job *j, const fe_options *fe, asked_reading *out) {
  const char *from = option_last(j->o, OPTION_FROM);
  if (!settings_shape(j->d, j->mem, j->o, &out->rows, &out->columns)) return false;
  if (from == NULL) return true;
  const scheme *s = fe_find_scheme(j->d, j->mem, NULL, fe, from);
  const scheme_layout *l;
  if (s == NULL || !job_find_layout(j, s, option_last(j->o, OPTION_FROM_LAYOUT), &l)) return false;
  out->scheme = s->name;
  out->layout = l == NULL ? NULL : l->name;
  return true;
}

static bool convert(job *j) {
  fe_options fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len};
  const char *glob = option_last(j->o, OPTION_TENSORS);
  convert_job c = {.output = j->s.output,
                   .scheme = fe_find_scheme(j->d, j->mem, NULL, &fe, option_last(j->o, OPTION_TO)),
                   .wanted = glob == NULL ? NULL : wanted,
                   .context = glob == NULL ? NULL : arena_strdup(j->mem, glob),
                   .exact = option_given(j->o, OPTION_EXACT),
                   .dry_run = option_given(j->o, OPTION_DRY_RUN_CONVERT),
                   .progress = isatty(STDERR_FILENO) ? stderr : NULL,
                   .report = output_reports(j)};
  asked_reading asked = {.wanted = c.wanted, .context = c.context};
  if (!read_from(j, &fe, &asked)) return false;
  if (c.scheme == NULL || !job_find_layout(j, c.scheme, option_last(j->o, OPTION_LAYOUT), &c.layout)) return false;
  const char *path = input_path(j, j->o->inputs.data[0]);
  tensor_file *f = path == NULL ? NULL : tensor_file_open(j->d, j->mem, path);
  quant_config *config = NULL;
  if (f == NULL) return false;
  protect_parts(j, f);
  quant_config_beside(j->d, j->mem, f, &config); // what is wrong was reported; the rest counts
  subject s = {.c = catalogue_open(j->d, j->mem, NULL, &fe), .file = f, .config = config};
  if (asked.scheme != NULL) s.asked = &asked;
  bool ok = convert_file(j->d, j->mem, j->outputs, &s, &c);
  tensor_file_close(f);
  return ok;
}

exit_status convert_command(job *j) {
  j->s.output = option_last(j->o, OPTION_OUTPUT);
  exit_status status = check_usage(j);
  if (status != STATUS_OK) return status;
  job_phase(j, "convert");
  return job_finish(j, convert(j));
}

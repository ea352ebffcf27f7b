// `qcc quantize weights --format F -o out`.
#include "weights/quantize.h"

#include <string.h>
#include <unistd.h>

#include "driver/compile.h"
#include "encode/encode.h"
#include "pack/pack.h"

typedef struct named_rule {
  const fe_format_rule *rule;
  quantize_target target;
  bool used;
} named_rule;

typedef struct request {
  job *j;
  fe_options fe;
  named_rule *rules; // of --recipe; NULL without
  size_t rule_count;
  quantize_target format; // of --format
} request;

static exit_status usage(job *j, const char *message) {
  diag_error_file(j->d, "qcc", "%s", message);
  diag_hint(j->d, "'qcc quantize --help' shows how it is used");
  return STATUS_USAGE;
}

static exit_status check_usage(job *j) {
  exit_status status = settings_apply_warnings(j->d, j->mem, j->o);
  if (status != STATUS_OK) return status;
  bool format = option_given(j->o, OPTION_FORMAT), rules = option_given(j->o, OPTION_RECIPE);
  if (j->o->inputs.len != 1) return usage(j, j->o->inputs.len == 0 ? "no weight file" : "one weight file at a time");
  if (!format && !rules) return usage(j, "no --format");
  if (format && rules) return usage(j, "--format and --recipe exclude each other: a rule \"*\" is for all the rest");
  if (job_names_other_kind(j, ".safetensors") && job_names_other_kind(j, ".gguf")) {
    diag_error_file(j->d, "qcc", "what is quantized is written as safetensors or GGUF, which '%s' is no name of",
                    j->s.output);
    diag_hint(j->d, "name it OUT.safetensors or OUT.gguf");
    return STATUS_USAGE;
  }
  return j->s.output == NULL ? usage(j, "no -o FILE") : STATUS_OK;
}

// ---- which tensors, and what they become -------------------------------------------------------------------

static bool wanted(void *context, const char *name) {
  const request *r = context;
  return job_wants_tensor(r->j, name);
}

// Rules speak of layers, as in a model: "fc1" is the tensor fc1.weight, too.
static bool matches(arena *a, const char *glob, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), end = sizeof ending - 1;
  if (fe_glob_match(glob, name)) return true;
  return length > end && strcmp(name + length - end, ending) == 0 &&
         fe_glob_match(glob, arena_strndup(a, name, length - end));
}

static quantize_target choose(void *context, const char *name) {
  request *r = context;
  for (size_t i = 0; i < r->rule_count; i++) {
    if (!matches(r->j->mem, r->rules[i].rule->glob, name)) continue;
    r->rules[i].used = true;
    return r->rules[i].target;
  }
  return r->format;
}

// ---- what the command line says ----------------------------------------------------------------------------

// The format that an option names; nothing when it is not given.
static bool find_format(request *r, option_id option, const char *layout, quantize_target *out) {
  const char *text = option_last(r->j->o, option);
  if (text == NULL) return true;
  out->scheme = fe_find_scheme(r->j->d, r->j->mem, NULL, &r->fe, text);
  return out->scheme != NULL && job_find_layout(r->j, out->scheme, layout, &out->layout);
}

static bool read_recipe(request *r) {
  job *j = r->j;
  const char *path = option_last(j->o, OPTION_RECIPE);
  mapped_file f;
  if (path == NULL) return true;
  if (!file_map(j->d, j->mem, path, &f)) return false;
  file_set_protect(j->outputs, path);
  const ast *tree = fe_parse(j->d, j->mem, path, f.size == 0 ? "" : (const char *)f.data, f.size);
  const fe_format_rule *rules = fe_list_rules(j->d, j->mem, tree, &r->fe, &r->rule_count);
  if (rules == NULL) return false;
  if (r->rule_count == 0) {
    diag_error_file(j->d, path, "the text has no rule of 'quantize'");
    return false;
  }
  r->rules = ARENA_ARRAY(j->mem, named_rule, r->rule_count);
  bool ok = true;
  for (size_t i = 0; i < r->rule_count; i++) {
    quantize_target *t = &r->rules[i].target;
    r->rules[i].rule = &rules[i];
    t->scheme = rules[i].scheme;
    const char *layout = rules[i].layout != NULL ? rules[i].layout : option_last(j->o, OPTION_LAYOUT);
    if (t->scheme != NULL) ok &= job_find_layout(j, t->scheme, layout, &t->layout);
  }
  return ok;
}

static void warn_unused(const request *r) {
  for (size_t i = 0; i < r->rule_count; i++)
    if (!r->rules[i].used)
      diag_warning(r->j->d, "unused-rule", r->rules[i].rule->loc, "the rule \"%s\" is used by no tensor",
                   r->rules[i].rule->glob);
}

static bool quantize(job *j, unsigned threads) {
  request r = {.j = j, .fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len}};
  encode_options encode = {.threads = threads};
  quantize_job q = {.input = input_path(j, j->o->inputs.data[0]),
                    .output = j->s.output,
                    .encode = &encode,
                    .wanted = wanted,
                    .choose = choose,
                    .context = &r,
                    .progress = isatty(STDERR_FILENO) ? stderr : NULL,
                    .report = output_reports(j),
                    .json = option_given(j->o, OPTION_JSON)};
  bool ok = find_format(&r, OPTION_FORMAT, option_last(j->o, OPTION_LAYOUT), &r.format);
  ok &= find_format(&r, OPTION_FALLBACK, NULL, &q.fallback) && read_recipe(&r);
  const char *imatrix = option_last(j->o, OPTION_IMATRIX);
  if (ok && imatrix != NULL) {
    q.importance = importance_open(j->d, j->mem, imatrix);
    file_set_protect(j->outputs, imatrix);
    ok = q.importance != NULL;
  }
  if (!ok || q.input == NULL || diag_error_count(j->d) > 0) return false;
  file_set_protect(j->outputs, q.input);
  ok = quantize_file(j->d, j->mem, j->outputs, &q);
  if (ok) warn_unused(&r);
  return ok;
}

exit_status quantize_command(job *j) {
  j->s.output = option_last(j->o, OPTION_OUTPUT);
  unsigned threads;
  exit_status status = check_usage(j);
  if (status != STATUS_OK) return status;
  if (!settings_threads(j->d, j->o, 0, &threads)) return STATUS_USAGE;
  job_phase(j, "quantize");
  return job_finish(j, quantize(j, threads));
}

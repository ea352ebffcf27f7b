// From the input file to a module.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/job.h"
#include "engine/engine.h"

// ---- reading ---------------------------------------------------------------------------------------------

static bool is_stdin(const job *j) { return j->s.input != NULL && strcmp(j->s.input, "-") == 0; }

// Everything from standard input.
static bool read_stdin(job *j, const char **text, size_t *length) {
  strbuf all = {.mem = j->mem};
  char buffer[65536];
  size_t got;
  while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) strbuf_write(&all, buffer, got);
  if (ferror(stdin)) {
    diag_error_file(j->d, "<stdin>", "cannot be read");
    return false;
  }
  *text = strbuf_text(&all);
  *length = all.len;
  return true;
}

// The text is mapped until the process ends: messages quote it.
static bool read_text(job *j, const char **name, const char **text, size_t *length) {
  *name = is_stdin(j) ? "<stdin>" : j->s.input;
  if (is_stdin(j)) return read_stdin(j, text, length);
  mapped_file f;
  if (!file_map(j->d, j->mem, j->s.input, &f)) return false;
  *text = f.size == 0 ? "" : (const char *)f.data;
  *length = f.size;
  return true;
}

static bool parse_ir(job *j) {
  const char *name, *text;
  size_t length;
  if (!read_text(j, &name, &text, &length)) return false;
  j->m = ir_parse(j->d, j->mem, name, text, length);
  return j->m != NULL;
}

// Formats instead of a model. A text that is IR has its matrices already.
static bool wants_kernels(const job *j) { return j->s.stage == STAGE_KERNELS || option_given(j->o, OPTION_KERNELS); }

static bool parse_formats(job *j) {
  VEC(const char *) rules = {0};
  for (size_t i = 0; i < j->o->uses.len; i++)
    if (j->o->uses.data[i].id == OPTION_KERNELS) vec_push(j->mem, &rules, j->o->uses.data[i].argument);
  engine_request asked = {.tree = j->tree, .rule_count = rules.len, .rules = rules.data, .input = j->s.input};
  j->fe.find_tensor = engine_find_layer;
  return engine_make_model(j->d, j->mem, &asked);
}

static bool parse_q(job *j) {
  const char *name = "--kernels", *text = "";
  size_t length = 0;
  if (j->s.input != NULL && !read_text(j, &name, &text, &length)) return false;
  j->tree = fe_parse(j->d, j->mem, name, text, length);
  if (j->tree->has_errors) return false;
  return !wants_kernels(j) || parse_formats(j);
}

bool source_parse(job *j) {
  job_phase(j, "parse");
  if (j->s.input != NULL && !is_stdin(j)) {
    j->folder = path_dirname(j->mem, j->s.input);
    vec_push(j->mem, &j->texts, j->s.input);
    file_set_protect(j->outputs, j->s.input);
  }
  return j->s.is_ir ? parse_ir(j) : parse_q(j);
}

// ---- meaning ---------------------------------------------------------------------------------------------

static fe_answer find_tensor(void *context, const char *file, const char *name, fe_tensor *out) {
  static const fe_answer answers[] = {
      [WEIGHT_FOUND] = FE_TENSOR_FOUND, [WEIGHT_ABSENT] = FE_TENSOR_ABSENT, [WEIGHT_UNKNOWN] = FE_TENSOR_UNKNOWN};
  const job *j = context;
  weight_shape shape;
  weight_answer answer = weight_files_find(j->files, file, name, &shape);
  if (answer == WEIGHT_FOUND) {
    *out = (fe_tensor){.rank = shape.rank, .block_type = shape.block_type, .scheme = shape.scheme};
    out->transposed = shape.transposed;
    out->order_open = shape.order_open;
    memcpy(out->dims, shape.dims, sizeof out->dims);
  }
  return answers[answer];
}

static size_t tensor_names(void *context, const char *file, const char *const **out) {
  const job *j = context;
  return weight_files_names(j->files, file, out);
}

static void on_file(void *context, const char *path) {
  job *j = context;
  vec_push(j->mem, &j->texts, arena_strdup(j->mem, path));
  file_set_protect(j->outputs, path);
}

bool source_build(job *j) {
  job_phase(j, "check");
  if (j->files == NULL) j->files = weight_files_new(j->d, j->mem, j->folder);
  if (j->fe.find_tensor == NULL) { // real files are asked
    j->fe.find_tensor = find_tensor;
    j->fe.recognise = formats_recognise;
  }
  if (j->fe.tensor_names == NULL) j->fe.tensor_names = tensor_names;
  j->fe.dirs = j->scheme_dirs.data;
  j->fe.dir_count = j->scheme_dirs.len;
  j->fe.operator_dirs = j->operator_dirs.data;
  j->fe.operator_dir_count = j->operator_dirs.len;
  j->fe.on_file = on_file;
  j->fe.context = j;
  if (j->m == NULL) j->m = fe_build(j->d, j->mem, j->tree, &j->fe);
  const char *const *paths;
  size_t count = weight_files_paths(j->files, &paths);
  for (size_t i = 0; i < count; i++) file_set_protect(j->outputs, paths[i]);
  if (j->m == NULL) return false;
  return ir_verify(j->d, j->m) && diag_error_count(j->d) == 0;
}

// ---- lowering --------------------------------------------------------------------------------------------

lower_options source_lower_options(const job *j) {
  bool to_stdout = j->s.output == NULL && stage_get(j->s.stage)->is_text;
  FILE *reports = to_stdout ? j->notes : output_reports(j);
  return (lower_options){.target = j->s.target,
                         .exact_size = j->s.exact_size,
                         .explain = j->s.explain ? reports : NULL,
                         .dump = j->s.dump,
                         .dump_stream = j->notes,
                         .verify = true,
                         .tuning = j->tuning,
                         .tier_count = j->s.tiers.len,
                         .tiers = j->s.tiers.data};
}

// `qcc quantize`.
#include "weights/quantize.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "encode/encode.h"
#include "pack/pack.h"
#include "support/map.h"
#include "weights/from_float.h"
#include "weights/quantize_out.h"
#include "weights/report.h"

typedef struct quantizer {
  diag *d;
  arena *mem;
  const quantize_job *job;
  const tensor_file *file;
  quantize_out out;
  VEC(weight_stats) stats;
  name_map noted;               // tensors that the input has in quantized form already
  quantize_target *targets;     // what each tensor of the file becomes; scheme NULL: it stays
  VEC(quantize_target) refused; // told once, however many tensors ask for them
  VEC(const tensor *) unasked;  // float tensors that are no matrices
  VEC(const tensor *) misfits;  // kept because their shape does not fit
  size_t weighted;              // matrices that the importance matrix knows
  progress bar;
  uint64_t done;
} quantizer;

// ---- which tensors ---------------------------------------------------------------------------------------

static bool is_float(const tensor *t) { return t->count > 0 && from_float_dtype(t->dtype); }

// GGUF has stacks of matrices, whose rows follow one another.
static bool is_matrix(const quantizer *q, const tensor *t) {
  return is_float(t) && (t->rank == 2 || (q->out.gguf && t->rank == 3));
}

// A tensor that is part of one that was quantized before: `<name>`, `<name>.<field>`, ..
static bool belongs_to_noted(const quantizer *q, const char *name) {
  if (q->noted.len == 0) return false;
  for (char *whole = arena_strdup(q->mem, name), *dot; whole != NULL; *dot = '\0') {
    if (name_map_get(&q->noted, whole) != NULL) return true;
    dot = strrchr(whole, '.');
    if (dot == NULL) break;
  }
  return false;
}

static quantize_target chosen(const quantizer *q, const char *name) {
  const quantize_job *job = q->job;
  if (job->wanted != NULL && !job->wanted(job->context, name)) return (quantize_target){0};
  return job->choose != NULL ? job->choose(job->context, name)
                             : (quantize_target){.scheme = job->scheme, .layout = job->layout};
}

// Metadata that safetensors holds as text; other kinds describe their own tensors with it.
static void copy_metadata(quantizer *q) {
  bool keep = strcmp(tensor_file_kind(q->file), "safetensors") == 0;
  for (size_t i = 0; keep && i < tensor_file_meta_count(q->file); i++) {
    const tensor_meta *m = tensor_file_meta_at(q->file, i);
    const char *name = fields_noted_name(m->key);
    if (name != NULL) name_map_set(&q->noted, name, q);
    vec_push(q->mem, &q->out.meta, *m);
  }
}

// ---- what they become ------------------------------------------------------------------------------------

static bool was_refused(const quantizer *q, const quantize_target *x) {
  for (size_t i = 0; i < q->refused.len; i++)
    if (q->refused.data[i].scheme == x->scheme && q->refused.data[i].layout == x->layout) return true;
  return false;
}

// Completes a target for the output; false, reported, when it cannot be written.
static bool settle_target(quantizer *q, quantize_target *x) {
  bool plain = false;
  if (was_refused(q, x)) return false;
  const quantize_target asked = *x;
  if (x->layout == NULL && q->out.gguf) x->layout = quantize_gguf_layout(x->scheme, &plain);
  if (q->out.gguf && !plain && (x->layout == NULL || x->layout->type_id < 0)) {
    diag_error(q->d, x->scheme->loc, "GGUF files cannot hold '%s': none of its layouts is of blocks with a type number",
               x->scheme->name);
    diag_hint(q->d,
              "write a .safetensors file, or a format with a layout such as gguf(block = 32, bytes = 18, type = 2)");
    vec_push(q->mem, &q->refused, asked);
    return false;
  }
  if (x->layout == NULL || layout_is_one_tensor(x->layout)) return true;
  diag_error(q->d, x->layout->loc, "the layout '%s' of '%s' consists of separate tensors, which cannot be written",
             x->layout->name, x->scheme->name);
  diag_hint(q->d, "leave the layout out, or name a layout of blocks; 'qcc convert' brings the result into any layout");
  vec_push(q->mem, &q->refused, asked);
  return false;
}

static uint64_t columns_of(const tensor *t) { return t->dims[t->rank - 1]; }

static bool fits(const quantize_target *x, const tensor *t) {
  return x->layout == NULL || x->layout->block_weights == 0 || columns_of(t) % x->layout->block_weights == 0;
}

static void warn_misfit(quantizer *q, const tensor *t, const quantize_target *x, const quantize_target *instead) {
  diag_warning_file(
      q->d, "misfit", t->path, "'%s' has rows of %" PRIu64 ", which blocks of %" PRIu64 " (%s) do not divide; it %s%s",
      t->name, columns_of(t), x->layout->block_weights, x->scheme->name,
      instead->scheme != NULL ? "becomes " : "stays as it is", instead->scheme != NULL ? instead->scheme->name : "");
  if (instead->scheme == NULL) diag_hint(q->d, "--fallback names another format for such tensors");
}

// What tensor t becomes; scheme NULL: it stays. False when something was reported.
static bool find_target(quantizer *q, const tensor *t, quantize_target *out) {
  *out = chosen(q, t->name);
  if (out->scheme == NULL) return true;
  if (!settle_target(q, out)) return false;
  if (fits(out, t)) return true;
  quantize_target instead = q->job->fallback;
  if (instead.scheme != NULL && !settle_target(q, &instead)) return false;
  if (instead.scheme != NULL && !fits(&instead, t)) instead.scheme = NULL;
  warn_misfit(q, t, out, &instead);
  *out = instead;
  return true;
}

// ---- one tensor ------------------------------------------------------------------------------------------

// "fc1" of "fc1.weight".
static const char *layer_of(arena *a, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), end = sizeof ending - 1;
  return length > end && strcmp(name + length - end, ending) == 0 ? arena_strndup(a, name, length - end) : name;
}

// What the importance matrix says of a tensor; that it says nothing is no error.
static bool find_importance(quantizer *q, arena *a, const tensor *t, uint64_t rows, encode_options *out) {
  uint64_t stack = t->rank == 3 ? t->dims[0] : 1;
  bool fits = true;
  if (q->job->importance == NULL) return true;
  out->importance = importance_find(q->job->importance, a, t->name, stack, columns_of(t), &fits);
  out->importance_rows = rows / stack;
  q->weighted += out->importance != NULL;
  if (fits) return true;
  diag_error_file(q->d, importance_path(q->job->importance),
                  "what it has of '%s' is not for %" PRIu64 " x %" PRIu64 " columns", t->name, stack, columns_of(t));
  return false;
}

static bool encode_one(quantizer *q, const tensor *t, const quantize_target *x) {
  arena *a = arena_new();
  uint64_t columns = columns_of(t), rows = t->count / columns;
  encode_options encode = q->job->encode == NULL ? (encode_options){.threads = pack_run_threads()} : *q->job->encode;
  if (!find_importance(q, a, t, rows, &encode)) return arena_free(a), false;
  from_float_options options = {.encode = &encode,
                                .progress = &q->bar,
                                .progress_base = q->done,
                                .layer = layer_of(q->mem, t->name),
                                .file = q->file};
  from_float_result result;
  uint64_t bytes;
  q->bar.label = t->name;
  bool ok = from_float_encode(q->d, a, t, x->scheme, rows, columns, &options, &result) &&
            quantize_out_store(&q->out, result.codes, x->layout, t, &bytes);
  if (ok) {
    weight_stats stats = weight_stats_new(t->name, x->scheme, rows, columns, bytes);
    stats.has_error = true;
    stats.error = result.error;
    stats.seconds = result.seconds;
    from_float_warn(q->d, t->path, t->name, x->scheme, &result.error);
    vec_push(q->mem, &q->stats, stats);
  }
  arena_free(a);
  return ok;
}

static bool take_one(quantizer *q, const tensor *t, const quantize_target *x) {
  if (x->scheme == NULL) return quantize_out_keep(&q->out, t);
  bool ok = encode_one(q, t, x);
  q->done += 4 * t->count;
  return ok;
}

// ---- the file --------------------------------------------------------------------------------------------

// What is to be done, before hours are spent on a part of it.
typedef struct todo {
  size_t matrices; // of floats that are not in quantized form already
  size_t wanted;   // of these, by a pattern or a rule
  uint64_t bytes;  // to be encoded, as f32
} todo;

static bool plan_one(quantizer *q, const tensor *t, quantize_target *x, todo *all) {
  bool noted = belongs_to_noted(q, t->name);
  if (!noted && !is_matrix(q, t) && is_float(t) && t->rank > 1) vec_push(q->mem, &q->unasked, t);
  if (noted || !is_matrix(q, t)) return true;
  all->matrices++;
  if (chosen(q, t->name).scheme == NULL) return true;
  all->wanted++;
  if (!find_target(q, t, x)) return false;
  if (x->scheme == NULL) vec_push(q->mem, &q->misfits, t);
  if (x->scheme != NULL) all->bytes += 4 * t->count;
  return true;
}

static bool plan_all(quantizer *q, todo *all) {
  size_t count = tensor_file_count(q->file);
  bool ok = true;
  q->targets = ARENA_ARRAY(q->mem, quantize_target, count + 1);
  for (size_t i = 0; i < count; i++) {
    const tensor *t = tensor_file_at(q->file, i);
    // What reads an alias is not in the output.
    if (t->alias_of == NULL) ok &= plan_one(q, tensor_as_matrix(q->mem, t), &q->targets[i], all);
  }
  return ok;
}

static bool report_nothing(const quantizer *q, const todo *all) {
  const char *path = tensor_file_path(q->file);
  if (all->wanted > 0) {
    diag_error_file(q->d, path, "no matrix has a shape that the format fits: nothing is quantized");
    return false;
  }
  diag_error_file(q->d, path, "none of its %zu tensors is to be quantized: %zu are float matrices",
                  tensor_file_count(q->file), all->matrices);
  if (all->matrices > 0)
    diag_hint(q->d, "the pattern matches no name of them; '*' matches all");
  else
    diag_hint(q->d, "'qcc convert %s --to FORMAT' takes weights that are quantized already", path);
  return false;
}

static bool encode_all(quantizer *q) {
  todo all = {0};
  if (!plan_all(q, &all)) return false;
  if (all.bytes == 0) return report_nothing(q, &all);
  bool ok = true;
  progress_begin(&q->bar, q->job->progress, "", all.bytes);
  for (size_t i = 0; i < tensor_file_count(q->file); i++) {
    const tensor *t = tensor_file_at(q->file, i);
    if (t->alias_of == NULL) ok &= take_one(q, tensor_as_matrix(q->mem, t), &q->targets[i]);
  }
  progress_end(&q->bar);
  return ok;
}

// ---- the report ------------------------------------------------------------------------------------------

static void print_kept(const quantizer *q, const tensor *const *list, size_t count, const char *why) {
  enum { SHOWN = 8 };
  if (count == 0) return;
  fprintf(q->job->report, "as they were, %s:", why);
  for (size_t i = 0; i < count && i < SHOWN; i++)
    fprintf(q->job->report, "%s '%s' %s", i == 0 ? "" : ",", list[i]->name, tensor_describe(q->mem, list[i]));
  fprintf(q->job->report, count > SHOWN ? ", and others\n" : "\n");
}

static json_t *tensor_list(const tensor *const *list, size_t count) {
  json_t *names = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(names, json_string(list[i]->name));
  return names;
}

static json_t *number(double x) { return x - x == 0 ? json_real(x) : json_null(); }

static bool print_json(const quantizer *q) {
  json_t *tensors = json_array();
  double bytes = 0;
  for (size_t i = 0; i < q->stats.len; i++) {
    const weight_stats *s = &q->stats.data[i];
    bytes += (double)s->bytes;
    json_array_append_new(tensors,
                          json_pack("{s:s, s:s, s:[I, I], s:I, s:o, s:o, s:o, s:o, s:o}", "name", s->layer, "format",
                                    s->format, "shape", (json_int_t)s->rows, (json_int_t)s->columns, "bytes",
                                    (json_int_t)s->bytes, "bits_per_weight", number(s->stored_bits), "relative_error",
                                    number(s->error.relative_rms), "largest_error", number(s->error.max_abs), "sqnr_db",
                                    number(s->error.sqnr_db), "seconds", number(s->seconds)));
  }
  json_t *all = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "input", q->job->input, "output", q->job->output, "tensors",
                          tensors, "bytes", number(bytes), "misfits", tensor_list(q->misfits.data, q->misfits.len),
                          "other_ranks", tensor_list(q->unasked.data, q->unasked.len));
  bool ok = all != NULL && json_dumpf(all, q->job->report, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0;
  fputc('\n', q->job->report);
  json_decref(all);
  return ok;
}

static bool print_report(const quantizer *q) {
  if (q->job->report == NULL) return true;
  if (q->job->json) return print_json(q);
  weights_print_table(q->job->report, q->stats.data, q->stats.len);
  if (q->job->importance != NULL)
    fprintf(q->job->report, "the importance of columns is known of %zu of %zu matrices\n", q->weighted, q->stats.len);
  print_kept(q, q->misfits.data, q->misfits.len, "since blocks do not divide their rows");
  print_kept(q, q->unasked.data, q->unasked.len, "since they are no matrices");
  return true;
}

bool quantize_file(diag *d, arena *a, file_set *outputs, const quantize_job *job) {
  tensor_file *f = tensor_file_open(d, a, job->input);
  if (f == NULL) return false;
  for (size_t i = 0; i < tensor_file_part_count(f); i++) file_set_protect(outputs, tensor_file_part(f, i));
  quantizer q = {.d = d, .mem = a, .job = job, .file = f, .noted = {.mem = a}};
  q.out = (quantize_out){.d = d, .mem = a, .path = job->output, .gguf = quantize_out_is_gguf(job->output)};
  copy_metadata(&q);
  tensor_file_watch(f);
  bool ok = encode_all(&q);
  out_file *out = ok ? file_set_open(outputs, job->output) : NULL;
  ok = out != NULL && quantize_out_write(&q.out, out, f);
  ok = tensor_file_unchanged(d, f) && ok && print_report(&q);
  tensor_file_close(f);
  return ok;
}

// `qcc quantize`.
#include "weights/quantize.h"

#include <inttypes.h>
#include <string.h>

#include "support/vec.h"
#include "weights/fields.h"
#include "weights/from_float.h"
#include "weights/pack_run.h"
#include "weights/report.h"

typedef struct quantizer {
  diag *d;
  arena *mem;
  const quantize_job *job;
  const tensor_file *file;
  VEC(safetensors_item) items;
  VEC(tensor_meta) meta;
  VEC(weight_stats) stats;
  VEC(const char *) noted; // tensors that the input has in quantized form already
  progress bar;
  uint64_t done;
} quantizer;

// ---- which tensors ---------------------------------------------------------------------------------------

static bool is_matrix(const tensor *t) { return t->rank == 2 && t->count > 0 && from_float_dtype(t->dtype); }

// A tensor that is part of one that was quantized before: `<name>` or `<name>.<field>`.
static bool belongs_to_noted(const quantizer *q, const char *name) {
  for (size_t i = 0; i < q->noted.len; i++) {
    size_t length = strlen(q->noted.data[i]);
    if (strncmp(name, q->noted.data[i], length) == 0 && (name[length] == '\0' || name[length] == '.')) return true;
  }
  return false;
}

static bool is_wanted(const quantizer *q, const tensor *t) {
  return is_matrix(t) && !belongs_to_noted(q, t->name) &&
         (q->job->wanted == NULL || q->job->wanted(q->job->context, t->name));
}

// Metadata that safetensors holds as text; other kinds describe their own tensors with it.
static void copy_metadata(quantizer *q) {
  bool keep = strcmp(tensor_file_kind(q->file), "safetensors") == 0;
  for (size_t i = 0; keep && i < tensor_file_meta_count(q->file); i++) {
    const tensor_meta *m = tensor_file_meta_at(q->file, i);
    const char *name = fields_noted_name(m->key);
    if (name != NULL) vec_push(q->mem, &q->noted, name);
    vec_push(q->mem, &q->meta, *m);
  }
}

// ---- one tensor ------------------------------------------------------------------------------------------

static bool copy_tensor(quantizer *q, const tensor *t) {
  if (t->dtype == TENSOR_BLOCKS) {
    diag_error_file(q->d, t->path, "tensor '%s' has %s, which the output cannot hold", t->name,
                    tensor_describe(q->mem, t));
    diag_hint(q->d, "a model reads it from this file directly; quantize files with float weights only");
    return false;
  }
  safetensors_item item = {
      .name = t->name, .dtype = t->dtype, .rank = t->rank, .dims = t->dims, .data = t->data, .size = t->size};
  vec_push(q->mem, &q->items, item);
  return true;
}

static bool store_codes(quantizer *q, const tensor_codes *codes, const char *name, uint64_t *bytes) {
  tensor_meta notes[FIELDS_MAX_NOTES];
  size_t first = q->items.len, count = q->job->layout == NULL ? fields_item_count(codes->scheme) : 1;
  safetensors_item *items = ARENA_ARRAY(q->mem, safetensors_item, count);
  if (q->job->layout == NULL)
    fields_make_items(q->mem, codes, name, items);
  else if (!fields_make_blocks(q->d, q->mem, codes, q->job->layout, name, items))
    return false;
  for (size_t i = 0; i < count; i++) vec_push(q->mem, &q->items, items[i]);
  size_t note_count = fields_make_notes(q->mem, codes, name, q->job->layout, notes);
  for (size_t i = 0; i < note_count; i++) vec_push(q->mem, &q->meta, notes[i]);
  *bytes = 0;
  for (size_t i = first; i < q->items.len; i++) *bytes += q->items.data[i].size;
  return true;
}

// "fc1" of "fc1.weight".
static const char *layer_of(arena *a, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), end = sizeof ending - 1;
  return length > end && strcmp(name + length - end, ending) == 0 ? arena_strndup(a, name, length - end) : name;
}

static bool encode_one(quantizer *q, const tensor *t) {
  const scheme *s = q->job->scheme;
  arena *a = arena_new();
  encode_options encode = q->job->encode == NULL ? (encode_options){.threads = pack_run_threads()} : *q->job->encode;
  from_float_options options = {.encode = &encode,
                                .progress = &q->bar,
                                .progress_base = q->done,
                                .layer = layer_of(q->mem, t->name),
                                .file = q->file};
  from_float_result result;
  uint64_t bytes;
  q->bar.label = t->name;
  bool ok = from_float_encode(q->d, a, t, s, t->dims[0], t->dims[1], &options, &result) &&
            store_codes(q, result.codes, t->name, &bytes);
  if (ok) {
    weight_stats stats = weight_stats_new(t->name, s, t->dims[0], t->dims[1], bytes);
    stats.has_error = true;
    stats.error = result.error;
    stats.seconds = result.seconds;
    from_float_warn(q->d, t->path, t->name, s, &result.error);
    vec_push(q->mem, &q->stats, stats);
  }
  q->done += 4 * t->count;
  arena_free(a);
  return ok;
}

// ---- the file --------------------------------------------------------------------------------------------

static bool check_job(diag *d, const quantize_job *job) {
  if (job->layout == NULL || layout_is_one_tensor(job->layout)) return true;
  diag_error(d, job->layout->loc, "the layout '%s' of '%s' consists of separate tensors, which cannot be written",
             job->layout->name, job->scheme->name);
  diag_hint(d, "leave the layout out, or name a layout of blocks");
  return false;
}

static uint64_t wanted_bytes(const quantizer *q, size_t *matrices) {
  uint64_t total = 0;
  *matrices = 0;
  for (size_t i = 0; i < tensor_file_count(q->file); i++) {
    const tensor *t = tensor_file_at(q->file, i);
    if (t->alias_of != NULL) continue;
    *matrices += is_matrix(t) && !belongs_to_noted(q, t->name);
    if (is_wanted(q, t)) total += 4 * t->count;
  }
  return total;
}

static bool encode_all(quantizer *q) {
  bool ok = true;
  size_t matrices;
  uint64_t bytes = wanted_bytes(q, &matrices);
  if (bytes == 0) {
    diag_error_file(q->d, tensor_file_path(q->file),
                    "none of its %zu tensors is to be quantized: %zu are float matrices", tensor_file_count(q->file),
                    matrices);
    if (matrices > 0) diag_hint(q->d, "the pattern matches no name of them; '*' matches all");
    return false;
  }
  progress_begin(&q->bar, q->job->progress, "", bytes);
  for (size_t i = 0; i < tensor_file_count(q->file); i++) {
    const tensor *t = tensor_file_at(q->file, i);
    if (t->alias_of == NULL) ok &= is_wanted(q, t) ? encode_one(q, t) : copy_tensor(q, t);
  }
  progress_end(&q->bar);
  return ok;
}

static bool write_output(quantizer *q, file_set *outputs) {
  out_file *out = file_set_open(outputs, q->job->output);
  return out != NULL &&
         safetensors_write(q->d, q->job->output, out, q->items.data, q->items.len, q->meta.data, q->meta.len);
}

bool quantize_file(diag *d, arena *a, file_set *outputs, const quantize_job *job) {
  if (!check_job(d, job)) return false;
  tensor_file *f = tensor_file_open(d, a, job->input);
  if (f == NULL) return false;
  for (size_t i = 0; i < tensor_file_part_count(f); i++) file_set_protect(outputs, tensor_file_part(f, i));
  quantizer q = {.d = d, .mem = a, .job = job, .file = f};
  copy_metadata(&q);
  bool ok = encode_all(&q) && write_output(&q, outputs);
  if (ok && job->report != NULL) weights_print_table(job->report, q.stats.data, q.stats.len);
  tensor_file_close(f);
  return ok;
}

// Float tensors of a file into codes of a scheme.
#include "weights/from_float.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "encode/encode.h"
#include "files/tensor_parse.h"
#include "support/fp.h"
#include "weights/fold.h"

static const bool float_dtypes[TENSOR_DTYPE_COUNT] = {
    [TENSOR_F16] = true,     [TENSOR_BF16] = true,    [TENSOR_F32] = true,         [TENSOR_F64] = true,
    [TENSOR_F8_E4M3] = true, [TENSOR_F8_E5M2] = true, [TENSOR_F8_E4M3FNUZ] = true, [TENSOR_F8_E5M2FNUZ] = true};

bool from_float_dtype(tensor_dtype type) { return float_dtypes[type]; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool check_number(diag *d, const tensor *t, uint64_t at, uint64_t columns, double value) {
  if (isfinite(value)) return true;
  diag_error_file(d, t->path, "tensor '%s': the weight in row %" PRIu64 ", column %" PRIu64 " is %s", t->name,
                  at / columns, at % columns, isnan(value) ? "not a number" : "infinite");
  diag_hint(d, "such weights cannot be quantized; the training may have diverged or the file be damaged");
  return false;
}

// ---- one plain float number per weight -------------------------------------------------------------------

static bool is_plain(const scheme *s) {
  if (s->field_count != 1 || s->value == NULL || s->value->op != EXPR_FIELD || s->fields[0].sparse) return false;
  const scheme_field *f = &s->fields[0];
  return f->gran.kind == GRAN_WEIGHT && f->rank == 0 && elem_get(f->type)->kind == ELEM_KIND_FLOAT;
}

bool from_float_keeps(const scheme *s) { return is_plain(s) && elem_get(s->fields[0].type)->bits >= 32; }

// What the file says, without rounding to f32 in between.
static double number_at(const tensor *t, const float *w, uint64_t i) {
  return t->dtype == TENSOR_F64 ? fp_from_bits64(tensor_le64(tensor_element(t, i))) : (double)w[i];
}

static tensor_codes *encode_plain(diag *d, arena *a, const tensor *t, const float *w, const scheme *s, uint64_t rows,
                                  uint64_t columns) {
  elem_type type = s->fields[0].type;
  tensor_codes *codes = tensor_codes_new(d, a, s, rows, columns);
  for (uint64_t i = 0; codes != NULL && i < rows * columns; i++) {
    double value = number_at(t, w, i);
    uint64_t raw = elem_encode(type, value);
    if (!check_number(d, t, i, columns, value)) return NULL;
    if (!isfinite(elem_decode(type, raw))) {
      diag_error_file(d, t->path,
                      "tensor '%s': the weight %g in row %" PRIu64 ", column %" PRIu64 " is too large for %s", t->name,
                      value, i / columns, i % columns, elem_get(type)->name);
      diag_hint(d, "give the layer a format with a larger range");
      return NULL;
    }
    codes->elements[0][i] = (uint32_t)raw;
  }
  return codes;
}

// ---- any scheme ------------------------------------------------------------------------------------------

typedef struct encode_bar {
  progress *bar;
  uint64_t base;
} encode_bar;

static void on_progress(void *user, uint64_t done, uint64_t total) {
  const encode_bar *b = user;
  (void)total;
  if (b->bar != NULL) progress_update(b->bar, b->base + 4 * done);
}

static tensor_codes *encode_any(diag *d, arena *a, const tensor *t, const float *w, const scheme *s, uint64_t rows,
                                uint64_t columns, const from_float_options *o) {
  for (uint64_t i = 0; i < rows * columns; i++)
    if (!check_number(d, t, i, columns, (double)w[i])) return NULL;
  encode_options options = o->encode == NULL ? (encode_options){0} : *o->encode;
  encode_bar bar = {.bar = o->progress, .base = o->progress_base};
  options.name = t->name;
  return encode_mixture(d, a, s, w, rows, columns, &options, (encode_progress){.call = on_progress, .user = &bar});
}

static tensor_codes *encode_values(diag *d, arena *a, const tensor *t, const float *w, const scheme *s, uint64_t rows,
                                   uint64_t columns, const from_float_options *o) {
  return is_plain(s) ? encode_plain(d, a, t, w, s, rows, columns) : encode_any(d, a, t, w, s, rows, columns, o);
}

// ---- a scheme that changes input or output -----------------------------------------------------------------

// The values are encoded by themselves: what is stored is not the weights, but the matrix between input and output.
static tensor_codes *encode_folded(diag *d, arena *a, const tensor *t, const float *w, const scheme *s, uint64_t rows,
                                   uint64_t columns, const from_float_options *o) {
  const char *layer = o->layer != NULL ? o->layer : t->name;
  for (uint64_t i = 0; i < rows * columns; i++)
    if (!check_number(d, t, i, columns, (double)w[i])) return NULL;
  folded_weights folded;
  if (!fold_weights(d, a, s, o->file, layer, w, rows, columns, &folded)) return NULL;
  tensor numbers = *t;
  numbers.dtype = TENSOR_F32; // what is in `folded`, for messages too
  numbers.column_stride = 0;
  encode_options plain = o->encode == NULL ? (encode_options){0} : *o->encode;
  from_float_options inside = *o;
  plain.importance = NULL; // of other columns
  inside.encode = &plain;
  tensor_codes *values = encode_values(d, a, &numbers, folded.w, folded.values, rows, columns, &inside);
  if (values != NULL) fold_take_values(&folded, values);
  return values == NULL ? NULL : folded.codes;
}

// Against what the file says.
static error_stats measure(arena *a, const tensor *t, const tensor_codes *codes, const float *w) {
  if (t->dtype != TENSOR_F64) return error_stats_measure(codes, w);
  double *exact = ARENA_ARRAY(a, double, (size_t)t->count);
  for (uint64_t i = 0; i < t->count; i++) exact[i] = number_at(t, w, i);
  return error_stats_measure_doubles(codes, exact);
}

bool from_float_encode(diag *d, arena *a, const tensor *t, const scheme *s, uint64_t rows, uint64_t columns,
                       const from_float_options *options, from_float_result *out) {
  arena *numbers = arena_new();
  double started = now();
  float *w = ARENA_ARRAY(numbers, float, (size_t)t->count);
  *out = (from_float_result){0};
  if (tensor_read_f32(d, t, 0, (size_t)t->count, w))
    out->codes = s->input.count + s->output.count > 0 ? encode_folded(d, a, t, w, s, rows, columns, options)
                                                      : encode_values(d, a, t, w, s, rows, columns, options);
  out->seconds = now() - started;
  if (out->codes != NULL) out->error = measure(numbers, t, out->codes, w);
  arena_free(numbers);
  return out->codes != NULL;
}

void from_float_warn(diag *d, const char *path, const char *name, const scheme *s, const error_stats *error) {
  if (!(error->relative_rms > FROM_FLOAT_BAD_ERROR)) return;
  diag_warning_file(d, "encoding", path, "'%s' as %s has a relative error of %.3g, where zeros would have 1", name,
                    s->name, error->relative_rms);
  diag_hint(d, "the format cannot say such weights: %s",
            error->power > 0 ? "its scale may be missing or too coarse" : "they are all zero");
}

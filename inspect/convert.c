#include "inspect/convert.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "format/identity.h"
#include "format/transform.h"
#include "inspect/convert_source.h"
#include "inspect/convert_store.h"
#include "weights/report.h"

typedef struct converter {
  diag *d;
  arena *mem;
  const subject *s;
  const convert_job *job;
  convert_output out;
  VEC(weight_stats) stats;
  progress bar;
  uint64_t done; // bytes of floats
  size_t exact, lossy, requantized;
} converter;

// ---- which ones ------------------------------------------------------------------------------------------

static bool is_weight(const found *w) {
  if (w->problem != NULL || w->rows == 0 || w->columns == 0) return false;
  return w->scheme != NULL || (w->kind == FOUND_FLOAT && w->tensors[0]->rank == 2);
}

static bool is_named(const converter *c, const found *w) {
  return c->job->wanted == NULL || c->job->wanted(c->job->context, w->name);
}

static bool is_wanted(const converter *c, const found *w) { return is_weight(w) && is_named(c, w); }

// ---- one matrix ------------------------------------------------------------------------------------------

// Codes mean the same under either scheme when these are one definition.
static bool same_definition(const scheme *a, const scheme *b) {
  return a != NULL && strcmp(a->name, b->name) == 0 && identity_scheme_digest(a) == identity_scheme_digest(b);
}

static const tensor_codes *encode(converter *c, arena *a, const found *w, const convert_source *source,
                                  double *seconds) {
  if (same_definition(w->scheme, c->job->scheme)) {
    tensor_codes *same = arena_memdup(a, source->codes, sizeof *same);
    same->scheme = c->job->scheme;
    return same;
  }
  from_float_options options = {.progress = &c->bar, .progress_base = c->done};
  from_float_result result;
  tensor floats;
  if (!convert_source_floats(c->d, a, source, &floats)) return NULL;
  if (!from_float_encode(c->d, a, &floats, c->job->scheme, w->rows, w->columns, &options, &result)) return NULL;
  *seconds = result.seconds;
  return result.codes;
}

// Weights are compared as floats of 32 bits, which is what kernels make of both; those of an F64 tensor as they are.
static double as_compared(const convert_source *source, double x) {
  bool wide = source->codes == NULL && elem_get(source->type)->bits > 32;
  return wide ? x : (double)(float)x;
}

// How the converted weights differ from those of the file.
typedef struct difference {
  uint64_t count; // of weights that are not equal
  uint64_t row, column;
  double from, to; // the first
  error_stats error;
} difference;

static bool differs(double a, double b) { return !(a >= b && a <= b) && !(isnan(a) && isnan(b)); }

static difference compare(const convert_source *source, const tensor_codes *codes) {
  arena *a = arena_new();
  double *from = ARENA_ARRAY(a, double, (size_t)codes->columns), *to = ARENA_ARRAY(a, double, (size_t)codes->columns);
  const double *all = transform_weights(a, codes);
  double power = 0, error = 0;
  difference out = {0};
  for (uint64_t n = 0; n < codes->rows; n++) {
    convert_source_row(source, n, from);
    if (all != NULL)
      memcpy(to, all + n * codes->columns, (size_t)codes->columns * sizeof *to);
    else
      scheme_row(codes, n, to);
    for (uint64_t k = 0; k < codes->columns; k++) {
      power += from[k] * from[k];
      if (!differs(as_compared(source, from[k]), as_compared(source, to[k]))) continue;
      if (out.count++ == 0) out.row = n, out.column = k, out.from = from[k], out.to = to[k];
      double by = fabs(from[k] - to[k]);
      error += by * by;
      if (!(by <= out.error.max_abs)) out.error.max_abs = by;
    }
  }
  arena_free(a);
  out.error.relative_rms = out.count == 0 ? 0 : sqrt(error / power);
  out.error.sqnr_db = -20 * log10(out.error.relative_rms);
  return out;
}

static bool refuse(converter *c, const found *w, const difference *x) {
  diag_error_file(c->d, tensor_file_path(c->s->file),
                  "'%s' cannot be %s exactly: %" PRIu64 " of %" PRIu64
                  " weights would differ; the first, in row %" PRIu64 ", column %" PRIu64 ", is %.9g and would be %.9g",
                  w->name, c->job->scheme->name, x->count, w->rows * w->columns, x->row, x->column, x->from, x->to);
  diag_hint(c->d, "without --exact it is quantized again, with a loss");
  return false;
}

static void note_stats(converter *c, const found *w, const difference *x, uint64_t bytes, double seconds) {
  weight_stats stats = weight_stats_new(w->name, c->job->scheme, w->rows, w->columns, bytes);
  stats.has_error = true;
  stats.error = x->error;
  stats.seconds = seconds;
  vec_push(c->mem, &c->stats, stats);
  c->exact += x->count == 0;
  c->lossy += x->count != 0;
  c->requantized += x->count != 0 && w->scheme != NULL;
}

static bool convert_one(converter *c, const found *w) {
  arena *a = arena_new();
  convert_source source;
  double seconds = 0;
  uint64_t bytes = 0;
  c->bar.label = w->name;
  bool ok = convert_source_open(c->d, a, c->s, w, &source);
  const tensor_codes *codes = ok ? encode(c, a, w, &source, &seconds) : NULL;
  difference x = {0};
  if (codes != NULL) x = compare(&source, codes);
  ok = codes != NULL && (x.count == 0 || !c->job->exact || refuse(c, w, &x)) &&
       convert_store(c->d, &c->out, codes, c->job->layout, w->name, &bytes);
  if (ok) convert_note_layout(&c->out, codes, c->job->layout, w->name);
  if (ok) note_stats(c, w, &x, bytes, seconds);
  c->done += 4 * w->rows * w->columns;
  progress_update(&c->bar, c->done);
  arena_free(a);
  return ok;
}

// ---- the file --------------------------------------------------------------------------------------------

// What may be read in several ways, or is not what it seems, is neither converted nor kept as if it were numbers.
static bool check_known(converter *c, const found *w) {
  const char *path = tensor_file_path(c->s->file);
  if (!is_named(c, w) || (!w->unexplained && !w->any_size && w->others.len == 0)) return true;
  if (w->any_size) {
    diag_error_file(c->d, path, "'%s' has %" PRIu64 " columns or a few less: nothing says how many", w->name,
                    w->columns);
  } else if (w->unexplained) {
    diag_error_file(c->d, path, "'%s' cannot be taken as it is: %s", w->name, w->problem);
  } else {
    strbuf others = {.mem = c->mem};
    for (size_t i = 0; i < w->others.len; i++) strbuf_printf(&others, ", or %s", w->others.data[i]);
    diag_error_file(c->d, path, "'%s' may be %s, layout = %s%s", w->name, w->scheme->name, w->layout->name,
                    strbuf_text(&others));
  }
  diag_hint(c->d,
            "--from, --from-layout and --shape say how to read it; --tensors chooses others, and leaves it as it is");
  return false;
}

static bool keep_one(converter *c, const found *w) {
  if (convert_keep(&c->out, w)) return true;
  diag_error_file(c->d, tensor_file_path(c->s->file), "'%s' is neither converted nor can it be kept: %s", w->name,
                  w->problem == NULL ? "the output has no such blocks" : w->problem);
  return false;
}

static bool convert_all(converter *c, const found_list *list) {
  uint64_t bytes = 0;
  bool ok = true;
  for (size_t i = 0; i < list->len; i++) ok &= check_known(c, list->data[i]);
  if (!ok) return false;
  for (size_t i = 0; i < list->len; i++)
    if (is_wanted(c, list->data[i])) bytes += 4 * list->data[i]->rows * list->data[i]->columns;
  if (bytes == 0) {
    diag_error_file(c->d, tensor_file_path(c->s->file), "no matrix of weights is to be converted");
    diag_hint(c->d, "'qcc inspect' shows what is in the file");
    return false;
  }
  progress_begin(&c->bar, c->job->progress, "", bytes);
  for (size_t i = 0; i < list->len; i++) {
    const found *w = list->data[i];
    ok &= is_wanted(c, w) ? convert_one(c, w) : keep_one(c, w);
  }
  progress_end(&c->bar);
  return ok;
}

static void print_report(const converter *c) {
  FILE *out = c->job->report;
  weights_print_table(out, c->stats.data, c->stats.len);
  if (c->exact > 0)
    fprintf(out, "%zu of %zu matrices are converted exactly: every weight is the same number\n", c->exact,
            c->stats.len);
  if (c->lossy > 0) fprintf(out, "%zu of %zu matrices are quantized with a loss\n", c->lossy, c->stats.len);
  if (c->requantized > 0)
    fprintf(out, "%zu of these were quantized before: from the float weights less would be lost\n", c->requantized);
  if (c->job->dry_run) fprintf(out, "nothing was written\n");
}

bool convert_file(diag *d, arena *a, file_set *outputs, const subject *s, const convert_job *job) {
  converter c = {.d = d, .mem = a, .s = s, .job = job, .out = {.mem = a}};
  found_list list = {0};
  size_t errors = diag_error_count(d);
  tensor_file_watch(s->file);
  recognise_file(s, &list);
  bool ok = diag_error_count(d) == errors && convert_all(&c, &list);
  if (ok) convert_keep_metadata(&c.out, s->file);
  if (ok) ok = job->dry_run ? convert_check(d, job->output, &c.out) : convert_write(d, outputs, job->output, &c.out);
  ok = tensor_file_unchanged(d, s->file) && ok;
  if (ok && job->report != NULL) print_report(&c);
  return ok;
}

#include "weights/pack_float.h"

#include "support/num.h"

enum { STRIP_WEIGHTS = 1 << 19, MAX_THREADS = 16 };

// ---- which formats ---------------------------------------------------------------------------------------

static bool is_by_weight(const expr *e) {
  if (e->op == EXPR_VAR || e->op == EXPR_WINDOW || e->op == EXPR_ELEMENT) return false;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!is_by_weight(e->args[i])) return false;
  return true;
}

bool pack_float_apart(const scheme *s) {
  if (s->value == NULL || s->section_count > 0 || s->input.count + s->output.count > 0) return false;
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].sparse || s->fields[f].rank > 0 || granularity_rows(&s->fields[f].gran) != 1) return false;
  return is_by_weight(s->value);
}

// ---- strips ----------------------------------------------------------------------------------------------

typedef struct float_job {
  const recipe *r;
  uint64_t rows, columns;
  const float_source *source;
  uint64_t strip;      // tiles
  error_stats *errors; // by strip
  double *seconds;
} float_job;

static tensor rows_of(const float_job *j, uint64_t first, uint64_t rows, uint64_t *dims) {
  tensor t = *j->source->tensor;
  uint64_t row_bytes = (t.column_stride == 0 ? j->columns : 1) * tensor_dtype_bits(t.dtype) / 8;
  dims[0] = rows;
  dims[1] = j->columns;
  t.rank = 2;
  t.dims = dims;
  t.count = rows * j->columns;
  t.data += first * row_bytes;
  if (t.column_stride == 0) t.size = (size_t)(rows * row_bytes);
  return t;
}

static bool make_strip(void *user, diag *d, uint64_t first, uint64_t count, uint8_t *out) {
  float_job *j = user;
  arena *a = arena_new();
  uint64_t dims[2], row = first * j->r->pack.rows, left = j->rows - row, most = count * j->r->pack.rows;
  const tensor t = rows_of(j, row, left < most ? left : most, dims);
  const from_float_options options = {.encode = j->source->encode, .layer = j->source->layer, .file = j->source->file};
  from_float_result result;
  bool ok = from_float_encode(d, a, &t, j->r->scheme, dims[0], j->columns, &options, &result);
  if (ok) {
    const pack_source source = {.codes = result.codes, .name = j->source->layer};
    const pack_tiles *x = pack_tiles_new(d, a, j->r, dims[0], j->columns, &source);
    ok = x != NULL && pack_tiles_run(x, d, 0, count, out);
    j->errors[first / j->strip] = result.error;
    j->seconds[first / j->strip] = result.seconds;
  }
  arena_free(a);
  return ok;
}

bool pack_float_run(const recipe *r, uint64_t rows, uint64_t columns, const float_source *source, payload *out,
                    uint64_t offset, unsigned threads, const pack_watch *watch, error_stats *error, double *seconds) {
  arena *a = arena_new();
  float_job j = {.r = r, .rows = rows, .columns = columns, .source = source};
  pack_maker m = {.make = make_strip, .user = &j, .tiles = num_ceil_div(rows, r->pack.rows)};
  uint64_t bad, most = (source->at_once == 0 ? STRIP_WEIGHTS : source->at_once) / (columns * r->pack.rows);
  m.strip = j.strip = most < 1 ? 1 : most;
  uint64_t strips = num_ceil_div(m.tiles, m.strip);
  j.errors = ARENA_ARRAY(a, error_stats, (size_t)strips);
  j.seconds = ARENA_ARRAY(a, double, (size_t)strips);
  bool ok = r->pack.tensor_field_count == 0 && packing_tile_bytes(&r->pack, columns, &m.bytes) &&
            pack_run_strips(&m, out, offset + r->pack.tensor_head_bytes, threads < MAX_THREADS ? threads : MAX_THREADS,
                            watch, &bad);
  *error = j.errors[0];
  *seconds = j.seconds[0];
  for (uint64_t i = 1; ok && i < strips; i++) {
    *error = error_stats_join(error, &j.errors[i]);
    *seconds += j.seconds[i];
  }
  arena_free(a);
  return ok;
}

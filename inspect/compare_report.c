// What `qcc inspect --compare` prints.
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "inspect/compare.h"
#include "support/text_table.h"

enum { MOST_NAME = 60, MOST_LINES = 20 };

static const char *format_of(arena *a, const found *w) {
  if (w == NULL) return "-";
  if (w->scheme != NULL) return w->scheme->name;
  if (w->noted != NULL) return w->noted;
  return w->tensor_count == 0 ? "unknown" : tensor_describe(a, w->tensors[0]);
}

static bool is_different(const compared *c) {
  return c->a != NULL && c->b != NULL && !(c->measured && c->different == 0);
}

// ---- for people ------------------------------------------------------------------------------------------

static const char *shapes_of(arena *a, const compared *c) {
  const char *shape = arena_printf(a, "%" PRIu64 " x %" PRIu64, c->a->rows, c->a->columns);
  return c->same_shape ? shape : arena_printf(a, "%s, %" PRIu64 " x %" PRIu64, shape, c->b->rows, c->b->columns);
}

static void print_different(FILE *out, arena *a, const comparison_report *r) {
  static const text_column columns[] = {{"tensor", false},     {"shape", true},     {"first", false},
                                        {"second", false},     {"different", true}, {"largest difference", true},
                                        {"relative rms", true}};
  text_table t = {.mem = a, .columns = columns, .column_count = sizeof columns / sizeof *columns, .most = MOST_NAME};
  for (size_t i = 0; i < r->all.len; i++) {
    const compared *c = &r->all.data[i];
    if (!is_different(c)) continue;
    const char *cells[] = {c->name,
                           shapes_of(a, c),
                           format_of(a, c->a),
                           format_of(a, c->b),
                           c->measured ? arena_printf(a, "%" PRIu64, c->different) : "-",
                           c->measured ? arena_printf(a, "%.3g", c->max_abs) : "-",
                           c->measured ? arena_printf(a, "%.3g", c->relative_rms) : "-"};
    text_table_row(&t, cells);
  }
  if (t.rows.len == 0) return;
  text_table_print(out, &t);
  fputc('\n', out);
}

// Those that only one file has.
static void print_only(FILE *out, arena *a, const comparison_report *r, bool first) {
  const tensor_file *file = first ? r->a : r->b;
  size_t count = 0;
  for (size_t i = 0; i < r->all.len; i++) {
    const compared *c = &r->all.data[i];
    const found *own = first ? c->a : c->b, *other = first ? c->b : c->a;
    if (own == NULL || other != NULL) continue;
    if (count++ < MOST_LINES)
      fprintf(out, "only in %s: %s, %s\n", tensor_file_path(file), text_elide(a, c->name, MOST_NAME),
              format_of(a, own));
  }
  if (count > MOST_LINES) fprintf(out, "  .. and %zu more: --json has all\n", count - MOST_LINES);
}

void comparison_print(FILE *out, const comparison_report *r, bool summary) {
  arena *a = arena_new();
  size_t both = 0, only[2] = {0}, shapes = 0;
  for (size_t i = 0; i < r->all.len; i++) {
    const compared *c = &r->all.data[i];
    only[0] += c->b == NULL;
    only[1] += c->a == NULL;
    both += c->a != NULL && c->b != NULL;
    shapes += c->a != NULL && c->b != NULL && !c->same_shape;
  }
  if (!summary) print_different(out, a, r);
  if (!summary) print_only(out, a, r, true);
  if (!summary) print_only(out, a, r, false);
  fprintf(out, "%zu of %zu tensors that both files have hold the same numbers; %zu have another shape\n", r->equal,
          both, shapes);
  fprintf(out, "%zu are only in the first file, %zu only in the second\n", only[0], only[1]);
  arena_free(a);
}

// ---- for programs ----------------------------------------------------------------------------------------

static json_t *side(arena *a, const found *w) {
  if (w == NULL) return json_null();
  return json_pack("{s:s, s:s, s:I, s:I}", "name", w->name, "format", format_of(a, w), "rows", (json_int_t)w->rows,
                   "columns", (json_int_t)w->columns);
}

// JSON has no NaN and no infinity: null.
static json_t *real(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static int write_bytes(const char *bytes, size_t size, void *out) {
  return fwrite(bytes, 1, size, out) == size ? 0 : -1;
}

bool comparison_print_json(FILE *out, const comparison_report *r) {
  enum { SCHEMA = 1 };
  arena *a = arena_new();
  json_t *list = json_array();
  for (size_t i = 0; i < r->all.len; i++) {
    const compared *c = &r->all.data[i];
    json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "name", c->name, "first",
                                          side(a, c->a), "second", side(a, c->b), "same_shape", c->same_shape, "equal",
                                          c->measured && c->different == 0, "different",
                                          c->measured ? json_integer((json_int_t)c->different) : json_null(),
                                          "largest_difference", c->measured ? real(c->max_abs) : json_null(),
                                          "relative_rms", c->measured ? real(c->relative_rms) : json_null()));
  }
  json_t *value = json_pack("{s:i, s:s, s:s, s:I, s:o}", "qcc_compare", (int)SCHEMA, "first", tensor_file_path(r->a),
                            "second", tensor_file_path(r->b), "equal", (json_int_t)r->equal, "tensors", list);
  bool ok = value != NULL && json_dump_callback(value, write_bytes, out,
                                                JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9)) == 0;
  json_decref(value);
  fputc('\n', out);
  arena_free(a);
  return ok;
}

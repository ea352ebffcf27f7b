// The table of layers.
#include "weights/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "support/text_table.h"

weight_stats weight_stats_new(const char *layer, const scheme *s, uint64_t rows, uint64_t columns, uint64_t bytes) {
  double weights = (double)rows * (double)columns;
  weight_stats stats = {.layer = layer, .rows = rows, .columns = columns, .bytes = bytes};
  stats.format = s == NULL ? NULL : s->name;
  stats.scheme_bits = s == NULL ? 32 : scheme_bits_per_weight(s, rows, columns);
  stats.stored_bits = weights > 0 ? 8 * (double)bytes / weights : 0;
  return stats;
}

// ---- cells -----------------------------------------------------------------------------------------------

// A column: its heading, which side its cells are aligned to, and its cell for a layer.
typedef struct table_column {
  const char *heading;
  bool right;
  const char *(*cell)(arena *a, const weight_stats *s);
} table_column;

static const char *cell_layer(arena *a, const weight_stats *s) { return (void)a, s->layer; }
static const char *cell_format(arena *a, const weight_stats *s) { return (void)a, s->format; }

static const char *cell_shape(arena *a, const weight_stats *s) {
  return arena_printf(a, "%" PRIu64 " x %" PRIu64, s->rows, s->columns);
}

static const char *cell_bits(arena *a, const weight_stats *s) { return arena_printf(a, "%.2f", s->scheme_bits); }
static const char *cell_stored(arena *a, const weight_stats *s) { return arena_printf(a, "%.2f", s->stored_bits); }

static const char *cell_error(arena *a, const weight_stats *s) {
  if (!s->has_error) return "-";
  return arena_printf(a, "%.3g", s->error.relative_rms);
}

static const char *cell_sqnr(arena *a, const weight_stats *s) {
  if (!s->has_error) return "-";
  return isinf(s->error.sqnr_db) && s->error.sqnr_db > 0 ? "exact" : arena_printf(a, "%.1f dB", s->error.sqnr_db);
}

static const char *cell_largest(arena *a, const weight_stats *s) {
  return s->has_error ? arena_printf(a, "%.3g", s->error.max_abs) : "-";
}

static const table_column columns[] = {
    {"layer", false, cell_layer},          {"format", false, cell_format}, {"shape", true, cell_shape},
    {"bits/weight", true, cell_bits},      {"stored", true, cell_stored},  {"relative error", true, cell_error},
    {"largest error", true, cell_largest}, {"SQNR", true, cell_sqnr},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

// ---- layout ----------------------------------------------------------------------------------------------

static void print_rows(FILE *out, arena *a, const weight_stats *stats, size_t count) {
  enum { MOST = 60 }; // names may have thousands of characters
  text_column heads[COLUMNS];
  for (size_t c = 0; c < COLUMNS; c++) heads[c] = (text_column){columns[c].heading, columns[c].right};
  text_table t = {.mem = a, .columns = heads, .column_count = COLUMNS, .most = MOST};
  for (size_t i = 0; i < count; i++) {
    const char *cells[COLUMNS];
    if (stats[i].format == NULL) continue;
    for (size_t c = 0; c < COLUMNS; c++) cells[c] = columns[c].cell(a, &stats[i]);
    text_table_row(&t, cells);
  }
  text_table_print(out, &t);
}

// ---- totals ----------------------------------------------------------------------------------------------

static const char *size_text(arena *a, double bytes) {
  static const struct {
    double from;
    const char *unit;
  } units[] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (bytes >= units[i].from) return arena_printf(a, "%.2f %s", bytes / units[i].from, units[i].unit);
  return arena_printf(a, "%.0f bytes", bytes);
}

void weights_print_table(FILE *out, const weight_stats *stats, size_t count) {
  arena *a = arena_new();
  double bytes = 0, weights = 0, kept = 0, seconds = 0;
  size_t layers = 0;
  for (size_t i = 0; i < count; i++) {
    double numbers = (double)stats[i].rows * (double)stats[i].columns;
    bytes += (double)stats[i].bytes;
    weights += numbers;
    seconds += stats[i].seconds;
    if (stats[i].format == NULL) kept += numbers;
    layers += stats[i].format != NULL;
  }
  if (layers > 0) print_rows(out, a, stats, count);
  if (kept > 0) fprintf(out, "%.0f numbers are kept as f32\n", kept);
  if (weights > 0)
    fprintf(out, "total: %s for %.0f numbers, %.2f bits each: %.1f %% of f32, %.1f %% of f16\n", size_text(a, bytes),
            weights, 8 * bytes / weights, 25 * bytes / weights, 50 * bytes / weights);
  if (seconds >= 0.05) fprintf(out, "encoded in %.1f s\n", seconds);
  arena_free(a);
}

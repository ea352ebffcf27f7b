// What `qcc bench` prints: a table, or JSON.
#include <jansson.h>

#include "driver/bench.h"
#include "support/text_table.h"

double bench_model_seconds(const bench_results *b, const target_tier *tier, uint64_t tokens) {
  double total = 0;
  for (size_t i = 0; i < b->rows.len; i++) {
    const bench_row *r = &b->rows.data[i];
    if (r->tier == tier && r->tokens == tokens) total += r->of->count * r->result.seconds;
  }
  return total;
}

// ---- the table -------------------------------------------------------------------------------------------

static const text_column columns[] = {{"tier", false},        {"format, activations", false},
                                      {"shape", false},       {"layers", true},
                                      {"tokens", true},       {"us", true},
                                      {"GB/s", true},         {"GMAC/s", true},
                                      {"of the limit", true}, {"predicted", true},
                                      {"bound", false}};

// What counts: bytes with one token, else multiply-adds; in thousands of millions.
static double predicted_rate(const bench_row *r) {
  return (r->limit == METER_READ ? r->predicted.bytes : r->predicted.macs) / 1e9;
}

static void put_row(text_table *t, const bench_row *r) {
  arena *a = t->mem;
  const char **cells = ARENA_ARRAY(a, const char *, sizeof columns / sizeof *columns);
  size_t n = 0;
  cells[n++] = r->tier->name;
  cells[n++] = matrix_about(a, r->of->r);
  cells[n++] = arena_printf(a, "%llux%llu", (unsigned long long)r->of->rows, (unsigned long long)r->of->columns);
  cells[n++] = arena_printf(a, "%u", r->of->count);
  cells[n++] = arena_printf(a, "%llu", (unsigned long long)r->tokens);
  cells[n++] = arena_printf(a, "%.1f", r->result.seconds * 1e6);
  cells[n++] = arena_printf(a, "%.1f", r->result.bytes / 1e9);
  cells[n++] = arena_printf(a, "%.1f", r->result.macs / 1e9);
  cells[n++] = arena_printf(a, "%.0f %%", 100 * r->result.ratio);
  cells[n++] = arena_printf(a, "%.1f %s", predicted_rate(r), meter_unit(r->limit));
  cells[n++] = bound_name(r->predicted.bound);
  text_table_row(t, cells);
}

void bench_print(FILE *f, const bench_results *b) {
  const measuring *m = b->m;
  text_table t = {.mem = m->j->mem, .columns = columns, .column_count = sizeof columns / sizeof *columns};
  fprintf(f, "%s, %u thread%s, weights rotate through %zu MB\n", m->cpu, m->threads, m->threads == 1 ? "" : "s",
          m->memory >> 20);
  for (size_t i = 0; i < b->limits.len; i++)
    fprintf(f, "%s: read %.1f GB/s, byte dot %.0f GMAC/s, fma %.0f GMAC/s\n", b->limits.data[i].tier,
            b->limits.data[i].read / 1e9, b->limits.data[i].dot / 1e9, b->limits.data[i].fma / 1e9);
  for (size_t i = 0; i < b->rows.len; i++) put_row(&t, &b->rows.data[i]);
  text_table_print(f, &t);
  for (size_t i = 0; i < m->j->s.tiers.len; i++)
    for (size_t k = 0; k < m->tokens.len; k++) {
      const target_tier *tier = m->j->s.tiers.data[i];
      uint64_t tokens = m->tokens.data[k];
      double seconds = bench_model_seconds(b, tier, tokens);
      fprintf(f, "%s: all layers with %llu token%s %.1f us, %.0f tokens/s\n", tier->name, (unsigned long long)tokens,
              tokens == 1 ? "" : "s", seconds * 1e6, (double)tokens / seconds);
    }
}

// ---- JSON ------------------------------------------------------------------------------------------------

static json_t *whole(uint64_t x) { return json_integer((json_int_t)x); }

static json_t *limit_json(const tuned *e) {
  return json_pack("{s:s, s:f, s:f, s:f}", "tier", e->tier, "read", e->read, "dot", e->dot, "fma", e->fma);
}

static json_t *prediction_json(const prediction *p) {
  json_t *parts = json_object();
  for (bound b = BOUND_MEMORY; b < BOUND_COUNT; b++) json_object_set_new(parts, bound_name(b), json_real(p->parts[b]));
  return json_pack("{s:f, s:f, s:f, s:s, s:o}", "cycles", p->cycles, "bytes", p->bytes, "macs", p->macs, "bound",
                   bound_name(p->bound), "parts", parts);
}

static json_t *row_json(arena *a, const bench_row *r) {
  json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:o}", "tier", r->tier->name, "format",
                          r->of->r->scheme->name, "activations", act_text(a, &r->of->r->act), "mode",
                          compute_mode_name(r->of->r->mode), "rows", whole(r->of->rows), "columns",
                          whole(r->of->columns), "layers", (int)r->of->count, "tokens", whole(r->tokens));
  json_t *figures =
      json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:o}", "bits_per_weight", r->bits, "seconds", r->result.seconds,
                "bytes_per_second", r->result.bytes, "macs_per_second", r->result.macs, "limit", r->result.limit,
                "ratio", r->result.ratio, "tuned", r->tuned, "predicted", prediction_json(&r->predicted));
  json_object_update_new(row, figures);
  return row;
}

static json_t *model_json(const bench_results *b, const target_tier *tier, uint64_t tokens) {
  double seconds = bench_model_seconds(b, tier, tokens);
  return json_pack("{s:s, s:o, s:f, s:f}", "tier", tier->name, "tokens", whole(tokens), "seconds", seconds,
                   "tokens_per_second", (double)tokens / seconds);
}

bool bench_print_json(FILE *f, const bench_results *b) {
  const measuring *m = b->m;
  json_t *limits = json_array(), *rows = json_array(), *models = json_array();
  for (size_t i = 0; i < b->limits.len; i++) json_array_append_new(limits, limit_json(&b->limits.data[i]));
  for (size_t i = 0; i < b->rows.len; i++) json_array_append_new(rows, row_json(m->j->mem, &b->rows.data[i]));
  for (size_t i = 0; i < m->j->s.tiers.len; i++)
    for (size_t k = 0; k < m->tokens.len; k++)
      json_array_append_new(models, model_json(b, m->j->s.tiers.data[i], m->tokens.data[k]));
  json_t *all = json_pack("{s:s, s:i, s:o, s:o, s:o}", "cpu", m->cpu, "threads", (int)m->threads, "limits", limits,
                          "matrices", rows, "model", models);
  bool ok = json_dumpf(all, f, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0;
  json_decref(all);
  return fputc('\n', f) != EOF && ok;
}

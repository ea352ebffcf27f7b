#include "driver/matrices.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/compile.h"
#include "measure/tuning_file.h"

#define MOST_TOKENS 65536
#define LIMIT_TURNS 3 // measurements of a limit, of which the best counts

// ---- options ---------------------------------------------------------------------------------------------

static bool read_tokens(measuring *m) {
  job *j = m->j;
  const char *text = option_last(j->o, OPTION_TOKENS);
  for (const char *w = text == NULL ? "1,8,32" : text; *w != '\0';) {
    size_t length = strcspn(w, ",");
    uint64_t number = 0;
    if (!settings_number(j->d, "--tokens", arena_strndup(j->mem, w, length), MOST_TOKENS, &number)) return false;
    if (number > 0) vec_push(j->mem, &m->tokens, number);
    w += length + (w[length] == ',');
  }
  if (m->tokens.len == 0) diag_error_file(j->d, "qcc", "option '--tokens' names no number of tokens");
  return m->tokens.len > 0;
}

static bool read_seconds(measuring *m) {
  const char *text = option_last(m->j->o, OPTION_SECONDS);
  char *end = NULL;
  m->seconds = text == NULL ? 0.3 : strtod(text, &end);
  if (text == NULL || (end != text && *end == '\0' && m->seconds >= 0 && m->seconds <= 3600)) return true;
  diag_error_file(m->j->d, "qcc", "option '--seconds' needs a number up to 3600, not '%s'", text);
  return false;
}

static bool read_numbers(measuring *m) {
  job *j = m->j;
  const char *memory = option_last(j->o, OPTION_MEMORY);
  uint64_t megabytes = 256;
  bool ok = settings_threads(j->d, j->o, 1, &m->threads);
  ok = (memory == NULL || settings_number(j->d, "--memory", memory, 1 << 20, &megabytes)) && ok;
  m->memory = (size_t)megabytes << 20;
  return ok;
}

// ---- tiers -----------------------------------------------------------------------------------------------

// Leaves the tiers that this processor runs.
static bool keep_tiers(job *j) {
  tier_list *tiers = &j->s.tiers;
  uint64_t features = qrt_cpu_features();
  size_t kept = 0;
  for (size_t i = 0; i < tiers->len; i++) {
    const target_tier *t = tiers->data[i];
    bool runs = (t->cpu_features & ~features) == 0;
    if (runs) tiers->data[kept++] = t;
    if (!runs && option_given(j->o, OPTION_TIERS))
      diag_error_file(j->d, "qcc", "this processor cannot run tier '%s'", t->name);
  }
  tiers->len = kept;
  if (kept == 0) diag_error_file(j->d, "qcc", "this processor runs no tier of target '%s'", j->s.target->name);
  return kept > 0 && diag_error_count(j->d) == 0;
}

// ---- matrices --------------------------------------------------------------------------------------------

const char *matrix_about(arena *a, const recipe *r) {
  return arena_printf(a, "%s, %s", r->scheme->name, act_text(a, &r->act));
}

static void add_matrix(measuring *m, const ir_weight *w, uint64_t rows, uint64_t columns) {
  for (size_t i = 0; i < m->matrices.len; i++) {
    matrix *x = &m->matrices.data[i];
    if (x->r != w->recipe || x->rows != rows || x->columns != columns) continue;
    x->count++;
    return;
  }
  vec_push(m->j->mem, &m->matrices, ((matrix){w->recipe, rows, columns, 1}));
}

static bool collect(measuring *m) {
  job *j = m->j;
  for (size_t i = 0; i < j->m->weights.len; i++) {
    const ir_weight *w = j->m->weights.data[i];
    if (w->recipe != NULL) add_matrix(m, w, m->rows > 0 ? m->rows : w->rows, m->rows > 0 ? m->columns : w->columns);
  }
  if (m->matrices.len == 0) diag_error_file(j->d, j->s.input, "has no matrices to be measured");
  return m->matrices.len > 0;
}

// ---- the file of results ---------------------------------------------------------------------------------

static bool open_results(measuring *m) {
  job *j = m->j;
  const char *given = option_last(j->o, OPTION_OUTPUT);
  m->path = given != NULL ? given : tuning_default_path(j->mem);
  m->results = ARENA_NEW(j->mem, tuning);
  m->results->cpu = m->cpu = cg_host_cpu(j->mem);
  return m->path == NULL || access(m->path, F_OK) != 0 || tuning_read(j->d, j->mem, m->path, true, m->results);
}

bool measuring_store(measuring *m) {
  job *j = m->j;
  if (m->path == NULL) return true;
  if (option_last(j->o, OPTION_OUTPUT) == NULL && !file_make_directory(j->d, path_dirname(j->mem, m->path)))
    return false;
  out_file *f = file_set_open(j->outputs, m->path);
  if (f != NULL) tuning_write(f, m->results);
  return f != NULL;
}

// ---- beginning -------------------------------------------------------------------------------------------

bool measuring_begin(measuring *m, job *j, exit_status *status) {
  *m = (measuring){.j = j};
  *status = settings_read(j->d, j->mem, j->o, &j->s);
  if (*status != STATUS_OK) return false;
  if (!read_tokens(m) || !read_seconds(m) || !read_numbers(m) ||
      !settings_shape(m->j->d, m->j->mem, m->j->o, &m->rows, &m->columns)) {
    *status = STATUS_USAGE;
    return false;
  }
  *status = STATUS_ERROR;
  return keep_tiers(j) && source_parse(j) && compile_lower(j) && collect(m) && open_results(m);
}

meter *measuring_meter(measuring *m, arena *a, const target_tier *tier) {
  meter_options o = {.target = m->j->s.target, .tier = tier, .threads = m->threads, .memory = m->memory};
  for (size_t i = 0; i < m->matrices.len; i++) { // at least two copies of the largest
    const matrix *x = &m->matrices.data[i];
    uint64_t bytes = 0;
    if (packing_tensor_bytes(&x->r->pack, x->rows, x->columns, &bytes) && bytes < SIZE_MAX / 4 && 2 * bytes > o.memory)
      o.memory = 2 * bytes + (1 << 20);
  }
  return meter_new(m->j->d, a, &o);
}

tuned measuring_limits(measuring *m, const meter *on) {
  double best[METER_LIMIT_COUNT] = {0};
  for (unsigned turn = 0; turn < LIMIT_TURNS; turn++)
    for (meter_limit l = METER_READ; l < METER_LIMIT_COUNT; l++) {
      double rate = meter_rate(on, l);
      if (rate > best[l]) best[l] = rate;
    }
  tuned e = {.kind = TUNED_LIMITS,
             .cpu = m->cpu,
             .tier = on->o.tier->name,
             .threads = m->threads,
             .read = best[METER_READ],
             .dot = best[METER_BYTE_DOT],
             .fma = best[METER_FMA]};
  tuning_put(m->j->mem, m->results, &e);
  return e;
}

#include "measure/tuning_file.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_DIGITS 16
#define MOST 1e18            // of any number
#define MOST_TOKENS 16777216 // and of sizes of matrices

typedef struct reader {
  diag *d;
  arena *mem;
  bool strict;
  unsigned source;
  unsigned line;
  bool ok;
  tuning *out;
} reader;

// ---- messages --------------------------------------------------------------------------------------------

static void complain(reader *r, const char *what) {
  src_loc loc = {r->source, r->line, 1, r->line, 2};
  r->ok = false;
  if (r->strict) {
    diag_error(r->d, loc, "%s", what);
  } else {
    diag_warning(r->d, "tuning", loc, "%s: the line is left out", what);
  }
}

// ---- members ---------------------------------------------------------------------------------------------

static const char *read_text(reader *r, const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  if (text == NULL) complain(r, arena_printf(r->mem, "\"%s\" is missing, or no text", key));
  return text == NULL ? NULL : arena_strdup(r->mem, text);
}

static double read_number(reader *r, const json_t *object, const char *key, double least, double most) {
  const json_t *value = json_object_get(object, key);
  double x = json_number_value(value);
  if (json_is_number(value) && isfinite(x) && x >= least && x <= most) return x;
  if (r->ok) complain(r, arena_printf(r->mem, "\"%s\" is no number from %g to %g", key, least, most));
  return 0;
}

static uint64_t read_whole(reader *r, const json_t *object, const char *key, uint64_t least, uint64_t most) {
  double x = read_number(r, object, key, (double)least, (double)most);
  if (r->ok && x != floor(x)) complain(r, arena_printf(r->mem, "\"%s\" is no whole number", key));
  return r->ok ? (uint64_t)x : 0;
}

static uint64_t read_hash(reader *r, const json_t *object) {
  const char *text = read_text(r, object, "recipe");
  if (text == NULL) return 0;
  if (strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdef") == HASH_DIGITS) return strtoull(text, NULL, 16);
  complain(r, "\"recipe\" is no number of 16 hexadecimal digits");
  return 0;
}

static schedule_class read_class(reader *r, const json_t *object) {
  const char *text = read_text(r, object, "for");
  for (schedule_class c = SCHEDULE_ONE; text != NULL && c < SCHEDULE_CLASS_COUNT; c++)
    if (strcmp(schedule_class_name(c), text) == 0) return c;
  if (text != NULL) complain(r, "\"for\" is none of one, few and many");
  return SCHEDULE_ONE;
}

// ---- lines -----------------------------------------------------------------------------------------------

static void read_limits(reader *r, const json_t *o, tuned *e) {
  e->kind = TUNED_LIMITS;
  e->threads = (unsigned)read_whole(r, o, "threads", 1, 65536);
  e->read = read_number(r, o, "read", 1, MOST);
  e->dot = read_number(r, o, "dot", 1, MOST);
  e->fma = read_number(r, o, "fma", 1, MOST);
}

static void read_schedule(reader *r, const json_t *o, tuned *e) {
  e->kind = TUNED_SCHEDULE;
  e->tokens_class = read_class(r, o);
  e->schedule = (schedule){.vectors = (unsigned)read_whole(r, o, "vectors", 1, 64),
                           .tokens = (unsigned)read_whole(r, o, "tokens", 1, 64),
                           .chains = (unsigned)read_whole(r, o, "chains", 1, 64),
                           .stretch = read_whole(r, o, "stretch", 0, UINT64_C(1) << 40),
                           .prefetch = read_whole(r, o, "prefetch", 0, UINT64_C(1) << 40)};
  e->gain = read_number(r, o, "gain", 0, 1e6);
}

static void read_speed(reader *r, const json_t *o, tuned *e) {
  e->kind = TUNED_SPEED;
  e->tokens = read_whole(r, o, "tokens", 1, MOST_TOKENS);
  e->rows = read_whole(r, o, "rows", 1, UINT64_C(1) << 40);
  e->columns = read_whole(r, o, "columns", 1, UINT64_C(1) << 40);
  e->threads = (unsigned)read_whole(r, o, "threads", 1, 65536);
  e->seconds = read_number(r, o, "seconds", 1e-12, 1e9);
  e->bytes = read_number(r, o, "bytes", 1, MOST);
  e->limit = read_number(r, o, "limit", 1, MOST);
}

static void check_tier(reader *r, const char *name) {
  for (size_t i = 0; i < target_count(); i++)
    if (target_find_tier(target_get(i), name) != NULL) return;
  complain(r, arena_printf(r->mem, "no target has a tier '%s'", name));
}

static const struct {
  const char *key;
  void (*read)(reader *r, const json_t *o, tuned *e);
  bool of_recipe;
} kinds[] = {[TUNED_LIMITS] = {"limits", read_limits, false},
             [TUNED_SCHEDULE] = {"tile", read_schedule, true},
             [TUNED_SPEED] = {"speed", read_speed, true}};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static void read_entry(reader *r, const json_t *line) {
  size_t kind = 0;
  while (kind < KIND_COUNT && !json_is_object(json_object_get(line, kinds[kind].key))) kind++;
  if (kind == KIND_COUNT) {
    complain(r, "neither limits nor a tile nor a speed");
    return;
  }
  tuned e = {.cpu = read_text(r, line, "cpu"), .line = r->line};
  if (r->ok) e.tier = read_text(r, line, "tier");
  if (r->ok) check_tier(r, e.tier);
  if (r->ok && kinds[kind].of_recipe) e.recipe = read_hash(r, line);
  if (r->ok && kinds[kind].of_recipe) e.about = read_text(r, line, "about");
  if (r->ok) kinds[kind].read(r, json_object_get(line, kinds[kind].key), &e);
  if (r->ok) tuning_put(r->mem, r->out, &e);
}

static void read_line(reader *r, const char *text, size_t size) {
  json_error_t error;
  r->ok = true;
  json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  if (!json_is_object(line)) {
    complain(r, line == NULL ? "no JSON" : "no JSON object");
  } else {
    read_entry(r, line);
  }
  json_decref(line);
}

static bool read_head(reader *r, const char *text, size_t size) {
  json_error_t error;
  json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  const char *what = json_string_value(json_object_get(line, "qcc"));
  bool right = what != NULL && strcmp(what, "tuning") == 0;
  bool same = right && json_integer_value(json_object_get(line, "version")) == TUNING_VERSION;
  json_decref(line);
  if (!right) complain(r, "this is no file of 'qcc tune'");
  if (right && !same) complain(r, "the file is of another version of qcc: tune again, into a new file");
  return same;
}

bool tuning_read(diag *d, arena *a, const char *path, bool strict, tuning *out) {
  mapped_file m;
  out->path = path;
  if (!strict && access(path, R_OK) != 0) return true;
  if (!file_map(d, a, path, &m)) return false;
  const char *text = m.size == 0 ? "" : (const char *)m.data;
  size_t errors = diag_error_count(d);
  reader r = {.d = d, .mem = a, .strict = strict, .source = diag_add_source(d, path, text, m.size), .out = out};
  size_t at = 0;
  do {
    const char *stop = memchr(text + at, '\n', m.size - at);
    size_t length = stop == NULL ? m.size - at : (size_t)(stop - text) - at;
    r.line++;
    if (r.line == 1 && !read_head(&r, text, length)) break;
    if (r.line > 1) read_line(&r, text + at, length);
    at += length + 1;
  } while (at < m.size);
  return diag_error_count(d) == errors;
}

// ---- writing ---------------------------------------------------------------------------------------------

static json_t *whole(uint64_t x) { return json_integer((json_int_t)x); }
static json_t *rounded(double x) { return json_integer((json_int_t)nearbyint(x)); }
// Six digits are more than a measurement has.
static json_t *real(arena *a, double x) { return json_real(strtod(arena_printf(a, "%.6g", x), NULL)); }

static json_t *limits_json(arena *a, const tuned *e) {
  (void)a;
  return json_pack("{s:o, s:o, s:o, s:o}", "threads", whole(e->threads), "read", rounded(e->read), "dot",
                   rounded(e->dot), "fma", rounded(e->fma));
}

static json_t *schedule_json(arena *a, const tuned *e) {
  const schedule *t = &e->schedule;
  return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "for", schedule_class_name(e->tokens_class), "vectors",
                   whole(t->vectors), "tokens", whole(t->tokens), "chains", whole(t->chains), "stretch",
                   whole(t->stretch), "prefetch", whole(t->prefetch), "gain", real(a, e->gain));
}

static json_t *speed_json(arena *a, const tuned *e) {
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tokens", whole(e->tokens), "rows", whole(e->rows), "columns",
                   whole(e->columns), "threads", whole(e->threads), "seconds", real(a, e->seconds), "bytes",
                   rounded(e->bytes), "limit", rounded(e->limit));
}

static json_t *(*const writers[])(arena *a, const tuned *e) = {
    [TUNED_LIMITS] = limits_json, [TUNED_SCHEDULE] = schedule_json, [TUNED_SPEED] = speed_json};

static void write_entry(out_file *f, arena *a, const tuned *e) {
  json_t *line = json_pack("{s:s, s:s}", "cpu", e->cpu, "tier", e->tier);
  if (kinds[e->kind].of_recipe) {
    json_object_set_new(line, "recipe", json_string(arena_printf(a, "%016" PRIx64, e->recipe)));
    json_object_set_new(line, "about", json_string(e->about));
  }
  json_object_set_new(line, kinds[e->kind].key, writers[e->kind](a, e));
  char *text = json_dumps(line, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
  if (text != NULL) out_printf(f, "%s\n", text);
  free(text);
  json_decref(line);
}

void tuning_write(out_file *f, tuning *t) {
  arena *a = arena_new();
  tuning_sort(t);
  out_printf(f, "{\"qcc\": \"tuning\", \"version\": %d}\n", TUNING_VERSION);
  for (size_t i = 0; i < t->entries.len; i++) write_entry(f, a, &t->entries.data[i]);
  arena_free(a);
}

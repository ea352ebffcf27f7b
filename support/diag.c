// Collecting and counting of messages; diag_render.c draws them.
#include "support/diag.h"

#include <stdarg.h>
#include <string.h>

#include "support/diag_render.h"
#include "support/vec.h"

static const char *const warning_groups[] = {
#define WARNING(name, help) name,
#include "support/warnings.h"
#undef WARNING
};

enum { GROUP_COUNT = sizeof warning_groups / sizeof warning_groups[0], DEFAULT_ERROR_LIMIT = 20, MOST_SEARCHES = 200 };

struct diag {
  arena *mem;
  FILE *stream;
  bool colour;
  VEC(diag_source) sources;
  strbuf text;
  size_t errors;
  size_t warnings;
  size_t error_limit; // 0: none
  bool muted;         // the last error or warning was not printed, so what belongs to it is not either
  diag_action actions[GROUP_COUNT];
};

diag *diag_new(arena *a, FILE *stream, bool colour) {
  diag *d = ARENA_NEW(a, diag);
  d->mem = a;
  d->stream = stream;
  d->colour = colour;
  d->text.mem = a;
  d->error_limit = DEFAULT_ERROR_LIMIT;
  return d;
}

unsigned diag_add_source(diag *d, const char *name, const char *text, size_t length) {
  diag_source source = {.name = arena_strdup(d->mem, name), .text = text == NULL ? "" : text, .length = length};
  vec_push(d->mem, &d->sources, source);
  return (unsigned)d->sources.len;
}

static const diag_source *find_source(const diag *d, unsigned file) {
  return file == 0 || file > d->sources.len ? NULL : &d->sources.data[file - 1];
}

// The source of a location, with the beginnings of its lines up to that of the location: each is looked for once, however
// many messages there are.
static const diag_source *find_lines(diag *d, src_loc loc) {
  if (find_source(d, loc.file) == NULL) return NULL;
  diag_source *s = &d->sources.data[loc.file - 1];
  if (s->lines.len == 0) vec_push(d->mem, &s->lines, 0);
  while (s->lines.len < loc.line) {
    size_t at = s->lines.data[s->lines.len - 1];
    const char *newline = at == s->length ? NULL : memchr(s->text + at, '\n', s->length - at);
    if (newline == NULL) break;
    vec_push(d->mem, &s->lines, (size_t)(newline - s->text) + 1);
  }
  return s;
}

const char *diag_source_name(const diag *d, unsigned file) {
  const diag_source *source = find_source(d, file);
  return source == NULL ? "" : source->name;
}

// Sends one message to the stream, in colour if asked for, and to the collected text.
static void emit(diag *d, const diag_message *message) {
  diag_render(&d->text, message, false);
  if (d->stream == NULL) return;
  strbuf drawn = {.mem = d->mem};
  diag_render(&drawn, message, d->colour);
  fwrite(drawn.data, 1, drawn.len, d->stream);
}

static void emit_at(diag *d, diag_label label, const char *group, src_loc loc, const char *text) {
  emit(d, &(diag_message){.label = label, .text = text, .group = group, .loc = loc, .source = find_lines(d, loc)});
}

// Counts an error; false when it is past the limit. The first one past it is replaced by a message that says so.
static bool count_error(diag *d) {
  d->errors++;
  d->muted = d->error_limit != 0 && d->errors > d->error_limit;
  if (d->muted && d->errors == d->error_limit + 1)
    emit_at(d, DIAG_LABEL_NOTE, NULL, SRC_NOWHERE, "too many errors; the rest is counted but not shown");
  return !d->muted;
}

void diag_error(diag *d, src_loc loc, const char *format, ...) {
  if (!count_error(d)) return;
  va_list args;
  va_start(args, format);
  emit_at(d, DIAG_LABEL_ERROR, NULL, loc, arena_vprintf(d->mem, format, args));
  va_end(args);
}

void diag_error_file(diag *d, const char *path, const char *format, ...) {
  if (!count_error(d)) return;
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(d->mem, format, args);
  va_end(args);
  emit(d, &(diag_message){.label = DIAG_LABEL_ERROR, .path = path, .text = text});
}

void diag_note(diag *d, src_loc loc, const char *format, ...) {
  if (d->muted) return;
  va_list args;
  va_start(args, format);
  emit_at(d, DIAG_LABEL_NOTE, NULL, loc, arena_vprintf(d->mem, format, args));
  va_end(args);
}

void diag_hint(diag *d, const char *format, ...) {
  if (d->muted) return;
  va_list args;
  va_start(args, format);
  emit_at(d, DIAG_LABEL_HINT, NULL, SRC_NOWHERE, arena_vprintf(d->mem, format, args));
  va_end(args);
}

static size_t find_group(const char *group) {
  size_t i = 0;
  while (i < GROUP_COUNT && strcmp(warning_groups[i], group) != 0) i++;
  return i;
}

// Shows `m`, of which place or path are known, as a warning of a group, or as the error that it has become.
static void warn(diag *d, const char *group, diag_message m, const char *format, va_list args) {
  size_t index = find_group(group);
  diag_action action = index == GROUP_COUNT ? DIAG_ACTION_WARN : d->actions[index];
  bool is_error = action == DIAG_ACTION_ERROR;
  if (!is_error) d->warnings += action != DIAG_ACTION_IGNORE;
  if (!is_error) d->muted = action == DIAG_ACTION_IGNORE;
  if (is_error ? !count_error(d) : d->muted) return;
  m.label = is_error ? DIAG_LABEL_ERROR : DIAG_LABEL_WARNING;
  m.group = is_error ? arena_printf(d->mem, "error=%s", group) : group;
  m.text = arena_vprintf(d->mem, format, args);
  emit(d, &m);
}

void diag_warning(diag *d, const char *group, src_loc loc, const char *format, ...) {
  va_list args;
  va_start(args, format);
  warn(d, group, (diag_message){.loc = loc, .source = find_lines(d, loc)}, format, args);
  va_end(args);
}

void diag_warning_file(diag *d, const char *group, const char *path, const char *format, ...) {
  va_list args;
  va_start(args, format);
  warn(d, group, (diag_message){.path = path}, format, args);
  va_end(args);
}

bool diag_set_warning(diag *d, const char *group, diag_action action) {
  if (strcmp(group, "all") == 0) {
    for (size_t i = 0; i < GROUP_COUNT; i++) d->actions[i] = action;
    return true;
  }
  size_t index = find_group(group);
  if (index == GROUP_COUNT) return false;
  d->actions[index] = action;
  return true;
}

bool diag_may_search(const diag *d) { return !d->muted && d->errors + d->warnings <= MOST_SEARCHES; }

size_t diag_error_count(const diag *d) { return d->errors; }

size_t diag_warning_count(const diag *d) { return d->warnings; }

void diag_set_error_limit(diag *d, size_t limit) { d->error_limit = limit; }

const char *diag_text(const diag *d) { return strbuf_text(&d->text); }

// Options -> settings, with the checks that need no input.
#include "driver/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "files/tensor_file.h"
#include "network/lower.h"
#include "pack/pack.h"
#include "support/file.h"

enum { MOST_THREADS = 1024 };

typedef struct reader {
  diag *d;
  arena *mem;
  const options *o;
  settings *out;
  exit_status status;
} reader;

static void fail(reader *r, exit_status status, const char *message) {
  diag_error_file(r->d, "qcc", "%s", message);
  if (r->status < status) r->status = status;
}

// After an error: the closest name, else all of them.
static void suggest(reader *r, const char *word, const char *const *names, size_t count) {
  const char *close = diag_closest(word, names, count);
  if (close != NULL) {
    diag_hint(r->d, "did you mean '%s'?", close);
    return;
  }
  strbuf all = {.mem = r->mem};
  for (size_t i = 0; i < count; i++) strbuf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
  diag_hint(r->d, "there are: %s", strbuf_text(&all));
}

// Index of the word among names, or `count` (reported).
static size_t choose(reader *r, const char *option, const char *word, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], word) == 0) return i;
  fail(r, STATUS_USAGE, arena_printf(r->mem, "option '%s' has no '%s'", option, word));
  suggest(r, word, names, count);
  return count;
}

// A file of weights in the place of a model. False: it is none.
static bool refuse_weights(reader *r, const char *path) {
  if (!tensor_file_is_named(path)) return false;
  fail(r, STATUS_USAGE, arena_printf(r->mem, "'%s' is a file of weights; a model is a text that names it", path));
  diag_hint(r->d, "'qcc inspect %s' says what is in it: layers and their shapes", path);
  diag_hint(r->d, "graphs are not read; the network stands in a file of its own, name.q, for example:");
  diag_hint(r->d, "model name { weights \"%s\"; input x : f32[64]; output y = linear(x, \"layer\"); }", path);
  return true;
}

// Words that people try for a command.
static const struct {
  const char *word, *instead;
} other_words[] = {
    {"help", "qcc --help', or 'qcc COMMAND --help"},
    {"version", "qcc --version"},
    {"compile", "qcc MODEL.q"},
    {"build", "qcc MODEL.q"},
    {"info", "qcc inspect"},
    {"show", "qcc inspect"},
    {"benchmark", "qcc bench"},
};

// The first word is no file and looks like a command. False: it does not.
static bool refuse_command(reader *r, const char *word) {
  if (r->o->command != COMMAND_COMPILE || strpbrk(word, "./") != NULL || strcmp(word, "-") == 0) return false;
  if (access(word, F_OK) == 0) return false;
  fail(r, STATUS_USAGE, arena_printf(r->mem, "there is no command or file '%s'", word));
  for (size_t i = 0; i < sizeof other_words / sizeof other_words[0]; i++) {
    if (strcmp(word, other_words[i].word) != 0) continue;
    diag_hint(r->d, "it is '%s'", other_words[i].instead);
    return true;
  }
  const char *close = options_closest_command(word);
  if (close != NULL)
    diag_hint(r->d, "did you mean 'qcc %s'?", close);
  else
    diag_hint(r->d, "'qcc --help' lists the commands; a model is named as a file: qcc model.q");
  return true;
}

static void read_input(reader *r) {
  const options *o = r->o;
  if (o->inputs.len > 0 && (refuse_command(r, o->inputs.data[0]) || refuse_weights(r, o->inputs.data[0]))) return;
  if (o->inputs.len > 1)
    fail(r, STATUS_USAGE,
         arena_printf(r->mem, "one model at a time: '%s' and '%s'", o->inputs.data[0], o->inputs.data[1]));
  if (o->inputs.len == 1) r->out->input = o->inputs.data[0];
  if (o->inputs.len != 0 || option_given(o, OPTION_KERNELS)) return;
  fail(r, STATUS_USAGE, "no input file");
  const char *emit = option_last(o, OPTION_EMIT);
  if (emit != NULL && strcmp(emit, "kernels") == 0)
    diag_hint(r->d, "name formats to have kernels without a model: --kernels=FORMAT");
  else
    diag_hint(r->d, "'qcc %s%s--help' shows how it is used", options_command_name(o->command),
              o->command == COMMAND_COMPILE ? "" : " ");
}

static void read_language(reader *r) {
  static const char *const names[] = {"q", "ir"};
  const char *word = option_last(r->o, OPTION_LANGUAGE);
  if (word != NULL)
    r->out->is_ir = choose(r, "-x", word, names, 2) == 1;
  else
    r->out->is_ir = r->out->input != NULL && path_ends_in(r->out->input, stage_get(STAGE_IR)->ending);
}

static void read_stage(reader *r) {
  const char *names[STAGE_COUNT], *word = option_last(r->o, OPTION_EMIT);
  for (size_t i = 0; i < STAGE_COUNT; i++) names[i] = stage_get((stage)i)->name;
  stage otherwise = option_given(r->o, OPTION_KERNELS) ? STAGE_KERNELS : STAGE_LIB;
  size_t chosen = word == NULL ? otherwise : choose(r, "--emit", word, names, STAGE_COUNT);
  r->out->stage = chosen < STAGE_COUNT ? (stage)chosen : otherwise; // a word that is none was reported
  if (r->out->stage == STAGE_AST && r->out->is_ir)
    fail(r, STATUS_USAGE, "IR text has no tree: --emit=ast needs a .q file");
}

// One result can go to standard output, several need names.
static void read_output(reader *r) {
  r->out->output = option_last(r->o, OPTION_OUTPUT);
  bool several = stage_get(r->out->stage)->ending == NULL;
  if (r->o->command != COMMAND_COMPILE || !several || r->out->output == NULL || strcmp(r->out->output, "-") != 0)
    return;
  fail(r, STATUS_USAGE, "several results cannot go to standard output");
  diag_hint(r->d, "give -o a directory, or ask for one of them: --emit=obj, asm, lowered, ..");
}

static void read_runtime(reader *r) {
  static const char *const names[] = {"external", "bundled"};
  const char *word = option_last(r->o, OPTION_RUNTIME);
  r->out->bundled = word != NULL && choose(r, "--runtime", word, names, 2) == 1;
  if (r->out->stage != STAGE_SO) return;
  if (word != NULL && !r->out->bundled)
    fail(r, STATUS_USAGE, "a shared object contains the runtime: leave out --runtime=external");
  r->out->bundled = true;
}

static void read_level(reader *r) {
  const char *word = option_last(r->o, OPTION_OPT_LEVEL);
  r->out->opt_level = 2;
  if (word == NULL) return;
  if (word[0] >= '0' && word[0] <= '3' && word[1] == '\0')
    r->out->opt_level = (unsigned)(word[0] - '0');
  else
    fail(r, STATUS_USAGE, arena_printf(r->mem, "no optimisation level '-O%s'; there are -O0 to -O3", word));
}

static bool is_symbol(const char *text) {
  for (const char *c = text; *c != '\0'; c++) {
    bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
    if (!letter && (c == text || *c < '0' || *c > '9')) return false;
  }
  return *text != '\0';
}

static void read_prefix(reader *r) {
  r->out->prefix = option_last(r->o, OPTION_PREFIX);
  if (r->out->prefix != NULL && !is_symbol(r->out->prefix))
    fail(r, STATUS_USAGE,
         arena_printf(r->mem, "'%s' cannot begin a name in C: letters, digits and '_'", r->out->prefix));
}

// The next word of a list "a, b", NULL at its end; blanks around words are none of them.
static const char *take_word(arena *a, const char **list) {
  const char *word = *list;
  if (word == NULL || *word == '\0') return NULL;
  size_t length = strcspn(word, ",");
  *list = word + length + (word[length] == ',');
  while (length > 0 && *word == ' ') word++, length--;
  while (length > 0 && word[length - 1] == ' ') length--;
  return arena_strndup(a, word, length);
}

static void read_dump(reader *r) {
  const char *names[32];
  size_t count = 0;
  for (; count < lower_pass_count() && count < 31; count++) names[count] = lower_pass_get(count)->name;
  names[count++] = "all";
  const char *list = option_last(r->o, OPTION_DUMP), *word;
  strbuf dump = {.mem = r->mem};
  while ((word = take_word(r->mem, &list)) != NULL) {
    choose(r, "-d", word, names, count);
    strbuf_printf(&dump, "%s%s", dump.len == 0 ? "" : ",", word);
  }
  r->out->dump = dump.len == 0 ? NULL : strbuf_text(&dump);
}

// ---- the target ------------------------------------------------------------------------------------------

// Words for the target that is there without any.
static const char *const here[] = {"native", "host", "local", "this", "auto"};

// A word that says what is meant, but is no target. False: it says nothing.
static bool suggest_other(reader *r, const char *word) {
  for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
    if (strcmp(word, here[i]) == 0) {
      diag_hint(r->d, "without -target it is this machine");
      return true;
    }
  const target *t = target_called(word);
  if (t != NULL) diag_hint(r->d, "did you mean '%s'?", t->name);
  for (size_t i = 0; t == NULL && i < target_count(); i++) {
    const target *named = target_get(i);
    t = named->default_triple[0] != '\0' && target_find_tier(named, word) != NULL ? named : NULL;
    if (t != NULL) diag_hint(r->d, "'%s' is a tier of a target: -target=%s --tiers=%s", word, t->name, word);
  }
  return t != NULL;
}

// Names of targets, and the first words of triples that mean them.
static void suggest_target(reader *r, const char *triple) {
  if (suggest_other(r, triple)) return;
  const char *names[64];
  size_t count = 0;
  for (size_t i = 0; i < target_count(); i++)
    for (const char *w = target_get(i)->arch; *w != '\0' && count < 64;) {
      size_t length = strcspn(w, " ");
      names[count++] = arena_strndup(r->mem, w, length);
      w += length;
      w += strspn(w, " ");
    }
  size_t length = strcspn(triple, "-");
  const char *close = diag_closest(arena_strndup(r->mem, triple, length), names, count);
  if (close != NULL) diag_hint(r->d, "did you mean '%s%s'?", close, triple + length);
}

static void read_target(reader *r) {
  settings *s = r->out;
  const char *word = option_last(r->o, OPTION_TARGET);
  s->triple = word == NULL ? cg_host_triple(r->mem) : target_triple(r->mem, word);
  s->target = target_for_triple(s->triple);
  cg_start(s->target);
  cg_context *cg = cg_new(r->d, r->mem);
  if (!cg_check_triple(cg, s->triple)) {
    suggest_target(r, s->triple);
    r->status = STATUS_USAGE;
  }
  cg_free(cg);
}

static bool listed(arena *a, const char *list, const char *name) {
  const char *word;
  while ((word = take_word(a, &list)) != NULL)
    if (strcmp(word, name) == 0) return true;
  return false;
}

// The option that names tiers.
static const char *tier_option(const reader *r) {
  return option_get(r->o->command == COMMAND_RUN ? OPTION_TIER : OPTION_TIERS)->spelling;
}

static void check_tier_names(reader *r, const char *list) {
  const char *names[32];
  size_t count = 0;
  for (; count < r->out->target->tier_count && count < 32; count++) names[count] = r->out->target->tiers[count].name;
  const char *word;
  while ((word = take_word(r->mem, &list)) != NULL) choose(r, tier_option(r), word, names, count);
}

static void read_tiers(reader *r) {
  settings *s = r->out;
  const char *list = option_last(r->o, r->o->command == COMMAND_RUN ? OPTION_TIER : OPTION_TIERS);
  s->tiers_named = list != NULL;
  if (list != NULL) check_tier_names(r, list);
  for (size_t i = 0; i < s->target->tier_count; i++) {
    const target_tier *t = &s->target->tiers[i];
    bool common = !t->on_demand || r->o->command == COMMAND_RUN;
    if (list == NULL ? common : listed(r->mem, list, t->name)) vec_push(r->mem, &s->tiers, t);
  }
  s->cpu = option_last(r->o, OPTION_CPU);
  s->features = option_last(r->o, OPTION_FEATURES);
  if ((s->cpu == NULL && s->features == NULL) || s->tiers.len <= 1) return;
  fail(r, STATUS_USAGE, "-mcpu and -mattr are for one tier, but the target has several");
  diag_hint(r->d, "choose one with %s=%s", tier_option(r), s->tiers.data[0]->name);
}

// A GPU gets its text, whatever stage was not asked for; the others cannot give it.
static void check_stage(reader *r) {
  settings *s = r->out;
  bool asked = option_given(r->o, OPTION_EMIT);
  if (s->target->gpu && !asked && s->stage == STAGE_LIB) {
    s->stage = STAGE_PTX;
    diag_note(r->d, SRC_NOWHERE, "for a GPU only the kernels are written: libraries run on the processor");
  }
  if (s->stage == STAGE_PTX && !s->target->gpu) {
    fail(r, STATUS_USAGE, arena_printf(r->mem, "--emit=ptx needs a GPU as target, not '%s'", s->triple));
    for (size_t i = 0; i < target_count(); i++)
      if (target_get(i)->gpu) diag_hint(r->d, "add -target=%s", target_get(i)->name);
  }
  if ((s->stage == STAGE_LIB || s->stage == STAGE_SO) && option_given(r->o, OPTION_KERNELS)) {
    fail(r, STATUS_USAGE,
         arena_printf(r->mem, "--emit=%s is the library of a model, and --kernels asks for kernels without one",
                      stage_get(s->stage)->name));
    diag_hint(r->d, "leave one of them out; kernels are a library, too, with a header of their own");
  } else if (s->target->gpu && (s->stage == STAGE_LIB || s->stage == STAGE_SO || s->stage == STAGE_OBJ)) {
    fail(r, STATUS_USAGE,
         arena_printf(r->mem, "--emit=%s is not for GPUs: the runtime of libraries calls kernels on the processor",
                      stage_get(s->stage)->name));
    diag_hint(r->d, "--emit=ptx writes the kernels, to be launched by your own program");
  }
}

exit_status settings_read(diag *d, arena *a, const options *o, settings *out) {
  *out = (settings){.embed = option_given(o, OPTION_EMBED),
                    .explain = option_given(o, OPTION_EXPLAIN),
                    .exact_size = option_given(o, OPTION_EXACT_SIZE)};
  reader r = {.d = d, .mem = a, .o = o, .out = out, .status = settings_apply_warnings(d, a, o)};
  read_input(&r);
  read_language(&r);
  read_stage(&r);
  read_output(&r);
  read_runtime(&r);
  read_level(&r);
  read_prefix(&r);
  read_dump(&r);
  read_target(&r);
  if (r.status != STATUS_OK) return r.status;
  read_tiers(&r);
  check_stage(&r);
  return r.status;
}

// ---- messages --------------------------------------------------------------------------------------------

static const char *const warning_groups[] = {
#define WARNING(name, help) name,
#include "support/warnings.h"
#undef WARNING
    "all"};

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

// "fallback", "no-fallback", "error", "error=fallback", "no-error=fallback"
static void apply_warning(reader *r, const char *text) {
  diag_action action = DIAG_ACTION_WARN;
  const char *group = text;
  if (starts_with(text, "no-error=")) {
    group = text + strlen("no-error=");
  } else if (starts_with(text, "no-")) {
    action = DIAG_ACTION_IGNORE;
    group = text + strlen("no-");
  } else if (strcmp(text, "error") == 0 || starts_with(text, "error=")) {
    action = DIAG_ACTION_ERROR;
    group = text[5] == '=' ? text + 6 : "all";
  }
  if (diag_set_warning(r->d, group, action)) return;
  fail(r, STATUS_USAGE, arena_printf(r->mem, "no warnings of the group '%s'", group));
  suggest(r, group, warning_groups, sizeof warning_groups / sizeof warning_groups[0]);
}

bool settings_number(diag *d, const char *option, const char *text, uint64_t max, uint64_t *out) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
  if (digits && errno == 0 && value <= max) {
    *out = value;
    return true;
  }
  diag_error_file(d, "qcc", "option '%s' needs a whole number up to %llu, not '%s'", option, (unsigned long long)max,
                  text);
  return false;
}

bool settings_threads(diag *d, const options *o, unsigned otherwise, unsigned *out) {
  const char *text = option_last(o, OPTION_THREADS);
  uint64_t count = otherwise;
  if (text != NULL && !settings_number(d, "--threads", text, MOST_THREADS, &count)) return false;
  *out = count == 0 ? pack_run_threads() : (unsigned)count;
  return true;
}

exit_status settings_apply_warnings(diag *d, arena *a, const options *o) {
  reader r = {.d = d, .mem = a, .o = o};
  const char *limit = option_last(o, OPTION_ERROR_LIMIT);
  uint64_t number = 0;
  if (limit != NULL && !settings_number(d, "-ferror-limit", limit, 1000000, &number)) r.status = STATUS_USAGE;
  if (limit != NULL) diag_set_error_limit(d, (size_t)number);
  for (size_t i = 0; i < o->uses.len; i++)
    if (o->uses.data[i].id == OPTION_WARNING) apply_warning(&r, o->uses.data[i].argument);
  if (option_given(o, OPTION_NO_WARNINGS)) diag_set_warning(d, "all", DIAG_ACTION_IGNORE);
  return r.status;
}

bool settings_shape(diag *d, arena *a, const options *o, uint64_t *rows, uint64_t *columns) {
  const char *text = option_last(o, OPTION_SHAPE), *x = text == NULL ? NULL : strchr(text, 'x');
  if (text == NULL) return true;
  if (x != NULL) {
    const char *first = arena_strndup(a, text, (size_t)(x - text));
    if (!settings_number(d, "--shape", first, 1 << 24, rows) || !settings_number(d, "--shape", x + 1, 1 << 24, columns))
      return false;
    if (*rows > 0 && *columns > 0) return true;
  }
  diag_error_file(d, "qcc", "option '--shape' needs ROWSxCOLUMNS, both 1 at least, not '%s'", text);
  diag_hint(d, "for example --shape 4096x4096");
  return false;
}

// Reading the command line by the table of options.
#include "driver/options.h"

#include <string.h>

#include "driver/option_groups.h"
#include "driver/stages.h"

#define STAGE_NAME(id, name, ending, text, help) " " name
#define EMIT_HELP "stop at:" STAGES(STAGE_NAME)

enum {
  C = COMMAND_COMPILE,
  R = COMMAND_RUN,
  B = COMMAND_BENCH,
  T = COMMAND_TUNE,
  Q = COMMAND_QUANTIZE,
  I = COMMAND_INSPECT,
  V = COMMAND_CONVERT
};

static const option_info table[] = {
#define OPTION(id, spelling, form, argument, commands, group, help) \
  [OPTION_##id] = {spelling, OPTION_##form, argument, commands, GROUP_##group, help},
#include "driver/options.def"
};

static const struct {
  const char *name;
  qcc_command command;
} subcommands[] = {{"run", COMMAND_RUN},           {"bench", COMMAND_BENCH},     {"tune", COMMAND_TUNE},
                   {"quantize", COMMAND_QUANTIZE}, {"inspect", COMMAND_INSPECT}, {"convert", COMMAND_CONVERT}};

enum { SUBCOMMAND_COUNT = sizeof subcommands / sizeof subcommands[0] };

const option_info *option_get(option_id id) { return &table[id]; }

// One run over the arguments.
typedef struct reader {
  diag *d;
  arena *mem;
  options *out;
  word_list words;
  size_t at;
  bool ok;
} reader;

static const char *without_dashes(const char *text) { return text + strspn(text, "-"); }

// Whether the word is this option; *argument is what is attached to it, NULL if nothing is.
static bool matches_word(const option_info *o, const char *word, const char **argument) {
  const char *name = without_dashes(o->spelling), *given = without_dashes(word);
  size_t length = strlen(name);
  if (given - word > 2 || strncmp(given, name, length) != 0) return false;
  *argument = given[length] == '=' ? given + length + 1 : NULL;
  return given[length] == '\0' || given[length] == '=';
}

static bool matches_letter(const option_info *o, const char *word, const char **argument) {
  size_t length = strlen(o->spelling);
  if (strncmp(word, o->spelling, length) != 0) return false;
  *argument = word[length] == '\0' ? NULL : word + length + (word[length] == '=');
  return true;
}

static bool matches(const option_info *o, const char *word, const char **argument) {
  if (o->form == OPTION_LETTER) return matches_letter(o, word, argument);
  if (o->form != OPTION_JOINED) return matches_word(o, word, argument);
  *argument = word + strlen(o->spelling);
  return strncmp(word, o->spelling, strlen(o->spelling)) == 0;
}

// Names of several letters are tried before `-o` and its like, which take any text behind them.
static option_id find_option(const char *word, const char **argument) {
  for (int is_short = 0; is_short < 2; is_short++)
    for (size_t i = 0; i < OPTION_COUNT; i++) {
      bool takes_rest = table[i].form == OPTION_LETTER || table[i].form == OPTION_JOINED;
      if (takes_rest == is_short && matches(&table[i], word, argument)) return (option_id)i;
    }
  return OPTION_COUNT;
}

static void fail(reader *r, const char *message) {
  diag_error_file(r->d, "qcc", "%s", message);
  r->ok = false;
}

// Options that other tools have, without their dashes, and what says it here.
static const struct {
  const char *word, *instead;
} other_options[] = {
    {"S", "--emit=asm"},
    {"arch", "-target=TRIPLE, for one of its tiers --tiers=NAME"},
    {"c", "--emit=obj"},
    {"cpu", "-mcpu=CPU, beside --tiers=NAME"},
    {"formats", "--print-schemes"},
    {"j", "nothing: all processors are used"},
    {"jobs", "nothing: all processors are used"},
    {"list-formats", "--print-schemes"},
    {"list-operators", "--print-operators"},
    {"list-schemes", "--print-schemes"},
    {"list-targets", "--print-targets"},
    {"march", "-target=TRIPLE, for one of its tiers --tiers=NAME"},
    {"model", "the file's name alone: qcc MODEL.q"},
    {"mtune", "-mcpu=CPU, beside --tiers=NAME"},
    {"o-dir", "-o DIR"},
    {"operators", "--print-operators"},
    {"out", "-o PATH"},
    {"out-dir", "-o DIR"},
    {"outdir", "-o DIR"},
    {"output-dir", "-o DIR"},
    {"print-formats", "--print-schemes"},
    {"quantize", "a rule in the text, quantize { \"*\" : FORMAT; }; for weights alone 'qcc quantize'"},
    {"schemes", "--print-schemes"},
    {"shared", "--emit=so"},
    {"static", "nothing: a library is static without --emit=so"},
    {"targets", "--print-targets"},
    {"verbose", "-v"},
    {"weights", "a line of the model's text: weights \"FILE\";"},
};

// "-j4" is "j", "--march=native" is "march".
static const char *instead_of(const char *word) {
  const char *given = without_dashes(word);
  size_t length = strcspn(given, "=0123456789");
  for (size_t i = 0; i < sizeof other_options / sizeof other_options[0]; i++)
    if (strlen(other_options[i].word) == length && memcmp(other_options[i].word, given, length) == 0)
      return other_options[i].instead;
  return NULL;
}

static const char *closest_option(arena *a, const char *word, qcc_command command) {
  const char *names[2 * OPTION_COUNT];
  size_t count = 0;
  const char *given = arena_strndup(a, word, strcspn(word, "="));
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if ((table[i].commands & command) != 0 && table[i].group != GROUP_HIDDEN) names[count++] = table[i].spelling;
  return diag_closest(given, names, count);
}

static void unknown_option(reader *r, const char *word) {
  fail(r, arena_printf(r->mem, "unknown option '%s'", word));
  const char *instead = instead_of(word), *close = closest_option(r->mem, word, r->out->command);
  if (instead != NULL)
    diag_hint(r->d, "here it is %s", instead);
  else if (close != NULL)
    diag_hint(r->d, "did you mean '%s'?", close);
  else
    diag_hint(r->d, "'qcc --help-all' lists the options");
}

// Options of other commands, and what this command has for them.
static const struct {
  unsigned commands;
  option_id id;
  const char *instead;
} other_commands[] = {
    {C, OPTION_FORMAT, "formats of a model are rules of its text: quantize { \"*\" : FORMAT; }"},
    {C, OPTION_RESULT, "-o names the directory of the results"},
    {C, OPTION_THREADS, "all processors are used"},
    {C | B | T, OPTION_TIER, "here it is --tiers"},
    {R, OPTION_TIERS, "here it is --tier, and one of them"},
    {R, OPTION_OUTPUT, "here it is --output=FILE.npy"},
    {R | B | T, OPTION_TARGET, "it runs on this machine"},
    {Q, OPTION_TO, "here it is --format"},
    {V, OPTION_FORMAT, "here it is --to"},
    {I, OPTION_OUTPUT, "the report goes to standard output"},
};

static void wrong_command(reader *r, option_id id) {
  const char *instead = NULL;
  for (size_t i = 0; i < sizeof other_commands / sizeof other_commands[0]; i++)
    if (other_commands[i].id == id && (other_commands[i].commands & (unsigned)r->out->command) != 0)
      instead = other_commands[i].instead;
  for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
    if (r->out->command != COMMAND_COMPILE && subcommands[i].command == r->out->command)
      fail(r, arena_printf(r->mem, "option '%s' is not for 'qcc %s'", table[id].spelling, subcommands[i].name));
  if (r->out->command == COMMAND_COMPILE)
    fail(r, arena_printf(r->mem, "option '%s' is only for a subcommand", table[id].spelling));
  if (instead != NULL) diag_hint(r->d, "%s", instead);
  if (r->out->command != COMMAND_COMPILE) return;
  for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
    if ((table[id].commands & subcommands[i].command) != 0)
      diag_hint(r->d, "qcc %s ... %s", subcommands[i].name, table[id].spelling);
}

static void read_option(reader *r, const char *word) {
  const char *argument = NULL;
  option_id id = find_option(word, &argument);
  if (id == OPTION_COUNT) {
    unknown_option(r, word);
    return;
  }
  const option_info *o = &table[id];
  if (o->form == OPTION_FLAG && argument != NULL) {
    fail(r, arena_printf(r->mem, "option '%s' takes no argument", o->spelling));
    return;
  }
  if (o->form != OPTION_FLAG && argument == NULL && r->at < r->words.len) argument = r->words.data[r->at++];
  if (o->form != OPTION_FLAG && (argument == NULL || argument[0] == '\0'))
    fail(r, arena_printf(r->mem, "option '%s' needs an argument: %s", o->spelling, o->argument));
  else if ((o->commands & (unsigned)r->out->command) == 0)
    wrong_command(r, id);
  else
    vec_push(r->mem, &r->out->uses, ((option_use){id, argument}));
}

static qcc_command find_subcommand(const char *word) {
  for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
    if (strcmp(word, subcommands[i].name) == 0) return subcommands[i].command;
  return COMMAND_COMPILE;
}

bool options_parse(diag *d, arena *a, int argc, char *const *argv, options *out) {
  reader r = {.d = d, .mem = a, .out = out, .ok = true};
  *out = (options){.command = COMMAND_COMPILE};
  if (!options_expand(d, a, argc, argv, &r.words)) return false;
  if (r.words.len > 1) out->command = find_subcommand(r.words.data[1]);
  bool only_inputs = false;
  for (r.at = out->command == COMMAND_COMPILE ? 1 : 2; r.at < r.words.len;) {
    const char *word = r.words.data[r.at++];
    if (!only_inputs && strcmp(word, "--") == 0)
      only_inputs = true;
    else if (only_inputs || word[0] != '-' || word[1] == '\0')
      vec_push(a, &out->inputs, word);
    else
      read_option(&r, word);
  }
  return r.ok;
}

const char *options_command_name(qcc_command command) {
  for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
    if (subcommands[i].command == command) return subcommands[i].name;
  return "";
}

const char *options_closest_command(const char *word) {
  const char *names[SUBCOMMAND_COUNT];
  for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) names[i] = subcommands[i].name;
  return diag_closest(word, names, SUBCOMMAND_COUNT);
}

bool option_given(const options *o, option_id id) {
  for (size_t i = 0; i < o->uses.len; i++)
    if (o->uses.data[i].id == id) return true;
  return false;
}

const char *option_last(const options *o, option_id id) {
  const char *argument = NULL;
  for (size_t i = 0; i < o->uses.len; i++)
    if (o->uses.data[i].id == id) argument = o->uses.data[i].argument;
  return argument;
}

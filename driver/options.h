// The command line: a table of options (driver/options.def), and what was given.
#ifndef QCC_DRIVER_OPTIONS_H
#define QCC_DRIVER_OPTIONS_H

#include <stdio.h>

#include "support/arena.h"
#include "support/diag.h"
#include "support/vec.h"

typedef enum option_id {
#define OPTION(id, spelling, form, argument, commands, group, help) OPTION_##id,
#include "driver/options.def"
  OPTION_COUNT
} option_id;

// Bits: an option belongs to some of these.
typedef enum qcc_command {
  COMMAND_COMPILE = 1,
  COMMAND_RUN = 2,
  COMMAND_QUANTIZE = 4,
  COMMAND_INSPECT = 8,
  COMMAND_CONVERT = 16,
  COMMAND_BENCH = 32,
  COMMAND_TUNE = 64
} qcc_command;

typedef enum option_form { OPTION_FLAG, OPTION_WORD, OPTION_LETTER, OPTION_JOINED } option_form;

typedef struct option_info {
  const char *spelling;
  option_form form;
  const char *argument; // what help calls it; NULL for flags
  unsigned commands;
  int group;
  const char *help;
} option_info;

const option_info *option_get(option_id id);

// One option as given; `argument` is NULL for flags.
typedef struct option_use {
  option_id id;
  const char *argument;
} option_use;

typedef struct options {
  qcc_command command;
  VEC(option_use) uses; // in order
  VEC(const char *) inputs;
} options;

// Reads the arguments (argv[0] is the program, argv[1] may be a subcommand). False after usage errors, all reported.
bool options_parse(diag *d, arena *a, int argc, char *const *argv, options *out);

bool option_given(const options *o, option_id id);
// The argument of the last use; NULL when the option was not given.
const char *option_last(const options *o, option_id id);

// What follows `qcc` for a command: "run"; "" for compiling.
const char *options_command_name(qcc_command command);
// The command with the name closest to a word; NULL when none is close.
const char *options_closest_command(const char *word);

/* response.c */
// Replaces every `@file` among the arguments by the words of that file (quotes and backslashes as in a shell). False
// (reported) when one cannot be read.
typedef VEC(const char *) word_list;
bool options_expand(diag *d, arena *a, int argc, char *const *argv, word_list *out);

/* help.c */
void help_print(FILE *f, qcc_command command);     // one screen
void help_print_all(FILE *f, qcc_command command); // every option of the command, by groups
void help_print_man(FILE *f);                      // the option list of docs/qcc.1

#endif

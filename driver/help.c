// --help and its kin, all from the table of options.
#include <string.h>

#include "driver/option_groups.h"
#include "driver/options.h"
#include "driver/stages.h"

enum { COLUMN = 21, COLUMN_ALL = 26 };

static const char *const titles[] = {
#define GROUP(id, title) [GROUP_##id] = title,
    OPTION_GROUPS(GROUP)
#undef GROUP
};

static const stage_info stages[] = {
#define STAGE_ROW(id, name, ending, text, help) [STAGE_##id] = {name, ending, text, help},
    STAGES(STAGE_ROW)
#undef STAGE_ROW
};

const stage_info *stage_get(stage s) { return &stages[s]; }

static const struct {
  qcc_command command;
  const char *usage;
} usages[] = {
    {COMMAND_COMPILE, "qcc [OPTION..] MODEL.q [-o DIR]"},
    {COMMAND_RUN, "qcc run MODEL.q --input [NAME=]X.npy [--output [NAME=]Y.npy] [OPTION..]"},
    {COMMAND_BENCH, "qcc bench MODEL.q [OPTION..]"},
    {COMMAND_TUNE, "qcc tune MODEL.q [-o FILE] [OPTION..]"},
    {COMMAND_QUANTIZE, "qcc quantize WEIGHTS --format FORMAT -o OUT [OPTION..]"},
    {COMMAND_CONVERT, "qcc convert WEIGHTS --to FORMAT -o OUT.safetensors [OPTION..]"},
    {COMMAND_INSPECT, "qcc inspect WEIGHTS.. [OPTION..]"},
};

static void print_usage(FILE *f, qcc_command command) {
  const char *label = "usage: ";
  for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
    if (command != COMMAND_COMPILE && usages[i].command != command) continue;
    fprintf(f, "%s%s\n", label, usages[i].usage);
    label = "       ";
  }
}

// What stands between an option and its argument.
static const char *joint(const option_info *o) {
  if (o->form == OPTION_WORD) return "=";
  return o->form == OPTION_LETTER ? " " : "";
}

static void print_option(FILE *f, const option_info *o, int column) {
  const char *argument = o->argument == NULL ? "" : o->argument;
  int written = fprintf(f, "  %s%s%s", o->spelling, joint(o), argument);
  if (o->form == OPTION_FLAG) written = written - (int)strlen(joint(o));
  if (written >= column - 1) {
    fputc('\n', f);
    written = 0;
  }
  fprintf(f, "%*s%s\n", column - written, "", o->help);
}

static void print_group(FILE *f, qcc_command command, option_group group, int column) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const option_info *o = option_get((option_id)i);
    if (o->group == (int)group && (o->commands & (unsigned)command) != 0) print_option(f, o, column);
  }
}

static bool has_group(qcc_command command, option_group group) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const option_info *o = option_get((option_id)i);
    if (o->group == (int)group && (o->commands & (unsigned)command) != 0) return true;
  }
  return false;
}

void help_print(FILE *f, qcc_command command) {
  if (command != COMMAND_COMPILE) {
    help_print_all(f, command);
    return;
  }
  print_usage(f, command);
  fprintf(f, "Compiles a model with declared weight formats to a static library.\n\n");
  print_group(f, command, GROUP_COMMON, COLUMN);
}

void help_print_all(FILE *f, qcc_command command) {
  print_usage(f, command);
  for (option_group g = GROUP_COMMON; g < GROUP_HIDDEN; g++) {
    if (!has_group(command, g)) continue;
    fprintf(f, "\n%s:\n", titles[g]);
    print_group(f, command, g, COLUMN_ALL);
  }
  if (command != COMMAND_COMPILE) return;
  fprintf(f, "\nStages of --emit:\n");
  for (size_t i = 0; i < STAGE_COUNT; i++) fprintf(f, "  %-9s %s\n", stages[i].name, stages[i].help);
  fprintf(f, "\n@FILE among the arguments stands for the words of that file.\n");
}

// Text of a manual page: dashes are minus signs.
static void print_roff(FILE *f, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '-' || *text == '\\') fputc('\\', f);
    fputc(*text, f);
  }
}

void help_print_man(FILE *f) {
  for (option_group g = GROUP_COMMON; g < GROUP_HIDDEN; g++) {
    fprintf(f, ".SS %s\n", titles[g]);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
      const option_info *o = option_get((option_id)i);
      if (o->group != (int)g) continue;
      fprintf(f, ".TP\n\\fB");
      print_roff(f, o->spelling);
      fprintf(f, "\\fR");
      if (o->argument != NULL) {
        fprintf(f, "%s\\fI", joint(o));
        print_roff(f, o->argument);
        fprintf(f, "\\fR");
      }
      fputc('\n', f);
      print_roff(f, o->help);
      fputc('\n', f);
    }
  }
}

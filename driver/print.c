// Lists for people, from the tables.
#include "driver/print.h"

#include <string.h>

#include "driver/cache.h"
#include "driver/places.h"
#include "frontend/frontend.h"
#include "network/lower.h"
#include "targets/target.h"

static void print_version(diag *d, arena *a, const options *o) {
  (void)d, (void)a, (void)o;
  printf("qcc " QCC_VERSION "\nLLVM " QCC_LLVM_VERSION_TEXT "\n");
}

static void print_target(const target *t) {
  printf("%-10s %s\n", t->name, t->help);
  if (t->default_triple[0] != '\0') printf("%-10s triple %s\n", "", t->default_triple);
  for (size_t i = 0; i < t->tier_count; i++) {
    const target_tier *tier = &t->tiers[i];
    printf("%-10s tier %-12s %s%s%s%s\n", "", tier->name, tier->cpu, tier->cpu[0] != '\0' && *tier->features ? " " : "",
           tier->features, tier->on_demand ? " (only when named)" : "");
  }
}

static void print_targets(diag *d, arena *a, const options *o) {
  (void)d, (void)a, (void)o;
  printf("A target is the first word of an LLVM triple; its tiers are compiled into one library, best first.\n\n");
  for (size_t i = 0; i < target_count(); i++) print_target(target_get(i));
}

static int longest(const fe_scheme_info *all, size_t count, int width) {
  for (size_t i = 0; i < count; i++) {
    int w = (int)(strlen(all[i].name) + strlen(all[i].parameters));
    if (w > width) width = w;
  }
  return width;
}

static void print_infos(const fe_scheme_info *all, size_t count, int width) {
  for (size_t i = 0; i < count; i++) {
    int used = printf("%s%s", all[i].name, all[i].parameters);
    printf("%*s  %s\n", width - used, "", all[i].summary);
  }
}

// Formats, then formats with activations that have a name of their own.
static void print_schemes(diag *d, arena *a, const options *o) {
  path_list dirs = {0};
  places_schemes(a, o, &dirs);
  fe_options fe = {.dirs = dirs.data, .dir_count = dirs.len};
  const fe_scheme_info *schemes, *presets;
  size_t count = fe_list_schemes(d, a, &fe, &schemes), rules = fe_list_presets(d, a, &fe, &presets);
  int width = longest(presets, rules, longest(schemes, count, 0));
  print_infos(schemes, count, width);
  print_infos(presets, rules, width);
  if (count > 0 || diag_error_count(d) > 0) return;
  diag_error_file(d, dirs.data[0], "no schemes were found here");
  diag_hint(d, "name the folder of the .q files with -I or in QCC_SCHEMES");
}

static const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

static void print_operators(diag *d, arena *a, const options *o) {
  path_list dirs = {0};
  places_operators(a, o, &dirs);
  fe_options fe = {.operator_dirs = dirs.data, .operator_dir_count = dirs.len};
  const fe_scheme_info *all;
  size_t count = fe_list_operators(d, a, &fe, &all);
  for (size_t i = 0; i < count; i++) {
    printf("%s%s\n    %s%s%s\n", all[i].name, all[i].parameters, file_name(all[i].path),
           all[i].summary[0] == '\0' ? "" : ": ", all[i].summary);
  }
  if (count > 0 || diag_error_count(d) > 0) return;
  diag_error_file(d, dirs.data[0], "no operators were found here");
  diag_hint(d, "name the folder of the .q files with -I or in QCC_OPERATORS");
}

static void print_passes(diag *d, arena *a, const options *o) {
  (void)d, (void)a, (void)o;
  for (size_t i = 0; i < lower_pass_count(); i++)
    printf("%-10s %s\n", lower_pass_get(i)->name, lower_pass_get(i)->help);
}

static void print_help(diag *d, arena *a, const options *o) {
  (void)d, (void)a;
  help_print(stdout, o->command);
}

static void print_help_all(diag *d, arena *a, const options *o) {
  (void)d, (void)a;
  help_print_all(stdout, o->command);
}

static void print_help_man(diag *d, arena *a, const options *o) {
  (void)d, (void)a, (void)o;
  help_print_man(stdout);
}

static void clear_cache(diag *d, arena *a, const options *o) {
  cache c;
  if (!cache_open(d, a, o, NULL, &c)) return;
  size_t removed = cache_clear(&c);
  if (c.folder != NULL) printf("%zu entries removed from %s\n", removed, c.folder);
}

static const struct {
  option_id id;
  void (*print)(diag *d, arena *a, const options *o);
} printers[] = {
    {OPTION_HELP, print_help},
    {OPTION_HELP_SHORT, print_help},
    {OPTION_HELP_ALL, print_help_all},
    {OPTION_HELP_MAN, print_help_man},
    {OPTION_VERSION, print_version},
    {OPTION_PRINT_TARGETS, print_targets},
    {OPTION_PRINT_SCHEMES, print_schemes},
    {OPTION_PRINT_OPERATORS, print_operators},
    {OPTION_PRINT_PASSES, print_passes},
    {OPTION_CLEAR_CACHE, clear_cache},
};

bool print_requested(diag *d, arena *a, const options *o) {
  for (size_t i = 0; i < sizeof printers / sizeof printers[0]; i++) {
    if (!option_given(o, printers[i].id)) continue;
    printers[i].print(d, a, o);
    return true;
  }
  return false;
}

#include "driver/c_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "support/file.h"
#include "support/map.h"

// All functions are PREFIX_name: the runtime's own names, and functions of POSIX that a program may link, are taken.
static const struct {
  const char *prefix;
  const char *owner;
} taken[] = {{"qrt", "the runtime has functions and macros"},
             {"sem", "POSIX has functions"},
             {"mq", "POSIX has functions"},
             {"iconv", "POSIX has functions"},
             {"dbm", "POSIX has functions"}};

static bool starts_like(const char *name, const char *prefix) {
  size_t length = strlen(prefix);
  return strncasecmp(name, prefix, length) == 0 && (name[length] == '\0' || name[length] == '_');
}

static bool is_taken(const char *name, size_t i) {
  return i == 0 ? starts_like(name, taken[i].prefix) : strcmp(name, taken[i].prefix) == 0;
}

static bool check_prefix(const job *j, const ast_node *model) {
  const char *stem = path_stem(j->mem, j->s.input != NULL ? j->s.input : "");
  const char *name = job_prefix_of(j, model != NULL ? model->name.text : stem);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
    if (!is_taken(name, i)) continue;
    if (j->s.prefix != NULL || model == NULL)
      diag_error_file(j->d, j->s.prefix != NULL ? "--prefix" : j->s.input,
                      "names in C cannot begin with '%s_': %s of such names", name, taken[i].owner);
    else
      diag_error(j->d, model->name.loc, "names in C cannot begin with '%s_': %s of such names", name, taken[i].owner);
    diag_hint(j->d, "%s", j->s.prefix != NULL ? "choose another one" : "choose another name, or give --prefix=NAME");
    return false;
  }
  return true;
}

static const char *in_upper_case(arena *a, const char *name) {
  char *text = arena_strdup(a, name);
  for (char *c = text; *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
  return text;
}

// The macros PREFIX_INPUT_NAME_FLOATS are in upper case. Two ports of one name have been reported.
static bool check_ports(const job *j, const ast_node *model, ast_kind kind) {
  bool ok = true;
  name_map seen = {.mem = j->mem};
  for (size_t i = 0; model != NULL && i < model->body.len; i++) {
    ast_node *port = model->body.data[i];
    if (port->kind != kind || port->name.text == NULL) continue;
    const char *upper = in_upper_case(j->mem, port->name.text);
    const ast_node *other = name_map_get(&seen, upper);
    if (other == NULL) {
      name_map_set(&seen, upper, port);
    } else if (strcmp(other->name.text, port->name.text) != 0) {
      diag_error(j->d, port->name.loc, "'%s' and '%s' are one name in upper case, as the header's macros have it",
                 port->name.text, other->name.text);
      diag_hint(j->d, "give one of them a name that differs in more than case");
      ok = false;
    }
  }
  return ok;
}

// A build system has named the results before the text was read.
static bool check_name(const job *j, const ast_node *model) {
  const char *want = option_last(j->o, OPTION_MODEL_NAME);
  if (want == NULL || model == NULL || strcmp(model->name.text, want) == 0) return true;
  diag_error(j->d, model->name.loc, "the model is called '%s', and '%s' was asked for", model->name.text, want);
  diag_hint(j->d, "rename it, or ask for it: qcc_add_library(.. NAME %s) in CMake", model->name.text);
  return false;
}

bool c_names_check(const job *j) {
  const ast_node *model = job_model(j);
  if (!check_name(j, model)) return false;
  if (stage_get(j->s.stage)->ending != NULL) return true;
  bool ok = check_prefix(j, model);
  if (j->s.stage == STAGE_KERNELS) return ok;
  bool inputs = check_ports(j, model, AST_INPUT), outputs = check_ports(j, model, AST_OUTPUT);
  return ok && inputs && outputs;
}

// -MD: the files that were read, as a rule for make (and ninja, which reads the same).
#include <string.h>

#include "driver/job.h"

// Characters of paths that make and ninja read back alike, none of them or in one place only.
typedef enum unreadable { ANYWHERE, AT_THE_END, IN_TARGETS } unreadable;

static const struct {
  char c;
  unreadable where;
  const char *name;
} marks[] = {
    {'\n', ANYWHERE, "a line feed"}, {'\r', ANYWHERE, "a carriage return"}, {';', ANYWHERE, "';'"},
    {'=', ANYWHERE, "'='"},          {':', AT_THE_END, "':' at its end"},   {'\\', AT_THE_END, "'\\' at its end"},
    {'%', IN_TARGETS, "'%'"}};

static bool check_path(job *j, const char *path, bool is_target) {
  size_t length = strlen(path);
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    const char *c = strchr(path, marks[i].c);
    if (marks[i].where == AT_THE_END) c = length > 0 && path[length - 1] == marks[i].c ? path : NULL;
    if (c == NULL || (marks[i].where == IN_TARGETS && !is_target)) continue;
    diag_error_file(j->d, path, "a rule for make cannot name this file: its path has %s", marks[i].name);
    diag_hint(j->d, "%s",
              is_target ? "write to another folder, or name the rule's target with -MT"
                        : "rename it, or leave out -MD");
    return false;
  }
  return true;
}

// A path as make and ninja read it back: spaces, '#' and ':' with a backslash, '$' doubled. A backslash counts as one only
// before those.
static void put_path(strbuf *out, const char *path) {
  for (const char *c = path; *c != '\0'; c++) {
    if (*c == ' ' || *c == '\t') {
      for (const char *b = c; b > path && b[-1] == '\\'; b--) strbuf_putc(out, '\\');
      strbuf_putc(out, '\\');
    } else if (*c == '#' || *c == ':') {
      strbuf_putc(out, '\\');
    } else if (*c == '$') {
      strbuf_putc(out, '$');
    }
    strbuf_putc(out, *c);
  }
}

static bool listed(const path_list *list, size_t count, const char *path) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(list->data[i], path) == 0) return true;
  return false;
}

static bool put_inputs(job *j, strbuf *rule) {
  bool ok = true;
  path_list all = {0};
  const char *const *weights = NULL;
  size_t weight_count = j->files == NULL ? 0 : weight_files_paths(j->files, &weights);
  for (size_t i = 0; i < j->texts.len; i++) vec_push(j->mem, &all, j->texts.data[i]);
  for (size_t i = 0; i < weight_count; i++) vec_push(j->mem, &all, weights[i]);
  for (size_t i = 0; i < all.len; i++) {
    if (listed(&all, i, all.data[i])) continue;
    ok = check_path(j, all.data[i], false) && ok;
    strbuf_printf(rule, " \\\n  ");
    put_path(rule, all.data[i]);
  }
  return ok;
}

static bool put_targets(job *j, strbuf *rule) {
  bool given = option_given(j->o, OPTION_DEP_TARGET), first = true, ok = true;
  for (size_t i = 0; given && i < j->o->uses.len; i++) {
    if (j->o->uses.data[i].id != OPTION_DEP_TARGET) continue;
    strbuf_printf(rule, "%s%s", first ? "" : " ", j->o->uses.data[i].argument);
    first = false;
  }
  for (size_t i = 0; !given && i < j->written.len; i++) {
    ok = check_path(j, j->written.data[i], true) && ok;
    if (i > 0) strbuf_putc(rule, ' ');
    put_path(rule, j->written.data[i]);
  }
  return ok;
}

// The default name: `<name>.d` beside the results.
static const char *default_path(job *j) {
  const char *file = arena_printf(j->mem, "%s.d", j->m != NULL ? j->m->name : path_stem(j->mem, j->s.input));
  const char *result = j->written.data[0];
  return strcmp(result, "-") == 0 ? file : path_join(j->mem, path_dirname(j->mem, result), file);
}

bool depend_write(job *j) {
  if (!option_given(j->o, OPTION_MD) || j->written.len == 0) return true;
  strbuf rule = {.mem = j->mem};
  bool targets = put_targets(j, &rule);
  strbuf_putc(&rule, ':');
  if (!put_inputs(j, &rule) || !targets) return false;
  strbuf_putc(&rule, '\n');
  const char *path = option_last(j->o, OPTION_DEP_FILE);
  out_file *f = file_set_open(j->outputs, path != NULL ? path : default_path(j));
  if (f != NULL) out_write(f, rule.data, rule.len);
  return f != NULL;
}

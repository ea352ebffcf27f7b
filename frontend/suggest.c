// Schemes that may have been meant by a name that none has.
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend/sema.h"

enum { SHOWN = 8, LEAST = 3 };

typedef VEC(const char *) name_list;

static void add_names(fe_context *c, name_list *names) {
  const char *const *library;
  size_t count = fe_library_names(c, &library);
  for (size_t i = 0; i < c->schemes.len; i++) vec_push(c->mem, names, c->schemes.data[i]->node->name.text);
  for (size_t i = 0; i < c->presets.len; i++) vec_push(c->mem, names, c->presets.data[i]->node->name.text);
  for (size_t i = 0; i < count; i++) vec_push(c->mem, names, library[i]);
}

// How many letters and digits two names begin with in common, whatever stands between them: "Wx-3" and "w_x3_s" 3.
static size_t common_start(const char *a, const char *b, bool *all_of_a, bool *all_of_b) {
  size_t count = 0;
  for (;; a++, b++, count++) {
    while (*a != '\0' && !isalnum((unsigned char)*a)) a++;
    while (*b != '\0' && !isalnum((unsigned char)*b)) b++;
    if (*a == '\0' || tolower((unsigned char)*a) != tolower((unsigned char)*b)) break;
  }
  *all_of_a = *a == '\0';
  *all_of_b = *b == '\0';
  return count;
}

// Names that begin with the given one; or else the longest ones that the given one begins with.
static void find_starts(fe_context *c, const char *name, const name_list *names, name_list *longer,
                        name_list *shorter) {
  size_t longest = LEAST;
  for (size_t i = 0; i < names->len; i++) {
    bool all_given, all_of_it;
    size_t common = common_start(name, names->data[i], &all_given, &all_of_it);
    if (all_given && common >= LEAST - 1) vec_push(c->mem, longer, names->data[i]);
    if (!all_of_it || common < longest) continue;
    if (common > longest) shorter->len = 0;
    longest = common;
    vec_push(c->mem, shorter, names->data[i]);
  }
}

static const char *list_names(fe_context *c, const name_list *names) {
  strbuf all = {.mem = c->mem};
  for (size_t i = 0; i < names->len && i < SHOWN; i++)
    strbuf_printf(&all, "%s'%s'", i == 0 ? "" : i + 1 < names->len ? ", " : " or ", names->data[i]);
  if (names->len > SHOWN) strbuf_printf(&all, " or %zu others", names->len - SHOWN);
  return strbuf_text(&all);
}

// A name that is one of a layout: which schemes have it. Their texts are read aside, as nothing else asks for them.
static bool suggest_layout(fe_context *c, const char *name, const name_list *names) {
  fe_context all = {.d = diag_new(c->mem, NULL, false), .mem = c->mem, .options = c->options};
  name_list having = {0};
  for (size_t i = 0; i < names->len; i++) fe_load_scheme_file(&all, names->data[i]);
  for (size_t i = 0; i < all.schemes.len; i++) {
    const ast_node *node = all.schemes.data[i]->node;
    for (size_t k = 0; k < node->body.len; k++)
      if (node->body.data[k]->kind == AST_LAYOUT && fe_same_text(node->body.data[k]->name.text, name))
        vec_push(c->mem, &having, node->name.text);
  }
  if (having.len == 0) return false;
  diag_hint(c->d, "'%s' is a layout, of %s", name, list_names(c, &having));
  return true;
}

// Those that begin alike, else a layout of that name, else the closest name. False: nothing is like it.
static bool suggest_known(fe_context *c, const char *name) {
  name_list names = {0}, longer = {0}, shorter = {0};
  add_names(c, &names);
  find_starts(c, name, &names, &longer, &shorter);
  const name_list *alike = longer.len > 0 ? &longer : &shorter;
  if (alike->len > 0) diag_hint(c->d, "did you mean %s?", list_names(c, alike));
  if (alike->len > 0 || suggest_layout(c, name, &names)) return true;
  bool is_close = diag_closest(name, names.data, names.len) != NULL;
  if (is_close) fe_suggest(c, name, names.data, names.len);
  return is_close;
}

void fe_hint_folders(fe_context *c) {
  struct stat s;
  for (size_t i = 0; i < c->options->dir_count; i++)
    if (stat(c->options->dirs[i], &s) != 0 || !S_ISDIR(s.st_mode))
      diag_hint(c->d, "'%s' is no folder to look in", c->options->dirs[i]);
}

void fe_suggest_scheme(fe_context *c, const char *name) {
  if (!diag_may_search(c->d)) return;
  if (suggest_known(c, name)) return;
  diag_hint(c->d, "a scheme is declared in the text, or in a file %s.q of a folder given with -I", name);
  fe_hint_folders(c);
  diag_hint(c->d, "'qcc --print-schemes' lists those that can be found");
}

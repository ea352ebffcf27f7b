// What schemes and operators there are in the folders.
#include <stdlib.h>
#include <string.h>

#include "frontend/sema.h"
#include "frontend/tree.h"
#include "support/file.h"

static const char *first_line(arena *a, const char *text) {
  const char *newline = text == NULL ? NULL : strchr(text, '\n');
  if (newline != NULL) return arena_strndup(a, text, (size_t)(newline - text));
  return text == NULL ? "" : text;
}

typedef VEC(fe_scheme_info) infos;

static void add_from_tree(fe_context *c, const ast *tree, ast_kind kind, const char *name, infos *out) {
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *node = tree->items.data[i];
    if (node->kind != kind || !fe_same_text(node->name.text, name)) continue;
    fe_scheme_info info = {.name = node->name.text,
                           .parameters = fe_parameters_text(c->mem, &node->args),
                           .summary = first_line(c->mem, node->doc),
                           .path = tree->path};
    vec_push(c->mem, out, info);
    return;
  }
}

static size_t list(diag *d, arena *a, const fe_options *options, ast_kind kind, const fe_scheme_info **out) {
  fe_context c = {.d = d, .mem = a, .options = options};
  const char *const *library;
  size_t count = fe_library_names(&c, &library);
  infos found = {0};
  for (size_t i = 0; i < count; i++) {
    const ast *tree = fe_read_scheme_file(&c, library[i]);
    if (tree != NULL && !tree->has_errors) add_from_tree(&c, tree, kind, library[i], &found);
  }
  *out = found.data;
  return found.len;
}

size_t fe_list_schemes(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out) {
  return list(d, a, options, AST_SCHEME, out);
}

size_t fe_list_presets(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out) {
  return list(d, a, options, AST_PRESET, out);
}

// ---- operators ----

static int by_name(const void *a, const void *b) {
  return strcmp(((const fe_scheme_info *)a)->name, ((const fe_scheme_info *)b)->name);
}

static void add_operators(fe_context *c, const ast *tree, name_map *known, infos *out) {
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *node = tree->items.data[i];
    if (node->kind != AST_OPERATOR || name_map_get(known, node->name.text) != NULL) continue;
    name_map_set(known, node->name.text, (void *)tree);
    fe_scheme_info info = {.name = node->name.text,
                           .parameters = fe_params_text(c->mem, &node->params),
                           .summary = first_line(c->mem, node->doc),
                           .path = tree->path};
    vec_push(c->mem, out, info);
  }
}

size_t fe_list_operators(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out) {
  fe_context c = {.d = d, .mem = a, .options = options};
  name_map known = {.mem = a};
  const char *const *paths;
  size_t count = fe_operator_files(&c, &paths);
  infos found = {0};
  for (size_t i = 0; i < count; i++) {
    const ast *tree = fe_parse_file(d, a, paths[i]);
    if (tree != NULL && !tree->has_errors) add_operators(&c, tree, &known, &found);
  }
  if (found.len > 0) qsort(found.data, found.len, sizeof *found.data, by_name);
  *out = found.data;
  return found.len;
}

// Texts that a text needs: what it includes, and the files that schemes are found in by name.
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/sema.h"
#include "support/file.h"

enum { MAX_FILES = 10000, MAX_DEPTH = 100 }; // of texts that are included

// ---- paths ----

// One spelling for each file.
static const char *canonical(arena *a, const char *path) {
  char *resolved = realpath(path, NULL);
  const char *copy = arena_strdup(a, resolved == NULL ? path : resolved);
  free(resolved);
  return copy;
}

// The folder part of a path with its '/', or "".
static const char *folder_of(arena *a, const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? "" : arena_strndup(a, path, (size_t)(slash - path) + 1);
}

static bool is_readable(const char *path) { return access(path, R_OK) == 0; }

// Whether the text was not read before; remembers it.
static bool is_new(fe_context *c, const char *path) {
  const char *spelled = canonical(c->mem, path);
  if (name_map_get(&c->paths, spelled) != NULL) return false;
  c->paths.mem = c->mem;
  name_map_set(&c->paths, spelled, c);
  return true;
}

static const ast *read_text(fe_context *c, const char *path) {
  if (c->options->on_file != NULL) c->options->on_file(c->options->context, path);
  const ast *tree = fe_parse_file(c->d, c->mem, path);
  c->has_broken_text = c->has_broken_text || tree == NULL || tree->has_errors;
  return tree;
}

// ---- declarations of a text ----

// The scheme or rule of that name; NULL when there is none.
static const ast_node *find_decl(const fe_context *c, const char *name) {
  const fe_scheme_decl *decl = name_map_get(&c->schemes_by_name, name);
  const fe_preset_decl *preset = fe_find_preset(c, name);
  if (decl != NULL) return decl->node;
  return preset == NULL ? NULL : preset->node;
}

static void add_scheme(fe_context *c, const ast_node *node, const fe_scope *constants) {
  fe_scheme_decl *decl = ARENA_NEW(c->mem, fe_scheme_decl);
  *decl = (fe_scheme_decl){.node = node, .constants = constants};
  vec_push(c->mem, &c->schemes, decl);
  c->schemes_by_name.mem = c->mem;
  name_map_set(&c->schemes_by_name, node->name.text, decl);
}

static void add_declaration(fe_context *c, const ast_node *node, const fe_scope *constants) {
  (node->kind == AST_PRESET ? fe_add_preset : add_scheme)(c, node, constants);
}

static void add_own(fe_context *c, const ast_node *node, const fe_scope *constants) {
  const ast_node *other = find_decl(c, node->name.text);
  if (other == NULL) {
    add_declaration(c, node, constants);
    return;
  }
  diag_error(c->d, node->loc, "the %s '%s' is declared twice", node->kind == AST_PRESET ? "rule" : "scheme",
             node->name.text);
  diag_note(c->d, other->loc, "it is declared here first");
}

static void missing_include(fe_context *c, ast_name name, const char *tried) {
  diag_error(c->d, name.loc, "there is no file '%s' to include", name.text);
  diag_hint(c->d, "looked for %s%s", tried, c->options->dir_count > 0 ? " and in the folders given with -I" : "");
  fe_hint_folders(c);
}

static void include(fe_context *c, const ast *tree, const char *folder, ast_name name, fe_scope *constants) {
  const char *beside = path_join(c->mem, folder_of(c->mem, tree->path), name.text), *path = beside;
  const char *new_folder = path_join(c->mem, folder, folder_of(c->mem, name.text));
  size_t dirs = c->options->dir_count, all = dirs + c->options->operator_dir_count;
  for (size_t i = 0; i < all && !is_readable(path); i++) {
    const char *dir = i < dirs ? c->options->dirs[i] : c->options->operator_dirs[i - dirs];
    path = path_join(c->mem, dir, name.text);
    new_folder = folder_of(c->mem, canonical(c->mem, path));
  }
  if (!is_readable(path)) {
    missing_include(c, name, beside);
    return;
  }
  if (!is_new(c, path)) return;
  if (c->paths.len > MAX_FILES || c->depth >= MAX_DEPTH) {
    diag_error(c->d, name.loc, "more than %d files are included, or %d in one another", MAX_FILES, MAX_DEPTH);
    return;
  }
  const ast *included = read_text(c, path);
  c->depth++;
  if (included != NULL) fe_add_source(c, included, new_folder, constants);
  c->depth--;
}

void fe_add_source(fe_context *c, const ast *tree, const char *folder, fe_scope *constants) {
  if (c->paths.len == 0) is_new(c, tree->path);
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *node = tree->items.data[i];
    fe_item item = {.node = node, .folder = folder};
    switch (node->kind) {
    case AST_INCLUDE: include(c, tree, folder, node->name, constants); break;
    case AST_CONST: fe_declare_const(c, constants, node); break;
    case AST_PRESET:
    case AST_SCHEME: add_own(c, node, constants); break;
    case AST_MODEL: vec_push(c->mem, &c->models, item); break;
    case AST_QUANTIZE: vec_push(c->mem, &c->quantize, node); break;
    default: break;
    }
  }
}

// ---- schemes by name ----

// Of a scheme's own file only schemes, rules and constants count, and names that are declared already stay what they are.
static void add_library(fe_context *c, const ast *tree) {
  fe_scope *constants = ARENA_NEW(c->mem, fe_scope);
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *node = tree->items.data[i];
    if (node->kind == AST_CONST) fe_declare_const(c, constants, node);
    bool declares = node->kind == AST_SCHEME || node->kind == AST_PRESET;
    if (declares && find_decl(c, node->name.text) == NULL) add_declaration(c, node, constants);
  }
}

static const char *find_scheme_file(fe_context *c, const char *name) {
  const char *file = arena_printf(c->mem, "%s.q", name);
  for (size_t i = 0; i < c->options->dir_count; i++) {
    const char *path = path_join(c->mem, c->options->dirs[i], file);
    if (is_readable(path)) return path;
  }
  return NULL;
}

const ast *fe_read_scheme_file(fe_context *c, const char *name) {
  const char *path = find_scheme_file(c, name);
  return path != NULL && is_new(c, path) ? read_text(c, path) : NULL;
}

bool fe_load_scheme_file(fe_context *c, const char *name) {
  const ast *tree = fe_read_scheme_file(c, name);
  if (tree != NULL) add_library(c, tree);
  return find_scheme_file(c, name) != NULL;
}

// ---- all names ----

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef VEC(const char *) names;

static void add_folder(fe_context *c, const char *folder, names *out) {
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    size_t length = strlen(entry->d_name);
    if (length < 3 || strcmp(entry->d_name + length - 2, ".q") != 0) continue;
    vec_push(c->mem, out, arena_strndup(c->mem, entry->d_name, length - 2));
  }
  if (dir != NULL) closedir(dir);
}

// The names in all of the folders, sorted, each once.
static size_t sorted_names(fe_context *c, const char *const *dirs, size_t dir_count, const char *const **out) {
  names all = {0};
  for (size_t i = 0; i < dir_count; i++) add_folder(c, dirs[i], &all);
  if (all.len > 0) qsort(all.data, all.len, sizeof *all.data, compare_names);
  size_t count = 0;
  for (size_t i = 0; i < all.len; i++)
    if (i == 0 || !fe_same_text(all.data[i], all.data[count - 1])) all.data[count++] = all.data[i];
  *out = all.data;
  return count;
}

size_t fe_library_names(fe_context *c, const char *const **out) {
  return sorted_names(c, c->options->dirs, c->options->dir_count, out);
}

size_t fe_operator_files(fe_context *c, const char *const **out) {
  VEC(const char *) paths = {0};
  for (size_t i = 0; i < c->options->operator_dir_count; i++) {
    const char *const *found, *dir = c->options->operator_dirs[i];
    size_t count = sorted_names(c, &dir, 1, &found);
    for (size_t k = 0; k < count; k++)
      vec_push(c->mem, &paths, path_join(c->mem, dir, arena_printf(c->mem, "%s.q", found[k])));
  }
  *out = paths.data;
  return paths.len;
}

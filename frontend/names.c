// Scopes, and help with names that are not in them.
#include <string.h>

#include "frontend/sema.h"

bool fe_same_text(const char *a, const char *b) { return strcmp(a, b) == 0; }

// Most scopes are so small that a table would only take memory.
enum { INDEX_FROM = 16 };

static const fe_symbol *find_here(const fe_scope *scope, const char *name) {
  if (scope->symbols.len >= INDEX_FROM) return name_map_get(&scope->index, name);
  for (size_t i = 0; i < scope->symbols.len; i++)
    if (fe_same_text(scope->symbols.data[i]->name, name)) return scope->symbols.data[i];
  return NULL;
}

static void add_to_index(fe_context *c, fe_scope *scope) {
  size_t count = scope->symbols.len;
  if (count < INDEX_FROM) return;
  scope->index.mem = c->mem;
  for (size_t i = count == INDEX_FROM ? 0 : count - 1; i < count; i++)
    name_map_set(&scope->index, scope->symbols.data[i]->name, scope->symbols.data[i]);
}

const fe_symbol *fe_find(const fe_scope *scope, const char *name) {
  for (; scope != NULL; scope = scope->outer) {
    const fe_symbol *found = find_here(scope, name);
    if (found != NULL) return found;
  }
  return NULL;
}

fe_symbol *fe_declare(fe_context *c, fe_scope *scope, fe_symbol symbol) {
  const fe_symbol *other = find_here(scope, symbol.name);
  if (other != NULL) {
    diag_error(c->d, symbol.loc, "the name '%s' is declared twice", symbol.name);
    diag_note(c->d, other->loc, "it is declared here first");
    return NULL;
  }
  fe_symbol *made = ARENA_NEW(c->mem, fe_symbol);
  *made = symbol;
  vec_push(c->mem, &scope->symbols, made);
  add_to_index(c, scope);
  return made;
}

void fe_suggest(fe_context *c, const char *name, const char *const *candidates, size_t count) {
  const char *closest = diag_may_search(c->d) ? diag_closest(name, candidates, count) : NULL;
  if (closest != NULL) diag_hint(c->d, "did you mean '%s'?", closest);
}

void fe_suggest_or_list(fe_context *c, const char *name, const char *const *candidates, size_t count,
                        const char *none) {
  if (!diag_may_search(c->d)) return;
  if (count == 0 || diag_closest(name, candidates, count) != NULL) {
    if (count == 0) diag_hint(c->d, "%s", none);
    fe_suggest(c, name, candidates, count);
    return;
  }
  strbuf all = {.mem = c->mem};
  for (size_t i = 0; i < count; i++) strbuf_printf(&all, "%s%s", i > 0 ? ", " : "", candidates[i]);
  diag_hint(c->d, "there %s %s", count == 1 ? "is" : "are", strbuf_text(&all));
}

void fe_suggest_symbol(fe_context *c, const fe_scope *scope, const char *name) {
  VEC(const char *) names = {0};
  if (!diag_may_search(c->d)) return;
  for (; scope != NULL; scope = scope->outer)
    for (size_t i = 0; i < scope->symbols.len; i++) vec_push(c->mem, &names, scope->symbols.data[i]->name);
  fe_suggest(c, name, names.data, names.len);
}

const ast_arg *fe_find_arg(const ast_args *args, const char *name) {
  for (size_t i = 0; i < args->len; i++)
    if (args->data[i].name.text != NULL && fe_same_text(args->data[i].name.text, name)) return &args->data[i];
  return NULL;
}

static bool check_arg(fe_context *c, const ast_args *args, size_t i, const char *what, const char *const *known,
                      size_t count) {
  const ast_arg *arg = &args->data[i];
  if (fe_find_arg(args, arg->name.text) != arg) {
    diag_error(c->d, arg->name.loc, "'%s' is given twice", arg->name.text);
    return false;
  }
  for (size_t k = 0; k < count; k++)
    if (fe_same_text(known[k], arg->name.text)) return true;
  diag_error(c->d, arg->name.loc, "%s has no '%s'", what, arg->name.text);
  fe_suggest_or_list(c, arg->name.text, known, count, "it has no parameters");
  return false;
}

bool fe_check_args(fe_context *c, const ast_args *args, const char *what, const char *const *known, size_t count) {
  bool ok = true;
  if (args->len > FE_MAX_ARGS || count > FE_MAX_ARGS) {
    const ast_arg *last = args->len > 0 ? &args->data[args->len - 1] : NULL;
    diag_error(c->d, last == NULL ? SRC_NOWHERE : last->name.loc, "%s has more than %d parameters", what, FE_MAX_ARGS);
    return false;
  }
  for (size_t i = 0; i < args->len; i++)
    if (args->data[i].name.text != NULL) ok &= check_arg(c, args, i, what, known, count);
  return ok;
}

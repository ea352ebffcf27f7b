// Every scheme that can be found, made with any parameters: for whoever looks for the scheme that fits, not for one by
// its name.
#include "frontend/sema.h"
#include "frontend/tree.h"

struct fe_library {
  fe_context c;
  diag *quiet; // where attempts report
  VEC(fe_library_scheme) schemes;
};

// ---- what a parameter is for -----------------------------------------------------------------------------

static bool uses_name(const ast_node *of, size_t limit, const ast_expr *e, const char *name);

// A constant of the scheme that is computed from the parameter counts as the parameter. Constants see only those before
// them: the first `limit` members.
static bool constant_uses(const ast_node *of, size_t limit, const char *constant, const char *name) {
  for (size_t i = 0; i < limit; i++) {
    const ast_node *member = of->body.data[i];
    if (member->kind == AST_CONST && fe_same_text(member->name.text, constant))
      return uses_name(of, i, member->value, name);
  }
  return false;
}

static bool uses_name(const ast_node *of, size_t limit, const ast_expr *e, const char *name) {
  if (e == NULL) return false;
  if (e->kind == AST_NAME) return fe_same_text(e->name.text, name) || constant_uses(of, limit, e->name.text, name);
  for (size_t i = 0; i < e->args.len; i++)
    if (uses_name(of, limit, e->args.data[i].value, name)) return true;
  return false;
}

static bool dims_use(const ast_node *of, size_t limit, const ast_args *dims, const char *name) {
  for (size_t i = 0; i < dims->len; i++)
    if (uses_name(of, limit, dims->data[i].value, name)) return true;
  return false;
}

static fe_parameter_role role_of(const ast_node *of, const char *name) {
  fe_parameter_role role = FE_PARAMETER_OTHER;
  for (size_t i = 0; i < of->body.len; i++) {
    const ast_node *member = of->body.data[i];
    if (member->kind != AST_FIELD) continue;
    if (uses_name(of, i, member->per, name)) return FE_PARAMETER_GROUP;
    if (uses_name(of, i, member->type.width, name))
      role = fe_same_text(member->type.name.text, "f") ? FE_PARAMETER_FLOAT : FE_PARAMETER_WIDTH;
    if (role == FE_PARAMETER_OTHER && dims_use(of, i, &member->type.dims, name)) role = FE_PARAMETER_SIZE;
  }
  return role;
}

// ---- the list --------------------------------------------------------------------------------------------

static const char *first_line(arena *a, const char *text) {
  size_t length = 0;
  while (text != NULL && text[length] != '\0' && text[length] != '\n') length++;
  return text == NULL ? "" : arena_strndup(a, text, length);
}

static void add_scheme(fe_library *l, fe_scheme_decl *decl) {
  const ast_node *node = decl->node;
  fe_parameter *parameters = ARENA_ARRAY(l->c.mem, fe_parameter, node->args.len);
  for (size_t i = 0; i < node->args.len; i++) {
    parameters[i].name = node->args.data[i].name.text;
    parameters[i].role = role_of(node, parameters[i].name);
    if (!fe_constant_int(&l->c, decl->constants, node->args.data[i].value, &parameters[i].value)) return;
  }
  fe_library_scheme made = {.name = node->name.text,
                            .summary = first_line(l->c.mem, node->doc),
                            .parameter_count = node->args.len,
                            .parameters = parameters,
                            .decl = decl};
  vec_push(l->c.mem, &l->schemes, made);
}

fe_library *fe_library_open(diag *d, arena *a, const ast *tree, const fe_options *options) {
  static const fe_options no_options = {0};
  fe_library *l = ARENA_NEW(a, fe_library);
  *l = (fe_library){.c = {.d = d, .mem = a, .options = options == NULL ? &no_options : options}};
  l->quiet = diag_new(a, NULL, false);
  if (tree != NULL) fe_add_source(&l->c, tree, "", &l->c.constants);
  const char *const *names;
  size_t count = fe_library_names(&l->c, &names);
  for (size_t i = 0; i < count; i++) fe_load_scheme_file(&l->c, names[i]);
  l->c.d = l->quiet;
  for (size_t i = 0; i < l->c.schemes.len; i++) add_scheme(l, l->c.schemes.data[i]);
  return l;
}

size_t fe_library_count(const fe_library *l) { return l->schemes.len; }
const fe_library_scheme *fe_library_at(const fe_library *l, size_t index) { return &l->schemes.data[index]; }

// ---- instances -------------------------------------------------------------------------------------------

const scheme *fe_library_make(fe_library *l, size_t index, const int64_t *values) {
  const fe_library_scheme *s = &l->schemes.data[index];
  fe_scheme_decl *decl = s->decl;
  ast_args args = {0};
  for (size_t i = 0; values != NULL && i < s->parameter_count; i++) {
    ast_arg arg = {.name = {.text = s->parameters[i].name}, .value = ast_int(l->c.mem, values[i], SRC_NOWHERE)};
    vec_push(l->c.mem, &args, arg);
  }
  decl->broken = false; // of other parameters
  return fe_instantiate(&l->c, decl, &args, SRC_NOWHERE);
}

const scheme *fe_library_find(fe_library *l, const char *text) {
  const ast_expr *reference = fe_parse_reference(l->quiet, l->c.mem, "<format>", text);
  if (reference == NULL) return NULL;
  for (size_t i = 0; i < l->schemes.len; i++)
    if (fe_same_text(l->schemes.data[i].name, reference->name.text)) l->schemes.data[i].decl->broken = false;
  return fe_resolve_scheme(&l->c, reference);
}

// A scheme's declaration and its arguments become a scheme of the IR.
#include <inttypes.h>

#include "frontend/sema.h"

enum { MAX_TABLE_NUMBERS = 1 << 26 };

#define DEFAULT_DENSITY 0.005 // of sparse fields

typedef struct scheme_builder {
  fe_context *c;
  fe_scope scope;
  scheme *out;
  VEC(scheme_field) fields;
  VEC(scheme_table) tables;
  VEC(scheme_layout) layouts;
  VEC(scheme_section) sections;
  const fe_scope *given; // what arguments are made of
  const ast_node *value; // the first `value` there was
  bool ok;               // of fields, tables and constants
  bool failed_transform; // of an input or output
} scheme_builder;

// ---- parameters ----

static void bind_parameter(scheme_builder *b, const ast_arg *parameter, const ast_args *args) {
  const ast_arg *given = fe_find_arg(args, parameter->name.text);
  const fe_scope *scope = given == NULL ? &b->scope : b->given;
  fe_symbol symbol = {.name = parameter->name.text, .kind = FE_SYMBOL_CONST, .loc = parameter->name.loc};
  int64_t value;
  if (fe_constant_int(b->c, scope, given == NULL ? parameter->value : given->value, &value))
    symbol.constant = expr_int(b->c->mem, value, parameter->name.loc);
  else
    b->ok = false;
  b->ok &= fe_declare(b->c, &b->scope, symbol) != NULL;
}

// "q4_g(group=64)": all parameters in declared order.
static const char *instance_name(scheme_builder *b, const ast_node *node) {
  strbuf out = {.mem = b->c->mem};
  strbuf_printf(&out, "%s", node->name.text);
  for (size_t i = 0; i < node->args.len; i++) {
    const fe_symbol *s = fe_find(&b->scope, node->args.data[i].name.text);
    int64_t value = s->constant == NULL ? 0 : s->constant->i;
    strbuf_printf(&out, "%s%s=%" PRId64, i == 0 ? "(" : ",", s->name, value);
  }
  if (node->args.len > 0) strbuf_putc(&out, ')');
  return strbuf_text(&out);
}

static bool bind_parameters(scheme_builder *b, const ast_node *node, const ast_args *args) {
  const char **names = ARENA_ARRAY(b->c->mem, const char *, node->args.len);
  for (size_t i = 0; i < node->args.len; i++) names[i] = node->args.data[i].name.text;
  const char *what = arena_printf(b->c->mem, "the scheme '%s'", node->name.text);
  b->ok = fe_check_args(b->c, args, what, names, node->args.len);
  for (size_t i = 0; i < node->args.len; i++) bind_parameter(b, &node->args.data[i], args);
  return b->ok;
}

// ---- fields and tables ----

static bool build_group(scheme_builder *b, const ast_expr *per, int64_t *out) {
  if (fe_constant_in(b->c, &b->scope, per, "the group", 1, INT32_MAX, out)) return true;
  if (per->kind == AST_NAME && fe_find(&b->scope, per->name.text) == NULL)
    diag_hint(b->c->d, "a field is stored per so many weights, per row, column or tensor, or per [rows, columns]");
  return false;
}

// per [rows, columns], where * stands for all.
static bool build_tile(scheme_builder *b, const ast_expr *per, granularity *out) {
  int64_t sizes[2] = {0};
  bool ok = per->args.len == 2;
  if (!ok) diag_error(b->c->d, per->loc, "a tile has two sizes: [rows, columns], where * stands for all");
  for (size_t i = 0; ok && i < 2; i++) {
    const ast_expr *size = per->args.data[i].value;
    if (size->kind != AST_STAR) ok = fe_constant_in(b->c, &b->scope, size, "the tile", 1, INT32_MAX, &sizes[i]);
  }
  *out = granularity_of((uint64_t)sizes[0], (uint64_t)sizes[1]);
  return ok;
}

static bool build_granularity(scheme_builder *b, const ast_expr *per, granularity *out) {
  int64_t group = 1;
  if (per != NULL && per->kind == AST_NAME && fe_same_text(per->name.text, "row"))
    *out = (granularity){.kind = GRAN_ROW};
  else if (per != NULL && per->kind == AST_NAME && fe_same_text(per->name.text, "tensor"))
    *out = (granularity){.kind = GRAN_TENSOR};
  else if (per != NULL && per->kind == AST_NAME && fe_same_text(per->name.text, "column"))
    *out = granularity_of(0, 1);
  else if (per != NULL && per->kind == AST_LIST)
    return build_tile(b, per, out);
  else if (per != NULL && !build_group(b, per, &group))
    return false;
  else
    *out = (granularity){.kind = group == 1 ? GRAN_WEIGHT : GRAN_GROUP, .group = (uint64_t)group};
  return true;
}

static void declare_with_elements(scheme_builder *b, fe_symbol_kind kind, const ast_node *node, size_t index,
                                  elem_type type, unsigned rank, const uint64_t *dims) {
  fe_symbol symbol = {.name = node->name.text,
                      .kind = kind,
                      .index = (unsigned)index,
                      .is_int = elem_get(type)->kind != ELEM_KIND_FLOAT,
                      .rank = rank,
                      .loc = node->name.loc};
  for (unsigned i = 0; i < rank; i++) symbol.dims[i] = dims[i];
  b->ok &= fe_declare(b->c, &b->scope, symbol) != NULL;
}

// `sparse share`: the share of the elements that float weights keep.
static bool build_sparse(scheme_builder *b, const ast_node *node, scheme_field *f) {
  f->sparse = true;
  f->density = DEFAULT_DENSITY;
  const expr *share = node->value == NULL ? NULL : fe_constant(b->c, &b->scope, node->value);
  if (share != NULL) f->density = fe_literal_real(share);
  if (node->value != NULL && share == NULL) return false;
  if (f->density > 0 && f->density <= 1) return true;
  diag_error(b->c->d, node->value->loc, "the share of a sparse field's elements is above 0 and at most 1, not %g",
             f->density);
  return false;
}

static void build_field(scheme_builder *b, const ast_node *node) {
  scheme_field f = {.name = node->name.text, .type = ELEM_U8, .loc = node->name.loc};
  b->ok &= fe_elem_type(b->c, &b->scope, &node->type, &f.type);
  b->ok &= fe_dims(b->c, &b->scope, &node->type, &f.rank, f.dims);
  b->ok &= build_granularity(b, node->per, &f.gran);
  if (node->word.text != NULL) b->ok &= build_sparse(b, node, &f);
  declare_with_elements(b, FE_SYMBOL_FIELD, node, b->fields.len, f.type, f.rank, f.dims);
  vec_push(b->c->mem, &b->fields, f);
}

// A number of a table, rounded to the table's type.
static double table_number(scheme_builder *b, elem_type type, const ast_expr *e) {
  const expr *value = fe_constant(b->c, &b->scope, e);
  b->ok &= value != NULL;
  if (value == NULL) return 0;
  double number = fe_literal_real(value), rounded = elem_decode(type, elem_encode(type, number));
  bool is_float = elem_get(type)->kind == ELEM_KIND_FLOAT;
  bool fits = is_float ? rounded - rounded == 0 : rounded == number;
  if (!fits) {
    diag_error(b->c->d, e->loc, "%g is not a value of type %s", number, elem_get(type)->name);
    b->ok = false;
  }
  return rounded;
}

static void check_table_size(scheme_builder *b, const ast_node *node, unsigned rank, const uint64_t *dims) {
  uint64_t size = 1;
  for (unsigned i = 0; i < rank; i++) size = size > MAX_TABLE_NUMBERS ? size : size * dims[i];
  if (rank > 0 && size == node->args.len) return;
  if (rank == 0)
    diag_error(b->c->d, node->type.loc, "the table '%s' has no size", node->name.text);
  else
    diag_error(b->c->d, node->type.loc, "the table '%s' has room for %" PRIu64 " numbers, but %zu are given",
               node->name.text, size, node->args.len);
  diag_hint(b->c->d, "its type would be %s[%zu]", node->type.name.text, node->args.len);
  b->ok = false;
}

static void build_table(scheme_builder *b, const ast_node *node) {
  scheme_table t = {.name = node->name.text, .type = ELEM_F32, .count = node->args.len, .loc = node->name.loc};
  unsigned rank = 0;
  uint64_t dims[SCHEME_MAX_RANK] = {0};
  bool typed = fe_elem_type(b->c, &b->scope, &node->type, &t.type);
  if (!typed) t.type = ELEM_F64; // has all numbers: none is reported for not fitting
  bool sized = fe_dims(b->c, &b->scope, &node->type, &rank, dims);
  b->ok &= typed && sized;
  if (sized) check_table_size(b, node, rank, dims);
  double *values = ARENA_ARRAY(b->c->mem, double, t.count);
  for (size_t i = 0; i < t.count; i++) values[i] = table_number(b, t.type, node->args.data[i].value);
  t.values = values;
  declare_with_elements(b, FE_SYMBOL_TABLE, node, b->tables.len, t.type, rank, dims);
  vec_push(b->c->mem, &b->tables, t);
}

static void build_const(scheme_builder *b, const ast_node *node) {
  size_t before = diag_error_count(b->c->d);
  fe_declare_const(b->c, &b->scope, node);
  b->ok &= diag_error_count(b->c->d) == before;
}

static void build_declaration(scheme_builder *b, const ast_node *node) {
  if (node->kind == AST_FIELD) build_field(b, node);
  if (node->kind == AST_TABLE) build_table(b, node);
  if (node->kind == AST_CONST) build_const(b, node);
}

// ---- value and layouts ----

static bool build_value(scheme_builder *b, const ast_node *node) {
  if (b->value != NULL) {
    diag_error(b->c->d, node->loc, "the scheme has two values");
    diag_note(b->c->d, b->value->loc, "the first is here");
    return false;
  }
  b->value = node;
  fe_scope variables = {.outer = b->scope.outer};
  fe_scope scope = b->scope;
  scope.outer = &variables;
  fe_declare(b->c, &variables, (fe_symbol){.name = "k", .kind = FE_SYMBOL_VAR, .index = VAR_K});
  fe_declare(b->c, &variables, (fe_symbol){.name = "n", .kind = FE_SYMBOL_VAR, .index = VAR_N});
  b->out->value = fe_lower(b->c, &scope, FE_USE_VALUE, node->value);
  return b->out->value != NULL;
}

static bool build_transform(scheme_builder *b, const ast_node *node) {
  transform *t = fe_same_text(node->name.text, "input") ? &b->out->input : &b->out->output;
  if (t->steps != NULL) {
    diag_error(b->c->d, node->loc, "the scheme has two of '%s'", node->name.text);
    return false;
  }
  bool ok = fe_build_transform(b->c, &b->scope, node, t);
  b->failed_transform |= !ok;
  return ok;
}

// columns from .. to : scheme(..);
static bool build_section(scheme_builder *b, const ast_node *node) {
  scheme_section c = {.is_rows = fe_same_text(node->name.text, "rows"), .loc = node->loc};
  fe_scope scope = {.outer = &b->scope};
  fe_declare(b->c, &scope, (fe_symbol){.name = "K", .kind = FE_SYMBOL_VAR, .index = VAR_COLUMNS, .loc = node->loc});
  fe_declare(b->c, &scope, (fe_symbol){.name = "N", .kind = FE_SYMBOL_VAR, .index = VAR_ROWS, .loc = node->loc});
  c.from = fe_lower(b->c, &scope, FE_USE_DIMENSION, node->per);
  c.to = fe_lower(b->c, &scope, FE_USE_DIMENSION, node->value);
  c.scheme = fe_resolve_scheme_in(b->c, &b->scope, node->type.width);
  vec_push(b->c->mem, &b->sections, c);
  bool ok = c.from != NULL && c.to != NULL && c.scheme != NULL;
  b->ok &= ok; // the verifier would look into it
  return ok;
}

static bool build_layout(scheme_builder *b, const ast_node *node) {
  scheme_layout layout = {0};
  if (!fe_build_layout(b->c, &b->scope, b->out, node, &layout)) return false;
  vec_push(b->c->mem, &b->layouts, layout);
  return true;
}

// Goes on after errors. False when something was wrong.
static bool build_members(scheme_builder *b, const ast_node *node) {
  bool ok = true;
  for (size_t i = 0; i < node->body.len; i++) build_declaration(b, node->body.data[i]);
  b->out->field_count = b->fields.len;
  b->out->fields = b->fields.data;
  b->out->table_count = b->tables.len;
  b->out->tables = b->tables.data;
  for (size_t i = 0; i < node->body.len; i++) {
    const ast_node *member = node->body.data[i];
    if (member->kind == AST_VALUE) ok &= build_value(b, member);
    if (member->kind == AST_STEPS) ok &= build_transform(b, member);
    if (member->kind == AST_SECTION) ok &= build_section(b, member);
    if (member->kind == AST_LAYOUT && b->ok) ok &= build_layout(b, member);
  }
  b->out->section_count = b->sections.len;
  b->out->sections = b->sections.data;
  b->out->layout_count = b->layouts.len;
  b->out->layouts = b->layouts.data;
  return ok;
}

// The verifier sees what could be built: also a scheme of which one layout is wrong.
static bool verify(scheme_builder *b) {
  bool failed_value = b->value != NULL && b->out->value == NULL;
  if (!b->ok || failed_value || b->failed_transform || !scheme_verify(b->c->d, b->out)) return false;
  bool ok = true;
  for (size_t i = 0; i < b->layouts.len; i++) ok &= fe_check_overlap(b->c, b->out, &b->layouts.data[i]);
  return ok;
}

// ---- instances ----

static const scheme *build_scheme(scheme_builder *b, fe_scheme_decl *decl, src_loc use) {
  size_t before = diag_error_count(b->c->d);
  b->out->loc = decl->node->loc;
  bool ok = build_members(b, decl->node);
  ok = !decl->node->broken && verify(b) && ok; // what is left out would be missing
  if (ok && diag_error_count(b->c->d) == before) {
    b->c->instances.mem = b->c->mem;
    name_map_set(&b->c->instances, b->out->name, b->out);
    return b->out;
  }
  decl->broken = true;
  if (decl->node->args.len > 0 && use.file != 0) diag_note(b->c->d, use, "'%s' is asked for here", b->out->name);
  return NULL;
}

// A scheme whose parts are, in the end, itself.
static bool refuse_part_of_itself(fe_context *c, fe_scheme_decl *decl, src_loc use) {
  diag_error(c->d, use, "the scheme '%s' would be a part of itself", decl->node->name.text);
  decl->broken = true;
  return false;
}

static const scheme *instantiate(fe_context *c, fe_scheme_decl *decl, const fe_scope *given, const ast_args *args,
                                 src_loc use) {
  scheme_builder b = {.c = c, .scope = {.outer = decl->constants}, .given = given};
  if (decl->building && !refuse_part_of_itself(c, decl, use)) return NULL;
  if (!bind_parameters(&b, decl->node, args)) return NULL;
  b.out = ARENA_NEW(c->mem, scheme);
  b.out->name = instance_name(&b, decl->node);
  const scheme *made = name_map_get(&c->instances, b.out->name);
  if (made != NULL || decl->broken) return made;
  decl->building = true;
  made = build_scheme(&b, decl, use);
  decl->building = false;
  return made;
}

const scheme *fe_instantiate(fe_context *c, fe_scheme_decl *decl, const ast_args *args, src_loc use) {
  return instantiate(c, decl, &c->constants, args, use);
}

// ---- finding ----

static fe_scheme_decl *find_declared(const fe_context *c, const char *name) {
  return name_map_get(&c->schemes_by_name, name);
}

bool fe_is_declared_scheme(const fe_context *c, const char *name) { return find_declared(c, name) != NULL; }

fe_scheme_decl *fe_find_scheme_decl(fe_context *c, ast_name name) {
  fe_scheme_decl *decl = find_declared(c, name.text);
  if (decl != NULL) return decl;
  size_t before = diag_error_count(c->d);
  bool found = fe_load_scheme_file(c, name.text);
  decl = find_declared(c, name.text);
  if (decl != NULL || diag_error_count(c->d) > before) return decl;
  if (found && c->has_broken_text) return NULL; // it may be what could not be read
  if (found)
    diag_error(c->d, name.loc, "the file %s.q declares no scheme '%s'", name.text, name.text);
  else
    diag_error(c->d, name.loc, "there is no scheme '%s'", name.text);
  if (!found) fe_suggest_scheme(c, name.text);
  return NULL;
}

static const scheme *instantiate_default(fe_context *c, const char *name) {
  fe_scheme_decl *decl = find_declared(c, name);
  return decl == NULL ? NULL : fe_instantiate(c, decl, &(ast_args){0}, SRC_NOWHERE);
}

const scheme *fe_scheme_of_blocks(fe_context *c, int64_t block_type, const scheme_layout **layout) {
  const char *const *library;
  size_t declared = c->schemes.len, count = fe_library_names(c, &library);
  *layout = NULL;
  for (size_t i = 0; i < declared + count && *layout == NULL; i++) {
    const char *name = i < declared ? c->schemes.data[i]->node->name.text : library[i - declared];
    if (i >= declared) fe_load_scheme_file(c, name);
    const scheme *s = instantiate_default(c, name);
    *layout = s == NULL ? NULL : scheme_typed_layout(s, block_type, NULL);
    if (*layout != NULL) return s;
  }
  return NULL;
}

const scheme *fe_resolve_scheme_in(fe_context *c, const fe_scope *scope, const ast_expr *reference) {
  reference = fe_expand_reference(c, reference);
  if (reference == NULL) return NULL;
  fe_scheme_decl *decl = fe_find_scheme_decl(c, reference->name);
  return decl == NULL ? NULL : instantiate(c, decl, scope, &reference->args, reference->loc);
}

const scheme *fe_resolve_scheme(fe_context *c, const ast_expr *reference) {
  return fe_resolve_scheme_in(c, &c->constants, reference);
}

// Storage layouts: options, stored tensors, and a place for each field.
#include <inttypes.h>

#include "frontend/sema.h"

enum { MAX_BLOCK_WEIGHTS = 4096, MAX_BLOCK_BYTES = 65536, MAX_TYPE_ID = INT32_MAX };

typedef struct layout_builder {
  fe_context *c;
  fe_scope scope; // tensors, K and N
  const scheme *s;
  const ast_node *node;
  scheme_layout *out;
  VEC(layout_tensor) tensors;
  VEC(layout_place) places;
  bool ok;
} layout_builder;

// ---- options ----

static bool option(layout_builder *b, const char *name, int64_t min, int64_t max, int64_t *out) {
  const ast_arg *arg = fe_find_arg(&b->node->args, name);
  if (arg == NULL) return false;
  const char *what = arena_printf(b->c->mem, "'%s'", name);
  b->ok &= fe_constant_in(b->c, &b->scope, arg->value, what, min, max, out);
  return true;
}

static bool has_tensors(const layout_builder *b) {
  for (size_t i = 0; i < b->node->body.len; i++)
    if (b->node->body.data[i]->kind == AST_TENSOR) return true;
  return false;
}

static void build_options(layout_builder *b) {
  static const char *const names[] = {"block", "bytes", "type", "fit", "file_type"};
  int64_t block = 0, bytes = 0, fit = 0;
  b->out->type_id = b->out->file_type = -1;
  const char *what = arena_printf(b->c->mem, "the layout '%s'", b->node->name.text);
  b->ok &= fe_check_args(b->c, &b->node->args, what, names, sizeof names / sizeof *names);
  bool has_block = option(b, "block", 1, MAX_BLOCK_WEIGHTS, &block);
  bool has_bytes = option(b, "bytes", 1, MAX_BLOCK_BYTES, &bytes);
  bool has_type = option(b, "type", 0, MAX_TYPE_ID, &b->out->type_id);
  option(b, "fit", 0, 1, &fit);
  option(b, "file_type", 0, MAX_TYPE_ID, &b->out->file_type);
  b->out->fit = fit == 1;
  b->out->block_weights = (uint64_t)block;
  b->out->block_bytes = (uint64_t)bytes;
  if (has_block == has_bytes && (has_block || !has_type || has_tensors(b))) return;
  diag_error(b->c->d, b->node->loc, "the layout '%s' needs both 'block' and 'bytes', or neither and tensors",
             b->node->name.text);
  diag_hint(b->c->d, "for example layout %s(block = 32, bytes = 18)", b->node->name.text);
  b->ok = false;
}

static bool has_blocks(const layout_builder *b) { return fe_find_arg(&b->node->args, "block") != NULL; }

// ---- stored tensors ----

static bool build_dimensions(layout_builder *b, const ast_node *node, layout_tensor *t) {
  bool ok = true;
  if (node->type.dims.len == 0 || node->type.dims.len > SCHEME_MAX_RANK) {
    diag_error(b->c->d, node->type.loc, "the tensor '%s' needs 1 to %d dimensions", node->name.text, SCHEME_MAX_RANK);
    return false;
  }
  for (t->rank = 0; t->rank < node->type.dims.len; t->rank++) {
    const ast_expr *size = node->type.dims.data[t->rank].value;
    if (size->kind == AST_STAR) continue; // as many as the file has
    t->dims[t->rank] = fe_lower(b->c, &b->scope, FE_USE_DIMENSION, size);
    ok &= t->dims[t->rank] != NULL;
  }
  return ok;
}

static bool check_tensor_type(layout_builder *b, const ast_node *node, elem_type type) {
  if (elem_get(type)->bits % 8 == 0) return true;
  diag_error(b->c->d, node->type.loc, "elements of stored tensors are whole bytes, and %s is not",
             elem_get(type)->name);
  diag_hint(b->c->d, "declare the bytes or words that hold the codes and take them apart with bits(tensor[*, n], at, "
                     "width)");
  return false;
}

// The types that the file may have, and the one that holds all their numbers: one of them, or else f32. Bytes beside floats of
// a byte are the bits of these.
static bool stored_types(layout_builder *b, const ast_node *node, layout_tensor *t) {
  bool ok = true;
  if (node->type.others.len >= LAYOUT_MAX_TYPES) {
    diag_error(b->c->d, node->type.loc, "the tensor '%s' has %zu types; at most %d are possible", t->name,
               node->type.others.len + 1, LAYOUT_MAX_TYPES);
    return false;
  }
  t->stored[t->stored_count++] = t->type;
  for (size_t i = 0; i < node->type.others.len; i++) {
    ast_type other = {.name = node->type.others.data[i], .loc = node->type.others.data[i].loc};
    elem_type type;
    ok &= fe_elem_type(b->c, &b->scope, &other, &type) && check_tensor_type(b, node, type);
    t->stored[t->stored_count++] = type;
  }
  for (unsigned i = 1; i < t->stored_count; i++) {
    if (!layout_type_holds(t->type, t->stored[i]))
      t->type = layout_type_holds(t->stored[i], t->type) ? t->stored[i] : ELEM_F32;
  }
  for (unsigned i = 0; ok && i < t->stored_count; i++) {
    if (layout_type_holds(t->type, t->stored[i])) continue;
    diag_error(b->c->d, node->type.loc, "no one type holds the numbers of all the types of '%s'", t->name);
    t->type = t->stored[0]; // so that its places can be looked at
    return false;
  }
  return ok;
}

static void build_tensor(layout_builder *b, const ast_node *node) {
  layout_tensor t = {.name = node->name.text, .suffix = node->suffix.text, .loc = node->name.loc};
  if (has_blocks(b)) {
    diag_error(b->c->d, node->loc, "a layout of blocks has no separate tensors");
    b->ok = false;
    return;
  }
  b->ok &= fe_elem_type(b->c, &b->scope, &node->type, &t.type) && check_tensor_type(b, node, t.type);
  if (node->type.others.len > 0) b->ok &= stored_types(b, node, &t);
  b->ok &= build_dimensions(b, node, &t);
  if (t.suffix == NULL) t.suffix = arena_printf(b->c->mem, ".%s", t.name);
  fe_symbol symbol = {.name = t.name, .kind = FE_SYMBOL_TENSOR, .index = (unsigned)b->tensors.len, .loc = t.loc};
  symbol.rank = t.rank;
  b->ok &= fe_declare(b->c, &b->scope, symbol) != NULL;
  vec_push(b->c->mem, &b->tensors, t);
}

// ---- places ----

// The indices that a place of each kind of field binds, for messages.
static const char *tensor_binders(const granularity *g) {
  static const char *const names[2][2] = {{"", "k"}, {"n", "n, k"}};
  if (g->kind == GRAN_GROUP || (g->kind == GRAN_TILE && g->group > 1))
    return g->rows == 0 && g->kind == GRAN_TILE ? "g" : "n, g";
  return names[granularity_rows(g) != 0][granularity_columns(g) != 0];
}

// Whether the field is stored as a list: there is a line `field.column[i] = ..`, or one like it.
static bool is_list(const layout_builder *b, const scheme_field *f) {
  for (size_t i = 0; i < b->node->body.len; i++) {
    const ast_node *node = b->node->body.data[i];
    if (node->kind == AST_PLACE && node->suffix.text != NULL && fe_same_text(node->name.text, f->name)) return true;
  }
  return false;
}

static const char *binder_form(const layout_builder *b, const scheme_field *f) {
  const char *first = has_blocks(b) || is_list(b, f) ? "i" : tensor_binders(&f->gran);
  const char *comma = f->rank > 0 && first[0] != '\0' ? ", " : "";
  return arena_printf(b->c->mem, "[%s%s%s]", first, comma, f->rank > 0 ? "e" : "");
}

static unsigned binder_count(const layout_builder *b, const scheme_field *f) {
  if (is_list(b, f)) return f->rank > 0 ? 2 : 1;
  unsigned count = (granularity_rows(&f->gran) != 0 ? 1u : 0u) + (granularity_columns(&f->gran) != 0 ? 1u : 0u);
  return (has_blocks(b) ? 1u : count) + (f->rank > 0 ? 1u : 0u);
}

// A field with one element (or one table) in the block needs no index for it. Fields that cannot lie in a block at all
// are left to the verifier.
static bool is_alone_in_block(const layout_builder *b, const scheme_field *f) {
  if (!has_blocks(b)) return false;
  return f->gran.kind == GRAN_ROW || f->gran.kind == GRAN_TENSOR ||
         (f->gran.kind == GRAN_GROUP && f->gran.group == b->out->block_weights);
}

static bool check_binders(layout_builder *b, const scheme_field *f, const ast_node *node) {
  unsigned expected = binder_count(b, f);
  if (node->binders.len == expected) return true;
  const char *form = binder_form(b, f);
  if (fe_same_text(form, "[]")) {
    diag_error(b->c->d, node->name.loc, "the place of '%s' binds no index: there is one for the whole tensor", f->name);
    return false;
  }
  diag_error(b->c->d, node->name.loc, "the place of '%s' must bind the indices %s", f->name, form);
  if (has_blocks(b))
    diag_hint(b->c->d, "i counts the elements of the field in a block%s", f->rank > 0 ? ", e those of its table" : "");
  else
    diag_hint(b->c->d, "n is the row, then the element within the row%s", f->rank > 0 ? ", e within its table" : "");
  return false;
}

static bool bind_indices(layout_builder *b, const scheme_field *f, const ast_node *node, fe_scope *scope,
                         layout_place *out) {
  bool omitted = is_alone_in_block(b, f) && node->binders.len + 1 == binder_count(b, f);
  bool ok = omitted || check_binders(b, f, node);
  if (omitted) out->binder_names[out->binder_count++] = "_";
  for (size_t i = 0; i < node->binders.len && out->binder_count < 3; i++) {
    fe_symbol symbol = {.name = node->binders.data[i].text,
                        .kind = FE_SYMBOL_VAR,
                        .index = VAR_BINDER0 + out->binder_count,
                        .loc = node->binders.data[i].loc};
    ok &= fe_declare(b->c, scope, symbol) != NULL;
    out->binder_names[out->binder_count++] = symbol.name;
  }
  return ok;
}

static bool reads_tensor(const expr *e, unsigned tensor) {
  bool reads = (e->op == EXPR_LOAD || expr_line_args(e->op) > 0) && e->index == tensor;
  for (unsigned i = 0; !reads && i < e->arg_count; i++) reads = reads_tensor(e->args[i], tensor);
  return reads;
}

// The numbers of a tensor are widened to what one place copies them to; others see them as they are declared. Of several
// types those remain whose numbers the field has.
static bool widen_tensor(layout_builder *b, const scheme_field *f, layout_tensor *t, unsigned index) {
  bool is_read = false;
  for (size_t i = 0; i < b->places.len; i++) is_read |= reads_tensor(b->places.data[i].raw, index);
  if (is_read) return false;
  if (t->stored_count == 0) t->stored[t->stored_count++] = t->type;
  unsigned count = 0;
  for (unsigned i = 0; i < t->stored_count; i++)
    if (elem_holds(f->type, t->stored[i])) t->stored[count++] = t->stored[i];
  if (count == 0) return false;
  t->stored_count = count;
  t->type = f->type;
  return true;
}

// A float field's bits are copied: a stored tensor of another float type would be misread, unless it can be widened.
static bool check_copied_type(layout_builder *b, const scheme_field *f, const expr *raw) {
  if (raw->op != EXPR_LOAD || raw->index >= b->tensors.len) return true;
  layout_tensor *t = &b->tensors.data[raw->index];
  bool is_float = elem_get(t->type)->kind == ELEM_KIND_FLOAT || elem_get(f->type)->kind == ELEM_KIND_FLOAT;
  if (!is_float || t->type == f->type || elem_get(t->type)->kind != ELEM_KIND_FLOAT) return true;
  if (elem_get(f->type)->kind == ELEM_KIND_FLOAT && widen_tensor(b, f, t, raw->index)) return true;
  diag_error(b->c->d, raw->loc, "the tensor '%s' has %s numbers, but the field '%s' is %s", t->name,
             elem_get(t->type)->name, f->name, elem_get(f->type)->name);
  diag_hint(b->c->d, "a place copies numbers; the type of the field must have all those of the tensor");
  return false;
}

static const scheme_field *find_field(layout_builder *b, const ast_node *node, unsigned *index) {
  const char **names = ARENA_ARRAY(b->c->mem, const char *, b->s->field_count);
  for (size_t i = 0; i < b->s->field_count; i++) {
    names[i] = b->s->fields[i].name;
    *index = (unsigned)i;
    if (fe_same_text(names[i], node->name.text)) return &b->s->fields[i];
  }
  diag_error(b->c->d, node->name.loc, "the scheme has no field '%s'", node->name.text);
  fe_suggest(b->c, node->name.text, names, b->s->field_count);
  return NULL;
}

static bool check_second_place(layout_builder *b, const layout_place *place, const char *name) {
  for (size_t i = 0; i < b->places.len; i++) {
    if (b->places.data[i].field != place->field) continue;
    diag_error(b->c->d, place->loc, "the field '%s' has two places", name);
    diag_note(b->c->d, b->places.data[i].loc, "the first is here");
    return false;
  }
  return true;
}

static bool build_place(layout_builder *b, const ast_node *node) {
  layout_place place = {.loc = node->name.loc};
  const scheme_field *f = find_field(b, node, &place.field);
  if (f == NULL) return false;
  fe_scope scope = {.outer = &b->scope};
  bool ok = check_second_place(b, &place, f->name);
  ok &= bind_indices(b, f, node, &scope, &place);
  if (ok) place.raw = fe_lower(b->c, &scope, has_blocks(b) ? FE_USE_BLOCK : FE_USE_TENSORS, node->value);
  if (place.raw == NULL || !check_copied_type(b, f, place.raw)) return false;
  vec_push(b->c->mem, &b->places, place);
  return true;
}

// field.column[i], field.row[i], field.first[n]
static bool build_list_place(layout_builder *b, const ast_node *node) {
  static const char *const names[] = {"column", "row", "first"};
  layout_place *place = NULL;
  unsigned index;
  const scheme_field *f = find_field(b, node, &index);
  for (size_t i = 0; f != NULL && i < b->places.len; i++)
    if (b->places.data[i].field == index) place = &b->places.data[i];
  if (place == NULL) {
    if (f != NULL)
      diag_error(b->c->d, node->name.loc, "the list of '%s' has no place %s[i] for its numbers", f->name, f->name);
    return false;
  }
  const expr **const all[] = {&place->column, &place->row, &place->first}, **to = NULL;
  for (size_t i = 0; i < 3; i++)
    if (fe_same_text(node->suffix.text, names[i])) to = all[i];
  if (to == NULL) {
    diag_error(b->c->d, node->suffix.loc, "a list has no '%s'", node->suffix.text);
    fe_suggest(b->c, node->suffix.text, names, 3);
    return false;
  }
  if (*to != NULL || node->binders.len != 1) {
    diag_error(b->c->d, node->loc, "'%s.%s' is given once, with one index", f->name, node->suffix.text);
    return false;
  }
  fe_scope scope = {.outer = &b->scope};
  fe_declare(
      b->c, &scope,
      (fe_symbol){.name = node->binders.data[0].text, .kind = FE_SYMBOL_VAR, .index = VAR_BINDER0, .loc = node->loc});
  *to = fe_lower(b->c, &scope, FE_USE_TENSORS, node->value);
  return *to != NULL;
}

// ---- the layout ----

bool fe_build_layout(fe_context *c, const fe_scope *scope, const scheme *s, const ast_node *node, scheme_layout *out) {
  layout_builder b = {.c = c, .scope = {.outer = scope}, .s = s, .node = node, .out = out, .ok = true};
  *out = (scheme_layout){.name = node->name.text, .loc = node->loc};
  build_options(&b);
  if (!b.ok) return false; // the places would be taken for those of the other kind
  if (!has_blocks(&b)) {
    fe_declare(c, &b.scope, (fe_symbol){.name = "K", .kind = FE_SYMBOL_VAR, .index = VAR_COLUMNS, .loc = node->loc});
    fe_declare(c, &b.scope, (fe_symbol){.name = "N", .kind = FE_SYMBOL_VAR, .index = VAR_ROWS, .loc = node->loc});
  }
  for (size_t i = 0; i < node->body.len; i++)
    if (node->body.data[i]->kind == AST_TENSOR) build_tensor(&b, node->body.data[i]);
  for (size_t i = 0; i < node->body.len; i++)
    if (node->body.data[i]->kind == AST_PLACE && node->body.data[i]->suffix.text == NULL)
      b.ok &= build_place(&b, node->body.data[i]);
  for (size_t i = 0; i < node->body.len; i++)
    if (node->body.data[i]->kind == AST_PLACE && node->body.data[i]->suffix.text != NULL)
      b.ok &= build_list_place(&b, node->body.data[i]);
  out->tensor_count = b.tensors.len;
  out->tensors = b.tensors.data;
  out->place_count = b.places.len;
  out->places = b.places.data;
  return b.ok;
}

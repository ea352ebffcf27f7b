// Schemes, layouts and expressions from the parse tree.
#include <string.h>

#include "format/transform.h"
#include "ir/read.h"

// ---- names -----------------------------------------------------------------------------------------------

// A symbol that `found` is the number of, or a number as it is.
static bool read_ref(reader *r, const node *n, unsigned found, const char *kind, unsigned *out) {
  if (n->kind == NODE_INT) return read_uint(r, n, out);
  if (n->kind != NODE_SYMBOL) return read_fail(r, n->loc, "expected the name or number of a %s", kind);
  if (found == UINT32_MAX) return read_fail(r, n->loc, "there is no %s '%s'", kind, n->text);
  *out = found;
  return true;
}

bool read_field_ref(reader *r, const scheme *s, const node *n, unsigned *out) {
  return read_ref(r, n, scheme_field_by_name(s, n->text), "field", out);
}

// ---- expressions -----------------------------------------------------------------------------------------

static bool read_args(reader *r, const expr_scope *scope, const node *list, const expr *const **out) {
  const expr **args = ARENA_ARRAY(r->mem, const expr *, list->items.len);
  for (size_t i = 0; i < list->items.len; i++)
    if (!read_expr(r, scope, list->items.data[i], &args[i])) return false;
  *out = args;
  return true;
}

static bool is_operator(expr_op op) {
  bool leaf = op == EXPR_INT || op == EXPR_REAL || op == EXPR_FIELD || op == EXPR_VAR;
  bool named = op == EXPR_TABLE || op == EXPR_ELEMENT || op == EXPR_LOAD || expr_line_args(op) > 0 ||
               op == EXPR_FLOAT || op == EXPR_ROUND || op == EXPR_WINDOW;
  return op != EXPR_COUNT && !leaf && !named;
}

static bool read_operator(reader *r, const expr_scope *scope, const node *n, const expr **out) {
  const node *name = n->items.data[0];
  const node *list = n->items.data[1];
  expr_op op = expr_op_by_name(name->text);
  const expr *const *args;
  if (!is_operator(op)) return read_fail(r, name->loc, "'%s' is no operator", name->text);
  int wanted = expr_get_info(op)->arg_count;
  if (wanted >= 0 && list->items.len != (size_t)wanted)
    return read_fail(r, n->loc, "'%s' takes %d arguments, not %zu", name->text, wanted, list->items.len);
  if (!read_args(r, scope, list, &args)) return false;
  *out = expr_make(r->mem, op, 0, 0, list->items.len, args, n->loc);
  return true;
}

static unsigned float_type(const node *target) {
  elem_type type = target->text == NULL ? ELEM_COUNT : elem_by_name(target->text);
  return type == ELEM_COUNT || elem_get(type)->kind != ELEM_KIND_FLOAT ? UINT32_MAX : (unsigned)type;
}

// `named` is what comes before the parentheses: table @level, element @book, load @qweight, stream @g_idx/1.
static bool read_named_index(reader *r, const expr_scope *scope, const node *named, expr_op op, unsigned *out) {
  const node *target = named->items.data[1];
  if (op == EXPR_TABLE) return read_ref(r, target, scheme_table_by_name(scope->scheme, target->text), "table", out);
  if (op == EXPR_FLOAT || op == EXPR_ROUND) return read_ref(r, target, float_type(target), "float type", out);
  if (op == EXPR_FIELD || op == EXPR_ELEMENT || op == EXPR_WINDOW) return read_field_ref(r, scope->scheme, target, out);
  unsigned tensor = scope->layout == NULL ? UINT32_MAX : layout_tensor_by_name(scope->layout, target->text);
  return read_ref(r, target, tensor, "tensor of the layout", out);
}

static bool read_stored_int(reader *r, const expr_scope *scope, const node *named, expr_op op, unsigned index) {
  (void)r;
  return expr_stored_as_int(scope->scheme, &(expr){.op = op, .index = index}) != named->bang;
}

static bool read_lookup(reader *r, const expr_scope *scope, const node *n, const expr **out) {
  const node *named = n->items.data[0];
  const node *list = n->items.data[1];
  expr_op op = expr_op_by_name(named->items.data[0]->text);
  unsigned index, axis = 0;
  const expr *const *args;
  bool stored = op == EXPR_TABLE || op == EXPR_ELEMENT;
  bool of_line = expr_line_args(op) > 0;
  if (op == EXPR_COUNT ||
      (!stored && op != EXPR_LOAD && !of_line && op != EXPR_FLOAT && op != EXPR_ROUND && op != EXPR_WINDOW))
    return read_fail(r, n->loc,
                     "expected table, element, load, stream, order, find, rank, float or window before the name");
  if (!read_named_index(r, scope, named, op, &index) || !read_args(r, scope, list, &args)) return false;
  int wanted = expr_get_info(op)->arg_count;
  if (wanted >= 0 && list->items.len != (size_t)wanted)
    return read_fail(r, n->loc, "'%s' takes %d arguments, not %zu", expr_get_info(op)->name, wanted, list->items.len);
  if (of_line && named->items.len < 3)
    return read_fail(r, n->loc, "a %s needs its axis: %s @name/axis", expr_get_info(op)->name, expr_get_info(op)->name);
  if (named->items.len > 2 && !read_uint(r, named->items.data[2], &axis)) return false;
  *out = stored ? expr_lookup(r->mem, op, index, read_stored_int(r, scope, named, op, index), args[0], n->loc)
                : expr_make(r->mem, op, index, axis, list->items.len, args, n->loc);
  return true;
}

static bool read_field_leaf(reader *r, const expr_scope *scope, const node *n, const expr **out) {
  unsigned index = 0;
  if (!node_is_word(n->items.data[0], "field")) return read_fail(r, n->loc, "expected 'field' before the name");
  if (!read_named_index(r, scope, n, EXPR_FIELD, &index)) return false;
  *out = expr_leaf(r->mem, EXPR_FIELD, index, read_stored_int(r, scope, n, EXPR_FIELD, index), n->loc);
  return true;
}

static bool read_var(reader *r, const node *n, const expr **out) {
  static const char *const names[] = EXPR_VAR_NAMES;
  for (unsigned i = 0; i <= VAR_COLUMNS; i++) {
    if (strcmp(names[i], n->text) != 0) continue;
    *out = expr_leaf(r->mem, EXPR_VAR, i, true, n->loc);
    return true;
  }
  return read_fail(r, n->loc, "there is no variable '%s'", n->text);
}

static bool read_binder(reader *r, const expr_scope *scope, const node *n, const expr **out) {
  unsigned binder = scope->place == NULL ? UINT32_MAX : place_binder_by_name(scope->place, n->text);
  if (binder == UINT32_MAX) return read_fail(r, n->loc, "%%%s is no index of this place", n->text);
  *out = expr_leaf(r->mem, EXPR_VAR, VAR_BINDER0 + binder, true, n->loc);
  return true;
}

static bool read_int_leaf(reader *r, const node *n, const expr **out) {
  int64_t value;
  if (!read_i64(r, n, &value)) return false;
  *out = expr_int(r->mem, value, n->loc);
  return true;
}

bool read_expr(reader *r, const expr_scope *scope, const node *n, const expr **out) {
  switch (n->kind) {
  case NODE_INT: return read_int_leaf(r, n, out);
  case NODE_REAL: return *out = expr_real(r->mem, n->real, n->loc), true;
  case NODE_WORD: return read_var(r, n, out);
  case NODE_VALUE: return read_binder(r, scope, n, out);
  case NODE_NAMED: return read_field_leaf(r, scope, n, out);
  case NODE_CALL:
    return n->items.data[0]->kind == NODE_NAMED ? read_lookup(r, scope, n, out) : read_operator(r, scope, n, out);
  default: return read_fail(r, n->loc, "expected an expression");
  }
}

// ---- fields and tables -----------------------------------------------------------------------------------

static bool read_grain(reader *r, const node *n, granularity *out) {
  static const struct {
    const char *word;
    granularity grain;
  } grains[] = {
      {"weight", {.kind = GRAN_WEIGHT, .group = 1}}, {"row", {.kind = GRAN_ROW}}, {"tensor", {.kind = GRAN_TENSOR}}};
  for (size_t i = 0; i < sizeof grains / sizeof grains[0]; i++) {
    if (!node_is_word(n, grains[i].word)) continue;
    *out = grains[i].grain;
    return true;
  }
  if (n->kind == NODE_LIST && n->items.len == 2) {
    *out = (granularity){.kind = GRAN_TILE};
    return read_u64(r, n->items.data[0], &out->rows) && read_u64(r, n->items.data[1], &out->group);
  }
  *out = (granularity){.kind = GRAN_GROUP};
  if (n->kind != NODE_INT)
    return read_fail(r, n->loc, "expected weight, row, tensor, a number of weights or [rows, columns]");
  return read_u64(r, n, &out->group);
}

static bool read_field(reader *r, const node *n, scheme_field *out) {
  const node *dims = n->items.data[2];
  *out = (scheme_field){.name = n->items.data[0]->text, .loc = n->loc};
  if (dims->items.len > SCHEME_MAX_RANK) return read_fail(r, dims->loc, "a field has at most 4 dimensions");
  out->rank = (unsigned)dims->items.len;
  for (size_t i = 0; i < dims->items.len; i++)
    if (!read_u64(r, dims->items.data[i], &out->dims[i])) return false;
  out->sparse = n->items.len > 4;
  if (out->sparse) out->density = n->items.data[4]->real;
  return read_elem(r, n->items.data[1], &out->type) && read_grain(r, n->items.data[3], &out->gran);
}

static bool read_table(reader *r, const node *n, scheme_table *out) {
  *out = (scheme_table){.name = n->items.data[0]->text, .loc = n->loc};
  return read_elem(r, n->items.data[1], &out->type) && read_reals(r, n->items.data[2], &out->values, &out->count);
}

// ---- layouts ---------------------------------------------------------------------------------------------

static bool read_tensor(reader *r, const expr_scope *scope, const node *n, layout_tensor *out) {
  const node *dims = n->items.data[3], *stored = n->items.data[4];
  *out = (layout_tensor){.name = n->items.data[0]->text, .suffix = n->items.data[1]->text, .loc = n->loc};
  if (dims->items.len > SCHEME_MAX_RANK) return read_fail(r, dims->loc, "a tensor has at most 4 dimensions");
  out->rank = (unsigned)dims->items.len;
  for (size_t i = 0; i < dims->items.len; i++)
    if (!node_is_word(dims->items.data[i], "any") && !read_expr(r, scope, dims->items.data[i], &out->dims[i]))
      return false;
  if (stored->items.len > LAYOUT_MAX_TYPES)
    return read_fail(r, stored->loc, "a tensor has at most %d types", LAYOUT_MAX_TYPES);
  for (size_t i = 0; i < stored->items.len; i++)
    if (!read_elem(r, stored->items.data[i], &out->stored[out->stored_count++])) return false;
  return read_elem(r, n->items.data[2], &out->type);
}

static bool read_list_places(reader *r, const expr_scope *scope, const node *entries, layout_place *out) {
  const struct {
    const char *name;
    const expr **e;
  } all[] = {{"column", &out->column}, {"row", &out->row}, {"first", &out->first}};
  for (size_t i = 0; i < entries->items.len; i++) {
    const node *entry = entries->items.data[i];
    const expr **to = NULL;
    for (size_t j = 0; j < sizeof all / sizeof all[0]; j++)
      if (node_is_word(entry->items.data[0], all[j].name)) to = all[j].e;
    if (to == NULL || *to != NULL) return read_fail(r, entry->loc, "expected one column, and one row or first");
    if (!read_expr(r, scope, entry->items.data[1], to)) return false;
  }
  return true;
}

static bool read_place(reader *r, const expr_scope *outer, const node *n, layout_place *out) {
  const node *binders = n->items.data[1];
  expr_scope scope = *outer;
  *out = (layout_place){.loc = n->loc};
  if (binders->items.len > 3) return read_fail(r, binders->loc, "a place has at most 3 indices");
  out->binder_count = (unsigned)binders->items.len;
  for (size_t i = 0; i < binders->items.len; i++) out->binder_names[i] = binders->items.data[i]->text;
  scope.place = out;
  return read_field_ref(r, scope.scheme, n->items.data[0], &out->field) &&
         read_expr(r, &scope, n->items.data[2], &out->raw) &&
         (n->items.len < 4 || read_list_places(r, &scope, n->items.data[3], out));
}

// Tensors come before places in a layout, so that places can name them wherever they stand.
static bool read_layout_items(reader *r, expr_scope *scope, const node *items, scheme_layout *out) {
  layout_tensor *tensors = ARENA_ARRAY(r->mem, layout_tensor, items->items.len);
  layout_place *places = ARENA_ARRAY(r->mem, layout_place, items->items.len);
  bool ok = true;
  out->tensors = tensors;
  out->places = places;
  for (size_t i = 0; i < items->items.len; i++) {
    const node *item = items->items.data[i];
    if (item->kind == NODE_TENSOR) ok = read_tensor(r, scope, item, &tensors[out->tensor_count++]) && ok;
  }
  for (size_t i = 0; i < items->items.len; i++) {
    const node *item = items->items.data[i];
    if (item->kind == NODE_PLACE) ok = read_place(r, scope, item, &places[out->place_count++]) && ok;
  }
  return ok;
}

static bool read_layout(reader *r, const scheme *s, const node *n, scheme_layout *out) {
  *out = (scheme_layout){.name = n->items.data[0]->text, .loc = n->loc, .file_type = -1};
  expr_scope scope = {.scheme = s, .layout = out};
  out->fit = n->items.len > 5;
  if (out->fit && !node_is_word(n->items.data[5], "fit"))
    return read_fail(r, n->items.data[5]->loc, "expected fit, or the places of the layout");
  return read_u64(r, n->items.data[1], &out->block_weights) && read_u64(r, n->items.data[2], &out->block_bytes) &&
         read_i64(r, n->items.data[3], &out->type_id) && read_layout_items(r, &scope, n->items.data[4], out);
}

// ---- input and output ------------------------------------------------------------------------------------

static bool read_step(reader *r, const scheme *s, const node *n, transform_step *out) {
  bool is_call = n->kind == NODE_CALL && n->items.data[0]->kind == NODE_WORD && n->items.data[1]->items.len == 1;
  if (!is_call) return read_fail(r, n->loc, "expected a step with one argument, such as hadamard(64)");
  const node *arg = n->items.data[1]->items.data[0];
  *out = (transform_step){.kind = transform_kind_by_name(n->items.data[0]->text), .loc = n->loc};
  if (out->kind == TRANSFORM_COUNT) return read_fail(r, n->loc, "there is no step '%s'", n->items.data[0]->text);
  return TRANSFORM_HAS_FACTOR(out->kind) ? read_expr(r, &(expr_scope){.scheme = s}, arg, &out->factor)
                                         : read_u64(r, arg, &out->block);
}

static bool read_transform(reader *r, scheme *s, const node *n) {
  const node *name = n->items.data[0], *list = n->items.data[1];
  bool input = node_is_word(name, "input"), ok = true;
  if (!input && !node_is_word(name, "output")) return read_fail(r, name->loc, "a scheme has no '%s'", name->text);
  transform *t = input ? &s->input : &s->output;
  if (t->count > 0) return read_fail(r, n->loc, "scheme '%s' has two of '%s'", s->name, name->text);
  transform_step *steps = ARENA_ARRAY(r->mem, transform_step, list->items.len);
  for (size_t i = 0; i < list->items.len; i++) ok = read_step(r, s, list->items.data[i], &steps[i]) && ok;
  *t = (transform){.count = list->items.len, .steps = steps};
  return ok;
}

// ---- the scheme ------------------------------------------------------------------------------------------

static bool read_stored(reader *r, const node *items, scheme *s) {
  scheme_field *fields = ARENA_ARRAY(r->mem, scheme_field, items->items.len);
  scheme_table *tables = ARENA_ARRAY(r->mem, scheme_table, items->items.len);
  bool ok = true;
  s->fields = fields;
  s->tables = tables;
  for (size_t i = 0; i < items->items.len; i++) {
    const node *item = items->items.data[i];
    if (item->kind == NODE_FIELD) ok = read_field(r, item, &fields[s->field_count++]) && ok;
    if (item->kind == NODE_TABLE) ok = read_table(r, item, &tables[s->table_count++]) && ok;
  }
  return ok;
}

static bool read_section(reader *r, const scheme *s, const node *n, scheme_section *out) {
  const node *axis = n->items.data[0], *bounds = n->items.data[1], *name = n->items.data[2];
  expr_scope scope = {.scheme = s};
  *out = (scheme_section){.is_rows = node_is_word(axis, "rows"), .loc = n->loc};
  if (!out->is_rows && !node_is_word(axis, "columns")) return read_fail(r, axis->loc, "expected rows or columns");
  if (bounds->items.len != 2) return read_fail(r, bounds->loc, "a section has two bounds");
  out->scheme = ir_find_scheme(r->m, name->text);
  if (out->scheme == NULL) return read_fail(r, name->loc, "there is no scheme '%s' before this", name->text);
  return read_expr(r, &scope, bounds->items.data[0], &out->from) &&
         read_expr(r, &scope, bounds->items.data[1], &out->to);
}

static bool read_sections(reader *r, const node *items, scheme *s) {
  scheme_section *sections = ARENA_ARRAY(r->mem, scheme_section, items->items.len);
  bool ok = true;
  s->sections = sections;
  for (size_t i = 0; i < items->items.len; i++) {
    const node *item = items->items.data[i];
    if (item->kind == NODE_SECTION) ok = read_section(r, s, item, &sections[s->section_count++]) && ok;
  }
  return ok;
}

static bool read_meaning(reader *r, const node *items, scheme *s) {
  scheme_layout *layouts = ARENA_ARRAY(r->mem, scheme_layout, items->items.len);
  bool ok = true;
  s->layouts = layouts;
  for (size_t i = 0; i < items->items.len; i++) {
    const node *item = items->items.data[i];
    if (item->kind == NODE_STEPS) ok = read_transform(r, s, item) && ok;
    if (item->kind == NODE_LAYOUT) ok = read_layout(r, s, item, &layouts[s->layout_count++]) && ok;
    if (item->kind != NODE_MEANING) continue;
    if (s->value != NULL) ok = read_fail(r, item->loc, "scheme '%s' has two values", s->name);
    ok = read_expr(r, &(expr_scope){.scheme = s}, item->items.data[0], &s->value) && ok;
  }
  return ok && (s->value != NULL || s->section_count > 0 ||
                read_fail(r, s->loc, "scheme '%s' does not say what a weight's value is", s->name));
}

bool read_scheme(reader *r, const node *n) {
  scheme *s = ARENA_NEW(r->mem, scheme);
  const node *items = n->items.data[1];
  s->name = n->items.data[0]->text;
  s->loc = n->loc;
  if (!read_stored(r, items, s) || !read_sections(r, items, s) || !read_meaning(r, items, s)) return false;
  vec_push(r->mem, &r->m->schemes, s);
  return true;
}

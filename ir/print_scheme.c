// Schemes, their layouts and expressions as text.
#include <string.h>

#include "format/transform.h"
#include "ir/print.h"
#include "support/text.h"

// ---- names -----------------------------------------------------------------------------------------------

static void put_symbol(strbuf *out, const char *name) {
  strbuf_putc(out, '@');
  text_name(out, name);
}

void print_field_ref(strbuf *out, const scheme *s, unsigned index) {
  if (scheme_field_by_name(s, index < s->field_count ? s->fields[index].name : "") == index)
    put_symbol(out, s->fields[index].name);
  else
    strbuf_printf(out, "%u", index);
}

static void print_table_ref(strbuf *out, const scheme *s, unsigned index) {
  if (scheme_table_by_name(s, index < s->table_count ? s->tables[index].name : "") == index)
    put_symbol(out, s->tables[index].name);
  else
    strbuf_printf(out, "%u", index);
}

static void print_tensor_ref(strbuf *out, const scheme_layout *l, unsigned index) {
  if (l != NULL && layout_tensor_by_name(l, index < l->tensor_count ? l->tensors[index].name : "") == index)
    put_symbol(out, l->tensors[index].name);
  else
    strbuf_printf(out, "%u", index);
}

// ---- expressions -----------------------------------------------------------------------------------------

static void print_var(strbuf *out, const expr_scope *scope, const expr *e) {
  static const char *const names[] = EXPR_VAR_NAMES;
  unsigned binder = e->index - VAR_BINDER0;
  bool in_place = scope->place != NULL && e->index >= VAR_BINDER0 && binder < scope->place->binder_count;
  if (in_place && place_binder_by_name(scope->place, scope->place->binder_names[binder]) == binder) {
    strbuf_putc(out, '%');
    text_value_name(out, scope->place->binder_names[binder]);
  } else {
    strbuf_printf(out, "%s", names[e->index <= VAR_COLUMNS ? e->index : VAR_COLUMNS]);
  }
}

static void print_stored(strbuf *out, const expr_scope *scope, const expr *e) {
  strbuf_printf(out, "%s ", expr_get_info(e->op)->name);
  if (e->op == EXPR_TABLE)
    print_table_ref(out, scope->scheme, e->index);
  else
    print_field_ref(out, scope->scheme, e->index);
  if (e->is_int != expr_stored_as_int(scope->scheme, e)) strbuf_putc(out, '!');
}

static void print_head(strbuf *out, const expr_scope *scope, const expr *e) {
  if (e->op == EXPR_FIELD || e->op == EXPR_TABLE || e->op == EXPR_ELEMENT) {
    print_stored(out, scope, e);
    return;
  }
  strbuf_printf(out, "%s", expr_get_info(e->op)->name);
  if (e->op == EXPR_FLOAT || e->op == EXPR_ROUND || e->op == EXPR_WINDOW) strbuf_putc(out, ' ');
  if (e->op == EXPR_FLOAT || e->op == EXPR_ROUND) put_symbol(out, elem_get((elem_type)e->index)->name);
  if (e->op == EXPR_WINDOW) print_field_ref(out, scope->scheme, e->index);
  if (e->op != EXPR_LOAD && expr_line_args(e->op) == 0) return;
  strbuf_putc(out, ' ');
  print_tensor_ref(out, scope->layout, e->index);
  if (e->op != EXPR_LOAD) strbuf_printf(out, "/%u", e->axis);
}

void print_expr(strbuf *out, const expr_scope *scope, const expr *e) {
  if (e->op == EXPR_INT) {
    strbuf_printf(out, "%lld", (long long)e->i);
  } else if (e->op == EXPR_REAL) {
    text_real(out, e->r, 1);
  } else if (e->op == EXPR_VAR) {
    print_var(out, scope, e);
  } else {
    print_head(out, scope, e);
    if (e->op == EXPR_FIELD) return;
    for (unsigned i = 0; i < e->arg_count; i++) {
      strbuf_printf(out, i == 0 ? "(" : ", ");
      print_expr(out, scope, e->args[i]);
    }
    strbuf_printf(out, e->arg_count == 0 ? "()" : ")");
  }
}

// ---- fields and tables -----------------------------------------------------------------------------------

static void print_granularity(strbuf *out, const granularity *g) {
  static const char *const names[] = {
      [GRAN_WEIGHT] = "weight", [GRAN_ROW] = "row", [GRAN_TENSOR] = "tensor", [GRAN_GROUP] = NULL, [GRAN_TILE] = NULL};
  if (g->kind == GRAN_TILE)
    strbuf_printf(out, " per [%llu, %llu]", (unsigned long long)g->rows, (unsigned long long)g->group);
  else if (g->kind == GRAN_GROUP)
    strbuf_printf(out, " per %llu", (unsigned long long)g->group);
  else
    strbuf_printf(out, " per %s", names[g->kind]);
}

static void print_field(strbuf *out, const scheme_field *f) {
  strbuf_printf(out, "  field ");
  put_symbol(out, f->name);
  strbuf_printf(out, " : %s", elem_get(f->type)->name);
  for (unsigned i = 0; i < f->rank; i++)
    strbuf_printf(out, "%s%llu", i == 0 ? " [" : ", ", (unsigned long long)f->dims[i]);
  if (f->rank > 0) strbuf_putc(out, ']');
  print_granularity(out, &f->gran);
  if (f->sparse) {
    strbuf_printf(out, " sparse ");
    text_real(out, f->density, 1);
  }
  strbuf_putc(out, '\n');
}

static void print_table(strbuf *out, const scheme_table *t) {
  strbuf_printf(out, "  table ");
  put_symbol(out, t->name);
  strbuf_printf(out, " : %s = [", elem_get(t->type)->name);
  for (size_t i = 0; i < t->count; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    text_real(out, t->values[i], 1);
  }
  strbuf_printf(out, "]\n");
}

// ---- layouts ---------------------------------------------------------------------------------------------

static void print_layout_tensor(strbuf *out, const expr_scope *scope, const layout_tensor *t) {
  strbuf_printf(out, "    tensor ");
  put_symbol(out, t->name);
  strbuf_putc(out, ' ');
  text_quoted(out, t->suffix);
  strbuf_printf(out, " : %s", elem_get(t->type)->name);
  for (unsigned i = 0; i < t->stored_count; i++)
    strbuf_printf(out, "%s%s", i == 0 ? " of (" : ", ", elem_get(t->stored[i])->name);
  strbuf_printf(out, t->stored_count > 0 ? ") [" : " [");
  for (unsigned i = 0; i < t->rank; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    if (t->dims[i] == NULL)
      strbuf_printf(out, "any");
    else
      print_expr(out, scope, t->dims[i]);
  }
  strbuf_printf(out, "]\n");
}

static void print_list(strbuf *out, const expr_scope *scope, const layout_place *place) {
  const struct {
    const char *name;
    const expr *e;
  } all[] = {{"column", place->column}, {"row", place->row}, {"first", place->first}};
  const char *before = " {";
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i].e == NULL) continue;
    strbuf_printf(out, "%s%s = ", before, all[i].name);
    print_expr(out, scope, all[i].e);
    before = ", ";
  }
  if (place->column != NULL || place->row != NULL || place->first != NULL) strbuf_putc(out, '}');
}

static void print_place(strbuf *out, const expr_scope *outer, const layout_place *place) {
  expr_scope scope = *outer;
  scope.place = place;
  strbuf_printf(out, "    place ");
  print_field_ref(out, scope.scheme, place->field);
  strbuf_printf(out, " (");
  for (unsigned i = 0; i < place->binder_count; i++) {
    strbuf_printf(out, i == 0 ? "%%" : ", %%");
    text_value_name(out, place->binder_names[i] == NULL ? "" : place->binder_names[i]);
  }
  strbuf_printf(out, ") = ");
  print_expr(out, &scope, place->raw);
  print_list(out, &scope, place);
  strbuf_putc(out, '\n');
}

static void print_layout(strbuf *out, const scheme *s, const scheme_layout *l) {
  expr_scope scope = {.scheme = s, .layout = l};
  strbuf_printf(out, "  layout ");
  text_quoted(out, l->name);
  strbuf_printf(out, " block %llu bytes %llu type %lld%s {\n", (unsigned long long)l->block_weights,
                (unsigned long long)l->block_bytes, (long long)l->type_id, l->fit ? " fit" : "");
  for (size_t i = 0; i < l->tensor_count; i++) print_layout_tensor(out, &scope, &l->tensors[i]);
  for (size_t i = 0; i < l->place_count; i++) print_place(out, &scope, &l->places[i]);
  strbuf_printf(out, "  }\n");
}

static void print_transform(strbuf *out, const scheme *s, const char *name, const transform *t) {
  if (t->count == 0) return;
  strbuf_printf(out, "  %s = [", name);
  for (size_t i = 0; i < t->count; i++) {
    strbuf_printf(out, "%s%s(", i == 0 ? "" : ", ", transform_kind_name(t->steps[i].kind));
    if (TRANSFORM_HAS_FACTOR(t->steps[i].kind))
      print_expr(out, &(expr_scope){.scheme = s}, t->steps[i].factor);
    else
      strbuf_printf(out, "%llu", (unsigned long long)t->steps[i].block);
    strbuf_putc(out, ')');
  }
  strbuf_printf(out, "]\n");
}

static void print_section(strbuf *out, const scheme *s, const scheme_section *c) {
  expr_scope scope = {.scheme = s};
  strbuf_printf(out, "  section %s [", c->is_rows ? "rows" : "columns");
  print_expr(out, &scope, c->from);
  strbuf_printf(out, ", ");
  print_expr(out, &scope, c->to);
  strbuf_printf(out, "] ");
  put_symbol(out, c->scheme->name);
  strbuf_putc(out, '\n');
}

void print_scheme(strbuf *out, const scheme *s) {
  strbuf_printf(out, "scheme ");
  put_symbol(out, s->name);
  strbuf_printf(out, " {\n");
  for (size_t i = 0; i < s->field_count; i++) print_field(out, &s->fields[i]);
  for (size_t i = 0; i < s->table_count; i++) print_table(out, &s->tables[i]);
  for (size_t i = 0; i < s->section_count; i++) print_section(out, s, &s->sections[i]);
  if (s->value != NULL) {
    strbuf_printf(out, "  value = ");
    print_expr(out, &(expr_scope){.scheme = s}, s->value);
    strbuf_putc(out, '\n');
  }
  print_transform(out, s, "input", &s->input);
  print_transform(out, s, "output", &s->output);
  for (size_t i = 0; i < s->layout_count; i++) print_layout(out, s, &s->layouts[i]);
  strbuf_printf(out, "}\n");
}

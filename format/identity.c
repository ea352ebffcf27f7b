// Canonical forms for digests. Reals are written as their bits, operators by name (numbers of enums may move).
#include "format/identity.h"

#include <inttypes.h>

#include "format/transform.h"
#include "runtime/qrt.h"
#include "support/fp.h"

static void put_expr(strbuf *out, const expr *e) {
  strbuf_printf(out, "(%s", expr_get_info(e->op)->name);
  switch (e->op) {
  case EXPR_INT: strbuf_printf(out, " %" PRId64, e->i); break;
  case EXPR_REAL: strbuf_printf(out, " %" PRIx64, fp_bits64(e->r)); break;
  case EXPR_ROUND:
  case EXPR_FLOAT: strbuf_printf(out, " %s", elem_get((elem_type)e->index)->name); break;
  case EXPR_WINDOW:
  case EXPR_FIELD:
  case EXPR_VAR:
  case EXPR_TABLE:
  case EXPR_ELEMENT: strbuf_printf(out, " %u", e->index); break;
  default: break;
  }
  for (unsigned i = 0; i < e->arg_count; i++) put_expr(out, e->args[i]);
  strbuf_putc(out, ')');
}

static void put_field(strbuf *out, const scheme_field *f) {
  static const char *const per[] = {[GRAN_WEIGHT] = "weight",
                                    [GRAN_GROUP] = "group",
                                    [GRAN_ROW] = "row",
                                    [GRAN_TENSOR] = "tensor",
                                    [GRAN_TILE] = "tile"};
  strbuf_printf(out, "field %s %s per %s %" PRIu64 " [", f->name, elem_get(f->type)->name, per[f->gran.kind],
                f->gran.kind == GRAN_GROUP || f->gran.kind == GRAN_TILE ? f->gran.group : 0);
  if (f->gran.kind == GRAN_TILE) strbuf_printf(out, " %" PRIu64, f->gran.rows);
  for (unsigned i = 0; i < f->rank; i++) strbuf_printf(out, " %" PRIu64, f->dims[i]);
  strbuf_printf(out, f->sparse ? " ] sparse\n" : " ]\n");
}

static void put_table(strbuf *out, const scheme_table *t) {
  strbuf_printf(out, "table %s", elem_get(t->type)->name);
  for (size_t i = 0; i < t->count; i++) strbuf_printf(out, " %" PRIx64, fp_bits64(t->values[i]));
  strbuf_putc(out, '\n');
}

static void put_transform(strbuf *out, const char *name, const transform *t) {
  for (size_t i = 0; i < t->count; i++) {
    strbuf_printf(out, "%s %s %" PRIu64 " ", name, transform_kind_name(t->steps[i].kind), t->steps[i].block);
    if (TRANSFORM_HAS_FACTOR(t->steps[i].kind)) put_expr(out, t->steps[i].factor);
    strbuf_putc(out, '\n');
  }
}

void identity_scheme(strbuf *out, const scheme *s) {
  strbuf_printf(out, "scheme %s\n", s->name);
  for (size_t i = 0; i < s->field_count; i++) put_field(out, &s->fields[i]);
  for (size_t i = 0; i < s->table_count; i++) put_table(out, &s->tables[i]);
  for (size_t i = 0; i < s->section_count; i++) {
    strbuf_printf(out, "section %s", s->sections[i].is_rows ? "rows" : "columns");
    put_expr(out, s->sections[i].from);
    put_expr(out, s->sections[i].to);
    strbuf_putc(out, '\n');
    identity_scheme(out, s->sections[i].scheme);
  }
  if (s->value != NULL) put_expr(out, s->value);
  strbuf_putc(out, '\n');
  put_transform(out, "input", &s->input);
  put_transform(out, "output", &s->output);
}

uint64_t identity_scheme_digest(const scheme *s) {
  arena *a = arena_new();
  strbuf text = {.mem = a};
  identity_scheme(&text, s);
  uint64_t digest = qrt_digest(strbuf_text(&text), text.len);
  arena_free(a);
  return digest;
}

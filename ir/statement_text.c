// Computations as text, for people and tests: a line for each tensor and statement.
#include <math.h>

#include "ir/statement.h"
#include "support/text.h"

static void print_type(strbuf *out, st_type type) {
  static const char *const exact[] = {"bool", "integer", "real"};
  bool named = type.stored && type.kind != ST_CLASS_BOOL;
  strbuf_printf(out, "%s", named ? elem_get(type.elem)->name : exact[type.kind]);
}

static void print_tensor_name(strbuf *out, const st_tensor *t) {
  static const char prefix[] = {[ST_INPUT] = '$', [ST_CONSTANT] = '#', [ST_LOCAL] = '%'};
  strbuf_printf(out, "%c%u", prefix[t->role], t->number);
}

static void print_expr(strbuf *out, const st_expr *e);

static void print_args(strbuf *out, const st_expr *e) {
  for (size_t i = 0; i < e->arg_count; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    print_expr(out, e->args[i]);
  }
}

static void print_index(strbuf *out, const st_index *index, bool range) {
  strbuf_printf(out, "%s.%u", index->name, index->number);
  if (range) strbuf_printf(out, " < %s", extent_text(out->mem, index->count));
}

static void print_leaf(strbuf *out, const st_expr *e) {
  switch (e->op) {
  case ST_BOOL: strbuf_printf(out, e->i != 0 ? "true" : "false"); break;
  case ST_INT: strbuf_printf(out, "%lld", (long long)e->i); break;
  case ST_REAL:
    if (isfinite(e->r)) {
      text_real(out, e->r, 1);
    } else {
      strbuf_printf(out, isnan(e->r) ? "nan" : e->r > 0 ? "inf" : "-inf");
    }
    break;
  case ST_SIZE: strbuf_printf(out, "(%s)", extent_text(out->mem, e->size)); break;
  default: print_index(out, e->index, false); break;
  }
}

static void print_expr(strbuf *out, const st_expr *e) {
  if (e->op < ST_READ) {
    print_leaf(out, e);
    return;
  }
  if (e->op == ST_READ) {
    print_tensor_name(out, e->tensor);
    strbuf_putc(out, '[');
    print_args(out, e);
    strbuf_putc(out, ']');
    return;
  }
  strbuf_printf(out, "%s", st_op_get_info(e->op)->name);
  if (e->op >= ST_TO && e->op <= ST_DECODED) strbuf_printf(out, ".%s", elem_get(e->elem)->name);
  strbuf_putc(out, '(');
  for (size_t i = 0; i < e->index_count; i++) {
    print_index(out, e->indices[i], true);
    strbuf_printf(out, ", ");
  }
  print_args(out, e);
  strbuf_putc(out, ')');
}

static void print_tensor(strbuf *out, const st_tensor *t) {
  print_tensor_name(out, t);
  strbuf_printf(out, " %s : ", t->name);
  print_type(out, t->type);
  strbuf_putc(out, '[');
  for (unsigned i = 0; i < t->rank; i++) {
    strbuf_printf(out, "%s%s", i == 0 ? "" : ", ", extent_text(out->mem, t->dims[i]));
  }
  strbuf_printf(out, "]\n");
}

static void print_statement(strbuf *out, const st_statement *s, int depth) {
  static const char *const signs[] = {":=", "+=", "*=", "max=", "min="};
  strbuf_printf(out, "%*s", depth * 2, "");
  if (s->kind == ST_LOOP) {
    strbuf_printf(out, "loop ");
    print_index(out, s->round, true);
    strbuf_printf(out, " {\n");
    for (size_t i = 0; i < s->body_count; i++) print_statement(out, s->body[i], depth + 1);
    strbuf_printf(out, "%*s}\n", depth * 2, "");
    return;
  }
  for (size_t i = 0; i < s->index_count; i++) {
    strbuf_printf(out, i == 0 ? "for " : ", ");
    print_index(out, s->indices[i], true);
  }
  if (s->index_count > 0) strbuf_printf(out, ": ");
  print_tensor_name(out, s->target);
  strbuf_putc(out, '[');
  for (unsigned i = 0; i < s->target->rank; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    print_expr(out, s->left[i]);
  }
  strbuf_printf(out, "] %s ", s->kind == ST_DEFINE ? "=" : signs[s->update]);
  print_expr(out, s->value);
  strbuf_putc(out, '\n');
}

const char *st_text(arena *a, const st_computation *c) {
  strbuf out = {.mem = a};
  for (size_t i = 0; i < c->inputs.len; i++) print_tensor(&out, c->inputs.data[i]);
  for (size_t i = 0; i < c->constants.len; i++) print_tensor(&out, c->constants.data[i]);
  for (size_t i = 0; i < c->locals.len; i++) print_tensor(&out, c->locals.data[i]);
  for (size_t i = 0; i < c->statements.len; i++) print_statement(&out, c->statements.data[i], 0);
  for (size_t i = 0; i < c->results.len; i++) {
    strbuf_printf(&out, i == 0 ? "return " : ", ");
    print_tensor_name(&out, c->results.data[i]);
  }
  if (c->results.len > 0) strbuf_putc(&out, '\n');
  return strbuf_text(&out);
}

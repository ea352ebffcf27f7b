// Expressions as C. Integers go through functions with the meaning of format/int_math.h.
#include "engine/c_expr.h"

static void put(strbuf *out, const c_names *names, const expr *e);

// An argument as a double, whatever it is.
static void put_real(strbuf *out, const c_names *names, const expr *e) {
  if (e->is_int) strbuf_printf(out, "(double)");
  put(out, names, e);
}

static void put_arg(strbuf *out, const c_names *names, const expr *e, bool is_int) {
  (is_int ? put : put_real)(out, names, e);
}

static const char *granule(const scheme_field *f, char *text, size_t size) {
  uint64_t columns = granularity_columns(&f->gran);
  if (columns <= 1) return columns == 1 ? "k" : "0";
  snprintf(text, size, "k / %lluu", (unsigned long long)columns);
  return text;
}

// The number of a field's element; `at` NULL: a plain field.
static void put_field(strbuf *out, const c_names *names, const expr *e, const expr *at) {
  const scheme_field *f = &names->s->fields[e->index];
  const elem_info *t = elem_get(f->type);
  char text[32];
  const char *open = t->kind == ELEM_KIND_FLOAT ? "qp_float(" : t->kind == ELEM_KIND_INT ? "qp_signed(" : "((int64_t)";
  uint64_t size = 1;
  scheme_field_size(f, &size);
  strbuf_printf(out, "%s%s", e->is_int || t->kind == ELEM_KIND_FLOAT ? "" : "(double)", open);
  if (at == NULL) {
    strbuf_printf(out, "s->get[%u](s, n, %s, 0)", e->index, granule(f, text, sizeof text));
  } else {
    strbuf_printf(out, "qp_pick(s, %u, n, %s, %llu, ", e->index, granule(f, text, sizeof text),
                  (unsigned long long)size);
    put(out, names, at);
    strbuf_putc(out, ')');
  }
  if (t->kind == ELEM_KIND_FLOAT) strbuf_printf(out, ", %u, %u, %d", t->exp_bits, t->man_bits, (int)t->special);
  if (t->kind == ELEM_KIND_INT) strbuf_printf(out, ", %u", t->bits);
  strbuf_putc(out, ')');
}

static void put_table(strbuf *out, const c_names *names, const expr *e) {
  strbuf_printf(out, "%sqp_table(%s%u, %zu, ", e->is_int ? "(int64_t)" : "", names->tables, e->index,
                names->s->tables[e->index].count);
  put(out, names, e->args[0]);
  strbuf_putc(out, ')');
}

// `(const int64_t[]){i, j}` of the first `count` arguments.
static void put_index(strbuf *out, const c_names *names, const expr *e, unsigned count) {
  strbuf_printf(out, "(const int64_t[]){");
  for (unsigned i = 0; i < count; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    put(out, names, e->args[i]);
  }
  strbuf_printf(out, "%s}", count == 0 ? "0" : "");
}

static void put_args(strbuf *out, const c_names *names, const expr *e, unsigned first, bool is_int) {
  for (unsigned i = first; i < e->arg_count; i++) {
    if (i > first) strbuf_printf(out, ", ");
    put_arg(out, names, e->args[i], is_int);
  }
}

static void put_stream(strbuf *out, const c_names *names, const expr *e) {
  strbuf_printf(out, "qp_stream(%s, %u, ", names->tensors[e->index], e->axis);
  put_index(out, names, e, e->arg_count - 2);
  strbuf_printf(out, ", ");
  put_args(out, names, e, e->arg_count - 2, true);
  strbuf_putc(out, ')');
}

static void put_infix(strbuf *out, const c_names *names, const expr *e, const char *sign) {
  bool is_int = e->args[0]->is_int && e->args[1]->is_int;
  strbuf_printf(out, e->op == EXPR_LT || e->op == EXPR_EQ ? "(int64_t)(" : "(");
  put_arg(out, names, e->args[0], is_int);
  strbuf_printf(out, " %s ", sign);
  put_arg(out, names, e->args[1], is_int);
  strbuf_putc(out, ')');
}

static void put_select(strbuf *out, const c_names *names, const expr *e) {
  strbuf_putc(out, '(');
  put(out, names, e->args[0]);
  strbuf_printf(out, " != 0 ? ");
  put_arg(out, names, e->args[1], e->is_int);
  strbuf_printf(out, " : ");
  put_arg(out, names, e->args[2], e->is_int);
  strbuf_putc(out, ')');
}

static void put_call(strbuf *out, const c_names *names, const expr *e, const char *start) {
  strbuf_printf(out, "qp_%s%s(", start, expr_get_info(e->op)->name);
  put_args(out, names, e, 0, e->is_int);
  strbuf_putc(out, ')');
}

// Operators on real numbers that C has itself.
static const char *const real_signs[EXPR_COUNT] = {
    [EXPR_ADD] = "+", [EXPR_SUB] = "-", [EXPR_MUL] = "*", [EXPR_DIV] = "/"};

static void put_operator(strbuf *out, const c_names *names, const expr *e) {
  if (e->is_int) {
    put_call(out, names, e, "");
  } else if (real_signs[e->op] != NULL) {
    put_infix(out, names, e, real_signs[e->op]);
  } else if (e->op == EXPR_NEG) {
    strbuf_printf(out, "(-");
    put_real(out, names, e->args[0]);
    strbuf_putc(out, ')');
  } else {
    put_call(out, names, e, e->op == EXPR_EXP2 ? "" : "f");
  }
}

// INT64_MIN has no literal of its own.
static void put_int(strbuf *out, int64_t i) {
  if (i == INT64_MIN)
    strbuf_printf(out, "INT64_MIN");
  else
    strbuf_printf(out, "INT64_C(%lld)", (long long)i);
}

// FLOAT reads bits; ROUND makes them, and reads them again.
static void put_float(strbuf *out, const c_names *names, const expr *e, const char *rounds) {
  const elem_info *t = elem_get((elem_type)e->index);
  strbuf_printf(out, "qp_float(");
  if (rounds[0] != '\0') {
    strbuf_printf(out, "qp_float_bits(");
    put_real(out, names, e->args[0]);
    strbuf_printf(out, ", %u, %u)", t->exp_bits, t->man_bits);
  } else {
    strbuf_printf(out, "(uint32_t)");
    put(out, names, e->args[0]);
  }
  strbuf_printf(out, ", %u, %u, %d)", t->exp_bits, t->man_bits, (int)t->special);
}

static void put_window(strbuf *out, const c_names *names, const expr *e) {
  const expr *run = e->args[2];
  strbuf_printf(out, "qp_window(s, %u, %u, n, ", e->index, elem_get(names->s->fields[e->index].type)->bits);
  if (run->i == 1)
    strbuf_printf(out, "k");
  else
    strbuf_printf(out, "k - k %% %lldu + %lldu", (long long)run->i, (long long)run->i - 1);
  strbuf_printf(out, ", %lld, %lld)", (long long)e->args[0]->i, (long long)e->args[1]->i);
}

static void put(strbuf *out, const c_names *names, const expr *e) {
  switch (e->op) {
  case EXPR_INT: put_int(out, e->i); break;
  case EXPR_REAL: strbuf_printf(out, "%a", e->r); break;
  case EXPR_FIELD: put_field(out, names, e, NULL); break;
  case EXPR_ELEMENT: put_field(out, names, e, e->args[0]); break;
  case EXPR_VAR: strbuf_printf(out, "%s", names->vars[e->index]); break;
  case EXPR_TABLE: put_table(out, names, e); break;
  case EXPR_FLOAT: put_float(out, names, e, ""); break;
  case EXPR_ROUND: put_float(out, names, e, "_bits"); break;
  case EXPR_WINDOW: put_window(out, names, e); break;
  case EXPR_LT: put_infix(out, names, e, "<"); break;
  case EXPR_EQ: put_infix(out, names, e, "=="); break;
  case EXPR_SELECT: put_select(out, names, e); break;
  case EXPR_BITS:
    strbuf_printf(out, "qp_bits(%s, ", names->block);
    put_args(out, names, e, 0, true);
    strbuf_putc(out, ')');
    break;
  case EXPR_LOAD:
    strbuf_printf(out, "qp_load(%s, ", names->tensors[e->index]);
    put_index(out, names, e, e->arg_count);
    strbuf_putc(out, ')');
    break;
  case EXPR_STREAM: put_stream(out, names, e); break;
  default: put_operator(out, names, e); break;
  }
}

void c_expr_put(strbuf *out, const c_names *names, const expr *e) { put(out, names, e); }

void c_expr_put_table(strbuf *out, const c_names *names, size_t index) {
  const scheme_table *table = &names->s->tables[index];
  strbuf_printf(out, "static const double %s%zu[] = {", names->tables, index);
  for (size_t i = 0; i < table->count; i++)
    strbuf_printf(out, "%s%a", i == 0 ? "" : i % 8 == 0 ? ",\n  " : ", ", table->values[i]);
  strbuf_printf(out, "};\n");
}

const char *c_raw_type(elem_type type) {
  unsigned bits = elem_get(type)->bits;
  return bits <= 8 ? "uint8_t" : bits <= 16 ? "uint16_t" : "uint32_t";
}

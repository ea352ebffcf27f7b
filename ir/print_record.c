// Structs as text, by their tables in ir/records.c.
#include "ir/print.h"
#include "ir/records.h"
#include "support/text.h"

typedef struct record_printer {
  strbuf *out;
  const scheme *scheme;
  unsigned code_bits;
  unsigned depth;
} record_printer;

typedef void (*member_printer)(record_printer *p, const record_member *m, const unsigned char *base);

static void print_struct(record_printer *p, const record_type *type, const unsigned char *base);

#define AT(base, m, type) ((const type *)((base) + (m)->offset))
#define COUNT_AT(base, m, type) (*(const type *)((base) + (m)->count))

// ---- numbers and words -----------------------------------------------------------------------------------

static void put_u64(strbuf *out, uint64_t value) { strbuf_printf(out, "%llu", (unsigned long long)value); }

static void print_u64(record_printer *p, const record_member *m, const unsigned char *base) {
  put_u64(p->out, *AT(base, m, uint64_t));
}

static void print_span(record_printer *p, const record_member *m, const unsigned char *base) {
  uint64_t span = *AT(base, m, uint64_t);
  if (span == PREPARED_ROW)
    strbuf_printf(p->out, "row");
  else
    put_u64(p->out, span);
}

static void print_i64(record_printer *p, const record_member *m, const unsigned char *base) {
  strbuf_printf(p->out, "%lld", (long long)*AT(base, m, int64_t));
}

static void print_uint(record_printer *p, const record_member *m, const unsigned char *base) {
  put_u64(p->out, *AT(base, m, unsigned));
}

static void print_code_bits(record_printer *p, const record_member *m, const unsigned char *base) {
  p->code_bits = *AT(base, m, unsigned);
  put_u64(p->out, p->code_bits);
}

static void print_index(record_printer *p, const record_member *m, const unsigned char *base) {
  int index = *AT(base, m, int);
  if (index == -1)
    strbuf_printf(p->out, "none");
  else
    strbuf_printf(p->out, "%d", index);
}

static void print_bool(record_printer *p, const record_member *m, const unsigned char *base) {
  strbuf_printf(p->out, *AT(base, m, bool) ? "true" : "false");
}

static void print_real(record_printer *p, const record_member *m, const unsigned char *base) {
  text_real(p->out, *AT(base, m, double), 1);
}

static void print_text(record_printer *p, const record_member *m, const unsigned char *base) {
  text_quoted(p->out, *AT(base, m, char *));
}

static void put_symbol(strbuf *out, const char *name) {
  strbuf_putc(out, '@');
  text_name(out, name);
}

static void print_symbol(record_printer *p, const record_member *m, const unsigned char *base) {
  put_symbol(p->out, *AT(base, m, char *));
}

static void print_elem(record_printer *p, const record_member *m, const unsigned char *base) {
  strbuf_printf(p->out, "%s", elem_get(*AT(base, m, elem_type))->name);
}

static void print_act(record_printer *p, const record_member *m, const unsigned char *base) {
  strbuf_printf(p->out, "%s", act_text(p->out->mem, AT(base, m, act_spec)));
}

static void print_mode(record_printer *p, const record_member *m, const unsigned char *base) {
  strbuf_printf(p->out, "%s", compute_mode_name(*AT(base, m, compute_mode)));
}

static void print_type_member(record_printer *p, const record_member *m, const unsigned char *base) {
  print_type(p->out, AT(base, m, ir_type));
}

// ---- sizes and references --------------------------------------------------------------------------------

static void put_size(strbuf *out, ir_size size) {
  put_u64(out, size.fixed);
  if (size.per_batch != 0) strbuf_printf(out, " + %llu batch", (unsigned long long)size.per_batch);
}

static void print_size(record_printer *p, const record_member *m, const unsigned char *base) {
  put_size(p->out, *AT(base, m, ir_size));
}

static void print_sizes(record_printer *p, const record_member *m, const unsigned char *base) {
  const ir_size *sizes = *AT(base, m, ir_size *);
  strbuf_putc(p->out, '[');
  for (size_t i = 0; i < COUNT_AT(base, m, size_t); i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    put_size(p->out, sizes[i]);
  }
  strbuf_putc(p->out, ']');
}

static void print_counts(record_printer *p, const record_member *m, const unsigned char *base) {
  const uint64_t *counts = *AT(base, m, uint64_t *);
  strbuf_putc(p->out, '[');
  for (size_t i = 0; i < COUNT_AT(base, m, size_t); i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    put_u64(p->out, counts[i]);
  }
  strbuf_putc(p->out, ']');
}

static void put_ref(strbuf *out, const ir_ref *ref) {
  static const char *const names[] = {"none", "input", "output", "weights", "workspace"};
  strbuf_printf(out, "%s", names[ref->space]);
  if (ref->space == IR_SPACE_NONE) return;
  if (ref->space == IR_SPACE_INPUT || ref->space == IR_SPACE_OUTPUT) strbuf_printf(out, " %u", ref->index);
  strbuf_printf(out, " at ");
  put_size(out, ref->offset);
}

static void print_refs(record_printer *p, const record_member *m, const unsigned char *base) {
  const ir_ref *refs = *AT(base, m, ir_ref *);
  strbuf_putc(p->out, '[');
  for (size_t i = 0; i < COUNT_AT(base, m, size_t); i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    put_ref(p->out, &refs[i]);
  }
  strbuf_putc(p->out, ']');
}

// ---- schemes and what belongs to them --------------------------------------------------------------------

static void print_scheme_name(record_printer *p, const record_member *m, const unsigned char *base) {
  p->scheme = *AT(base, m, scheme *);
  put_symbol(p->out, p->scheme->name);
}

static void print_layout_name(record_printer *p, const record_member *m, const unsigned char *base) {
  text_quoted(p->out, (*AT(base, m, scheme_layout *))->name);
}

static void print_recipe_name(record_printer *p, const record_member *m, const unsigned char *base) {
  put_symbol(p->out, (*AT(base, m, recipe *))->name);
}

static void print_field(record_printer *p, const record_member *m, const unsigned char *base) {
  print_field_ref(p->out, p->scheme, *AT(base, m, unsigned));
}

static void print_maybe_field(record_printer *p, const record_member *m, const unsigned char *base) {
  int field = *AT(base, m, int);
  if (field == -1)
    strbuf_printf(p->out, "none");
  else
    print_field_ref(p->out, p->scheme, (unsigned)field);
}

static size_t code_count(const record_printer *p) { return p->code_bits > 16 ? 0 : (size_t)1 << p->code_bits; }

static void print_levels(record_printer *p, const record_member *m, const unsigned char *base) {
  const double *levels = *AT(base, m, double *);
  strbuf_putc(p->out, '[');
  for (size_t i = 0; i < code_count(p); i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    text_real(p->out, levels[i], 1);
  }
  strbuf_putc(p->out, ']');
}

static void print_planes(record_printer *p, const record_member *m, const unsigned char *base) {
  const uint8_t *const *planes = (const uint8_t *const *)(base + m->offset);
  strbuf_putc(p->out, '[');
  for (unsigned i = 0; i < COUNT_AT(base, m, unsigned) && i < m->limit; i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    text_bytes(p->out, planes[i], code_count(p));
  }
  strbuf_putc(p->out, ']');
}

static void print_exprs(record_printer *p, const record_member *m, const unsigned char *base) {
  const expr *const *exprs = *(const expr *const *const *)(base + m->offset);
  strbuf_putc(p->out, '[');
  for (size_t i = 0; i < COUNT_AT(base, m, size_t); i++) {
    if (i > 0) strbuf_printf(p->out, ", ");
    print_expr(p->out, &(expr_scope){.scheme = p->scheme}, exprs[i]);
  }
  strbuf_putc(p->out, ']');
}

// ---- records in records ----------------------------------------------------------------------------------

static void indent(record_printer *p) {
  strbuf_putc(p->out, '\n');
  for (unsigned i = 0; i < p->depth; i++) strbuf_printf(p->out, "  ");
}

static void print_nested(record_printer *p, const record_member *m, const unsigned char *base) {
  print_struct(p, m->type, base + m->offset);
}

static void print_maybe(record_printer *p, const record_member *m, const unsigned char *base) {
  print_struct(p, m->type, *AT(base, m, unsigned char *));
}

static void print_items(record_printer *p, const record_type *type, size_t count, const unsigned char *first) {
  strbuf_putc(p->out, '[');
  p->depth++;
  for (size_t i = 0; i < count; i++) {
    if (i > 0) strbuf_putc(p->out, ',');
    indent(p);
    print_struct(p, type, first + i * type->size);
  }
  p->depth--;
  if (count > 0) indent(p);
  strbuf_putc(p->out, ']');
}

static void print_list(record_printer *p, const record_member *m, const unsigned char *base) {
  print_items(p, m->type, COUNT_AT(base, m, size_t), *AT(base, m, unsigned char *));
}

static void print_array(record_printer *p, const record_member *m, const unsigned char *base) {
  size_t count = COUNT_AT(base, m, size_t);
  print_items(p, m->type, count < m->limit ? count : m->limit, base + m->offset);
}

static void print_pointers(record_printer *p, const record_member *m, const unsigned char *base) {
  const unsigned char *const *items = *(const unsigned char *const *const *)(base + m->offset);
  strbuf_putc(p->out, '[');
  p->depth++;
  for (size_t i = 0; i < COUNT_AT(base, m, size_t); i++) {
    if (i > 0) strbuf_putc(p->out, ',');
    indent(p);
    print_struct(p, m->type, items[i]);
  }
  p->depth--;
  if (COUNT_AT(base, m, size_t) > 0) indent(p);
  strbuf_putc(p->out, ']');
}

// ---- any record ------------------------------------------------------------------------------------------

static const member_printer printers[] = {
    [RECORD_U64] = print_u64,
    [RECORD_SPAN] = print_span,
    [RECORD_I64] = print_i64,
    [RECORD_UINT] = print_uint,
    [RECORD_CODE_BITS] = print_code_bits,
    [RECORD_INDEX] = print_index,
    [RECORD_BOOL] = print_bool,
    [RECORD_REAL] = print_real,
    [RECORD_TEXT] = print_text,
    [RECORD_SYMBOL] = print_symbol,
    [RECORD_SOURCE] = print_text,
    [RECORD_ELEM] = print_elem,
    [RECORD_ACT] = print_act,
    [RECORD_MODE] = print_mode,
    [RECORD_TYPE] = print_type_member,
    [RECORD_SIZE] = print_size,
    [RECORD_SCHEME] = print_scheme_name,
    [RECORD_LAYOUT] = print_layout_name,
    [RECORD_RECIPE] = print_recipe_name,
    [RECORD_FIELD] = print_field,
    [RECORD_MAYBE_FIELD] = print_maybe_field,
    [RECORD_LEVELS] = print_levels,
    [RECORD_PLANES] = print_planes,
    [RECORD_EXPRS] = print_exprs,
    [RECORD_SIZES] = print_sizes,
    [RECORD_REFS] = print_refs,
    [RECORD_COUNTS] = print_counts,
    [RECORD_MAYBE] = print_maybe,
    [RECORD_NESTED] = print_nested,
    [RECORD_LIST] = print_list,
    [RECORD_ARRAY] = print_array,
    [RECORD_POINTERS] = print_pointers,
};

static void print_member(record_printer *p, const record_type *type, const record_member *m, bool first,
                         const unsigned char *base) {
  if (type->one_line)
    strbuf_printf(p->out, first ? "" : ", ");
  else
    indent(p);
  strbuf_printf(p->out, "%s = ", m->name);
  printers[m->kind](p, m, base);
}

static void print_struct(record_printer *p, const record_type *type, const unsigned char *base) {
  bool first = true;
  strbuf_putc(p->out, '{');
  p->depth++;
  for (size_t i = 0; i < type->member_count; i++) {
    const record_member *m = &type->members[i];
    if (record_may_miss(m->kind) && *AT(base, m, void *) == NULL) continue;
    print_member(p, type, m, first, base);
    first = false;
  }
  p->depth--;
  if (!type->one_line) indent(p);
  strbuf_putc(p->out, '}');
}

void print_record(strbuf *out, const record_type *type, const void *record) {
  static const scheme no_scheme;
  record_printer p = {.out = out, .scheme = &no_scheme};
  print_struct(&p, type, record);
}

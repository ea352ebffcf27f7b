// Structs from records of the text, by their tables in ir/records.c.
#include <string.h>

#include "ir/read.h"

typedef bool (*member_reader)(reader *r, const record_member *m, const node *n, unsigned char *base);

#define AT(base, m, type) ((type *)((base) + (m)->offset))
#define COUNT_AT(base, m, type) (*(type *)((base) + (m)->count))

// ---- numbers and words -----------------------------------------------------------------------------------

static bool read_u64_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_u64(r, n, AT(base, m, uint64_t));
}

static bool read_span(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!node_is_word(n, "row")) return read_u64(r, n, AT(base, m, uint64_t));
  *AT(base, m, uint64_t) = PREPARED_ROW;
  return true;
}

static bool read_i64_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_i64(r, n, AT(base, m, int64_t));
}

static bool read_uint_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_uint(r, n, AT(base, m, unsigned));
}

static bool read_code_bits(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_uint(r, n, AT(base, m, unsigned))) return false;
  r->code_bits = *AT(base, m, unsigned);
  return true;
}

static bool read_index(reader *r, const record_member *m, const node *n, unsigned char *base) {
  int64_t value = -1;
  if (!node_is_word(n, "none") && !read_i64(r, n, &value)) return false;
  if (value < INT32_MIN || value > INT32_MAX) return read_fail(r, n->loc, "the integer does not fit 32 bits");
  *AT(base, m, int) = (int)value;
  return true;
}

static bool read_bool(reader *r, const record_member *m, const node *n, unsigned char *base) {
  bool yes = node_is_word(n, "true");
  if (!yes && !node_is_word(n, "false")) return read_fail(r, n->loc, "expected true or false");
  *AT(base, m, bool) = yes;
  return true;
}

static bool read_real_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_real(r, n, AT(base, m, double));
}

static bool read_text_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_text(r, n, AT(base, m, const char *));
}

static bool read_symbol_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_symbol(r, n, AT(base, m, const char *));
}

// Sources are compared by pointer in places: the module's own text where it has it.
static bool read_source(reader *r, const record_member *m, const node *n, unsigned char *base) {
  const char **source = AT(base, m, const char *);
  if (!read_text(r, n, source)) return false;
  for (size_t i = 0; i < r->m->sources.len; i++)
    if (strcmp(r->m->sources.data[i], *source) == 0) *source = r->m->sources.data[i];
  return true;
}

static bool read_elem_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_elem(r, n, AT(base, m, elem_type));
}

static bool read_act_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_act(r, n, AT(base, m, act_spec));
}

static bool read_mode(reader *r, const record_member *m, const node *n, unsigned char *base) {
  for (unsigned mode = 0; mode <= MODE_NONE; mode++) {
    if (!node_is_word(n, compute_mode_name((compute_mode)mode))) continue;
    *AT(base, m, compute_mode) = (compute_mode)mode;
    return true;
  }
  return read_fail(r, n->loc, "expected a compute mode: int-dot, table-dot, bit-dot, pair-dot, float or decode");
}

static bool read_type_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_type(r, n, AT(base, m, ir_type));
}

// ---- sizes and references --------------------------------------------------------------------------------

static bool read_size_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_size(r, n, AT(base, m, ir_size));
}

static bool read_sizes(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  ir_size *sizes = *AT(base, m, ir_size *) = ARENA_ARRAY(r->mem, ir_size, n->items.len);
  COUNT_AT(base, m, size_t) = n->items.len;
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_size(r, n->items.data[i], &sizes[i])) return false;
  return true;
}

static bool read_counts(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  uint64_t *counts = *AT(base, m, uint64_t *) = ARENA_ARRAY(r->mem, uint64_t, n->items.len);
  COUNT_AT(base, m, size_t) = n->items.len;
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_u64(r, n->items.data[i], &counts[i])) return false;
  return true;
}

static bool read_ref(reader *r, const node *n, ir_ref *out) {
  static const char *const names[] = {"input", "output", "weights", "workspace"};
  *out = (ir_ref){.space = IR_SPACE_NONE};
  if (node_is_word(n, "none")) return true;
  if (n->kind != NODE_REF) return read_fail(r, n->loc, "expected none, or a space and its offset: workspace at 64");
  const node *index = n->items.data[1];
  for (unsigned i = 0; i < 4; i++)
    if (node_is_word(n->items.data[0], names[i])) out->space = (ir_space)(IR_SPACE_INPUT + i);
  bool port = out->space == IR_SPACE_INPUT || out->space == IR_SPACE_OUTPUT;
  if (out->space == IR_SPACE_NONE || port != (index != NULL))
    return read_fail(r, n->loc, "expected input N, output N, weights or workspace before 'at'");
  return (index == NULL || read_uint(r, index, &out->index)) && read_size(r, n->items.data[2], &out->offset);
}

static bool read_refs(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  ir_ref *refs = *AT(base, m, ir_ref *) = ARENA_ARRAY(r->mem, ir_ref, n->items.len);
  COUNT_AT(base, m, size_t) = n->items.len;
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_ref(r, n->items.data[i], &refs[i])) return false;
  return true;
}

// ---- schemes and what belongs to them --------------------------------------------------------------------

static bool read_scheme_name(reader *r, const record_member *m, const node *n, unsigned char *base) {
  const char *name;
  if (!read_symbol(r, n, &name)) return false;
  r->scheme = ir_find_scheme(r->m, name);
  if (r->scheme == NULL) return read_fail(r, n->loc, "there is no scheme '%s' before this", name);
  *AT(base, m, const scheme *) = r->scheme;
  return true;
}

static bool read_layout_name(reader *r, const record_member *m, const node *n, unsigned char *base) {
  const char *name;
  if (!read_text(r, n, &name)) return false;
  const scheme_layout *layout = r->scheme == NULL ? NULL : scheme_find_layout(r->scheme, name);
  if (layout == NULL) return read_fail(r, n->loc, "the weight's scheme has no layout '%s'", name);
  *AT(base, m, const scheme_layout *) = layout;
  return true;
}

static bool read_recipe_name(reader *r, const record_member *m, const node *n, unsigned char *base) {
  const char *name;
  if (!read_symbol(r, n, &name)) return false;
  const recipe *found = ir_find_recipe(r->m, name);
  if (found == NULL) return read_fail(r, n->loc, "there is no recipe '%s' before this", name);
  *AT(base, m, const recipe *) = found;
  return true;
}

static bool needs_scheme(reader *r, const node *n) {
  return r->scheme != NULL || read_fail(r, n->loc, "without a scheme there are no fields");
}

static bool read_field(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return needs_scheme(r, n) && read_field_ref(r, r->scheme, n, AT(base, m, unsigned));
}

static bool read_maybe_field(reader *r, const record_member *m, const node *n, unsigned char *base) {
  unsigned field;
  *AT(base, m, int) = -1;
  if (node_is_word(n, "none")) return true;
  if (!needs_scheme(r, n) || !read_field_ref(r, r->scheme, n, &field)) return false;
  if (field > INT32_MAX) return read_fail(r, n->loc, "the number of the field does not fit 31 bits");
  *AT(base, m, int) = (int)field;
  return true;
}

static bool read_code_count(reader *r, const node *n, size_t *out) {
  enum { MAX_BITS = 16 };
  if (r->code_bits > MAX_BITS) return read_fail(r, n->loc, "a code of %u bits is too wide for a table", r->code_bits);
  *out = (size_t)1 << r->code_bits;
  return true;
}

static bool read_levels(reader *r, const record_member *m, const node *n, unsigned char *base) {
  size_t wanted = 0, count = 0;
  if (!read_code_count(r, n, &wanted) || !read_reals(r, n, AT(base, m, const double *), &count)) return false;
  return count == wanted || read_fail(r, n->loc, "there are %zu levels for %zu codes", count, wanted);
}

static bool read_planes(reader *r, const record_member *m, const node *n, unsigned char *base) {
  size_t wanted = 0;
  if (!read_list(r, n) || (n->items.len > 0 && !read_code_count(r, n, &wanted))) return false;
  if (n->items.len > m->limit) return read_fail(r, n->loc, "at most %zu planes are possible", m->limit);
  COUNT_AT(base, m, unsigned) = (unsigned)n->items.len;
  for (size_t i = 0; i < n->items.len; i++) {
    const node *bytes = n->items.data[i];
    if (bytes->kind != NODE_BYTES || bytes->number != wanted)
      return read_fail(r, bytes->loc, "expected %zu bytes, one for each code", wanted);
    AT(base, m, const uint8_t *)[i] = (const uint8_t *)bytes->text;
  }
  return true;
}

static bool read_exprs(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n) || !needs_scheme(r, n)) return false;
  const expr **exprs = ARENA_ARRAY(r->mem, const expr *, n->items.len);
  *AT(base, m, const expr *const *) = exprs;
  COUNT_AT(base, m, size_t) = n->items.len;
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_expr(r, &(expr_scope){.scheme = r->scheme}, n->items.data[i], &exprs[i])) return false;
  return true;
}

// ---- records in records ----------------------------------------------------------------------------------

static bool read_nested(reader *r, const record_member *m, const node *n, unsigned char *base) {
  return read_record(r, m->type, n, base + m->offset);
}

static bool read_maybe(reader *r, const record_member *m, const node *n, unsigned char *base) {
  void *item = arena_alloc(r->mem, 1, m->type->size);
  *AT(base, m, void *) = item;
  return read_record(r, m->type, n, item);
}

static bool read_items(reader *r, const record_type *type, const node *n, unsigned char *first) {
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_record(r, type, n->items.data[i], first + i * type->size)) return false;
  return true;
}

static bool read_list_member(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  unsigned char *items = arena_alloc(r->mem, n->items.len, m->type->size);
  *AT(base, m, void *) = items;
  COUNT_AT(base, m, size_t) = n->items.len;
  return read_items(r, m->type, n, items);
}

static bool read_array(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  if (n->items.len > m->limit) return read_fail(r, n->loc, "at most %zu of '%s' are possible", m->limit, m->name);
  COUNT_AT(base, m, size_t) = n->items.len;
  return read_items(r, m->type, n, base + m->offset);
}

static bool read_pointers(reader *r, const record_member *m, const node *n, unsigned char *base) {
  if (!read_list(r, n)) return false;
  void **items = ARENA_ARRAY(r->mem, void *, n->items.len);
  *AT(base, m, void **) = items;
  COUNT_AT(base, m, size_t) = n->items.len;
  for (size_t i = 0; i < n->items.len; i++) {
    items[i] = arena_alloc(r->mem, 1, m->type->size);
    if (!read_record(r, m->type, n->items.data[i], items[i])) return false;
  }
  return true;
}

// ---- any record ------------------------------------------------------------------------------------------

static const member_reader readers[] = {
    [RECORD_U64] = read_u64_member,
    [RECORD_SPAN] = read_span,
    [RECORD_I64] = read_i64_member,
    [RECORD_UINT] = read_uint_member,
    [RECORD_CODE_BITS] = read_code_bits,
    [RECORD_INDEX] = read_index,
    [RECORD_BOOL] = read_bool,
    [RECORD_REAL] = read_real_member,
    [RECORD_TEXT] = read_text_member,
    [RECORD_SYMBOL] = read_symbol_member,
    [RECORD_SOURCE] = read_source,
    [RECORD_ELEM] = read_elem_member,
    [RECORD_ACT] = read_act_member,
    [RECORD_MODE] = read_mode,
    [RECORD_TYPE] = read_type_member,
    [RECORD_SIZE] = read_size_member,
    [RECORD_SCHEME] = read_scheme_name,
    [RECORD_LAYOUT] = read_layout_name,
    [RECORD_RECIPE] = read_recipe_name,
    [RECORD_FIELD] = read_field,
    [RECORD_MAYBE_FIELD] = read_maybe_field,
    [RECORD_LEVELS] = read_levels,
    [RECORD_PLANES] = read_planes,
    [RECORD_EXPRS] = read_exprs,
    [RECORD_SIZES] = read_sizes,
    [RECORD_REFS] = read_refs,
    [RECORD_COUNTS] = read_counts,
    [RECORD_MAYBE] = read_maybe,
    [RECORD_NESTED] = read_nested,
    [RECORD_LIST] = read_list_member,
    [RECORD_ARRAY] = read_array,
    [RECORD_POINTERS] = read_pointers,
};

static const node *find_entry(const node *n, const char *name) {
  for (size_t i = 0; i < n->items.len; i++)
    if (node_is_word(n->items.data[i]->items.data[0], name)) return n->items.data[i];
  return NULL;
}

// Every entry is one that the table has, and the only one of its name.
static bool check_entries(reader *r, const record_type *type, const node *n) {
  bool ok = true;
  for (size_t i = 0; i < n->items.len; i++) {
    const node *word = n->items.data[i]->items.data[0];
    bool known = false;
    for (size_t j = 0; j < type->member_count; j++) known = known || strcmp(type->members[j].name, word->text) == 0;
    if (!known) ok = read_fail(r, word->loc, "a %s has no '%s'", type->name, word->text);
    if (find_entry(n, word->text) != n->items.data[i]) ok = read_fail(r, word->loc, "'%s' is given twice", word->text);
  }
  return ok;
}

// In the table's order, whatever the text's: schemes come before what belongs to them.
bool read_record(reader *r, const record_type *type, const node *n, void *out) {
  if (n->kind != NODE_RECORD) return read_fail(r, n->loc, "expected a %s in braces", type->name);
  bool ok = check_entries(r, type, n);
  for (size_t i = 0; i < type->member_count; i++) {
    const record_member *m = &type->members[i];
    const node *entry = find_entry(n, m->name);
    if (entry != NULL)
      ok = readers[m->kind](r, m, entry->items.data[1], out) && ok;
    else if (!record_may_miss(m->kind))
      ok = read_fail(r, n->loc, "the %s lacks '%s'", type->name, m->name);
  }
  return ok;
}

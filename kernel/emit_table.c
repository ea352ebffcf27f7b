// Look-ups in constant tables: small ones in registers, large ones by gathers of 32-bit words.
#include <string.h>

#include "kernel/emit_coarse.h"
#include "support/num.h"

#define REGISTER_TABLE 256 // numbers of a look-up without memory
#define WORD 4u            // bytes of a gathered word
#define LOAD_ALIGN 16u     // at most, of neighbouring elements

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }
static ir_type f32_of(const coarse_place *p) { return ir_vector(ELEM_F32, p->lanes); }

static ir_value *add_int(const coarse_place *p, ir_value *x, ir_value *y) {
  return x == NULL ? y : y == NULL ? x : ir_emit2(p->b, IR_ADD, i32_of(p), x, y);
}

static ir_value *scaled(const coarse_place *p, ir_value *x, uint64_t factor) {
  if (factor == 1) return x;
  return ir_emit2(p->b, IR_MUL, i32_of(p), x, ir_vector_int(p->b, i32_of(p), (int64_t)factor));
}

// ---- indices: a known part, and a rest that is a multiple of something -----------------------------------

static uint64_t multiple_of(const coarse_place *p, const expr *e) {
  int64_t factor;
  if (e->op == EXPR_SHL && e->args[1]->op == EXPR_INT) return UINT64_C(1) << (e->args[1]->i & 31);
  if (e->op != EXPR_MUL) return 1;
  for (unsigned i = 0; i < 2; i++)
    if (lo_is_known(p, e->args[i], &factor) && factor > 0) return (uint64_t)factor * multiple_of(p, e->args[1 - i]);
  return 1;
}

void lo_split_index(const coarse_place *p, const expr *e, split_index *out) {
  int64_t known;
  if (lo_is_known(p, e, &known)) {
    out->known += known;
  } else if (e->op == EXPR_ADD) {
    lo_split_index(p, e->args[0], out);
    lo_split_index(p, e->args[1], out);
  } else {
    out->multiple = num_gcd(out->multiple, multiple_of(p, e));
    if (p->b != NULL) out->rest = add_int(p, out->rest, lo_expr_int(p, e));
  }
}

// Whether elements of that many bytes are at a fixed place within the words that hold them.
static bool is_fixed(const split_index *s, unsigned bytes) { return s->multiple * bytes % WORD == 0; }

// ---- gathered elements -----------------------------------------------------------------------------------

static ir_value *gather_word(const coarse_place *p, const coarse_table *g, ir_value *rest_bytes, uint64_t known_bytes) {
  ir_value *known = ir_vector_int(p->b, i32_of(p), (int64_t)(g->offset + known_bytes));
  ir_value *operands[] = {g->buffer, add_int(p, rest_bytes, known)};
  ir_attr align = ir_int(IR_ATTR_ALIGN, WORD);
  ir_type t = i32_of(p);
  return ir_emit(p->b, IR_GATHER, &t, 2, operands, 1, &align);
}

ir_value *lo_element_of_word(const coarse_place *p, elem_type type, ir_value *word, unsigned from) {
  const elem_info *e = elem_get(type);
  ir_type t = i32_of(p);
  if (type == ELEM_F32) return lo_floats(p->b, word);
  if (e->bits == 32) return word;
  if (e->kind == ELEM_KIND_INT) {
    unsigned up = 32 - e->bits - from;
    ir_value *x = up == 0 ? word : ir_emit_attr(p->b, IR_SHL, t, word, ir_int(IR_ATTR_SHIFT, up));
    return ir_emit_attr(p->b, IR_SAR, t, x, ir_int(IR_ATTR_SHIFT, 32 - e->bits));
  }
  ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, from), ir_int(IR_ATTR_MASK, (INT64_C(1) << e->bits) - 1)};
  ir_value *x = ir_emit(p->b, IR_BITS, &t, 1, &word, 2, attrs);
  if (e->kind == ELEM_KIND_UINT) return x;
  x = ir_emit1(p->b, IR_TRUNC, ir_vector(ELEM_I16, p->lanes), x);
  return ir_emit1(p->b, IR_EXTF, f32_of(p), ir_emit1(p->b, IR_BITCAST, ir_vector(type, p->lanes), x));
}

static ir_value *as_f32(const coarse_place *p, ir_value *x) {
  return x->type.elem == ELEM_F32 ? x : ir_emit1(p->b, IR_ITOF, f32_of(p), x);
}

// Two elements share a word: both are taken out, and the index chooses.
static ir_value *gather_half(const coarse_place *p, const coarse_table *g, const split_index *s) {
  ir_type t = i32_of(p);
  ir_value *index = add_int(p, s->rest, ir_vector_int(p->b, t, s->known));
  ir_value *word = ir_emit_attr(p->b, IR_SHR, t, index, ir_int(IR_ATTR_SHIFT, 1));
  word = gather_word(p, g, scaled(p, word, WORD), 0);
  ir_value *odd = ir_emit2(p->b, IR_AND, t, index, ir_vector_int(p->b, t, 1));
  ir_value *args[] = {as_f32(p, odd), NULL, as_f32(p, lo_element_of_word(p, g->type, word, 0)),
                      as_f32(p, lo_element_of_word(p, g->type, word, 16))};
  args[1] = lo_real(p->b, args[0], 0.5);
  ir_type f = f32_of(p);
  return ir_emit(p->b, IR_SELECT_LT, &f, 4, args, 0, NULL);
}

ir_value *lo_gather(const coarse_place *p, const coarse_table *g, const expr *index) {
  split_index s = {0};
  lo_split_index(p, index, &s);
  unsigned bytes = elem_get(g->type)->bits / 8;
  if (!is_fixed(&s, bytes)) return gather_half(p, g, &s);
  uint64_t known = (uint64_t)s.known * bytes;
  ir_value *rest = s.rest == NULL ? NULL : scaled(p, s.rest, bytes);
  return lo_element_of_word(p, g->type, gather_word(p, g, rest, known / WORD * WORD), (unsigned)(known % WORD) * 8);
}

ir_value *lo_load_run(const coarse_place *p, const coarse_table *g, const expr *index) {
  coarse_place row = lo_run_row(p);
  split_index at = {0};
  lo_split_index(&row, index, &at);
  uint64_t bytes = elem_get(g->type)->bits / 8, known = (uint64_t)at.known * bytes;
  if (at.known < 0) {
    at.rest = ir_emit2(p->b, IR_ADD, i32_of(&row), at.rest, ir_vector_int(p->b, i32_of(&row), at.known));
    known = 0;
  }
  ir_value *offset = lo_index(p->b, 0);
  ir_type index_type = ir_index();
  if (at.rest != NULL) offset = lo_index_scale(p->b, ir_emit1(p->b, IR_TO_INDEX, index_type, at.rest), bytes);
  uint64_t align =
      num_gcd(num_gcd(at.multiple * bytes, (uint64_t)(at.known < 0 ? -at.known : at.known) * bytes), LOAD_ALIGN);
  return lo_load_elements(p, g->buffer, lo_index_offset(p->b, offset, g->offset + known), g->type, align);
}

ir_value *lo_in_lanes(const coarse_place *p, ir_value *x, bool as_int) {
  if (!as_int) return as_f32(p, x);
  return x->type.elem == ELEM_F32 ? ir_emit1(p->b, IR_FTOI, i32_of(p), x) : x;
}

// ---- constant tables -------------------------------------------------------------------------------------

// The narrowest type of whole bytes that holds the numbers of an integer table; floats are f32.
static elem_type memory_type(const scheme_table *t) {
  const elem_info *e = elem_get(t->type);
  if (e->kind == ELEM_KIND_FLOAT || e->bits > 32) return ELEM_F32;
  if (e->kind == ELEM_KIND_UINT) return e->bits <= 8 ? ELEM_U8 : e->bits <= 16 ? ELEM_U16 : ELEM_U32;
  return e->bits <= 8 ? ELEM_I8 : e->bits <= 16 ? ELEM_I16 : ELEM_I32;
}

// Whether all look-ups of a table find elements of so many bytes at fixed places of words. Positions are multiples of
// whole chunks.
static bool all_fixed(const scheme *s, const expr *e, unsigned table, unsigned bytes) {
  recipe r = {.scheme = s};
  coarse_place nowhere = {.recipe = &r, .aligned = PACK_CHUNK};
  if (e->op == EXPR_TABLE && e->index == table) {
    split_index at = {0};
    lo_split_index(&nowhere, e->args[0], &at);
    if (!is_fixed(&at, bytes)) return false;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!all_fixed(s, e->args[i], table, bytes)) return false;
  return true;
}

static elem_type table_type(const scheme *s, unsigned table) {
  elem_type type = memory_type(&s->tables[table]);
  unsigned bytes = elem_get(type)->bits / 8;
  if (bytes == WORD || all_fixed(s, s->value, table, bytes)) return type;
  return elem_get(type)->kind == ELEM_KIND_UINT ? ELEM_U32 : ELEM_I32;
}

static bool needs_memory(const scheme_table *t) { return t->count > REGISTER_TABLE; }

static ir_value *make_table(ir_builder *b, const scheme *s, unsigned index) {
  const scheme_table *t = &s->tables[index];
  elem_type type = table_type(s, index);
  size_t bytes = elem_get(type)->bits / 8, size = (t->count * bytes + WORD - 1) / WORD * WORD;
  uint8_t *data = ARENA_ARRAY(b->mem, uint8_t, size);
  for (size_t i = 0; i < t->count; i++) {
    uint64_t raw = elem_encode(type, t->values[i]);
    for (size_t j = 0; j < bytes; j++) data[i * bytes + j] = (uint8_t)(raw >> (8 * j));
  }
  ir_attr attr = ir_bytes(IR_ATTR_TABLE, data, size);
  ir_type buffer = ir_buffer();
  return ir_emit(b, IR_DATA, &buffer, 0, NULL, 1, &attr);
}

static bool uses_table(const expr *e, unsigned table) {
  if (e->op == EXPR_TABLE && e->index == table) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (uses_table(e->args[i], table)) return true;
  return false;
}

void lo_make_tables(ir_builder *b, const scheme *s, const expr *e, bool runs, ir_value **out) {
  for (unsigned i = 0; i < s->table_count; i++)
    if (out[i] == NULL && (runs || needs_memory(&s->tables[i])) && uses_table(e, i)) out[i] = make_table(b, s, i);
}

bool lo_uses_row(const scheme *s, const expr *e) {
  if (e->op == EXPR_VAR && e->index == VAR_N) return true;
  if (e->op == EXPR_ELEMENT && s->fields[e->index].gran.kind != GRAN_TENSOR) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (lo_uses_row(s, e->args[i])) return true;
  return false;
}

ir_value *lo_make_row_numbers(ir_builder *b, unsigned rows) {
  uint8_t *data = ARENA_ARRAY(b->mem, uint8_t, rows *WORD);
  for (unsigned i = 0; i < rows; i++) data[i * WORD] = (uint8_t)i;
  ir_attr attr = ir_bytes(IR_ATTR_TABLE, data, (size_t)rows * WORD);
  ir_type buffer = ir_buffer();
  return ir_emit(b, IR_DATA, &buffer, 0, NULL, 1, &attr);
}

static ir_value *register_lookup(const coarse_place *p, const expr *e) {
  const scheme_table *t = &p->recipe->scheme->tables[e->index];
  size_t size = 2;
  while (size < t->count) size *= 2;
  double *levels = ARENA_ARRAY(p->b->mem, double, size);
  for (size_t i = 0; i < t->count; i++) levels[i] = (float)t->values[i];
  ir_value *index = lo_expr_int(p, e->args[0]);
  ir_attr attr = ir_reals(IR_ATTR_LEVELS, levels, size);
  ir_type f = f32_of(p);
  return ir_emit(p->b, IR_LOOKUP_F32, &f, 1, &index, 1, &attr);
}

ir_value *lo_table_lookup(const coarse_place *p, const expr *e, bool as_int) {
  const scheme *s = p->recipe->scheme;
  const scheme_table *t = &s->tables[e->index];
  int64_t known;
  if (lo_is_run_lookup(p->recipe->scheme, e, p->run)) {
    coarse_table g = {.buffer = p->tables[e->index], .type = table_type(s, e->index)};
    return lo_in_lanes(p, lo_load_run(p, &g, e->args[0]), as_int);
  }
  if (lo_is_known(p, e->args[0], &known)) {
    double value = known < 0 || (uint64_t)known >= t->count ? 0 : t->values[known];
    return as_int ? ir_vector_int(p->b, i32_of(p), (int64_t)value) : ir_vector_real(p->b, f32_of(p), (float)value);
  }
  if (!needs_memory(t)) return lo_in_lanes(p, register_lookup(p, e), as_int);
  coarse_table g = {.buffer = p->tables[e->index], .type = table_type(s, e->index)};
  return lo_in_lanes(p, lo_gather(p, &g, e->args[0]), as_int);
}

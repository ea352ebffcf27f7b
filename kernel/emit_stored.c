// Look-ups in tables that are stored with the tensor. A table for all rows that fits registers is permuted, a few numbers are
// compared one by one, and everything else is gathered from where it lies, which is in the first-level cache.
#include <string.h>

#include "kernel/emit_coarse.h"
#include "support/num.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }
static ir_type f32_of(const coarse_place *p) { return ir_vector(ELEM_F32, p->lanes); }

static const pack_field *find_field(const pack_field *fields, size_t count, unsigned field) {
  for (size_t i = 0; i < count; i++)
    if (fields[i].field == field) return &fields[i];
  return NULL;
}

static const pack_field *tensor_field(const recipe *r, unsigned field) {
  return find_field(r->pack.tensor_fields, r->pack.tensor_field_count, field);
}

// ---- in registers ----------------------------------------------------------------------------------------

// Whether the tier looks up that many numbers without going to memory.
static bool fits_registers(const coarse_place *p, uint64_t count) {
  if (p->tier == NULL || count < 2 || (count & (count - 1)) != 0) return false;
  const target_pattern *row = target_find_pattern(p->tier, IR_LOOKUP_F32, ELEM_F32, p->lanes, count);
  return row != NULL && strcmp(row->sequence, "gather") != 0;
}

// `count` numbers of a table, of which number i is element places[i] (NULL: i) of `all`.
static ir_value *table_vector(const coarse_place *p, const pack_field *pf, uint64_t all, uint64_t count,
                              const double *places) {
  coarse_place whole = *p;
  whole.lanes = (uint32_t)(places == NULL ? count : all);
  ir_value *x = lo_load_elements(&whole, p->weights, lo_index(p->b, pf->offset), pf->store, sizeof(float));
  if (x->type.elem != ELEM_F32) x = ir_emit1(p->b, IR_ITOF, ir_vector(ELEM_F32, whole.lanes), x);
  if (places == NULL) return x;
  uint8_t *from = ARENA_ARRAY(p->b->mem, uint8_t, count);
  for (uint64_t i = 0; i < count; i++) from[i] = (uint8_t)places[i];
  return ir_emit_attr(p->b, IR_SHUFFLE, ir_vector(ELEM_F32, (uint32_t)count), x, ir_bytes(IR_ATTR_TABLE, from, count));
}

// ---- one by one ------------------------------------------------------------------------------------------

static bool is_few(const coarse_place *p, uint64_t count) {
  if (p->tier == NULL) return count <= 4;
  double compared = (double)(count - 1) * target_cost(p->tier, IR_SELECT_LT, ELEM_F32, p->lanes, 0);
  return compared <= target_cost(p->tier, IR_GATHER, ELEM_I32, p->lanes, 0);
}

// Each number against the index, the last one as the rest.
static ir_value *compare_all(const coarse_place *p, unsigned field, ir_value *index, uint64_t count,
                             const double *places) {
  ir_type f = f32_of(p);
  index = ir_emit1(p->b, IR_ITOF, f, index);
  ir_value *x = lo_field_element(p, field, places == NULL ? count - 1 : (uint64_t)places[count - 1]);
  for (uint64_t i = count - 1; i-- > 0;) {
    ir_value *number = lo_field_element(p, field, places == NULL ? i : (uint64_t)places[i]);
    ir_value *args[] = {index, lo_real(p->b, index, (double)i + 0.5), number, x};
    x = ir_emit(p->b, IR_SELECT_LT, &f, 4, args, 0, NULL);
  }
  return x;
}

// ---- from memory -----------------------------------------------------------------------------------------

static ir_value *scaled(const coarse_place *p, ir_value *x, uint64_t factor) {
  return factor == 1 ? x : ir_emit2(p->b, IR_MUL, i32_of(p), x, ir_vector_int(p->b, i32_of(p), (int64_t)factor));
}

// Numbers of 16 bits of neighbouring rows share a word, which is aligned: odd rows take its upper half.
static ir_value *gather_halves(const coarse_place *p, elem_type store, ir_value *offsets, ir_value *rows,
                               ir_value *base) {
  ir_type t = i32_of(p);
  ir_value *pair = ir_emit_attr(p->b, IR_SHR, t, rows, ir_int(IR_ATTR_SHIFT, 1));
  ir_value *odd = ir_emit2(p->b, IR_AND, t, rows, ir_vector_int(p->b, t, 1));
  odd = ir_emit2(p->b, IR_SUB, t, ir_vector_int(p->b, t, 0), odd);
  ir_value *operands[] = {p->weights, ir_emit2(p->b, IR_ADD, t, offsets, scaled(p, pair, 4)), base};
  ir_attr align = ir_int(IR_ATTR_ALIGN, 4);
  ir_value *word = ir_emit(p->b, IR_GATHER, &t, 3, operands, 1, &align);
  ir_value *upper = ir_emit_attr(p->b, IR_SHR, t, word, ir_int(IR_ATTR_SHIFT, 16));
  ir_value *change = ir_emit2(p->b, IR_AND, t, ir_emit2(p->b, IR_XOR, t, word, upper), odd);
  return lo_element_of_word(p, store, ir_emit2(p->b, IR_XOR, t, word, change), 0);
}

// Words from where each lane's number begins. Behind every table lie codes: nothing is read that is not there.
static ir_value *gather_numbers(const coarse_place *p, unsigned field, ir_value *index) {
  const pack_field *pf = tensor_field(p->recipe, field);
  ir_value *base = pf != NULL ? lo_index(p->b, pf->offset) : NULL;
  uint64_t bytes, step;
  if (pf != NULL) {
    step = bytes = elem_get(pf->store)->bits / 8;
  } else {
    pf = find_field(p->recipe->pack.fields, p->recipe->pack.field_count, field);
    bytes = elem_get(pf->store)->bits / 8;
    step = bytes * pack_field_width(&p->recipe->pack, pf);
    base = lo_field_at(p, pf, &p->recipe->scheme->fields[field], 0);
  }
  ir_value *offsets = scaled(p, index, step);
  if (step != bytes && pf->shared <= 1 && !p->splat) { // the rows' tables lie side by side
    ir_value *rows = lo_load(p->b, i32_of(p), p->row_numbers, lo_index(p->b, 0), NULL);
    if (bytes == 2 && p->lanes % 2 == 0) return gather_halves(p, pf->store, offsets, rows, base);
    offsets = ir_emit2(p->b, IR_ADD, i32_of(p), offsets, scaled(p, rows, bytes));
  }
  ir_value *operands[] = {p->weights, offsets, base};
  ir_attr align = ir_int(IR_ATTR_ALIGN, (int64_t)(bytes < 4 ? bytes : 4));
  ir_type t = i32_of(p);
  return lo_element_of_word(p, pf->store, ir_emit(p->b, IR_GATHER, &t, 3, operands, 1, &align), 0);
}

// ---- all -------------------------------------------------------------------------------------------------

static ir_value *place_numbers(const coarse_place *p, ir_value *index, uint64_t count, const double *places) {
  if (places == NULL) return index;
  ir_attr attr = ir_reals(IR_ATTR_LEVELS, places, count);
  ir_type f = f32_of(p);
  return ir_emit1(p->b, IR_FTOI, i32_of(p), ir_emit(p->b, IR_LOOKUP_F32, &f, 1, &index, 1, &attr));
}

ir_value *lo_stored_number(const coarse_place *p, unsigned field, ir_value *index, uint64_t count,
                           const double *places) {
  const pack_field *pf = tensor_field(p->recipe, field);
  uint64_t all = scheme_field_elements(&p->recipe->scheme->fields[field]);
  bool whole = places == NULL ? count <= all : all <= 256;
  if (pf != NULL && whole && fits_registers(p, count))
    return ir_emit2(p->b, IR_LOOKUP_VECTOR, f32_of(p), index, table_vector(p, pf, all, count, places));
  if (is_few(p, count)) return compare_all(p, field, index, count, places);
  return gather_numbers(p, field, place_numbers(p, index, count, places));
}

ir_value *lo_element_lookup(const coarse_place *p, const expr *e, bool as_int) {
  const scheme *s = p->recipe->scheme;
  uint64_t count = scheme_field_elements(&s->fields[e->index]);
  const pack_field *pf = tensor_field(p->recipe, e->index);
  int64_t known;
  if (lo_is_run_lookup(s, e, p->run)) {
    coarse_table table = {.buffer = p->weights, .offset = pf->offset, .type = pf->store};
    return lo_in_lanes(p, lo_load_run(p, &table, e->args[0]), as_int);
  }
  if (lo_is_known(p, e->args[0], &known) && known >= 0 && (uint64_t)known < count)
    return lo_in_lanes(p, lo_field_lanes(p, e->index, (uint64_t)known), as_int);
  bool words = pf != NULL && elem_get(pf->store)->bits >= 16;
  if (words && !fits_registers(p, count) && !is_few(p, count)) {
    coarse_table table = {.buffer = p->weights, .offset = pf->offset, .type = pf->store};
    return lo_in_lanes(p, lo_gather(p, &table, e->args[0]), as_int);
  }
  return lo_in_lanes(p, lo_stored_number(p, e->index, lo_expr_int(p, e->args[0]), count, NULL), as_int);
}

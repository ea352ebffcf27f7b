// Value expressions as vector operations over the rows of a tile.
#include "kernel/emit_coarse.h"

#include <string.h>

#include "format/expr_range.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }
static ir_type f32_of(const coarse_place *p) { return ir_vector(ELEM_F32, p->lanes); }

static const pack_field *find_pack(const pack_field *fields, size_t count, unsigned field) {
  for (size_t i = 0; i < count; i++)
    if (fields[i].field == field) return &fields[i];
  return NULL;
}

// The lane type in which stored elements are loaded: vectors know signless integers of 8, 16 and 32 bits.
static elem_type lane_type(elem_type store) {
  const elem_info *e = elem_get(store);
  if (e->kind == ELEM_KIND_FLOAT && e->special != ELEM_POWER) return store;
  return e->bits == 8 ? ELEM_I8 : e->bits == 16 ? ELEM_I16 : ELEM_I32;
}

// Powers of two from their exponents: the least is subnormal in f32, and all ones is NaN.
static ir_value *power_of_byte(const coarse_place *p, ir_value *raw) {
  ir_type t = i32_of(p);
  ir_value *n = ir_emit1(p->b, IR_ZEXT, t, raw);
  ir_value *bits = ir_emit_attr(p->b, IR_SHL, t, n, ir_int(IR_ATTR_SHIFT, 23));
  bits = ir_emit2(p->b, IR_SMAX, t, bits, ir_vector_int(p->b, t, INT64_C(1) << 22));
  ir_attr carry[] = {ir_int(IR_ATTR_SHIFT, 8), ir_int(IR_ATTR_MASK, 1)};
  ir_value *above = ir_emit2(p->b, IR_ADD, t, n, ir_vector_int(p->b, t, 1));
  above = ir_emit(p->b, IR_BITS, &t, 1, &above, 2, carry);
  above = ir_emit_attr(p->b, IR_SHL, t, above, ir_int(IR_ATTR_SHIFT, 22));
  return lo_floats(p->b, ir_emit2(p->b, IR_OR, t, bits, above));
}

// Raw stored lanes -> i32 (integers) or f32 (floats).
static ir_value *widen(const coarse_place *p, ir_value *raw, elem_type store) {
  const elem_info *e = elem_get(store);
  if (e->special == ELEM_POWER) return power_of_byte(p, raw);
  if (e->kind == ELEM_KIND_FLOAT) return store == ELEM_F32 ? raw : ir_emit1(p->b, IR_EXTF, f32_of(p), raw);
  if (e->bits == 32) return raw;
  return ir_emit1(p->b, e->kind == ELEM_KIND_INT ? IR_SEXT : IR_ZEXT, i32_of(p), raw);
}

ir_value *lo_load_elements(const coarse_place *p, ir_value *buffer, ir_value *offset, elem_type store, uint64_t align) {
  return widen(p, lo_load_aligned(p->b, ir_vector(lane_type(store), p->lanes), buffer, offset, align), store);
}

static ir_value *load_tensor_field(const coarse_place *p, const pack_field *pf, uint64_t element) {
  uint64_t bytes = elem_get(pf->store)->bits / 8;
  ir_value *offset = lo_index(p->b, pf->offset + element * bytes);
  return lo_load_splat(p->b, ir_vector(lane_type(pf->store), p->lanes), p->weights, offset);
}

// The granule of `span` positions at the place: what is known of the position is left out of the division.
static ir_value *granule_at(const coarse_place *p, uint64_t span, uint64_t bytes) {
  if (p->aligned % span == 0 || span % p->aligned == 0) {
    ir_value *base = lo_index_div(p->b, p->position, lo_index(p->b, span));
    if (p->aligned % span == 0)
      return lo_index_offset(p->b, lo_index_scale(p->b, base, bytes), p->ahead / span * bytes);
    if (p->ahead < p->aligned) return lo_index_scale(p->b, base, bytes);
  }
  ir_value *position = lo_index_offset(p->b, p->position, p->ahead);
  return lo_index_scale(p->b, lo_index_div(p->b, position, lo_index(p->b, span)), bytes);
}

ir_value *lo_field_at(const coarse_place *p, const pack_field *pf, const scheme_field *f, uint64_t element) {
  uint64_t bytes = elem_get(pf->store)->bits / 8;
  uint64_t row_bytes = bytes * pack_field_width(&p->recipe->pack, pf);
  bool moved = pf->span != 0 && p->fields != NULL;
  ir_value *at = pf->span == 0 ? p->tile : p->block;
  if (pf->span != 0 && pf->span != p->recipe->pack.block)
    at = lo_index_add(p->b, at, granule_at(p, pf->span, row_bytes * scheme_field_elements(f)));
  ir_value *row = pf->shared > 1 ? lo_index_div(p->b, p->row, lo_index(p->b, pf->shared)) : p->row;
  at = lo_index_add(p->b, at, lo_index_scale(p->b, row, bytes));
  if (moved) at = lo_index_add(p->b, at, p->fields[pf - p->recipe->pack.fields]);
  return lo_index_offset(p->b, at, (moved ? 0 : pf->offset) + element * row_bytes);
}

static ir_value *load_row_field(const coarse_place *p, const pack_field *pf, const scheme_field *f, uint64_t element) {
  ir_value *at = lo_field_at(p, pf, f, element);
  bool shared = pf->shared > 1;
  ir_type lanes = ir_vector(lane_type(pf->store), p->lanes);
  return p->splat || shared ? lo_load_splat(p->b, lanes, p->weights, at) : lo_load(p->b, lanes, p->weights, at, NULL);
}

ir_value *lo_field_lanes(const coarse_place *p, unsigned field, uint64_t element) {
  const packing *pack = &p->recipe->pack;
  const pack_field *pf = find_pack(pack->tensor_fields, pack->tensor_field_count, field);
  if (pf != NULL) return widen(p, load_tensor_field(p, pf, element), pf->store);
  pf = find_pack(pack->fields, pack->field_count, field);
  return widen(p, load_row_field(p, pf, &p->recipe->scheme->fields[field], element), pf->store);
}

ir_value *lo_field_element(const coarse_place *p, unsigned field, uint64_t element) {
  ir_value *x = lo_field_lanes(p, field, element);
  return x->type.elem == ELEM_F32 ? x : ir_emit1(p->b, IR_ITOF, f32_of(p), x);
}

static ir_value *code_bits(const coarse_place *p, unsigned field, ir_value *code) {
  const normal_form *nf = &p->recipe->normal;
  size_t i = 0;
  while (nf->parts[i].derived_count > 0 || nf->parts[i].field != field) i++;
  unsigned bits = elem_get(p->recipe->scheme->fields[field].type)->bits;
  if (bits == nf->code_bits) return code;
  ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, nf->parts[i].shift),
                     ir_int(IR_ATTR_MASK, (int64_t)((UINT64_C(1) << bits) - 1))};
  ir_type t = i32_of(p);
  return ir_emit(p->b, IR_BITS, &t, 1, &code, 2, attrs);
}

// The joint code has integers less the least one of their type.
ir_value *lo_code_field(const coarse_place *p, unsigned field, ir_value *code) {
  elem_type type = p->recipe->scheme->fields[field].type;
  ir_type t = i32_of(p);
  ir_value *x = code_bits(p, field, code);
  return elem_min(type) == 0 ? x : ir_emit2(p->b, IR_ADD, t, x, ir_vector_int(p->b, t, elem_min(type)));
}

// ---- floats from their bits ------------------------------------------------------------------------------

// Every number of a small float type.
static ir_value *small_float(const coarse_place *p, elem_type type, ir_value *bits) {
  size_t count = (size_t)1 << elem_get(type)->bits;
  double *levels = ARENA_ARRAY(p->b->mem, double, count);
  for (size_t i = 0; i < count; i++) levels[i] = elem_decode(type, i);
  ir_attr attr = ir_reals(IR_ATTR_LEVELS, levels, count);
  ir_type f = f32_of(p);
  return ir_emit(p->b, IR_LOOKUP_F32, &f, 1, &bits, 1, &attr);
}

static ir_value *float_of_bits(const coarse_place *p, elem_type type, ir_value *bits) {
  unsigned width = elem_get(type)->bits;
  if (width == 32) return lo_floats(p->b, bits);
  if (width <= 8) return small_float(p, type, bits);
  ir_value *half = ir_emit1(p->b, IR_TRUNC, ir_vector(ELEM_I16, p->lanes), bits);
  return ir_emit1(p->b, IR_EXTF, f32_of(p), ir_emit1(p->b, IR_BITCAST, ir_vector(type, p->lanes), half));
}

static ir_value *rounded(const coarse_place *p, elem_type type, ir_value *x) {
  if (type == ELEM_F32) return x;
  return ir_emit1(p->b, IR_EXTF, f32_of(p), ir_emit1(p->b, IR_TRUNCF, ir_vector(type, p->lanes), x));
}

static ir_value *real_field(const coarse_place *p, const expr *e) {
  const scheme_field *f = &p->recipe->scheme->fields[e->index];
  if (f->gran.kind != GRAN_WEIGHT) return lo_field_element(p, e->index, 0);
  if (p->code_real != NULL) return p->code_real;
  return float_of_bits(p, f->type, code_bits(p, e->index, p->code));
}

static ir_value *select_lt(const coarse_place *p, ir_value *a, ir_value *b, ir_value *x, ir_value *y) {
  ir_value *args[] = {a, b, x, y};
  ir_type f = f32_of(p);
  return ir_emit(p->b, IR_SELECT_LT, &f, 4, args, 0, NULL);
}

static ir_value *absolute(const coarse_place *p, ir_value *x) { return ir_emit1(p->b, IR_FABS, f32_of(p), x); }

// Comparisons and selection in f32, exact for the integers that codes and sub-scales are.
static ir_value *compare(const coarse_place *p, const expr *e) {
  ir_value *a = lo_expr_real(p, e->args[0]), *b = lo_expr_real(p, e->args[1]);
  ir_value *zero = lo_real(p->b, a, 0), *one = lo_real(p->b, a, 1);
  if (e->op == EXPR_LT) return select_lt(p, a, b, one, zero);
  return select_lt(p, zero, absolute(p, lo_fsub(p->b, a, b)), zero, one);
}

static ir_value *clamp_int(const coarse_place *p, ir_value *x, int64_t least, int64_t most) {
  x = ir_emit2(p->b, IR_SMAX, x->type, x, ir_vector_int(p->b, x->type, least));
  return ir_emit2(p->b, IR_SMIN, x->type, x, ir_vector_int(p->b, x->type, most));
}

// 2^n for -127 <= n <= 128 by its exponent bits: of the ends 0 and infinity.
static ir_value *by_exponent(const coarse_place *p, ir_value *n) {
  ir_value *biased = ir_emit2(p->b, IR_ADD, n->type, n, ir_vector_int(p->b, n->type, 127));
  return ir_emit1(p->b, IR_BITCAST, f32_of(p), ir_emit_attr(p->b, IR_SHL, n->type, biased, ir_int(IR_ATTR_SHIFT, 23)));
}

// 2^n for whole n. What f32 has below its normal range is the product of two powers in it, which is exact.
static ir_value *power_of_two(const coarse_place *p, const expr *e) {
  const scheme *s = p->recipe->scheme;
  const int64_t least = -126, most = 128;
  ir_value *n = lo_expr_int(p, e->args[0]);
  ir_value *normal = by_exponent(p, clamp_int(p, n, least, most));
  if (lo_is_at_least(s, e->args[0], least)) return normal;
  n = clamp_int(p, n, 2 * least, least);
  ir_value *under = ir_emit2(p->b, IR_SUB, n->type, n, ir_vector_int(p->b, n->type, least));
  return lo_fmul(p->b, normal, by_exponent(p, under));
}

typedef struct arithmetic {
  expr_op op;
  ir_opcode real;
} arithmetic;

static const arithmetic arithmetics[] = {{EXPR_ADD, IR_FADD}, {EXPR_SUB, IR_FSUB}, {EXPR_MUL, IR_FMUL},
                                         {EXPR_DIV, IR_FDIV}, {EXPR_MIN, IR_FMIN}, {EXPR_MAX, IR_FMAX}};

static const arithmetic *find_arithmetic(expr_op op) {
  for (size_t i = 0; i < sizeof arithmetics / sizeof *arithmetics; i++)
    if (arithmetics[i].op == op) return &arithmetics[i];
  return NULL;
}

// 0 .. 2^32 - 1 as f32: in halves, as lanes are signed.
static ir_value *wide_unsigned(const coarse_place *p, ir_value *raw) {
  ir_attr high[] = {ir_int(IR_ATTR_SHIFT, 16), ir_int(IR_ATTR_MASK, 0xffff)};
  ir_attr low[] = {ir_int(IR_ATTR_SHIFT, 0), ir_int(IR_ATTR_MASK, 0xffff)};
  ir_type t = i32_of(p);
  ir_value *x = ir_emit1(p->b, IR_ITOF, f32_of(p), ir_emit(p->b, IR_BITS, &t, 1, &raw, 2, high));
  ir_value *y = ir_emit1(p->b, IR_ITOF, f32_of(p), ir_emit(p->b, IR_BITS, &t, 1, &raw, 2, low));
  return lo_fadd(p->b, lo_fmul(p->b, x, lo_real(p->b, x, 65536)), y);
}

ir_value *lo_expr_real(const coarse_place *p, const expr *e) {
  const scheme *s = p->recipe->scheme;
  int64_t known;
  if (lo_is_splat(p, e)) {
    coarse_place first = lo_run_splat(p);
    return lo_expr_real(&first, e);
  }
  if (lo_is_known(p, e, &known)) return ir_vector_real(p->b, f32_of(p), (double)known);
  if (e->op == EXPR_TABLE) return lo_table_lookup(p, e, false);
  if (e->op == EXPR_ELEMENT) return lo_element_lookup(p, e, false);
  if (e->is_int && !lo_computes_in_real(e->op)) {
    if (lo_is_signed_lane(s, e)) return ir_emit1(p->b, IR_ITOF, f32_of(p), lo_expr_int(p, e));
    if (lo_is_unsigned_lane(s, e)) return wide_unsigned(p, lo_expr_int(p, e));
  }
  const arithmetic *a = find_arithmetic(e->op);
  if (a != NULL) return ir_emit2(p->b, a->real, f32_of(p), lo_expr_real(p, e->args[0]), lo_expr_real(p, e->args[1]));
  switch (e->op) {
  case EXPR_REAL: return ir_vector_real(p->b, f32_of(p), e->r);
  case EXPR_FIELD: return real_field(p, e);
  case EXPR_NEG: return ir_emit1(p->b, IR_FNEG, f32_of(p), lo_expr_real(p, e->args[0]));
  case EXPR_ABS: return absolute(p, lo_expr_real(p, e->args[0]));
  case EXPR_EXP2: return power_of_two(p, e);
  case EXPR_ROUND: return rounded(p, (elem_type)e->index, lo_expr_real(p, e->args[0]));
  case EXPR_FLOAT:
    if (e->index == ELEM_F16 && lo_is_plain_f16(s, e->args[0])) return lo_plain_f16(p, e->args[0]);
    return float_of_bits(p, (elem_type)e->index, lo_expr_int(p, e->args[0]));
  case EXPR_LT:
  case EXPR_EQ: return compare(p, e);
  case EXPR_SELECT: {
    ir_value *c = absolute(p, lo_expr_real(p, e->args[0]));
    return select_lt(p, lo_real(p->b, c, 0), c, lo_expr_real(p, e->args[1]), lo_expr_real(p, e->args[2]));
  }
  default: return NULL;
  }
}

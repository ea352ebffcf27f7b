// Value expressions as vector operations over the rows of a tile.
#include "lower/emit_coarse.h"

#include <string.h>

#include "ir/expr_range.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }
static ir_type f32_of(const coarse_place *p) { return ir_vector(ELEM_F32, p->lanes); }

static const pack_field *find_pack(const pack_field *fields, size_t count, unsigned field) {
  for (size_t i = 0; i < count; i++)
    if (fields[i].field == field) return &fields[i];
  return NULL;
}

static uint64_t table_elements(const scheme_field *f) {
  uint64_t n = 1;
  for (unsigned i = 0; i < f->rank; i++) n *= f->dims[i];
  return n;
}

// The lane type in which stored elements are loaded: vectors know signless integers of 8, 16 and 32 bits.
static elem_type lane_type(elem_type store) {
  const elem_info *e = elem_get(store);
  if (e->kind == ELEM_KIND_FLOAT) return store;
  return e->bits == 8 ? ELEM_I8 : e->bits == 16 ? ELEM_I16 : ELEM_I32;
}

// Raw stored lanes -> i32 (integers) or f32 (floats).
static ir_value *widen(const coarse_place *p, ir_value *raw, elem_type store) {
  const elem_info *e = elem_get(store);
  if (e->kind == ELEM_KIND_FLOAT) return store == ELEM_F32 ? raw : ir_emit1(p->b, IR_EXTF, f32_of(p), raw);
  if (e->bits == 32) return raw;
  return ir_emit1(p->b, e->kind == ELEM_KIND_INT ? IR_SEXT : IR_ZEXT, i32_of(p), raw);
}

static ir_value *load_tensor_field(const coarse_place *p, const pack_field *pf, uint64_t element) {
  uint64_t bytes = elem_get(pf->store)->bits / 8;
  ir_value *offset = lo_index(p->b, pf->offset + element * bytes);
  return lo_load_splat(p->b, ir_vector(lane_type(pf->store), p->lanes), p->weights, offset);
}

static ir_value *load_row_field(const coarse_place *p, const pack_field *pf, const scheme_field *f, uint64_t element) {
  uint64_t bytes = elem_get(pf->store)->bits / 8;
  uint64_t row_bytes = bytes * p->recipe->pack.rows;
  ir_value *at = pf->span == 0 ? p->tile : p->block;
  if (pf->span != 0 && pf->span != p->recipe->pack.block) {
    ir_value *granule = lo_index_div(p->b, p->position, lo_index(p->b, pf->span));
    at = lo_index_add(p->b, at, lo_index_scale(p->b, granule, row_bytes * table_elements(f)));
  }
  at = lo_index_add(p->b, at, lo_index_scale(p->b, p->row, bytes));
  at = lo_index_offset(p->b, at, pf->offset + element * row_bytes);
  return lo_load(p->b, ir_vector(lane_type(pf->store), p->lanes), p->weights, at, NULL);
}

// A coarse field's element in its natural lanes: i32 or f32.
static ir_value *load_field(const coarse_place *p, unsigned field, uint64_t element) {
  const packing *pack = &p->recipe->pack;
  const pack_field *pf = find_pack(pack->tensor_fields, pack->tensor_field_count, field);
  if (pf != NULL) return widen(p, load_tensor_field(p, pf, element), pf->store);
  pf = find_pack(pack->fields, pack->field_count, field);
  return widen(p, load_row_field(p, pf, &p->recipe->scheme->fields[field], element), pf->store);
}

static bool is_float_field(const coarse_place *p, unsigned field) {
  return elem_get(p->recipe->scheme->fields[field].type)->kind == ELEM_KIND_FLOAT;
}

ir_value *lo_field_element(const coarse_place *p, unsigned field, uint64_t element) {
  ir_value *x = load_field(p, field, element);
  return is_float_field(p, field) ? x : ir_emit1(p->b, IR_ITOF, f32_of(p), x);
}

// A field of the weight itself, cut out of the joint code.
static ir_value *code_field(const coarse_place *p, unsigned field) {
  const normal_form *nf = &p->recipe->normal;
  elem_type type = p->recipe->scheme->fields[field].type;
  if (elem_get(type)->kind == ELEM_KIND_FLOAT) return p->code_real;
  for (size_t i = 0; i < nf->part_count; i++) {
    if (nf->parts[i].field != field) continue;
    ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, nf->parts[i].shift),
                       ir_int(IR_ATTR_MASK, (int64_t)((UINT64_C(1) << elem_get(type)->bits) - 1))};
    ir_type t = i32_of(p);
    ir_value *x = ir_emit(p->b, IR_BITS, &t, 1, &p->code, 2, attrs);
    return elem_min(type) == 0 ? x : ir_emit2(p->b, IR_ADD, t, x, ir_vector_int(p->b, t, elem_min(type)));
  }
  return NULL;
}

static ir_value *field_value(const coarse_place *p, unsigned field) {
  bool per_weight = p->recipe->scheme->fields[field].gran.kind == GRAN_WEIGHT;
  return per_weight ? code_field(p, field) : load_field(p, field, 0);
}

// Constant tables become look-ups of a power of two of floats.
static ir_value *table_lookup(const coarse_place *p, const expr *e) {
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

// Stored tables: each element against the index, the last one as the rest.
static ir_value *element_lookup(const coarse_place *p, const expr *e) {
  uint64_t count = table_elements(&p->recipe->scheme->fields[e->index]);
  ir_value *index = lo_expr_real(p, e->args[0]);
  ir_value *x = lo_field_element(p, e->index, count - 1);
  for (uint64_t i = count - 1; i-- > 0;) {
    ir_value *args[] = {index, lo_real(p->b, index, (double)i + 0.5), lo_field_element(p, e->index, i), x};
    ir_type f = f32_of(p);
    x = ir_emit(p->b, IR_SELECT_LT, &f, 4, args, 0, NULL);
  }
  return x;
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

// 2^n for whole n, by its exponent bits; below the normal range 0, above it infinity.
static ir_value *power_of_two(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *n = lo_expr_int(p, e->args[0]);
  ir_value *biased = ir_emit2(p->b, IR_ADD, t, n, ir_vector_int(p->b, t, 127));
  biased = ir_emit2(p->b, IR_SMAX, t, biased, ir_vector_int(p->b, t, 0));
  biased = ir_emit2(p->b, IR_SMIN, t, biased, ir_vector_int(p->b, t, 255));
  return ir_emit1(p->b, IR_BITCAST, f32_of(p), ir_emit_attr(p->b, IR_SHL, t, biased, ir_int(IR_ATTR_SHIFT, 23)));
}

typedef struct arithmetic {
  expr_op op;
  ir_opcode integer; // IR_OPCODE_COUNT: none
  ir_opcode real;
} arithmetic;

static const arithmetic arithmetics[] = {
    {EXPR_ADD, IR_ADD, IR_FADD},          {EXPR_SUB, IR_SUB, IR_FSUB},         {EXPR_MUL, IR_MUL, IR_FMUL},
    {EXPR_DIV, IR_OPCODE_COUNT, IR_FDIV}, {EXPR_MIN, IR_SMIN, IR_FMIN},        {EXPR_MAX, IR_SMAX, IR_FMAX},
    {EXPR_AND, IR_AND, IR_OPCODE_COUNT},  {EXPR_OR, IR_OR, IR_OPCODE_COUNT},   {EXPR_XOR, IR_XOR, IR_OPCODE_COUNT},
    {EXPR_SHL, IR_SHL, IR_OPCODE_COUNT},  {EXPR_SHR, IR_SAR, IR_OPCODE_COUNT},
};

static const arithmetic *find_arithmetic(expr_op op) {
  for (size_t i = 0; i < sizeof arithmetics / sizeof *arithmetics; i++)
    if (arithmetics[i].op == op) return &arithmetics[i];
  return NULL;
}

static bool is_shift(expr_op op) { return op == EXPR_SHL || op == EXPR_SHR; }

ir_value *lo_expr_int(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  const arithmetic *a = find_arithmetic(e->op);
  if (e->op == EXPR_INT) return ir_vector_int(p->b, t, e->i);
  if (e->op == EXPR_FIELD) return field_value(p, e->index);
  if (e->op == EXPR_NEG) return ir_emit2(p->b, IR_SUB, t, ir_vector_int(p->b, t, 0), lo_expr_int(p, e->args[0]));
  if (e->op == EXPR_NOT) return ir_emit2(p->b, IR_XOR, t, ir_vector_int(p->b, t, -1), lo_expr_int(p, e->args[0]));
  if (a != NULL && is_shift(e->op))
    return ir_emit_attr(p->b, a->integer, t, lo_expr_int(p, e->args[0]), ir_int(IR_ATTR_SHIFT, e->args[1]->i));
  if (a != NULL && a->integer != IR_OPCODE_COUNT)
    return ir_emit2(p->b, a->integer, t, lo_expr_int(p, e->args[0]), lo_expr_int(p, e->args[1]));
  return ir_emit1(p->b, IR_FTOI, t, lo_expr_real(p, e)); // comparisons, tables of integers
}

static bool fits_bits(const scheme *s, const expr *e, unsigned bits) {
  range_env env = range_env_value(s);
  expr_range r = expr_int_range(&env, e);
  int64_t limit = bits < 63 ? INT64_C(1) << bits : INT64_MAX;
  return r.min >= -limit && r.max < limit;
}

// Whether an integer expression may leave i32 lanes.
static bool is_wide(const scheme *s, const expr *e) { return e->is_int && !fits_bits(s, e, 31); }

// An unsigned field of 32 bits as f32: in halves, as lanes are signed.
static ir_value *wide_field(const coarse_place *p, const expr *e) {
  ir_value *raw = load_field(p, e->index, 0);
  if (elem_get(p->recipe->scheme->fields[e->index].type)->kind == ELEM_KIND_INT)
    return ir_emit1(p->b, IR_ITOF, f32_of(p), raw);
  ir_attr high[] = {ir_int(IR_ATTR_SHIFT, 16), ir_int(IR_ATTR_MASK, 0xffff)};
  ir_attr low[] = {ir_int(IR_ATTR_SHIFT, 0), ir_int(IR_ATTR_MASK, 0xffff)};
  ir_type t = i32_of(p);
  ir_value *x = ir_emit1(p->b, IR_ITOF, f32_of(p), ir_emit(p->b, IR_BITS, &t, 1, &raw, 2, high));
  ir_value *y = ir_emit1(p->b, IR_ITOF, f32_of(p), ir_emit(p->b, IR_BITS, &t, 1, &raw, 2, low));
  return lo_fadd(p->b, lo_fmul(p->b, x, lo_real(p->b, x, 65536)), y);
}

static ir_value *real_of_int(const coarse_place *p, const expr *e) {
  return ir_emit1(p->b, IR_ITOF, f32_of(p), lo_expr_int(p, e));
}

// Whether an integer expression has to be computed in i32 lanes.
static bool computes_in_int(const coarse_place *p, const expr *e) {
  return e->is_int && !is_wide(p->recipe->scheme, e) && e->op != EXPR_LT && e->op != EXPR_EQ && e->op != EXPR_SELECT &&
         e->op != EXPR_TABLE && e->op != EXPR_ELEMENT && e->op != EXPR_ABS;
}

ir_value *lo_expr_real(const coarse_place *p, const expr *e) {
  if (e->op == EXPR_INT) return ir_vector_real(p->b, f32_of(p), (double)e->i);
  if (computes_in_int(p, e)) return real_of_int(p, e);
  const arithmetic *a = find_arithmetic(e->op);
  if (a != NULL) return ir_emit2(p->b, a->real, f32_of(p), lo_expr_real(p, e->args[0]), lo_expr_real(p, e->args[1]));
  switch (e->op) {
  case EXPR_REAL: return ir_vector_real(p->b, f32_of(p), e->r);
  case EXPR_FIELD: return e->is_int ? wide_field(p, e) : field_value(p, e->index);
  case EXPR_NEG: return ir_emit1(p->b, IR_FNEG, f32_of(p), lo_expr_real(p, e->args[0]));
  case EXPR_ABS: return absolute(p, lo_expr_real(p, e->args[0]));
  case EXPR_TABLE: return table_lookup(p, e);
  case EXPR_ELEMENT: return element_lookup(p, e);
  case EXPR_EXP2: return power_of_two(p, e);
  case EXPR_LT:
  case EXPR_EQ: return compare(p, e);
  case EXPR_SELECT: {
    ir_value *c = absolute(p, lo_expr_real(p, e->args[0]));
    return select_lt(p, lo_real(p->b, c, 0), c, lo_expr_real(p, e->args[1]), lo_expr_real(p, e->args[2]));
  }
  default: return NULL;
  }
}

static bool lacks(arena *a, const expr *e, const char **reason) {
  *reason = arena_printf(a, "'%s' has no vector form here", expr_get_info(e->op)->name);
  return false;
}

// Operators on integers whose operands are computed in f32 or may be: they are exact up to 24 bits.
static bool reads_exactly(expr_op op) {
  return op == EXPR_LT || op == EXPR_EQ || op == EXPR_SELECT || op == EXPR_ABS || op == EXPR_TABLE ||
         op == EXPR_ELEMENT || op == EXPR_EXP2;
}

// Operators on integers that may leave i32 lanes, being computed in f32 there.
static bool may_be_wide(expr_op op) {
  return op == EXPR_INT || op == EXPR_FIELD || op == EXPR_NEG || op == EXPR_ADD || op == EXPR_SUB || op == EXPR_MUL;
}

static bool integers_fit(const scheme *s, const expr *e) {
  if (is_wide(s, e) && (!may_be_wide(e->op) || !fits_bits(s, e, 63))) return false;
  for (unsigned i = 0; i < e->arg_count; i++) {
    if (!e->args[i]->is_int) continue;
    if (reads_exactly(e->op) && !fits_bits(s, e->args[i], 24)) return false;
    if (e->is_int && !is_wide(s, e) && is_wide(s, e->args[i])) return false;
  }
  return true;
}

bool lo_expr_possible(arena *a, const scheme *s, const expr *e, const char **reason) {
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!lo_expr_possible(a, s, e->args[i], reason)) return false;
  if (!integers_fit(s, e)) {
    *reason = arena_printf(a, "the integers of '%s' may not fit its lanes", expr_get_info(e->op)->name);
    return false;
  }
  switch (e->op) {
  case EXPR_DIV: return e->is_int ? lacks(a, e, reason) : true;
  case EXPR_SHL:
  case EXPR_SHR: return e->args[1]->op == EXPR_INT ? true : lacks(a, e, reason);
  case EXPR_EXP2: return e->args[0]->is_int ? true : lacks(a, e, reason);
  case EXPR_TABLE: return s->tables[e->index].count <= 256 ? true : lacks(a, e, reason);
  case EXPR_MOD:
  case EXPR_VAR:
  case EXPR_BITS:
  case EXPR_LOAD:
  case EXPR_STREAM: return lacks(a, e, reason);
  default: return true;
  }
}

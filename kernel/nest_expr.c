// Expressions as vector operations, one for each operator of ir/statement.def. A value has one lane while it is the same
// for all lanes. Everything may be computed ahead of its condition, because nothing that is computed can go wrong.
#include "kernel/emit_code.h"
#include "kernel/emit_functions.h"
#include "kernel/emit_values.h"
#include "kernel/nest_inside.h"

// ---- kinds and lanes

static elem_type lane_type(const nest *n, st_class kind) {
  if (kind == ST_CLASS_BOOL) return ELEM_U1;
  return kind == ST_CLASS_INT ? n->integer : n->real;
}

ir_type nest_type(const nest *n, st_class kind, uint32_t lanes) { return ir_vector(lane_type(n, kind), lanes); }

ir_value *nest_constant(nest *n, st_class kind, uint32_t lanes, double value) {
  ir_type type = nest_type(n, kind, lanes);
  return kind == ST_CLASS_REAL ? ir_vector_real(&n->b, type, value) : ir_vector_int(&n->b, type, (int64_t)value);
}

ir_value *nest_widen(nest *n, ir_value *v, uint32_t lanes) {
  return v->type.lanes == lanes ? v : lo_splat(&n->b, v, lanes);
}

uint32_t nest_lanes(const nest *n, const st_expr *e) {
  return n->lane != NULL && nest_depends(n, e, n->lane) ? NEST_LANES : 1;
}

ir_value *nest_iota(nest *n, elem_type integer) {
  ir_type type = ir_vector(integer, NEST_LANES);
  ir_value *iota = ir_emit(&n->b, IR_IOTA, &type, 0, NULL, 0, NULL);
  if (n->count == NULL) return iota;
  ir_value *last = lo_index_minus(&n->b, n->count, lo_index(&n->b, 1));
  last = ir_emit1(&n->b, IR_FROM_INDEX, ir_vector(integer, 1), last);
  return ir_emit2(&n->b, IR_SMIN, type, iota, lo_splat(&n->b, last, NEST_LANES));
}

ir_value *nest_convert(nest *n, ir_value *v, st_class from, st_class to) {
  return from == to ? v : lo_convert(&n->b, v, lane_type(n, to));
}

// An argument as a value of that kind, in that many lanes.
static ir_value *argument(nest *n, const st_expr *e, size_t i, st_class kind, uint32_t lanes) {
  ir_value *v = nest_convert(n, nest_value_of(n, e->args[i]), e->args[i]->kind, kind);
  return nest_widen(n, v, lanes);
}

// ---- leaves

static ir_value *index_leaf(nest *n, const st_expr *e) {
  ir_value *at = n->places[e->index->number].at;
  ir_value *one = ir_emit1(&n->b, IR_FROM_INDEX, nest_type(n, ST_CLASS_INT, 1), at);
  if (e->index != n->lane) return one;
  ir_value *iota = nest_iota(n, n->integer);
  return ir_emit2(&n->b, IR_ADD, iota->type, iota, lo_splat(&n->b, one, NEST_LANES));
}

static ir_value *leaf(nest *n, const st_expr *e) {
  switch (e->op) {
  case ST_BOOL:
  case ST_INT: return ir_vector_int(&n->b, nest_type(n, e->kind, 1), e->i);
  case ST_REAL: return ir_vector_real(&n->b, nest_type(n, e->kind, 1), e->r);
  case ST_SIZE: return ir_emit1(&n->b, IR_FROM_INDEX, nest_type(n, ST_CLASS_INT, 1), nest_size(n, e->size));
  default: return index_leaf(n, e);
  }
}

// ---- operators that are one operation for each kind

typedef struct operation_row {
  ir_opcode real; // IR_OPCODE_COUNT: there is none
  ir_opcode integer;
  ir_opcode truth;
  bool compares; // the result is a truth value, the kind that of the arguments
} operation_row;

#define NONE IR_OPCODE_COUNT
static const operation_row operations[ST_OP_COUNT] = {
    [ST_ADD] = {IR_FADD, IR_ADD, NONE, false},       [ST_SUB] = {IR_FSUB, IR_SUB, NONE, false},
    [ST_MUL] = {IR_FMUL, IR_MUL, NONE, false},       [ST_DIV] = {IR_FDIV, IR_DIV, NONE, false},
    [ST_MOD] = {NONE, IR_MOD, NONE, false},          [ST_ABS] = {IR_FABS, IR_ABS, NONE, false},
    [ST_NEG] = {IR_FNEG, NONE, NONE, false},         [ST_MIN] = {IR_FMINIMUM, IR_SMIN, IR_AND, false},
    [ST_MAX] = {IR_FMAXIMUM, IR_SMAX, IR_OR, false}, [ST_AND] = {NONE, IR_AND, IR_AND, false},
    [ST_OR] = {NONE, IR_OR, IR_OR, false},           [ST_XOR] = {NONE, IR_XOR, IR_XOR, false},
    [ST_SHL] = {NONE, IR_SHLV, NONE, false},         [ST_SHR] = {NONE, IR_SARV, NONE, false},
    [ST_BOTH] = {NONE, NONE, IR_AND, false},         [ST_EITHER] = {NONE, NONE, IR_OR, false},
    [ST_LT] = {IR_FLT, IR_LT, NONE, true},           [ST_LE] = {IR_FLE, IR_LE, NONE, true},
    [ST_EQ] = {IR_FEQ, IR_EQ, NONE, true},           [ST_FLOOR] = {IR_FFLOOR, NONE, NONE, false},
    [ST_CEIL] = {IR_FCEIL, NONE, NONE, false},       [ST_TRUNC] = {IR_FTRUNC, NONE, NONE, false},
    [ST_ROUND] = {IR_FROUND, NONE, NONE, false},     [ST_ROUND_AWAY] = {IR_FROUND_AWAY, NONE, NONE, false},
    [ST_SQRT] = {IR_FSQRT, NONE, NONE, false},
};

static ir_opcode row_code(const operation_row *row, st_class kind) {
  if (kind == ST_CLASS_REAL) return row->real == 0 ? NONE : row->real;
  ir_opcode code = kind == ST_CLASS_INT ? row->integer : row->truth;
  return code == 0 ? NONE : code;
}

static st_class widest(const st_expr *e) {
  st_class kind = ST_CLASS_BOOL;
  for (size_t i = 0; i < e->arg_count; i++) kind = e->args[i]->kind > kind ? e->args[i]->kind : kind;
  return kind;
}

// NULL when no single operation does it.
static ir_value *one_operation(nest *n, const st_expr *e, uint32_t lanes) {
  const operation_row *row = &operations[e->op];
  st_class kind = row->compares ? widest(e) : e->kind;
  if (row->compares && kind == ST_CLASS_BOOL) kind = ST_CLASS_INT;
  ir_opcode code = row_code(row, kind);
  if (code == NONE) return NULL;
  ir_type type = row->compares ? ir_vector(ELEM_U1, lanes) : nest_type(n, kind, lanes);
  ir_value *x = argument(n, e, 0, kind, lanes);
  if (e->arg_count == 1) return ir_emit1(&n->b, code, type, x);
  return ir_emit2(&n->b, code, type, x, argument(n, e, 1, kind, lanes));
}
#undef NONE

// ---- the others

static ir_value *select_values(nest *n, st_class kind, ir_value *mask, ir_value *x, ir_value *y) {
  return ir_emit3(&n->b, IR_SELECT, nest_type(n, kind, mask->type.lanes), mask, x, y);
}

static ir_value *select_expr(nest *n, const st_expr *e, uint32_t lanes) {
  ir_value *mask = argument(n, e, 0, ST_CLASS_BOOL, lanes);
  ir_value *x = argument(n, e, 1, e->kind, lanes);
  return select_values(n, e->kind, mask, x, argument(n, e, 2, e->kind, lanes));
}

// Where all lanes read alike, nothing is read that is outside: the value is that of a loop of one turn or none.
static ir_value *else_by_turns(nest *n, const st_expr *e, uint32_t lanes, ir_value *inside) {
  ir_value *carried = argument(n, e, 1, e->kind, lanes);
  ir_value *turns = lo_to_index(&n->b, inside);
  size_t mark = nest_mark(n);
  ir_loop loop = ir_begin_for(&n->b, lo_index(&n->b, 0), turns, lo_index(&n->b, 1), 1, &carried, &carried);
  ir_value *value = argument(n, e, 0, e->kind, lanes);
  nest_forget(n, mark);
  ir_end_for(&n->b, loop, 1, &value, &carried);
  return carried;
}

static ir_value *else_expr(nest *n, const st_expr *e, uint32_t lanes) {
  ir_value *inside = nest_inside(n, e->args[0]);
  if (inside == NULL) return argument(n, e, 0, e->kind, lanes);
  if (inside->type.lanes == 1) return else_by_turns(n, e, lanes, inside);
  ir_value *x = argument(n, e, 0, e->kind, lanes);
  return select_values(n, e->kind, nest_widen(n, inside, lanes), x, argument(n, e, 1, e->kind, lanes));
}

static ir_value *negated(nest *n, const st_expr *e, uint32_t lanes) {
  ir_value *zero = nest_constant(n, ST_CLASS_INT, lanes, 0);
  return ir_emit2(&n->b, IR_SUB, zero->type, zero, argument(n, e, 0, ST_CLASS_INT, lanes));
}

static ir_value *inverted(nest *n, const st_expr *e, st_class kind, uint32_t lanes) {
  ir_value *ones = nest_constant(n, kind, lanes, kind == ST_CLASS_BOOL ? 1 : -1);
  return ir_emit2(&n->b, IR_XOR, ones->type, ones, argument(n, e, 0, kind, lanes));
}

static bool is_float(elem_type type) { return elem_get(type)->kind == ELEM_KIND_FLOAT; }

static st_class kind_of_type(elem_type type) { return is_float(type) ? ST_CLASS_REAL : ST_CLASS_INT; }

// The number as it comes back from memory of that type.
static ir_value *stored_and_read(nest *n, const st_expr *e, ir_value *v) {
  return nest_load_as(n, e->elem, nest_store_as(n, e->elem, v), kind_of_type(e->elem));
}

static ir_value *rounded(nest *n, const st_expr *e, uint32_t lanes) {
  return stored_and_read(n, e, argument(n, e, 0, kind_of_type(e->elem), lanes));
}

static ir_value *saturated(nest *n, const st_expr *e, uint32_t lanes) {
  ir_value *v = argument(n, e, 0, kind_of_type(e->elem), lanes);
  if (is_float(e->elem)) return lo_saturate(&n->b, e->elem, v);
  ir_value *least = lo_integer(&n->b, v->type, elem_min(e->elem));
  return lo_min(&n->b, lo_max(&n->b, v, least), lo_integer(&n->b, v->type, elem_max(e->elem)));
}

// The lowest bits of an integer, with the sign of the highest of them.
static ir_value *sign_extended(nest *n, ir_value *v, unsigned bits) {
  unsigned left = elem_get(v->type.elem)->bits - bits;
  return left == 0 ? v : lo_sar_by(&n->b, lo_shl_by(&n->b, v, left), left);
}

static ir_value *encoding(nest *n, const st_expr *e, uint32_t lanes) {
  unsigned bits = elem_get(e->elem)->bits;
  ir_value *v = argument(n, e, 0, kind_of_type(e->elem), lanes);
  if (!is_float(e->elem)) return bits > elem_get(n->integer)->bits ? v : sign_extended(n, v, bits);
  if (bits > 32) {
    nest_fail(n, e->loc, "the bits of a number of 64 bits");
    return nest_constant(n, ST_CLASS_INT, lanes, 0);
  }
  ir_value *code = bits == 32 ? lo_bits(&n->b, lo_convert(&n->b, v, ELEM_F32)) : lo_encode_float(&n->b, e->elem, v);
  return lo_convert(&n->b, sign_extended(n, code, bits), n->integer);
}

static ir_value *decoded(nest *n, const st_expr *e, uint32_t lanes) {
  unsigned bits = elem_get(e->elem)->bits;
  ir_value *v = argument(n, e, 0, ST_CLASS_INT, lanes);
  if (bits > 32) {
    nest_fail(n, e->loc, "a number of 64 bits from its bits");
    return nest_constant(n, e->kind, lanes, 0);
  }
  if (!is_float(e->elem)) return stored_and_read(n, e, v);
  v = lo_convert(&n->b, v, ELEM_I32);
  if (bits < 32) v = lo_shr_by(&n->b, lo_shl_by(&n->b, v, 32 - bits), 32 - bits);
  return lo_convert(&n->b, bits == 32 ? lo_floats(&n->b, v) : lo_decode_float(&n->b, e->elem, v), n->real);
}

static ir_value *function(nest *n, const st_expr *e, uint32_t lanes) {
  if (!lo_has_function(e->op, n->real)) {
    nest_fail(n, e->loc, st_op_get_info(e->op)->name);
    return nest_constant(n, e->kind, lanes, 0);
  }
  ir_value *x = argument(n, e, 0, ST_CLASS_REAL, lanes);
  return lo_function(&n->b, e->op, x, e->arg_count == 1 ? NULL : argument(n, e, 1, ST_CLASS_REAL, lanes));
}

static ir_value *other(nest *n, const st_expr *e, uint32_t lanes) {
  switch (e->op) {
  case ST_SELECT: return select_expr(n, e, lanes);
  case ST_ELSE: return else_expr(n, e, lanes);
  case ST_NEG: return negated(n, e, lanes);
  case ST_NOT: return inverted(n, e, ST_CLASS_INT, lanes);
  case ST_LNOT: return inverted(n, e, ST_CLASS_BOOL, lanes);
  case ST_ISNAN: return lo_isnan(&n->b, argument(n, e, 0, ST_CLASS_REAL, lanes));
  case ST_ISINF: return lo_isinf(&n->b, argument(n, e, 0, ST_CLASS_REAL, lanes));
  case ST_TO_REAL: return argument(n, e, 0, ST_CLASS_REAL, lanes);
  case ST_TO_INT: return argument(n, e, 0, ST_CLASS_INT, lanes);
  case ST_TO: return rounded(n, e, lanes);
  case ST_SATURATE: return saturated(n, e, lanes);
  case ST_ENCODING: return encoding(n, e, lanes);
  case ST_DECODED: return decoded(n, e, lanes);
  default: return function(n, e, lanes);
  }
}

// ---- all of them

static ir_value *make(nest *n, const st_expr *e) {
  if (e->op <= ST_INDEX) return leaf(n, e);
  if (e->op == ST_READ) return nest_read(n, e);
  if (e->index_count > 0 || e->op >= ST_SUM) return nest_reduce(n, e);
  uint32_t lanes = nest_lanes(n, e);
  ir_value *v = one_operation(n, e, lanes);
  return v != NULL ? v : other(n, e, lanes);
}

ir_value *nest_value_of(nest *n, const st_expr *e) {
  nest_value *known = &n->values[e->id];
  if (known->value == NULL) {
    ir_value *made = make(n, e);
    n->values[e->id] = (nest_value){.value = made};
    vec_push(n->mem, &n->log, e->id);
  }
  return known->value;
}

ir_value *nest_lanes_of(nest *n, const st_expr *e) {
  return nest_widen(n, nest_value_of(n, e), n->lane == NULL ? 1 : NEST_LANES);
}

// The table of elementary functions, and what they share.
#include "kernel/emit_functions.h"

#include "kernel/emit_base.h"
#include "kernel/function_parts.h"

// ---- constants -------------------------------------------------------------------------------------------

ir_value *fn_real(ir_builder *b, ir_value *x, double value) { return lo_constant(b, x->type, value); }
ir_value *fn_plus(ir_builder *b, ir_value *x, double addend) { return lo_add(b, x, fn_real(b, x, addend)); }
ir_value *fn_times(ir_builder *b, ir_value *x, double factor) { return lo_mul(b, x, fn_real(b, x, factor)); }
ir_value *fn_below(ir_builder *b, ir_value *x, double bound) { return lo_lt(b, x, fn_real(b, x, bound)); }

// min.f and max.f give their second operand where one of them is NaN.
ir_value *fn_clamp(ir_builder *b, ir_value *x, double lo, double hi) {
  x = ir_emit2(b, IR_FMAX, x->type, fn_real(b, x, lo), x);
  return ir_emit2(b, IR_FMIN, x->type, fn_real(b, x, hi), x);
}

ir_value *fn_polynomial(ir_builder *b, ir_value *x, size_t count, const double *c) {
  ir_value *sum = fn_real(b, x, c[count - 1]);
  for (size_t i = count - 1; i-- > 0;) sum = fn_plus(b, lo_mul(b, sum, x), c[i]);
  return sum;
}

// ---- bits ------------------------------------------------------------------------------------------------

static bool is_double(const ir_value *x) { return elem_get(x->type.elem)->bits == 64; }

ir_value *fn_bits(ir_builder *b, ir_value *x) {
  return ir_emit1(b, IR_BITCAST, ir_vector(is_double(x) ? ELEM_I64 : ELEM_I32, x->type.lanes), x);
}

ir_value *fn_from_bits(ir_builder *b, ir_value *bits) {
  return ir_emit1(b, IR_BITCAST, ir_vector(is_double(bits) ? ELEM_F64 : ELEM_F32, bits->type.lanes), bits);
}

ir_value *fn_with_sign(ir_builder *b, ir_value *magnitude, ir_value *x) {
  ir_value *bits = fn_bits(b, x);
  ir_value *sign = lo_and(b, bits, lo_integer(b, bits->type, elem_min(bits->type.elem)));
  return fn_from_bits(b, lo_or(b, fn_bits(b, magnitude), sign));
}

ir_value *fn_as(ir_builder *b, ir_value *x, elem_type elem) { return lo_convert(b, x, elem); }

// Around 1.5 * 2^52 doubles are the integers.
fn_nearest fn_round(ir_builder *b, ir_value *x) {
  const double magic = 0x1.8p52;
  ir_value *sum = fn_plus(b, x, magic);
  return (fn_nearest){.real = fn_plus(b, sum, -magic), .bits = fn_bits(b, sum)};
}

// ---- the table -------------------------------------------------------------------------------------------

ir_value *fn_st_sqrt(ir_builder *b, ir_value *x, ir_value *y) { return (void)y, lo_sqrt(b, x); }

typedef struct function_row {
  ir_value *(*emit)(ir_builder *b, ir_value *x, ir_value *y);
  bool doubles; // for f64, too
} function_row;

static const function_row rows[ST_OP_COUNT] = {
    [ST_SQRT] = {fn_st_sqrt, true}, [ST_EXP] = {fn_st_exp},     [ST_EXP2] = {fn_st_exp2}, [ST_EXPM1] = {fn_st_expm1},
    [ST_LOG] = {fn_st_log},         [ST_LOG1P] = {fn_st_log1p}, [ST_SIN] = {fn_st_sin},   [ST_COS] = {fn_st_cos},
    [ST_TAN] = {fn_st_tan},         [ST_ASIN] = {fn_st_asin},   [ST_ACOS] = {fn_st_acos}, [ST_ATAN] = {fn_st_atan},
    [ST_TANH] = {fn_st_tanh},       [ST_ERF] = {fn_st_erf},     [ST_POW] = {fn_st_pow},
};

bool lo_has_function(st_op op, elem_type elem) {
  return rows[op].emit != NULL && (elem == ELEM_F32 || (elem == ELEM_F64 && rows[op].doubles));
}

ir_value *lo_function(ir_builder *b, st_op op, ir_value *x, ir_value *y) { return rows[op].emit(b, x, y); }

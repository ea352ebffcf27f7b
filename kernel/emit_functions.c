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

ir_value *fn_polynomial(ir_builder *b, ir_value *x, fn_series p) {
  ir_value *sum = fn_real(b, x, p.terms[p.count - 1]);
  for (size_t i = p.count - 1; i-- > 0;) sum = fn_plus(b, lo_mul(b, sum, x), p.terms[i]);
  return sum;
}

ir_value *fn_odd(ir_builder *b, ir_value *x, ir_value *square, fn_series p) {
  return lo_add(b, x, lo_mul(b, lo_mul(b, x, square), fn_polynomial(b, square, p)));
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

fn_nearest fn_round(ir_builder *b, ir_value *x) {
  ir_value *sum = fn_plus(b, x, FN_MAGIC);
  return (fn_nearest){.real = fn_plus(b, sum, -FN_MAGIC), .bits = fn_bits(b, sum)};
}

ir_value *fn_small_to_double(ir_builder *b, ir_value *n) {
  ir_value *base = fn_bits(b, lo_constant(b, ir_vector(ELEM_F64, n->type.lanes), FN_MAGIC));
  return fn_plus(b, fn_from_bits(b, lo_add(b, base, n)), -FN_MAGIC);
}

// ---- the table -------------------------------------------------------------------------------------------

ir_value *fn_sqrt(ir_builder *b, ir_value *x, ir_value *y) { return (void)y, lo_sqrt(b, x); }

static const struct function_row {
  fn_emitter *floats;
  fn_emitter *doubles;
} rows[ST_OP_COUNT] = {
    [ST_SQRT] = {fn_sqrt, fn_sqrt},        [ST_EXP] = {fn_exp, fn_exp_f64}, [ST_EXP2] = {fn_exp2, fn_exp2_f64},
    [ST_EXPM1] = {fn_expm1, fn_expm1_f64}, [ST_LOG] = {fn_log, fn_log_f64}, [ST_LOG1P] = {fn_log1p, fn_log1p_f64},
    [ST_SIN] = {fn_sin, fn_sin_f64},       [ST_COS] = {fn_cos, fn_cos_f64}, [ST_TAN] = {fn_tan, fn_tan_f64},
    [ST_ASIN] = {fn_asin, fn_asin},        [ST_ACOS] = {fn_acos, fn_acos},  [ST_ATAN] = {fn_atan, fn_atan},
    [ST_TANH] = {fn_tanh, fn_tanh_f64},    [ST_ERF] = {fn_erf, fn_erf_f64}, [ST_POW] = {fn_pow, fn_pow_f64},
};

static fn_emitter *find(st_op op, elem_type elem) {
  if (elem == ELEM_F32) return rows[op].floats;
  return elem == ELEM_F64 ? rows[op].doubles : NULL;
}

bool lo_has_function(st_op op, elem_type elem) { return find(op, elem) != NULL; }

ir_value *lo_function(ir_builder *b, st_op op, ir_value *x, ir_value *y) { return find(op, x->type.elem)(b, x, y); }

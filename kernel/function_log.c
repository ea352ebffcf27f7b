// Powers and logarithms. exp, exp2, log and erf are computed in f32; the others, which would lose digits there, in f64.
// Polynomials are minimax fits (Remez).
#include <math.h>

#include "kernel/emit_base.h"
#include "kernel/emit_math.h"
#include "kernel/function_parts.h"

#define TWO_OVER_LN2 2.8853900817779268147

// ---- cores in f64 ----------------------------------------------------------------------------------------

// 2^r - 1 over r for |r| <= 1/2: relative error of 2^r 2^-40.
static const double EXP2_TERMS[] = {0.69314718054821322,   0.24022650698110789,   0.055504109352637445,
                                    0.0096181286160721694, 0.0013333454862340849, 0.00015403825501662505,
                                    1.5309155816513257e-5, 1.3178924942961492e-6};

// x = n + r; the number n, in the low bits, moves to the exponent. NaN has no exponent to be added to.
ir_value *fn_core_exp2(ir_builder *b, ir_value *x) {
  fn_nearest n = fn_round(b, x);
  ir_value *r = lo_sub(b, x, n.real);
  ir_value *power = fn_plus(b, lo_mul(b, r, fn_polynomial(b, r, FN_SERIES(EXP2_TERMS))), 1);
  ir_value *scaled = fn_from_bits(b, lo_add(b, fn_bits(b, power), lo_shl_by(b, n.bits, 52)));
  return lo_select(b, lo_eq(b, x, x), scaled, x);
}

// Of log2((1 + s) / (1 - s)) less 2 s / ln 2, over s^3, in s^2: relative error of the logarithm 2^-58.
static const double LOG2_TERMS[] = {0.9617966939259861,  0.57707801634661126, 0.41219858570620575, 0.3205985425668831,
                                    0.26233416946924436, 0.22091368534547065, 0.21368535819965706};

// x = 2^k m, m within sqrt(1/2) .. sqrt(2), s = (m - 1) / (m + 1)
ir_value *fn_core_log2(ir_builder *b, ir_value *x) {
  const int64_t root_half = INT64_C(0x3fe6a09e667f3bcd);
  ir_value *bits = fn_bits(b, x);
  ir_value *k = lo_sar_by(b, lo_sub(b, bits, lo_integer(b, bits->type, root_half)), 52);
  ir_value *m = fn_from_bits(b, lo_sub(b, bits, lo_shl_by(b, k, 52)));
  ir_value *s = lo_div(b, fn_plus(b, m, -1), fn_plus(b, m, 1)), *z = lo_mul(b, s, s);
  ir_value *rest = lo_mul(b, lo_mul(b, s, z), fn_polynomial(b, z, FN_SERIES(LOG2_TERMS)));
  return lo_add(b, fn_small_to_double(b, k), lo_add(b, fn_times(b, s, TWO_OVER_LN2), rest));
}

// ---- powers ----------------------------------------------------------------------------------------------

ir_value *fn_exp(ir_builder *b, ir_value *x, ir_value *y) { return (void)y, lower_emit_exp(b, x); }

// 2^r - 1 over r: relative error of 2^r 2^-28.9. Two factors, so that subnormal results are rounded once.
static const double EXP2_F32_TERMS[] = {0.6931472029,   0.2402264791,   0.05550332471,
                                        0.009618437351, 0.001339887448, 0.0001535336378};

ir_value *fn_exp2(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  x = fn_clamp(b, x, -151, 129);
  ir_value *whole = lo_round(b, x), *r = lo_sub(b, x, whole);
  ir_value *power = fn_plus(b, lo_mul(b, r, fn_polynomial(b, r, FN_SERIES(EXP2_F32_TERMS))), 1);
  return lower_scale_by_power(b, power, lo_convert(b, whole, ELEM_I32));
}

// Near zero the first terms of the series, as 2^w - 1 would lose digits.
ir_value *fn_expm1(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *wide = fn_clamp(b, fn_as(b, x, ELEM_F64), -100, 90);
  ir_value *large = fn_plus(b, fn_core_exp2(b, fn_times(b, wide, FN_LOG2_E)), -1);
  ir_value *series = fn_plus(b, fn_times(b, wide, 1.0 / 6), 0.5);
  ir_value *small = lo_add(b, wide, lo_mul(b, lo_mul(b, wide, wide), series));
  ir_value *is_small = fn_below(b, lo_abs(b, wide), 0x1p-10);
  return fn_with_sign(b, fn_as(b, lo_select(b, is_small, small, large), ELEM_F32), x);
}

// ---- logarithms ------------------------------------------------------------------------------------------

static const double LOG_TERMS[] = {0.666666656, 0.4000034551, 0.285366064, 0.2359627559};

// log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), s = f / (2 + f), R = s^2 P(s^2)  (FreeBSD's logf)
static ir_value *log_of_normal(ir_builder *b, ir_value *x, ir_value *down) {
  const double ln2_high = 0.693359375, ln2_low = -2.12194440054690583e-4;
  ir_value *bits = fn_bits(b, x);
  ir_value *k = lo_sar_by(b, lo_sub(b, bits, lo_int(b, bits, 0x3f3504f3)), 23); // from sqrt(1/2) on
  ir_value *f = fn_plus(b, fn_from_bits(b, lo_sub(b, bits, lo_shl_by(b, k, 23))), -1);
  ir_value *e = lo_sub(b, lo_convert(b, k, ELEM_F32), down);
  ir_value *s = lo_div(b, f, fn_plus(b, f, 2)), *z = lo_mul(b, s, s);
  ir_value *rest = lo_mul(b, z, fn_polynomial(b, z, FN_SERIES(LOG_TERMS)));
  ir_value *half = lo_mul(b, fn_times(b, f, 0.5), f);
  ir_value *low = lo_add(b, lo_mul(b, s, lo_add(b, half, rest)), fn_times(b, e, ln2_low));
  return lo_sub(b, fn_times(b, e, ln2_high), lo_sub(b, lo_sub(b, half, low), f));
}

ir_value *fn_log_specials(ir_builder *b, ir_value *x, ir_value *zero, ir_value *log) {
  log = lo_select(b, fn_below(b, x, INFINITY), log, x);
  log = lo_select(b, lo_lt(b, x, zero), fn_real(b, x, NAN), log);
  return lo_select(b, lo_eq(b, x, zero), fn_real(b, x, -INFINITY), log);
}

// Subnormal numbers are made normal first.
ir_value *fn_log(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *zero = fn_real(b, x, 0), *is_small = fn_below(b, x, 0x1p-126);
  ir_value *down = lo_select(b, is_small, fn_real(b, x, 25), zero);
  ir_value *normal = lo_select(b, is_small, fn_times(b, x, 0x1p25), x);
  return fn_log_specials(b, x, zero, log_of_normal(b, normal, down));
}

// 1 + x is exact in f64 but for small x, of which a term is enough.
ir_value *fn_log1p(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *log = fn_times(b, fn_core_log2(b, fn_plus(b, fn_as(b, x, ELEM_F64), 1)), FN_LN2);
  ir_value *result = fn_log_specials(b, x, fn_real(b, x, -1), fn_as(b, log, ELEM_F32));
  return lo_select(b, fn_below(b, lo_abs(b, x), 0x1p-25), x, result);
}

// ---- pow -------------------------------------------------------------------------------------------------

// log2 |x|, also of 0 and infinities; NaN stays.
static ir_value *log2_magnitude(ir_builder *b, ir_value *x) {
  ir_value *m = lo_abs(b, x), *log = fn_core_log2(b, fn_as(b, m, ELEM_F64));
  log = lo_select(b, fn_below(b, m, INFINITY), log, fn_as(b, m, ELEM_F64));
  return lo_select(b, lo_eq(b, m, fn_real(b, m, 0)), fn_real(b, log, -INFINITY), log);
}

static ir_value *is_whole(ir_builder *b, ir_value *x) { return lo_eq(b, lo_trunc(b, x), x); }

// Numbers with all their bits above the point are even.
ir_value *fn_power_of(ir_builder *b, ir_value *x, ir_value *y, ir_value *power) {
  ir_value *zero = fn_real(b, x, 0), *one = fn_real(b, x, 1), *m = lo_abs(b, x), *whole = is_whole(b, y);
  ir_value *odd = lo_and(b, whole, lo_not(b, is_whole(b, fn_times(b, y, 0.5))));
  ir_value *result = lo_select(b, odd, fn_with_sign(b, power, x), power);
  ir_value *negative = lo_and(b, lo_lt(b, x, zero), fn_below(b, m, INFINITY));
  result = lo_select(b, lo_and(b, negative, lo_not(b, whole)), fn_real(b, x, NAN), result);
  ir_value *endless = lo_and(b, lo_eq(b, m, one), lo_isinf(b, y));
  ir_value *is_one = lo_or(b, lo_or(b, lo_eq(b, x, one), lo_eq(b, y, zero)), endless);
  return lo_select(b, is_one, one, result);
}

// 2^(y log2 |x|)
ir_value *fn_pow(ir_builder *b, ir_value *x, ir_value *y) {
  ir_value *w = lo_mul(b, fn_as(b, y, ELEM_F64), log2_magnitude(b, x));
  return fn_power_of(b, x, y, fn_as(b, fn_core_exp2(b, fn_clamp(b, w, -160, 140)), ELEM_F32));
}

// ---- erf, tanh -------------------------------------------------------------------------------------------

ir_value *fn_tanh(ir_builder *b, ir_value *x, ir_value *y) { return (void)y, lower_emit_unary(b, IR_TANH, x); }

// erf z = z + z P(z^2) for small z, else 1 - e^(-z Q(z)), which is 1 from 4 on; with the sign of x.
static const double ERF_SMALL_TERMS[] = {0.1283791666,   -0.3761263319,    0.1128368719,  -0.02685894146,
                                         0.005199906564, -0.0008130011558, 8.316770694e-5};
static const double ERF_LARGE_TERMS[] = {1.128640964,   0.6351814967,     0.1061876143,  -0.02372019009,
                                         0.00362292121, -0.0003180604162, 1.076325839e-5};

ir_value *fn_erf(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *z = fn_clamp(b, lo_abs(b, x), 0, 4), *square = lo_mul(b, z, z);
  ir_value *small = lo_add(b, z, lo_mul(b, z, fn_polynomial(b, square, FN_SERIES(ERF_SMALL_TERMS))));
  ir_value *tail = lower_emit_exp(b, lo_neg(b, lo_mul(b, z, fn_polynomial(b, z, FN_SERIES(ERF_LARGE_TERMS)))));
  ir_value *large = lo_sub(b, fn_real(b, x, 1), tail);
  return fn_with_sign(b, lo_select(b, fn_below(b, z, 0.921875), small, large), x);
}

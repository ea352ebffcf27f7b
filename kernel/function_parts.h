// What elementary functions are made of. Internal to kernel/.
#ifndef QCC_KERNEL_FUNCTION_PARTS_H
#define QCC_KERNEL_FUNCTION_PARTS_H

#include "kernel/emit_values.h"

#define FN_PI 3.14159265358979323846
#define FN_TWO_OVER_PI 0.63661977236758134308
#define FN_LN2 0.69314718055994530942
#define FN_LOG2_E 1.4426950408889634074
#define FN_MAGIC 0x1.8p52 // around it doubles are the integers

// The terms of a polynomial, from the constant one on.
typedef struct fn_series {
  size_t count;
  const double *terms;
} fn_series;
#define FN_SERIES(array) ((fn_series){sizeof(array) / sizeof *(array), (array)})

/* with constants, in the lanes of x */
ir_value *fn_real(ir_builder *b, ir_value *x, double value);
ir_value *fn_plus(ir_builder *b, ir_value *x, double addend);
ir_value *fn_times(ir_builder *b, ir_value *x, double factor);
ir_value *fn_below(ir_builder *b, ir_value *x, double bound); // a mask: x < bound
// x within lo .. hi; NaN stays.
ir_value *fn_clamp(ir_builder *b, ir_value *x, double lo, double hi);
// By Horner's rule.
ir_value *fn_polynomial(ir_builder *b, ir_value *x, fn_series p);
// x + x square P(square), square being that of x: odd functions.
ir_value *fn_odd(ir_builder *b, ir_value *x, ir_value *square, fn_series p);

/* bits of floats as integers as wide, and back */
ir_value *fn_bits(ir_builder *b, ir_value *x);
ir_value *fn_from_bits(ir_builder *b, ir_value *bits);
ir_value *fn_with_sign(ir_builder *b, ir_value *magnitude, ir_value *x); // the sign bit of x is added
ir_value *fn_as(ir_builder *b, ir_value *x, elem_type elem);             // f32 or f64

// The integer nearest to x (f64, magnitude below 2^31) in three forms: as a double, and in the low bits of i64 lanes.
typedef struct fn_nearest {
  ir_value *real;
  ir_value *bits;
} fn_nearest;
fn_nearest fn_round(ir_builder *b, ir_value *x);
// Small integers of i64 lanes as doubles.
ir_value *fn_small_to_double(ir_builder *b, ir_value *n);

/* function_log.c: cores in f64 for results in f32 */
// 2 to the x. Within -1021 .. 1022; NaN stays.
ir_value *fn_core_exp2(ir_builder *b, ir_value *x);
// The logarithm to base 2 of a positive normal number.
ir_value *fn_core_log2(ir_builder *b, ir_value *x);

// What a logarithm is where it is none: -inf at `zero`, NaN below; x where it is infinite or NaN, else `log`.
ir_value *fn_log_specials(ir_builder *b, ir_value *x, ir_value *zero, ir_value *log);

// x^y where `power` is |x|^y: the sign of odd powers, and special values.
ir_value *fn_power_of(ir_builder *b, ir_value *x, ir_value *y, ir_value *power);

/* function_trig.c */
// z = n pi/2 + r for z >= 0: r in f64, |r| <= pi/4 and a little, n in i32 lanes modulo 4.
typedef struct fn_reduced {
  ir_value *r;
  ir_value *n;
} fn_reduced;
// sin x, or cos x, of the reduced |x|, computed in the lanes of x.
ir_value *fn_sine(ir_builder *b, ir_value *x, fn_reduced z, bool cosine, fn_series sin, fn_series cos);
// tan x of the reduced |x|, computed in f64.
ir_value *fn_tangent(ir_builder *b, ir_value *x, fn_reduced z, fn_series tan);

/* the functions: of x, or of x and y, in f32 or, where the name says so, in f64; inverse ones in both */
typedef ir_value *fn_emitter(ir_builder *b, ir_value *x, ir_value *y);
fn_emitter fn_sqrt, fn_exp, fn_exp2, fn_expm1, fn_log, fn_log1p, fn_pow, fn_sin, fn_cos, fn_tan, fn_tanh, fn_erf;
fn_emitter fn_asin, fn_acos, fn_atan;
fn_emitter fn_exp_f64, fn_exp2_f64, fn_expm1_f64, fn_log_f64, fn_log1p_f64, fn_sin_f64, fn_cos_f64, fn_tan_f64,
    fn_pow_f64, fn_erf_f64, fn_tanh_f64;

#endif

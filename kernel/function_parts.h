// What elementary functions are made of. Internal to kernel/.
#ifndef QCC_KERNEL_FUNCTION_PARTS_H
#define QCC_KERNEL_FUNCTION_PARTS_H

#include "kernel/emit_values.h"

#define FN_TERMS(array) (sizeof(array) / sizeof *(array)), (array)

/* with constants, in the lanes of x */
ir_value *fn_real(ir_builder *b, ir_value *x, double value);
ir_value *fn_plus(ir_builder *b, ir_value *x, double addend);
ir_value *fn_times(ir_builder *b, ir_value *x, double factor);
ir_value *fn_below(ir_builder *b, ir_value *x, double bound); // a mask: x < bound
// x within lo .. hi; NaN stays.
ir_value *fn_clamp(ir_builder *b, ir_value *x, double lo, double hi);
// c[0] + c[1] x + c[2] x^2 + .. by Horner's rule
ir_value *fn_polynomial(ir_builder *b, ir_value *x, size_t count, const double *c);

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

/* function_log.c: cores in f64 for results in f32 */
// 2 to the x. Within -1021 .. 1022; NaN stays.
ir_value *fn_exp2(ir_builder *b, ir_value *x);
// The logarithm to base 2 of a positive normal number.
ir_value *fn_log2(ir_builder *b, ir_value *x);

/* the functions, one or two vectors of f32 */
ir_value *fn_st_exp(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_exp2(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_expm1(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_log(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_log1p(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_pow(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_sin(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_cos(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_tan(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_asin(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_acos(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_atan(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_tanh(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_erf(ir_builder *b, ir_value *x, ir_value *y);
ir_value *fn_st_sqrt(ir_builder *b, ir_value *x, ir_value *y);

#endif

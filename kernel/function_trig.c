// Trigonometric functions. The argument is reduced in f64: by two parts of pi/2 up to 2^16, beyond by as many bits of 2/pi as its
// exponent asks for, in a loop that is only entered where a lane needs it. Polynomials are minimax fits (Remez).
#include <math.h>

#include "kernel/emit_base.h"
#include "kernel/function_parts.h"

// ---- reduction -------------------------------------------------------------------------------------------

#define SMALL_ARGUMENT 0x1p16

// The first part has 33 bits, so that its product with n is exact.
static fn_reduced reduce_small(ir_builder *b, ir_value *wide) {
  fn_nearest n = fn_round(b, fn_times(b, wide, FN_TWO_OVER_PI));
  ir_value *r = lo_sub(b, wide, fn_times(b, n.real, 0x1.921fb544p0));
  r = lo_sub(b, r, fn_times(b, n.real, 0x1.0b4611a626331p-34));
  return (fn_reduced){.r = r, .n = ir_emit1(b, IR_TRUNC, lo_i32(wide->type.lanes), n.bits)};
}

// Words of the bits of 2/pi, each beginning 8 bits behind the one before.
static const uint32_t TURN_WORDS[] = {0x000000a2, 0x0000a2f9, 0x00a2f983, 0xa2f9836e, 0xf9836e4e, 0x836e4e44,
                                      0x6e4e4415, 0x4e441529, 0x441529fc, 0x1529fc27, 0x29fc2757, 0xfc2757d1,
                                      0x2757d1f5, 0x57d1f534, 0xd1f534dd, 0xf534ddc0, 0x34ddc0db, 0xddc0db62,
                                      0xc0db6295, 0xdb629599, 0x6295993c, 0x95993c43, 0x993c4390, 0x3c439041};
enum { TURN_WORD_COUNT = sizeof TURN_WORDS / sizeof *TURN_WORDS };

static ir_value *turn_table(ir_builder *b) {
  uint8_t bytes[4 * TURN_WORD_COUNT];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(TURN_WORDS[i / 4] >> 8 * (i % 4));
  ir_type buffer = ir_buffer();
  ir_attr table = ir_bytes(IR_ATTR_TABLE, bytes, sizeof bytes);
  return ir_emit(b, IR_DATA, &buffer, 0, NULL, 1, &table);
}

// The table's words at a distance from the first one, in i64 lanes.
static ir_value *turn_word(ir_builder *b, ir_value *table, ir_value *first, int64_t distance) {
  ir_value *offsets = lo_shl_by(b, lo_add(b, first, lo_int(b, first, distance)), 2);
  ir_value *operands[] = {table, offsets};
  ir_attr align = ir_int(IR_ATTR_ALIGN, 4);
  return lo_convert_unsigned(b, ir_emit(b, IR_GATHER, &offsets->type, 2, operands, 1, &align), ELEM_I64);
}

// The product of the mantissa with 96 bits of 2/pi around the point, modulo 4, has two bits of n and 62 of r (after glibc's
// sinf). Numbers below 2 and those that are not finite give anything.
static fn_reduced reduce_large(ir_builder *b, ir_value *z, ir_value *table) {
  ir_type wide = ir_vector(ELEM_I64, z->type.lanes);
  ir_value *bits = fn_bits(b, z);
  ir_value *first = lo_and(b, lo_shr_by(b, bits, 26), lo_int(b, bits, 15));
  ir_value *shift = lo_and(b, lo_shr_by(b, bits, 23), lo_int(b, bits, 7));
  ir_value *mantissa = lo_or(b, lo_and(b, bits, lo_int(b, bits, 0x7fffff)), lo_int(b, bits, 0x800000));
  mantissa = lo_convert_unsigned(b, lo_shl(b, mantissa, shift), ELEM_I64);
  ir_value *high = lo_shl_by(b, lo_mul(b, mantissa, turn_word(b, table, first, 0)), 32);
  ir_value *low = lo_shr_by(b, lo_mul(b, mantissa, turn_word(b, table, first, 8)), 32);
  ir_value *turns = lo_add(b, lo_or(b, high, low), lo_mul(b, mantissa, turn_word(b, table, first, 4)));
  ir_value *n = lo_shr_by(b, lo_add(b, turns, lo_integer(b, wide, INT64_C(1) << 61)), 62);
  ir_value *rest = lo_convert(b, lo_sub(b, turns, lo_shl_by(b, n, 62)), ELEM_F64);
  return (fn_reduced){.r = fn_times(b, rest, FN_PI / 2 * 0x1p-62), .n = lo_convert(b, n, ELEM_I32)};
}

// The loop's body is done once if any lane is large, else not at all.
static fn_reduced reduce(ir_builder *b, ir_value *z) {
  fn_reduced small = reduce_small(b, fn_as(b, z, ELEM_F64));
  ir_value *is_large = lo_le(b, fn_real(b, z, SMALL_ARGUMENT), z), *carried[2], *results[2];
  ir_value *table = turn_table(b), *turns = lo_to_index(b, lo_any_lane(b, is_large));
  ir_loop loop = ir_begin_for(b, lo_index(b, 0), turns, lo_index(b, 1), 2, (ir_value *[]){small.r, small.n}, carried);
  fn_reduced large = reduce_large(b, z, table);
  ir_value *yields[] = {lo_select(b, is_large, large.r, carried[0]), lo_select(b, is_large, large.n, carried[1])};
  ir_end_for(b, loop, 2, yields, results);
  return (fn_reduced){.r = results[0], .n = results[1]};
}

// ---- sin, cos, tan ---------------------------------------------------------------------------------------

static const double SIN_TERMS[] = {-0.1666665457, 0.008332158413, -0.0001951495793};
static const double COS_TERMS[] = {0.04166664562, -0.001388731307, 2.443278538e-5};
static const double TAN_TERMS[] = {0.33333349892521334,  0.13332658424773895, 0.054060492409184232,
                                   0.021279118163376652, 0.01084400678031558, 7.8857541307390427e-5,
                                   0.004381681578600083};

static ir_value *sin_of(ir_builder *b, ir_value *r, ir_value *square, fn_series p) { return fn_odd(b, r, square, p); }

// 1 - r^2 / 2 + r^4 P(r^2). What the difference loses is added.
static ir_value *cos_of(ir_builder *b, ir_value *square, fn_series p) {
  ir_value *one = fn_real(b, square, 1), *half = fn_times(b, square, 0.5), *most = lo_sub(b, one, half);
  ir_value *lost = lo_sub(b, lo_sub(b, one, most), half);
  ir_value *rest = lo_mul(b, lo_mul(b, square, square), fn_polynomial(b, square, p));
  return lo_add(b, most, lo_add(b, lost, rest));
}

// NaN where x is not finite.
static ir_value *if_finite(ir_builder *b, ir_value *x, ir_value *result) {
  return lo_select(b, fn_below(b, lo_abs(b, x), INFINITY), result, fn_real(b, x, NAN));
}

// -value where bit `bit` of n is set, and once more where x is negative (NULL: nowhere).
static ir_value *turn_sign(ir_builder *b, ir_value *value, ir_value *n, unsigned bit, ir_value *x) {
  ir_value *bits = fn_bits(b, value);
  unsigned top = elem_get(value->type.elem)->bits - 1;
  ir_value *turned = lo_convert(b, lo_and(b, n, lo_int(b, n, INT64_C(1) << bit)), bits->type.elem);
  ir_value *sign = lo_shl_by(b, turned, top - bit);
  ir_value *least = lo_integer(b, bits->type, elem_min(bits->type.elem));
  if (x != NULL) sign = lo_xor(b, sign, lo_and(b, fn_bits(b, x), least));
  return fn_from_bits(b, lo_xor(b, bits, sign));
}

static ir_value *is_odd(ir_builder *b, ir_value *n) { return lo_eq(b, lo_and(b, n, lo_int(b, n, 1)), lo_int(b, n, 1)); }

// sin(r + n pi/2), n being moved by a quarter for the cosine.
ir_value *fn_sine(ir_builder *b, ir_value *x, fn_reduced z, bool cosine, fn_series sin, fn_series cos) {
  ir_value *r = fn_as(b, z.r, x->type.elem), *square = lo_mul(b, r, r), *n = z.n;
  if (cosine) n = lo_add(b, n, lo_int(b, n, 1));
  ir_value *value = lo_select(b, is_odd(b, n), cos_of(b, square, cos), sin_of(b, r, square, sin));
  return if_finite(b, x, turn_sign(b, value, n, 1, cosine ? NULL : x));
}

ir_value *fn_sin(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_sine(b, x, reduce(b, lo_abs(b, x)), false, FN_SERIES(SIN_TERMS), FN_SERIES(COS_TERMS));
}

ir_value *fn_cos(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_sine(b, x, reduce(b, lo_abs(b, x)), true, FN_SERIES(SIN_TERMS), FN_SERIES(COS_TERMS));
}

// tan r, or -1 / tan r; two roundings would show in f32.
ir_value *fn_tangent(ir_builder *b, ir_value *x, fn_reduced z, fn_series tan) {
  ir_value *t = fn_odd(b, z.r, lo_mul(b, z.r, z.r), tan), *odd = is_odd(b, z.n);
  ir_value *above = lo_select(b, odd, fn_real(b, t, -1), t), *below = lo_select(b, odd, t, fn_real(b, t, 1));
  ir_value *turned = fn_as(b, lo_div(b, above, below), x->type.elem), *none = lo_int(b, z.n, 0);
  return if_finite(b, x, turn_sign(b, turned, none, 0, x));
}

ir_value *fn_tan(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_tangent(b, x, reduce(b, lo_abs(b, x)), FN_SERIES(TAN_TERMS));
}

// ---- asin, acos, atan: in f64 ----------------------------------------------------------------------------

static const double ASIN_TERMS[] = {0.16666659991471152, 0.075005041873190456, 0.044516954035803921,
                                    0.03180772841800389, 0.014438569983754404, 0.037516493949968546};
static const double ATAN_TERMS[] = {-0.33333315105710204, 0.19998466011760007, -0.14243422397953927, 0.1059294698469798,
                                    -0.060759171267445589};

static const double ASIN_F64_TERMS[] = {0.16666666666666760471,   0.074999999999707917989, 0.044642857174619009036,
                                        0.030381942707473658492,  0.022372214995509031662, 0.017351611886150994486,
                                        0.01398082193702863744,   0.011398901777386600838, 0.010780307244661726956,
                                        0.0037062153856250980842, 0.021707893077220438484, -0.020999664904180295025,
                                        0.032628985318680376035};
static const double ATAN_F64_TERMS[] = {-0.33333333333333194775,  0.19999999999952820231,   -0.14285714280121393757,
                                        0.11111110779802718151,   -0.090908976551955055504, 0.076920584323972983914,
                                        -0.066630841924978498517, 0.058477473322559815937,  -0.050386746568138652095,
                                        0.038048765065309362284,  -0.017890113621878264584};

// Results of f32 need fewer terms.
static fn_series terms_for(const ir_value *x, fn_series floats, fn_series doubles) {
  return x->type.elem == ELEM_F32 ? floats : doubles;
}

// |x| beyond 1/2: asin |x| = pi/2 - 2 p, p = asin of the root of (1 - |x|) / 2, which is NaN beyond 1; else p = asin |x|.
typedef struct arc {
  ir_value *large;
  ir_value *p;
} arc;

static arc arc_of(ir_builder *b, ir_value *x) {
  ir_value *z = fn_as(b, lo_abs(b, x), ELEM_F64), *large = lo_not(b, fn_below(b, z, 0.5));
  ir_value *square = lo_select(b, large, fn_times(b, fn_plus(b, lo_neg(b, z), 1), 0.5), lo_mul(b, z, z));
  ir_value *s = lo_select(b, large, lo_sqrt(b, square), z);
  fn_series terms = terms_for(x, FN_SERIES(ASIN_TERMS), FN_SERIES(ASIN_F64_TERMS));
  return (arc){.large = large, .p = fn_odd(b, s, square, terms)};
}

// c - factor p
static ir_value *less(ir_builder *b, double c, double factor, ir_value *p) {
  return fn_plus(b, fn_times(b, p, -factor), c);
}

ir_value *fn_asin(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  arc a = arc_of(b, x);
  ir_value *result = fn_as(b, lo_select(b, a.large, less(b, FN_PI / 2, 2, a.p), a.p), x->type.elem);
  return fn_with_sign(b, result, x);
}

ir_value *fn_acos(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  arc a = arc_of(b, x);
  ir_value *negative = fn_below(b, x, 0);
  ir_value *large = lo_select(b, negative, less(b, FN_PI, 2, a.p), fn_times(b, a.p, 2));
  ir_value *small = lo_select(b, negative, fn_plus(b, a.p, FN_PI / 2), less(b, FN_PI / 2, 1, a.p));
  return fn_as(b, lo_select(b, a.large, large, small), x->type.elem);
}

// atan z = c + atan t: beyond tan(3 pi/8) c = pi/2, t = -1/z; beyond tan(pi/8) c = pi/4, t = (z - 1) / (z + 1); else t = z.
ir_value *fn_atan(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *z = fn_as(b, lo_abs(b, x), ELEM_F64), *one = fn_real(b, z, 1), *zero = fn_real(b, z, 0);
  ir_value *small = fn_below(b, z, 0.41421356237), *middle = fn_below(b, z, 2.41421356237);
  ir_value *above = lo_select(b, middle, fn_plus(b, z, -1), fn_real(b, z, -1));
  ir_value *below = lo_select(b, middle, fn_plus(b, z, 1), z);
  ir_value *base = lo_select(b, middle, fn_real(b, z, FN_PI / 4), fn_real(b, z, FN_PI / 2));
  ir_value *t = lo_div(b, lo_select(b, small, z, above), lo_select(b, small, one, below)), *square = lo_mul(b, t, t);
  fn_series terms = terms_for(x, FN_SERIES(ATAN_TERMS), FN_SERIES(ATAN_F64_TERMS));
  ir_value *result = lo_add(b, lo_select(b, small, zero, base), fn_odd(b, t, square, terms));
  return fn_with_sign(b, fn_as(b, result, x->type.elem), x);
}

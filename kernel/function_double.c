// Functions of f64 that are not those of f32 with longer polynomials: what f32 has doubles for is computed in two parts here, high
// and low. Polynomials are minimax fits (Remez) with relative errors below 2^-55.
#include <math.h>

#include "kernel/function_parts.h"

// ---- powers ----------------------------------------------------------------------------------------------

static const double EXP_TERMS[] = {0.5000000000000010721,      0.16666666666666410244,   0.04166666666652918826,
                                   0.008333333333495620906,    0.0013888888943922737521, 0.00019841269504767081308,
                                   0.000024801492762700568775, 2.7557587343696098683e-6, 2.7630378651893181815e-7,
                                   2.4999964132265744031e-8};

// 2^n as a double where that is normal, n in i64 lanes.
static ir_value *power_of_two(ir_builder *b, ir_value *n) {
  return fn_from_bits(b, lo_shl_by(b, lo_add(b, n, lo_integer(b, n->type, 1023)), 52));
}

// In two factors, so that subnormal results are rounded once.
static ir_value *scale_by_power(ir_builder *b, ir_value *x, ir_value *n) {
  ir_value *half = lo_sar_by(b, n, 1);
  return lo_mul(b, lo_mul(b, x, power_of_two(b, half)), power_of_two(b, lo_sub(b, n, half)));
}

// e^x = 2^n (1 + m), m = e^r - 1, |r| <= ln 2 / 2
typedef struct power_parts {
  ir_value *n; // i64
  ir_value *m;
} power_parts;

static ir_value *exp_of_rest(ir_builder *b, ir_value *r) {
  return lo_add(b, r, lo_mul(b, lo_mul(b, r, r), fn_polynomial(b, r, FN_SERIES(EXP_TERMS))));
}

static ir_value *as_integer(ir_builder *b, fn_nearest n) {
  return lo_sub(b, n.bits, fn_bits(b, fn_real(b, n.real, FN_MAGIC)));
}

static power_parts exp_parts(ir_builder *b, ir_value *x) {
  fn_nearest n = fn_round(b, fn_times(b, x, FN_LOG2_E));
  ir_value *r = lo_sub(b, x, fn_times(b, n.real, 0x1.62e42feep-1));
  r = lo_sub(b, r, fn_times(b, n.real, 0x1.a39ef35793c76p-33));
  return (power_parts){.n = as_integer(b, n), .m = exp_of_rest(b, r)};
}

// The integer in front of NaN is any: sums with NaN stay NaN, and its products, too.
static ir_value *exp_within(ir_builder *b, ir_value *x) {
  power_parts p = exp_parts(b, x);
  return lo_select(b, lo_isnan(b, x), x, scale_by_power(b, fn_plus(b, p.m, 1), p.n));
}

ir_value *fn_exp_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return exp_within(b, fn_clamp(b, x, -746, 710));
}

ir_value *fn_exp2_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  x = fn_clamp(b, x, -1076, 1025);
  fn_nearest n = fn_round(b, x);
  ir_value *power = fn_plus(b, exp_of_rest(b, fn_times(b, lo_sub(b, x, n.real), FN_LN2)), 1);
  return lo_select(b, lo_isnan(b, x), x, scale_by_power(b, power, as_integer(b, n)));
}

// 2^n (m + (1 - 2^-n)); from 2^1023 on 2^-n is as good as 0.
ir_value *fn_expm1_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *z = fn_clamp(b, x, -50, 710);
  power_parts p = exp_parts(b, z);
  ir_value *less = lo_min(b, p.n, lo_integer(b, p.n->type, 1022));
  ir_value *down = power_of_two(b, lo_neg(b, less));
  ir_value *sum = lo_add(b, p.m, lo_sub(b, fn_real(b, z, 1), down));
  return lo_select(b, lo_isnan(b, x), x, fn_with_sign(b, scale_by_power(b, sum, p.n), x));
}

// tanh z = z + z^3 P(z^2) for small z, else 1 - 2 / (1 + e^2z); for z = |x|, with the sign of x.
static const double TANH_TERMS[] = {-0.33333333333332839499,    0.13333333333259975415,     -0.053968253930290007199,
                                    0.021869487553836210945,    -0.0088632207127275498063,  0.0035919868474357341544,
                                    -0.0014549469852732624822,  0.00058627771926272204219,  -0.00022848589544665248152,
                                    0.000077055429495727800126, -0.000016029097547145677533};

ir_value *fn_tanh_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *z = fn_clamp(b, lo_abs(b, x), 0, 40), *square = lo_mul(b, z, z), *one = fn_real(b, z, 1);
  ir_value *small = fn_odd(b, z, square, FN_SERIES(TANH_TERMS));
  ir_value *divisor = lo_add(b, exp_within(b, lo_add(b, z, z)), one);
  ir_value *large = lo_sub(b, one, lo_div(b, fn_real(b, z, 2), divisor));
  return fn_with_sign(b, lo_select(b, fn_below(b, z, 0.625), small, large), x);
}

// ---- logarithms ------------------------------------------------------------------------------------------

static const double LOG_TERMS[] = {0.66666666666667393842, 0.39999999999377962177, 0.28571428751305438136,
                                   0.22222197587178233199, 0.18183618993588688247, 0.15312569805688678812,
                                   0.14811540437095514823};

// log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), s = f / (2 + f), R = s^2 P(s^2)  (FreeBSD's log); x is normal and positive.
// `more` is added before the last rounding.
static ir_value *log_of_normal(ir_builder *b, ir_value *x, ir_value *down, ir_value *more) {
  const int64_t root_half = INT64_C(0x3fe6a09e667f3bcd);
  ir_value *bits = fn_bits(b, x);
  ir_value *k = lo_sar_by(b, lo_sub(b, bits, lo_integer(b, bits->type, root_half)), 52);
  ir_value *f = fn_plus(b, fn_from_bits(b, lo_sub(b, bits, lo_shl_by(b, k, 52))), -1);
  ir_value *e = lo_sub(b, fn_small_to_double(b, k), down);
  ir_value *s = lo_div(b, f, fn_plus(b, f, 2)), *z = lo_mul(b, s, s);
  ir_value *rest = lo_mul(b, z, fn_polynomial(b, z, FN_SERIES(LOG_TERMS)));
  ir_value *half = lo_mul(b, fn_times(b, f, 0.5), f);
  ir_value *low = lo_add(b, fn_times(b, e, 0x1.a39ef35793c76p-33), more);
  low = lo_add(b, lo_mul(b, s, lo_add(b, half, rest)), low);
  return lo_sub(b, fn_times(b, e, 0x1.62e42feep-1), lo_sub(b, lo_sub(b, half, low), f));
}

ir_value *fn_log_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *zero = fn_real(b, x, 0), *is_small = fn_below(b, x, 0x1p-1022);
  ir_value *down = lo_select(b, is_small, fn_real(b, x, 54), zero);
  ir_value *normal = lo_select(b, is_small, fn_times(b, x, 0x1p54), x);
  return fn_log_specials(b, x, zero, log_of_normal(b, normal, down, zero));
}

// log u + (x - (u - 1)) / u, u = 1 + x rounded.
ir_value *fn_log1p_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *u = fn_plus(b, x, 1), *zero = fn_real(b, x, 0);
  ir_value *lost = lo_select(b, fn_below(b, x, 0x1p53), lo_sub(b, x, fn_plus(b, u, -1)), zero);
  ir_value *log = fn_log_specials(b, x, fn_real(b, x, -1), log_of_normal(b, u, zero, lo_div(b, lost, u)));
  return lo_select(b, fn_below(b, lo_abs(b, x), 0x1p-54), x, log);
}

// ---- erf -------------------------------------------------------------------------------------------------

// As in f32: z + z P(z^2), or 1 - e^(-z Q(z)), which is 1 from 6 on.
static const double ERF_SMALL_TERMS[] = {
    0.12837916709551257239,   -0.37612638903183703067,    0.112837916709524384,      -0.026866170644556922184,
    0.0052239776190836812135, -0.00085483266070011824812, 0.00012055315641045522615, -0.000014925173350532849241,
    1.6453317654093471741e-6, -1.6257840075354916907e-7,  1.3953499332135545302e-8,  -8.2724195270788122502e-10};
static const double ERF_LARGE_TERMS[] = {
    1.1283791533190064354,      0.63661985835290043376,      0.10277252620392614044,     -0.019129475383223472406,
    -0.00020377512247118555572, 0.0016815321856732326497,    -0.0005634046834904129402,  -9.8262670781421450771e-6,
    0.00010094164021200039834,  -0.000058687755153808238318, 0.000021365149098911355009, -5.6891895506849343693e-6,
    1.1486491996212321608e-6,   -1.7542068885260266439e-7,   1.9725275453617991228e-8,   -1.5438434308285975448e-9,
    7.5170365285301046239e-11,  -1.7143794508504382751e-12};

ir_value *fn_erf_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  ir_value *z = fn_clamp(b, lo_abs(b, x), 0, 6), *square = lo_mul(b, z, z);
  ir_value *small = lo_add(b, z, lo_mul(b, z, fn_polynomial(b, square, FN_SERIES(ERF_SMALL_TERMS))));
  ir_value *tail = exp_within(b, lo_neg(b, lo_mul(b, z, fn_polynomial(b, z, FN_SERIES(ERF_LARGE_TERMS)))));
  ir_value *large = lo_sub(b, fn_real(b, x, 1), tail);
  return fn_with_sign(b, lo_select(b, fn_below(b, z, 0.921875), small, large), x);
}

// ---- pow: log2 |x| in two doubles, of which the first has few bits, so that products are exact (after fdlibm) ---

typedef struct two_parts {
  ir_value *high;
  ir_value *low;
} two_parts;

// The upper 21 bits.
static ir_value *upper(ir_builder *b, ir_value *x) {
  ir_value *bits = fn_bits(b, x);
  return fn_from_bits(b, lo_and(b, bits, lo_integer(b, bits->type, -(INT64_C(1) << 32))));
}

// (3/2 log((1 + s) / (1 - s)) / s - 3 - s^2) / s^4 in s^2: relative error of the logarithm 2^-66.
static const double POW_TERMS[] = {0.60000000000003631289, 0.42857142855024921151, 0.3333333380306211406,
                                   0.2727267444626669496,  0.23080236125748333655, 0.19882827444978683974,
                                   0.19817333622432382621};

// log2 m for m near 1: 2 / (3 ln 2) s (3 + s^2 + ..), s = (m - 1) / (m + 1)
static two_parts log2_near_one(ir_builder *b, ir_value *m) {
  const double factor = 0x1.ec709dc3a03fdp-1, factor_high = 0x1.ec708p-1, factor_low = 0x1.dc3a03fd749fcp-21;
  ir_value *f = fn_plus(b, m, -1), *sum = fn_plus(b, m, 1), *s = lo_div(b, f, sum), *s_high = upper(b, s);
  ir_value *sum_high = upper(b, sum), *sum_low = lo_sub(b, m, fn_plus(b, sum_high, -1));
  ir_value *rest = lo_sub(b, lo_sub(b, f, lo_mul(b, s_high, sum_high)), lo_mul(b, s_high, sum_low));
  ir_value *s_low = lo_div(b, rest, sum), *z = lo_mul(b, s, s);
  ir_value *r = lo_mul(b, lo_mul(b, z, z), fn_polynomial(b, z, FN_SERIES(POW_TERMS)));
  r = lo_add(b, r, lo_mul(b, s_low, lo_add(b, s_high, s)));
  ir_value *square = lo_mul(b, s_high, s_high), *t_high = upper(b, lo_add(b, fn_plus(b, square, 3), r));
  ir_value *t_low = lo_sub(b, r, lo_sub(b, fn_plus(b, t_high, -3), square));
  ir_value *u = lo_mul(b, s_high, t_high), *v = lo_add(b, lo_mul(b, s_low, t_high), lo_mul(b, t_low, s));
  ir_value *p_high = upper(b, lo_add(b, u, v)), *p_low = lo_sub(b, v, lo_sub(b, p_high, u));
  ir_value *low = lo_add(b, fn_times(b, p_high, factor_low), fn_times(b, p_low, factor));
  return (two_parts){.high = fn_times(b, p_high, factor_high), .low = low};
}

// log2 of a positive finite number.
static two_parts log2_parts(ir_builder *b, ir_value *x) {
  const int64_t root_half = INT64_C(0x3fe6a09e667f3bcd);
  ir_value *is_small = fn_below(b, x, 0x1p-1022), *zero = fn_real(b, x, 0);
  ir_value *bits = fn_bits(b, lo_select(b, is_small, fn_times(b, x, 0x1p54), x));
  ir_value *k = lo_sar_by(b, lo_sub(b, bits, lo_integer(b, bits->type, root_half)), 52);
  two_parts log = log2_near_one(b, fn_from_bits(b, lo_sub(b, bits, lo_shl_by(b, k, 52))));
  ir_value *n = lo_sub(b, fn_small_to_double(b, k), lo_select(b, is_small, fn_real(b, x, 54), zero));
  ir_value *high = upper(b, lo_add(b, lo_add(b, log.high, log.low), n));
  return (two_parts){.high = high, .low = lo_sub(b, log.low, lo_sub(b, lo_sub(b, high, n), log.high))};
}

// The same of 0 and infinity, which have no low part; NaN stays.
static two_parts log2_magnitude(ir_builder *b, ir_value *x) {
  ir_value *m = lo_abs(b, x), *zero = fn_real(b, x, 0), *is_zero = lo_eq(b, m, zero);
  two_parts log = log2_parts(b, m);
  ir_value *plain = lo_and(b, fn_below(b, m, INFINITY), lo_not(b, is_zero));
  ir_value *special = lo_select(b, is_zero, fn_real(b, x, -INFINITY), m);
  return (two_parts){.high = lo_select(b, plain, log.high, special), .low = lo_select(b, plain, log.low, zero)};
}

// 2^(y log2 |x|). Where the exponent is far outside its low part does not count, and where y is tiny it needs none.
ir_value *fn_pow_f64(ir_builder *b, ir_value *x, ir_value *y) {
  two_parts log = log2_magnitude(b, x);
  ir_value *zero = fn_real(b, x, 0), *is_tiny = fn_below(b, lo_abs(b, y), 0x1p-900);
  ir_value *y_high = lo_select(b, is_tiny, y, upper(b, y)), *y_low = lo_sub(b, y, y_high);
  y_low = lo_select(b, fn_below(b, lo_abs(b, y), INFINITY), y_low, zero);
  ir_value *high = lo_mul(b, y_high, log.high);
  ir_value *low = lo_add(b, lo_mul(b, y_low, log.high), lo_mul(b, y, log.low));
  low = lo_select(b, fn_below(b, lo_abs(b, high), 1100), low, zero);
  high = fn_clamp(b, high, -1080, 1030);
  fn_nearest n = fn_round(b, high);
  ir_value *r = fn_times(b, lo_add(b, lo_sub(b, high, n.real), low), FN_LN2);
  ir_value *power = scale_by_power(b, fn_plus(b, exp_of_rest(b, r), 1), as_integer(b, n));
  return fn_power_of(b, x, y, lo_select(b, lo_isnan(b, high), high, power));
}

// ---- reduction of arguments ------------------------------------------------------------------------------

// z >= 0 up to 2^20: four parts of pi/2, of which three have 33 bits, so that their products with n are exact. What the
// differences lose is added.
static fn_reduced reduce_small(ir_builder *b, ir_value *z) {
  fn_nearest n = fn_round(b, fn_times(b, z, FN_TWO_OVER_PI));
  ir_value *first = lo_sub(b, z, fn_times(b, n.real, 0x1.921fb544p0));
  ir_value *second = fn_times(b, n.real, 0x1.0b4611a6p-34), *third = fn_times(b, n.real, 0x1.3198a2e0p-69);
  ir_value *high = lo_sub(b, first, second), *back = lo_sub(b, first, high);
  ir_value *lost = lo_sub(b, lo_sub(b, first, lo_add(b, high, back)), lo_sub(b, second, back));
  ir_value *r = lo_sub(b, high, third), *again = lo_sub(b, high, r);
  lost = lo_add(b, lost, lo_sub(b, lo_sub(b, high, lo_add(b, r, again)), lo_sub(b, third, again)));
  lost = lo_sub(b, lost, fn_times(b, n.real, 0x1.b839a252049c1p-104));
  return (fn_reduced){.r = lo_add(b, r, lost), .n = lo_convert(b, n.bits, ELEM_I32)};
}

// 2^-40 times 2/pi, bytes from the lowest to the highest.
static const uint8_t TURN_BYTES[] = {
    0xbc, 0xcf, 0xf0, 0xab, 0x6b, 0x7b, 0xfc, 0x46, 0x30, 0x03, 0x56, 0x08, 0x5d, 0x8d, 0x1f, 0xb1, 0x5f, 0xfb,
    0x6b, 0xea, 0x92, 0x52, 0x8a, 0xf7, 0x39, 0x07, 0x3d, 0x7b, 0xf1, 0xe5, 0xeb, 0xc7, 0xba, 0x27, 0x75, 0x2d,
    0xea, 0x5f, 0x9e, 0x66, 0x3f, 0x46, 0x4f, 0xb7, 0x09, 0xcb, 0x27, 0xcf, 0x7e, 0x36, 0x6d, 0x1f, 0x6d, 0x0a,
    0x5a, 0x8b, 0x11, 0x2f, 0xef, 0x0f, 0x98, 0x05, 0xde, 0xff, 0x97, 0xf8, 0x1f, 0x3b, 0x28, 0xf9, 0xbd, 0x8b,
    0x5f, 0x84, 0x9c, 0xf4, 0x39, 0x53, 0x83, 0x39, 0xd6, 0x91, 0x39, 0x41, 0x7e, 0x5f, 0xb4, 0x26, 0x70, 0x9c,
    0xe9, 0x84, 0x44, 0xbb, 0x2e, 0xf5, 0x35, 0x82, 0xe8, 0x3e, 0xa7, 0x29, 0xb1, 0x1c, 0xeb, 0x1d, 0xfe, 0x1c,
    0x92, 0xd1, 0x09, 0xea, 0x2e, 0x49, 0x06, 0xe0, 0xd2, 0x4d, 0x42, 0x3a, 0x6e, 0x24, 0xb7, 0x61, 0xc5, 0xbb,
    0xde, 0xab, 0x63, 0x51, 0xfe, 0x41, 0x90, 0x43, 0x3c, 0x99, 0x95, 0x62, 0xdb, 0xc0, 0xdd, 0x34, 0xf5, 0xd1,
    0x57, 0x27, 0xfc, 0x29, 0x15, 0x44, 0x4e, 0x6e, 0x83, 0xf9, 0xa2, 0x00, 0x00, 0x00, 0x00, 0x00,
};
enum { TURN_WORDS = 6, MANTISSA_BITS = 52 };

static ir_value *low_half(ir_builder *b, ir_value *x) { return lo_and(b, x, lo_integer(b, x->type, UINT32_MAX)); }
static ir_value *high_half(ir_builder *b, ir_value *x) { return lo_shr_by(b, x, 32); }

// Word number `i` of those that begin `byte` bytes (i32) behind the table's highest ones; i64 lanes.
static ir_value *turn_word(ir_builder *b, ir_value *table, ir_value *byte, int64_t i) {
  int64_t last = (int64_t)sizeof TURN_BYTES - 4 - 4 * i;
  ir_value *offsets = lo_sub(b, lo_integer(b, byte->type, last), byte), *operands[] = {table, offsets};
  return lo_convert_unsigned(b, ir_emit(b, IR_GATHER, &offsets->type, 2, operands, 0, NULL), ELEM_I64);
}

// Words of m u, modulo 2^192, from the highest one: m has 60 bits. The lowest of them is not exact, which nothing sees.
static void multiply(ir_builder *b, ir_value *m, ir_value *const *u, ir_value **words) {
  ir_value *low = low_half(b, m), *high = high_half(b, m), *carry = lo_integer(b, m->type, 0);
  for (int i = TURN_WORDS - 2; i >= 0; i--) {
    ir_value *x = lo_mul(b, low, u[i]), *y = lo_mul(b, high, u[i + 1]);
    ir_value *sum = lo_add(b, lo_add(b, low_half(b, x), low_half(b, y)), carry);
    words[i] = low_half(b, sum);
    carry = lo_add(b, lo_add(b, high_half(b, x), high_half(b, y)), high_half(b, sum));
  }
}

static ir_value *joined(ir_builder *b, ir_value *high, ir_value *low) { return lo_or(b, lo_shl_by(b, high, 32), low); }

// z = m 2^k, from 2^20 on: m times the bits of 2/pi that matter, modulo 4. What is not finite gives anything.
static fn_reduced reduce_large(ir_builder *b, ir_value *z, ir_value *table) {
  ir_type wide = ir_vector(ELEM_I64, z->type.lanes);
  ir_value *bits = fn_bits(b, z), *u[TURN_WORDS], *words[TURN_WORDS];
  ir_value *fraction = lo_and(b, bits, lo_integer(b, wide, (INT64_C(1) << MANTISSA_BITS) - 1));
  ir_value *m = lo_or(b, fraction, lo_integer(b, wide, INT64_C(1) << MANTISSA_BITS));
  ir_value *exponent = lo_min(b, lo_shr_by(b, bits, MANTISSA_BITS), lo_integer(b, wide, 2046));
  // k + 40 less the two bits that n keeps, as whole bytes and a shift; below 2^20 it would be negative.
  ir_value *places =
      lo_max(b, lo_add(b, exponent, lo_integer(b, wide, 40 - 1023 - MANTISSA_BITS - 2)), lo_integer(b, wide, 0));
  ir_value *byte = lo_convert(b, lo_shr_by(b, places, 3), ELEM_I32);
  for (int i = 0; i < TURN_WORDS; i++) u[i] = turn_word(b, table, byte, i);
  multiply(b, lo_shl(b, m, lo_and(b, places, lo_integer(b, wide, 7))), u, words);
  ir_value *turns = joined(b, words[0], words[1]), *below = joined(b, words[2], words[3]);
  ir_value *n = lo_shr_by(b, lo_add(b, turns, lo_integer(b, wide, INT64_C(1) << 61)), 62);
  ir_value *rest = lo_sub(b, turns, lo_shl_by(b, n, 62)), *high = lo_convert(b, rest, ELEM_F64);
  ir_value *lost = lo_convert(b, lo_sub(b, rest, lo_convert(b, high, ELEM_I64)), ELEM_F64);
  ir_value *low = fn_times(b, lo_convert(b, lo_shr_by(b, below, 1), ELEM_F64), 0x1p-63);
  ir_value *r = fn_times(b, lo_add(b, high, lo_add(b, lost, low)), FN_PI / 2 * 0x1p-62);
  return (fn_reduced){.r = r, .n = lo_convert(b, n, ELEM_I32)};
}

// The loop's body is done once if any lane is large, else not at all.
static fn_reduced reduce(ir_builder *b, ir_value *z) {
  fn_reduced small = reduce_small(b, z);
  ir_value *is_large = lo_le(b, fn_real(b, z, 0x1p20), z), *carried[2], *results[2];
  ir_type buffer = ir_buffer();
  ir_attr bytes = ir_bytes(IR_ATTR_TABLE, TURN_BYTES, sizeof TURN_BYTES);
  ir_value *table = ir_emit(b, IR_DATA, &buffer, 0, NULL, 1, &bytes), *turns = lo_to_index(b, lo_any_lane(b, is_large));
  ir_value *zero = ir_index_const(b, 0), *one = ir_index_const(b, 1);
  ir_loop loop = ir_begin_for(b, zero, turns, one, 2, (ir_value *[]){small.r, small.n}, carried);
  fn_reduced large = reduce_large(b, z, table);
  ir_value *yields[] = {lo_select(b, is_large, large.r, carried[0]), lo_select(b, is_large, large.n, carried[1])};
  ir_end_for(b, loop, 2, yields, results);
  return (fn_reduced){.r = results[0], .n = results[1]};
}

// ---- sin, cos, tan ---------------------------------------------------------------------------------------

static const double SIN_TERMS[] = {-0.16666666666666630513, 0.0083333333333220623915,  -0.00019841269829542765596,
                                   2.755731360458094083e-6, -2.5050745046358964186e-8, 1.5896068002686315207e-10};
static const double COS_TERMS[] = {0.041666666666666592472,   -0.0013888888888872976075, 0.000024801587288800099827,
                                   -2.7557314163993776317e-7, 2.0875698710431340324e-9,  -1.1358423596950895597e-11};
static const double TAN_TERMS[] = {0.33333333333332771194,    0.13333333333415531462,      0.053968253926233122532,
                                   0.021869489619451315577,   0.0088632190165410858686,    0.0035922904167841396805,
                                   0.0014547498015883461898,  0.00059509926848497496227,   0.00022227752046539060323,
                                   0.00013673719110443698688, -0.000026685733225917785942, 0.000089728739185264079592,
                                   -0.0000450263384943034413, 0.000020899413481953645624};

ir_value *fn_sin_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_sine(b, x, reduce(b, lo_abs(b, x)), false, FN_SERIES(SIN_TERMS), FN_SERIES(COS_TERMS));
}

ir_value *fn_cos_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_sine(b, x, reduce(b, lo_abs(b, x)), true, FN_SERIES(SIN_TERMS), FN_SERIES(COS_TERMS));
}

ir_value *fn_tan_f64(ir_builder *b, ir_value *x, ir_value *y) {
  (void)y;
  return fn_tangent(b, x, reduce(b, lo_abs(b, x)), FN_SERIES(TAN_TERMS));
}

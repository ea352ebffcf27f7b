// exp, tanh, sigmoid, silu, gelu by range reduction and polynomials.
//
// The polynomials are minimax fits (Remez). No operation here may be contracted to a fused one.
// min(a, b) and max(a, b) give b when one of them is NaN: where NaN must go through, the variable is the second
// operand.
#include "kernel/emit_math.h"

#include "kernel/emit_base.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static ir_value *fmax2(ir_builder *b, ir_value *x, ir_value *y) { return ir_emit2(b, IR_FMAX, x->type, x, y); }

static ir_value *fmin2(ir_builder *b, ir_value *x, ir_value *y) { return ir_emit2(b, IR_FMIN, x->type, x, y); }

// max(bound, x), NaN for NaN.
static ir_value *at_least(ir_builder *b, ir_value *x, double bound) { return fmax2(b, lo_real(b, x, bound), x); }

static ir_value *at_most(ir_builder *b, ir_value *x, double bound) { return fmin2(b, lo_real(b, x, bound), x); }

static ir_value *times(ir_builder *b, ir_value *x, double factor) { return lo_fmul(b, x, lo_real(b, x, factor)); }

static ir_value *plus(ir_builder *b, ir_value *x, double addend) { return lo_fadd(b, x, lo_real(b, x, addend)); }

static ir_value *neg(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FNEG, x->type, x); }

static ir_value *magnitude(ir_builder *b, ir_value *x) { return ir_emit1(b, IR_FABS, x->type, x); }

// a < c ? x : y with a constant c
static ir_value *below(ir_builder *b, ir_value *a, double c, ir_value *x, ir_value *y) {
  ir_value *const operands[] = {a, lo_real(b, a, c), x, y};
  return ir_emit(b, IR_SELECT_LT, &x->type, 4, operands, 0, NULL);
}

// c[0] + c[1] x + c[2] x^2 + .. by Horner's rule
static ir_value *polynomial(ir_builder *b, ir_value *x, size_t count, const double *c) {
  ir_value *sum = lo_real(b, x, c[count - 1]);
  for (size_t i = count - 1; i-- > 0;) sum = plus(b, lo_fmul(b, sum, x), c[i]);
  return sum;
}

// ---- exp: x = n ln 2 + r, |r| <= ln 2 / 2; e^r = 1 + r + r^2 P(r); 2^n in two factors, so that n may be -150 .. 128

static const double EXP_LOWEST = -104; // e^x is 0 below
static const double EXP_HIGHEST = 89;  // e^x is infinite above
static const double LOG2_E = 1.4426950408889634;
static const double LN2_HIGH = 0.693359375; // 10 bits: n * LN2_HIGH is exact
static const double LN2_LOW = -2.12194440054690583e-4;
static const double EXP_TERMS[] = {0.500000009569817, 0.16666518307007, 0.0416662041458996, 0.00836895342437797,
                                   0.00139506018884512};

// 2^n as a float, for -126 <= n <= 127
static ir_value *power_of_two(ir_builder *b, ir_value *n) {
  ir_value *biased = ir_emit2(b, IR_ADD, n->type, n, lo_int(b, n, 127));
  return lo_floats(b, ir_emit_attr(b, IR_SHL, n->type, biased, ir_int(IR_ATTR_SHIFT, 23)));
}

ir_value *lower_scale_by_power(ir_builder *b, ir_value *x, ir_value *n) {
  ir_value *half = ir_emit_attr(b, IR_SAR, n->type, n, ir_int(IR_ATTR_SHIFT, 1));
  ir_value *rest = ir_emit2(b, IR_SUB, n->type, n, half);
  return lo_fmul(b, lo_fmul(b, x, power_of_two(b, half)), power_of_two(b, rest));
}

ir_value *lower_emit_exp(ir_builder *b, ir_value *x) {
  x = at_most(b, at_least(b, x, EXP_LOWEST), EXP_HIGHEST);
  // The second operand is the result for NaN: what is converted to an integer is always a number.
  ir_value *turns = times(b, x, LOG2_E);
  turns = fmax2(b, turns, lo_real(b, x, EXP_LOWEST * LOG2_E));
  ir_value *n = ir_emit1(b, IR_FTOI, lo_i32(x->type.lanes), turns);
  ir_value *whole = ir_emit1(b, IR_ITOF, x->type, n);
  ir_value *r = lo_fsub(b, x, times(b, whole, LN2_HIGH));
  r = lo_fsub(b, r, times(b, whole, LN2_LOW));
  ir_value *p = polynomial(b, r, COUNT(EXP_TERMS), EXP_TERMS);
  p = plus(b, lo_fadd(b, lo_fmul(b, p, lo_fmul(b, r, r)), r), 1);
  return lower_scale_by_power(b, p, n);
}

// ---- the others

static ir_value *emit_relu(ir_builder *b, ir_value *x) { return at_least(b, x, 0); }

// 1 + e^-x
static ir_value *one_plus_exp(ir_builder *b, ir_value *x) { return plus(b, lower_emit_exp(b, neg(b, x)), 1); }

static ir_value *emit_sigmoid(ir_builder *b, ir_value *x) { return lo_fdiv(b, lo_real(b, x, 1), one_plus_exp(b, x)); }

// The bound makes -inf give -0 and changes nothing else: the divisor is infinite long before.
static ir_value *emit_silu(ir_builder *b, ir_value *x) { return lo_fdiv(b, at_least(b, x, -128), one_plus_exp(b, x)); }

// tanh z = z + z^3 P(z^2) for small z, else 1 - 2 / (1 + e^2z); for z = |x|, then with the sign of x.
static const double TANH_SMALL = 0.625;
static const double TANH_TERMS[] = {-0.333332839265181, 0.133314913122153, -0.0537434998006049, 0.0206505920931218,
                                    -0.0057170497737929};

static ir_value *tanh_small(ir_builder *b, ir_value *z) {
  ir_value *square = lo_fmul(b, z, z);
  ir_value *p = polynomial(b, square, COUNT(TANH_TERMS), TANH_TERMS);
  return lo_fadd(b, lo_fmul(b, lo_fmul(b, p, square), z), z);
}

static ir_value *tanh_large(ir_builder *b, ir_value *z) {
  ir_value *divisor = plus(b, lower_emit_exp(b, lo_fadd(b, z, z)), 1);
  return lo_fsub(b, lo_real(b, z, 1), lo_fdiv(b, lo_real(b, z, 2), divisor));
}

static ir_value *with_sign_of(ir_builder *b, ir_value *z, ir_value *x) {
  ir_value *bits = lo_bits(b, x);
  ir_value *sign = ir_emit2(b, IR_AND, bits->type, bits, lo_int(b, x, INT32_MIN));
  return lo_floats(b, ir_emit2(b, IR_OR, bits->type, lo_bits(b, z), sign));
}

static ir_value *emit_tanh(ir_builder *b, ir_value *x) {
  ir_value *z = magnitude(b, x);
  return with_sign_of(b, below(b, z, TANH_SMALL, tanh_small(b, z), tanh_large(b, z)), x);
}

// gelu x = x N(x), N(x) = erfc(z)/2 for negative x and 1 - erfc(z)/2 otherwise, z = |x| / sqrt 2.
// erfc(z) / 2 = e^(-z^2) t Q(t), t = 1 / (1 + 0.3 z): small relative error also where erfc is small.
static const double GELU_SLOPE = 0.3 * 0.70710678118654752;
static const double GELU_TERMS[] = {0.0845938433533675, 0.0853599231307835,  0.074155355239953,
                                    0.107511740831937,  -0.0474268509206614, 0.273992002366141,
                                    -0.256243849770901, 0.242828133877495,   -0.0647703079143285};

static ir_value *emit_gelu(ir_builder *b, ir_value *x) {
  ir_value *one = lo_real(b, x, 1);
  ir_value *t = lo_fdiv(b, one, plus(b, times(b, magnitude(b, x), GELU_SLOPE), 1));
  ir_value *p = lo_fmul(b, polynomial(b, t, COUNT(GELU_TERMS), GELU_TERMS), t);
  ir_value *tail = lo_fmul(b, lower_emit_exp(b, times(b, lo_fmul(b, x, x), -0.5)), p);
  ir_value *share = below(b, x, 0, tail, lo_fsub(b, one, tail));
  return lo_fmul(b, at_least(b, x, -128), share); // the bound makes -inf give -0
}

static ir_value *emit_neg(ir_builder *b, ir_value *x) { return neg(b, x); }

typedef struct unary_row {
  ir_opcode op;
  ir_value *(*emit)(ir_builder *b, ir_value *x);
} unary_row;

static const unary_row unary_rows[] = {
    {IR_RELU, emit_relu}, {IR_GELU, emit_gelu},       {IR_SILU, emit_silu},
    {IR_TANH, emit_tanh}, {IR_SIGMOID, emit_sigmoid}, {IR_TNEG, emit_neg},
};

static const unary_row *find_unary(ir_opcode op) {
  for (size_t i = 0; i < COUNT(unary_rows); i++) {
    if (unary_rows[i].op == op) return &unary_rows[i];
  }
  return NULL;
}

bool lower_is_unary(ir_opcode op) { return find_unary(op) != NULL; }

ir_value *lower_emit_unary(ir_builder *b, ir_opcode op, ir_value *x) { return find_unary(op)->emit(b, x); }

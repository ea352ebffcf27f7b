// Operators of index notation on numbers, and the ranges of integers.
#include "ir/statement_fold.h"

#include <math.h>

#include "format/int_math.h"

// ---- integers

typedef int64_t (*int_function)(int64_t, int64_t);

static int64_t int_min(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t int_max(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t int_and(int64_t a, int64_t b) { return a & b; }
static int64_t int_or(int64_t a, int64_t b) { return a | b; }
static int64_t int_xor(int64_t a, int64_t b) { return a ^ b; }
static int64_t int_not(int64_t a, int64_t b) {
  (void)b;
  return ~a;
}
static int64_t int_negative(int64_t a, int64_t b) {
  (void)b;
  return int_neg(a);
}
static int64_t int_size(int64_t a, int64_t b) {
  (void)b;
  return int_abs(a);
}

static const int_function integers[ST_OP_COUNT] = {
    [ST_NEG] = int_negative, [ST_ADD] = int_add,  [ST_SUB] = int_sub, [ST_MUL] = int_mul, [ST_DIV] = int_div,
    [ST_MOD] = int_mod,      [ST_ABS] = int_size, [ST_MIN] = int_min, [ST_MAX] = int_max, [ST_NOT] = int_not,
    [ST_SHL] = int_shl,      [ST_SHR] = int_shr,  [ST_AND] = int_and, [ST_OR] = int_or,   [ST_XOR] = int_xor,
};

static bool leaves_64_bits(st_op op, int64_t a, int64_t b) {
  int64_t result;
  switch (op) {
  case ST_ADD: return __builtin_add_overflow(a, b, &result);
  case ST_SUB: return __builtin_sub_overflow(a, b, &result);
  case ST_MUL: return __builtin_mul_overflow(a, b, &result);
  case ST_NEG:
  case ST_ABS: return a == INT64_MIN;
  case ST_DIV: return b == 0 || (a == INT64_MIN && b == -1);
  case ST_MOD: return b == 0;
  case ST_SHL: return a != 0 && (b > 62 || b < 0 || int_shr(int_shl(a, b), b) != a);
  default: return false;
  }
}

// ---- real numbers

typedef double (*real_function)(double, double);

#define REAL1(name, value)                 \
  static double name(double a, double b) { \
    (void)b;                               \
    return value;                          \
  }
REAL1(real_neg, -a)
REAL1(real_abs, fabs(a))
REAL1(real_floor, floor(a))
REAL1(real_ceil, ceil(a))
REAL1(real_trunc, trunc(a))
REAL1(real_round, rint(a))
REAL1(real_away, round(a))
REAL1(real_sqrt, sqrt(a))
REAL1(real_exp, exp(a))
REAL1(real_two, real_exp2(a))
REAL1(real_expm1, expm1(a))
REAL1(real_log, log(a))
REAL1(real_log1p, log1p(a))
REAL1(real_sin, sin(a))
REAL1(real_cos, cos(a))
REAL1(real_tan, tan(a))
REAL1(real_asin, asin(a))
REAL1(real_acos, acos(a))
REAL1(real_atan, atan(a))
REAL1(real_tanh, tanh(a))
REAL1(real_erf, erf(a))
#undef REAL1
static double real_add(double a, double b) { return a + b; }
static double real_sub(double a, double b) { return a - b; }
static double real_mul(double a, double b) { return a * b; }
static double real_div(double a, double b) { return a / b; }
static double real_min(double a, double b) { return isnan(a) || a < b ? a : b; }
static double real_max(double a, double b) { return isnan(a) || a > b ? a : b; }

static const real_function reals[ST_OP_COUNT] = {
    [ST_NEG] = real_neg,     [ST_ADD] = real_add,   [ST_SUB] = real_sub,         [ST_MUL] = real_mul,
    [ST_DIV] = real_div,     [ST_ABS] = real_abs,   [ST_MIN] = real_min,         [ST_MAX] = real_max,
    [ST_FLOOR] = real_floor, [ST_CEIL] = real_ceil, [ST_TRUNC] = real_trunc,     [ST_ROUND] = real_round,
    [ST_SQRT] = real_sqrt,   [ST_EXP] = real_exp,   [ST_ROUND_AWAY] = real_away, [ST_EXP2] = real_two,
    [ST_EXPM1] = real_expm1, [ST_LOG] = real_log,   [ST_LOG1P] = real_log1p,     [ST_SIN] = real_sin,
    [ST_COS] = real_cos,     [ST_TAN] = real_tan,   [ST_ASIN] = real_asin,       [ST_ACOS] = real_acos,
    [ST_ATAN] = real_atan,   [ST_TANH] = real_tanh, [ST_ERF] = real_erf,         [ST_POW] = pow,
};

// ---- types

static bool is_float(elem_type type) { return elem_get(type)->kind == ELEM_KIND_FLOAT; }

static int64_t wrap(elem_type type, int64_t v) {
  unsigned bits = elem_get(type)->bits;
  if (bits >= 64) return v;
  uint64_t low = int_low_bits((uint64_t)v, bits);
  bool negative = elem_get(type)->kind == ELEM_KIND_INT && (low >> (bits - 1) & 1) != 0;
  return negative ? (int64_t)(low | ~int_low_bits(UINT64_MAX, bits)) : (int64_t)low;
}

// What is too large for a type without infinities becomes NaN where the type has one and all codes but it are numbers.
static double nearest(elem_type type, double v) {
  if (type == ELEM_F64) return v;
  elem_special special = elem_get(type)->special;
  double stored = elem_decode(type, elem_encode(type, v));
  if ((special != ELEM_TOP && special != ELEM_UZ) || fabs(stored) < elem_max_finite(type)) return stored;
  // Beyond the middle between the greatest number and the one that would follow; in the middle the even one is nearest.
  double most = elem_max_finite(type);
  double step = ldexp(1, ilogb(most) - (int)elem_get(type)->man_bits);
  double middle = most + step / 2;
  bool even = fmod(most / step, 2) == 0;
  return fabs(v) > middle || (fabs(v) == middle && !even) ? NAN : stored;
}

st_number st_stored(st_type type, st_number v) {
  if (!type.stored) return v;
  if (type.kind == ST_CLASS_REAL) v.r = nearest(type.elem, v.kind == ST_CLASS_REAL ? v.r : (double)v.i);
  if (type.kind == ST_CLASS_INT) v.i = wrap(type.elem, v.i);
  if (type.kind == ST_CLASS_BOOL) v.i = v.i != 0;
  v.kind = type.kind;
  return v;
}

static int64_t to_int(double v) {
  if (isnan(v)) return 0;
  if (v >= 0x1p63) return INT64_MAX;
  return v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

static st_number saturated(elem_type type, st_number v) {
  if (is_float(type)) {
    double most = elem_max_finite(type);
    v.r = isnan(v.r) ? v.r : fmin(fmax(v.r, -most), most);
    v.r = nearest(type, v.r);
  } else {
    v.i = v.i < elem_min(type) ? elem_min(type) : v.i > elem_max(type) ? elem_max(type) : v.i;
  }
  return v;
}

static int64_t sign_extended(uint64_t raw, unsigned bits) {
  bool negative = bits < 64 && (raw >> (bits - 1) & 1) != 0;
  return (int64_t)(negative ? raw | ~int_low_bits(UINT64_MAX, bits) : raw);
}

static st_number convert(st_op op, elem_type elem, st_number x) {
  st_type type = {.kind = is_float(elem) ? ST_CLASS_REAL : ST_CLASS_INT, .stored = true, .elem = elem};
  unsigned bits = elem_get(elem)->bits;
  switch (op) {
  case ST_TO_REAL: return (st_number){.kind = ST_CLASS_REAL, .r = x.kind == ST_CLASS_REAL ? x.r : (double)x.i};
  case ST_TO_INT: return (st_number){.kind = ST_CLASS_INT, .i = x.kind == ST_CLASS_REAL ? to_int(x.r) : x.i};
  case ST_TO: return st_stored(type, x);
  case ST_SATURATE: return saturated(elem, x);
  case ST_ENCODING:
    if (is_float(elem)) x.r = nearest(elem, x.r);
    x.i = is_float(elem) ? sign_extended(elem_encode(elem, x.r), bits)
                         : sign_extended(int_low_bits((uint64_t)x.i, bits), bits);
    x.kind = ST_CLASS_INT;
    return x;
  default:
    if (is_float(elem))
      return (st_number){.kind = ST_CLASS_REAL, .r = elem_decode(elem, int_low_bits((uint64_t)x.i, bits))};
    return (st_number){.kind = ST_CLASS_INT, .i = wrap(elem, x.i)};
  }
}

// ---- all operators

static bool compare(st_op op, const st_number *a) {
  if (a[0].kind == ST_CLASS_REAL) {
    return op == ST_LT ? a[0].r < a[1].r : op == ST_LE ? a[0].r <= a[1].r : a[0].r == a[1].r;
  }
  return op == ST_LT ? a[0].i < a[1].i : op == ST_LE ? a[0].i <= a[1].i : a[0].i == a[1].i;
}

static st_number truth(bool value) { return (st_number){.kind = ST_CLASS_BOOL, .i = value}; }

static bool is_conversion(st_op op) { return op >= ST_TO_REAL && op <= ST_DECODED; }

bool st_is_applied(st_op op) {
  return integers[op] != NULL || reals[op] != NULL || is_conversion(op) || (op >= ST_LT && op <= ST_LNOT) ||
         op == ST_ISNAN || op == ST_ISINF;
}

st_number st_apply(st_op op, elem_type elem, st_class kind, const st_number *args, bool *wrapped) {
  if (is_conversion(op)) return convert(op, elem, args[0]);
  if (op == ST_LT || op == ST_LE || op == ST_EQ) return truth(compare(op, args));
  if (op == ST_LNOT) return truth(args[0].kind == ST_CLASS_REAL ? args[0].r == 0 : args[0].i == 0);
  if (op == ST_ISNAN || op == ST_ISINF) return truth(op == ST_ISNAN ? isnan(args[0].r) : isinf(args[0].r));
  bool two = st_op_get_info(op)->arg_count == 2;
  if (kind == ST_CLASS_REAL) return (st_number){.kind = kind, .r = reals[op](args[0].r, two ? args[1].r : 0)};
  int64_t b = two ? args[1].i : 0;
  if (leaves_64_bits(op, args[0].i, b)) *wrapped = true;
  return (st_number){.kind = kind, .i = integers[op](args[0].i, b)};
}

bool st_fold(const st_expr *e, st_expr *out) {
  st_number args[2] = {0};
  if (!st_is_applied(e->op) || e->arg_count > 2) return false;
  for (size_t i = 0; i < e->arg_count; i++) {
    args[i] = (st_number){.kind = e->args[i]->kind, .i = e->args[i]->i, .r = e->args[i]->r};
  }
  bool wrapped = false;
  st_number v = st_apply(e->op, e->elem, e->kind, args, &wrapped);
  if (wrapped) return false;
  static const st_op leaves[] = {[ST_CLASS_BOOL] = ST_BOOL, [ST_CLASS_INT] = ST_INT, [ST_CLASS_REAL] = ST_REAL};
  *out = (st_expr){.op = leaves[e->kind], .kind = e->kind, .loc = e->loc};
  if (e->kind == ST_CLASS_REAL) {
    out->r = v.r;
  } else {
    out->i = v.i;
  }
  return true;
}

// ---- ranges

typedef struct range {
  int64_t low, high;
} range;

static const range anything = {INT64_MIN, INT64_MAX};

static range range_of(const st_expr *e) { return (range){e->low, e->high}; }

static range join(range a, range b) { return (range){int_min(a.low, b.low), int_max(a.high, b.high)}; }

// The range of a monotonous operator in each argument: that of its corners.
static range corners(st_op op, range a, range b) {
  const int64_t x[] = {a.low, a.low, a.high, a.high};
  const int64_t y[] = {b.low, b.high, b.low, b.high};
  range r = {INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < 4; i++) {
    if (leaves_64_bits(op, x[i], y[i])) return anything;
    int64_t v = integers[op](x[i], y[i]);
    r = join(r, (range){v, v});
  }
  return r;
}

static range range_of_bits(st_op op, range a, range b) {
  if (op == ST_AND && a.low >= 0 && b.low >= 0) return (range){0, int_min(a.high, b.high)};
  if (op == ST_AND && (a.low >= 0 || b.low >= 0)) return (range){0, a.low >= 0 ? a.high : b.high};
  if (a.low < 0 || b.low < 0) return anything;
  uint64_t most = (uint64_t)(a.high | b.high); // every bit below the highest one
  for (unsigned shift = 1; shift < 64; shift *= 2) most |= most >> shift;
  return (range){0, (int64_t)most};
}

static range range_of_sum(const st_expr *e, range body) {
  for (size_t i = 0; i < e->index_count; i++) {
    int64_t most = e->indices[i]->count->greatest;
    if (most == INT64_MAX) return anything;
    range times = corners(ST_MUL, body, (range){most, most});
    body = join(times, (range){0, 0});
  }
  return body;
}

// Integers of 64 bits keep all of their bits: those of u64 may be negative numbers here.
static range range_of_type(elem_type type) {
  if (is_float(type) || elem_get(type)->bits == 64) return anything;
  return (range){elem_min(type), elem_max(type)};
}

static range range_of_encoding(elem_type type) {
  unsigned bits = elem_get(type)->bits;
  if (bits >= 64) return anything;
  return (range){-((int64_t)1 << (bits - 1)), ((int64_t)1 << (bits - 1)) - 1};
}

// Whether a reduction may have no terms.
static bool is_over_nothing(const st_expr *e) {
  for (size_t i = 0; i < e->index_count; i++) {
    if (e->indices[i]->count->least < 1) return true;
  }
  return false;
}

static range positions_of(const st_expr *e) {
  int64_t count = range_of_sum(e, (range){1, 1}).high;
  return (range){0, count == INT64_MAX ? count : int_max(count - 1, 0)};
}

static range integer_range(const st_expr *e) {
  range a = e->arg_count > 0 ? range_of(e->args[0]) : anything;
  range b = e->arg_count > 1 ? range_of(e->args[1]) : a;
  switch (e->op) {
  case ST_INT: return (range){e->i, e->i};
  case ST_SIZE: return (range){e->size->least, e->size->greatest};
  case ST_INDEX: return (range){0, e->index->count->greatest > 0 ? e->index->count->greatest - 1 : 0};
  case ST_READ: return (range){e->tensor->low, e->tensor->high};
  case ST_ADD:
  case ST_SUB:
  case ST_MUL: return corners(e->op, a, b);
  case ST_NEG: return corners(ST_SUB, (range){0, 0}, a);
  case ST_ABS:
    return a.low == INT64_MIN ? anything
                              : (range){a.low > 0    ? a.low
                                        : a.high < 0 ? -a.high
                                                     : 0,
                                        int_max(int_abs(a.low), int_abs(a.high))};
  case ST_DIV: return b.low > 0 ? corners(ST_DIV, a, b) : anything;
  case ST_MOD: return b.low > 0 ? (range){0, a.low >= 0 ? int_min(a.high, b.high - 1) : b.high - 1} : anything;
  case ST_MIN: return (range){int_min(a.low, b.low), int_min(a.high, b.high)};
  case ST_MAX: return (range){int_max(a.low, b.low), int_max(a.high, b.high)};
  case ST_SHL:
  case ST_SHR: return b.low >= 0 && b.high < 64 ? corners(e->op, a, b) : anything;
  case ST_NOT: return (range){~a.high, ~a.low};
  case ST_AND:
  case ST_OR:
  case ST_XOR: return range_of_bits(e->op, a, b);
  case ST_ELSE: return join(a, b);
  case ST_SELECT: return join(b, range_of(e->args[2]));
  case ST_TO:
  case ST_SATURATE:
  case ST_DECODED: return range_of_type(e->elem);
  case ST_ENCODING: return range_of_encoding(e->elem);
  case ST_SUM: return range_of_sum(e, a);
  case ST_GREATEST: return is_over_nothing(e) ? (range){INT64_MIN, a.high} : a;
  case ST_LEAST: return is_over_nothing(e) ? (range){a.low, INT64_MAX} : a;
  case ST_ARGMAX:
  case ST_ARGMIN: return positions_of(e);
  default: return anything;
  }
}

void st_find_range(st_expr *e) {
  range r = e->kind == ST_CLASS_BOOL ? (range){0, 1} : e->kind == ST_CLASS_INT ? integer_range(e) : anything;
  if (e->op == ST_BOOL) r = (range){e->i, e->i};
  e->low = r.low;
  e->high = r.high;
}

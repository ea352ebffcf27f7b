// Vector operations on lanes of any width: of 64 bits, and whatever is too rare to be fast. A lane comes as 64 bits, the
// element's bits with zeros above; what a function gives is cut to the element of the result.
#include <math.h>
#include <string.h>

#include "format/int_math.h"
#include "interp/inside.h"
#include "support/fp.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef uint64_t (*any1)(uint64_t x, const lane_params *p);
typedef uint64_t (*any2)(uint64_t x, uint64_t y, const lane_params *p);

static uint64_t get(const insn *in, int arg, uint32_t i) {
  return in->arg_wide[arg] ? in->arg[arg].wide[i] : in->arg[arg].lanes[i];
}

static void set(const insn *in, uint32_t i, uint64_t x) {
  if (in->dst_wide)
    in->dst.wide[i] = x;
  else
    in->dst.lanes[i] = (uint32_t)int_low_bits(x, in->lane.bits);
}

ALWAYS_INLINE bool map1(const insn *in, any1 f) {
  for (uint32_t i = 0; i < in->lanes; i++) set(in, i, f(get(in, 0, i), &in->lane));
  return true;
}

ALWAYS_INLINE bool map2(const insn *in, any2 f) {
  for (uint32_t i = 0; i < in->lanes; i++) set(in, i, f(get(in, 0, i), get(in, 1, i), &in->lane));
  return true;
}

// Halves are combined, lane i with lane i + n/2, until one lane is left.
ALWAYS_INLINE bool reduce(const interp *vm, const insn *in, any2 f) {
  uint64_t *half = vm->scratch;
  for (uint32_t i = 0; i < in->arg_lanes; i++) half[i] = get(in, 0, i);
  for (uint32_t n = in->arg_lanes / 2; n > 0; n /= 2)
    for (uint32_t i = 0; i < n; i++) half[i] = int_low_bits(f(half[i], half[i + n], &in->lane), in->lane.bits);
  set(in, 0, half[0]);
  return true;
}

#define RUN1(name) \
  static bool run_##name(interp *vm, const insn *in) { return (void)vm, map1(in, lane_##name); }
#define RUN2(name) \
  static bool run_##name(interp *vm, const insn *in) { return (void)vm, map2(in, lane_##name); }
#define REDUCE(name) \
  static bool run_reduce_##name(interp *vm, const insn *in) { return reduce(vm, in, lane_##name); }

// ---- integers --------------------------------------------------------------------------------------------

// The signed number that the low `bits` bits of x are.
ALWAYS_INLINE int64_t sign(uint64_t x, unsigned bits) { return (int64_t)(x << (64 - bits)) >> (64 - bits); }

#define INT1(name, value)                                                \
  ALWAYS_INLINE uint64_t lane_##name(uint64_t x, const lane_params *p) { \
    int64_t a = sign(x, p->arg_bits);                                    \
    return (uint64_t)(value);                                            \
  }                                                                      \
  RUN1(name)
#define INT2(name, value)                                                            \
  ALWAYS_INLINE uint64_t lane_##name(uint64_t x, uint64_t y, const lane_params *p) { \
    int64_t a = sign(x, p->arg_bits), b = sign(y, p->arg_bits);                      \
    return (uint64_t)(value);                                                        \
  }                                                                                  \
  RUN2(name)

INT2(add, int_add(a, b))
INT2(sub, int_sub(a, b))
INT2(mul, int_mul(a, b))
INT2(and, a &b)
INT2(or, a | b)
INT2(xor, a ^ b)
INT2(smin, a < b ? a : b)
INT2(smax, a > b ? a : b)
INT2(div, int_div(a, b))
INT2(mod, int_mod(a, b))
INT2(lt, a < b)
INT2(le, a <= b)
INT2(eq, a == b)
INT1(abs, int_abs(a))
INT1(sar, int_shr(a, p->shift))
INT1(sext, a)
REDUCE(add)
REDUCE(mul)
REDUCE(and)
REDUCE(or)
REDUCE(smin)
REDUCE(smax)

// Counts are unsigned: what is beyond the lane leaves nothing, or the sign.
ALWAYS_INLINE uint64_t lane_shl(uint64_t x, const lane_params *p) { return x << p->shift; }
ALWAYS_INLINE uint64_t lane_shr(uint64_t x, const lane_params *p) { return x >> p->shift; }
ALWAYS_INLINE uint64_t lane_shlv(uint64_t x, uint64_t y, const lane_params *p) { return y < p->bits ? x << y : 0; }
ALWAYS_INLINE uint64_t lane_shrv(uint64_t x, uint64_t y, const lane_params *p) { return y < p->bits ? x >> y : 0; }
ALWAYS_INLINE uint64_t lane_sarv(uint64_t x, uint64_t y, const lane_params *p) {
  return (uint64_t)int_shr(sign(x, p->bits), y < p->bits ? (int64_t)y : 63);
}
ALWAYS_INLINE uint64_t lane_popcount(uint64_t x, const lane_params *p) {
  (void)p;
  return (uint64_t)__builtin_popcountll(x);
}
// Zeros come in above, or bits fall off.
ALWAYS_INLINE uint64_t lane_same(uint64_t x, const lane_params *p) {
  (void)p;
  return x;
}
RUN1(shl)
RUN1(shr)
RUN1(popcount)
RUN1(same)
RUN2(shlv)
RUN2(shrv)
RUN2(sarv)

// ---- floats ----------------------------------------------------------------------------------------------

// A float lane as a double, and the lane of a double. What is computed in double of two floats and rounded to float is
// correctly rounded for + - * / and roots.
ALWAYS_INLINE double real(uint64_t x, unsigned bits) {
  return bits == 64 ? fp_from_bits64(x) : (double)fp_from_bits32((uint32_t)x);
}
ALWAYS_INLINE uint64_t bits_of(double x, unsigned bits) { return bits == 64 ? fp_bits64(x) : fp_bits32((float)x); }

#define REAL1(name, value)                                               \
  ALWAYS_INLINE uint64_t lane_##name(uint64_t x, const lane_params *p) { \
    double a = real(x, p->bits);                                         \
    return bits_of(value, p->bits);                                      \
  }                                                                      \
  RUN1(name)
#define REAL2(name, value)                                                           \
  ALWAYS_INLINE uint64_t lane_##name(uint64_t x, uint64_t y, const lane_params *p) { \
    double a = real(x, p->bits), b = real(y, p->bits);                               \
    return bits_of(value, p->bits);                                                  \
  }                                                                                  \
  RUN2(name)
#define COMPARE(name, value)                                                         \
  ALWAYS_INLINE uint64_t lane_##name(uint64_t x, uint64_t y, const lane_params *p) { \
    double a = real(x, p->arg_bits), b = real(y, p->arg_bits);                       \
    return value;                                                                    \
  }                                                                                  \
  RUN2(name)

REAL2(fadd, a + b)
REAL2(fsub, a - b)
REAL2(fmul, a *b)
REAL2(fdiv, a / b)
REAL2(fmin, a < b ? a : b)
REAL2(fmax, a > b ? a : b)
REAL2(fminimum, isnan(a) || a < b ? a : b)
REAL2(fmaximum, isnan(a) || a > b ? a : b)
REAL1(fsqrt, sqrt(a))
REAL1(ffloor, floor(a))
REAL1(fceil, ceil(a))
REAL1(ftrunc, trunc(a))
REAL1(fround, rint(a))
REAL1(fround_away, round(a))
COMPARE(flt, a < b)
COMPARE(fle, a <= b)
COMPARE(feq, a == b)
REDUCE(fadd)
REDUCE(fmul)
REDUCE(fmax)
REDUCE(fminimum)
REDUCE(fmaximum)

ALWAYS_INLINE uint64_t lane_fneg(uint64_t x, const lane_params *p) { return x ^ UINT64_C(1) << (p->bits - 1); }
ALWAYS_INLINE uint64_t lane_fabs(uint64_t x, const lane_params *p) { return x & ~(UINT64_C(1) << (p->bits - 1)); }
RUN1(fneg)
RUN1(fabs)

// ---- conversions -----------------------------------------------------------------------------------------

// Rounded once, also from 64 bits to a float.
ALWAYS_INLINE uint64_t lane_itof(uint64_t x, const lane_params *p) {
  int64_t a = sign(x, p->arg_bits);
  return p->bits == 64 ? fp_bits64((double)a) : fp_bits32((float)a);
}

// Towards zero, as far as the result's bits go.
ALWAYS_INLINE uint64_t lane_ftoi_sat(uint64_t x, const lane_params *p) {
  double a = real(x, p->arg_bits), limit = p->bits == 64 ? 0x1p63 : 0x1p31;
  if (isnan(a)) return 0;
  uint64_t least = UINT64_C(1) << (p->bits - 1);
  return a >= limit ? least - 1 : a < -limit ? least : (uint64_t)(int64_t)a;
}

ALWAYS_INLINE uint64_t lane_resize(uint64_t x, const lane_params *p) { return bits_of(real(x, p->arg_bits), p->bits); }
RUN1(itof)
RUN1(ftoi_sat)
RUN1(resize)

// ---- choices and moves -----------------------------------------------------------------------------------

static bool run_select(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) set(in, i, get(in, in->arg[0].lanes[i] != 0 ? 1 : 2, i));
  return true;
}

static bool run_select_lt(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    bool less = fp_from_bits32(in->arg[0].lanes[i]) < fp_from_bits32(in->arg[1].lanes[i]);
    set(in, i, get(in, less ? 2 : 3, i));
  }
  return true;
}

static bool run_splat(interp *vm, const insn *in) {
  (void)vm;
  uint64_t x = get(in, 0, 0);
  for (uint32_t i = 0; i < in->lanes; i++) set(in, i, x);
  return true;
}

static bool run_shuffle(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++)
    set(in, i, get(in, (int)(in->bytes[i] / in->arg_lanes), in->bytes[i] % in->arg_lanes));
  return true;
}

static bool run_bitcast(interp *vm, const insn *in) {
  uint8_t *bytes = (uint8_t *)vm->scratch;
  unsigned from = in->lane.arg_bits / 8, to = in->lane.bits / 8;
  for (uint32_t i = 0; i < in->arg_lanes; i++)
    for (unsigned j = 0; j < from; j++) bytes[i * from + j] = (uint8_t)(get(in, 0, i) >> (8 * j));
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint64_t x = 0;
    for (unsigned j = 0; j < to; j++) x |= (uint64_t)bytes[i * to + j] << (8 * j);
    set(in, i, x);
  }
  return true;
}

static bool run_from_index(interp *vm, const insn *in) { return (void)vm, set(in, 0, *in->arg[0].index), true; }

// Constants are in their place from the start.
static bool run_nothing(interp *vm, const insn *in) { return (void)vm, (void)in, true; }

const insn_run interp_any_runs[IR_OPCODE_COUNT] = {
    [IR_SPLAT_CONST] = run_nothing,
    [IR_IOTA] = run_nothing,
    [IR_SPLAT] = run_splat,
    [IR_BITCAST] = run_bitcast,
    [IR_SHUFFLE] = run_shuffle,
    [IR_FROM_INDEX] = run_from_index,
    [IR_ADD] = run_add,
    [IR_SUB] = run_sub,
    [IR_MUL] = run_mul,
    [IR_AND] = run_and,
    [IR_OR] = run_or,
    [IR_XOR] = run_xor,
    [IR_SHL] = run_shl,
    [IR_SHR] = run_shr,
    [IR_SAR] = run_sar,
    [IR_POPCOUNT] = run_popcount,
    [IR_SMIN] = run_smin,
    [IR_SMAX] = run_smax,
    [IR_ABS] = run_abs,
    [IR_DIV] = run_div,
    [IR_MOD] = run_mod,
    [IR_SHLV] = run_shlv,
    [IR_SHRV] = run_shrv,
    [IR_SARV] = run_sarv,
    [IR_ZEXT] = run_same,
    [IR_SEXT] = run_sext,
    [IR_TRUNC] = run_same,
    [IR_LT] = run_lt,
    [IR_LE] = run_le,
    [IR_EQ] = run_eq,
    [IR_FLT] = run_flt,
    [IR_FLE] = run_fle,
    [IR_FEQ] = run_feq,
    [IR_SELECT] = run_select,
    [IR_ITOF] = run_itof,
    [IR_FTOI_SAT] = run_ftoi_sat,
    [IR_EXTF] = run_resize,
    [IR_TRUNCF] = run_resize,
    [IR_FADD] = run_fadd,
    [IR_FSUB] = run_fsub,
    [IR_FMUL] = run_fmul,
    [IR_FDIV] = run_fdiv,
    [IR_FNEG] = run_fneg,
    [IR_FABS] = run_fabs,
    [IR_FSQRT] = run_fsqrt,
    [IR_FMIN] = run_fmin,
    [IR_FMAX] = run_fmax,
    [IR_FMINIMUM] = run_fminimum,
    [IR_FMAXIMUM] = run_fmaximum,
    [IR_FFLOOR] = run_ffloor,
    [IR_FCEIL] = run_fceil,
    [IR_FTRUNC] = run_ftrunc,
    [IR_FROUND] = run_fround,
    [IR_FROUND_AWAY] = run_fround_away,
    [IR_SELECT_LT] = run_select_lt,
    [IR_REDUCE_FADD] = run_reduce_fadd,
    [IR_REDUCE_FMUL] = run_reduce_fmul,
    [IR_REDUCE_FMAX] = run_reduce_fmax,
    [IR_REDUCE_FMINIMUM] = run_reduce_fminimum,
    [IR_REDUCE_FMAXIMUM] = run_reduce_fmaximum,
    [IR_REDUCE_ADD] = run_reduce_add,
    [IR_REDUCE_MUL] = run_reduce_mul,
    [IR_REDUCE_SMIN] = run_reduce_smin,
    [IR_REDUCE_SMAX] = run_reduce_smax,
    [IR_REDUCE_AND] = run_reduce_and,
    [IR_REDUCE_OR] = run_reduce_or,
};

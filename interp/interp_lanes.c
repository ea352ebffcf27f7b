// Vector arithmetic on lanes of 32 bits: one small function a lane operation, mapped over the lanes. The elements' bits
// have zeros above them (see interp/inside.h). What is rarer is done in interp_any.c.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interp/inside.h"
#include "support/fp.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef uint32_t (*lane1)(uint32_t x, const lane_params *p);
typedef uint32_t (*lane2)(uint32_t x, uint32_t y);
typedef uint32_t (*lane3)(uint32_t x, uint32_t y, uint32_t z);

// The lane functions are known where these are called, so that they are inlined into the loops.
ALWAYS_INLINE bool map1(const insn *in, lane1 f) {
  lane_params p = in->lane;
  uint32_t *d = in->dst.lanes;
  const uint32_t *x = in->arg[0].lanes;
  for (uint32_t i = 0, n = in->lanes; i < n; i++) d[i] = f(x[i], &p);
  return true;
}

ALWAYS_INLINE bool map2(const insn *in, lane2 f) {
  uint32_t mask = in->lane.mask;
  uint32_t *d = in->dst.lanes;
  const uint32_t *x = in->arg[0].lanes;
  const uint32_t *y = in->arg[1].lanes;
  for (uint32_t i = 0, n = in->lanes; i < n; i++) d[i] = f(x[i], y[i]) & mask;
  return true;
}

ALWAYS_INLINE bool map3(const insn *in, lane3 f) {
  uint32_t *d = in->dst.lanes;
  const uint32_t *x = in->arg[0].lanes;
  const uint32_t *y = in->arg[1].lanes;
  const uint32_t *z = in->arg[2].lanes;
  for (uint32_t i = 0, n = in->lanes; i < n; i++) d[i] = f(x[i], y[i], z[i]);
  return true;
}

ALWAYS_INLINE float real(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

ALWAYS_INLINE uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// The signed number that the low `bits` bits of x are.
ALWAYS_INLINE int32_t sign(uint32_t x, unsigned bits) { return (int32_t)(x << (32 - bits)) >> (32 - bits); }

// ---- integers --------------------------------------------------------------------------------------------

ALWAYS_INLINE uint32_t lane_add(uint32_t x, uint32_t y) { return x + y; }
ALWAYS_INLINE uint32_t lane_sub(uint32_t x, uint32_t y) { return x - y; }
ALWAYS_INLINE uint32_t lane_mul(uint32_t x, uint32_t y) { return x * y; }
ALWAYS_INLINE uint32_t lane_and(uint32_t x, uint32_t y) { return x & y; }
ALWAYS_INLINE uint32_t lane_or(uint32_t x, uint32_t y) { return x | y; }
ALWAYS_INLINE uint32_t lane_xor(uint32_t x, uint32_t y) { return x ^ y; }
ALWAYS_INLINE uint32_t lane_shl(uint32_t x, const lane_params *p) { return x << p->shift & p->mask; }
ALWAYS_INLINE uint32_t lane_shr(uint32_t x, const lane_params *p) { return x >> p->shift; }
ALWAYS_INLINE uint32_t lane_sar(uint32_t x, const lane_params *p) {
  return (uint32_t)(sign(x, p->bits) >> p->shift) & p->mask;
}
ALWAYS_INLINE uint32_t lane_bits(uint32_t x, const lane_params *p) { return x >> p->shift & p->constant; }
ALWAYS_INLINE uint32_t lane_popcount(uint32_t x, const lane_params *p) {
  (void)p;
  return (uint32_t)__builtin_popcount(x);
}
ALWAYS_INLINE uint32_t lane_same(uint32_t x, const lane_params *p) {
  (void)p;
  return x;
}
ALWAYS_INLINE uint32_t lane_sext(uint32_t x, const lane_params *p) { return (uint32_t)sign(x, p->arg_bits) & p->mask; }
ALWAYS_INLINE uint32_t lane_trunc(uint32_t x, const lane_params *p) { return x & p->mask; }

static bool run_add(interp *vm, const insn *in) { return (void)vm, map2(in, lane_add); }
static bool run_sub(interp *vm, const insn *in) { return (void)vm, map2(in, lane_sub); }
static bool run_mul(interp *vm, const insn *in) { return (void)vm, map2(in, lane_mul); }
static bool run_and(interp *vm, const insn *in) { return (void)vm, map2(in, lane_and); }
static bool run_or(interp *vm, const insn *in) { return (void)vm, map2(in, lane_or); }
static bool run_xor(interp *vm, const insn *in) { return (void)vm, map2(in, lane_xor); }
static bool run_shl(interp *vm, const insn *in) { return (void)vm, map1(in, lane_shl); }
static bool run_shr(interp *vm, const insn *in) { return (void)vm, map1(in, lane_shr); }
static bool run_sar(interp *vm, const insn *in) { return (void)vm, map1(in, lane_sar); }
static bool run_bits(interp *vm, const insn *in) { return (void)vm, map1(in, lane_bits); }
static bool run_popcount(interp *vm, const insn *in) { return (void)vm, map1(in, lane_popcount); }
static bool run_zext(interp *vm, const insn *in) { return (void)vm, map1(in, lane_same); }
static bool run_sext(interp *vm, const insn *in) { return (void)vm, map1(in, lane_sext); }
static bool run_trunc(interp *vm, const insn *in) { return (void)vm, map1(in, lane_trunc); }

static bool run_smin(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t x = in->arg[0].lanes[i];
    uint32_t y = in->arg[1].lanes[i];
    in->dst.lanes[i] = sign(x, in->lane.bits) < sign(y, in->lane.bits) ? x : y;
  }
  return true;
}

static bool run_smax(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t x = in->arg[0].lanes[i];
    uint32_t y = in->arg[1].lanes[i];
    in->dst.lanes[i] = sign(x, in->lane.bits) > sign(y, in->lane.bits) ? x : y;
  }
  return true;
}

// ---- the primitives of quantized arithmetic --------------------------------------------------------------

// Products of bytes fit 17 bits with their sign, sums of four 19: only the addition to the accumulator can wrap.
static bool run_dot4(interp *vm, const insn *in) {
  for (uint32_t i = 0; i < in->lanes; i++) {
    const uint32_t *u = in->arg[1].lanes + (size_t)4 * i;
    const uint32_t *s = in->arg[2].lanes + (size_t)4 * i;
    int32_t sum = 0;
    for (int j = 0; j < 4; j++) {
      if (u[j] > in->lane.constant)
        return interp_fail(vm, in, "lane %u of the unsigned operand is %u, and no more than umax = %u was promised",
                           4 * i + (uint32_t)j, u[j], in->lane.constant);
      sum += (int32_t)u[j] * sign(s[j], 8);
    }
    in->dst.lanes[i] = in->arg[0].lanes[i] + (uint32_t)sum;
  }
  return true;
}

// Whether the signed bytes keep the promise of `umax`.
static bool are_small(interp *vm, const insn *in, const uint32_t *s, uint32_t first, uint32_t count) {
  for (uint32_t j = 0; j < count; j++)
    if ((uint32_t)abs(sign(s[j], 8)) > in->lane.constant)
      return interp_fail(vm, in, "lane %u of the last operand is %d, and no more than umax = %u was promised",
                         first + j, sign(s[j], 8), in->lane.constant);
  return true;
}

static bool run_dot4s(interp *vm, const insn *in) {
  for (uint32_t i = 0; i < in->lanes; i++) {
    const uint32_t *a = in->arg[1].lanes + (size_t)4 * i;
    const uint32_t *b = in->arg[2].lanes + (size_t)4 * i;
    int32_t sum = 0;
    if (!are_small(vm, in, b, 4 * i, 4)) return false;
    for (int j = 0; j < 4; j++) sum += sign(a[j], 8) * sign(b[j], 8);
    in->dst.lanes[i] = in->arg[0].lanes[i] + (uint32_t)sum;
  }
  return true;
}

static bool run_pairs_u(interp *vm, const insn *in) {
  for (uint32_t i = 0; i < in->lanes; i++) {
    const uint32_t *u = in->arg[1].lanes + (size_t)2 * i;
    const uint32_t *s = in->arg[2].lanes + (size_t)2 * i;
    for (uint32_t j = 0; j < 2; j++)
      if (u[j] > in->lane.constant)
        return interp_fail(vm, in, "lane %u of the unsigned operand is %u, and no more than umax = %u was promised",
                           2 * i + j, u[j], in->lane.constant);
    int32_t sum = (int32_t)u[0] * sign(s[0], 8) + (int32_t)u[1] * sign(s[1], 8);
    in->dst.lanes[i] = (in->arg[0].lanes[i] + (uint32_t)sum) & UINT16_MAX;
  }
  return true;
}

static bool run_pairs_s(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    const uint32_t *a = in->arg[1].lanes + (size_t)2 * i;
    const uint32_t *b = in->arg[2].lanes + (size_t)2 * i;
    uint32_t sum = in->arg[0].lanes[i];
    for (int j = 0; j < 2; j++) sum += (uint32_t)(sign(a[j], 16) * sign(b[j], 16));
    in->dst.lanes[i] = sum;
  }
  return true;
}

static bool run_lookup(interp *vm, const insn *in) {
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t x = in->arg[0].lanes[i];
    if (x >= in->count)
      return interp_fail(vm, in, "lane %u has index %u, but the table ends after %u bytes", i, x, in->count);
    in->dst.lanes[i] = in->bytes[x];
  }
  return true;
}

static bool run_lookup_f32(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) in->dst.lanes[i] = in->words[in->arg[0].lanes[i] & (in->count - 1)];
  return true;
}

static bool run_lookup_bf16(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++)
    in->dst.lanes[i] = fp_to_bf16(real(in->words[in->arg[0].lanes[i] & (in->count - 1)]));
  return true;
}

static bool run_lookup_vector(interp *vm, const insn *in) {
  (void)vm;
  uint32_t last = in->op->operands[1]->type.lanes - 1;
  for (uint32_t i = 0; i < in->lanes; i++) in->dst.lanes[i] = in->arg[1].lanes[in->arg[0].lanes[i] & last];
  return true;
}

// A product of two bf16 numbers is exact in f32 unless it is too small: each addition rounds once.
static bool run_dot2(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    const uint32_t *a = in->arg[1].lanes + (size_t)2 * i;
    const uint32_t *b = in->arg[2].lanes + (size_t)2 * i;
    float sum = fmaf(real(a[1] << 16), real(b[1] << 16), real(in->arg[0].lanes[i]));
    in->dst.lanes[i] = bits_of(fmaf(real(a[0] << 16), real(b[0] << 16), sum));
  }
  return true;
}

// ---- conversions -----------------------------------------------------------------------------------------

ALWAYS_INLINE uint32_t lane_itof(uint32_t x, const lane_params *p) {
  (void)p;
  return bits_of((float)(int32_t)x);
}

static bool run_itof(interp *vm, const insn *in) { return (void)vm, map1(in, lane_itof); }

static bool run_ftoi(interp *vm, const insn *in) {
  for (uint32_t i = 0; i < in->lanes; i++) {
    float x = real(in->arg[0].lanes[i]);
    if (!(fabsf(x) < 0x1p22f))
      return interp_fail(vm, in, "lane %u is %g, and a magnitude below 2^22 was promised", i, (double)x);
    in->dst.lanes[i] = (uint32_t)(int32_t)nearbyintf(x);
  }
  return true;
}

static bool run_extf(interp *vm, const insn *in) {
  (void)vm;
  bool half = in->op->operands[0]->type.elem == ELEM_F16;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint16_t x = (uint16_t)in->arg[0].lanes[i];
    in->dst.lanes[i] = bits_of(half ? fp_from_f16(x) : fp_from_bf16(x));
  }
  return true;
}

static bool run_truncf(interp *vm, const insn *in) {
  (void)vm;
  bool half = in->op->results[0]->type.elem == ELEM_F16;
  for (uint32_t i = 0; i < in->lanes; i++) {
    float x = real(in->arg[0].lanes[i]);
    in->dst.lanes[i] = half ? fp_to_f16(x) : fp_to_bf16(x);
  }
  return true;
}

// ---- f32 arithmetic: each operation rounds on its own (the project is compiled without contraction) ------

ALWAYS_INLINE uint32_t lane_fadd(uint32_t x, uint32_t y) { return bits_of(real(x) + real(y)); }
ALWAYS_INLINE uint32_t lane_fsub(uint32_t x, uint32_t y) { return bits_of(real(x) - real(y)); }
ALWAYS_INLINE uint32_t lane_fmul(uint32_t x, uint32_t y) { return bits_of(real(x) * real(y)); }
ALWAYS_INLINE uint32_t lane_fdiv(uint32_t x, uint32_t y) { return bits_of(real(x) / real(y)); }
ALWAYS_INLINE uint32_t lane_fmin(uint32_t x, uint32_t y) { return real(x) < real(y) ? x : y; }
ALWAYS_INLINE uint32_t lane_fmax(uint32_t x, uint32_t y) { return real(x) > real(y) ? x : y; }
ALWAYS_INLINE uint32_t lane_fma(uint32_t x, uint32_t y, uint32_t z) { return bits_of(fmaf(real(x), real(y), real(z))); }
ALWAYS_INLINE uint32_t lane_fneg(uint32_t x, const lane_params *p) { return (void)p, x ^ UINT32_C(0x80000000); }
ALWAYS_INLINE uint32_t lane_fabs(uint32_t x, const lane_params *p) { return (void)p, x & UINT32_C(0x7fffffff); }
ALWAYS_INLINE uint32_t lane_fsqrt(uint32_t x, const lane_params *p) { return (void)p, bits_of(sqrtf(real(x))); }

static bool run_fadd(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fadd); }
static bool run_fsub(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fsub); }
static bool run_fmul(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fmul); }
static bool run_fdiv(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fdiv); }
static bool run_fmin(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fmin); }
static bool run_fmax(interp *vm, const insn *in) { return (void)vm, map2(in, lane_fmax); }
static bool run_fma(interp *vm, const insn *in) { return (void)vm, map3(in, lane_fma); }
static bool run_fneg(interp *vm, const insn *in) { return (void)vm, map1(in, lane_fneg); }
static bool run_fabs(interp *vm, const insn *in) { return (void)vm, map1(in, lane_fabs); }
static bool run_fsqrt(interp *vm, const insn *in) { return (void)vm, map1(in, lane_fsqrt); }

static bool run_select_lt(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    bool less = real(in->arg[0].lanes[i]) < real(in->arg[1].lanes[i]);
    in->dst.lanes[i] = in->arg[less ? 2 : 3].lanes[i];
  }
  return true;
}

static bool run_butterfly(interp *vm, const insn *in) {
  (void)vm;
  uint32_t h = (uint32_t)ir_attr_int(in->op, IR_ATTR_VALUE, 1);
  const uint32_t *x = in->arg[0].lanes;
  for (uint32_t i = 0; i < in->lanes; i++)
    in->dst.lanes[i] = (i & h) == 0 ? lane_fadd(x[i], x[i + h]) : lane_fsub(x[i - h], x[i]);
  return true;
}

// Halves are combined, lane i with lane i + n/2, until one lane is left.
ALWAYS_INLINE bool reduce(interp *vm, const insn *in, lane2 f) {
  uint32_t *half = (uint32_t *)vm->scratch;
  memcpy(half, in->arg[0].lanes, in->arg_lanes * sizeof *half);
  for (uint32_t n = in->arg_lanes / 2; n > 0; n /= 2)
    for (uint32_t i = 0; i < n; i++) half[i] = f(half[i], half[i + n]) & in->lane.mask;
  in->dst.lanes[0] = half[0];
  return true;
}

static bool run_reduce_fadd(interp *vm, const insn *in) { return reduce(vm, in, lane_fadd); }
static bool run_reduce_fmax(interp *vm, const insn *in) { return reduce(vm, in, lane_fmax); }
static bool run_reduce_add(interp *vm, const insn *in) { return reduce(vm, in, lane_add); }

// ---- constants and lane moves ----------------------------------------------------------------------------

static bool run_splat(interp *vm, const insn *in) {
  (void)vm;
  uint32_t x = in->arg[0].lanes[0];
  for (uint32_t i = 0; i < in->lanes; i++) in->dst.lanes[i] = x;
  return true;
}

static bool run_shuffle(interp *vm, const insn *in) {
  (void)vm;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t from = in->bytes[i];
    in->dst.lanes[i] = in->arg[from / in->arg_lanes].lanes[from % in->arg_lanes];
  }
  return true;
}

// Constants are in their place from the start; executing them costs nothing.
static bool run_nothing(interp *vm, const insn *in) { return (void)vm, (void)in, true; }

static void pack(uint8_t *bytes, const uint32_t *lanes, uint32_t n, unsigned size) {
  for (uint32_t i = 0; i < n; i++)
    for (unsigned j = 0; j < size; j++) bytes[i * size + j] = (uint8_t)(lanes[i] >> (8 * j));
}

static bool run_bitcast(interp *vm, const insn *in) {
  uint8_t *bytes = (uint8_t *)vm->scratch;
  unsigned size = in->lane.bits / 8;
  pack(bytes, in->arg[0].lanes, in->arg_lanes, in->lane.arg_bits / 8);
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t x = 0;
    for (unsigned j = 0; j < size; j++) x |= (uint32_t)bytes[i * size + j] << (8 * j);
    in->dst.lanes[i] = x;
  }
  return true;
}

static bool run_from_index(interp *vm, const insn *in) {
  (void)vm;
  in->dst.lanes[0] = (uint32_t)*in->arg[0].index;
  return true;
}

const insn_run interp_lane_runs[IR_OPCODE_COUNT] = {
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
    [IR_BITS] = run_bits,
    [IR_SMIN] = run_smin,
    [IR_SMAX] = run_smax,
    [IR_ZEXT] = run_zext,
    [IR_SEXT] = run_sext,
    [IR_TRUNC] = run_trunc,
    [IR_DOT4] = run_dot4,
    [IR_DOT4S] = run_dot4s,
    [IR_PAIRS_U] = run_pairs_u,
    [IR_PAIRS_S] = run_pairs_s,
    [IR_DOT2] = run_dot2,
    [IR_LOOKUP] = run_lookup,
    [IR_LOOKUP_F32] = run_lookup_f32,
    [IR_LOOKUP_BF16] = run_lookup_bf16,
    [IR_LOOKUP_VECTOR] = run_lookup_vector,
    [IR_ITOF] = run_itof,
    [IR_FTOI] = run_ftoi,
    [IR_EXTF] = run_extf,
    [IR_TRUNCF] = run_truncf,
    [IR_FADD] = run_fadd,
    [IR_FSUB] = run_fsub,
    [IR_FMUL] = run_fmul,
    [IR_FDIV] = run_fdiv,
    [IR_FMA] = run_fma,
    [IR_FNEG] = run_fneg,
    [IR_FABS] = run_fabs,
    [IR_FSQRT] = run_fsqrt,
    [IR_FMIN] = run_fmin,
    [IR_FMAX] = run_fmax,
    [IR_SELECT_LT] = run_select_lt,
    [IR_BUTTERFLY] = run_butterfly,
    [IR_REDUCE_FADD] = run_reduce_fadd,
    [IR_REDUCE_FMAX] = run_reduce_fmax,
    [IR_REDUCE_ADD] = run_reduce_add,
};

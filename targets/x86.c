// x86-64: AVX-512 with VNNI, with VBMI and counts of bits (Ice Lake, Zen 4 and later) and without (Cascade Lake), AVX-512
// alone (psABI level v4: Skylake-X), AVX2 with VNNI (Alder Lake) and without (level v3), SSE4.2 (level v2).
// Costs are reciprocal throughputs in cycles, by uops.info for Ice Lake and Zen 4 (the slower of the two).
#include "runtime/qrt_cpu.h"
#include "targets/tables.h"

// ---- bytes by shuffles of 16 -----------------------------------------------------------------------------
// A byte shuffle gives 0 where the index has bit 7 set, else the entry that the low four bits number. Part k of a table has
// what is to be flipped in the part before it: index - 16 k is negative for the indices that end before it. The
// subtraction saturates, so that indices of 128 and more, which a second half serves, stay negative.
#define FIRST_PART(lanes, shuffle, k, first, index) "s" k ":i8x" lanes " = " shuffle "(table[" first ",16], " index ");"
#define PART(lanes, shuffle, k, sum, first, before, index, from)           \
  "t" k ":i8x" lanes " = xor(table[" first ",16], table[" before ",16]);"  \
  "d" k ":i8x" lanes " = llvm.ssub.sat.v" lanes "i8(" index ", " from ");" \
  "p" k ":i8x" lanes " = " shuffle "(t" k ", d" k "); s" k ":i8x" lanes " = xor(" sum ", p" k ");"
#define PARTS_2(n, f) FIRST_PART(n, f, "0", "0", "a") PART(n, f, "1", "s0", "16", "0", "a", "16")
#define PARTS_4(n, f) \
  PARTS_2(n, f) PART(n, f, "2", "s1", "32", "16", "a", "32") PART(n, f, "3", "s2", "48", "32", "a", "48")
#define PARTS_8(n, f)                          \
  PARTS_4(n, f)                                \
  PART(n, f, "4", "s3", "64", "48", "a", "64") \
  PART(n, f, "5", "s4", "80", "64", "a", "80") \
  PART(n, f, "6", "s5", "96", "80", "a", "96") PART(n, f, "7", "s6", "112", "96", "a", "112")
#define PARTS_16(n, f)                                                                                         \
  PARTS_8(n, f)                                                                                                \
  "h:i8x" n " = xor(a, 128);" FIRST_PART(n, f, "8", "128", "h") PART(n, f, "9", "s8", "144", "128", "h", "16") \
      PART(n, f, "10", "s9", "160", "144", "h", "32") PART(n, f, "11", "s10", "176", "160", "h", "48")         \
          PART(n, f, "12", "s11", "192", "176", "h", "64") PART(n, f, "13", "s12", "208", "192", "h", "80")    \
              PART(n, f, "14", "s13", "224", "208", "h", "96")                                                 \
                  PART(n, f, "15", "s14", "240", "224", "h", "112") "r:i8x" n " = xor(s7, s15)"
#define SHUFFLE_LOOKUPS(n, lanes, shuffle)                                  \
  {IR_LOOKUP, ELEM_I8, n, 16, "r:i8x" lanes " = " shuffle "(table, a)", 1}, \
      {IR_LOOKUP, ELEM_I8, n, 32, PARTS_2(lanes, shuffle), 3},              \
      {IR_LOOKUP, ELEM_I8, n, 64, PARTS_4(lanes, shuffle), 7},              \
      {IR_LOOKUP, ELEM_I8, n, 128, PARTS_8(lanes, shuffle), 15},            \
      {IR_LOOKUP, ELEM_I8, n, 256, PARTS_16(lanes, shuffle), 31}

// Set bits of bytes: LLVM looks up each half of a byte with the shuffle that the tier has.
#define BYTE_POPCOUNT(n, lanes) {IR_POPCOUNT, ELEM_I8, n, 0, "r:i8x" lanes " = llvm.ctpop.v" lanes "i8(a)", 3}

// ---- dot products by pairs -------------------------------------------------------------------------------
// pmaddubsw adds two products u*s in 16 bits with saturation. The least sum is 2 * umax * -128, so it is exact as long as
// umax <= 128 (-32768 is the last number that fits; the largest sum, 2 * 128 * 127, fits too). A larger u is taken apart
// into u & 127 and u & 128. pmaddwd by ones then adds the pairs in 32 bits, exactly.

// Signed bytes: the even and the odd ones of each pair, widened to 16 bits; a pair of products is at most 2 * 2^14.
#define MADD_DOT4S(half, lanes, madd16)                                                  \
  "bo:i16x" half " = ashr(b:i16x" half ", 8); bs:i16x" half " = shl(b:i16x" half ", 8);" \
  "be:i16x" half " = ashr(bs, 8);"                                                       \
  "co:i16x" half " = ashr(c:i16x" half ", 8); cs:i16x" half " = shl(c:i16x" half ", 8);" \
  "ce:i16x" half " = ashr(cs, 8);"                                                       \
  "o:i32x" lanes " = " madd16 "(bo, co); e:i32x" lanes " = " madd16 "(be, ce);"          \
  "s:i32x" lanes " = add(o, e); r:i32x" lanes " = add(a, s)"
#define MADD_DOT4_128(half, lanes, madd8, madd16) \
  "t:i16x" half " = " madd8 "(b, c); p:i32x" lanes " = " madd16 "(t, 1:i16x" half "); r:i32x" lanes " = add(a, p)"
#define MADD_DOT4_255(bytes, half, lanes, madd8, madd16)                                                  \
  "l:i8x" bytes " = and(b, 127); h:i8x" bytes " = and(b, 128);"                                           \
  "tl:i16x" half " = " madd8 "(l, c); th:i16x" half " = " madd8 "(h, c);"                                 \
  "pl:i32x" lanes " = " madd16 "(tl, 1:i16x" half "); ph:i32x" lanes " = " madd16 "(th, 1:i16x" half ");" \
  "s:i32x" lanes " = add(pl, ph); r:i32x" lanes " = add(a, s)"
// One signed, the other at most 127 in magnitude: |b| is an unsigned byte, and c takes its sign. Two products are at most
// 2 * 128 * 127. `signed_by` makes s of c and b; |b| is the same for all c.
#define MADD_DOT4S_127(bytes, half, lanes, madd8, madd16, signed_by)                                \
  "m:i8x" bytes " = llvm.abs.v" bytes "i8(b, 0:i1);" signed_by " t:i16x" half " = " madd8 "(m, s);" \
  "p:i32x" lanes " = " madd16 "(t, 1:i16x" half "); r:i32x" lanes " = add(a, p)"
#define SIGN(bytes, psign) "s:i8x" bytes " = " psign "(c, b);"
#define SELECT_SIGN(bytes) "n:i8x" bytes " = sub(0, c); k:i1x" bytes " = slt(b, 0); s:i8x" bytes " = select(k, n, c);"
#define MADD_DOTS(n, bytes, half, lanes, pairs, madd8, madd16, signed_by)                                       \
  {IR_DOT4, ELEM_I32, n, 128, MADD_DOT4_128(half, lanes, madd8, madd16), 1.5},                                  \
      {IR_DOT4, ELEM_I32, n, 255, MADD_DOT4_255(bytes, half, lanes, madd8, madd16), 3},                         \
      {IR_DOT4S, ELEM_I32, n, 127, MADD_DOT4S_127(bytes, half, lanes, madd8, madd16, signed_by), 2},            \
      {IR_DOT4S, ELEM_I32, n, 0, MADD_DOT4S(half, lanes, madd16), 4},                                           \
      {IR_PAIRS_U, ELEM_I16, pairs, 128, "t:i16x" half " = " madd8 "(b, c); r:i16x" half " = add(a, t)", 0.75}, \
      {IR_PAIRS_S, ELEM_I32, n, 0, "p:i32x" lanes " = " madd16 "(b, c); r:i32x" lanes " = add(a, p)", 0.75}

// ---- VNNI ------------------------------------------------------------------------------------------------
// Two signed operands: (b + 128) as an unsigned byte, less 128 times the sum of c.
#define VNNI_DOTS(n, bytes, lanes, vnni)                                                                \
  {IR_DOT4, ELEM_I32, n, 0, "r:i32x" lanes " = " vnni "(a, b, c)", 1},                                  \
      {IR_DOT4S,                                                                                        \
       ELEM_I32,                                                                                        \
       n,                                                                                               \
       0,                                                                                               \
       "u:i8x" bytes " = xor(b, 128); p:i32x" lanes " = " vnni "(a, u, c);"                             \
       "q:i32x" lanes " = " vnni "(0:i32x" lanes ", 128:i8x" bytes ", c); r:i32x" lanes " = sub(p, q)", \
       2.5}

// ---- conversions, masked access --------------------------------------------------------------------------
#define HALF_CONVERSIONS(n, lanes)                                          \
  {IR_EXTF, ELEM_F32, n, 0, "r:f32x" lanes " = fpext(a:f16x" lanes ")", 1}, \
      {IR_TRUNCF, ELEM_F16, n, 0, "r:f16x" lanes " = fptrunc(a)", 2}
#define MASKED(elem, n) {IR_LOAD_FIRST, elem, n, 0, "masked", 1}, {IR_STORE_FIRST, elem, n, 0, "masked", 2}

// Floats by permutes of 16 (AVX-512): larger tables choose between permutes by the higher index bits.
#define PERMI2PS(k, low, high) \
  k ":f32x16 = llvm.x86.avx512.vpermi2var.ps.512(table[" low ",16], a, table[" high ",16]);"
// ... and of 8 (AVX2).
#define PERMPS(k, first) k ":f32x8 = llvm.x86.avx2.permps(table[" first ",8], a);"
// Words, bf16 numbers among them, by permutes of two tables.
#define PERMI2W(bits, n) "r:i16x" n " = llvm.x86.avx512.vpermi2var.hi." bits "(table[0," n "], a, table[" n "," n "])"
#define BIT(m, lanes, bit) m "b:i32x" lanes " = and(a, " bit "); " m ":i1x" lanes " = ne(" m "b, 0);"

// What all tiers with AVX-512 have: bytes of half and quarter registers, floats, memory.
#define AVX512_PATTERNS                                                                                            \
  SHUFFLE_LOOKUPS(32, "32", "llvm.x86.avx2.pshuf.b"), SHUFFLE_LOOKUPS(16, "16", "llvm.x86.ssse3.pshuf.b.128"),     \
      {IR_LOOKUP_F32, ELEM_F32, 16, 16, "r:f32x16 = llvm.x86.avx512.permvar.sf.512(table, a)", 1},                 \
      {IR_LOOKUP_F32, ELEM_F32, 16, 32, PERMI2PS("r", "0", "16"), 1},                                              \
      {IR_LOOKUP_F32,                                                                                              \
       ELEM_F32,                                                                                                   \
       16,                                                                                                         \
       64,                                                                                                         \
       PERMI2PS("l", "0", "16") PERMI2PS("h", "32", "48") BIT("m", "16", "32") "r:f32x16 = select(m, h, l)",       \
       4},                                                                                                         \
      {IR_LOOKUP_F32, ELEM_F32, 16, 256, "gather", 20}, {IR_GATHER, ELEM_F32, 16, 0, "gather", 20},                \
      {IR_GATHER, ELEM_I32, 16, 0, "gather", 20}, HALF_CONVERSIONS(16, "16"), HALF_CONVERSIONS(8, "8"),            \
      MASKED(ELEM_F32, 16), MASKED(ELEM_I32, 16), MASKED(ELEM_F32, 8), MASKED(ELEM_I32, 8), MASKED(ELEM_F32, 4),   \
      MASKED(ELEM_I32, 4), MASKED(ELEM_F64, 8), MASKED(ELEM_I64, 8), MASKED(ELEM_F64, 4), MASKED(ELEM_I64, 4),     \
      {IR_GATHER, ELEM_F64, 8, 0, "gather", 12}, {IR_GATHER, ELEM_I64, 8, 0, "gather", 12}, MASKED(ELEM_I16, 32),  \
      MASKED(ELEM_I16, 16), MASKED(ELEM_I16, 8), MASKED(ELEM_F16, 16), MASKED(ELEM_BF16, 16), MASKED(ELEM_I8, 64), \
      MASKED(ELEM_I8, 32), MASKED(ELEM_I8, 16)

#define AVX512_VNNI_DOTS                                                                                              \
  VNNI_DOTS(16, "64", "16", "llvm.x86.avx512.vpdpbusd.512"), VNNI_DOTS(8, "32", "8", "llvm.x86.avx512.vpdpbusd.256"), \
      VNNI_DOTS(4, "16", "4", "llvm.x86.avx512.vpdpbusd.128")

// Bytes of whole registers by VBMI, counts of bits. A tier without pairs of bf16 numbers leaves out the first rows.
enum { BF16_ROWS = 6 };
static const target_pattern avx512_vnni_vbmi_patterns[] = {
    // vdpbf16ps: the odd products first, each addition rounded on its own, subnormal numbers as zero. Permutes of words
    // look at as many low bits of an index as the table needs.
    {IR_DOT2, ELEM_F32, 16, 0, "r:f32x16 = llvm.x86.avx512bf16.dpbf16ps.512(a, b, c)", 0.5},
    {IR_DOT2, ELEM_F32, 8, 0, "r:f32x8 = llvm.x86.avx512bf16.dpbf16ps.256(a, b, c)", 0.5},
    {IR_LOOKUP_BF16, ELEM_BF16, 32, 32, "r:i16x32 = llvm.x86.avx512.permvar.hi.512(table, a)", 1},
    {IR_LOOKUP_BF16, ELEM_BF16, 32, 64, PERMI2W("512", "32"), 1},
    {IR_LOOKUP_BF16, ELEM_BF16, 16, 16, "r:i16x16 = llvm.x86.avx512.permvar.hi.256(table, a)", 1},
    {IR_LOOKUP_BF16, ELEM_BF16, 16, 32, PERMI2W("256", "16"), 1},
    AVX512_VNNI_DOTS,
    {IR_LOOKUP, ELEM_I8, 64, 16, "r:i8x64 = llvm.x86.avx512.pshuf.b.512(table, a)", 1},
    {IR_LOOKUP, ELEM_I8, 64, 64, "r:i8x64 = llvm.x86.avx512.permvar.qi.512(table, a)", 1},
    {IR_LOOKUP, ELEM_I8, 64, 128, "r:i8x64 = llvm.x86.avx512.vpermi2var.qi.512(table[0,64], a, table[64,64])", 2},
    {IR_LOOKUP, ELEM_I8, 64, 256,
     "l:i8x64 = llvm.x86.avx512.vpermi2var.qi.512(table[0,64], a, table[64,64]);"
     "h:i8x64 = llvm.x86.avx512.vpermi2var.qi.512(table[128,64], a, table[192,64]);"
     "m:i1x64 = slt(a, 0); r:i8x64 = select(m, h, l)",
     5},
    {IR_POPCOUNT, ELEM_I32, 16, 0, "r:i32x16 = llvm.ctpop.v16i32(a)", 1},
    {IR_POPCOUNT, ELEM_I8, 64, 0, "r:i8x64 = llvm.ctpop.v64i8(a)", 1},
    AVX512_PATTERNS,
};

static const target_pattern avx512_vnni_patterns[] = {
    AVX512_VNNI_DOTS,
    SHUFFLE_LOOKUPS(64, "64", "llvm.x86.avx512.pshuf.b.512"),
    BYTE_POPCOUNT(64, "64"),
    AVX512_PATTERNS,
};

static const target_pattern avx512_patterns[] = {
    MADD_DOTS(16, "64", "32", "16", 32, "llvm.x86.avx512.pmaddubs.w.512", "llvm.x86.avx512.pmaddw.d.512",
              SELECT_SIGN("64")),
    MADD_DOTS(8, "32", "16", "8", 16, "llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx2.pmadd.wd",
              SIGN("32", "llvm.x86.avx2.psign.b")),
    MADD_DOTS(4, "16", "8", "4", 8, "llvm.x86.ssse3.pmadd.ub.sw.128", "llvm.x86.sse2.pmadd.wd",
              SIGN("16", "llvm.x86.ssse3.psign.b.128")),
    SHUFFLE_LOOKUPS(64, "64", "llvm.x86.avx512.pshuf.b.512"),
    BYTE_POPCOUNT(64, "64"),
    AVX512_PATTERNS,
};

// What both tiers with AVX2 have.
#define AVX2_PATTERNS                                                                                             \
  SHUFFLE_LOOKUPS(32, "32", "llvm.x86.avx2.pshuf.b"), SHUFFLE_LOOKUPS(16, "16", "llvm.x86.ssse3.pshuf.b.128"),    \
      BYTE_POPCOUNT(32, "32"), {IR_LOOKUP_F32, ELEM_F32, 8, 8, PERMPS("r", "0"), 1},                              \
      {IR_LOOKUP_F32,                                                                                             \
       ELEM_F32,                                                                                                  \
       8,                                                                                                         \
       16,                                                                                                        \
       PERMPS("l", "0") PERMPS("h", "8") BIT("m", "8", "8") "r:f32x8 = select(m, h, l)",                          \
       4},                                                                                                        \
      {IR_LOOKUP_F32,                                                                                             \
       ELEM_F32,                                                                                                  \
       8,                                                                                                         \
       32,                                                                                                        \
       PERMPS("w", "0") PERMPS("x", "8") PERMPS("y", "16") PERMPS("z", "24") BIT("m", "8", "8")                   \
           BIT("n", "8", "16") "l:f32x8 = select(m, x, w); h:f32x8 = select(m, z, y); r:f32x8 = select(n, h, l)", \
       9},                                                                                                        \
      {IR_LOOKUP_F32, ELEM_F32, 8, 256, "gather", 12}, {IR_GATHER, ELEM_F32, 8, 0, "gather", 12},                 \
      {IR_GATHER, ELEM_I32, 8, 0, "gather", 12}, HALF_CONVERSIONS(8, "8"), HALF_CONVERSIONS(4, "4"),              \
      MASKED(ELEM_F32, 8), MASKED(ELEM_I32, 8), MASKED(ELEM_F32, 4), MASKED(ELEM_I32, 4), MASKED(ELEM_F64, 4),    \
      MASKED(ELEM_I64, 4), {IR_GATHER, ELEM_F64, 4, 0, "gather", 8}, {IR_GATHER, ELEM_I64, 4, 0, "gather", 8}

static const target_pattern avx_vnni_patterns[] = {
    VNNI_DOTS(8, "32", "8", "llvm.x86.avx512.vpdpbusd.256"),
    VNNI_DOTS(4, "16", "4", "llvm.x86.avx512.vpdpbusd.128"),
    AVX2_PATTERNS,
};

static const target_pattern avx2_patterns[] = {
    MADD_DOTS(8, "32", "16", "8", 16, "llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx2.pmadd.wd",
              SIGN("32", "llvm.x86.avx2.psign.b")),
    MADD_DOTS(4, "16", "8", "4", 8, "llvm.x86.ssse3.pmadd.ub.sw.128", "llvm.x86.sse2.pmadd.wd",
              SIGN("16", "llvm.x86.ssse3.psign.b.128")),
    AVX2_PATTERNS,
};

// Four floats are one register of bytes: byte offsets 4 * index + 0..3 of a small table.
#define FLOAT_OFFSETS(mask) "i:i32x4 = and(a, " mask "); m:i32x4 = mul(i, 67372036); o:i32x4 = add(m, 50462976);"

static const target_pattern v2_patterns[] = {
    MADD_DOTS(4, "16", "8", "4", 8, "llvm.x86.ssse3.pmadd.ub.sw.128", "llvm.x86.sse2.pmadd.wd",
              SIGN("16", "llvm.x86.ssse3.psign.b.128")),
    SHUFFLE_LOOKUPS(16, "16", "llvm.x86.ssse3.pshuf.b.128"),
    BYTE_POPCOUNT(16, "16"),
    {IR_LOOKUP_F32, ELEM_F32, 4, 4,
     FLOAT_OFFSETS("3") "t:i8x16 = llvm.x86.ssse3.pshuf.b.128(table:i8x16, o); r:f32x4 = bitcast(t)", 4},
};

static const unsigned wide_tiles[] = {6, 4, 2, 1};
static const unsigned narrow_tiles[] = {4, 2, 1};

// What a tier's vectors are like: 512 bits, 256 bits.
#define WIDE_VECTORS                                                                                                 \
  .lanes = 16, .registers = 32, TOKEN_TILES(wide_tiles), .row_vectors = 2, .prefetch_bytes = 8192, .fast_fma = true, \
  .rounds = true, .loads = 2
#define HALF_VECTORS                                                                                                  \
  .lanes = 8, .registers = 16, TOKEN_TILES(narrow_tiles), .row_vectors = 2, .prefetch_bytes = 8192, .fast_fma = true, \
  .rounds = true, .clock_ghz = 3.5, .bandwidth_gbs = 20, .loads = 2

#define AVX512_FEATURES "+avx512vnni,+avx512vbmi,+avx512vpopcntdq,+avx512bitalg,-prefer-256-bit"
#define AVX512_NEEDS                                                                                            \
  (QRT_CPU_X86_V2 | QRT_CPU_X86_AVX2 | QRT_CPU_X86_AVX512 | QRT_CPU_X86_AVX512_VNNI | QRT_CPU_X86_AVX512_VBMI | \
   QRT_CPU_X86_AVX512_POPCNT)

// Cycles from Intel's optimization manual (tile loads 8, products 16, stores 16).
#define TILE_MEMORY                                                                                              \
  .cycles = 8 + 8 + 16 + 16, .load = "llvm.x86.tileloadd64.internal", .store = "llvm.x86.tilestored64.internal", \
  .zero = "llvm.x86.tilezero.internal"
static const target_tiles amx_int8 = {TILE_MEMORY, .dot = "llvm.x86.tdpbsud.internal"};
static const target_tiles amx_bf16 = {TILE_MEMORY, .dot = "llvm.x86.tdpbsud.internal",
                                      .pairs = "llvm.x86.tdpbf16ps.internal"};

// Sapphire Rapids and later: the vectors of avx512bf16, and tiles. amx_bf16 has tiles of bytes, too.
#define AMX_TIER(text, feature, need, table, op)                    \
  {.name = text,                                                    \
   .cpu = "x86-64-v4",                                              \
   .features = AVX512_FEATURES ",+avx512bf16,+amx-tile," feature,   \
   .cpu_features = AVX512_NEEDS | QRT_CPU_X86_AVX512_BF16 | (need), \
   WIDE_VECTORS,                                                    \
   PATTERNS(avx512_vnni_vbmi_patterns),                             \
   .tiles = &(table),                                               \
   .special = op,                                                   \
   .on_demand = true,                                               \
   .clock_ghz = 2.5,                                                \
   .bandwidth_gbs = 15}

static const target_tier tiers[] = {
    AMX_TIER("amx_bf16", "+amx-int8,+amx-bf16", QRT_CPU_X86_AMX_INT8 | QRT_CPU_X86_AMX_BF16, amx_bf16, IR_TILE_PAIRS),
    AMX_TIER("amx_int8", "+amx-int8", QRT_CPU_X86_AMX_INT8, amx_int8, IR_TILE_DOT),
    {.name = "avx512bf16",
     .cpu = "x86-64-v4",
     .features = AVX512_FEATURES ",+avx512bf16",
     .cpu_features = AVX512_NEEDS | QRT_CPU_X86_AVX512_BF16,
     WIDE_VECTORS,
     PATTERNS(avx512_vnni_vbmi_patterns),
     .special = IR_DOT2,
     .clock_ghz = 3.5,
     .bandwidth_gbs = 25},
    {.name = "avx512vnni",
     .cpu = "x86-64-v4",
     .features = AVX512_FEATURES,
     .cpu_features = AVX512_NEEDS,
     WIDE_VECTORS,
     .pattern_count = COUNT(avx512_vnni_vbmi_patterns) - BF16_ROWS,
     .patterns = avx512_vnni_vbmi_patterns + BF16_ROWS,
     .clock_ghz = 3.5,
     .bandwidth_gbs = 25},
    {.name = "cascadelake",
     .cpu = "x86-64-v4",
     .features = "+avx512vnni,-prefer-256-bit",
     .cpu_features = QRT_CPU_X86_V2 | QRT_CPU_X86_AVX2 | QRT_CPU_X86_AVX512 | QRT_CPU_X86_AVX512_VNNI,
     .on_demand = true,
     WIDE_VECTORS,
     PATTERNS(avx512_vnni_patterns),
     .clock_ghz = 3,
     .bandwidth_gbs = 15},
    {.name = "avx512",
     .cpu = "x86-64-v4",
     .features = "-prefer-256-bit",
     .cpu_features = QRT_CPU_X86_V2 | QRT_CPU_X86_AVX2 | QRT_CPU_X86_AVX512,
     WIDE_VECTORS,
     PATTERNS(avx512_patterns),
     .clock_ghz = 3,
     .bandwidth_gbs = 15},
    {.name = "avxvnni",
     .cpu = "x86-64-v3",
     .features = "+avxvnni",
     .cpu_features = QRT_CPU_X86_V2 | QRT_CPU_X86_AVX2 | QRT_CPU_X86_AVX_VNNI,
     HALF_VECTORS,
     PATTERNS(avx_vnni_patterns)},
    {.name = "avx2",
     .cpu = "x86-64-v3",
     .features = "",
     .cpu_features = QRT_CPU_X86_V2 | QRT_CPU_X86_AVX2,
     HALF_VECTORS,
     PATTERNS(avx2_patterns)},
    {.name = "x86-64-v2",
     .cpu = "x86-64-v2",
     .features = "",
     .cpu_features = QRT_CPU_X86_V2,
     .lanes = 4,
     .registers = 16,
     TOKEN_TILES(narrow_tiles),
     .row_vectors = 2,
     .rounds = true,
     PATTERNS(v2_patterns),
     .clock_ghz = 3,
     .bandwidth_gbs = 12,
     .loads = 2},
};

const target target_x86_64 = {
    .name = "x86_64",
    .arch = "x86_64 amd64",
    .called = "x86-64 x86 x64 intel amd",
    .default_triple = "x86_64-unknown-linux-gnu",
    .help = "64-bit x86: SSE4.2, AVX2, AVX-512 and their products of bytes and bf16, chosen at start",
    // Kernels are emitted in the order in which they should run. LLVM's scheduler takes loads to the front and then runs out
    // of registers; its combiner makes trees of sums, which need more of them.
    .llvm_options = {"-enable-misched=0", "-x86-machine-combiner=0"},
    .runtime = "x86_64",
    .hardening = "cf-protection-branch cf-protection-return",
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};

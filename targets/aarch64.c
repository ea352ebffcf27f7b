// AArch64: I8MM (with dot products; Neoverse V1, Cortex-X2, Apple M2 and later), dot products (Neoverse N1, Cortex-A76),
// Advanced SIMD alone (Cortex-A53, -A72). Costs are reciprocal throughputs in cycles by Arm's software optimization
// guides: Neoverse V1 for the first two, Cortex-A72 for the last.
#include "runtime/qrt_cpu.h"
#include "targets/tables.h"

#define TBL(n) "llvm.aarch64.neon.tbl" #n ".v16i8"
#define TBX(n) "llvm.aarch64.neon.tbx" #n ".v16i8"
// The registers of 64 table bytes from `first` on.
#define BYTES_64(a, b, c, d) "table[" a ",16], table[" b ",16], table[" c ",16], table[" d ",16]"

// Bytes: an index beyond its registers gives 0 (tbl) or leaves the lane as it was (tbx).
#define BYTE_LOOKUPS                                                                                                 \
  {IR_LOOKUP, ELEM_I8, 16, 16, "r:i8x16 = " TBL(1) "(table, a)", 0.5},                                               \
      {IR_LOOKUP, ELEM_I8, 16, 32, "r:i8x16 = " TBL(2) "(table[0,16], table[16,16], a)", 1},                         \
      {IR_LOOKUP, ELEM_I8, 16, 64, "r:i8x16 = " TBL(4) "(" BYTES_64("0", "16", "32", "48") ", a)", 2},               \
      {IR_LOOKUP,                                                                                                    \
       ELEM_I8,                                                                                                      \
       16,                                                                                                           \
       128,                                                                                                          \
       "p:i8x16 = " TBL(4) "(" BYTES_64("0", "16", "32", "48") ", a); i:i8x16 = sub(a, 64);"                         \
                                                               "r:i8x16 = " TBX(4) "(p, " BYTES_64("64", "80", "96", \
                                                                                                   "112") ", i)",    \
       5},                                                                                                           \
      {IR_LOOKUP,                                                                                                    \
       ELEM_I8,                                                                                                      \
       16,                                                                                                           \
       256,                                                                                                          \
       "p:i8x16 = " TBL(4) "(" BYTES_64(                                                                             \
           "0", "16", "32", "48") ", a); i:i8x16 = sub(a, 64);"                                                      \
                                  "q:i8x16 = " TBX(4) "(p, " BYTES_64(                                               \
                                      "64", "80", "96", "112") ", i); j:i8x16 = sub(a, 128);"                        \
                                                               "s:i8x16 = " TBX(4) "(q, " BYTES_64(                  \
                                                                   "128", "144", "160",                              \
                                                                   "176") ", j); k:i8x16 = sub(a, 192);"             \
                                                                          "r:i8x16 = " TBX(4) "(s, " BYTES_64(       \
                                                                              "192", "208", "224", "240") ", k)",    \
       11}

// Floats: bytes at 4 * index + 0..3 of the table's bytes; a smaller table is repeated up to 4 or 16 floats.
#define FLOAT_OFFSETS(mask) "i:i32x4 = and(a, " mask "); m:i32x4 = mul(i, 67372036); o:i32x4 = add(m, 50462976);"
#define FLOATS_16(a, b, c, d) "table[" a ",4]:i8x16, table[" b ",4]:i8x16, table[" c ",4]:i8x16, table[" d ",4]:i8x16"
#define FLOAT_LOOKUPS                                                                                                 \
  {IR_LOOKUP_F32,                                                                                                     \
   ELEM_F32,                                                                                                          \
   4,                                                                                                                 \
   4,                                                                                                                 \
   FLOAT_OFFSETS("3") "t:i8x16 = " TBL(1) "(table:i8x16, o:i8x16); r:f32x4 = bitcast(t)",                             \
   3},                                                                                                                \
      {IR_LOOKUP_F32,                                                                                                 \
       ELEM_F32,                                                                                                      \
       4,                                                                                                             \
       16,                                                                                                            \
       FLOAT_OFFSETS("15") "t:i8x16 = " TBL(4) "(" FLOATS_16("0", "4", "8", "12") ", o:i8x16); r:f32x4 = bitcast(t)", \
       5},                                                                                                            \
      {IR_LOOKUP_F32,                                                                                                 \
       ELEM_F32,                                                                                                      \
       4,                                                                                                             \
       32,                                                                                                            \
       FLOAT_OFFSETS("31") "p:i8x16 = " TBL(4) "(" FLOATS_16(                                                         \
           "0", "4", "8", "12") ", o:i8x16);"                                                                         \
                                "n:i8x16 = sub(o:i8x16, 64);"                                                         \
                                "t:i8x16 = " TBX(4) "(p, " FLOATS_16("16", "20", "24",                                \
                                                                     "28") ", n); r:f32x4 = bitcast(t)",              \
       8}

#define BYTE_POPCOUNT {IR_POPCOUNT, ELEM_I8, 16, 0, "r:i8x16 = llvm.ctpop.v16i8(a)", 0.5}
#define HALF_CONVERSIONS \
  {IR_EXTF, ELEM_F32, 4, 0, "r:f32x4 = fpext(a:f16x4)", 1}, {IR_TRUNCF, ELEM_F16, 4, 0, "r:f16x4 = fptrunc(a)", 1}

// Without dot products. Products of signed bytes fit 16 bits. Up to umax 127 two of them do, too: the sum of a pair is at
// least 2 * 127 * -128 = -32512. Beyond that u is no signed byte: even and odd bytes are widened in place, and one
// product, at most 255 * 128 = 32640, fits.
#define SMULL "llvm.aarch64.neon.smull.v8i16"
#define HALVES                                                                \
  "bl:i8x8 = low(b); bh:i8x8 = high(b); cl:i8x8 = low(c); ch:i8x8 = high(c);" \
  "pl:i16x8 = " SMULL "(bl, cl); ph:i16x8 = " SMULL "(bh, ch);"
#define PAIRS(to, x) to ":i32x4 = llvm.aarch64.neon.saddlp.v4i32.v8i16(" x ");"
static const target_pattern neon_patterns[] = {
    {IR_DOT4, ELEM_I32, 4, 127,
     HALVES "s:i16x8 = llvm.aarch64.neon.addp.v8i16(pl, ph);" PAIRS("t", "s") "r:i32x4 = add(a, t)", 4},
    {IR_DOT4, ELEM_I32, 4, 255,
     "be:i16x8 = and(b:i16x8, 255); bo:i16x8 = lshr(b:i16x8, 8); cs:i16x8 = shl(c:i16x8, 8);"
     "ce:i16x8 = ashr(cs, 8); co:i16x8 = ashr(c:i16x8, 8); pe:i16x8 = mul(be, ce); po:i16x8 = mul(bo, co);" PAIRS(
         "e", "pe") PAIRS("o", "po") "s:i32x4 = add(a, e); r:i32x4 = add(s, o)",
     8},
    {IR_DOT4S, ELEM_I32, 4, 0,
     HALVES PAIRS("l", "pl") PAIRS("h", "ph") "s:i32x4 = llvm.aarch64.neon.addp.v4i32(l, h); r:i32x4 = add(a, s)", 6},
    BYTE_LOOKUPS,
    BYTE_POPCOUNT,
    FLOAT_LOOKUPS,
    HALF_CONVERSIONS,
};

// With dot products of signed bytes. A u above 127 is taken as u - 128 (its top bit flipped); 128 times the sum of s,
// which is missing then, is two dot products with 64.
#define SDOT "llvm.aarch64.neon.sdot.v4i32.v16i8"
static const target_pattern dotprod_patterns[] = {
    {IR_DOT4, ELEM_I32, 4, 127, "r:i32x4 = " SDOT "(a, b, c)", 0.5},
    {IR_DOT4, ELEM_I32, 4, 255,
     "f:i8x16 = xor(b, 128); p:i32x4 = " SDOT "(a, f, c); q:i32x4 = " SDOT "(p, 64:i8x16, c);"
     "r:i32x4 = " SDOT "(q, 64:i8x16, c)",
     2},
    {IR_DOT4S, ELEM_I32, 4, 0, "r:i32x4 = " SDOT "(a, b, c)", 0.5},
    BYTE_LOOKUPS,
    BYTE_POPCOUNT,
    FLOAT_LOOKUPS,
    HALF_CONVERSIONS,
};

static const target_pattern i8mm_patterns[] = {
    {IR_DOT4, ELEM_I32, 4, 0, "r:i32x4 = llvm.aarch64.neon.usdot.v4i32.v16i8(a, b, c)", 0.5},
    {IR_DOT4S, ELEM_I32, 4, 0, "r:i32x4 = " SDOT "(a, b, c)", 0.5},
    BYTE_LOOKUPS,
    BYTE_POPCOUNT,
    FLOAT_LOOKUPS,
    HALF_CONVERSIONS,
};

static const unsigned tiles[] = {4, 2, 1};

static const target_tier tiers[] = {
    {.name = "i8mm",
     .cpu = "",
     .features = "+dotprod,+i8mm",
     .cpu_features = QRT_CPU_AARCH64_DOTPROD | QRT_CPU_AARCH64_I8MM,
     .lanes = 4,
     .registers = 32,
     TOKEN_TILES(tiles),
     .row_vectors = 2,
     .fast_fma = true,
     .rounds = true,
     PATTERNS(i8mm_patterns),
     .clock_ghz = 2.6,
     .bandwidth_gbs = 20,
     .loads = 2},
    {.name = "dotprod",
     .cpu = "",
     .features = "+dotprod",
     .cpu_features = QRT_CPU_AARCH64_DOTPROD,
     .lanes = 4,
     .registers = 32,
     TOKEN_TILES(tiles),
     .row_vectors = 2,
     .fast_fma = true,
     .rounds = true,
     PATTERNS(dotprod_patterns),
     .clock_ghz = 2.5,
     .bandwidth_gbs = 15,
     .loads = 2},
    {.name = "neon",
     .cpu = "",
     .features = "",
     .lanes = 4,
     .registers = 32,
     TOKEN_TILES(tiles),
     .row_vectors = 2,
     .fast_fma = true,
     .rounds = true,
     PATTERNS(neon_patterns),
     .clock_ghz = 1.5,
     .bandwidth_gbs = 5,
     .loads = 2},
};

const target target_aarch64 = {
    .name = "aarch64",
    .arch = "aarch64 arm64",
    .default_triple = "aarch64-unknown-linux-gnu",
    .help = "64-bit Arm: I8MM, dot products and Advanced SIMD, chosen at start",
    .runtime = "aarch64",
    .hardening = "branch-target-enforcement sign-return-address=non-leaf",
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};

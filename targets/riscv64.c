// RISC-V: RV64GC with the vector extension 1.0 at any VLEN >= 128 (vectors of a fixed length, vl says how long), and
// without vectors. Costs are cycles at VLEN 128 with a datapath of 128 bits (SpacemiT X60, SiFive X280 class): LMUL
// cycles for simple operations, LMUL squared for vrgather; estimates, as no vendor publishes a table.
#include "runtime/qrt_cpu.h"
#include "targets/tables.h"

// A register group that holds the table at VLEN 128 is gathered from by `count` indices; `scalable` is the group's type
// for any VLEN. The result beyond vl is nobody's business (poison passes through, nothing reads it).
#define BYTE_GATHER(n, count, scalable, name)                                                                      \
  {IR_LOOKUP,                                                                                                      \
   ELEM_I8,                                                                                                        \
   n,                                                                                                              \
   n,                                                                                                              \
   "t:" scalable " = llvm.vector.insert.nxv" name ".v" count "i8(poison:" scalable ", table:i8x" count ", 0:i64);" \
   "i:" scalable " = llvm.vector.insert.nxv" name ".v" count "i8(poison:" scalable ", a, 0:i64);"                  \
   "g:" scalable " = llvm.riscv.vrgather.vv.nxv" name ".i64(poison:" scalable ", t, i, " count ":i64);"            \
   "r:i8x" count " = llvm.vector.extract.v" count "i8.nxv" name "(g, 0:i64)",                                      \
   (n) / 16.0 * (n) / 16.0}

// Byte j of each 32-bit lane of u and s as 16-bit lanes, and their product. Of products of u <= 63 four fit 16 bits
// (4 * 63 * -128 = -32256), of u <= 127 two (-32512). When s is the same in all lanes, as an activation is for all rows, it
// becomes a scalar operand.
#define PRODUCT(j, shift)                                                                                       \
  "x" j ":i32x16 = lshr(b:i32x16, " shift "); t" j ":i16x16 = trunc(x" j "); u" j ":i16x16 = and(t" j ", 255);" \
  "y" j ":i32x16 = lshr(c:i32x16, " shift "); s" j ":i8x16 = trunc(y" j "); v" j ":i16x16 = sext(s" j ");"      \
  "p" j ":i16x16 = mul(u" j ", v" j ");"
#define PRODUCTS PRODUCT("0", "0") PRODUCT("1", "8") PRODUCT("2", "16") PRODUCT("3", "24")
#define PAIRS "m:i16x16 = add(p0, p1); n:i16x16 = add(p2, p3);"
// For any u: bytes widened to 32 bits in their lanes.
#define WIDE_PRODUCT(j, right, left)                                             \
  "x" j ":i32x16 = lshr(b:i32x16, " right "); u" j ":i32x16 = and(x" j ", 255);" \
  "y" j ":i32x16 = shl(c:i32x16, " left "); v" j ":i32x16 = ashr(y" j ", 24); p" j ":i32x16 = mul(u" j ", v" j ");"
#define WIDE_PRODUCTS \
  WIDE_PRODUCT("0", "0", "24") WIDE_PRODUCT("1", "8", "16") WIDE_PRODUCT("2", "16", "8") WIDE_PRODUCT("3", "24", "0")

static const target_pattern v_patterns[] = {
    {IR_DOT4, ELEM_I32, 16, 63, PRODUCTS PAIRS "o:i16x16 = add(m, n); w:i32x16 = sext(o); r:i32x16 = add(a, w)", 22},
    {IR_DOT4, ELEM_I32, 16, 127,
     PRODUCTS PAIRS "e:i32x16 = sext(m); f:i32x16 = sext(n); g:i32x16 = add(a, e); r:i32x16 = add(g, f)", 25},
    {IR_DOT4, ELEM_I32, 16, 255,
     WIDE_PRODUCTS "e:i32x16 = add(a, p0); f:i32x16 = add(e, p1); g:i32x16 = add(f, p2); r:i32x16 = add(g, p3)", 28},
    BYTE_GATHER(16, "16", "i8xv8", "8i8"),
    BYTE_GATHER(32, "32", "i8xv16", "16i8"),
    BYTE_GATHER(64, "64", "i8xv32", "32i8"),
    {IR_LOOKUP, ELEM_I8, 16, 256, "gather", 16},
    {IR_LOOKUP_F32, ELEM_F32, 16, 256, "gather", 16},
    {IR_LOOKUP_F32, ELEM_F32, 4, 256, "gather", 4},
    {IR_GATHER, ELEM_F32, 4, 0, "gather", 4},
    {IR_GATHER, ELEM_I32, 4, 0, "gather", 4},
    {IR_GATHER, ELEM_F64, 2, 0, "gather", 2},
    {IR_GATHER, ELEM_I64, 2, 0, "gather", 2},
    {IR_LOAD_FIRST, ELEM_F64, 2, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I64, 2, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_F64, 2, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I64, 2, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I32, 4, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I8, 16, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I8, 16, 0, "masked", 2},
};

static const unsigned v_tiles[] = {2, 1}; // of 8 register groups each token takes two
static const unsigned scalar_tiles[] = {1};

static const target_tier tiers[] = {
    {.name = "rvv",
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c,+v",
     .cpu_features = QRT_CPU_RISCV_V,
     .lanes = 16,
     .registers = 8,
     .cycles = 4,
     TOKEN_TILES(v_tiles),
     .row_vectors = 1,
     .fast_fma = true,
     .rounds = true,
     .divides = true,
     .even_conversions = true,
     PATTERNS(v_patterns),
     .clock_ghz = 1.6,
     .bandwidth_gbs = 4},
    {.name = "rv64gc",
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c",
     .lanes = 1,
     .registers = 32,
     TOKEN_TILES(scalar_tiles),
     .row_vectors = 1,
     .fast_fma = true,
     .rounds = true,
     .divides = true,
     .rows_in_loop = true,
     .clock_ghz = 1.5,
     .bandwidth_gbs = 2},
};

const target target_riscv64 = {
    .name = "riscv64",
    .arch = "riscv64",
    .called = "riscv rv64 risc-v riscv64gc",
    .default_triple = "riscv64-unknown-linux-gnu",
    .help = "64-bit RISC-V: vector extension 1.0 at any length, and RV64GC, chosen at start",
    .runtime = "riscv64",
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};

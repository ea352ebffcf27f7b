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

static const target_pattern v_patterns[] = {
    BYTE_GATHER(16, "16", "i8xv8", "8i8"),
    BYTE_GATHER(32, "32", "i8xv16", "16i8"),
    BYTE_GATHER(64, "64", "i8xv32", "32i8"),
    {IR_LOOKUP, ELEM_I8, 16, 256, "gather", 16},
    {IR_LOOKUP_F32, ELEM_F32, 16, 256, "gather", 16},
    {IR_LOOKUP_F32, ELEM_F32, 4, 256, "gather", 4},
    {IR_GATHER, ELEM_F32, 4, 0, "gather", 4},
    {IR_GATHER, ELEM_I32, 4, 0, "gather", 4},
    {IR_LOAD_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I32, 4, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I8, 16, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I8, 16, 0, "masked", 2},
};

static const unsigned v_tiles[] = {4, 2, 1};
static const unsigned scalar_tiles[] = {1};

static const target_tier tiers[] = {
    {.name = "rvv",
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c,+v",
     .cpu_features = QRT_CPU_RISCV_V,
     .lanes = 16,
     .registers = 8,
     TOKEN_TILES(v_tiles),
     .fast_fma = true,
     PATTERNS(v_patterns),
     .clock_ghz = 1.6,
     .bandwidth_gbs = 4},
    {.name = "rv64gc",
     .cpu = "generic-rv64",
     .features = "+m,+a,+f,+d,+c",
     .lanes = 1,
     .registers = 32,
     TOKEN_TILES(scalar_tiles),
     .fast_fma = true,
     .rows_in_loop = true,
     .clock_ghz = 1.5,
     .bandwidth_gbs = 2},
};

const target target_riscv64 = {
    .name = "riscv64",
    .arch = "riscv64",
    .default_triple = "riscv64-unknown-linux-gnu",
    .help = "64-bit RISC-V: vector extension 1.0 at any length, and RV64GC, chosen at start",
    .runtime = "riscv64",
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};

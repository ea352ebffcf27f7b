// NVIDIA GPUs from sm_75 on, as PTX. A thread owns a few rows; its vectors are four lanes, which memory moves at once
// (16 bytes). Costs are issue slots per thread, from the CUDA programming guide's table of throughputs.
#include "targets/tables.h"

// Bytes out of eight by four 4-bit selectors: a table of 16 is two such choices and a choice between them by bit 3.
#define PRMT "llvm.nvvm.prmt"
#define PRMT_LOOKUP                                                                                            \
  "x:i32 = and(a:i32, 117901063); y:i32 = lshr(x, 4); z:i32 = or(x, y); w:i32 = and(z, 16711935);"             \
  "v:i32 = lshr(w, 8); s:i32 = or(w, v);"                                                                      \
  "l:i32 = " PRMT "(table[0,4]:i32, table[4,4]:i32, s); h:i32 = " PRMT "(table[8,4]:i32, table[12,4]:i32, s);" \
  "f:i32 = lshr(a:i32, 3); g:i32 = and(f, 16843009); m:i32 = mul(g, 255); n:i32 = xor(l, h);"                  \
  "o:i32 = and(n, m); p:i32 = xor(l, o); r:i8x4 = bitcast(p)"

// The number of a thread in the launch, and how many there are.
#define SREG "llvm.nvvm.read.ptx.sreg."

static const target_pattern patterns[] = {
    {IR_THREAD, ELEM_I32, 1, 0,
     "k:i32 = " SREG "ctaid.x(); n:i32 = " SREG "ntid.x(); t:i32 = " SREG "tid.x(); f:i32 = mul(k, n);"
     "r:i32 = add(f, t)",
     1},
    {IR_THREADS, ELEM_I32, 1, 0, "k:i32 = " SREG "nctaid.x(); n:i32 = " SREG "ntid.x(); r:i32 = mul(k, n)", 1},
    {IR_DOT4, ELEM_I32, 1, 0, "r:i32 = llvm.nvvm.idp4a.u.s(b:i32, c:i32, a)", 1},
    {IR_DOT4S, ELEM_I32, 1, 0, "r:i32 = llvm.nvvm.idp4a.s.s(b:i32, c:i32, a)", 1},
    {IR_LOOKUP, ELEM_I8, 4, 16, PRMT_LOOKUP, 12},
    {IR_POPCOUNT, ELEM_I32, 1, 0, "r:i32 = llvm.ctpop.i32(a)", 4},
    {IR_EXTF, ELEM_F32, 1, 0, "r:f32 = fpext(a:f16)", 1},
    {IR_TRUNCF, ELEM_F16, 1, 0, "r:f16 = fptrunc(a)", 1},
    {IR_LOAD_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_LOAD_FIRST, ELEM_I32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_F32, 4, 0, "masked", 2},
    {IR_STORE_FIRST, ELEM_I32, 4, 0, "masked", 2},
};

static const unsigned tiles[] = {4, 2, 1};

static const target_tier tiers[] = {
    {.name = "sm_75",
     .cpu = "sm_75",
     .features = "+ptx64",
     .lanes = 4,
     .registers = 64,
     TOKEN_TILES(tiles),
     .row_vectors = 1,
     .fast_fma = true,
     .rounds = true,
     .divides = true,
     PATTERNS(patterns),
     .clock_ghz = 1.5,
     .bandwidth_gbs = 300},
};

const target target_nvptx64 = {
    .name = "nvptx64",
    .arch = "nvptx64",
    .called = "cuda ptx gpu nvidia nvptx sm_80 sm_86 sm_87 sm_89 sm_90 sm_100 sm_120",
    .default_triple = "nvptx64-nvidia-cuda",
    .help = "NVIDIA GPUs from sm_75 on, as PTX: one thread computes a few rows",
    .gpu = true,
    .convention = 71,   // a kernel
    .address_space = 1, // global
    .buffer_align = 16,
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};

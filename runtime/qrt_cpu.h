/* Bits of qrt_cpu_features(). Each architecture numbers its own from 0: a library's tiers are all of one architecture.
 * A bit is set only when the processor has all the instructions behind it and the operating system saves the registers
 * they use. */
#ifndef QRT_CPU_H
#define QRT_CPU_H

#include <stdint.h>

/* x86-64. V2, AVX2 and AVX512 are the psABI's levels v2, v3 and v4; each includes those before it. */
#define QRT_CPU_X86_V2 (UINT64_C(1) << 0)          /* cx16 lahf popcnt sse3 ssse3 sse4.1 sse4.2 */
#define QRT_CPU_X86_AVX2 (UINT64_C(1) << 1)        /* avx avx2 bmi1 bmi2 f16c fma lzcnt movbe */
#define QRT_CPU_X86_AVX512 (UINT64_C(1) << 2)      /* avx512 f bw cd dq vl */
#define QRT_CPU_X86_AVX512_VNNI (UINT64_C(1) << 3) /* needs AVX512 too, as do the next two */
#define QRT_CPU_X86_AVX512_VBMI (UINT64_C(1) << 4)
#define QRT_CPU_X86_AVX512_BF16 (UINT64_C(1) << 5)
#define QRT_CPU_X86_AVX_VNNI (UINT64_C(1) << 6) /* the VEX-encoded form; needs AVX2 */
/* Tiles only in a process that is permitted to use them: on Linux qrt_cpu_features asks for that. */
#define QRT_CPU_X86_AMX_INT8 (UINT64_C(1) << 7)
#define QRT_CPU_X86_AMX_BF16 (UINT64_C(1) << 8)
#define QRT_CPU_X86_AVX512_POPCNT (UINT64_C(1) << 9) /* avx512 vpopcntdq bitalg; needs AVX512 too */

/* AArch64. NEON is the baseline. */
#define QRT_CPU_AARCH64_DOTPROD (UINT64_C(1) << 0)
#define QRT_CPU_AARCH64_I8MM (UINT64_C(1) << 1)
#define QRT_CPU_AARCH64_BF16 (UINT64_C(1) << 2)
#define QRT_CPU_AARCH64_FP16 (UINT64_C(1) << 3) /* scalar and vector arithmetic */
#define QRT_CPU_AARCH64_SVE (UINT64_C(1) << 4)
#define QRT_CPU_AARCH64_SVE2 (UINT64_C(1) << 5)

/* RISC-V. */
#define QRT_CPU_RISCV_V (UINT64_C(1) << 0) /* version 1.0 of the vector extension */

#endif

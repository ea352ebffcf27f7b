/* What this processor and operating system can run. One part an architecture; others have only the baseline. */
#if defined(__linux__) && !defined(QRT_FREESTANDING) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* for syscall */
#endif
#include "qrt_cpu.h"
#include "qrt_internal.h"

#if defined(__linux__) && !defined(QRT_FREESTANDING)
#define ON_LINUX 1
#else
#define ON_LINUX 0
#endif

void qrt_cpu_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("pause");
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#elif defined(__riscv)
  __asm__ volatile(".4byte 0x0100000f"); /* pause, a hint that older assemblers do not know */
#endif
}

#if defined(__x86_64__)

#if ON_LINUX
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Words of cpuid that the rules look at. */
enum { LEAF1_C, LEAF7_B, LEAF7_C, LEAF7_D, LEAF7_1_A, EXTENDED_C, WORD_COUNT };

#define BIT(n) (UINT32_C(1) << (n))
#define STATE_VECTORS UINT64_C(0x6) /* bits of XCR0: xmm, ymm */
#define STATE_AVX512 UINT64_C(0xe6) /* and masks, upper halves, zmm16.. */
#define STATE_TILE_DATA (UINT64_C(1) << 18)
#define STATE_TILES (UINT64_C(1) << 17 | STATE_TILE_DATA)

/* A feature is there when those it builds on are (rules above it), the system saves its state, and cpuid names it. */
typedef struct cpu_rule {
  uint64_t feature;
  uint64_t builds_on;
  uint64_t state;
  uint32_t words[WORD_COUNT];
} cpu_rule;

static const cpu_rule rules[] = {
    {.feature = QRT_CPU_X86_V2,
     .words = {[LEAF1_C] = BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23), [EXTENDED_C] = BIT(0)}},
    {.feature = QRT_CPU_X86_AVX2,
     .builds_on = QRT_CPU_X86_V2,
     .state = STATE_VECTORS,
     .words = {[LEAF1_C] = BIT(12) | BIT(22) | BIT(28) | BIT(29),
               [LEAF7_B] = BIT(3) | BIT(5) | BIT(8),
               [EXTENDED_C] = BIT(5)}},
    {.feature = QRT_CPU_X86_AVX512,
     .builds_on = QRT_CPU_X86_AVX2,
     .state = STATE_AVX512,
     .words = {[LEAF7_B] = BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31)}},
    {.feature = QRT_CPU_X86_AVX512_VNNI, .builds_on = QRT_CPU_X86_AVX512, .words = {[LEAF7_C] = BIT(11)}},
    {.feature = QRT_CPU_X86_AVX512_VBMI, .builds_on = QRT_CPU_X86_AVX512, .words = {[LEAF7_C] = BIT(1)}},
    {.feature = QRT_CPU_X86_AVX512_POPCNT, .builds_on = QRT_CPU_X86_AVX512, .words = {[LEAF7_C] = BIT(12) | BIT(14)}},
    {.feature = QRT_CPU_X86_AVX512_BF16, .builds_on = QRT_CPU_X86_AVX512, .words = {[LEAF7_1_A] = BIT(5)}},
    {.feature = QRT_CPU_X86_AVX_VNNI, .builds_on = QRT_CPU_X86_AVX2, .words = {[LEAF7_1_A] = BIT(4)}},
    {.feature = QRT_CPU_X86_AMX_INT8, .state = STATE_TILES, .words = {[LEAF7_D] = BIT(24) | BIT(25)}},
    {.feature = QRT_CPU_X86_AMX_BF16, .state = STATE_TILES, .words = {[LEAF7_D] = BIT(24) | BIT(22)}},
};

typedef struct cpuid_result {
  uint32_t a, b, c, d;
} cpuid_result;

static cpuid_result cpuid(uint32_t leaf, uint32_t part) {
  cpuid_result r;
  __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(part));
  return r;
}

static uint64_t saved_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/* Linux gives tiles only to processes that ask for them, before the first thread uses them. */
static uint64_t permitted_state(uint64_t state) {
#if ON_LINUX && defined(SYS_arch_prctl)
  const long get_permissions = 0x1022, ask_permission = 0x1023, tile_data = 18;
  uint64_t permitted = 0;
  if (state & STATE_TILE_DATA) syscall(SYS_arch_prctl, ask_permission, tile_data);
  if ((state & STATE_TILE_DATA) && syscall(SYS_arch_prctl, get_permissions, &permitted) == 0)
    return state & (permitted | ~STATE_TILE_DATA);
#endif
  return state & ~STATE_TILE_DATA;
}

static void read_words(uint32_t words[WORD_COUNT]) {
  uint32_t last = cpuid(0, 0).a, last_extended = cpuid(UINT32_C(0x80000000), 0).a;
  words[LEAF1_C] = cpuid(1, 0).c;
  if (last >= 7) {
    cpuid_result r = cpuid(7, 0);
    words[LEAF7_B] = r.b;
    words[LEAF7_C] = r.c;
    words[LEAF7_D] = r.d;
    if (r.a >= 1) words[LEAF7_1_A] = cpuid(7, 1).a;
  }
  if (last_extended >= UINT32_C(0x80000001)) words[EXTENDED_C] = cpuid(UINT32_C(0x80000001), 0).c;
}

static bool has_words(const uint32_t words[WORD_COUNT], const cpu_rule *rule) {
  for (int i = 0; i < WORD_COUNT; i++)
    if (rule->words[i] & ~words[i]) return false;
  return true;
}

uint64_t qrt_cpu_features(void) {
  uint32_t words[WORD_COUNT] = {0};
  read_words(words);
  const uint32_t system_saves = BIT(27); /* osxsave */
  uint64_t state = words[LEAF1_C] & system_saves ? permitted_state(saved_state()) : 0, found = 0;
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    const cpu_rule *r = &rules[i];
    bool possible = (r->builds_on & ~found) == 0 && (r->state & ~state) == 0;
    if (possible && has_words(words, r)) found |= r->feature;
  }
  return found;
}

#elif defined(__aarch64__)

/* What the compiler was told that every target has. */
static uint64_t compiled_features(void) {
  return 0
#ifdef __ARM_FEATURE_DOTPROD
         | QRT_CPU_AARCH64_DOTPROD
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
         | QRT_CPU_AARCH64_I8MM
#endif
#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
         | QRT_CPU_AARCH64_BF16
#endif
#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
         | QRT_CPU_AARCH64_FP16
#endif
#ifdef __ARM_FEATURE_SVE
         | QRT_CPU_AARCH64_SVE
#endif
#ifdef __ARM_FEATURE_SVE2
         | QRT_CPU_AARCH64_SVE2
#endif
      ;
}

#if ON_LINUX
#include <sys/auxv.h>

/* Linux's numbers for AT_HWCAP and AT_HWCAP2, which old headers lack. */
typedef struct cpu_rule {
  uint64_t feature;
  unsigned long hwcap;
  unsigned long hwcap2;
} cpu_rule;

static const cpu_rule rules[] = {
    {.feature = QRT_CPU_AARCH64_DOTPROD, .hwcap = 1ul << 20},
    {.feature = QRT_CPU_AARCH64_I8MM, .hwcap2 = 1ul << 13},
    {.feature = QRT_CPU_AARCH64_BF16, .hwcap2 = 1ul << 14},
    {.feature = QRT_CPU_AARCH64_FP16, .hwcap = 1ul << 9 | 1ul << 10},
    {.feature = QRT_CPU_AARCH64_SVE, .hwcap = 1ul << 22},
    {.feature = QRT_CPU_AARCH64_SVE2, .hwcap2 = 1ul << 1},
};

uint64_t qrt_cpu_features(void) {
  const unsigned long type_hwcap = 16, type_hwcap2 = 26;
  unsigned long hwcap = getauxval(type_hwcap), hwcap2 = getauxval(type_hwcap2);
  uint64_t found = compiled_features();
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
    if (!(rules[i].hwcap & ~hwcap) && !(rules[i].hwcap2 & ~hwcap2)) found |= rules[i].feature;
  return found;
}

#else

uint64_t qrt_cpu_features(void) { return compiled_features(); }

#endif

#elif defined(__riscv)

#if defined(__riscv_v)
uint64_t qrt_cpu_features(void) { return QRT_CPU_RISCV_V; }

#elif ON_LINUX
#include <sys/auxv.h>

/* Processors with the draft 0.7.1 announce V too. They refuse the tail and mask policies of 1.0 in vsetvli, which
 * shows as the sign bit of vtype. */
static bool takes_policies(void) {
  long type;
  __asm__ volatile(".4byte 0x0c0072d7\n\t" /* vsetvli t0, zero, e8, m1, ta, ma */
                   "csrr %0, 0xc21"        /* vtype */
                   : "=r"(type)
                   :
                   : "t0");
  return type >= 0;
}

uint64_t qrt_cpu_features(void) {
  const unsigned long type_hwcap = 16, hwcap_v = 1ul << ('V' - 'A');
  return (getauxval(type_hwcap) & hwcap_v) && takes_policies() ? QRT_CPU_RISCV_V : 0;
}

#else

uint64_t qrt_cpu_features(void) { return 0; }

#endif

#else

uint64_t qrt_cpu_features(void) { return 0; }

#endif

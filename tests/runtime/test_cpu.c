// Detected features against what Linux says in /proc/cpuinfo.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "qrt.h"
#include "qrt_cpu.h"
#include "tests/check_main.h"

// A feature and the flags, separated by spaces, that Linux shows for it. `permitted`: also depends on the process.
typedef struct row {
  const char *name;
  uint64_t feature;
  const char *flags;
  bool permitted;
} row;

static const row rows[] = {
#if defined(__x86_64__)
#define V2_FLAGS "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
#define AVX2_FLAGS V2_FLAGS " avx avx2 bmi1 bmi2 f16c fma abm movbe"
#define AVX512_FLAGS AVX2_FLAGS " avx512f avx512bw avx512cd avx512dq avx512vl"
    {"V2", QRT_CPU_X86_V2, V2_FLAGS, false},
    {"AVX2", QRT_CPU_X86_AVX2, AVX2_FLAGS, false},
    {"AVX512", QRT_CPU_X86_AVX512, AVX512_FLAGS, false},
    {"AVX512_VNNI", QRT_CPU_X86_AVX512_VNNI, AVX512_FLAGS " avx512_vnni", false},
    {"AVX512_VBMI", QRT_CPU_X86_AVX512_VBMI, AVX512_FLAGS " avx512vbmi", false},
    {"AVX512_POPCNT", QRT_CPU_X86_AVX512_POPCNT, AVX512_FLAGS " avx512_vpopcntdq avx512_bitalg", false},
    {"AVX512_BF16", QRT_CPU_X86_AVX512_BF16, AVX512_FLAGS " avx512_bf16", false},
    {"AVX_VNNI", QRT_CPU_X86_AVX_VNNI, AVX2_FLAGS " avx_vnni", false},
    {"AMX_INT8", QRT_CPU_X86_AMX_INT8, "amx_tile amx_int8", true},
    {"AMX_BF16", QRT_CPU_X86_AMX_BF16, "amx_tile amx_bf16", true},
#elif defined(__aarch64__)
    {"DOTPROD", QRT_CPU_AARCH64_DOTPROD, "asimddp", false},
    {"I8MM", QRT_CPU_AARCH64_I8MM, "i8mm", false},
    {"BF16", QRT_CPU_AARCH64_BF16, "bf16", false},
    {"FP16", QRT_CPU_AARCH64_FP16, "fphp asimdhp", false},
    {"SVE", QRT_CPU_AARCH64_SVE, "sve", false},
    {"SVE2", QRT_CPU_AARCH64_SVE2, "sve2", false},
#endif
    {NULL, 0, NULL, false},
};

// The first line of flags, with a space at each end.
static bool read_flags(char flags[8192]) {
  FILE *f = fopen("/proc/cpuinfo", "r");
  bool found = false;
  while (f && !found && fgets(flags, 8190, f)) {
    found = !strncmp(flags, "flags", 5) || !strncmp(flags, "Features", 8);
    char *end = found ? strchr(flags, '\n') : NULL;
    if (end) *end = ' ';
  }
  if (f) fclose(f);
  return found;
}

static bool has_all(const char *flags, const char *wanted) {
  while (*wanted) {
    char word[64] = " ";
    size_t length = strcspn(wanted, " ");
    memcpy(word + 1, wanted, length);
    memcpy(word + 1 + length, " ", 2);
    if (!strstr(flags, word)) return false;
    wanted += length + strspn(wanted + length, " ");
  }
  return true;
}

START_TEST(features_are_those_of_the_system) {
  char flags[8192];
  if (!read_flags(flags)) return; // no such file here: nothing to compare with
  uint64_t features = qrt_cpu_features();
  for (const row *r = rows; r->name; r++) {
    bool found = features & r->feature, told = has_all(flags, r->flags);
    ck_assert_msg(r->permitted ? !found || told : found == told, "%s: found %d, the system says %d", r->name, found,
                  told);
  }
}
END_TEST

START_TEST(the_answer_does_not_change) {
  uint64_t features = qrt_cpu_features();
  for (int i = 0; i < 100; i++) ck_assert_uint_eq(qrt_cpu_features(), features);
}
END_TEST

START_TEST(no_unknown_bits) {
  uint64_t known = 0;
  for (const row *r = rows; r->name; r++) {
    ck_assert_uint_eq(known & r->feature, 0); // each bit has one meaning
    known |= r->feature;
  }
#if defined(__x86_64__) || defined(__aarch64__)
  ck_assert_uint_eq(qrt_cpu_features() & ~known, 0);
#endif
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_cpu");
  const TTest *tests[] = {features_are_those_of_the_system, the_answer_does_not_change, no_unknown_bits, NULL};
  check_add(suite, "cpu", tests);
  return check_main(suite);
}

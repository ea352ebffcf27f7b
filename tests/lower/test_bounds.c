// Compile time and memory of kernels: whatever a text says, a tier's kernels of one format take no more than 2 s of processor
// time and 300 MB, or the text is refused within the same bounds. The time is that of a machine on which q4_0 takes
// 1/8 s; others scale it. A quick run draws some texts; QCC_TEST_FULL: every text on every tier, and every standard format
// on three.
//
//   test_bounds QCC SCHEMES DIRECTORY
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sampling.h"

#define MOST_SECONDS 2.0
#define MOST_MEGABYTES 300
#define TIMES_PLAIN 16 // the bound is so many times what a plain format takes
#define HANGS 1800     // seconds
#define PATH 512
#define EITHER (-1) // has kernels or none: parts and lists of entries have none by themselves

typedef struct text {
  const char *name;
  const char *members; // of a scheme of that name
  bool refused;
} text;

static const text texts[] = {
    {"many_levels", "c : u8; l : f32[256] per tensor; s : f16 per 20; value = s * l[c];", false},
    {"many_levels_of_rows", "c : u8; l : f16[256] per row; s : f16 per 20; value = s * l[c];", false},
    {"many_levels_of_groups", "c : u8; l : f16[256] per 36; value = l[c];", false},
    {"levels_of_odd_groups", "c : u3; l : f32[8] per 100; value = l[c];", false},
    {"odd_groups", "c : u8; a : f16 per 33; b : u4 per 37; value = a * c - b;", false},
    {"tiny_groups", "c : u1; s : f16 per 4; z : u4 per 12; m : f16 per 20; value = s * c - m * z;", false},
    {"joint_book", "c : u8; d : u8; b : f16[256, 256] per tensor; s : f16 per 20; value = s * b[c, d];", false},
    {"vector_books", "c : u16[8] per 8; b : f16[8, 65536, 8] per tensor; value = sum(i < 8, b[i, c[i], k % 8]);",
     false},
    {"book_of_rows", "c : u12 per 8; b : f32[4096, 8] per row; value = b[c, k % 8];", false},
    {"sums",
     "c : u4[4, 4, 4] per 64; value = sum(i < 4, sum(j < 4, sum(l < 4, c[i, j, l] * (k % 64 == 16 * i + 4 * j + l))));",
     false},
    {"long_factor", "c : u4; t : f16[64] per 256; value = c * sum(i < 64, t[i]);", false},
    {"table_of_groups", "c : u4; l : f32[64, 64] per 32; value = l[0, c];", false},
    {"nested_sums", "c : u4; value = sum(i < 300, sum(j < 300, sum(l < 300, c)));", true},
    {"huge_table", "c : u4; l : f32[8191, 8191] per 32; value = l[0, c];", true},
    {"huge_value", "c : u4[180] per 180; value = sum(i < 180, c[i] * (k % 180 == i) * max(c[i], i));", true},
};
enum { TEXTS = sizeof texts / sizeof *texts };

typedef struct tier {
  const char *target;
  const char *name;
} tier;

static const tier tiers[] = {{"x86_64", "avx2"},       {"x86_64", "avx512vnni"}, {"x86_64", "avx512bf16"},
                             {"x86_64", "avx512"},     {"x86_64", "avxvnni"},    {"x86_64", "x86-64-v2"},
                             {"aarch64", "neon"},      {"aarch64", "dotprod"},   {"aarch64", "i8mm"},
                             {"riscv64", "rvv"},       {"riscv64", "rv64gc"},    {"nvptx64", "sm_75"},
                             {"x86_64", "cascadelake"}};
enum { TIERS = sizeof tiers / sizeof *tiers, QUICK_TIERS = 2 };

typedef struct run {
  const char *qcc, *schemes, *dir;
  double plain[TIERS]; // seconds of a plain format
  unsigned done, failed;
} run;

typedef struct cost {
  double seconds;
  long megabytes;
  int status;
} cost;

static void print(char *out, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (vsnprintf(out, PATH, format, args) >= PATH) abort();
  va_end(args);
}

// The compiler as a child, its messages to nowhere.
static cost compile(const run *r, const tier *t, const char *format) {
  char target[PATH], named[PATH], kernels[PATH], out[PATH];
  print(target, "-target=%s", t->target);
  print(named, "--tiers=%s", t->name);
  print(kernels, "--kernels=%s", format);
  print(out, "%s/out", r->dir);
  const char *emit = strcmp(t->target, "nvptx64") == 0 ? "--emit=ptx" : "--emit=asm";
  char *args[] = {(char *)r->qcc, "-w",    "-I",         (char *)r->dir, "--no-cache", "-fno-tune", target,
                  named,          kernels, (char *)emit, "-o",           out,          NULL};
  pid_t child = fork();
  if (child == 0) {
    alarm(HANGS);
    unsetenv("MALLOC_PERTURB_"); // it writes to memory that the compiler asks for and never uses
    if (freopen("/dev/null", "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL) _exit(70);
    execv(r->qcc, args);
    _exit(71);
  }
  struct rusage used;
  int status = 0;
  if (child < 0 || wait4(child, &status, 0, &used) != child) abort();
  double user = (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec;
  double system = (double)used.ru_stime.tv_sec + 1e-6 * (double)used.ru_stime.tv_usec;
  return (cost){user + system, used.ru_maxrss / 1024, WIFEXITED(status) ? WEXITSTATUS(status) : 128};
}

// The least of two: whoever shares the processor makes it slower, never faster.
static double plain_seconds(run *r, size_t t) {
  for (int i = 0; i < 2; i++) {
    cost c = compile(r, &tiers[t], "q4_0");
    if (c.status != 0) r->failed++, printf("q4_0 on %s: exit status %d\n", tiers[t].name, c.status);
    if (r->plain[t] == 0 || c.seconds < r->plain[t]) r->plain[t] = c.seconds;
  }
  return r->plain[t];
}

static bool is_within(const cost *c, double most) { return c->seconds <= most && c->megabytes <= MOST_MEGABYTES; }

static void check(run *r, size_t t, const char *format, int wanted) {
  if (r->plain[t] == 0) plain_seconds(r, t);
  double most = TIMES_PLAIN * r->plain[t] > MOST_SECONDS ? TIMES_PLAIN * r->plain[t] : MOST_SECONDS;
  cost c = compile(r, &tiers[t], format);
  if (c.seconds > most) c = compile(r, &tiers[t], format);
  r->done++;
  bool ended = wanted == EITHER ? c.status == 0 || c.status == 1 : c.status == wanted;
  if (is_within(&c, most) && ended) return;
  r->failed++;
  printf("%s on %s: %.2f s of %.2f, %ld MB of %d, exit status %d\n", format, tiers[t].name, c.seconds, most,
         c.megabytes, MOST_MEGABYTES, c.status);
}

static void write_text(const run *r, const text *x) {
  char path[PATH];
  print(path, "%s/%s.q", r->dir, x->name);
  FILE *f = fopen(path, "w");
  if (f == NULL || fprintf(f, "scheme %s { %s }\n", x->name, x->members) < 0 || fclose(f) != 0) abort();
}

static void check_standard(run *r) {
  DIR *dir = opendir(r->schemes);
  if (dir == NULL) abort();
  for (struct dirent *d; (d = readdir(dir)) != NULL;) {
    char format[PATH];
    print(format, "%s", d->d_name);
    char *end = strstr(format, ".q");
    if (end == NULL || end[2] != '\0') continue;
    *end = '\0';
    size_t other = TIERS - 1; // besides the quick ones
    for (const char *c = format; *c != '\0'; c++) other += (unsigned char)*c;
    for (size_t t = 0; t < QUICK_TIERS; t++) check(r, t, format, EITHER);
    check(r, other % TIERS, format, EITHER);
  }
  closedir(dir);
}

// A quick run draws every third text.
static bool is_drawn(const char *name) {
  uint64_t state = sampling_state(sampling_seed(), name);
  return sampling_next(&state) % 3 == 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return EXIT_FAILURE;
  run r = {.qcc = argv[1], .schemes = argv[2], .dir = argv[3]};
  bool all = sampling_is_full();
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < TEXTS; i++) {
    write_text(&r, &texts[i]);
    for (size_t t = 0; t < TIERS; t++)
      if (all || (t == i % QUICK_TIERS && is_drawn(texts[i].name)))
        check(&r, t, texts[i].name, texts[i].refused ? 1 : 0);
  }
  if (all) check_standard(&r);
  static const char *const some[] = {"kmeans_g(group=100)", "kmeans_row(bits=8)", "kmeans_tensor",
                                     "mxfp8_e4m3",          "trellis_mul1",       "exl3"};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) check(&r, i % QUICK_TIERS, some[i], 0);
  printf("QCC_TEST_SEED=%llu: %u compilations, %u not within bounds\n", (unsigned long long)sampling_seed(), r.done,
         r.failed);
  return r.failed == 0 && r.done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Speed of the derived kernels beside the machine's own limits, interleaved in one run.
//
//   qcc_bench [--tier NAME] [--threads N] [-I DIR] [--formats a,b] [--act MODE] [--shape NxK] [--tokens M,..]
//             [--megabytes N] [--seconds S]
//
// One token: packed weights rotate through more memory than the last-level cache; the figure is bytes of packed weights
// per second over the read bandwidth of the same memory. Many tokens: multiply-adds per second over the peak of the
// tier's byte dot product (of fused multiply-add in float modes).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "lower/lower.h"
#include "measure/subject.h"
#include "tests/kernels/kernel_case.h"

#define MAX_LIST 64

static const char default_formats[] = "q4_0,q4_1,q5_0,q8_0,q4_K,q6_K,nf4,codebook3,int4_g,ternary,int8_row,f32";

typedef struct options {
  const char *tier;
  const char *folder; // of more schemes
  const char *act;    // "i8 per 32", "i1 per token"; NULL: what each format is usually run with
  unsigned threads;
  uint64_t rows, columns;
  size_t megabytes;
  double seconds;
  const char *formats[MAX_LIST];
  size_t format_count;
  uint64_t tokens[MAX_LIST];
  size_t token_count;
} options;

typedef struct bench {
  options o;
  arena *mem;
  diag *d;
  const target *target;
  const target_tier *tier;
  lower_options lowering;
  ast *tree;
  fe_options frontend;
  meter *meter;
} bench;

static void fail(const char *why) {
  fprintf(stderr, "qcc_bench: %s\n", why);
  exit(1);
}

// ---- one format ------------------------------------------------------------------------------------------

static bool check(const kernel_case *c, const float *y) {
  const char *message = "";
  if (case_check(c, y, &message)) return true;
  printf("  WRONG: %s\n", message);
  return false;
}

// The expected results of a large matrix would take minutes: a small one is checked, the large one is timed.
static bool check_small(bench *b, arena *a, const recipe *r, uint64_t tokens, qrt_kernel k) {
  kernel_case *c = case_new(b->d, a, r, tokens < 3 ? tokens : 3, 33, 512, 7, SAMPLE_RANDOM);
  float *y = ARENA_ARRAY(a, float, c->tokens * c->rows + 16);
  qrt_args args = {.buffers = {c->packed.data, c->prepared.data, y}};
  case_sizes(c, args.sizes);
  k(&args, 0, case_tiles(c));
  return check(c, y);
}

static void time_shape(bench *b, subject *s, const meter_code *code, qrt_kernel k) {
  subject_lay(b->meter, s);
  subject_result t = subject_measure(b->meter, s, k, b->o.seconds);
  double weights = (double)s->shape.rows * (double)s->shape.columns;
  printf("%-12s %-10s M=%-4llu %6.3f bpw %9.1f us %7.1f GB/s %8.1f GMAC/s  limit %7.1f %-6s  %5.1f %%  (compiled in "
         "%.0f ms)\n",
         s->r->scheme->name, compute_mode_name(s->r->mode), (unsigned long long)s->shape.tokens,
         8.0 * (double)s->packed_bytes / weights, t.seconds * 1e6, t.bytes / 1e9, t.macs / 1e9, t.limit / 1e9,
         meter_unit(s->limit), 100 * t.ratio, code->seconds * 1e3);
  fflush(stdout);
}

static void bench_shape(bench *b, const recipe *r, uint64_t tokens) {
  arena *a = arena_new();
  subject_shape shape = {tokens, b->o.rows, b->o.columns};
  meter_code *code = subject_compile(b->meter, a, r);
  qrt_kernel k = code == NULL ? NULL : meter_kernel(b->meter, code, "matmul");
  subject *s = k == NULL ? NULL : subject_new(b->meter, a, r, &shape);
  if (s == NULL) exit(1);
  if (check_small(b, a, r, tokens, k)) time_shape(b, s, code, k);
  subject_free(s);
  meter_unload(code);
  arena_free(a);
}

// "f16", "i8 per 32", "i1 per token"
static act_spec parse_act(char *text) {
  act_spec act;
  char *per = strstr(text, " per ");
  if (per == NULL && act_plain(text, &act)) return act;
  if (per == NULL) fail("--act wants a mode such as 'i8 per 32' or 'f16'");
  *per = '\0';
  bool ok = act_dynamic(text, strtoull(per + strlen(" per "), NULL, 10), &act); // "token" is no number: 0
  *per = ' ';
  if (!ok) fail("--act names no type of activations");
  return act;
}

// A format as in the command line: a scheme, and the activations it is usually run with.
static void bench_format(bench *b, const char *text) {
  const scheme *s = fe_find_scheme(b->d, b->mem, b->tree, &b->frontend, text);
  if (s == NULL) exit(1);
  bool floats = strcmp(text, "f32") == 0 || strcmp(text, "f16") == 0 || strcmp(text, "bf16") == 0;
  act_spec act = floats ? (act_spec){.kind = ACT_PLAIN, .type = ELEM_F32}
                        : (act_spec){.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32};
  if (b->o.act != NULL) act = parse_act(strdup(b->o.act));
  const recipe *r = lower_make_recipe(b->d, b->mem, s, &act, text, &b->lowering);
  if (r == NULL) exit(1);
  for (size_t i = 0; i < b->o.token_count; i++) bench_shape(b, r, b->o.tokens[i]);
}

// ---- options ---------------------------------------------------------------------------------------------

static size_t split(char *text, const char **out) {
  size_t n = 0;
  for (char *part = strtok(text, ","); part != NULL && n < MAX_LIST; part = strtok(NULL, ",")) out[n++] = part;
  return n;
}

static void parse_tokens(options *o, char *text) {
  const char *parts[MAX_LIST];
  o->token_count = split(text, parts);
  for (size_t i = 0; i < o->token_count; i++) o->tokens[i] = strtoull(parts[i], NULL, 10);
}

static void parse(options *o, int argc, char **argv) {
  *o = (options){.threads = 1,
                 .rows = 4096,
                 .columns = 4096,
                 .megabytes = 256,
                 .seconds = 0.6,
                 .tokens = {1, 96},
                 .token_count = 2};
  char *formats = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    char *value = argv[i + 1];
    if (strcmp(argv[i], "--tier") == 0) {
      o->tier = value;
    } else if (strcmp(argv[i], "--threads") == 0) {
      o->threads = (unsigned)strtoul(value, NULL, 10);
    } else if (strcmp(argv[i], "--formats") == 0) {
      formats = value;
    } else if (strcmp(argv[i], "--act") == 0) {
      o->act = value;
    } else if (strcmp(argv[i], "-I") == 0) {
      o->folder = value;
    } else if (strcmp(argv[i], "--tokens") == 0) {
      parse_tokens(o, value);
    } else if (strcmp(argv[i], "--megabytes") == 0) {
      o->megabytes = strtoull(value, NULL, 10);
    } else if (strcmp(argv[i], "--seconds") == 0) {
      o->seconds = strtod(value, NULL);
    } else if (strcmp(argv[i], "--shape") != 0 ||
               sscanf(value, "%llux%llu", (unsigned long long *)&o->rows, (unsigned long long *)&o->columns) != 2) {
      fail("usage: qcc_bench [--tier NAME] [--threads N] [-I DIR] [--formats a,b] [--act MODE] [--shape NxK] [--tokens "
           "M,..] "
           "[--megabytes N] [--seconds S]");
    }
  }
  if (o->threads == 0) o->threads = 1;
  o->format_count = split(formats != NULL ? formats : strdup(default_formats), o->formats);
}

static void choose_tier(bench *b) {
  b->target = target_for_triple(cg_host_triple(b->mem));
  for (size_t i = 0; i < b->target->tier_count && b->tier == NULL; i++) {
    const target_tier *t = &b->target->tiers[i];
    bool runs = (t->cpu_features & ~qrt_cpu_features()) == 0;
    if (runs && (b->o.tier == NULL || strcmp(b->o.tier, t->name) == 0)) b->tier = t;
  }
  if (b->tier == NULL) fail("this processor does not run that tier");
  b->lowering.target = b->target;
}

static void show_limits(const bench *b) {
  printf("tier %s, %u thread%s, N x K = %llu x %llu, weights rotate through %zu MB\n", b->tier->name, b->o.threads,
         b->o.threads == 1 ? "" : "s", (unsigned long long)b->o.rows, (unsigned long long)b->o.columns, b->o.megabytes);
  for (int i = 0; i < 3; i++)
    printf("limits: read %.1f GB/s, byte dot %.0f GMAC/s, fma %.0f GMAC/s\n", meter_rate(b->meter, METER_READ) / 1e9,
           meter_rate(b->meter, METER_BYTE_DOT) / 1e9, meter_rate(b->meter, METER_FMA) / 1e9);
}

int main(int argc, char **argv) {
  bench b = {.mem = arena_new()};
  parse(&b.o, argc, argv);
  b.d = diag_new(b.mem, stderr, false);
  choose_tier(&b);
  const char *const dirs[] = {QCC_SCHEMES, QCC_EXAMPLES "/codebook3", QCC_EXAMPLES "/fine3", b.o.folder};
  b.frontend = (fe_options){.dirs = dirs, .dir_count = b.o.folder != NULL ? 4 : 3};
  b.tree = fe_parse(b.d, b.mem, "bench", "", 0);
  meter_options mo = {b.target, b.tier, b.o.threads, b.o.megabytes << 20};
  b.meter = meter_new(b.d, b.mem, &mo);
  if (b.meter == NULL) return 1;
  show_limits(&b);
  for (size_t i = 0; i < b.o.format_count; i++) bench_format(&b, b.o.formats[i]);
  meter_free(b.meter);
  arena_free(b.mem);
  return 0;
}

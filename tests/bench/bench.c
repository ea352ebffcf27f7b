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
#include <time.h>

#include "frontend/frontend.h"
#include "lower/lower.h"
#include "runtime/qrt.h"
#include "support/num.h"
#include "tests/bench/limits.h"
#include "tests/kernels/kernel_case.h"

#define MAX_LIST 64
#define SINK_BYTES 4096

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
  cg_context *cg;
  const target_tier *tier;
  lower_options lowering;
  ast *tree;
  fe_options frontend;
  qrt_pool pool_value;
  const qrt_pool *pool;
  uint8_t *memory; // weights rotate through it
  size_t memory_size;
  uint8_t *sink;
  qrt_kernel read, dot, fma;
} bench;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *why) {
  fprintf(stderr, "qcc_bench: %s\n", why);
  exit(1);
}

static void *aligned(size_t size) {
  void *p = NULL;
  if (posix_memalign(&p, 4096, (size + 4095) / 4096 * 4096) != 0) fail("out of memory");
  memset(p, 1, size);
  return p;
}

// ---- kernels ---------------------------------------------------------------------------------------------

static cg_jit *compile(bench *b, const ir_module *m) {
  cg_options co = {.opt_level = 2};
  cg_bytes object;
  if (!cg_emit_kernels(b->cg, m, b->lowering.target, b->tier, cg_host_triple(b->mem), &co, CG_OBJECT, &object))
    fail("the kernels do not compile");
  cg_jit *jit = cg_jit_new(b->cg, object);
  if (jit == NULL) fail("the kernels do not load");
  return jit;
}

static qrt_kernel find_kernel(bench *b, cg_jit *jit, const char *name) {
  cg_options co = {0};
  qrt_kernel k = cg_jit_kernel(jit, cg_kernel_symbol(b->mem, &co, b->tier, name));
  if (k == NULL) fail("a kernel is missing");
  return k;
}

static double timed(const bench *b, qrt_kernel k, const qrt_args *args, uint64_t work) {
  double start = now();
  qrt_parallel(b->pool, k, args, work, 1);
  return now() - start;
}

// ---- limits ----------------------------------------------------------------------------------------------

static double read_rate(const bench *b) {
  uint64_t item = UINT64_C(1) << 20;
  qrt_args args = {.buffers = {b->memory, b->sink}, .sizes = {item}};
  uint64_t items = b->memory_size / item;
  return (double)(items * item) / timed(b, b->read, &args, items) / 1e9;
}

// Multiply-adds per second.
static double peak_rate(const bench *b, qrt_kernel k, unsigned per_lane) {
  uint64_t turns = 400000;
  qrt_args args = {.buffers = {b->sink}, .sizes = {turns}};
  double lanes = (double)b->tier->lanes * per_lane;
  return (double)turns * LIMIT_CHAINS * lanes * b->o.threads / timed(b, k, &args, b->o.threads) / 1e9;
}

// ---- one format ------------------------------------------------------------------------------------------

typedef struct result {
  double best;  // seconds of one matrix
  double limit; // of the machine, best seen beside it
} result;

static qrt_args matmul_args(const kernel_case *c, float *y) {
  qrt_args args = {.buffers = {c->packed.data, c->prepared.data, y}};
  case_sizes(c, args.sizes);
  return args;
}

// Copies of the packed tensor side by side, 4 KiB apart at least, in the memory that the read limit reads.
static size_t lay_copies(bench *b, const kernel_case *c, size_t *stride) {
  *stride = ((size_t)c->packed.size + 4095) / 4096 * 4096;
  size_t copies = b->memory_size / *stride;
  for (size_t i = 0; i < copies; i++) memcpy(b->memory + i * *stride, c->packed.data, c->packed.size);
  return copies;
}

static result run_one_token(bench *b, const kernel_case *c, qrt_kernel k, float *y) {
  size_t stride;
  size_t copies = lay_copies(b, c, &stride);
  if (copies == 0) fail("--megabytes is too small for one matrix");
  result r = {.best = 1e30};
  qrt_args args = matmul_args(c, y);
  for (double start = now(); now() - start < b->o.seconds;) {
    double total = 0;
    for (size_t i = 0; i < copies; i++) {
      args.buffers[0] = b->memory + i * stride;
      total += timed(b, k, &args, case_tiles(c));
    }
    if (total / (double)copies < r.best) r.best = total / (double)copies;
    double limit = read_rate(b);
    if (limit > r.limit) r.limit = limit;
  }
  return r;
}

static result run_many_tokens(bench *b, const kernel_case *c, qrt_kernel k, float *y) {
  result r = {.best = 1e30};
  bool ints = mode_is_integer(c->recipe->mode);
  qrt_args args = matmul_args(c, y);
  for (double start = now(); now() - start < b->o.seconds;) {
    double t = timed(b, k, &args, case_tiles(c));
    if (t < r.best) r.best = t;
    double limit = ints ? peak_rate(b, b->dot, 4) : peak_rate(b, b->fma, 1);
    if (limit > r.limit) r.limit = limit;
  }
  return r;
}

static bool check(const kernel_case *c, const float *y) {
  const char *message = "";
  if (case_check(c, y, &message)) return true;
  printf("  WRONG: %s\n", message);
  return false;
}

static void bench_shape(bench *b, const recipe *r, uint64_t tokens) {
  arena *a = arena_new();
  ir_module *m = ir_module_new(a, "bench");
  matmul_shape shape = {.epilogue = ""};
  lower_emit_matmul(m, r, b->tier, false, &shape, "matmul");
  double start = now();
  cg_jit *jit = compile(b, m);
  double compile_ms = (now() - start) * 1e3;
  qrt_kernel k = find_kernel(b, jit, "matmul");
  // The expected results of a large matrix would take minutes: a small one is checked, the large one is timed.
  kernel_case *small = case_new(b->d, a, r, tokens < 3 ? tokens : 3, 33, 512, 7, CASE_RANDOM);
  kernel_case *large = case_timing(b->d, a, r, tokens, b->o.rows, b->o.columns);
  float *y = aligned(4 * tokens * b->o.rows + 4096);
  qrt_args args = matmul_args(small, y);
  k(&args, 0, case_tiles(small));
  double macs = (double)tokens * (double)b->o.rows * (double)b->o.columns;
  double bpw = 8.0 * (double)large->packed.size / ((double)b->o.rows * (double)b->o.columns);
  if (check(small, y)) {
    result t = tokens == 1 ? run_one_token(b, large, k, y) : run_many_tokens(b, large, k, y);
    double gbs = (double)large->packed.size / t.best / 1e9, gmacs = macs / t.best / 1e9;
    double ratio = tokens == 1 ? gbs / t.limit : gmacs / t.limit;
    printf("%-12s %-10s M=%-4llu %6.3f bpw %9.1f us %7.1f GB/s %8.1f GMAC/s  limit %7.1f %s  %5.1f %%  (compiled in "
           "%.0f ms)\n",
           r->scheme->name, compute_mode_name(r->mode), (unsigned long long)tokens, bpw, t.best * 1e6, gbs, gmacs,
           t.limit, tokens == 1 ? "GB/s  " : "GMAC/s", 100 * ratio, compile_ms);
    fflush(stdout);
  }
  free(y);
  cg_jit_free(jit);
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
  b->lowering.target = target_for_triple(cg_host_triple(b->mem));
  for (size_t i = 0; i < b->lowering.target->tier_count && b->tier == NULL; i++) {
    const target_tier *t = &b->lowering.target->tiers[i];
    bool runs = (t->cpu_features & ~qrt_cpu_features()) == 0;
    if (runs && (b->o.tier == NULL || strcmp(b->o.tier, t->name) == 0)) b->tier = t;
  }
  if (b->tier == NULL) fail("this processor does not run that tier");
}

static void start_threads(bench *b) {
  if (b->o.threads <= 1) return;
  size_t size = qrt_threads_size(b->o.threads);
  if (qrt_threads_start(aligned(size), size, b->o.threads, &b->pool_value) != QRT_OK) fail("threads do not start");
  b->pool = &b->pool_value;
}

int main(int argc, char **argv) {
  bench b = {.mem = arena_new()};
  parse(&b.o, argc, argv);
  b.d = diag_new(b.mem, stderr, false);
  b.cg = cg_new(b.d, b.mem);
  choose_tier(&b);
  start_threads(&b);
  const char *const dirs[] = {QCC_SCHEMES, QCC_EXAMPLES "/codebook3", QCC_EXAMPLES "/fine3", b.o.folder};
  b.frontend = (fe_options){.dirs = dirs, .dir_count = b.o.folder != NULL ? 4 : 3};
  b.tree = fe_parse(b.d, b.mem, "bench", "", 0);
  b.memory_size = b.o.megabytes << 20;
  b.memory = aligned(b.memory_size);
  b.sink = aligned(SINK_BYTES);
  memset(b.sink, 0, SINK_BYTES);
  ir_module *limits = ir_module_new(b.mem, "limits");
  limits_emit(limits, b.tier);
  cg_jit *jit = compile(&b, limits);
  b.read = find_kernel(&b, jit, "limit_read");
  b.dot = find_kernel(&b, jit, "limit_dot");
  b.fma = find_kernel(&b, jit, "limit_fma");
  printf("tier %s, %u thread%s, N x K = %llu x %llu, weights rotate through %zu MB\n", b.tier->name, b.o.threads,
         b.o.threads == 1 ? "" : "s", (unsigned long long)b.o.rows, (unsigned long long)b.o.columns, b.o.megabytes);
  for (int i = 0; i < 3; i++)
    printf("limits: read %.1f GB/s, byte dot %.0f GMAC/s, fma %.0f GMAC/s\n", read_rate(&b), peak_rate(&b, b.dot, 4),
           peak_rate(&b, b.fma, 1));
  for (size_t i = 0; i < b.o.format_count; i++) bench_format(&b, b.o.formats[i]);
  cg_jit_free(jit);
  return 0;
}

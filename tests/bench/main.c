// Speed of the derived kernels beside other libraries and the machine's own limits, by turns in one run.
//
//   qcc_bench --help
//
// One token: packed weights rotate through more memory than the last-level cache, on every side; the figure is bytes of
// packed weights per second over the read bandwidth of the same memory. Many tokens: multiply-adds per second over the
// peak of the tier's unit that the kernel uses. Every result is compared with the reference decoder before it is timed.
#include <stdlib.h>
#include <string.h>

#include "format/scheme_parts.h"
#include "frontend/frontend.h"
#include "tests/bench/count.h"
#include "tests/bench/options.h"
#include "tests/bench/peers.h"
#include "tests/bench/results.h"
#include "tests/bench/spread.h"
#include "tests/kernels/kernel_case.h"

typedef struct bench {
  bench_options o;
  arena *mem;
  diag *d;
  const target *target;
  const target_tier *tier;
  peers peers;
  blas *blas; // NULL: not there
  onnx *onnx; // NULL: not there
  lower_options lowering;
  ast *tree;
  fe_options frontend;
  meter **meters; // by the options' threads
  FILE *out;      // or NULL
  size_t wrong;
} bench;

// One format while it is measured.
typedef struct format_run {
  bench *b;
  const char *name;
  const recipe *recipe;
  qcc_kernels kernels;
} format_run;

// ---- one format ------------------------------------------------------------------------------------------

// Random codes of all values and odd sizes, to the last bit of what numerics.md promises; the large matrix, whose
// expected results would take minutes, is then compared on a sample.
static bool check_small(const format_run *f, uint64_t tokens) {
  arena *a = arena_new();
  kernel_case *c = case_new(f->b->d, a, f->recipe, tokens, 33, 512, 7, SAMPLE_RANDOM);
  if (c == NULL) {
    arena_free(a);
    return false;
  }
  float *y = ARENA_ARRAY(a, float, c->tokens * c->rows + 16);
  qrt_args args = {.buffers = {c->packed.data, c->prepared.data, y}};
  case_sizes(c, args.sizes);
  f->kernels.product(&args, 0, case_tiles(c));
  const char *message = "";
  bool ok = case_check(c, y, &message);
  if (!ok) diag_error_file(f->b->d, f->name, "wrong result: %s", message);
  arena_free(a);
  return ok;
}

static bool measure_case(const format_run *f, const comparison *c, size_t thread, uint64_t tokens) {
  bench *b = f->b;
  result r = {.format = f->name,
              .recipe = f->recipe,
              .tier = b->tier,
              .rows = c->matter->rows,
              .columns = c->matter->columns,
              .tokens = tokens,
              .threads = (unsigned)b->o.threads[thread],
              .bytes = c->weights->bytes,
              .stored = matter_stored_bytes(c->matter),
              .compile = f->kernels.seconds};
  if (!compare(c, b->meters[thread], tokens, &r.figures)) return false;
  result_print(stdout, &r);
  if (b->out != NULL) result_write(b->out, b->mem, &r);
  return true;
}

// Instructions instead of time.
static bool count_shape(const format_run *f, const qcc_weights *w) {
  const bench *b = f->b;
  for (size_t i = 0; i < b->o.token_count; i++)
    if (!count_instructions(b->d, b->meters[0], &f->kernels, w, f->name, b->o.tokens[i], b->o.count)) return false;
  return true;
}

static bool measure_shape(const format_run *f, bench_shape shape) {
  bench *b = f->b;
  arena *a = arena_new();
  qcc_weights weights;
  plugin_weights ggml = {0};
  blas_weights floats = {0};
  matter *m = matter_new(b->d, a, f->recipe->scheme, shape.rows, shape.columns, b->peers.ggml);
  bool ok = m != NULL && qcc_pack(&weights, b->d, a, f->recipe, m);
  if (b->o.count != NULL) {
    ok = ok && count_shape(f, &weights);
    matter_free(m);
    arena_free(a);
    return ok;
  }
  if (ok) plugin_load(&ggml, a, b->peers.ggml, m, b->o.memory);
  onnx *child = ok && onnx_load(b->onnx, b->d, a, m, b->o.memory) ? b->onnx : NULL;
  blas *decoded = ok && ggml.count == 0 && child == NULL ? b->blas : NULL;
  if (decoded != NULL) ok = blas_load(&floats, b->d, m, b->o.memory);
  comparison c = {b->d, &f->kernels, m, &weights, &ggml, child, decoded, &floats, b->o.seconds};
  for (size_t t = 0; ok && t < b->o.thread_count; t++)
    for (size_t i = 0; ok && i < b->o.token_count; i++) ok = measure_case(f, &c, t, b->o.tokens[i]);
  plugin_unload(&ggml);
  blas_unload(&floats);
  matter_free(m);
  arena_free(a);
  return ok;
}

// "f16", "i8 per 32", "i1 per token"
static bool parse_act(diag *d, arena *a, const char *option, act_spec *act) {
  char *text = arena_strdup(a, option), *per = strstr(text, " per ");
  if (per != NULL) *per = '\0';
  bool ok = per == NULL ? act_plain(text, act)
                        : act_dynamic(text, strtoull(per + strlen(" per "), NULL, 10), act); // "token" is no number: 0
  if (!ok) diag_error_file(d, option, "this is no mode of activations");
  if (!ok) diag_hint(d, "'i8 per 32', 'f16'");
  return ok;
}

// A sum or a sequence of parts has a product for each of them, in a format of its own.
static bool is_one_product(const bench *b, const scheme *s) {
  const scheme_part *parts;
  return scheme_split(b->d, b->mem, s, &parts) == 1 && parts[0].kind == PART_REST;
}

// A format as in the command line, "q4_g(group=64)"; with activations of its own behind a '/'.
static bool measure_format(bench *b, const char *text) {
  char *name = arena_strdup(b->mem, text), *own = strchr(name, '/');
  if (own != NULL) *own = '\0';
  const scheme *s = fe_find_scheme(b->d, b->mem, b->tree, &b->frontend, name);
  if (s == NULL) return false;
  if (!is_one_product(b, s)) {
    printf("%-12s %-22s is made of parts, which are measured as the formats that they have\n", b->tier->name, name);
    return true;
  }
  act_spec act = fe_default_act(s);
  const char *mode = own != NULL ? own + 1 : b->o.act;
  if (mode != NULL && !parse_act(b->d, b->mem, mode, &act)) return false;
  format_run f = {.b = b, .name = name, .recipe = lower_make_recipe(b->d, b->mem, s, &act, name, &b->lowering)};
  bool ok = f.recipe != NULL && qcc_compile(&f.kernels, b->meters[0], b->mem, f.recipe) && check_small(&f, 1) &&
            check_small(&f, 3);
  for (size_t i = 0; ok && i < b->o.shape_count; i++) ok = measure_shape(&f, b->o.shapes[i]);
  meter_unload(f.kernels.code);
  return ok;
}

// ---- beginning and end -----------------------------------------------------------------------------------

static bool choose_tier(bench *b, bool *best) {
  b->target = target_for_triple(cg_host_triple(b->mem));
  b->lowering.target = b->target;
  *best = true;
  for (size_t i = 0; i < b->target->tier_count; i++) {
    const target_tier *t = &b->target->tiers[i];
    if ((t->cpu_features & ~qrt_cpu_features()) != 0) continue;
    b->tier = t;
    if (b->o.tier == NULL || strcmp(b->o.tier, t->name) == 0) return true;
    *best = false;
  }
  diag_error_file(b->d, b->o.tier, "this processor does not run that tier");
  return false;
}

static bool make_meters(bench *b) {
  b->meters = ARENA_ARRAY(b->mem, meter *, b->o.thread_count);
  for (size_t i = 0; i < b->o.thread_count; i++) {
    thread_list before;
    threads_list(&before);
    meter_options mo = {b->target, b->tier, (unsigned)b->o.threads[i], b->o.memory};
    b->meters[i] = meter_new(b->d, b->mem, &mo);
    if (b->meters[i] == NULL) return false;
    threads_spread(&before);
  }
  return true;
}

static bool begin(bench *b) {
  static const char *const dirs[] = {QCC_SCHEMES, QCC_EXAMPLES "/codebook3", QCC_EXAMPLES "/fine3", NULL};
  bool best;
  const char **all = ARENA_ARRAY(b->mem, const char *, sizeof dirs / sizeof *dirs);
  memcpy(all, dirs, sizeof dirs);
  all[3] = b->o.folder;
  b->frontend = (fe_options){.dirs = all, .dir_count = b->o.folder != NULL ? 4 : 3};
  b->tree = fe_parse(b->d, b->mem, "bench", "", 0);
  if (!choose_tier(b, &best) || !peers_read(&b->peers, b->d, b->mem, b->o.peers, b->tier, best)) return false;
  if (b->o.out != NULL && (b->out = fopen(b->o.out, "a")) == NULL) {
    diag_error_file(b->d, b->o.out, "cannot be written");
    return false;
  }
  if (b->peers.blas != NULL && (b->blas = blas_open(b->d, b->mem, b->peers.blas, b->peers.core)) == NULL) return false;
  if (b->peers.python != NULL)
    b->onnx = onnx_start(b->d, b->mem, b->peers.python, QCC_BENCH "/onnx_peer.py", b->peers.folder);
  return make_meters(b);
}

static int print_tiers(void) {
  arena *a = arena_new();
  const target *t = target_for_triple(cg_host_triple(a));
  for (size_t i = 0; i < t->tier_count; i++)
    if ((t->tiers[i].cpu_features & ~qrt_cpu_features()) == 0) puts(t->tiers[i].name);
  arena_free(a);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--tiers") == 0) return print_tiers();
  bench b = {.mem = arena_new()};
  b.d = diag_new(b.mem, stderr, false);
  bool ok = bench_options_parse(&b.o, b.mem, argc, argv) && begin(&b);
  for (size_t i = 0; ok && i < b.o.format_count; i++) b.wrong += !measure_format(&b, b.o.formats[i]);
  for (size_t i = 0; b.meters != NULL && i < b.o.thread_count; i++) meter_free(b.meters[i]);
  if (b.out != NULL) fclose(b.out);
  onnx_stop(b.onnx);
  arena_free(b.mem);
  return ok && b.wrong == 0 ? 0 : 1;
}

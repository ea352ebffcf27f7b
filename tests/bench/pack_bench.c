// How fast weights go from a file's layout into the kernels': pack_bench [ROWSxCOLUMNS] [FORMAT.LAYOUT ..]
//
// One thread packs a random file of each layout, strip by strip, as qcc does; rates are in bytes of the file a second. The
// rate of memcpy, between the same packings, tells what this machine could do at best.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "frontend/frontend.h"
#include "tests/pack/pack_kit.h"

enum { STRIP_TILES = 16, REPEATS = 7, MAX_PIECES = 4096 };

static const char *const usual[] = {"q4_0.gguf",
                                    "q8_0.gguf",
                                    "q4_K.gguf",
                                    "q5_K.gguf",
                                    "q6_K.gguf",
                                    "q2_K.gguf",
                                    "q3_K.gguf",
                                    "q5_0.gguf",
                                    "iq4_nl.gguf",
                                    "iq4_xs.gguf",
                                    "iq2_xxs.gguf",
                                    "iq3_s.gguf",
                                    "iq1_s.gguf",
                                    "mxfp4.compressed_tensors",
                                    "nvfp4.modelopt",
                                    "nf4.bitsandbytes",
                                    "uint_g.gptq",
                                    "int4_g.awq",
                                    "int_g.pack_quantized",
                                    "int8_row.int_quantized",
                                    "fp8_block.weight_scale_inv",
                                    "hqq.hqq",
                                    "tq1_0.gguf"};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// The least time of each piece, over all repeats: others disturb now one of them, now another.
typedef struct stopwatch {
  double *least;
  size_t count;
} stopwatch;

static void note(stopwatch *s, size_t piece, double seconds) {
  if (piece >= s->count) s->count = piece + 1;
  if (s->least[piece] == 0 || seconds < s->least[piece]) s->least[piece] = seconds;
}

static double total(const stopwatch *s) {
  double sum = 0;
  for (size_t i = 0; i < s->count; i++) sum += s->least[i];
  return sum;
}

// Copies all inputs, as much at a time as a strip has.
static void copy_all(const pack_file *f, uint8_t *out, uint64_t room, stopwatch *watch) {
  size_t piece = 0;
  for (size_t i = 0; i < (f->layout->block_weights != 0 ? 1 : f->layout->tensor_count); i++)
    for (uint64_t at = 0; at < f->inputs[i].size; at += room) {
      uint64_t left = f->inputs[i].size - at;
      double begun = now();
      memcpy(out, f->inputs[i].data + at, (size_t)(left < room ? left : room));
      __asm__ volatile("" : : "r"(out) : "memory");
      note(watch, piece++, now() - begun);
    }
}

static bool pack_all(const pack_tiles *x, diag *d, uint8_t *out, stopwatch *watch) {
  for (uint64_t tile = 0; tile < pack_tiles_count(x); tile += STRIP_TILES) {
    uint64_t left = pack_tiles_count(x) - tile;
    double begun = now();
    if (!pack_tiles_run(x, d, tile, left < STRIP_TILES ? left : STRIP_TILES, out)) return false;
    note(watch, tile / STRIP_TILES, now() - begun);
  }
  return true;
}

static bool measure(arena *a, const char *name, const scheme *s, const scheme_layout *l, uint64_t rows,
                    uint64_t columns) {
  static const act_spec act = {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32};
  diag *d = diag_new(a, stderr, false);
  pack_file f;
  const recipe *r = pack_recipe(a, s, &act);
  if (r == NULL || !pack_file_new(a, s, l, rows, columns, 0, 1, &f)) return false;
  double planned = now();
  const pack_source source = {.layout = l, .inputs = f.inputs, .name = "w"};
  const pack_tiles *x = pack_tiles_new(d, a, r, rows, columns, &source);
  if (x == NULL) return false;
  planned = now() - planned;
  uint64_t room = STRIP_TILES * pack_tiles_bytes(x);
  uint8_t *out = arena_alloc(a, (size_t)room, 1);
  stopwatch watch[2] = {{.least = ARENA_ARRAY(a, double, MAX_PIECES)}, {.least = ARENA_ARRAY(a, double, MAX_PIECES)}};
  if (pack_tiles_count(x) / STRIP_TILES >= MAX_PIECES || f.bytes / room + 8 >= MAX_PIECES) return false;
  for (int i = 0; i < REPEATS; i++) {
    if (!pack_all(x, d, out, &watch[0])) return false;
    copy_all(&f, out, room, &watch[1]);
  }
  double seconds = total(&watch[0]), copying = total(&watch[1]);
  pack_way way = pack_tiles_way(x, a);
  printf("%-28s %7.2f GB/s %7.2f GB/s %8.2f ns %8.1f ms  %s%s%s\n", name, 1e-9 * (double)f.bytes / seconds,
         1e-9 * (double)f.bytes / copying, 1e9 * seconds / ((double)rows * (double)columns), 1e3 * planned,
         way.plain ? "plain " : "", way.slow[0] != '\0' ? "read one by one: " : way.derived, way.slow);
  fflush(stdout);
  pack_file_free(&f);
  return true;
}

static bool measure_name(const char *name, uint64_t rows, uint64_t columns) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  const fe_options options = {.dirs = dirs, .dir_count = 1};
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  const char *dot = strrchr(name, '.');
  const scheme *s =
      dot == NULL ? NULL : fe_find_scheme(d, a, NULL, &options, arena_strndup(a, name, (size_t)(dot - name)));
  const scheme_layout *l = s == NULL ? NULL : scheme_find_layout(s, dot + 1);
  bool ok = l != NULL && measure(a, name, s, l, rows, columns);
  if (!ok) fprintf(stderr, "pack_bench: '%s' cannot be packed; name FORMAT.LAYOUT\n", name);
  arena_free(a);
  return ok;
}

int main(int argc, char **argv) {
  unsigned long rows = 4096, columns = 14336;
  bool ok = true;
  if (argc > 1 && sscanf(argv[1], "%lux%lu", &rows, &columns) == 2) argc--, argv++;
  printf("%lu x %lu weights, one thread, the best of %d times for each strip of tiles\n", rows, columns, REPEATS);
  printf("%-28s %12s %12s %11s %11s\n", "format and layout", "packing", "memcpy", "a weight", "plan");
  for (int i = 1; i < argc; i++) ok &= measure_name(argv[i], rows, columns);
  for (size_t i = 0; argc < 2 && i < sizeof usual / sizeof *usual; i++) ok &= measure_name(usual[i], rows, columns);
  return ok ? 0 : 1;
}

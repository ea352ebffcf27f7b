// Real files that nobody here wrote, where they are present: $QCC_SHARED/models, else ../shared/models beside the
// sources.
#include <stdio.h>
#include <stdlib.h>

#include "tests/load/kit.h"

static scheme *nf4_64(arena *a) { return kit_nf4(a, 64); }

// The relative error that each format may have on weights of trained networks.
static const struct {
  scheme *(*make)(arena *a);
  double limit;
} formats[] = {{kit_q4_0, 0.12}, {kit_q8_0, 0.008},    {kit_q4_1, 0.10},      {kit_q5_0, 0.06},   {nf4_64, 0.11},
               {kit_f16, 0.001}, {kit_int8_row, 0.03}, {kit_codebook3, 0.25}, {kit_ternary, 0.65}};
enum { FORMATS = sizeof formats / sizeof *formats };

static const struct {
  const char *file, *name;
  uint64_t rows, columns;
} layers[] = {
    {"models/mnist/mnist.safetensors", "fc2.weight", 10, 32},
    {"models/llama2c/stories260K.gguf", "blk.0.attn_k.weight", 32, 64},
    {"models/llama2c/stories260K.gguf", "blk.4.ffn_down.weight", 64, 172},
};
enum { LAYERS = sizeof layers / sizeof *layers };

static bool use_file(const char *name) {
  const char *shared = getenv("QCC_SHARED");
  const char *folder = shared != NULL ? shared : QCC_SOURCE_DIR "/../shared";
  FILE *f = fopen(arena_printf(lc.mem, "%s/%s", folder, name), "rb");
  if (f == NULL) {
    printf("skipped: %s is not present\n", name);
    return false;
  }
  fclose(f);
  lc.files = weight_files_new(lc.d, lc.mem, folder);
  return true;
}

START_TEST(error_bounds) {
  if (!use_file(layers[_i].file)) return;
  load_source(layers[_i].file);
  for (size_t f = 0; f < FORMATS; f++)
    load_weight(layers[_i].name, formats[f].make(lc.mem), layers[_i].rows, layers[_i].columns);
  weight_stats stats[FORMATS];
  load_build(stats);
  for (size_t f = 0; f < FORMATS; f++) {
    double error = stats[f].error.relative_rms;
    ck_assert_msg(error > 0 || formats[f].limit < 0.01, "%s of %s", stats[f].format, layers[_i].name);
    ck_assert_msg(error <= formats[f].limit, "%s of %s: %g", stats[f].format, layers[_i].name, error);
  }
}
END_TEST

// The largest matrix there: 32 x 11616.
START_TEST(a_whole_network) {
  if (!use_file("models/mnist/mnist.safetensors")) return;
  load_source("models/mnist/mnist.safetensors");
  scheme *s = kit_q4_0(lc.mem);
  load_weight("fc1.weight", s, 32, 11616);
  load_weight("fc1.bias", NULL, 1, 32);
  load_weight("fc2.weight", kit_q8_0(lc.mem), 10, 32);
  load_weight("fc2.bias", NULL, 1, 10);
  weight_stats stats[4];
  qw_image image = load_build(stats);
  uint64_t id = qw_model_id(lc.m);
  ck_assert(qw_check(lc.d, "mnist.qw", image.bytes, image.size, &id, NULL));
  ck_assert_double_le(stats[0].error.relative_rms, 0.12);
  weights_print_table(stdout, stats, 4);
}
END_TEST

TCase *load_tcase_models(void) {
  TCase *t = tcase_create("models");
  tcase_add_loop_test(t, error_bounds, 0, LAYERS);
  tcase_add_test(t, a_whole_network);
  return t;
}

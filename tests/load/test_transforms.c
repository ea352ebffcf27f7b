// Formats that change the input or output of their layer, from files to the results of a model: orders, factors and
// Hadamard transforms, against the same sums in double.
#include <math.h>
#include <string.h>

#include "format/transform.h"
#include "frontend/frontend.h"
#include "interp/interp.h"
#include "network/lower.h"
#include "support/fp.h"
#include "tests/load/kit.h"
#include "weights/quantize.h"

enum { ROWS = 32, COLUMNS = 256, TOKENS = 3 };

// ---- a model from text to results ------------------------------------------------------------------------

static void build(const char *text) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  fe_options options = {.dirs = dirs, .dir_count = 1};
  ast *tree = fe_parse(lc.d, lc.mem, "model.q", arena_strdup(lc.mem, text), strlen(text));
  lc.m = fe_build(lc.d, lc.mem, tree, &options);
  ck_assert_msg(lc.m != NULL, "%s", diag_text(lc.d));
  lower_options lowering = {.target = target_get(0), .verify = true};
  ck_assert_msg(lower_module(lc.d, lc.m, &lowering), "%s", diag_text(lc.d));
  ck_assert_msg(lower_kernels(lc.d, lc.m, &lowering.target->tiers[0], &lowering, lc.m), "%s", diag_text(lc.d));
}

// One layer `fc` with this rule, and further declarations.
static void build_layer(const char *rule, const char *more) {
  build(arena_printf(lc.mem,
                     "model m { weights \"m.safetensors\"; dim batch <= 4; input x : f32[batch, %d];\n"
                     "  output y = linear(x, \"fc\", out = %d, bias = none); }\nquantize { \"fc\" : %s; }\n%s",
                     COLUMNS, ROWS, rule, more));
}

static float *run(const float *x, size_t outputs, weight_stats *stats) {
  ir_memory weights = {.data = ARENA_ARRAY(lc.mem, uint8_t, lc.m->plan->weights_size),
                       .size = lc.m->plan->weights_size};
  float *y = ARENA_ARRAY(lc.mem, float, (size_t)TOKENS *outputs);
  ir_memory in = {.data = (uint8_t *)x, .size = sizeof *x * TOKENS * COLUMNS};
  ir_memory out = {.data = (uint8_t *)y, .size = sizeof *y * TOKENS * outputs};
  weight_stats *room = ARENA_ARRAY(lc.mem, weight_stats, lc.m->weights.len);
  weight_set *set = weights_open(lc.d, lc.mem, lc.files, lc.m, NULL);
  ck_assert_msg(set != NULL && weights_pack(set, weights.data, weights.size, room), "%s", diag_text(lc.d));
  if (stats != NULL) *stats = room[0];
  ck_assert_msg(ir_interpret_plan(lc.d, lc.m, TOKENS, &in, &out, &weights), "%s", diag_text(lc.d));
  return y;
}

// |y - W x| / |W x|
static double relative_error(const float *y, const double *w, const float *x) {
  double error = 0, power = 0;
  for (size_t m = 0; m < TOKENS; m++)
    for (size_t n = 0; n < ROWS; n++) {
      double sum = 0;
      for (size_t k = 0; k < COLUMNS; k++) sum += w[n * COLUMNS + k] * (double)x[m * COLUMNS + k];
      error += (sum - (double)y[m * ROWS + n]) * (sum - (double)y[m * ROWS + n]);
      power += sum * sum;
    }
  return sqrt(error / power);
}

static const float *tokens(void) { return kit_normal_weights(lc.mem, (uint64_t)TOKENS * COLUMNS, 77); }

static double *doubles(const float *w, size_t count) {
  double *d = ARENA_ARRAY(lc.mem, double, count);
  for (size_t i = 0; i < count; i++) d[i] = (double)w[i];
  return d;
}

// The weights that the layer `fc` has, as its codes mean them.
static double *weights_of_layer(void) {
  size_t index = 0;
  while (strcmp(lc.m->weights.data[index]->layer, "fc") != 0) index++;
  weight_set *set = weights_open(lc.d, lc.mem, lc.files, lc.m, NULL);
  ck_assert_msg(set != NULL, "%s", diag_text(lc.d));
  const tensor_codes *codes = weights_read_codes(set, lc.mem, index, NULL);
  ck_assert_msg(codes != NULL, "%s", diag_text(lc.d));
  double *w = ARENA_ARRAY(lc.mem, double, (size_t)ROWS *COLUMNS);
  for (size_t n = 0; n < ROWS; n++) scheme_row(codes, n, w + n * COLUMNS);
  transform_unfold(codes, w);
  return w;
}

// ---- act-order -------------------------------------------------------------------------------------------

typedef struct gptq {
  uint32_t *codes, *zeros; // words
  uint16_t *scales;
  int32_t *g_idx;
  double *w; // what they mean
} gptq;

static void put_word_bits(uint32_t *words, size_t stride, size_t at, unsigned bits, uint32_t value) {
  for (unsigned b = 0; b < bits; b++) words[(at + b) / 32 * stride] |= (value >> b & 1) << (at + b) % 32;
}

// Codes of `bits` in groups of `group` columns that are scattered over the row; the definition of these files.
static gptq make_gptq(unsigned bits, size_t group) {
  size_t groups = COLUMNS / group, words = (size_t)COLUMNS * bits / 32, zero_words = ((size_t)ROWS * bits + 31) / 32;
  uint64_t state = bits;
  gptq g = {.codes = ARENA_ARRAY(lc.mem, uint32_t, words *ROWS),
            .zeros = ARENA_ARRAY(lc.mem, uint32_t, groups *zero_words),
            .scales = ARENA_ARRAY(lc.mem, uint16_t, groups *ROWS),
            .g_idx = ARENA_ARRAY(lc.mem, int32_t, COLUMNS),
            .w = ARENA_ARRAY(lc.mem, double, (size_t)ROWS *COLUMNS)};
  for (size_t k = 0; k < COLUMNS; k++) { // a shuffle of k / group
    size_t j = kit_random(&state) % (k + 1);
    g.g_idx[k] = g.g_idx[j];
    g.g_idx[j] = (int32_t)(k / group);
  }
  uint32_t *zero = ARENA_ARRAY(lc.mem, uint32_t, groups *ROWS);
  for (size_t i = 0; i < groups * ROWS; i++) {
    zero[i] = 1 + (uint32_t)kit_random(&state) % ((1u << bits) - 1);
    g.scales[i] = fp_to_f16(0.5f + (float)(kit_random(&state) % 1000) / 1000);
    put_word_bits(g.zeros + i / ROWS * zero_words, 1, i % ROWS * bits, bits, zero[i] - 1);
  }
  for (size_t k = 0; k < COLUMNS; k++)
    for (size_t n = 0; n < ROWS; n++) {
      uint32_t code = (uint32_t)kit_random(&state) & ((1u << bits) - 1);
      size_t at = (size_t)g.g_idx[k] * ROWS + n;
      put_word_bits(g.codes + n, ROWS, k * bits, bits, code);
      g.w[n * COLUMNS + k] = (double)fp_from_f16(g.scales[at]) * ((double)code - (double)zero[at]);
    }
  return g;
}

static void write_gptq(const gptq *g, unsigned bits, size_t group) {
  uint64_t groups = COLUMNS / group, words = (uint64_t)COLUMNS * bits / 32, zeros = ((uint64_t)ROWS * bits + 31) / 32;
  safetensors_item items[] = {load_item("fc.qweight", TENSOR_I32, 2, (uint64_t[]){words, ROWS}, g->codes),
                              load_item("fc.qzeros", TENSOR_I32, 2, (uint64_t[]){groups, zeros}, g->zeros),
                              load_item("fc.scales", TENSOR_F16, 2, (uint64_t[]){groups, ROWS}, g->scales),
                              load_item("fc.g_idx", TENSOR_I32, 1, (uint64_t[]){COLUMNS}, g->g_idx)};
  load_write("m.safetensors", items, 4, NULL, 0);
}

START_TEST(gptq_with_an_order_of_its_own) {
  static const unsigned widths[] = {2, 3, 4, 8};
  unsigned bits = widths[_i];
  gptq g = make_gptq(bits, 32);
  write_gptq(&g, bits, 32);
  build_layer(arena_printf(lc.mem, "uint_g_order(bits = %u, group = 32), layout = gptq, act = f32", bits), "");
  ck_assert_mem_eq(weights_of_layer(), g.w, (size_t)ROWS * COLUMNS * sizeof *g.w); // every bit
  const float *x = tokens();
  ck_assert_double_lt(relative_error(run(x, ROWS, NULL), g.w, x), 1e-6);
}
END_TEST

START_TEST(groups_of_uneven_size) {
  gptq g = make_gptq(4, 32);
  g.g_idx[7] = g.g_idx[8] == 0 ? 1 : 0;
  write_gptq(&g, 4, 32);
  build_layer("uint_g_order(group = 32), layout = gptq, act = f32", "");
  weight_set *set = load_open();
  uint8_t *room = ARENA_ARRAY(lc.mem, uint8_t, lc.m->plan->weights_size);
  ck_assert(!weights_pack(set, room, lc.m->plan->weights_size, ARENA_ARRAY(lc.mem, weight_stats, lc.m->weights.len)));
  load_expect_message("of field 'order' at index -1 of dimension 0 of 'g_idx', which has 256");
}
END_TEST

// ---- weights with outliers -------------------------------------------------------------------------------

static float *with_outliers(void) {
  float *w = kit_normal_weights(lc.mem, (uint64_t)ROWS * COLUMNS, 5);
  uint64_t state = 6;
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
    if (kit_random(&state) % 200 == 0) w[i] *= 25;
  return w;
}

static void write_floats(const float *w, const char *extra, uint64_t count, const float *numbers) {
  safetensors_item items[] = {load_matrix("fc.weight", ROWS, COLUMNS, w),
                              load_item(extra == NULL ? "unused" : extra, TENSOR_F32, 1, (uint64_t[]){count}, numbers)};
  load_write("m.safetensors", items, extra == NULL ? 1 : 2, NULL, 0);
}

START_TEST(a_hadamard_transform_spreads_outliers) {
  static const char plain[] = "scheme plain { code : u4; scale : f16 per 32; value = scale * (code - 8); }";
  const float *x = tokens();
  float *w = with_outliers();
  weight_stats before, after;
  write_floats(w, NULL, 0, NULL);
  build_layer("plain, act = f32", plain);
  double direct = relative_error(run(x, ROWS, &before), doubles(w, (size_t)ROWS * COLUMNS), x);
  build_layer("int4_h, act = f32", "");
  double turned = relative_error(run(x, ROWS, &after), doubles(w, (size_t)ROWS * COLUMNS), x);
  ck_assert(before.has_error && after.has_error);
  ck_assert_msg(turned < 0.75 * direct && after.error.relative_rms < 0.75 * before.error.relative_rms,
                "%g instead of %g, weights %g instead of %g", turned, direct, after.error.relative_rms,
                before.error.relative_rms);
  // the error that is told is that of the weights that the layer has
  double *has = weights_of_layer(), error = 0, power = 0;
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
    error += (has[i] - (double)w[i]) * (has[i] - (double)w[i]);
    power += (double)w[i] * (double)w[i];
  }
  ck_assert_double_eq_tol(after.error.relative_rms, sqrt(error / power), 1e-9);
}
END_TEST

// ---- activations with outliers ---------------------------------------------------------------------------

START_TEST(factors_move_outliers_of_the_activations) {
  float *x = kit_normal_weights(lc.mem, (uint64_t)TOKENS * COLUMNS, 7), smooth[COLUMNS];
  float *w = kit_normal_weights(lc.mem, (uint64_t)ROWS * COLUMNS, 8);
  for (size_t k = 0; k < COLUMNS; k++) smooth[k] = k % 50 == 3 ? 8.0f : 1.0f;
  for (size_t i = 0; i < (size_t)TOKENS * COLUMNS; i++)
    if (i % COLUMNS % 50 == 3) x[i] *= 60;
  double *exact = doubles(w, (size_t)ROWS * COLUMNS);
  write_floats(w, NULL, 0, NULL);
  build_layer("w8a8_smooth", ""); // without factors: as if there were none
  double rough = relative_error(run(x, ROWS, NULL), exact, x);
  weight_files_close(lc.files);
  lc.files = weight_files_new(lc.d, lc.mem, load_path("."));
  write_floats(w, "fc.smooth", COLUMNS, smooth);
  build_layer("w8a8_smooth", "");
  double fine = relative_error(run(x, ROWS, NULL), exact, x);
  ck_assert_msg(fine < 0.75 * rough, "%g instead of %g", fine, rough);
}
END_TEST

// ---- all kinds of steps ----------------------------------------------------------------------------------

static const char steps[] = "scheme steps { code : i8; scale : f32 per row; order : u16 per column; gain : f16 per "
                            "column; turn : f32 per row;\n"
                            "  value = scale * code; input = hadamard(x[order] * gain, 64) / 3;\n"
                            "  output = hadamard(y * turn * (1 - 2 * (n % 2)), 32)[n ^ 5]; }";

static void write_steps(void) {
  float order[COLUMNS], gain[COLUMNS], turn[ROWS];
  for (size_t k = 0; k < COLUMNS; k++) order[k] = (float)(k * 77 % COLUMNS);
  for (size_t k = 0; k < COLUMNS; k++) gain[k] = 0.5f + (float)(k % 16) / 16;
  for (size_t n = 0; n < ROWS; n++) turn[n] = 1 + (float)n / 64;
  safetensors_item items[] = {
      load_matrix("fc.weight", ROWS, COLUMNS, kit_normal_weights(lc.mem, (uint64_t)ROWS * COLUMNS, 9)),
      load_item("fc.order", TENSOR_F32, 1, (uint64_t[]){COLUMNS}, order),
      load_item("fc.gain", TENSOR_F32, 1, (uint64_t[]){COLUMNS}, gain),
      load_item("fc.turn", TENSOR_F32, 1, (uint64_t[]){ROWS}, turn)};
  load_write("m.safetensors", items, 4, NULL, 0);
}

START_TEST(every_step_there_and_back) {
  const float *x = tokens();
  write_steps();
  build_layer("steps, act = f32", steps);
  weight_stats stats;
  float *y = run(x, ROWS, &stats);
  double *w = doubles(kit_normal_weights(lc.mem, (uint64_t)ROWS * COLUMNS, 9), (size_t)ROWS * COLUMNS);
  ck_assert_double_lt(stats.error.relative_rms, 0.01); // 8 bits
  ck_assert_double_lt(relative_error(y, w, x), 0.01);  // and the kernels do what the encoder assumed
  ck_assert_double_lt(relative_error(y, weights_of_layer(), x), 1e-6);
}
END_TEST

START_TEST(quantized_files_keep_orders_and_factors) {
  const float *x = tokens();
  write_steps();
  build_layer("steps, act = f32", steps);
  float *direct = run(x, ROWS, NULL);
  quantize_job job = {.input = load_path("m.safetensors"), .output = load_path("q.safetensors")};
  job.scheme = lc.m->schemes.data[0];
  file_set *set = file_set_new(lc.d, lc.mem);
  ck_assert_msg(quantize_file(lc.d, lc.mem, set, &job) && file_set_commit(set), "%s", diag_text(lc.d));
  lc.m->sources.data[0] = "q.safetensors";
  for (size_t i = 0; i < lc.m->weights.len; i++)
    if (lc.m->weights.data[i]->source != NULL) lc.m->weights.data[i]->source = "q.safetensors";
  ck_assert_mem_eq(run(x, ROWS, NULL), direct, sizeof *direct * TOKENS * ROWS);
}
END_TEST

// ---- what layers share -----------------------------------------------------------------------------------

START_TEST(layers_share_steps_without_fields) {
  build("model m { weights \"m.safetensors\"; dim batch <= 4; input x : f32[batch, 256];\n"
        "  output y = linear(x, \"a\", out = 32, bias = none) + linear(x, \"b\", out = 32, bias = none);\n"
        "  output z = linear(x, \"c\", out = 32, bias = required) * linear(x, \"d\", out = 32, bias = none); }\n"
        "quantize { \"a\" : int4_h; \"b\" : int4_h; \"*\" : int8_smooth; }");
  size_t counts[IR_OPCODE_COUNT] = {0}, factors = 0;
  const ir_block *body = ir_find_model(lc.m)->body;
  for (size_t i = 0; i < body->ops.len; i++) counts[body->ops.data[i]->code]++;
  for (size_t i = 0; i < lc.m->weights.len; i++) factors += lc.m->weights.data[i]->of != NULL;
  ck_assert_uint_eq(counts[IR_HADAMARD], 1); // of a and b
  ck_assert_uint_eq(counts[IR_TDIV], 2);     // of c and of d
  ck_assert_uint_eq(counts[IR_PREPARE], 3);
  ck_assert_uint_eq(factors, 3);
}
END_TEST

// ---- mistakes --------------------------------------------------------------------------------------------

typedef struct mistake {
  const char *scheme, *tensor;
  uint64_t count;
  float first, rest;
  const char *message;
} mistake;

#define SMOOTH "scheme s { code : i8; scale : f32 per row; a : f16 per column; value = scale * code; input = x * a; }"
#define ORDER "scheme s { code : i8; scale : f32 per row; a : u16 per column; value = scale * code; input = x[a]; }"

static const mistake mistakes[] = {
    {SMOOTH, "fc.a", COLUMNS, 0, 1, "weights of 'fc' cannot be encoded: a factor is zero or not finite"},
    {SMOOTH, "fc.a", COLUMNS, 1e6f, 1, "tensor 'fc.a': the number 1e+06 at 0 is none of field 'a', which is f16"},
    {SMOOTH, "fc.a", ROWS, 1, 1, "field 'a' of 32 x 256 weights has 256 numbers"},
    {ORDER, "fc.a", COLUMNS, 1, 1, "weights of 'fc' cannot be encoded: the order is no permutation"},
    {ORDER, "fc.a", COLUMNS, 256, 1, "layer 'fc': 'a' has the entry 256 for input 0, but there are only 256 of them"},
    {ORDER, "fc.a", COLUMNS, 0.5f, 1, "the number 0.5 at 0 is none of field 'a', which is u16"},
    {"scheme s { code : i8; a : f16 per column; value = a * code; input = x * a; }", NULL, 0, 0, 0,
     "weights cannot be encoded as 's': both the value and the input or output use 'a'"},
    {"scheme s { code : i8; a : u4 per column; value = code; input = x * (a + 2); }", NULL, 0, 0, 0,
     "the input and output of 's' cannot be made to change nothing"},
};

START_TEST(mistakes_are_named) {
  const mistake *m = &mistakes[_i];
  float *numbers = ARENA_ARRAY(lc.mem, float, COLUMNS);
  for (size_t k = 0; k < COLUMNS; k++) numbers[k] = k == 0 ? m->first : m->rest;
  write_floats(kit_normal_weights(lc.mem, (uint64_t)ROWS * COLUMNS, 3), m->tensor, m->count, numbers);
  build_layer("s, act = f32", m->scheme);
  uint8_t *room = ARENA_ARRAY(lc.mem, uint8_t, lc.m->plan->weights_size);
  weight_stats *stats = ARENA_ARRAY(lc.mem, weight_stats, lc.m->weights.len);
  ck_assert(!weights_pack(load_open(), room, lc.m->plan->weights_size, stats));
  load_expect_message(m->message);
}
END_TEST

TCase *load_tcase_transforms(void) {
  TCase *tcase = tcase_create("transforms");
  tcase_add_loop_test(tcase, gptq_with_an_order_of_its_own, 0, 4);
  tcase_add_test(tcase, groups_of_uneven_size);
  tcase_add_test(tcase, a_hadamard_transform_spreads_outliers);
  tcase_add_test(tcase, factors_move_outliers_of_the_activations);
  tcase_add_test(tcase, every_step_there_and_back);
  tcase_add_test(tcase, quantized_files_keep_orders_and_factors);
  tcase_add_test(tcase, layers_share_steps_without_fields);
  tcase_add_loop_test(tcase, mistakes_are_named, 0, (int)(sizeof mistakes / sizeof *mistakes));
  return tcase;
}

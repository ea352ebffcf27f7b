// Formats that are sums, or made of parts: models lowered and interpreted against the value expression of the whole.
#include <math.h>
#include <string.h>

#include "network/passes.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/network.h"

typedef struct mixture {
  const char *schemes; // "mix" is the one to be tested
  const char *steps;   // kernels of the model below, in the plan's order; NULL: not compared
} mixture;

static const mixture mixtures[] = {
    {"scheme mix { code : u4; scale : f16 per 32; outlier : f16 sparse 0.03; value = scale * (code - 8) + outlier; }",
     "sparse_f16_u16_1x1_by_8 prepare_mix_rest__f32 matmul_mix_rest__f32__bias__addend__relu__residual"},
    {"scheme mix { code : u3; level : f16[8] per row; o : f16 sparse 1 / 50.0; value = level[code] + o; }", NULL},
    {"scheme mix { code : i8 sparse 0.1; scale : f32 per row; value = scale * code; }",
     "sparse_i8_u16_1x1_by_8_scaled__bias__relu__residual"},
    {"scheme mix { code : i4 sparse 0.3; scale : f16 per 16; value = scale * code; }",
     "sparse_f32_u16_1x1_by_8__bias__relu__residual"},
    {"scheme mix { code : u4; s : f16 per row; a : f16 sparse 0.01; b : bf16 per 8 sparse 0.05; g : f32 per tensor;\n"
     "  value = s * (code + g * a) - b; }",
     NULL},
    {"scheme mix { w : i8[16, 16] per [16, 16] sparse 0.25; s : f16 per row; value = s * w[n % 16, k % 16]; }", NULL},
    {"scheme mix { w : f16[4, 8] per [4, 8] sparse 0.25; value = w[n % 4, k % 8]; }", NULL},
    {"scheme mix { w : i8[1, 4] per 4 sparse 0.5; s : f16 per 4; value = s * w[0, k % 4]; }", NULL},
    {"scheme mix { w : f32 sparse 1; value = -w; }", NULL},
    {"scheme mix { code : u4; scale : f16 per 32; left : f16[3] per row; right : f16[3] per column;\n"
     "  value = scale * (code - 8) + sum(r < 3, left[r] * right[r]); }",
     "prepare_mix_right__f32 matmul_mix_right__f32 prepare_mix_left__f32 matmul_mix_left__f32 prepare_mix_rest__f32 "
     "matmul_mix_rest__f32__bias__addend__relu__residual"},
    {"scheme mix { a : f16[5] per row; b : f16[5] per column; s : f32 per tensor;\n"
     "  value = s * sum(r < 5, a[r] * b[r]) / 2; }",
     NULL},
    {"scheme mix { code : u4; z : f16 per column; value = 0.25 * code - z; }", NULL},
    {"scheme mix { code : u4; s : f16 per 32; o : f16 sparse; l : f32[2] per row; r : f32[2] per column;\n"
     "  value = s * code + o - 0.5 * (l[0] * r[0] + l[1] * r[1]); }",
     NULL},
    {"scheme a { code : i8; s : f16 per row; value = s * code; }\n"
     "scheme b(group = 16) { code : u3; s : f16 per group; value = s * (code - 4); }\n"
     "scheme mix { columns 0 .. K / 4 : a; columns K / 4 .. K : b(group = 8); }",
     "prepare_a__f32 matmul_a__f32 prepare_b_group_8__f32 matmul_b_group_8__f32__bias__addend__relu__residual"},
    {"scheme a { code : i8; s : f16 per row; value = s * code; }\n"
     "scheme b { code : u3; s : f16 per 8; o : f16 sparse 0.1; value = s * (code - 4) + o; }\n"
     "scheme mix { rows 0 .. 5 : a; rows 5 .. N - 3 : b; rows N - 3 .. N : a; }",
     NULL},
    {"scheme a { code : i8; s : f16 per row; value = s * code; }\n"
     "scheme b { code : u4; s : f16 per 8; value = s * (code - 4); }\n"
     "scheme c { rows 0 .. 7 : a; rows 7 .. N : b; }\n"
     "scheme mix { columns 0 .. 12 : c; columns 12 .. K - 8 : b; columns K - 8 .. K : c; }",
     NULL},
    {"scheme a { code : i8; s : f16 per row; value = s * code; }\n"
     "scheme b { code : u4; s : f16 per 8; value = s * (code - 4); }\n"
     "scheme c { columns 0 .. 7 : a; columns 7 .. K : b; }\n"
     "scheme mix { rows 0 .. 1 : c; rows 1 .. N : c; }",
     NULL},
};

static const char *model_text(arena *a, const mixture *x, const char *act, const char *body) {
  return arena_printf(a,
                      "%s\nmodel m { weights \"w.safetensors\"; dim batch <= 17; %s }\n"
                      "quantize { \"*\" : mix, act = %s; }\n",
                      x->schemes, body, act);
}

static const char one_layer[] = "input x : f32[batch, 48]; input s : f32[batch, 21];\n"
                                "output y = relu(linear(x, \"a\", out = 21, bias = required)) + s;";
static const char two_layers[] =
    "input x : f32[batch, 2, 48]; h = linear(x, \"a\", out = 21, bias = none);\n"
    "g = linear(gelu(h), \"b\", out = 48, bias = required);\n"
    "output y = linear(x, \"a\", out = 21, bias = none) + h; output z = g * x; output u = g;";

static ir_memory numbers(lower_kit *k, const ir_type *t, uint64_t batch, uint64_t *state) {
  uint64_t count = network_count(t, batch);
  float *x = ARENA_ARRAY(k->mem, float, count);
  for (uint64_t i = 0; i < count; i++) x[i] = (float)(kit_next(state) % 2001) / 1000 - 1;
  return (ir_memory){.data = (uint8_t *)x, .size = 4 * count};
}

static void check_numbers(const ir_memory *got, const double *want, const char *text, uint64_t batch) {
  const float *y = (const float *)(const void *)got->data;
  double most = 1e-3;
  for (uint64_t i = 0; i < got->size / 4; i++) most = fmax(most, fabs(want[i]));
  for (uint64_t i = 0; i < got->size / 4; i++)
    ck_assert_msg(fabs((double)y[i] - want[i]) <= 2e-6 * most, "%s: batch %llu: number %llu is %.9g, not %.9g", text,
                  (unsigned long long)batch, (unsigned long long)i, (double)y[i], want[i]);
}

static void run_model(lower_kit *k, const ir_module *plain, ir_module *m, uint64_t batch, const char *text) {
  uint64_t seed = 7;
  network_weights w = network_make_weights(k, m, seed);
  const ir_plan *p = m->plan;
  ir_memory *in = ARENA_ARRAY(k->mem, ir_memory, p->input_count + 1);
  ir_memory *out = ARENA_ARRAY(k->mem, ir_memory, p->output_count + 1);
  const float **x = ARENA_ARRAY(k->mem, const float *, p->input_count + 1);
  for (size_t i = 0; i < p->input_count; i++) {
    in[i] = numbers(k, &p->inputs[i].type, batch, &seed);
    x[i] = (const float *)(const void *)in[i].data;
  }
  for (size_t i = 0; i < p->output_count; i++) out[i] = numbers(k, &p->outputs[i].type, batch, &seed);
  ck_assert_msg(ir_interpret_plan(k->d, m, batch, in, out, &w.packed), "%s\n%s", text, diag_text(k->d));
  double **want = network_evaluate(k, plain, m, &w, batch, x);
  for (size_t i = 0; i < p->output_count; i++) check_numbers(&out[i], want[i], text, batch);
}

static ir_module *lower_text(lower_kit *k, const char *text) {
  ir_module *m = kit_module(k, text);
  ck_assert_msg(lower_module(k->d, m, &k->options), "%s\n%s", text, diag_text(k->d));
  return m;
}

static void check_model(const char *text, unsigned lanes) {
  lower_kit k = kit_new();
  diag_set_warning(k.d, "fallback", DIAG_ACTION_IGNORE);
  ir_module *plain = kit_module(&k, text), *m = lower_text(&k, text);
  ck_assert_msg(lower_kernels(k.d, m, kit_tier(lanes), &k.options, m), "%s\n%s", text, diag_text(k.d));
  run_model(&k, plain, m, 1, text);
  run_model(&k, plain, m, 3, text);
  kit_free(&k);
}

START_TEST(parts_add_up_to_the_whole) {
  arena *a = arena_new();
  check_model(model_text(a, &mixtures[_i], "f32", one_layer), 16);
  check_model(model_text(a, &mixtures[_i], "f32", two_layers), 4);
  arena_free(a);
}
END_TEST

// Formats of the standard folder, some with other groups than they have there, so that there are several in a row.
static const char *const standard[] = {
    "squeezellm(per_mille = 20)",
    "spqr(per_mille = 20)",
    "lqer(group = 16, rank = 3)",
    "qlora(rank = 4, alpha = 6, group = 16)",
    "csr_int8",
    "block_sparse_int4(percent = 60)",
    "sparse24_int8",
    "sparse24_int4(group = 16)",
    "vptq_lowrank(rank = 2)",
    "exl2_part(bits = 5)",
};

START_TEST(standard_formats_add_up) {
  arena *a = arena_new();
  bool exl2 = strncmp(standard[_i], "exl2", 4) == 0;
  const char *text =
      arena_printf(a, "%sscheme mix { columns 0 .. K : %s; }", exl2 ? "include \"exl2.q\";\n" : "", standard[_i]);
  mixture x = {.schemes = text};
  check_model(model_text(a, &x, "f32", one_layer), 16);
  arena_free(a);
}
END_TEST

// Values with numbers of a column alone, and activations that round visibly.
static const struct {
  const char *members, *act;
  double steps; // of the act: x is scale * a whole number up to that
} column_rows[] = {
    {"code : u4; z : f16 per column; value = 0.25 * code - z;", "i8 per token", 127},
    {"code : u4; z : f16 per column; value = 0.25 * code - z;", "i4 per token", 7},
    {"code : u4; s : f16 per 16; z : f16 per column; value = s * (code - 8) + 2 * z;", "i4 per token", 7},
    {"z : f16 per column; g : f32 per tensor; value = g * z;", "i4 per token", 7},
    {"code : u4; z : f32 per column; value = code * z;", "i4 per token", 7},
    {"code : u4; s : f16 per 16; z : f16 per column; value = s * (code - z);", "i4 per token", 7},
};

// Each token's numbers as quantized symmetrically.
static const float *quantized(lower_kit *k, const ir_memory *x, uint64_t columns, double steps) {
  const float *from = (const float *)(const void *)x->data;
  float *to = ARENA_ARRAY(k->mem, float, x->size / 4);
  for (uint64_t first = 0; first < x->size / 4; first += columns) {
    float most = 0;
    for (uint64_t i = first; i < first + columns; i++) most = fmaxf(most, fabsf(from[i]));
    float scale = most / (float)steps, inverse = (float)steps / most;
    for (uint64_t i = first; i < first + columns; i++) to[i] = nearbyintf(from[i] * inverse) * scale;
  }
  return to;
}

START_TEST(numbers_of_columns_see_quantized_activations) {
  enum { BATCH = 3, COLUMNS = 48 };
  lower_kit k = kit_new();
  mixture x = {.schemes = arena_printf(k.mem, "scheme mix { %s }", column_rows[_i].members)};
  const char *text = model_text(k.mem, &x, column_rows[_i].act,
                                "input x : f32[batch, 48]; output y = linear(x, \"a\", out = 21, bias = none);");
  ir_module *plain = kit_module(&k, text), *m = lower_text(&k, text);
  ck_assert_msg(lower_kernels(k.d, m, kit_tier(8), &k.options, m), "%s\n%s", text, diag_text(k.d));
  uint64_t seed = 7;
  network_weights w = network_make_weights(&k, m, seed);
  ir_memory in = numbers(&k, &m->plan->inputs[0].type, BATCH, &seed);
  ir_memory out = numbers(&k, &m->plan->outputs[0].type, BATCH, &seed);
  ck_assert_msg(ir_interpret_plan(k.d, m, BATCH, &in, &out, &w.packed), "%s\n%s", text, diag_text(k.d));
  const float *used = quantized(&k, &in, COLUMNS, column_rows[_i].steps);
  check_numbers(&out, network_evaluate(&k, plain, m, &w, BATCH, &used)[0], text, BATCH);
  ck_assert_msg(strstr(diag_text(k.d), "column_right") == NULL, "%s", diag_text(k.d)); // no name of the user's
  kit_free(&k);
}
END_TEST

// An adapter in the model's text: its sum joins the product of the layer that it belongs to.
START_TEST(adapters_are_fused) {
  arena *a = arena_new();
  lower_kit k = kit_new();
  const char *text =
      "model m { weights \"w.safetensors\"; weights \"adapter.safetensors\"; dim batch <= 17;\n"
      "input x : f32[batch, 48];\n"
      "low = 0.75 * linear(x, \"a.lora_A\", out = 4, bias = none);\n"
      "output y = silu(linear(x, \"a\", out = 21, bias = required) + linear(low, \"a.lora_B\", out = 21, "
      "bias = none)); }\n"
      "quantize { \"*.lora_?\" : f16; \"*\" : nf4, act = f32; }\n";
  const ir_module *m = lower_text(&k, text);
  const ir_step *last = m->plan->steps.data[m->plan->steps.len - 1];
  ck_assert_str_eq(last->kernel, "matmul_nf4__f32__bias__addend__silu");
  check_model(text, 16);
  kit_free(&k);
  arena_free(a);
}
END_TEST

// With quantized activations only the dense part sees the rounded inputs; here inputs are such that nothing is rounded.
START_TEST(steps_are_fused) {
  arena *a = arena_new();
  lower_kit k = kit_new();
  const char *text = model_text(a, &mixtures[_i], "f32", one_layer);
  const ir_module *m = lower_text(&k, text);
  strbuf names = {.mem = a};
  for (size_t i = 0; i < m->plan->steps.len; i++)
    strbuf_printf(&names, "%s%s", i == 0 ? "" : " ", m->plan->steps.data[i]->kernel);
  if (mixtures[_i].steps != NULL) ck_assert_str_eq(strbuf_text(&names), mixtures[_i].steps);
  kit_free(&k);
  arena_free(a);
}
END_TEST

// After lowering, and with kernels, the text says all there is.
START_TEST(lowered_text_reads_back) {
  arena *a = arena_new();
  lower_kit k = kit_new();
  const char *text = model_text(a, &mixtures[_i], "i8 per 32", two_layers);
  diag_set_warning(k.d, "fallback", DIAG_ACTION_IGNORE);
  ir_module *m = lower_text(&k, text);
  ck_assert(lower_kernels(k.d, m, kit_tier(8), &k.options, m));
  const char *printed = ir_print(a, m);
  ir_module *again = ir_parse(k.d, a, "printed", printed, strlen(printed));
  ck_assert_msg(again != NULL && ir_verify(k.d, again), "%s\n%s", printed, diag_text(k.d));
  ck_assert_str_eq(ir_print(a, again), printed);
  kit_free(&k);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("mixture");
  TCase *tcase = tcase_create("parts");
#define LOOP(test, rows) tcase_add_loop_test(tcase, test, 0, (int)(sizeof(rows) / sizeof *(rows)))
  LOOP(parts_add_up_to_the_whole, mixtures);
  LOOP(standard_formats_add_up, standard);
  LOOP(numbers_of_columns_see_quantized_activations, column_rows);
  tcase_add_test(tcase, adapters_are_fused);
  LOOP(steps_are_fused, mixtures);
  LOOP(lowered_text_reads_back, mixtures);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

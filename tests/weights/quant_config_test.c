// What the JSON files beside weights say.
#include <stdlib.h>
#include <string.h>

#include "files/quant_config.h"
#include "tests/weights/scratch.h"
#include "tests/weights/tensor_file_tests.h"

static quant_config *read_good(arena *a, const scratch *s) {
  diag *d = diag_new(a, NULL, false);
  quant_config *c;
  ck_assert_msg(quant_config_read(d, a, s->dir, &c), "%s", diag_text(d));
  return c;
}

START_TEST(nothing_there) {
  scratch s = scratch_new();
  ck_assert_ptr_null(read_good(s.mem, &s));
  scratch_remove(&s);
}
END_TEST

START_TEST(group_file) {
  scratch s = scratch_new();
  scratch_write_text(&s, "quantize_config.json",
                     "{\"bits\": 4, \"group_size\": 128, \"damp_percent\": 0.01, \"desc_act\": true, \"sym\": false,"
                     "\"any_skip_modules\": [\"lm_head\"], \"quant_method\": \"gptq\", \"checkpoint_format\": "
                     "\"gptq_v2\", \"meta\": {\"tools\": [\"a\", null]},"
                     "\"dynamic\": {\"+:.*down.*\": {\"bits\": 8, \"group_size\": 32}, \"-:.*gate.*\": {}}}");
  quant_config *c = read_good(s.mem, &s);
  ck_assert_str_eq(c->method, "gptq");
  ck_assert_str_eq(c->checkpoint_format, "gptq_v2");
  ck_assert_ptr_null(c->version);
  ck_assert(c->weights.bits == 4);
  ck_assert_int_eq(c->weights.group_size, 128);
  ck_assert_int_eq(c->weights.desc_act, QUANT_YES);
  ck_assert_int_eq(c->weights.symmetric, QUANT_NO);
  ck_assert_int_eq(c->weights.zero_point, QUANT_UNSAID);
  ck_assert_uint_eq(c->rule_count, 2);
  ck_assert_str_eq(c->rules[0].name, "re:.*down.*");
  ck_assert(c->rules[0].weights.bits == 8 && c->rules[0].weights.group_size == 32 && !c->rules[0].skip);
  ck_assert_str_eq(c->rules[1].name, "re:.*gate.*");
  ck_assert(c->rules[1].skip);
  ck_assert_uint_eq(c->ignore_count, 1);
  ck_assert_str_eq(c->ignore[0], "lm_head");
  ck_assert_str_eq(c->members[2].key, "damp_percent");
  ck_assert_str_eq(c->members[2].value, "0.01");
  ck_assert_str_eq(c->members[8].key, "meta.tools[0]");
  ck_assert_str_eq(c->members[9].type, "null");
  scratch_remove(&s);
}
END_TEST

START_TEST(groups_of_modules) {
  scratch s = scratch_new();
  scratch_write_text(
      &s, "config.json",
      "{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"compressed-tensors\","
      "\"format\": \"pack-quantized\", \"version\": \"0.9\", \"ignore\": [\"lm_head\", 5, \"re:.*router\"],"
      "\"config_groups\": {\"group_0\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 4, \"type\": \"int\","
      "\"symmetric\": true, \"strategy\": \"group\", \"group_size\": 64}, \"input_activations\":"
      "{\"num_bits\": 8, \"type\": \"float\", \"dynamic\": true}}}}}");
  quant_config *c = read_good(s.mem, &s);
  ck_assert_str_eq(c->method, "compressed-tensors");
  ck_assert_str_eq(c->format, "pack-quantized");
  ck_assert_str_eq(c->version, "0.9");
  ck_assert(c->weights.bits == 0);
  ck_assert_uint_eq(c->ignore_count, 2);
  ck_assert_str_eq(c->ignore[1], "re:.*router");
  ck_assert_uint_eq(c->rule_count, 1);
  const quant_rule *r = c->rules;
  ck_assert_str_eq(r->name, "group_0");
  ck_assert_uint_eq(r->target_count, 1);
  ck_assert_str_eq(r->targets[0], "Linear");
  ck_assert(r->weights.bits == 4 && r->weights.group_size == 64 && r->weights.symmetric == QUANT_YES);
  ck_assert_str_eq(r->weights.strategy, "group");
  ck_assert(r->inputs.bits == 8 && r->inputs.dynamic == QUANT_YES);
  ck_assert_str_eq(r->inputs.type, "float");
  ck_assert_str_eq(c->members[0].value, "llama");
  scratch_remove(&s);
}
END_TEST

// One row for each way to say it.
static const struct {
  const char *file;
  const char *text;
  const char *method;
  double bits;
  int64_t group;
  quant_answer zero_point;
  uint64_t block;
} spellings[] = {
    {"quant_config.json", "{\"zero_point\": true, \"q_group_size\": 128, \"w_bit\": 4, \"version\": \"GEMM\"}", NULL, 4,
     128, QUANT_YES, 0},
    {"config.json", "{\"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}}",
     "bitsandbytes", 4, 0, QUANT_UNSAID, 0},
    {"config.json", "{\"quantization_config\": {\"quant_method\": \"fp8\", \"weight_block_size\": [128, 64]}}", "fp8",
     0, 0, QUANT_UNSAID, 128},
    {"quantization_config.json", "{\"quant_method\": \"exl3\", \"bits\": 3.5}", "exl3", 3.5, 0, QUANT_UNSAID, 0},
    {"hf_quant_config.json", "{\"quantization\": {\"quant_algo\": \"NVFP4\", \"group_size\": 16}}", "NVFP4", 0, 16,
     QUANT_UNSAID, 0},
    {"quantize_config.json", "{\"group_size\": -1, \"bits\": 3}", NULL, 3, -1, QUANT_UNSAID, 0},
    // Of other types than expected: left open, not believed.
    {"quantize_config.json", "{\"bits\": \"4\", \"group_size\": 1.5, \"quant_method\": 7, \"zero_point\": 1}", NULL, 0,
     0, QUANT_UNSAID, 0},
    {"quantize_config.json", "{\"bits\": -4, \"group_size\": -2, \"weight_block_size\": [0, 5]}", NULL, 0, 0,
     QUANT_UNSAID, 0},
    {"config.json", "{\"quantization_config\": [1], \"hidden_size\": 3}", NULL, 0, 0, QUANT_UNSAID, 0},
};

START_TEST(spelled) {
  scratch s = scratch_new();
  scratch_write_text(&s, spellings[_i].file, spellings[_i].text);
  quant_config *c = read_good(s.mem, &s);
  ck_assert_ptr_nonnull(c);
  ck_assert_uint_eq(c->path_count, 1);
  if (spellings[_i].method == NULL)
    ck_assert_ptr_null(c->method);
  else
    ck_assert_str_eq(c->method, spellings[_i].method);
  ck_assert(c->weights.bits == spellings[_i].bits);
  ck_assert_int_eq(c->weights.group_size, spellings[_i].group);
  ck_assert_int_eq(c->weights.zero_point, spellings[_i].zero_point);
  ck_assert_uint_eq(c->weights.block[0], spellings[_i].block);
  ck_assert_uint_gt(c->member_count, 0);
  scratch_remove(&s);
}
END_TEST

// What is said of one layer: by a rule that names it, by one for its class, of all, or nothing.
static const struct {
  const char *text;
  const char *layer;
  double bits;
  int64_t group;
} layers[] = {
    {"\"bits\": 4, \"group_size\": 128", "a.b", 4, 128},
    {"\"bits\": 4, \"ignore\": [\"lm_head\", \"re:.*router\"]", "lm_head", 0, 0},
    {"\"bits\": 4, \"ignore\": [\"lm_head\", \"re:.*router\"]", "a.0.router", 0, 0},
    {"\"bits\": 4, \"ignore\": [\"lm_head\", \"re:.*router\"]", "a.lm_head", 4, 0},
    {"\"config_groups\": {\"x\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 4, \"group_size\": 64}},"
     "\"y\": {\"targets\": [\"re:.*down_proj$\"], \"weights\": {\"num_bits\": 8, \"strategy\": \"channel\"}}}",
     "m.down_proj", 8, -1},
    {"\"config_groups\": {\"x\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 4, \"group_size\": 64}},"
     "\"y\": {\"targets\": [\"re:.*down_proj$\"], \"weights\": {\"num_bits\": 8, \"strategy\": \"channel\"}}}",
     "m.up_proj", 4, 64},
    {"\"bits\": 4, \"group_size\": 128, \"dynamic\": {\"+:.*\\\\.18\\\\..*(?:gate|up).*\": {\"bits\": 8},"
     "\"-:.*\\\\.d+?own\": {}}",
     "m.18.gate", 8, 128},
    {"\"bits\": 4, \"group_size\": 128, \"dynamic\": {\"+:.*\\\\.1\\\\d\\\\..*gate.*\": {\"group_size\": 32}}",
     "m.19.gate", 4, 32},
    {"\"bits\": 4, \"group_size\": 128, \"dynamic\": {\"-:.*\\\\.d+?own\": {}}", "m.down", 0, 0},
    {"\"bits\": 4, \"dynamic\": {\"+:(?=x).*\": {\"bits\": 8}}", "x", 4, 0}, // looks ahead: not understood
    {"\"bits\": 4, \"group_size\": 64, \"model.layers.3.mlp\": {\"bits\": 8, \"group_size\": 32}", "model.layers.3.mlp",
     8, 32},
    {"\"bits\": 4, \"extra_config\": {\"a.b\": {\"bits\": 16}}", "a.b", 16, 0},
};

START_TEST(of_layers) {
  scratch s = scratch_new();
  scratch_write_text(&s, "config.json", arena_printf(s.mem, "{\"quantization_config\": {%s}}", layers[_i].text));
  quant_args args = quant_config_layer(read_good(s.mem, &s), layers[_i].layer);
  ck_assert(args.bits == layers[_i].bits);
  ck_assert_int_eq(args.group_size, layers[_i].group);
  scratch_remove(&s);
}
END_TEST

// The first file counts, the others fill in what it leaves open.
START_TEST(several_files) {
  scratch s = scratch_new();
  scratch_write_text(&s, "quantize_config.json", "{\"bits\": 8, \"checkpoint_format\": \"v2\"}");
  scratch_write_text(&s, "config.json", "{\"quantization_config\": {\"bits\": 4}}");
  quant_config *c = read_good(s.mem, &s);
  ck_assert(c->weights.bits == 4);
  ck_assert_str_eq(c->checkpoint_format, "v2");
  ck_assert_uint_eq(c->path_count, 2);
  scratch_remove(&s);
}
END_TEST

START_TEST(beside_weights) {
  scratch s = scratch_new();
  sample w = sample_safetensors("{}", 0);
  const char *path = scratch_write(&s, "model.safetensors", w.data, w.size);
  scratch_write_text(&s, "quantize_config.json", "{\"bits\": 8}");
  diag *d = diag_new(s.mem, NULL, false);
  tensor_file *f = tensor_file_open(d, s.mem, path);
  quant_config *c;
  ck_assert(quant_config_beside(d, s.mem, f, &c));
  ck_assert(c->weights.bits == 8);
  tensor_file_close(f);
  sample_free(&w);
  scratch_remove(&s);
}
END_TEST

static const char *const malformed[] = {
    "", "[]", "{\"bits\": 4", "{\"bits\": NaN}", "{\"a\": 1, \"a\": 2}", "{\"a\": \"\xff\"}"};

START_TEST(refused) {
  scratch s = scratch_new();
  scratch_write_text(&s, "quantize_config.json", malformed[_i]);
  scratch_write_text(&s, "config.json", "{\"quantization_config\": {\"bits\": 4}}");
  diag *d = diag_new(s.mem, NULL, false);
  quant_config *c;
  ck_assert(!quant_config_read(d, s.mem, s.dir, &c));
  ck_assert_msg(strstr(diag_text(d), "quantize_config.json: error: malformed JSON") != NULL, "%s", diag_text(d));
  ck_assert(c->weights.bits == 4); // what the other file says
  scratch_remove(&s);
}
END_TEST

// Nesting as deep as can be does not exhaust the stack.
START_TEST(deep) {
  enum { DEPTH = 100000 };
  scratch s = scratch_new();
  char *text = arena_alloc(s.mem, DEPTH + 8, 1);
  memset(text, '[', DEPTH + 5);
  memcpy(text, "{\"a\":", 5);
  scratch_write_text(&s, "config.json", text);
  diag *d = diag_new(s.mem, NULL, false);
  quant_config *c;
  ck_assert(!quant_config_read(d, s.mem, s.dir, &c));
  scratch_remove(&s);
}
END_TEST

// Many scalars below long keys, and nesting that jansson accepts: reported, without filling the memory.
START_TEST(too_much) {
  enum { KEY = 200000, SCALARS = 100000, DEPTH = 1000 };
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  quant_config *c;
  char *wide = arena_alloc(a, KEY + 2 * SCALARS + 16, 1), *nested = arena_alloc(a, 2 * DEPTH + 16, 1);
  size_t n = 2;
  memcpy(wide, "{\"", 2);
  memset(wide + n, 'k', KEY);
  n += KEY;
  memcpy(wide + n, "\":[0", 4);
  n += 4;
  for (size_t i = 0; i < SCALARS; i++) wide[n++] = ',', wide[n++] = '1';
  wide[n++] = ']';
  wide[n++] = '}';
  size_t before = arena_used(a);
  ck_assert(!quant_config_parse(d, a, "config.json", wide, n, &c));
  ck_assert_uint_lt(arena_used(a) - before, 100u << 20);
  memcpy(nested, "{\"a\":", 5);
  memset(nested + 5, '[', DEPTH);
  memset(nested + 5 + DEPTH, ']', DEPTH);
  nested[5 + 2 * DEPTH] = '}';
  ck_assert(!quant_config_parse(d, a, "x/quantize_config.json", nested, strlen(nested), &c));
  ck_assert_msg(strstr(diag_text(d), "quantize_config.json: error: its members are too many") != NULL, "%s",
                diag_text(d));
  arena_free(a);
}
END_TEST

TCase *quant_config_cases(void) {
  TCase *t = tcase_create("quant_config");
  tcase_add_test(t, nothing_there);
  tcase_add_test(t, group_file);
  tcase_add_test(t, groups_of_modules);
  tcase_add_loop_test(t, spelled, 0, (int)(sizeof spellings / sizeof *spellings));
  tcase_add_loop_test(t, of_layers, 0, sizeof layers / sizeof *layers);
  tcase_add_test(t, several_files);
  tcase_add_test(t, beside_weights);
  tcase_add_loop_test(t, refused, 0, (int)(sizeof malformed / sizeof *malformed));
  tcase_add_test(t, deep);
  tcase_add_test(t, too_much);
  return t;
}

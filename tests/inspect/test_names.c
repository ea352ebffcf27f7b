// What names of models say.
#include <string.h>

#include "tests/inspect/kit.h"

static const struct {
  const char *name;
  const char *base, *parameters, *method, *scheme;
  unsigned bits, activation_bits;
  uint64_t group;
  const char *extra, *extension;
} names[] = {
    {"llama-7b-fp16.bin", "llama", "7b", "fp16", NULL, 16, 0, 0, NULL, "bin"},
    {"bert-base-int8.onnx", "bert-base", NULL, "int8", NULL, 8, 0, 0, NULL, "onnx"},
    {"mistral-7b-int4.bin", "mistral", "7b", "int4", NULL, 4, 0, 0, NULL, "bin"},
    {"llama-7b-GPTQ-4bit-128g.bin", "llama", "7b", "GPTQ", NULL, 4, 0, 128, NULL, "bin"},
    {"TheBloke/Llama-2-13B-GPTQ-4bit-128g", "Llama-2", "13B", "GPTQ", NULL, 4, 0, 128, NULL, NULL},
    {"llama-2-7b.q4_0.gguf", "llama-2", "7b", "q4_0", "q4_0", 4, 0, 0, NULL, "gguf"},
    {"llama-2-7b.Q4_K_M.gguf", "llama-2", "7b", "Q4_K_M", "q4_K", 4, 0, 0, NULL, "gguf"},
    {"codellama-34b.Q5_K_M.gguf", "codellama", "34b", "Q5_K_M", "q5_K", 5, 0, 0, NULL, "gguf"},
    {"mistral-7b-NF4.safetensors", "mistral", "7b", "NF4", "nf4", 4, 0, 0, NULL, "safetensors"},
    {"vicuna-13b-AWQ-int4.safetensors", "vicuna", "13b", "AWQ", NULL, 4, 0, 0, NULL, "safetensors"},
    {"model-w4a16.safetensors", "model", NULL, "w4a16", NULL, 4, 16, 0, NULL, "safetensors"},
    {"opt-1.3b-w8a8.pt", "opt", "1.3b", "w8a8", NULL, 8, 8, 0, NULL, "pt"},
    {"RedPajama-3B-q4f16_1", "RedPajama", "3B", "q4f16_1", NULL, 4, 16, 0, NULL, NULL},
    {"Mixtral-8x7B-4-bit-g64-act-order", "Mixtral", "8x7B", NULL, NULL, 4, 0, 64, "act-order", NULL},
    {"bert-MQ-int8-fp16.pt", "bert-MQ", NULL, "int8", NULL, 8, 0, 0, "fp16", "pt"},
    {"Meta-Llama-3-8B-FP8-dynamic", "Meta-Llama-3", "8B", "FP8", NULL, 8, 0, 0, "dynamic", NULL},
    {"llama-7b-q4.gguf", "llama", "7b", NULL, NULL, 4, 0, 0, NULL, "gguf"},
    {"model-q8", "model", NULL, NULL, NULL, 8, 0, 0, NULL, NULL},
    {"Llama-3.1-8B-Instruct-quantized.w4a16", "Llama-3.1-Instruct-quantized", "8B", "w4a16", NULL, 4, 16, 0, NULL,
     NULL},
    {"x.q4_0", "x", NULL, "q4_0", "q4_0", 4, 0, 0, NULL, NULL},
    {"DeepSeek-V3-FP8", "DeepSeek-V3", NULL, "FP8", NULL, 8, 0, 0, NULL, NULL},
    {"m-7B-AWQ", "m", "7B", "AWQ", NULL, 4, 0, 0, NULL, NULL},
    {"float200000.safetensors", "float200000", NULL, NULL, NULL, 0, 0, 0, NULL, "safetensors"},
    {"plain.safetensors", "plain", NULL, NULL, NULL, 0, 0, 0, NULL, "safetensors"},
    {"folder/sub/x", "x", NULL, NULL, NULL, 0, 0, 0, NULL, NULL},
    {"", NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL},
};

static void check_text(const char *name, const char *what, const char *got, const char *wanted) {
  bool same = got == NULL ? wanted == NULL : wanted != NULL && strcmp(got, wanted) == 0;
  ck_assert_msg(same, "%s: %s is %s, not %s", name, what, got == NULL ? "-" : got, wanted == NULL ? "-" : wanted);
}

START_TEST(decoded) {
  name_parts n = name_decode(ic.c, ic.mem, names[_i].name);
  const char *name = names[_i].name;
  check_text(name, "base", n.base, names[_i].base);
  check_text(name, "parameters", n.parameters, names[_i].parameters);
  check_text(name, "method", n.method, names[_i].method);
  check_text(name, "scheme", n.scheme == NULL ? NULL : n.scheme->name, names[_i].scheme);
  check_text(name, "extra", n.extra, names[_i].extra);
  check_text(name, "extension", n.extension, names[_i].extension);
  ck_assert_msg(n.bits == names[_i].bits && n.activation_bits == names[_i].activation_bits &&
                    n.group == names[_i].group,
                "%s: %u bits, activations %u, group %d", name, n.bits, n.activation_bits, (int)n.group);
}
END_TEST

// A layer of 4 bits in groups of 64, in files of these names: what is warned of.
static const struct {
  const char *name;
  const char *layout;
  const char *warning; // part of it; NULL: none
} files[] = {
    {"m-7b-GPTQ-4bit-64g.safetensors", "gptq", NULL},
    {"m-7b-GPTQ-4bit-128g.safetensors", "gptq", "groups of 128"},
    {"m-7b-GPTQ-8bit.safetensors", "gptq", "says 8 bits"},
    {"m-7b-AWQ.safetensors", "gptq", "says AWQ"},
    {"m-7b-AWQ.safetensors", "awq", NULL},
    {"m-7b.Q4_K_M.gguf", "gptq", "ends in .gguf"},
    {"m-7b-q8_0.safetensors", "gptq", "says q8_0"},
    {"m-w4a16.safetensors", "gptq", NULL},
    {"m-w8a16.safetensors", "gptq", "says 8 bits"},
    {"m.safetensors", "gptq", NULL},
};

static bool has_warning(const inspection *x, const char *part) {
  for (size_t i = 0; i < x->warnings.len; i++)
    if (strstr(x->warnings.data[i], part) != NULL) return true;
  return false;
}

START_TEST(against_content) {
  const scheme *s = inspect_scheme("int4_g(group=64)");
  ck_assert(inspect_add_layer("fc", inspect_encode(s, 64, 256), scheme_find_layout(s, files[_i].layout)));
  tensor_file *f = inspect_write(files[_i].name);
  const inspection *x = inspect_run(f);
  const char *first = x->warnings.len > 0 ? x->warnings.data[0] : "nothing";
  if (files[_i].warning == NULL)
    ck_assert_msg(x->warnings.len == 0, "%s: %s", files[_i].name, first);
  else
    ck_assert_msg(has_warning(x, files[_i].warning), "%s: %s", files[_i].name, first);
  tensor_file_close(f);
}
END_TEST

// Floats under a name that promises codes; and a file beside the weights that does.
START_TEST(nothing_quantized) {
  inspect_add("fc.weight", TENSOR_F32, 2, (uint64_t[]){16, 64}, inspect_weights(16, 64, 1));
  tensor_file *f = inspect_write("m-7b-int4.safetensors");
  ck_assert(has_warning(inspect_run(f), "says 4 bits, but no tensor is quantized"));
  tensor_file_close(f);
}
END_TEST

START_TEST(config_beside) {
  const scheme *s = inspect_scheme("int4_g(group=64)");
  scratch_write_text(&ic.dir, "quantize_config.json", "{\"bits\": 8, \"group_size\": 128}");
  ck_assert(inspect_add_layer("fc", inspect_encode(s, 64, 256), scheme_find_layout(s, "gptq")));
  tensor_file *f = inspect_write("model.safetensors");
  const inspection *x = inspect_run(f);
  ck_assert(has_warning(x, "quantize_config.json says 8 bits"));
  ck_assert(has_warning(x, "quantize_config.json says groups of 128"));
  tensor_file_close(f);
}
END_TEST

TCase *inspect_tcase_names(void) {
  TCase *t = tcase_create("names");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_loop_test(t, decoded, 0, (int)(sizeof names / sizeof *names));
  tcase_add_loop_test(t, against_content, 0, (int)(sizeof files / sizeof *files));
  tcase_add_test(t, nothing_quantized);
  tcase_add_test(t, config_beside);
  return t;
}

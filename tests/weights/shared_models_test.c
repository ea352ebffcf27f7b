// Real files that nobody here wrote, where they are present: $QCC_SHARED/models, else ../shared/models beside the
// sources.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/file.h"
#include "tests/weights/tensor_file_tests.h"

static const char *model_path(arena *a, const char *name) {
  const char *shared = getenv("QCC_SHARED");
  const char *base = shared != NULL ? shared : QCC_SOURCE_DIR "/../shared";
  const char *path = arena_printf(a, "%s/models/%s", base, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    printf("skipped: %s is not present\n", path);
    return NULL;
  }
  fclose(file);
  return path;
}

static const struct {
  const char *path;
  const char *kind;
  size_t count;
  const char *tensor;
  const char *describes;
} models[] = {
    {"llama2c/stories260K.gguf", "GGUF", 48, "blk.0.attn_k.weight", "F32 [32, 64]"},
    {"mnist/mnist.safetensors", "safetensors", 20, "conv1.weight", "F32 [8, 1, 3, 3]"},
    {"silero-vad/silero_vad_16k.safetensors", "safetensors", 15, "stft_conv.weight", "F32 [258, 1, 256]"},
    {"silero-vad/silero_vad_16k_op15.onnx", "ONNX", 175, "onnx::Shape_19", "I64 [2]"},
    {"mnist/mnist_8/model.onnx", "ONNX", 8, "Parameter193", "F32 [16, 4, 4, 10]"},
    {"mnist/mnist_8/test_data_set_0/input_0.pb", "ONNX tensor", 1, "input_0", "F32 [1, 1, 28, 28]"},
    {"mlperf-tiny/ad01_fp32.tflite", "TFLite", 20, "functional_1/dense_9/MatMul", "F32 [640, 128]"},
    {"mlperf-tiny/ad01_int8.tflite", "TFLite", 60, "functional_1/dense_9/MatMul", "I8 [640, 128]"},
    {"mlperf-tiny/kws_ref_model.tflite", "TFLite", 61, "functional_1/dense/MatMul", "I8 [12, 64]"},
    {"mlperf-tiny/kws_ref_model_float32.tflite", "TFLite", 31, "functional_1/conv2d_4/Conv2D", "I8 [64, 1, 1, 64]"},
    {"mlperf-tiny/pretrainedResnet.tflite", "TFLite", 21, "model/flatten/Const", "I32 [2]"},
    {"mlperf-tiny/pretrainedResnet_quant.tflite", "TFLite", 61, "model/flatten/Const", "I32 [2]"},
    {"mlperf-tiny/vww_96_float.tflite", "TFLite", 57, "model/conv2d_13/Conv2D", "F32 [256, 1, 1, 256]"},
    {"mlperf-tiny/vww_96_int8.tflite", "TFLite", 169, "model/conv2d_13/Conv2D", "I8 [256, 1, 1, 256]"},
    {"mobilenet/tf2_mobilenet_v2_1.0_224_ptq.tflite", "TFLite", 320,
     "MobileNetV2/top/SpatialSqueeze/Reshape/shape;StatefulPartitionedCall/MobileNetV2/top/SpatialSqueeze/Reshape/"
     "shape",
     "I32 [2]"},
};

static void expect_finite(diag *d, arena *a, const tensor *t) {
  float *values = ARENA_ARRAY(a, float, t->count);
  ck_assert(tensor_read_f32(d, t, 0, t->count, values));
  uint64_t finite = 0;
  for (uint64_t i = 0; i < t->count; i++) finite += isfinite(values[i]) != 0;
  ck_assert_msg(finite == t->count, "%s", t->name);
}

START_TEST(reads) {
  arena *a = arena_new();
  const char *path = model_path(a, models[_i].path);
  if (path != NULL) {
    diag *d = diag_new(a, NULL, false);
    tensor_file *f = tensor_file_open(d, a, path);
    ck_assert_msg(f != NULL, "%s", diag_text(d));
    ck_assert_str_eq(tensor_file_kind(f), models[_i].kind);
    ck_assert_uint_eq(tensor_file_count(f), models[_i].count);
    const tensor *t = tensor_file_require(d, f, models[_i].tensor);
    ck_assert_msg(t != NULL, "%s", diag_text(d));
    ck_assert_str_eq(tensor_describe(a, t), models[_i].describes);
    for (size_t i = 0; i < tensor_file_count(f); i++) expect_finite(d, a, tensor_file_at(f, i));
    sample_walk(a, f);
    tensor_file_close(f);
  }
  arena_free(a);
}
END_TEST

// The same model in two file types: the raw one begins with seven 32-bit integers, then the token embedding.
START_TEST(gguf_equals_raw) {
  arena *a = arena_new();
  const char *gguf = model_path(a, "llama2c/stories260K.gguf");
  const char *raw = model_path(a, "llama2c/stories260K.bin");
  if (gguf != NULL && raw != NULL) {
    diag *d = diag_new(a, NULL, false);
    tensor_file *f = tensor_file_open(d, a, gguf);
    mapped_file m;
    ck_assert(f != NULL && file_map(d, a, raw, &m));
    const tensor *t = tensor_file_require(d, f, "token_embd.weight");
    ck_assert_ptr_nonnull(t);
    ck_assert_str_eq(tensor_describe(a, t), "F32 [512, 64]");
    ck_assert_uint_ge(m.size, 28 + t->size);
    ck_assert_mem_eq(t->data, m.data + 28, t->size);
    file_unmap(&m);
    tensor_file_close(f);
  }
  arena_free(a);
}
END_TEST

// Other kinds of files that lie there are refused by name.
START_TEST(refuses_models) {
  static const struct {
    const char *path;
    const char *expected;
  } rows[] = {{"rwkv/tiny-rwkv-4v0-660K-FP32.bin", "a GGML file from before GGUF"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    const char *path = model_path(a, rows[i].path);
    if (path != NULL) {
      ck_assert_ptr_null(tensor_file_open(d, a, path));
      ck_assert_msg(strstr(diag_text(d), rows[i].expected) != NULL, "expected '%s' in:\n%s", rows[i].expected,
                    diag_text(d));
    }
    arena_free(a);
  }
}
END_TEST

TCase *shared_models_cases(void) {
  TCase *t = tcase_create("shared_models");
  tcase_add_loop_test(t, reads, 0, (int)(sizeof models / sizeof *models));
  tcase_add_test(t, gguf_equals_raw);
  tcase_add_test(t, refuses_models);
  return t;
}

// Opening by path, recognising by content, looking up by name.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/weights/scratch.h"
#include "tests/weights/tensor_file_tests.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
  const char *name;
  const char *bytes;
  size_t size;
  const char *expected;
} refused[] = {
    {"model.pt", BYTES("PK\3\4........"), "the archive has no directory at its end"},
    {"model.bin", BYTES("\x80\x02}q\1X"), "a Python pickle, which is executable code"},
    {"model.pkl", BYTES("\x80\x04\x95....."), "a Python pickle, which is executable code"},
    {"model.safetensors", BYTES("\x80\x05\x95....."), "a Python pickle, which is executable code"},
    {"model.tflite", BYTES("\x1c\0\0\0TFL3...."), "the root table does not lie inside"},
    {"model.mlmodel", BYTES("\x08\x04\x12\x02xy\xa2\x1f\x00"), "a Core ML model"},
    {"weight.bin",
     BYTES("\2\0\0\0........................................................"
           "....\xef\xbe\xad\xde...."),
     "the weights of a Core ML package"},
    {"model.plan", BYTES("ftrt\0\0\0\0"), "a TensorRT engine"},
    {"model.engine", BYTES("ptrt\0\0\0\0"), "a TensorRT engine"},
    {"openvino.xml", BYTES("<?xml version=\"1.0\"?><net name=\"x\">"), "description of an OpenVINO model"},
    {"model.onnx", BYTES("\x08\x07\x12\x07pytorch\x3a\x05...."), "the file is truncated"},
    {"model.h5", BYTES("\x89HDF\r\n\x1a\n...."), "an HDF5 file"},
    {"ggml.bin", BYTES("lmgg\1\0\0\0"), "a GGML file from before GGUF"},
    {"ggjt.bin", BYTES("tjgg\3\0\0\0"), "a GGML file from before GGUF"},
    {"pointer.gguf", BYTES("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer"},
    {"page.gguf", BYTES("<!DOCTYPE html><html>"), "an HTML page, not weights"},
    {"model.gguf.gz", BYTES("\x1f\x8b\x08\0\0\0\0\0"), "compressed with gzip"},
    {"model.gguf.zst", BYTES("\x28\xb5\x2f\xfd...."), "compressed with zstd"},
    {"config.json", BYTES("{\"bits\":4}"), "a JSON text, not weights"},
    {"model.safetensors.index.json", BYTES("{\"weight_map\":{}}"), "its shards can only be found by path"},
    {"noise", BYTES("\xde\xad\xbe\xef\1\2\3\4\5\6"), "not a weight file that qcc knows (it begins with '\\xde\\xad"},
    {"GGUF cut", BYTES("GGU"), "not a weight file that qcc knows"},
    {"short.safetensors", BYTES("abc"), "the file ends within the 8 bytes"},
    {"empty", BYTES(""), "the file is empty"},
};

START_TEST(refuses_kinds) {
  sample empty = {0};
  sample s = sample_resized(&empty, refused[_i].size);
  if (s.size > 0) memcpy(s.data, refused[_i].bytes, s.size);
  expect_refused(refused[_i].name, refused[_i].name, s, refused[_i].expected);
}
END_TEST

START_TEST(opens_by_content) {
  sample samples[] = {sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA),
                      sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA), sample_gguf()};
  static const char *const names[] = {"safetensors", "npy", "GGUF"};
  for (size_t i = 0; i < 3; i++) {
    scratch s = scratch_new();
    const char *path = scratch_write(&s, "w.bin", samples[i].data, samples[i].size);
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    tensor_file *f = tensor_file_open(d, a, path);
    ck_assert_msg(f != NULL, "%s", diag_text(d));
    ck_assert_str_eq(tensor_file_kind(f), names[i]);
    ck_assert_str_eq(tensor_file_path(f), path);
    ck_assert_uint_eq(tensor_file_part_count(f), 1);
    ck_assert_str_eq(tensor_file_part(f, 0), path);
    sample_walk(a, f);
    tensor_file_close(f);
    arena_free(a);
    scratch_remove(&s);
    sample_free(&samples[i]);
  }
}
END_TEST

static void expect_unopened(const char *path, const char *expected) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert_ptr_null(tensor_file_open(d, a, path));
  ck_assert_msg(strstr(diag_text(d), path) != NULL, "%s", diag_text(d));
  ck_assert_msg(strstr(diag_text(d), expected) != NULL, "expected '%s' in:\n%s", expected, diag_text(d));
  arena_free(a);
}

START_TEST(refuses_what_is_no_file) {
  expect_unopened("/dev", "no weight file is in this folder");
  expect_unopened("/dev/null", "not a regular file");
  expect_unopened("/tmp/qcc-no-such-file.gguf", "cannot be opened");
  scratch s = scratch_new();
  const char *path = scratch_write(&s, "w.bin", "", 0);
  expect_unopened(path, "the file is empty");
  unlink(path);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  expect_unopened(path, "not a regular file");
  scratch_remove(&s);
}
END_TEST

START_TEST(looks_up) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA);
  tensor_file *f = tensor_file_parse(d, a, "net.safetensors", s.data, s.size);
  ck_assert_ptr_null(tensor_file_find(f, ""));
  ck_assert_ptr_null(tensor_file_find(f, "zzz"));
  ck_assert_ptr_eq(tensor_file_require(d, f, "codes"), tensor_file_at(f, 3));
  ck_assert_uint_eq(diag_error_count(d), 0);
  ck_assert_ptr_null(tensor_file_require(d, f, "fc1.wieght"));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "net.safetensors: error: no tensor 'fc1.wieght'"));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "did you mean 'fc1.weight'?"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Every name of a file with many, in an order that differs from the sorted one.
START_TEST(looks_up_many) {
  enum { COUNT = 997 };
  arena *a = arena_new();
  char *header = arena_alloc(a, COUNT, 80);
  size_t n = 0;
  for (unsigned i = 0; i < COUNT; i++) {
    n += (size_t)sprintf(header + n, "%c\"t%u\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
                         i == 0 ? '{' : ',', i * 499 % COUNT);
  }
  header[n] = '}';
  sample s = sample_safetensors(header, 0);
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_parse(d, a, "many", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  for (size_t i = 0; i < COUNT; i++) {
    const tensor *t = tensor_file_at(f, i);
    ck_assert_ptr_eq(tensor_file_find(f, t->name), t);
  }
  ck_assert_ptr_null(tensor_file_find(f, "t997"));
  sample_free(&s);
  arena_free(a);
}
END_TEST

TCase *tensor_file_cases(void) {
  TCase *t = tcase_create("tensor_file");
  tcase_add_loop_test(t, refuses_kinds, 0, (int)(sizeof refused / sizeof *refused));
  tcase_add_test(t, opens_by_content);
  tcase_add_test(t, refuses_what_is_no_file);
  tcase_add_test(t, looks_up);
  tcase_add_test(t, looks_up_many);
  return t;
}

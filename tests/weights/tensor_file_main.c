#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

const char *parse_messages(arena *a, const char *name, const sample *s, bool *accepted) {
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_parse(d, a, name, s->data, s->size);
  if (accepted != NULL) *accepted = f != NULL;
  if (f != NULL) sample_walk(a, f);
  ck_assert_msg((f == NULL) == (diag_error_count(d) > 0), "refused without a message or accepted with one: %s",
                diag_text(d));
  tensor_file_close(f);
  return diag_text(d);
}

void expect_refused(const char *label, const char *name, sample s, const char *expected) {
  arena *a = arena_new();
  bool accepted;
  const char *text = parse_messages(a, name, &s, &accepted);
  ck_assert_msg(!accepted, "%s: accepted", label);
  ck_assert_msg(strstr(text, expected) != NULL, "%s: expected '%s' in:\n%s", label, expected, text);
  bool sound = strstr(expected, "not supported") != NULL || strstr(expected, "are read") != NULL;
  ck_assert_msg(!sound || strstr(text, "damaged") == NULL, "%s: said of a sound file:\n%s", label, text);
  ck_assert_msg(strstr(text, name) != NULL, "%s: the message does not name the file:\n%s", label, text);
  arena_free(a);
  sample_free(&s);
}

static void check_cut(const char *name, const sample *s, size_t size, size_t spare) {
  arena *a = arena_new();
  sample cut = sample_resized(s, size);
  bool accepted;
  (void)parse_messages(a, name, &cut, &accepted);
  ck_assert_msg(!accepted || size + spare >= s->size, "%s: accepted when cut at %zu of %zu", name, size, s->size);
  sample_free(&cut);
  arena_free(a);
}

void expect_survives_damage(const char *name, const sample *s, size_t header, size_t spare) {
  for (size_t size = 0; size < s->size; size++) check_cut(name, s, size, spare);
  sample damaged = sample_resized(s, s->size);
  for (size_t bit = 0; bit < header * 8; bit++) {
    arena *a = arena_new();
    damaged.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    (void)parse_messages(a, name, &damaged, NULL);
    damaged.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    arena_free(a);
  }
  sample_free(&damaged);
}

int main(void) {
  TCase *(*const parts[])(void) = {tensor_file_cases,  tensor_read_cases,  safetensors_cases,  npy_cases,  npz_cases,
                                   tflite_cases,       onnx_cases,         onnx_use_cases,     gguf_cases, set_cases,
                                   quant_config_cases, tensor_write_cases, shared_models_cases};
  Suite *suite = suite_create("tensor_file");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) suite_add_tcase(suite, parts[i]());
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Conversion: exact where that can be, and it is said where it cannot.
#include <string.h>

#include "inspect/convert.h"
#include "tests/inspect/kit.h"

enum { ROWS = 16, COLUMNS = 256 };

static bool convert(const tensor_file *f, const char *to, const char *layout, bool exact, const char *path) {
  const scheme *s = inspect_scheme(to);
  convert_job job = {.output = path, .scheme = s, .exact = exact};
  job.layout = layout == NULL ? NULL : scheme_find_layout(s, layout);
  ck_assert(layout == NULL || job.layout != NULL);
  subject x = {.c = ic.c, .file = f};
  file_set *outputs = file_set_new(ic.d, ic.mem);
  if (convert_file(ic.d, ic.mem, outputs, &x, &job)) return file_set_commit(outputs);
  file_set_abort(outputs);
  return false;
}

static tensor_file *reopen(const char *path) {
  tensor_file *f = tensor_file_open(ic.d, ic.mem, path);
  ck_assert_msg(f != NULL, "%s", diag_text(ic.d));
  return f;
}

// All weights of the layer `fc` of a file.
static double *weights_of(const tensor_file *f, const char *name) {
  const found *w = inspect_line(inspect_run(f), name)->what;
  const tensor_codes *codes = recognise_corner(ic.c, w, ic.mem);
  ck_assert_ptr_nonnull(codes);
  double *out = ARENA_ARRAY(ic.mem, double, ROWS *COLUMNS);
  ck_assert_uint_eq(codes->rows, ROWS);
  ck_assert_uint_eq(codes->columns, COLUMNS);
  for (uint64_t n = 0; n < ROWS; n++) scheme_row(codes, n, out + n * COLUMNS);
  return out;
}

static void check_equal(const double *a, const double *b) {
  for (size_t i = 0; i < ROWS * COLUMNS; i++) ck_assert_msg(a[i] == b[i], "weight %zu: %g, %g", i, a[i], b[i]);
}

// From one storage to another that can hold the same numbers.
static const struct {
  const char *from, *from_layout; // NULL: fields
  const char *to, *to_layout;
  const char *from_name, *to_name; // in the files
} exact_pairs[] = {
    {"int4_g(group=64)", "gptq", "int4_g(group=64)", "awq", "fc", "fc"},
    {"int4_g(group=64)", "gptq_v2", "int4_g(group=64)", "gptq", "fc", "fc"},
    {"int4_g(group=64)", "awq", "int4_g(group=64)", NULL, "fc", "fc.weight"},
    {"q4_0", "gguf", "q4_0", NULL, "fc.weight", "fc.weight"},
    {"q4_0", NULL, "q4_0", "gguf", "fc.weight", "fc.weight"},
    {"q4_0", "gguf", "int4_g(group=32)", "gptq", "fc.weight", "fc"},
    {"q4_0", "gguf", "q8_0", "gguf", "fc.weight", "fc.weight"},
    {"q4_0", NULL, "f32", NULL, "fc.weight", "fc.weight"},
};

START_TEST(exactly) {
  const scheme *s = inspect_scheme(exact_pairs[_i].from);
  const char *l = exact_pairs[_i].from_layout, *path = scratch_path(&ic.dir, "out.safetensors");
  ck_assert(inspect_add_layer(exact_pairs[_i].from_name, inspect_encode(s, ROWS, COLUMNS),
                              l == NULL ? NULL : scheme_find_layout(s, l)));
  tensor_file *f = inspect_write("in.safetensors");
  ck_assert_msg(convert(f, exact_pairs[_i].to, exact_pairs[_i].to_layout, true, path), "%s -> %s: %s",
                exact_pairs[_i].from, exact_pairs[_i].to, diag_text(ic.d));
  tensor_file *back = reopen(path);
  const inspected *made = inspect_line(inspect_run(back), exact_pairs[_i].to_name);
  ck_assert_str_eq(made->format, exact_pairs[_i].to);
  check_equal(weights_of(f, exact_pairs[_i].from_name), weights_of(back, exact_pairs[_i].to_name));
  tensor_file_close(f);
  tensor_file_close(back);
}
END_TEST

// Floats that hold the numbers of a format are stored in its bits.
START_TEST(floats_of_a_format) {
  static const char *const names[] = {"nf4", "q4_0", "int8_row"};
  const char *path = scratch_path(&ic.dir, "out.safetensors");
  const tensor_codes *codes = inspect_encode(inspect_scheme(names[_i]), ROWS, COLUMNS);
  float *w = ARENA_ARRAY(ic.mem, float, ROWS *COLUMNS);
  double row[COLUMNS];
  for (uint64_t n = 0; n < ROWS; n++) {
    scheme_row(codes, n, row);
    for (uint64_t k = 0; k < COLUMNS; k++) w[n * COLUMNS + k] = (float)row[k];
  }
  inspect_add("fc.weight", TENSOR_F32, 2, (uint64_t[]){ROWS, COLUMNS}, w);
  tensor_file *f = inspect_write("in.safetensors");
  bool rounded = false; // products of f32 scales may need more digits than f32 has
  for (uint64_t n = 0; n < ROWS; n++) {
    scheme_row(codes, n, row);
    for (uint64_t k = 0; k < COLUMNS; k++) rounded |= (double)w[n * COLUMNS + k] != row[k];
  }
  ck_assert_msg(rounded || convert(f, names[_i], NULL, true, path), "%s: %s", names[_i], diag_text(ic.d));
  if (rounded) ck_assert(convert(f, names[_i], NULL, false, path));
  tensor_file_close(f);
}
END_TEST

// What loses is refused with --exact, and nothing is written; without, it is done.
START_TEST(with_a_loss) {
  const char *path = scratch_path(&ic.dir, "lossy.safetensors"); // that no other test writes
  const scheme *s = inspect_scheme("int4_g(group=64)");
  ck_assert(inspect_add_layer("fc", inspect_encode(s, ROWS, COLUMNS), scheme_find_layout(s, "gptq")));
  tensor_file *f = inspect_write("in.safetensors");
  ck_assert(!convert(f, "ternary", NULL, true, path));
  ck_assert_ptr_nonnull(strstr(diag_text(ic.d), "weights would differ"));
  FILE *missing = fopen(path, "rb");
  ck_assert_ptr_null(missing);
  ck_assert(convert(f, "ternary", NULL, false, path));
  tensor_file *back = reopen(path);
  ck_assert_str_eq(inspect_line(inspect_run(back), "fc.weight")->format, "ternary");
  tensor_file_close(f);
  tensor_file_close(back);
}
END_TEST

// What is no matrix of weights stays, and so do metadata that are still true.
START_TEST(the_rest_is_kept) {
  const char *path = scratch_path(&ic.dir, "out.safetensors");
  float bias[ROWS] = {1, 2, 3};
  int32_t ids[3] = {4, 5, 6};
  const scheme *s = inspect_scheme("q4_0");
  ck_assert(inspect_add_layer("fc.weight", inspect_encode(s, ROWS, COLUMNS), scheme_find_layout(s, "gguf")));
  inspect_add("fc.bias", TENSOR_F32, 1, (uint64_t[]){ROWS}, bias);
  inspect_add("ids", TENSOR_I32, 1, (uint64_t[]){3}, ids);
  inspect_add_meta("origin", "here");
  tensor_file *f = inspect_write("in.safetensors");
  ck_assert_msg(convert(f, "int4_g(group=32)", "gptq", true, path), "%s", diag_text(ic.d));
  tensor_file *back = reopen(path);
  ck_assert_str_eq(tensor_file_meta(back, "origin"), "here");
  ck_assert_ptr_null(tensor_file_meta(back, "qcc.scheme.fc.weight"));
  ck_assert_ptr_null(tensor_file_meta(back, "qcc.digest.fc.weight"));
  const tensor *kept = tensor_file_find(back, "fc.bias"), *kept_ids = tensor_file_find(back, "ids");
  ck_assert(kept != NULL && memcmp(kept->data, bias, sizeof bias) == 0);
  ck_assert(kept_ids != NULL && memcmp(kept_ids->data, ids, sizeof ids) == 0);
  tensor_file_close(f);
  tensor_file_close(back);
}
END_TEST

// A layout whose sizes do not divide.
START_TEST(cannot_be_stored) {
  const char *path = scratch_path(&ic.dir, "out.safetensors");
  inspect_add("fc.weight", TENSOR_F32, 2, (uint64_t[]){4, 40}, inspect_weights(4, 40, 1));
  tensor_file *f = inspect_write("in.safetensors");
  ck_assert(!convert(f, "q4_0", "gguf", false, path));
  ck_assert(!convert(f, "int4_g(group=32)", "awq", false, path)); // 4 rows are no word of 8
  ck_assert(diag_error_count(ic.d) >= 2);
  tensor_file_close(f);
}
END_TEST

TCase *inspect_tcase_convert(void) {
  TCase *t = tcase_create("convert");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_loop_test(t, exactly, 0, (int)(sizeof exact_pairs / sizeof *exact_pairs));
  tcase_add_loop_test(t, floats_of_a_format, 0, 3);
  tcase_add_test(t, with_a_loss);
  tcase_add_test(t, the_rest_is_kept);
  tcase_add_test(t, cannot_be_stored);
  return t;
}

// What decides between layouts that explain the same tensors.
#include <string.h>

#include "tests/inspect/kit.h"

enum { ROWS = 64, COLUMNS = 256 };

static const scheme *grouped(void) { return inspect_scheme("int4_g(group=64)"); }

static void add_grouped(const char *layout) {
  const scheme *s = grouped();
  ck_assert(inspect_add_layer("fc", inspect_encode(s, ROWS, COLUMNS), scheme_find_layout(s, layout)));
}

static const found *find_layer(tensor_file **f) {
  *f = inspect_write("rank.safetensors");
  return inspect_line(inspect_run(*f), "fc")->what;
}

// Zero points that are stored less one, or as they are: seen from the values.
START_TEST(by_value) {
  static const char *const layouts[] = {"gptq", "gptq_v2"};
  for (size_t i = 0; i < 2; i++) {
    tensor_file *f;
    add_grouped(layouts[i]);
    const found *w = find_layer(&f);
    ck_assert_str_eq(w->layout->name, layouts[i]);
    ck_assert_uint_eq(w->others.len, 0);
    tensor_file_close(f);
  }
}
END_TEST

// Codes that two layouts explain alike.
static tensor_codes *any_codes(const scheme *s) {
  tensor_codes *codes = tensor_codes_new(ic.d, ic.mem, s, ROWS, COLUMNS);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) codes->elements[0][i] = (uint32_t)(i * 7 + i / 16) % 16;
  for (size_t i = 0; i < ROWS * COLUMNS / 64; i++) codes->elements[1][i] = 0x2c00;
  for (size_t i = 0; i < ROWS * COLUMNS / 64; i++) codes->elements[2][i] = (uint32_t)(i % 2 == 0 ? 7 : 9);
  return codes;
}

// Words of any bits decide nothing: both are named, and the compiler will ask.
START_TEST(nothing_decides) {
  const scheme *s = grouped();
  tensor_codes *codes = any_codes(s);
  ck_assert(inspect_add_layer("fc", codes, scheme_find_layout(s, "gptq")));
  tensor_file *f;
  const found *w = find_layer(&f);
  ck_assert_str_eq(w->scheme->name, s->name);
  ck_assert_uint_ge(w->others.len, 1);
  tensor_file_close(f);
}
END_TEST

// The same, and metadata that name a layout.
START_TEST(metadata_decide) {
  const scheme *s = grouped();
  tensor_codes *codes = any_codes(s);
  ck_assert(inspect_add_layer("fc", codes, scheme_find_layout(s, "gptq_v2")));
  inspect_add_meta("checkpoint_format", "gptq_v2");
  tensor_file *f;
  const found *w = find_layer(&f);
  ck_assert_str_eq(w->layout->name, "gptq_v2");
  ck_assert_uint_eq(w->others.len, 0);
  tensor_file_close(f);
}
END_TEST

// Groups of columns in order say nothing new; in another order the layout does not explain the layer.
START_TEST(groups_in_order) {
  for (int shuffled = 0; shuffled < 2; shuffled++) {
    int32_t groups[COLUMNS];
    for (int k = 0; k < COLUMNS; k++) groups[k] = k / 64;
    if (shuffled) groups[0] = 1, groups[64] = 0;
    add_grouped("awq");
    inspect_add("fc.g_idx", TENSOR_I32, 1, (uint64_t[]){COLUMNS}, groups);
    tensor_file *f;
    const found *w = find_layer(&f);
    ck_assert_str_eq(w->layout->name, "awq");
    ck_assert_int_eq(w->problem != NULL, shuffled);
    if (shuffled) ck_assert_ptr_nonnull(strstr(w->problem, "fc.g_idx"));
    tensor_file_close(f);
  }
}
END_TEST

// A bias and a stored shape are understood; another tensor is not.
START_TEST(tensors_beside) {
  int64_t shape[2] = {ROWS, COLUMNS};
  float bias[ROWS] = {0}, other[3] = {0};
  add_grouped("gptq");
  inspect_add("fc.bias", TENSOR_F32, 1, (uint64_t[]){ROWS}, bias);
  inspect_add("fc.weight_shape", TENSOR_I64, 1, (uint64_t[]){2}, shape);
  tensor_file *f;
  const found *w = find_layer(&f);
  ck_assert_ptr_null(w->problem);
  ck_assert_uint_eq(w->rest.len, 2);
  tensor_file_close(f);

  add_grouped("gptq");
  inspect_add("fc.more", TENSOR_F32, 1, (uint64_t[]){3}, other);
  w = find_layer(&f);
  ck_assert_ptr_nonnull(w->problem);
  tensor_file_close(f);
}
END_TEST

// Tensors of which a size does not fit are nothing.
START_TEST(wrong_sizes) {
  uint32_t words[32 * ROWS] = {0};
  uint16_t scales[4 * ROWS] = {0};
  inspect_add("fc.qweight", TENSOR_I32, 2, (uint64_t[]){32, ROWS}, words);
  inspect_add("fc.qzeros", TENSOR_I32, 2, (uint64_t[]){4, 1}, words);
  inspect_add("fc.scales", TENSOR_F16, 2, (uint64_t[]){4, ROWS}, scales);
  tensor_file *f = inspect_write("wrong.safetensors");
  const inspection *x = inspect_run(f);
  ck_assert_uint_eq(x->tensors.len, 3);
  ck_assert_int_eq(inspect_line(x, "fc.qweight")->what->kind, FOUND_NUMBERS);
  tensor_file_close(f);
}
END_TEST

TCase *inspect_tcase_rank(void) {
  TCase *t = tcase_create("rank");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_test(t, by_value);
  tcase_add_test(t, nothing_decides);
  tcase_add_test(t, metadata_decide);
  tcase_add_test(t, groups_in_order);
  tcase_add_test(t, tensors_beside);
  tcase_add_test(t, wrong_sizes);
  return t;
}

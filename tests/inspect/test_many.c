// Files with many tensors: the time grows with their number, not with its square.
#include <time.h>

#include "tests/inspect/kit.h"

static const char *numbered(const char *text, size_t i) { return arena_printf(ic.mem, "layers.%zu.%s", i, text); }

// A matrix and a table of integers, with metadata about each; and every 16th is a layer of three tensors instead.
static tensor_file *make_file(size_t count) {
  static const float numbers[8] = {0.5F, -0.25F, 1, 2, -3, 0.125F, 7, -9};
  static const int64_t table[2] = {1, 2};
  const scheme *s = inspect_scheme("int4_g(group = 32)");
  const tensor_codes *codes = inspect_likely(s, 4, 32);
  const scheme_layout *l = scheme_find_layout(s, "gptq");
  for (size_t i = 0; i < count; i++) {
    if (i % 16 == 0) {
      ck_assert(inspect_add_layer(numbered("fc", i), codes, l));
      convert_note_layout(&ic.out, codes, l, numbered("fc", i));
      continue;
    }
    inspect_add(numbered("fc.weight", i), TENSOR_F32, 2, (uint64_t[]){2, 4}, numbers);
    inspect_add(numbered("steps", i), TENSOR_I64, 1, (uint64_t[]){2}, table);
    inspect_add_meta(numbered("note", i), "of this layer");
  }
  return inspect_write(arena_printf(ic.mem, "many%zu.safetensors", count));
}

static double seconds_of(size_t count) {
  const tensor_file *f = make_file(count);
  clock_t start = clock();
  const inspection *x = inspect_run(f);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  ck_assert_uint_eq(x->tensors.len, 2 * count - count / 16);
  ck_assert_str_eq(inspect_line(x, numbered("fc", 16))->format, "int4_g(group=32)");
  return seconds;
}

// Sixteen times as many take 16 times as long; what is quadratic would take 256 times.
START_TEST(test_time_is_linear) {
  seconds_of(256); // what the first run alone has to do
  double few = seconds_of(512), many = seconds_of(16 * 512);
  ck_assert_msg(many < 80 * few + 0.1, "512 layers take %.3f s, 8192 take %.3f s", few, many);
}
END_TEST

TCase *inspect_tcase_many(void) {
  TCase *c = tcase_create("many");
  tcase_add_unchecked_fixture(c, inspect_setup, inspect_teardown);
  tcase_add_test(c, test_time_is_linear);
  return c;
}

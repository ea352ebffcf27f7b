// Every way in which a weight can be stored ends in the same packed bytes as its codes.
#include <string.h>

#include "support/fp.h"
#include "tests/load/kit.h"

#define ROWS UINT64_C(5)
#define COLUMNS UINT64_C(96)

static scheme *(*const formats[])(arena *a) = {kit_q4_0,          kit_q4_1,     kit_q5_0,        kit_q8_0,
                                               kit_ternary,       kit_int8_row, kit_int8_tensor, kit_codebook3,
                                               kit_stored_levels, kit_mx};
enum { FORMATS = sizeof formats / sizeof *formats };

START_TEST(float_tensors_are_encoded) {
  const scheme *s = formats[_i](lc.mem);
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 3);
  safetensors_item item = load_matrix("fc.weight", ROWS, COLUMNS, w);
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
  ir_weight *weight = load_weight("fc.weight", s, ROWS, COLUMNS);
  weight_stats stats;
  qw_image image = load_build(&stats);
  tensor_codes *codes = load_encode(s, w, ROWS, COLUMNS);
  load_expect_packed(&image, weight, codes);
  error_stats expected = error_stats_measure(codes, w);
  ck_assert(stats.has_error);
  ck_assert_double_eq(stats.error.relative_rms, expected.relative_rms);
  ck_assert_double_eq(stats.error.sqnr_db, expected.sqnr_db);
  ck_assert_str_eq(stats.layer, "fc");
  ck_assert_str_eq(stats.format, s->name);
  ck_assert_double_eq(stats.scheme_bits, scheme_bits_per_weight(s, ROWS, COLUMNS));
  ck_assert_double_eq(stats.stored_bits, 8.0 * (double)weight->size / (ROWS * COLUMNS));
}
END_TEST

// Several weights, offsets, vectors as f32, sources by name and by search.
START_TEST(a_model_of_two_files) {
  float *w = kit_normal_weights(lc.mem, UINT64_C(64) * 32, 1), *v = kit_normal_weights(lc.mem, 32, 2);
  uint16_t half[32];
  for (int i = 0; i < 32; i++) half[i] = fp_to_f16(v[i]);
  safetensors_item first[] = {load_matrix("a.weight", 32, 64, w),
                              load_item("a.bias", TENSOR_F16, 1, (uint64_t[]){32}, half)};
  safetensors_item second[] = {load_matrix("b.weight", 8, 32, w),
                               load_item("table", TENSOR_F32, 3, (uint64_t[]){2, 2, 4}, v)};
  load_write("one.safetensors", first, 2, NULL, 0);
  load_write("two.safetensors", second, 2, NULL, 0);
  load_source("one.safetensors");
  load_source("two.safetensors");
  const scheme *s = kit_q4_0(lc.mem);
  ir_weight *a = load_weight("a.weight", s, 32, 64), *bias = load_weight("a.bias", NULL, 1, 32);
  ir_weight *b = load_weight("b.weight", s, 8, 32), *table = load_weight("table", NULL, 4, 4);
  b->source = "two.safetensors";
  weight_stats stats[4];
  qw_image image = load_build(stats);
  load_expect_packed(&image, a, load_encode(s, w, 32, 64));
  load_expect_packed(&image, b, load_encode(s, w, 8, 32));
  for (size_t i = 0; i < 32; i++) {
    uint32_t bits;
    memcpy(&bits, image.payload + bias->offset + 4 * i, 4); // the tests run on little-endian machines
    ck_assert_uint_eq(bits, fp_bits32(fp_from_f16(half[i])));
  }
  ck_assert_mem_eq(image.payload + table->offset, v, 16 * sizeof *v);
  ck_assert(!stats[1].has_error && stats[1].format == NULL && stats[1].bytes == 128);
  const char *const *paths;
  ck_assert_uint_eq(weight_files_paths(lc.files, &paths), 2);
  ck_assert_str_eq(paths[0], load_path("one.safetensors"));
}
END_TEST

START_TEST(an_array_of_numpy) {
  const uint64_t dims[] = {ROWS, COLUMNS};
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 4);
  file_set *set = file_set_new(lc.d, lc.mem);
  npy_write_f32(file_set_open(set, load_path("fc.npy")), w, 2, dims);
  ck_assert(file_set_commit(set));
  load_source("fc.npy");
  const scheme *s = kit_q8_0(lc.mem);
  ir_weight *weight = load_weight("fc", s, ROWS, COLUMNS);
  qw_image image = load_build(NULL);
  load_expect_packed(&image, weight, load_encode(s, w, ROWS, COLUMNS));
}
END_TEST

static scheme *plain(elem_type type) {
  scheme_field fields[] = {{.name = "w", .type = type, .gran = PER_WEIGHT}};
  return new_scheme(lc.mem, elem_get(type)->name, 1, fields, field(lc.mem, 0, false));
}

static const struct {
  tensor_dtype dtype;
  elem_type source, scheme;
  bool exact;
} plain_cases[] = {
    {TENSOR_F16, ELEM_F16, ELEM_F16, true},    {TENSOR_F16, ELEM_F16, ELEM_F32, true},
    {TENSOR_BF16, ELEM_BF16, ELEM_BF16, true}, {TENSOR_BF16, ELEM_BF16, ELEM_F32, true},
    {TENSOR_F32, ELEM_F32, ELEM_F32, true},    {TENSOR_F32, ELEM_F32, ELEM_F16, false},
    {TENSOR_F64, ELEM_F64, ELEM_F32, false},   {TENSOR_F64, ELEM_F64, ELEM_BF16, false},
};

// Numbers that become plain floats are the nearest ones; where the type has them all, the same ones.
START_TEST(plain_floats) {
  elem_type from = plain_cases[_i].source, to = plain_cases[_i].scheme;
  unsigned bytes = elem_get(from)->bits / 8;
  uint8_t *data = ARENA_ARRAY(lc.mem, uint8_t, ROWS * COLUMNS * bytes);
  tensor_codes *expected = tensor_codes_new(lc.d, lc.mem, plain(to), ROWS, COLUMNS);
  uint64_t seed = 5;
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    // Just beyond half way between two numbers of bf16 in double, exactly half way once it has been rounded to f32.
    double number = i == 0 ? 1 + 0x1p-8 + 0x1p-40 : kit_normal(&seed);
    uint64_t raw = elem_encode(from, number);
    for (unsigned b = 0; b < bytes; b++) data[i * bytes + b] = (uint8_t)(raw >> 8 * b);
    expected->elements[0][i] = (uint32_t)elem_encode(to, elem_decode(from, raw));
  }
  safetensors_item item = load_item("fc.weight", plain_cases[_i].dtype, 2, (uint64_t[]){ROWS, COLUMNS}, data);
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
  ir_weight *weight = load_weight("fc.weight", expected->scheme, ROWS, COLUMNS);
  weight_stats stats;
  qw_image image = load_build(&stats);
  load_expect_packed(&image, weight, expected);
  if (plain_cases[_i].exact)
    ck_assert_double_eq(stats.error.max_abs, 0);
  else
    ck_assert_double_gt(stats.error.max_abs, 0); // of what the file says
  bool rounded = from == ELEM_F64 && to == ELEM_F32;
  ck_assert_int_eq(
      strstr(diag_text(lc.d), "numbers of 'fc.weight' (F64) are rounded to f32; the first is 1.00390625") != NULL,
      rounded);
  if (from == ELEM_F64 && to == ELEM_BF16) ck_assert_uint_eq(expected->elements[0][0], 0x3f81); // up, not to even
}
END_TEST

static scheme *block_scheme(unsigned which, uint32_t *type) {
  static scheme *(*const makers[])(arena *a) = {kit_q4_0, kit_q5_0, kit_q8_0, kit_q4_k, kit_q6_k};
  static const uint32_t types[] = {2, 6, 8, 12, 14};
  scheme *s = makers[which](lc.mem);
  ((scheme_layout *)s->layouts)->type_id = types[which];
  *type = types[which];
  return s;
}

// Blocks of GGUF come through bit for bit, found by their type number.
START_TEST(blocks_of_gguf) {
  uint32_t type;
  size_t size;
  scheme *s = block_scheme((unsigned)_i, &type);
  tensor_codes *codes = load_random_codes(s, 3, 512, 6);
  uint8_t *blocks = load_blocks(codes, &s->layouts[0], &size);
  float *bias = kit_normal_weights(lc.mem, 3, 7);
  const gguf_tensor tensors[] = {{"fc.weight", type, 2, {3, 512}, blocks, size}, {"fc.bias", 0, 1, {3}, bias, 12}};
  load_write_gguf("m.gguf", tensors, 2);
  load_source("m.gguf");
  ir_weight *weight = load_weight("fc.weight", s, 3, 512);
  load_weight("fc.bias", NULL, 1, 3);
  if (_i % 2 == 1) weight->layout = &s->layouts[0]; // named by the model, or found
  weight_stats stats[2];
  qw_image image = load_build(stats);
  load_expect_packed(&image, weight, codes);
  ck_assert(!stats[0].has_error);
  load_expect_codes(weights_read_codes(load_open(), lc.mem, 0, NULL), codes);
  weight_shape shape;
  ck_assert_int_eq(weight_files_find(lc.files, "m.gguf", "fc.weight", &shape), WEIGHT_FOUND);
  ck_assert(shape.rank == 2 && shape.dims[0] == 3 && shape.dims[1] == 512 && shape.block_type == (int64_t)type);
}
END_TEST

START_TEST(blocks_as_bytes) {
  uint32_t type;
  size_t size;
  scheme *s = block_scheme(0, &type);
  tensor_codes *codes = load_random_codes(s, 3, 64, 6);
  uint8_t *blocks = load_blocks(codes, &s->layouts[0], &size);
  safetensors_item item = load_item("fc.weight", TENSOR_U8, 2, (uint64_t[]){3, size / 3}, blocks);
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
  ir_weight *weight = load_weight("fc.weight", s, 3, 64);
  weight->layout = &s->layouts[0];
  qw_image image = load_build(NULL);
  load_expect_packed(&image, weight, codes);
}
END_TEST

// A layout of separate tensors: codes eight to a word along K, zero points along N.
START_TEST(separate_tensors) {
  enum { N = 16, K = 64, GROUP = 32, GROUPS = K / GROUP };
  scheme *s = kit_gptq(lc.mem, 4, GROUP);
  tensor_codes *codes = load_random_codes(s, N, K, 8);
  uint32_t words[K / 8][N] = {{0}}, zeros[GROUPS][N / 8] = {{0}};
  uint16_t scales[GROUPS][N];
  for (unsigned n = 0; n < N; n++) {
    for (unsigned k = 0; k < K; k++) words[k / 8][n] |= codes->elements[0][n * K + k] << k % 8 * 4;
    for (unsigned g = 0; g < GROUPS; g++) {
      scales[g][n] = (uint16_t)codes->elements[1][n * (GROUPS) + g];
      zeros[g][n / 8] |= codes->elements[2][n * (GROUPS) + g] << n % 8 * 4;
    }
  }
  safetensors_item items[] = {load_item("fc.qweight", TENSOR_I32, 2, (uint64_t[]){K / 8, N}, words),
                              load_item("fc.qzeros", TENSOR_I32, 2, (uint64_t[]){GROUPS, N / 8}, zeros),
                              load_item("fc.scales", TENSOR_F16, 2, (uint64_t[]){GROUPS, N}, scales)};
  load_write("m.safetensors", items, 3, NULL, 0);
  load_source("m.safetensors");
  ir_weight *weight = load_weight("fc.weight", s, N, K);
  weight->layout = &s->layouts[0];
  qw_image image = load_build(NULL);
  load_expect_packed(&image, weight, codes);
}
END_TEST

TCase *load_tcase_load(void) {
  TCase *t = tcase_create("load");
  tcase_add_loop_test(t, float_tensors_are_encoded, 0, FORMATS);
  tcase_add_test(t, a_model_of_two_files);
  tcase_add_test(t, an_array_of_numpy);
  tcase_add_loop_test(t, plain_floats, 0, sizeof plain_cases / sizeof *plain_cases);
  tcase_add_loop_test(t, blocks_of_gguf, 0, 5);
  tcase_add_test(t, blocks_as_bytes);
  tcase_add_test(t, separate_tensors);
  return t;
}

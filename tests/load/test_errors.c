// What is wrong with weights is said with the file, the tensor, both shapes and what to do.
#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "tests/load/kit.h"

#define ROWS UINT64_C(4)
#define COLUMNS UINT64_C(64)

static scheme *typed(scheme *s, int64_t type) {
  ((scheme_layout *)s->layouts)->type_id = type;
  return s;
}

static void must_fail(void) {
  ck_assert_ptr_null(weights_open(lc.d, lc.mem, lc.files, lc.m, NULL));
  ck_assert_uint_gt(diag_error_count(lc.d), 0);
}

static void write_floats(const char *name, uint64_t rows, uint64_t columns) {
  safetensors_item item = load_matrix(name, rows, columns, kit_normal_weights(lc.mem, rows * columns, 1));
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
}

static void write_bytes(tensor_dtype type, uint64_t rows, uint64_t columns) {
  uint8_t *bytes = ARENA_ARRAY(lc.mem, uint8_t, rows * columns * 8);
  safetensors_item item = load_item("fc.weight", type, 2, (uint64_t[]){rows, columns}, bytes);
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
}

static void write_gguf_blocks(uint32_t type, uint64_t rows, uint64_t columns, size_t size) {
  const gguf_tensor t = {"fc.weight", type, 2, {rows, columns}, ARENA_ARRAY(lc.mem, uint8_t, size), size};
  load_write_gguf("m.gguf", &t, 1);
  load_source("m.gguf");
}

static void missing_file(void) {
  load_source("none.safetensors");
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
}

static void missing_tensor(void) {
  write_floats("fc.weigth", ROWS, COLUMNS);
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
}

static void wrong_shape(void) {
  write_floats("fc.weight", ROWS, 32);
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
}

static void transposed(void) {
  write_floats("fc.weight", COLUMNS, ROWS);
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
}

static void wrong_bias(void) {
  write_floats("fc.bias", 2, 3);
  load_weight("fc.bias", NULL, 1, 6);
}

static void integers(void) {
  write_bytes(TENSOR_I32, ROWS, COLUMNS);
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
}

static void integer_bias(void) {
  write_bytes(TENSOR_I64, 1, COLUMNS);
  load_weight("fc.weight", NULL, 1, COLUMNS);
}

static void layout_of_floats(void) {
  write_floats("fc.weight", ROWS, COLUMNS);
  ir_weight *w = load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  w->layout = &w->scheme->layouts[0];
}

static void wrong_type_id(void) {
  scheme *other = typed(kit_q8_0(lc.mem), 8);
  write_gguf_blocks(8, ROWS, COLUMNS, ROWS * COLUMNS / 32 * 34);
  vec_push(lc.mem, &lc.m->schemes, other);
  load_weight("fc.weight", typed(kit_q4_0(lc.mem), 2), ROWS, COLUMNS);
}

static void unknown_type_id(void) {
  write_gguf_blocks(16, ROWS, COLUMNS, 100);
  load_weight("fc.weight", kit_nf4(lc.mem, 64), ROWS, COLUMNS);
}

static void wrong_block_shape(void) {
  write_gguf_blocks(2, ROWS, 32, ROWS * 18);
  load_weight("fc.weight", typed(kit_q4_0(lc.mem), 2), ROWS, COLUMNS);
}

static void wrong_block_size(void) {
  write_gguf_blocks(2, ROWS, COLUMNS, ROWS * COLUMNS / 32 * 34);
  load_weight("fc.weight", typed(kit_q4_0(lc.mem), 2), ROWS, COLUMNS);
}

static void blocks_do_not_divide(void) {
  write_bytes(TENSOR_U8, ROWS, 40);
  ir_weight *w = load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, 70);
  w->layout = &w->scheme->layouts[0];
}

static void wrong_byte_blocks(void) {
  write_bytes(TENSOR_U8, ROWS, 40);
  ir_weight *w = load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  w->layout = &w->scheme->layouts[0];
}

static void add_gptq(uint64_t zero_columns) {
  const uint8_t *zero = ARENA_ARRAY(lc.mem, uint8_t, 4096);
  safetensors_item items[] = {load_item("fc.qweight", TENSOR_I32, 2, (uint64_t[]){8, 16}, zero),
                              load_item("fc.qzeros", TENSOR_I32, 2, (uint64_t[]){2, zero_columns}, zero),
                              load_item("fc.scales", TENSOR_F16, 2, (uint64_t[]){2, 16}, zero)};
  load_write("m.safetensors", items, 3, NULL, 0);
  load_source("m.safetensors");
  load_weight("fc.weight", kit_gptq(lc.mem, 4, 32), 16, 64);
}

static void unnamed_layout(void) { add_gptq(2); }

static void wrong_part(void) {
  add_gptq(3);
  lc.m->weights.data[0]->layout = &lc.m->weights.data[0]->scheme->layouts[0];
}

static void missing_part(void) {
  add_gptq(2);
  lc.m->weights.data[0]->layout = &lc.m->weights.data[0]->scheme->layouts[0];
  lc.m->weights.data[0]->layer = "fd";
}

static void no_source(void) { load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS); }

static const struct {
  void (*make)(void);
  const char *texts[4];
} cases[] = {
    {missing_file, {"none.safetensors: error: "}},
    {missing_tensor, {"m.safetensors: error: no tensor 'fc.weight'", "did you mean 'fc.weigth'?"}},
    {wrong_shape, {"m.safetensors: error: tensor 'fc.weight' is F32 [4, 32], but the model needs [4, 64]"}},
    {transposed, {"is F32 [64, 4], but the model needs [4, 64]", "looks transposed"}},
    {wrong_bias, {"tensor 'fc.bias' is F32 [2, 3], but the model needs [1, 6]"}},
    {integers, {"tensor 'fc.weight' is I32 [4, 64], which is neither", "layout of 'q4_0'"}},
    {integer_bias, {"tensor 'fc.weight' is I64 [1, 64], which is neither"}},
    {layout_of_floats, {"is F32 [4, 64], but the model says", "layout 'block'", "leave out 'layout'"}},
    {wrong_type_id,
     {"m.gguf: error: tensor 'fc.weight' has blocks of type 8, which 'q4_0' does not read", "layout 'block' has 2",
      "of 'q8_0': give the layer that scheme"}},
    {unknown_type_id, {"blocks of type 16, which 'nf4' does not read", "no layout with a type number"}},
    {wrong_block_shape, {"is blocks of type 2 [4, 32], but the model needs [4, 64]"}},
    {wrong_block_size, {"m.gguf: error: tensor 'fc.weight': 8 blocks of 18 bytes leave"}},
    {blocks_do_not_divide, {"'fc.weight'", "K = 70 is not a multiple of the 32 weights"}},
    {wrong_byte_blocks, {"is U8 [4, 40], but 4 x 64 weights in the layout 'block' need U8 [4, 36]"}},
    {unnamed_layout, {"no tensor 'fc.weight'", "tensors of the layout 'tensors': add layout = tensors"}},
    {wrong_part, {"tensor 'fc.qzeros' is I32 [2, 3], but the layout 'tensors' of 'gptq' needs i32 [2, 2]"}},
    {missing_part, {"no tensor 'fd.qweight'", "did you mean 'fc.qweight'?", "no tensor 'fd.scales'"}},
    {no_source, {"no weights file is named that 'fc.weight' could be in", "add weights"}},
};

START_TEST(is_reported) {
  cases[_i].make();
  must_fail();
  for (size_t i = 0; i < 4 && cases[_i].texts[i] != NULL; i++) load_expect_message(cases[_i].texts[i]);
}
END_TEST

START_TEST(all_mistakes_in_one_run) {
  write_floats("fc.weight", ROWS, COLUMNS);
  load_weight("one.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  load_weight("fc.weight", kit_q4_0(lc.mem), ROWS + 1, COLUMNS);
  load_weight("two.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  must_fail();
  ck_assert_uint_eq(diag_error_count(lc.d), 3);
}
END_TEST

// Where the model's text is known, the layer's line is shown as well.
START_TEST(the_place_in_the_model) {
  const char *text = "y = linear(x, \"fc\");\n";
  unsigned file = diag_add_source(lc.d, "model.q", text, strlen(text));
  write_floats("other.weight", ROWS, COLUMNS);
  ir_weight *w = load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  w->loc = (src_loc){.file = file, .line = 1, .column = 15, .end_line = 1, .end_column = 19};
  must_fail();
  load_expect_message("model.q:1:15: note: the layer 'fc' is here");
}
END_TEST

static const struct {
  double value;
  elem_type plain; // ELEM_COUNT: a format with scales
  const char *text;
} numbers[] = {
    {NAN, ELEM_COUNT, "tensor 'fc.weight': the weight in row 1, column 3 is not a number"},
    {INFINITY, ELEM_COUNT, "tensor 'fc.weight': the weight in row 1, column 3 is infinite"},
    {NAN, ELEM_F32, "row 1, column 3 is not a number"},
    {1e6, ELEM_F16, "the weight 1e+06 in row 1, column 3 is too large for f16"},
};

START_TEST(bad_numbers) {
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 1);
  w[COLUMNS + 3] = (float)numbers[_i].value;
  safetensors_item item = load_matrix("fc.weight", ROWS, COLUMNS, w);
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
  scheme_field fields[] = {{.name = "w", .type = ELEM_F16, .gran = PER_WEIGHT}};
  if (numbers[_i].plain != ELEM_COUNT) fields[0].type = numbers[_i].plain;
  scheme *s = numbers[_i].plain == ELEM_COUNT ? kit_q4_0(lc.mem)
                                              : new_scheme(lc.mem, "plain", 1, fields, field(lc.mem, 0, false));
  load_weight("fc.weight", s, ROWS, COLUMNS);
  load_place();
  qw_image image;
  ck_assert(!qw_build(lc.d, lc.mem, load_open(), lc.m, &image, NULL));
  load_expect_message(numbers[_i].text);
  ck_assert_uint_eq(diag_error_count(lc.d), 1);
}
END_TEST

// A plan that does not fit the weights is refused before anything is written outside the payload.
START_TEST(a_plan_without_room) {
  write_floats("fc.weight", ROWS, COLUMNS);
  ir_weight *w = load_weight("fc.weight", kit_q4_0(lc.mem), ROWS, COLUMNS);
  load_place();
  weight_stats stats;
  uint8_t *room = ARENA_ARRAY(lc.mem, uint8_t, (size_t)w->size);
  w->offset = 64;
  ck_assert(!weights_pack(load_open(), room, w->size, &stats));
  w->offset = UINT64_MAX - 63;
  ck_assert(!weights_pack(load_open(), room, w->size, &stats));
  load_expect_message("the plan has no place for 'fc.weight'");
}
END_TEST

START_TEST(shapes_that_cannot_be) {
  write_floats("fc.weight", ROWS, COLUMNS);
  load_weight("fc.weight", kit_q4_0(lc.mem), 0, COLUMNS);
  load_weight("fd.weight", kit_q4_0(lc.mem), UINT64_MAX / 2, COLUMNS);
  must_fail();
  ck_assert_uint_eq(diag_error_count(lc.d), 2);
}
END_TEST

START_TEST(shapes_for_the_frontend) {
  write_floats("fc.weight", ROWS, COLUMNS);
  const uint64_t many[] = {1, 1, 1, 1, 2};
  safetensors_item deep = load_item("deep", TENSOR_F32, 5, many, kit_normal_weights(lc.mem, 2, 1));
  load_write("deep.safetensors", &deep, 1, NULL, 0);
  weight_shape shape;
  const char *const *names;
  ck_assert_int_eq(weight_files_find(lc.files, "m.safetensors", "fc.weight", &shape), WEIGHT_FOUND);
  ck_assert(shape.rank == 2 && shape.dims[0] == ROWS && shape.dims[1] == COLUMNS && shape.block_type == -1 &&
            shape.scheme == NULL);
  ck_assert_int_eq(weight_files_find(lc.files, "m.safetensors", "fd.weight", &shape), WEIGHT_ABSENT);
  ck_assert_uint_eq(weight_files_names(lc.files, "m.safetensors", &names), 1);
  ck_assert_str_eq(names[0], "fc.weight");
  ck_assert_str_eq(diag_text(lc.d), "");
  ck_assert_int_eq(weight_files_find(lc.files, "deep.safetensors", "deep", &shape), WEIGHT_UNKNOWN);
  load_expect_message("tensor 'deep' has 5 dimensions");
  for (int i = 0; i < 2; i++) // reported once
    ck_assert_int_eq(weight_files_find(lc.files, "none", "fc.weight", &shape), WEIGHT_UNKNOWN);
  ck_assert_uint_eq(weight_files_names(lc.files, "none", &names), 0);
  ck_assert_uint_eq(diag_error_count(lc.d), 2);
}
END_TEST

TCase *load_tcase_errors(void) {
  TCase *t = tcase_create("errors");
  tcase_add_loop_test(t, is_reported, 0, sizeof cases / sizeof *cases);
  tcase_add_test(t, all_mistakes_in_one_run);
  tcase_add_test(t, the_place_in_the_model);
  tcase_add_loop_test(t, bad_numbers, 0, sizeof numbers / sizeof *numbers);
  tcase_add_test(t, a_plan_without_room);
  tcase_add_test(t, shapes_that_cannot_be);
  tcase_add_test(t, shapes_for_the_frontend);
  return t;
}

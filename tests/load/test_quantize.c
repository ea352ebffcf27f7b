// What `qcc quantize` writes compiles to the same bytes as the float weights themselves.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/load/kit.h"
#include "weights/quantize.h"

#define ROWS UINT64_C(6)
#define COLUMNS UINT64_C(256)

static scheme *(*const formats[])(arena *a) = {
    kit_q4_0,     kit_q4_1,        kit_q5_0,      kit_q8_0,          kit_q4_k, kit_q6_k, kit_ternary,
    kit_int8_row, kit_int8_tensor, kit_codebook3, kit_stored_levels, kit_mx,   kit_f16,  kit_nf4_double};
enum { FORMATS = sizeof formats / sizeof *formats, BLOCK_FORMATS = 6 };

static void write_input(const char *file) {
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 11);
  static const uint8_t odd[3] = {1, 2, 3};
  safetensors_item items[] = {load_item("odd", TENSOR_U8, 1, (uint64_t[]){3}, odd),
                              load_matrix("fc.weight", ROWS, COLUMNS, w),
                              load_item("fc.bias", TENSOR_F32, 1, (uint64_t[]){ROWS}, w)};
  const tensor_meta meta[] = {{.key = "note", .value = "kept"}};
  load_write(file, items, 3, meta, 1);
}

static bool run(const char *input, const char *output, const scheme *s, const scheme_layout *l) {
  quantize_job job = {.input = load_path(input), .output = load_path(output), .scheme = s, .layout = l};
  file_set *set = file_set_new(lc.d, lc.mem);
  bool ok = quantize_file(lc.d, lc.mem, set, &job) && file_set_commit(set);
  if (!ok) file_set_abort(set);
  return ok;
}

static void must_run(const char *input, const char *output, const scheme *s, const scheme_layout *l) {
  ck_assert_msg(run(input, output, s, l), "%s", diag_text(lc.d));
}

static qw_image compile(const char *file, const scheme *s, const char *name) {
  lc.m = ir_module_new(lc.mem, "model");
  load_source(file);
  load_weight(name, s, ROWS, COLUMNS);
  weight_stats stats;
  qw_image image = load_build(&stats);
  ck_assert_int_eq(stats.has_error, strcmp(file, "m.safetensors") == 0);
  return image;
}

static void expect_same(const qw_image *a, const qw_image *b) {
  ck_assert_uint_eq(a->size, b->size);
  ck_assert_mem_eq(a->bytes, b->bytes, a->size);
}

START_TEST(fields_compile_to_the_same) {
  scheme *s = formats[_i](lc.mem);
  write_input("m.safetensors");
  must_run("m.safetensors", "q.safetensors", s, NULL);
  qw_image direct = compile("m.safetensors", s, "fc.weight"), stored = compile("q.safetensors", s, "fc.weight");
  expect_same(&direct, &stored);
  weight_shape shape;
  ck_assert_int_eq(weight_files_find(lc.files, "q.safetensors", "fc.weight", &shape), WEIGHT_FOUND);
  ck_assert(shape.rank == 2 && shape.dims[0] == ROWS && shape.dims[1] == COLUMNS && shape.block_type == -1);
  ck_assert_str_eq(shape.scheme, s->name);
}
END_TEST

START_TEST(blocks_compile_to_the_same) {
  scheme *s = formats[_i](lc.mem);
  write_input("m.safetensors");
  must_run("m.safetensors", "q.safetensors", s, &s->layouts[0]);
  qw_image direct = compile("m.safetensors", s, "fc.weight"), stored = compile("q.safetensors", s, "fc.weight");
  expect_same(&direct, &stored);
  tensor_file *f = tensor_file_open(lc.d, lc.mem, load_path("q.safetensors"));
  const tensor *t = tensor_file_find(f, "fc.weight");
  ck_assert(t->dtype == TENSOR_U8 && t->rank == 2 && t->dims[0] == ROWS);
  ck_assert_uint_eq(t->dims[1], COLUMNS / s->layouts[0].block_weights * s->layouts[0].block_bytes);
  tensor_file_close(f);
  weight_shape shape;
  ck_assert_int_eq(weight_files_find(lc.files, "q.safetensors", "fc.weight", &shape), WEIGHT_FOUND);
  ck_assert(shape.dims[0] == ROWS && shape.dims[1] == COLUMNS);
}
END_TEST

START_TEST(other_tensors_are_copied) {
  write_input("m.safetensors");
  must_run("m.safetensors", "q.safetensors", kit_q4_0(lc.mem), NULL);
  tensor_file *f = tensor_file_open(lc.d, lc.mem, load_path("q.safetensors"));
  tensor_file *in = tensor_file_open(lc.d, lc.mem, load_path("m.safetensors"));
  ck_assert_uint_eq(tensor_file_count(f), 4);
  static const char *const names[] = {"odd", "fc.bias"};
  for (int i = 0; i < 2; i++) {
    const tensor *a = tensor_file_find(in, names[i]), *b = tensor_file_find(f, names[i]);
    ck_assert(b != NULL && a->dtype == b->dtype && a->size == b->size);
    ck_assert_mem_eq(a->data, b->data, a->size);
  }
  ck_assert_ptr_null(tensor_file_find(f, "fc.weight"));
  ck_assert_str_eq(tensor_file_meta(f, "note"), "kept");
  ck_assert_str_eq(tensor_file_meta(f, "qcc.scheme.fc.weight"), "q4_0 6x256");
  tensor_file_close(f);
  tensor_file_close(in);
}
END_TEST

// A second run leaves what is quantized as it is, even where a field looks like a float matrix.
START_TEST(quantized_tensors_stay) {
  scheme *first = kit_nf4(lc.mem, 64), *second = kit_q8_0(lc.mem);
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 12);
  write_input("m.safetensors");
  must_run("m.safetensors", "q.safetensors", first, NULL);
  ck_assert(!run("q.safetensors", "r.safetensors", second, NULL));
  load_expect_message("q.safetensors: error: none of its 4 tensors is to be quantized: 0 are float matrices");
  ck_assert_int_eq(load_file_count(), 2);
  tensor_file *f = tensor_file_open(lc.d, lc.mem, load_path("q.safetensors"));
  safetensors_item items[5] = {load_matrix("fd.weight", ROWS, COLUMNS, w)};
  for (size_t i = 0; i < 4; i++) {
    const tensor *t = tensor_file_at(f, i);
    items[i + 1] = load_item(t->name, t->dtype, t->rank, t->dims, t->data);
  }
  load_write("mixed.safetensors", items, 5, tensor_file_meta_at(f, 0), tensor_file_meta_count(f));
  tensor_file_close(f);
  lc.d = diag_new(lc.mem, NULL, false);
  must_run("mixed.safetensors", "r.safetensors", second, NULL);
  lc.files = weight_files_new(lc.d, lc.mem, load_path("."));
  qw_image direct = compile("m.safetensors", first, "fc.weight"), again = compile("r.safetensors", first, "fc.weight");
  expect_same(&direct, &again);
}
END_TEST

START_TEST(gguf_and_numpy_as_input) {
  scheme *s = kit_q4_0(lc.mem);
  const uint64_t dims[] = {ROWS, COLUMNS};
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 11);
  const gguf_tensor t = {"fc.weight", 0, 2, {ROWS, COLUMNS}, w, ROWS * COLUMNS * 4};
  load_write_gguf("m.gguf", &t, 1);
  file_set *set = file_set_new(lc.d, lc.mem);
  npy_write_f32(file_set_open(set, load_path("fc.weight.npy")), w, 2, dims);
  ck_assert(file_set_commit(set));
  write_input("m.safetensors");
  must_run("m.gguf", "g.safetensors", s, NULL);
  must_run("fc.weight.npy", "n.safetensors", s, NULL);
  qw_image direct = compile("m.safetensors", s, "fc.weight");
  qw_image from_gguf = compile("g.safetensors", s, "fc.weight"), from_npy = compile("n.safetensors", s, "fc.weight");
  expect_same(&direct, &from_gguf);
  expect_same(&direct, &from_npy);
}
END_TEST

static bool begins_with(void *context, const char *name) { return strncmp(name, context, strlen(context)) == 0; }

static void job_of_two(quantize_job *job, void *prefix) {
  float *w = kit_normal_weights(lc.mem, ROWS * COLUMNS, 13);
  safetensors_item items[] = {load_matrix("a.weight", ROWS, COLUMNS, w), load_matrix("b.weight", COLUMNS, ROWS, w)};
  load_write("m.safetensors", items, 2, NULL, 0);
  *job = (quantize_job){.input = load_path("m.safetensors"),
                        .output = load_path("q.safetensors"),
                        .scheme = kit_q8_0(lc.mem),
                        .wanted = begins_with,
                        .context = prefix};
}

START_TEST(only_wanted_tensors) {
  quantize_job job;
  char prefix[] = "b.";
  job_of_two(&job, prefix);
  file_set *set = file_set_new(lc.d, lc.mem);
  ck_assert(quantize_file(lc.d, lc.mem, set, &job) && file_set_commit(set));
  tensor_file *f = tensor_file_open(lc.d, lc.mem, job.output);
  ck_assert(tensor_file_find(f, "a.weight") != NULL && tensor_file_find(f, "b.weight") == NULL);
  ck_assert_ptr_nonnull(tensor_file_find(f, "b.weight.code"));
  tensor_file_close(f);
}
END_TEST

START_TEST(no_wanted_tensor) {
  quantize_job job;
  char prefix[] = "c.";
  job_of_two(&job, prefix);
  ck_assert(!quantize_file(lc.d, lc.mem, file_set_new(lc.d, lc.mem), &job));
  load_expect_message("none of its 2 tensors is to be quantized: 2 are float matrices");
  load_expect_message("the pattern matches no name");
  ck_assert_int_eq(load_file_count(), 1);
}
END_TEST

START_TEST(the_table) {
  quantize_job job;
  char prefix[] = "";
  char *text = NULL;
  size_t size = 0;
  job_of_two(&job, prefix);
  job.report = open_memstream(&text, &size);
  ck_assert(quantize_file(lc.d, lc.mem, file_set_new(lc.d, lc.mem), &job));
  fclose(job.report);
  ck_assert_msg(strstr(text, "a.weight  q8_0    6 x 256") != NULL, "%s", text);
  ck_assert_msg(strstr(text, "b.weight  q8_0    256 x 6") != NULL, "%s", text);
  ck_assert_msg(strstr(text, "total: ") != NULL && strstr(text, "for 3072 numbers") != NULL, "%s", text);
  free(text);
}
END_TEST

START_TEST(what_cannot_be_written) {
  scheme *gptq = kit_gptq(lc.mem, 4, 32), *blocks = kit_q4_0(lc.mem);
  const uint8_t *bytes = ARENA_ARRAY(lc.mem, uint8_t, 4096);
  const gguf_tensor tensors[] = {{"a.weight", 0, 2, {2, 64}, bytes, 512}, {"b.weight", 2, 2, {2, 64}, bytes, 72}};
  load_write_gguf("m.gguf", tensors, 2);
  ck_assert(!run("m.gguf", "q.safetensors", gptq, &gptq->layouts[0]));
  load_expect_message("the layout 'tensors' of 'gptq' consists of separate tensors");
  ck_assert(!run("m.gguf", "q.safetensors", blocks, NULL));
  load_expect_message("m.gguf: error: tensor 'b.weight' has blocks of type 2 [2, 64]");
  safetensors_item odd = load_matrix("c.weight", 2, 48, kit_normal_weights(lc.mem, 96, 1));
  load_write("m.safetensors", &odd, 1, NULL, 0);
  ck_assert(!run("m.safetensors", "q.safetensors", blocks, &blocks->layouts[0]));
  load_expect_message("'c.weight' has rows of 48, which blocks of 32 (q4_0) do not divide");
  ck_assert(!run("none", "q.safetensors", blocks, NULL));
  ck_assert_int_eq(load_file_count(), 2);
}
END_TEST

START_TEST(a_full_disk_leaves_nothing) {
  write_input("m.safetensors");
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 1000, .rlim_max = RLIM_INFINITY});
  ck_assert(!run("m.safetensors", "q.safetensors", kit_q8_0(lc.mem), NULL));
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY});
  load_expect_message("q.safetensors: error: cannot be written");
  ck_assert_int_eq(load_file_count(), 1);
}
END_TEST

TCase *load_tcase_quantize(void) {
  TCase *t = tcase_create("quantize");
  tcase_add_loop_test(t, fields_compile_to_the_same, 0, FORMATS);
  tcase_add_loop_test(t, blocks_compile_to_the_same, 0, BLOCK_FORMATS);
  tcase_add_test(t, other_tensors_are_copied);
  tcase_add_test(t, quantized_tensors_stay);
  tcase_add_test(t, gguf_and_numpy_as_input);
  tcase_add_test(t, only_wanted_tensors);
  tcase_add_test(t, no_wanted_tensor);
  tcase_add_test(t, the_table);
  tcase_add_test(t, what_cannot_be_written);
  tcase_add_test(t, a_full_disk_leaves_nothing);
  return t;
}

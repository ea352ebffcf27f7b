// What the writers write, the readers read back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/tensor_write.h"
#include "tests/weights/tensor_file_tests.h"

typedef struct scratch {
  char dir[64];
  char path[96];
  arena *mem;
  diag *d;
  file_set *set;
} scratch;

static scratch begin(const char *name) {
  scratch s = {.dir = "/tmp/qcc-write-XXXXXX", .mem = arena_new()};
  ck_assert_ptr_nonnull(mkdtemp(s.dir));
  snprintf(s.path, sizeof s.path, "%s/%s", s.dir, name);
  s.d = diag_new(s.mem, NULL, false);
  s.set = file_set_new(s.d, s.mem);
  return s;
}

static tensor_file *read_back(scratch *s) {
  ck_assert_msg(file_set_commit(s->set), "%s", diag_text(s->d));
  tensor_file *f = tensor_file_open(s->d, s->mem, s->path);
  ck_assert_msg(f != NULL, "%s", diag_text(s->d));
  return f;
}

static void end(scratch *s) {
  unlink(s->path);
  ck_assert_int_eq(rmdir(s->dir), 0); // no temporary is left
  arena_free(s->mem);
}

static const struct {
  unsigned rank;
  uint64_t dims[TENSOR_MAX_RANK];
} shapes[] = {
    {0, {0}}, {1, {5}}, {1, {0}}, {2, {3, 4}}, {3, {2, 1025, 1}}, {8, {1, 1, 2, 1, 1, 1, 1, 3}},
};

START_TEST(npy) {
  scratch s = begin("out.npy");
  uint64_t count = 1;
  for (unsigned i = 0; i < shapes[_i].rank; i++) count *= shapes[_i].dims[i];
  float *values = ARENA_ARRAY(s.mem, float, count + 1);
  for (uint64_t i = 0; i < count; i++) values[i] = (float)i * 0.25f - 3;
  npy_write_f32(file_set_open(s.set, s.path), values, shapes[_i].rank, shapes[_i].dims);
  tensor_file *f = read_back(&s);
  const tensor *t = tensor_file_at(f, 0);
  ck_assert_str_eq(t->name, "out");
  ck_assert_int_eq(t->dtype, TENSOR_F32);
  ck_assert_uint_eq(t->rank, shapes[_i].rank);
  for (unsigned i = 0; i < t->rank; i++) ck_assert_uint_eq(t->dims[i], shapes[_i].dims[i]);
  float *back = ARENA_ARRAY(s.mem, float, count + 1);
  ck_assert(tensor_read_f32(s.d, t, 0, count, back));
  ck_assert_mem_eq(back, values, count * sizeof *back);
  ck_assert_uint_eq((uintptr_t)t->data % 64, 0);
  tensor_file_close(f);
  end(&s);
}
END_TEST

static const uint64_t dims_2_3[] = {2, 3};
static const uint64_t dims_0[] = {0};
static const uint8_t data[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

START_TEST(safetensors) {
  const safetensors_item items[] = {
      {.name = "z", .dtype = TENSOR_F32, .rank = 2, .dims = dims_2_3, .data = data, .size = 24},
      {.name = "a \"quoted\" n\xc3\xa4me", .dtype = TENSOR_U8, .rank = 2, .dims = dims_2_3, .data = data, .size = 6},
      {.name = "empty", .dtype = TENSOR_F16, .rank = 1, .dims = dims_0, .data = data, .size = 0},
      {.name = "scalar", .dtype = TENSOR_I64, .rank = 0, .dims = NULL, .data = data, .size = 8},
  };
  const tensor_meta meta[] = {{.key = "format", .value = "qcc"}, {.key = "note", .value = "two\nlines"}};
  scratch s = begin("out.safetensors");
  ck_assert(safetensors_write(s.d, s.path, file_set_open(s.set, s.path), items, 4, meta, 2));
  tensor_file *f = read_back(&s);
  ck_assert_uint_eq(tensor_file_count(f), 4);
  for (size_t i = 0; i < 4; i++) {
    const tensor *t = tensor_file_at(f, i);
    ck_assert_str_eq(t->name, items[i].name);
    ck_assert_int_eq(t->dtype, items[i].dtype);
    ck_assert_uint_eq(t->rank, items[i].rank);
    ck_assert_uint_eq(t->size, items[i].size);
    ck_assert_mem_eq(t->data, items[i].data, t->size);
  }
  ck_assert_uint_eq((uintptr_t)tensor_file_at(f, 0)->data % 8, 0);
  ck_assert_str_eq(tensor_file_meta(f, "note"), "two\nlines");
  tensor_file_close(f);
  end(&s);
}
END_TEST

static const struct {
  safetensors_item items[2];
  size_t count;
  const char *expected;
} refused[] = {
    {{{"a", TENSOR_F32, 2, dims_2_3, data, 23}}, 1, "cannot write tensor 'a': its size"},
    {{{"", TENSOR_U8, 2, dims_2_3, data, 6}}, 1, "1 to 8192 bytes"},
    {{{"a\n", TENSOR_U8, 2, dims_2_3, data, 6}}, 1, "not plain UTF-8"},
    {{{"a\xff", TENSOR_U8, 2, dims_2_3, data, 6}}, 1, "not plain UTF-8"},
    {{{"__metadata__", TENSOR_U8, 2, dims_2_3, data, 6}}, 1, "reserved"},
    {{{"a", TENSOR_I4, 2, dims_2_3, data, 3}}, 1, "has no elements of its type"},
    {{{"a", TENSOR_BLOCKS, 2, dims_2_3, data, 6}}, 1, "has no blocks"},
    {{{"a", TENSOR_U8, 2, dims_2_3, data, 6}, {"a", TENSOR_U8, 2, dims_2_3, data, 6}}, 2, "same name"},
};

START_TEST(refuses) {
  scratch s = begin("out.safetensors");
  ck_assert(
      !safetensors_write(s.d, s.path, file_set_open(s.set, s.path), refused[_i].items, refused[_i].count, NULL, 0));
  file_set_abort(s.set);
  ck_assert_msg(strstr(diag_text(s.d), refused[_i].expected) != NULL, "%s", diag_text(s.d));
  ck_assert_int_ne(access(s.path, F_OK), 0);
  end(&s);
}
END_TEST

START_TEST(refuses_metadata) {
  static const tensor_meta rows[] = {{.key = "a", .value = "\xff"}, {.key = "\xff", .value = "a"}};
  for (size_t i = 0; i < 2; i++) {
    scratch s = begin("out.safetensors");
    ck_assert(!safetensors_write(s.d, s.path, file_set_open(s.set, s.path), NULL, 0, &rows[i], 1));
    file_set_abort(s.set);
    ck_assert_ptr_nonnull(strstr(diag_text(s.d), "is not UTF-8 text"));
    end(&s);
  }
}
END_TEST

TCase *tensor_write_cases(void) {
  TCase *t = tcase_create("tensor_write");
  tcase_add_loop_test(t, npy, 0, (int)(sizeof shapes / sizeof *shapes));
  tcase_add_test(t, safetensors);
  tcase_add_loop_test(t, refuses, 0, (int)(sizeof refused / sizeof *refused));
  tcase_add_test(t, refuses_metadata);
  return t;
}

// .npz archives, and ZIP archives that are none.
#include <stdlib.h>
#include <string.h>

#include "tests/weights/scratch.h"
#include "tests/weights/tensor_file_tests.h"

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_npz(_i == 1);
  tensor_file *f = tensor_file_parse(d, a, "two.npz", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "npz");
  ck_assert_uint_eq(tensor_file_count(f), 2);
  const tensor *w = tensor_file_find(f, "w"), *b = tensor_file_find(f, "b");
  ck_assert_str_eq(tensor_describe(a, w), "F32 [2, 3]");
  ck_assert(w->data > s.data && w->data < s.data + s.size); // stored members are not copied
  ck_assert_str_eq(tensor_describe(a, b), "I16 [3]");
  ck_assert_uint_eq(b->size, 6);
  for (uint8_t i = 0; i < 6; i++) ck_assert_uint_eq(b->data[i], i + 1);
  ck_assert_str_eq(b->path, "two.npz");
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_npz(_i == 1);
  expect_survives_damage("x.npz", &s, s.size, 0);
  sample_free(&s);
}
END_TEST

// `width` bytes at an offset from a mark are overwritten.
static const struct {
  const char *label;
  const char *mark;
  size_t offset;
  unsigned width;
  uint64_t value;
  const char *expected;
} damaged[] = {
    {"stored data changed", "data 0", 90, 1, 77, "member 'w.npy' is damaged: its checksum is wrong"},
    {"deflated data changed", "data 1", 75, 1, 77, "member 'b.npy' is damaged: its checksum is wrong"},
    {"deflate stream ends early", "data 1", 0, 1, 0, "does not unpack to the size that is said"},
    {"deflate stream is nonsense", "data 1", 0, 1, 7, "does not unpack to the size that is said"},
    {"unpacks to less than is said", "entry 1", 24, 4, 1000, "does not unpack to the size that is said"},
    {"unpacks to more than deflate can", "entry 1", 24, 4, 1000000, "bytes cannot unpack to 1000000"},
    {"unpacks to gigabytes", "entry 1", 24, 4, 0xfffffffe, "bytes cannot unpack to 4294967294"},
    {"stored in another size", "entry 0", 24, 4, 5, "cannot unpack to 5"},
    {"longer than the archive", "entry 1", 20, 4, 100000, "reaches beyond the end of the archive"},
    {"encrypted", "entry 0", 8, 2, 1, "member 'w.npy' is encrypted"},
    {"another method", "entry 0", 10, 2, 14, "something else by its own header"},
    {"own header with another method", "local 0", 8, 2, 8, "something else by its own header"},
    {"own header with another name", "local 0", 30, 1, 'x', "something else by its own header"},
    {"own header with a longer name", "local 0", 26, 2, 7, "something else by its own header"},
    {"own header elsewhere", "entry 1", 42, 4, 3, "is not where the archive's directory says"},
    {"own header beyond the end", "entry 1", 42, 4, 0xffffff, "is not where the archive's directory says"},
    {"both members are one", "entry 1", 42, 4, 0, "something else by its own header"},
    {"an entry without signature", "entry 1", 0, 4, 0, "directory ends too early"},
    {"an entry with a long comment", "entry 1", 32, 2, 500, "reaches beyond it"},
    {"an entry with a long name", "entry 1", 28, 2, 65535, "reaches beyond it"},
    {"a control character in the name", "entry 1", 46, 1, 7, "is not 1 to 1024 bytes of UTF-8"},
    {"too many members", "end", 10, 2, 60000, "directory of 60000 members does not lie inside"},
    {"directory beyond the end", "end", 16, 4, 0xfffff0, "does not lie inside"},
    {"a directory of great length", "end", 12, 4, 0xfffffff0, "does not lie inside"},
    {"a comment that is not there", "end", 20, 2, 5, "no directory at its end"},
};

START_TEST(refuses) {
  sample s = sample_npz(false);
  sample_put(&s, sample_at(&s, damaged[_i].mark) + damaged[_i].offset, damaged[_i].width, damaged[_i].value);
  expect_refused(damaged[_i].label, "x.npz", s, damaged[_i].expected);
}
END_TEST

static const struct {
  const char *label;
  const char *mark;
  size_t offset;
  unsigned width;
  uint64_t value;
  const char *expected;
} damaged_wide[] = {
    {"64-bit end elsewhere", "locator", 8, 8, UINT64_MAX, "64-bit directory is not where it should be"},
    {"64-bit end without signature", "end64", 0, 1, 0, "64-bit directory is not where it should be"},
    {"members by the billion", "end64", 32, 8, UINT64_MAX, "does not lie inside"},
    {"directory at the end of all numbers", "end64", 48, 8, UINT64_MAX, "does not lie inside"},
    {"64-bit size of nearly all memory", "entry 1", 46 + 5 + 4, 8, UINT64_MAX, "cannot unpack"},
    {"64-bit packed size of nearly all memory", "entry 1", 46 + 5 + 12, 8, UINT64_MAX, "beyond the end"},
    {"an extra field that is too short", "entry 1", 46 + 5 + 2, 2, 8, "lacks its 64-bit sizes"},
};

START_TEST(refuses_wide) {
  sample s = sample_npz(true);
  sample_put(&s, sample_at(&s, damaged_wide[_i].mark) + damaged_wide[_i].offset, damaged_wide[_i].width,
             damaged_wide[_i].value);
  expect_refused(damaged_wide[_i].label, "x.npz", s, damaged_wide[_i].expected);
}
END_TEST

static sample text_sample(const char *text) {
  sample empty = {0};
  sample s = sample_resized(&empty, strlen(text));
  memcpy(s.data, text, s.size);
  return s;
}

START_TEST(other_archives) {
  sample_member torch[] = {{.name = "archive/data.pkl", .content = text_sample("\x80\x02}q\1.")},
                           {.name = "archive/data/0", .content = text_sample("....")}};
  expect_refused("torch", "m.pt", sample_zip(torch, 2, false),
                 "this is a PyTorch checkpoint: 'archive/data.pkl' in it is a Python pickle, which is executable code");
  sample_member keras[] = {{.name = "model.weights.h5", .content = text_sample("x")}};
  expect_refused("keras", "m.keras", sample_zip(keras, 1, false), "no .npz file: 'model.weights.h5' is no .npy array");
  expect_refused("empty", "m.zip", sample_zip(NULL, 0, false), "no .npz file: it is empty");
  sample_member noise[] = {{.name = "a.npy", .content = text_sample("not an array")}};
  expect_refused("noise", "x.npz(a.npy)", sample_zip(noise, 1, false), "does not begin as a .npy array does");
  sample_member nameless[] = {{.name = ".npy", .content = text_sample("x")}};
  expect_refused("nameless", "x.npz", sample_zip(nameless, 1, false), "'.npy' is no .npy array");
  sample_member twice[] = {{.name = "a.npy", .content = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)},
                           {.name = "a.npy", .content = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)}};
  expect_refused("twice", "x.npz", sample_zip(twice, 2, false), "two tensors have the name 'a'");
}
END_TEST

// Two entries for one member's bytes, as archives that unpack to huge ones have.
START_TEST(overlap) {
  sample_member same[] = {{.name = "a.npy", .content = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)},
                          {.name = "a.npy", .content = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)}};
  sample s = sample_zip(same, 2, false);
  sample_put(&s, sample_at(&s, "entry 1") + 42, 4, 0);
  expect_refused("overlap", "x.npz", s, "members 'a.npy' and 'a.npy' share bytes");
}
END_TEST

// A small file that asks for much memory is refused before any of it is unpacked.
START_TEST(bombs) {
  enum { MEMBERS = 5, PACKED = 60000, SIZE = 60000000 };
  static const char *const names[MEMBERS] = {"a.npy", "b.npy", "c.npy", "d.npy", "e.npy"};
  sample_member members[MEMBERS];
  for (size_t i = 0; i < MEMBERS; i++) {
    sample content = {0};
    sample_append_counting(&content, PACKED);
    members[i] = (sample_member){.name = names[i], .content = content, .deflate = true};
  }
  sample s = sample_zip(members, MEMBERS, false);
  for (size_t i = 0; i < MEMBERS; i++) {
    char mark[] = "entry 0";
    mark[6] = (char)('0' + i);
    sample_put(&s, sample_at(&s, mark) + 24, 4, SIZE);
  }
  expect_refused("bomb", "x.npz", s, "its deflated arrays would take 300000000 bytes of room, over 64 times");
}
END_TEST

// Large arrays of an opened file are not in memory of the process: they are mapped until it is closed.
START_TEST(large_members) {
  enum { COUNT = 15000 };
  static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (15000,)}";
  scratch dir = scratch_new();
  for (int broken = 0; broken < 2; broken++) {
    sample_member members[] = {{.name = "a.npy", .content = sample_npy(1, header, 4 * COUNT), .deflate = true},
                               {.name = "b.npy", .content = sample_npy(1, header, 4 * COUNT), .deflate = true}};
    sample s = sample_zip(members, 2, false);
    if (broken) sample_put(&s, sample_at(&s, "data 1") + COUNT, 1, 0xff);
    const char *path = scratch_write(&dir, "x.npz", s.data, s.size);
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    tensor_file *f = tensor_file_open(d, a, path);
    ck_assert_msg((f == NULL) == broken, "%s", diag_text(d));
    if (broken) ck_assert_ptr_nonnull(strstr(diag_text(d), "member 'b.npy' is damaged: its checksum is wrong"));
    for (size_t i = 0; f != NULL && i < 2; i++) {
      const tensor *t = tensor_file_at(f, i);
      ck_assert_uint_eq(t->size, 4 * COUNT);
      tensor_file_forget(f, t->data, t->size); // comes back
      for (size_t k = 0; k < t->size; k++) ck_assert_uint_eq(t->data[k], (uint8_t)(k + 1));
    }
    ck_assert_uint_lt(arena_used(a), COUNT);
    tensor_file_close(f);
    arena_free(a);
    sample_free(&s);
  }
  scratch_remove(&dir);
}
END_TEST

TCase *npz_cases(void) {
  TCase *t = tcase_create("npz");
  tcase_add_loop_test(t, good_file, 0, 2);
  tcase_add_loop_test(t, survives_damage, 0, 2);
  tcase_add_loop_test(t, refuses, 0, (int)(sizeof damaged / sizeof *damaged));
  tcase_add_loop_test(t, refuses_wide, 0, (int)(sizeof damaged_wide / sizeof *damaged_wide));
  tcase_add_test(t, other_archives);
  tcase_add_test(t, overlap);
  tcase_add_test(t, bombs);
  tcase_add_test(t, large_members);
  return t;
}

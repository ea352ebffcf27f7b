// Models in several files: split GGUF, sharded safetensors, folders.
#define _GNU_SOURCE // truncate
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/weights/scratch.h"
#include "tests/weights/tensor_file_tests.h"

static tensor_file *open_good(arena *a, const char *path) {
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_open(d, a, path);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_uint_eq(diag_error_count(d), 0);
  sample_walk(a, f);
  return f;
}

static void expect_refusal(const char *path, const char *file, const char *expected) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert_msg(tensor_file_open(d, a, path) == NULL, "accepted, expected '%s'", expected);
  ck_assert_msg(strstr(diag_text(d), expected) != NULL, "expected '%s' in:\n%s", expected, diag_text(d));
  ck_assert_msg(strstr(diag_text(d), file) != NULL, "'%s' is not named in:\n%s", file, diag_text(d));
  arena_free(a);
}

// ---- split GGUF ------------------------------------------------------------------------------------------

static const char *const part_names[] = {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"};
static const char *const part_tensors[] = {"b.weight", "a.weight", "c.weight"};

// A part that is changed at a mark before it is written; mark NULL: as it is.
static void write_part(const scratch *s, unsigned i, const char *name, const char *mark, uint64_t value) {
  sample part = sample_gguf_part(i, 3, 3, part_tensors[i]);
  if (mark != NULL) sample_put(&part, sample_at(&part, mark), 2, value);
  scratch_write(s, name, part.data, part.size);
  sample_free(&part);
}

static scratch write_parts(void) {
  scratch s = scratch_new();
  for (unsigned i = 0; i < 3; i++) write_part(&s, i, part_names[i], NULL, 0);
  return s;
}

START_TEST(split_from_any_part) {
  scratch s = write_parts();
  for (int i = -1; i < 3; i++) { // -1: the folder
    arena *a = arena_new();
    tensor_file *f = open_good(a, i < 0 ? s.dir : scratch_path(&s, part_names[i]));
    ck_assert_str_eq(tensor_file_kind(f), "GGUF");
    ck_assert_uint_eq(tensor_file_count(f), 3);
    ck_assert_uint_eq(tensor_file_part_count(f), 3);
    for (size_t j = 0; j < 3; j++) {
      const tensor *t = tensor_file_at(f, j);
      ck_assert_str_eq(t->name, part_tensors[j]);
      ck_assert_str_eq(t->path, scratch_path(&s, part_names[j]));
      ck_assert_ptr_eq(tensor_file_find(f, part_tensors[j]), t);
    }
    ck_assert_uint_eq(tensor_file_meta_count(f), 4);
    ck_assert_str_eq(tensor_file_meta(f, "first"), "7");
    tensor_file_close(f);
    arena_free(a);
  }
  scratch_remove(&s);
}
END_TEST

// One change each to the second part, seen from the first.
static const struct {
  const char *mark;
  uint64_t value;
  const char *expected;
} part_damage[] = {
    {"number", 2, "it says that it is part 3 of 3"},
    {"parts", 4, "it says that it is part 2 of 4"},
    {"tensors", 9, "part 2 of 3 with 9 tensors"},
};

START_TEST(split_disagrees) {
  scratch s = write_parts();
  write_part(&s, 1, part_names[1], part_damage[_i].mark, part_damage[_i].value);
  expect_refusal(scratch_path(&s, part_names[0]), part_names[1], part_damage[_i].expected);
  scratch_remove(&s);
}
END_TEST

START_TEST(split_is_incomplete) {
  scratch s = write_parts();
  ck_assert_int_eq(remove(scratch_path(&s, part_names[2])), 0);
  expect_refusal(scratch_path(&s, part_names[0]), part_names[2], "cannot be opened");
  scratch_remove(&s);
  s = write_parts();
  write_part(&s, 1, "alone.gguf", NULL, 0);
  expect_refusal(scratch_path(&s, "alone.gguf"), "alone.gguf", "its name does not end in -00002-of-00003.gguf");
  sample twice = sample_gguf_part(2, 3, 3, part_tensors[0]);
  scratch_write(&s, part_names[2], twice.data, twice.size);
  sample_free(&twice);
  expect_refusal(scratch_path(&s, part_names[0]), part_names[0], "two tensors have the name 'b.weight'");
  sample npy = sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA);
  scratch_write(&s, part_names[2], npy.data, npy.size);
  sample_free(&npy);
  expect_refusal(scratch_path(&s, part_names[0]), part_names[2], "this is npy, but it belongs to a model in GGUF");
  scratch_remove(&s);
}
END_TEST

// The second part has a key of the first, with another value; then a count that is negative.
START_TEST(split_keys) {
  scratch s = write_parts();
  sample part = sample_gguf_part(0, 3, 3, part_tensors[1]);
  sample_put(&part, sample_at(&part, "number"), 2, 1);
  scratch_write(&s, part_names[1], part.data, part.size);
  sample_put(&part, sample_at(&part, "first"), 4, 8);
  arena *a = arena_new();
  tensor_file_close(open_good(a, scratch_path(&s, part_names[2]))); // with the same value
  arena_free(a);
  scratch_write(&s, part_names[1], part.data, part.size);
  expect_refusal(scratch_path(&s, part_names[2]), part_names[2], "disagree about 'first': 7 and 8");
  sample_put(&part, sample_at(&part, "tensors"), 4, UINT32_MAX);
  scratch_write(&s, part_names[1], part.data, part.size);
  expect_refusal(s.dir, part_names[1], "key 'split.tensors.count' is no integer from 0 on");
  sample_free(&part);
  scratch_remove(&s);
}
END_TEST

// Counts that do not fit to what is there.
START_TEST(split_counts) {
  scratch s = scratch_new();
  for (unsigned i = 0; i < 2; i++) {
    sample part = sample_gguf_part(i, 2, 5, part_tensors[i]);
    scratch_write(&s, i == 0 ? "m-00001-of-00002.gguf" : "m-00002-of-00002.gguf", part.data, part.size);
    sample_free(&part);
  }
  expect_refusal(scratch_path(&s, "m-00001-of-00002.gguf"), "m-00001", "have 2 tensors, but say that there are 5");
  sample part = sample_gguf_part(5, 3, 3, "x");
  scratch_write(&s, "m-00006-of-00003.gguf", part.data, part.size);
  sample_free(&part);
  expect_refusal(scratch_path(&s, "m-00006-of-00003.gguf"), "m-00006", "this is part 6 of a model in 3");
  scratch_remove(&s);
}
END_TEST

// A single part is a file like any other.
START_TEST(split_of_one) {
  scratch s = scratch_new();
  sample part = sample_gguf_part(0, 1, 1, "x");
  const char *path = scratch_write(&s, "any name", part.data, part.size);
  arena *a = arena_new();
  tensor_file *f = open_good(a, path);
  ck_assert_uint_eq(tensor_file_count(f), 1);
  tensor_file_close(f);
  arena_free(a);
  sample_free(&part);
  scratch_remove(&s);
}
END_TEST

// ---- sharded safetensors ---------------------------------------------------------------------------------

#define SHARD(i) "model-0000" #i "-of-00002.safetensors"
#define INDEX "model.safetensors.index.json"
#define GOOD_INDEX                                                                                   \
  "{\"metadata\":{\"total_size\":5,\"x\":[]},\"weight_map\":{\"a\":\"" SHARD(1) "\",\"b\":\"" SHARD( \
      2) "\",\"c\":\"" SHARD(2) "\"}}"

static void write_shard(const scratch *s, const char *name, const char *header, size_t data) {
  sample shard = sample_safetensors(header, data);
  scratch_write(s, name, shard.data, shard.size);
  sample_free(&shard);
}

static scratch write_shards(const char *index) {
  scratch s = scratch_new();
  write_shard(&s, SHARD(1),
              "{\"__metadata__\":{\"format\":\"pt\",\"one\":\"1\"},\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
              "offsets\":[0,2]}}",
              2);
  write_shard(&s, SHARD(2),
              "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
              "\"c\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
              3);
  if (index != NULL) scratch_write_text(&s, INDEX, index);
  return s;
}

START_TEST(shards_from_any_file) {
  scratch s = write_shards(GOOD_INDEX);
  static const char *const names[] = {INDEX, SHARD(1), SHARD(2), ""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    arena *a = arena_new();
    tensor_file *f = open_good(a, scratch_path(&s, names[i]));
    ck_assert_uint_eq(tensor_file_count(f), 3);
    ck_assert_uint_eq(tensor_file_part_count(f), 3);
    ck_assert_str_eq(tensor_file_find(f, "a")->path, scratch_path(&s, SHARD(1)));
    ck_assert_str_eq(tensor_file_find(f, "c")->path, scratch_path(&s, SHARD(2)));
    ck_assert_uint_eq(tensor_file_find(f, "c")->data[1], 3);
    ck_assert_str_eq(tensor_file_meta(f, "format"), "pt");
    ck_assert_str_eq(tensor_file_meta(f, "one"), "1");
    ck_assert_str_eq(tensor_file_meta(f, "index.total_size"), "5");
    tensor_file_close(f);
    arena_free(a);
  }
  scratch_remove(&s);
}
END_TEST

START_TEST(shard_alone) {
  scratch s = write_shards(NULL);
  arena *a = arena_new();
  tensor_file *f = open_good(a, scratch_path(&s, SHARD(2)));
  ck_assert_uint_eq(tensor_file_count(f), 2);
  tensor_file_close(f);
  arena_free(a);
  expect_refusal(s.dir, s.dir, "2 files *.safetensors");
  scratch_remove(&s);
}
END_TEST

static const struct {
  const char *index;
  const char *expected;
} index_damage[] = {
    {"{\"weight_map\":{\"a\":\"" SHARD(1) "\"", "malformed JSON"},
    {"{\"weight_map\":[]}", "weight_map is no object"},
    {"{\"weight_map\":{}}", "names no file"},
    {"{\"weight_map\":{\"a\":5}}", "'a' has no file name"},
    {"{\"weight_map\":{\"a\":\"" SHARD(2) "\"}}", "'a' is not in " SHARD(2)},
    {"{\"weight_map\":{\"zz\":\"" SHARD(1) "\"}}", "'zz' is not in"},
    {"{\"weight_map\":{\"a\":\"../" SHARD(1) "\"}}", "is no plain name of a file in the same folder"},
    {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "is no plain name"},
    {"{\"weight_map\":{\"a\":\"..\"}}", "is no plain name"},
    {"{\"weight_map\":{\"a\":\"\"}}", "is no plain name"},
    {"{\"weight_map\":{\"a\":\"x\\u0001y\"}}", "is no plain name"},
    {"{\"weight_map\":{\"a\":\"" SHARD(1) "\",\"a\":\"" SHARD(2) "\"}}", "duplicate object key"},
    {"{\"weight_map\":{\"a\":\"" SHARD(1) "\",\"d\":\"model-3.safetensors\"}}", "cannot be opened"},
    {"{\"weight_map\":{\"a\":\"" INDEX "\"}}", "can only be found by path"},
};

START_TEST(index_is_damaged) {
  scratch s = write_shards(index_damage[_i].index);
  expect_refusal(scratch_path(&s, INDEX), s.dir, index_damage[_i].expected);
  scratch_remove(&s);
}
END_TEST

// Cut at each byte and with each bit flipped the index is refused or still says what is true.
START_TEST(index_survives_damage) {
  static const char text[] = GOOD_INDEX;
  scratch s = write_shards(text);
  for (size_t i = 0; i < 2 * sizeof text; i++) {
    unsigned char damaged[sizeof text];
    memcpy(damaged, text, sizeof text);
    size_t size = i < sizeof text ? i : sizeof text - 1;
    if (i >= sizeof text) damaged[i - sizeof text] ^= (unsigned char)(1u << i % 8);
    scratch_write(&s, INDEX, damaged, size);
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    tensor_file *f = tensor_file_open(d, a, scratch_path(&s, INDEX));
    ck_assert((f == NULL) == (diag_error_count(d) > 0));
    if (f != NULL) sample_walk(a, f);
    tensor_file_close(f);
    arena_free(a);
  }
  scratch_remove(&s);
}
END_TEST

START_TEST(shards_overlap) {
  scratch s = write_shards(GOOD_INDEX);
  write_shard(&s, SHARD(1),
              "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
              "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
              2);
  expect_refusal(scratch_path(&s, INDEX), INDEX, "two tensors have the name 'b'");
  scratch_remove(&s);
}
END_TEST

// ---- folders ---------------------------------------------------------------------------------------------

START_TEST(folders) {
  scratch s = scratch_new();
  expect_refusal(s.dir, s.dir, "no weight file is in this folder");
  scratch_write_text(&s, "pytorch_model.bin", "\x80\x02}q\1X");
  expect_refusal(s.dir, s.dir, "can run code when they are read and are refused");
  write_shard(&s, "adapter.safetensors", "{}", 0);
  arena *a = arena_new();
  tensor_file_close(open_good(a, s.dir));
  write_shard(&s, "other.safetensors", "{}", 0);
  expect_refusal(s.dir, s.dir, "this folder has 2 files *.safetensors");
  write_shard(&s, "model.safetensors", "{\"m\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
  tensor_file *f = open_good(a, s.dir);
  ck_assert_uint_eq(tensor_file_count(f), 1);
  tensor_file_close(f);
  ck_assert_int_eq(mkdir(scratch_path(&s, "model.safetensors.index.json"), 0700), 0);
  expect_refusal(s.dir, s.dir, "directory");
  arena_free(a);
  scratch_remove(&s);
}
END_TEST

// A part that is written to while the set is read: by size, by time, and by its bytes alone.
START_TEST(written_to) {
  static const char *const says[] = {"it was cut to 90 bytes", "it was written to", "it was written to"};
  scratch s = scratch_new();
  arena *a = arena_new();
  write_shard(&s, "model.safetensors", "{\"m\":{\"dtype\":\"U8\",\"shape\":[99],\"data_offsets\":[0,99]}}", 99);
  const char *path = scratch_path(&s, "model.safetensors");
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_open(d, a, path);
  struct stat before;
  ck_assert_int_eq(stat(path, &before), 0);
  tensor_file_watch(f);
  ck_assert(tensor_file_unchanged(d, f));
  FILE *out = fopen(path, "r+");
  ck_assert_int_eq(fseek(out, -1, SEEK_END), 0);
  fputc('?', out);
  fclose(out);
  if (_i == 0) ck_assert_int_eq(truncate(path, 90), 0);
  const struct timespec times[] = {before.st_atim, before.st_mtim};
  if (_i == 2) ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
  ck_assert(!tensor_file_unchanged(d, f));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "model.safetensors: error: this file changed while it was read: "));
  ck_assert_msg(strstr(diag_text(d), says[_i]) != NULL, "%s", diag_text(d));
  tensor_file_close(f);
  arena_free(a);
  scratch_remove(&s);
}
END_TEST

TCase *set_cases(void) {
  TCase *t = tcase_create("sets");
  tcase_add_test(t, split_from_any_part);
  tcase_add_loop_test(t, split_disagrees, 0, (int)(sizeof part_damage / sizeof *part_damage));
  tcase_add_test(t, split_is_incomplete);
  tcase_add_test(t, split_keys);
  tcase_add_test(t, split_counts);
  tcase_add_test(t, split_of_one);
  tcase_add_test(t, shards_from_any_file);
  tcase_add_test(t, shard_alone);
  tcase_add_loop_test(t, index_is_damaged, 0, (int)(sizeof index_damage / sizeof *index_damage));
  tcase_add_test(t, index_survives_damage);
  tcase_add_test(t, shards_overlap);
  tcase_add_test(t, folders);
  tcase_add_loop_test(t, written_to, 0, 3);
  return t;
}

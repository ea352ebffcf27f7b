// The JSON form: every member that docs/inspect.md promises, with its type.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/inspect/kit.h"

// A member of an object and what it may be.
typedef struct member {
  const char *name;
  const char *types; // s string, i integer, r real, b boolean, a array, o object, n null
} member;

static const member file_members[] = {
    {"qcc_inspect", "i"}, {"path", "s"},       {"kind", "s"},   {"metadata", "a"}, {"config", "on"},
    {"tensors", "a"},     {"formats", "a"},    {"totals", "o"}, {"name", "o"},     {"warnings", "a"},
    {"verdict", "o"},     {"assessment", "o"}, {NULL, NULL},
};
static const member tensor_members[] = {
    {"name", "s"},
    {"kind", "s"},
    {"shape", "a"},
    {"format", "s"},
    {"scheme", "sn"},
    {"layout", "sn"},
    {"packing", "sn"},
    {"stored", "a"},
    {"group", "on"},
    {"symmetric", "bn"},
    {"code_bits", "in"},
    {"bytes", "i"},
    {"bits_per_weight", "r"},
    {"share_of_f32", "r"},
    {"share_of_f16", "r"},
    {"levels", "on"},
    {"matrix", "b"},
    {"exact", "b"},
    {"certain", "b"},
    {"problem", "sn"},
    {"alternatives", "a"},
    {"role", "s"},
    {"use", "sn"},
    {"transposed", "b"},
    {"offset", "in"},
    {"values", "on"},
    {NULL, NULL},
};
static const member level_members[] = {
    {"kind", "s"},      {"count", "i"},   {"bits", "i"}, {"group", "i"},  {"whole", "b"},
    {"symmetric", "b"}, {"format", "sn"}, {"step", "r"}, {"offset", "r"}, {NULL, NULL},
};
static const member assessment_members[] = {
    {"detected", "b"},
    {"method", "sn"},
    {"bit_width", "in"},
    {"symmetric", "bn"},
    {"per_channel", "bn"},
    {"issues", "a"},
    {"upgrade_recommendations", "a"},
    {NULL, NULL},
};

static char type_letter(const json_t *value) {
  static const char letters[] = {[JSON_OBJECT] = 'o', [JSON_ARRAY] = 'a', [JSON_STRING] = 's', [JSON_INTEGER] = 'i',
                                 [JSON_REAL] = 'r',   [JSON_TRUE] = 'b',  [JSON_FALSE] = 'b',  [JSON_NULL] = 'n'};
  return letters[json_typeof(value)];
}

static void check_members(const json_t *object, const member *members) {
  size_t count = 0;
  for (const member *m = members; m->name != NULL; m++, count++) {
    const json_t *value = json_object_get(object, m->name);
    ck_assert_msg(value != NULL, "no member %s", m->name);
    ck_assert_msg(strchr(m->types, type_letter(value)) != NULL, "%s is of type %c", m->name, type_letter(value));
  }
  ck_assert_msg(json_object_size(object) == count, "an object has %zu members, of which %zu are known",
                json_object_size(object), count);
}

static json_t *printed(const inspection *const *all, size_t count) {
  FILE *f = tmpfile();
  ck_assert_ptr_nonnull(f);
  ck_assert(inspection_print_json(f, all, count));
  rewind(f);
  json_error_t error;
  json_t *value = json_loadf(f, 0, &error);
  ck_assert_msg(value != NULL, "%s", error.text);
  fclose(f);
  return value;
}

static const inspection *sample(tensor_file **f) {
  const scheme *s = inspect_scheme("int4_g(group=64)");
  static const float levels[] = {-1, 1};
  float *binary = inspect_weights(16, 64, 2);
  for (size_t i = 0; i < 16 * 64; i++) binary[i] = levels[binary[i] > 0];
  ck_assert(inspect_add_layer("fc", inspect_encode(s, 64, 256), scheme_find_layout(s, "awq")));
  inspect_add("b.weight", TENSOR_F32, 2, (uint64_t[]){16, 64}, binary);
  inspect_add_meta("format", "pt");
  *f = inspect_write("m-7b-AWQ-4bit-64g.safetensors");
  return inspect_run(*f);
}

START_TEST(members) {
  tensor_file *f;
  const inspection *x = sample(&f);
  json_t *value = printed(&x, 1);
  check_members(value, file_members);
  const json_t *tensors = json_object_get(value, "tensors");
  ck_assert_uint_eq(json_array_size(tensors), 2);
  for (size_t i = 0; i < 2; i++) check_members(json_array_get(tensors, i), tensor_members);
  check_members(json_object_get(value, "assessment"), assessment_members);
  for (size_t i = 0; i < 2; i++) {
    const json_t *levels = json_object_get(json_array_get(tensors, i), "levels");
    if (!json_is_null(levels)) check_members(levels, level_members);
  }
  json_decref(value);
  tensor_file_close(f);
}
END_TEST

START_TEST(values) {
  tensor_file *f;
  const inspection *x = sample(&f);
  json_t *value = printed(&x, 1);
  const char *scheme_text, *layout_text, *method, *extension;
  int group, bits, count, detected, exact;
  json_t *list = json_object_get(value, "tensors");
  const json_t *fc = NULL, *binary = NULL;
  for (size_t i = 0; i < 2; i++) {
    const json_t *t = json_array_get(list, i);
    if (strcmp(json_string_value(json_object_get(t, "name")), "fc") == 0)
      fc = t;
    else
      binary = t;
  }
  ck_assert_int_eq(json_unpack((json_t *)fc, "{s:s, s:s, s:{s:i}, s:i, s:b}", "scheme", &scheme_text, "layout",
                               &layout_text, "group", "columns", &group, "code_bits", &bits, "exact", &exact),
                   0);
  ck_assert_str_eq(scheme_text, "int4_g(group=64)");
  ck_assert_str_eq(layout_text, "awq");
  ck_assert(group == 64 && bits == 4 && exact);
  ck_assert_int_eq(json_unpack((json_t *)binary, "{s:{s:s, s:i}}", "levels", "kind", &method, "count", &count), 0);
  ck_assert_str_eq(method, "binary");
  ck_assert_int_eq(count, 2);
  ck_assert_int_eq(json_unpack(value, "{s:{s:b, s:i}, s:{s:s, s:s}}", "assessment", "detected", &detected, "bit_width",
                               &bits, "name", "method", &method, "extension", &extension),
                   0);
  ck_assert(detected && bits == 4);
  ck_assert_str_eq(method, "AWQ");
  ck_assert_str_eq(extension, "safetensors");
  json_decref(value);
  tensor_file_close(f);
}
END_TEST

// Several files make an array.
START_TEST(several) {
  tensor_file *f;
  const inspection *x = sample(&f), *all[] = {x, x};
  json_t *value = printed(all, 2);
  ck_assert_uint_eq(json_array_size(value), 2);
  json_decref(value);
  tensor_file_close(f);
}
END_TEST

TCase *inspect_tcase_json(void) {
  TCase *t = tcase_create("json");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_test(t, members);
  tcase_add_test(t, values);
  tcase_add_test(t, several);
  return t;
}

// The tensors that hold fields: their types, shapes and bits; and what is said when they are not as they should be.
#include <string.h>

#include "tests/load/kit.h"
#include "weights/fields.h"

#define ROWS UINT64_C(3)
#define COLUMNS UINT64_C(70)

// A field of one type and granularity, with a table's dimensions.
static scheme *field_scheme(elem_type type, granularity gran, unsigned rank) {
  scheme_field fields[] = {{.name = "w", .type = ELEM_F16, .gran = PER_WEIGHT},
                           {.name = "f", .type = type, .gran = gran, .rank = rank, .dims = {4, 2}}};
  return new_scheme(lc.mem, "s", 2, fields, field(lc.mem, 0, false));
}

static const struct {
  elem_type type;
  granularity gran;
  unsigned rank;
  const char *describes;
} shapes[] = {
    {ELEM_U1, {GRAN_WEIGHT, 1, 0}, 0, "U8 [3, 9]"},
    {ELEM_U3, {GRAN_WEIGHT, 1, 0}, 0, "U8 [3, 27]"},
    {ELEM_I5, {GRAN_WEIGHT, 1, 0}, 0, "U8 [3, 44]"},
    {ELEM_U8, {GRAN_WEIGHT, 1, 0}, 0, "U8 [3, 70]"},
    {ELEM_I8, {GRAN_WEIGHT, 1, 0}, 0, "I8 [3, 70]"},
    {ELEM_BF16, {GRAN_WEIGHT, 1, 0}, 0, "BF16 [3, 70]"},
    {ELEM_U6, {GRAN_GROUP, 32, 0}, 0, "U8 [3, 3]"},
    {ELEM_F16, {GRAN_GROUP, 32, 0}, 0, "F16 [3, 3]"},
    {ELEM_F32, {GRAN_ROW, 0, 0}, 0, "F32 [3]"},
    {ELEM_U4, {GRAN_ROW, 0, 0}, 0, "U8 [3, 1]"},
    {ELEM_F32, {GRAN_TENSOR, 0, 0}, 0, "F32 [1]"},
    {ELEM_U4, {GRAN_TENSOR, 0, 0}, 0, "U8 [1]"},
    {ELEM_F16, {GRAN_TENSOR, 0, 0}, 2, "F16 [4, 2]"},
    {ELEM_F16, {GRAN_ROW, 0, 0}, 1, "F16 [3, 4]"},
    {ELEM_I16, {GRAN_GROUP, 32, 0}, 2, "I16 [3, 3, 4, 2]"},
    {ELEM_U3, {GRAN_GROUP, 32, 0}, 2, "U8 [3, 9]"},
    {ELEM_U3, {GRAN_TENSOR, 0, 0}, 2, "U8 [3]"},
};

START_TEST(types_and_shapes) {
  const scheme *s = field_scheme(shapes[_i].type, shapes[_i].gran, shapes[_i].rank);
  tensor_codes *codes = load_random_codes(s, ROWS, COLUMNS, 21);
  safetensors_item items[2];
  tensor_meta notes[FIELDS_MAX_NOTES];
  fields_make_items(lc.mem, codes, "fc", items);
  size_t count = fields_make_notes(lc.mem, codes, "fc", NULL, notes);
  load_write("q.safetensors", items, 2, notes, count);
  tensor_file *f = tensor_file_open(lc.d, lc.mem, load_path("q.safetensors"));
  ck_assert_str_eq(tensor_describe(lc.mem, tensor_file_find(f, "fc.f")), shapes[_i].describes);
  fields_note note;
  ck_assert_int_eq(fields_find(lc.d, lc.mem, f, "fc", &note), FIELDS_FOUND);
  ck_assert(note.rows == ROWS && note.columns == COLUMNS && note.layout == NULL && note.has_digest);
  ck_assert(fields_check(lc.d, f, "fc", &note, s, ROWS, COLUMNS));
  ck_assert(fields_check_tensors(lc.d, f, "fc", s, ROWS, COLUMNS));
  load_expect_codes(fields_read(lc.d, lc.mem, f, "fc", s, ROWS, COLUMNS), codes);
  ck_assert_str_eq(diag_text(lc.d), "");
  tensor_file_close(f);
}
END_TEST

// The stream as the description has it: element i at bits [i * width, i * width + width), least significant first.
START_TEST(bits_of_a_stream) {
  const scheme *s = field_scheme(ELEM_U3, PER_WEIGHT, 0);
  tensor_codes *codes = tensor_codes_new(lc.d, lc.mem, s, 1, 5);
  static const uint32_t raw[] = {5, 3, 6, 1, 7};
  memcpy(codes->elements[1], raw, sizeof raw);
  safetensors_item items[2];
  fields_make_items(lc.mem, codes, "fc", items);
  static const uint8_t expected[] = {0x9d, 0x73}; // 7 001 110 011 101
  ck_assert_uint_eq(items[1].size, 2);
  ck_assert_mem_eq(items[1].data, expected, 2);
}
END_TEST

// ---- what is wrong ---------------------------------------------------------------------------------------

static tensor_meta *made_notes;
static size_t note_count;

static scheme *write_quantized(void) {
  scheme *s = kit_q4_0(lc.mem);
  tensor_codes *codes = load_random_codes(s, 4, 64, 1);
  safetensors_item items[2];
  made_notes = ARENA_ARRAY(lc.mem, tensor_meta, FIELDS_MAX_NOTES);
  note_count = fields_make_notes(lc.mem, codes, "fc.weight", NULL, made_notes);
  fields_make_items(lc.mem, codes, "fc.weight", items);
  load_write("q.safetensors", items, 2, made_notes, note_count);
  return s;
}

static void with_note(size_t which, const char *value, ir_weight *w) {
  safetensors_item items[2];
  fields_make_items(lc.mem, load_random_codes(w->scheme, 4, 64, 1), "fc.weight", items);
  made_notes[which].value = value;
  load_write("q.safetensors", items, 2, made_notes, note_count);
}

static void bad_shape(ir_weight *w) { with_note(0, "q4_0 4x", w); }
static void huge_shape(ir_weight *w) { with_note(0, "q4_0 4x99999999999999999999", w); }
static void zero_shape(ir_weight *w) { with_note(0, "q4_0 0x64", w); }
static void trailing(ir_weight *w) { with_note(0, "q4_0 4x64x1", w); }
static void no_scheme(ir_weight *w) { with_note(0, " 4x64", w); }
static void no_space(ir_weight *w) { with_note(0, "4x64", w); }
static void bad_digest(ir_weight *w) { with_note(1, "0123456789abcdeX", w); }
static void short_digest(ir_weight *w) { with_note(1, "0123", w); }
static void other_shape(ir_weight *w) { with_note(0, "q4_0 4x96", w); }
static void large_shape(ir_weight *w) { with_note(0, "q4_0 2147483647x64", w), w->rows = 2147483647; }
static void other_scheme(ir_weight *w) { w->scheme = kit_q8_0(lc.mem); }
static void other_rows(ir_weight *w) { w->rows = 5; }

static void other_definition(ir_weight *w) {
  scheme *s = kit_q4_0(lc.mem);
  s->value = op1(lc.mem, EXPR_NEG, s->value);
  w->scheme = s;
}

static void asks_for_blocks(ir_weight *w) { w->layout = &w->scheme->layouts[0]; }

static void unknown_layout(ir_weight *w) {
  safetensors_item item = load_item("fc.weight", TENSOR_U8, 2, (uint64_t[]){4, 36}, ARENA_ARRAY(lc.mem, uint8_t, 144));
  made_notes[2] = (tensor_meta){.key = "qcc.layout.fc.weight", .value = "other"};
  (void)w;
  load_write("q.safetensors", &item, 1, made_notes, 3);
}

static void missing_field(ir_weight *w) {
  safetensors_item items[2];
  fields_make_items(lc.mem, load_random_codes(w->scheme, 4, 64, 1), "fc.weight", items);
  load_write("q.safetensors", items, 1, made_notes, note_count);
}

static void wrong_field(ir_weight *w) {
  safetensors_item items[2];
  fields_make_items(lc.mem, load_random_codes(w->scheme, 4, 64, 1), "fc.weight", items);
  items[1] = load_item("fc.weight.scale", TENSOR_F32, 2, (uint64_t[]){4, 2}, ARENA_ARRAY(lc.mem, uint8_t, 32));
  load_write("q.safetensors", items, 2, made_notes, note_count);
}

static const struct {
  void (*damage)(ir_weight *w);
  const char *text;
} cases[] = {
    {bad_shape, "the metadata of tensor 'fc.weight' are damaged: 'q4_0 4x'"},
    {huge_shape, "are damaged"},
    {zero_shape, "are damaged"},
    {trailing, "are damaged"},
    {no_scheme, "are damaged"},
    {no_space, "are damaged"},
    {bad_digest, "digest '0123456789abcdeX'"},
    {short_digest, "are damaged"},
    {other_shape, "tensor 'fc.weight' has 4 x 96 weights, but the model needs 4 x 64"},
    {large_shape,
     "'fc.weight.code' is U8 [4, 32], but field 'code' of 2147483647 x 64 weights needs U8 [2147483647, 32]"},
    {other_scheme, "is stored in the format 'q4_0', but the model asks for 'q8_0'"},
    {other_rows, "has 4 x 64 weights, but the model needs 5 x 64"},
    {other_definition, "tensor 'fc.weight' was quantized with another definition of 'q4_0'"},
    {asks_for_blocks, "is stored as separate fields, but the model asks for the layout 'block'"},
    {unknown_layout, "tensor 'fc.weight' is stored in the layout 'other', which 'q4_0' does not have"},
    {missing_field, "no tensor 'fc.weight.scale'"},
    {wrong_field, "tensor 'fc.weight.scale' is F32 [4, 2], but field 'scale' of 4 x 64 weights needs F16 [4, 2]"},
};

START_TEST(is_reported) {
  scheme *s = write_quantized();
  load_source("q.safetensors");
  ir_weight *w = load_weight("fc.weight", s, 4, 64);
  cases[_i].damage(w);
  ck_assert_ptr_null(weights_open(lc.d, lc.mem, lc.files, lc.m, NULL));
  load_expect_message("q.safetensors: error: ");
  load_expect_message(cases[_i].text);
}
END_TEST

START_TEST(names_for_suggestions) {
  write_quantized();
  const char *const *names;
  ck_assert_uint_eq(weight_files_names(lc.files, "q.safetensors", &names), 3);
  ck_assert_str_eq(names[2], "fc.weight");
}
END_TEST

TCase *load_tcase_fields(void) {
  TCase *t = tcase_create("fields");
  tcase_add_loop_test(t, types_and_shapes, 0, sizeof shapes / sizeof *shapes);
  tcase_add_test(t, bits_of_a_stream);
  tcase_add_loop_test(t, is_reported, 0, sizeof cases / sizeof *cases);
  tcase_add_test(t, names_for_suggestions);
  return t;
}

// The verifier of schemes: each row makes one mistake in a sound scheme and names the message.
#include <string.h>

#include "tests/check_main.h"
#include "tests/scheme/kit.h"

// A sound scheme that the rows damage: codes, scales, a constant table, a stored table, both kinds of layout.
static scheme *sound(arena *a) {
  scheme_field fields[] = {
      {.name = "code", .type = ELEM_U3, .gran = PER_WEIGHT},
      {.name = "scale", .type = ELEM_F16, .gran = PER(32)},
      {.name = "shift", .type = ELEM_F16, .gran = PER(32), .rank = 1, .dims = {8}},
  };
  static const double levels[8] = {-4, -3, -2, -1, 0, 1, 2, 3};
  const expr *code = field(a, 0, true);
  scheme *s =
      new_scheme(a, "sound", 3, fields, ADD(MUL(field(a, 1, false), table_at(a, 0, code)), element_at(a, 2, code)));
  scheme_table t = {.name = "level", .type = ELEM_F32, .count = 8, .values = levels};
  set_tables(a, s, 1, &t);
  scheme_layout *l = add_layout(a, s, "block");
  l->block_weights = 32;
  l->block_bytes = 12 + 2 + 16;
  add_place(a, l, 0, 1, bits(a, MUL(BINDER(0), NUM(3)), NUM(3)));
  add_place(a, l, 1, 1, bits(a, NUM(96), NUM(16)));
  add_place(a, l, 2, 2, bits(a, ADD(NUM(112), MUL(BINDER(1), NUM(16))), NUM(16)));
  l = add_layout(a, s, "tensors");
  add_tensor(a, l, "codes", ELEM_U8, 2, var(a, VAR_ROWS), var(a, VAR_COLUMNS));
  add_tensor(a, l, "scales", ELEM_F16, 2, var(a, VAR_ROWS), DIV(var(a, VAR_COLUMNS), NUM(32)));
  add_place(a, l, 0, 2, load(a, 0, BINDER(0), BINDER(1)));
  add_place(a, l, 1, 2, load(a, 1, BINDER(0), BINDER(1)));
  add_place(a, l, 2, 3, load(a, 1, BINDER(0), BINDER(1)));
  return s;
}

static scheme_field *field_of(scheme *s, size_t i) { return (scheme_field *)(uintptr_t)&s->fields[i]; }
static scheme_table *table_of(scheme *s) { return (scheme_table *)(uintptr_t)&s->tables[0]; }
static scheme_layout *layout_of(scheme *s, size_t i) { return (scheme_layout *)(uintptr_t)&s->layouts[i]; }
static layout_place *place_of(scheme *s, size_t l, size_t i) {
  return (layout_place *)(uintptr_t)&s->layouts[l].places[i];
}
static layout_tensor *tensor_of(scheme *s, size_t i) { return (layout_tensor *)(uintptr_t)&s->layouts[1].tensors[i]; }

#define DAMAGE(name) static void name(arena *a, scheme *s)
DAMAGE(nothing) { (void)a, (void)s; }
DAMAGE(no_fields) { (void)a, s->field_count = 0; }
DAMAGE(no_value) { (void)a, s->value = NULL; }
DAMAGE(same_names) { (void)a, field_of(s, 1)->name = "code"; }
DAMAGE(table_name) { (void)a, table_of(s)->name = "scale"; }
DAMAGE(wide_field) { (void)a, field_of(s, 1)->type = ELEM_F64; }
DAMAGE(wide_code) { (void)a, field_of(s, 0)->type = ELEM_U32; }
DAMAGE(zero_group) { (void)a, field_of(s, 1)->gran.group = 0; }
DAMAGE(empty_table) { (void)a, table_of(s)->count = 0; }
DAMAGE(zero_dimension) { (void)a, field_of(s, 2)->dims[0] = 0; }
DAMAGE(huge_dimension) { (void)a, field_of(s, 2)->dims[0] = UINT64_MAX; }
DAMAGE(rank) { (void)a, field_of(s, 2)->rank = 5; }
DAMAGE(rounded_table) { (void)a, table_of(s)->type = ELEM_U2; }
DAMAGE(short_table) { (void)a, table_of(s)->count = 7; }
DAMAGE(short_stored) { (void)a, field_of(s, 2)->dims[0] = 4; }
DAMAGE(real_index) { s->value = table_at(a, 0, real(a, 1)); }
DAMAGE(negative_index) { s->value = table_at(a, 0, SUB(field(a, 0, true), NUM(1))); }
DAMAGE(unknown_field) { s->value = field(a, 9, false); }
DAMAGE(unknown_table) { s->value = table_at(a, 3, field(a, 0, true)); }
DAMAGE(field_as_table) { s->value = element_at(a, 1, NUM(0)); }
DAMAGE(table_as_field) { s->value = field(a, 2, false); }
DAMAGE(real_as_int) { s->value = field(a, 1, true); }
DAMAGE(real_bits) { s->value = AND(field(a, 0, true), field(a, 1, false)); }
DAMAGE(zero_divisor) { s->value = DIV(field(a, 0, true), NUM(0)); }
DAMAGE(zero_real) { s->value = DIV(field(a, 1, false), real(a, 0)); }
DAMAGE(folded_zero) { s->value = MOD(field(a, 0, true), SUB(NUM(4), NUM(4))); }
DAMAGE(bits_in_value) { s->value = bits(a, NUM(0), NUM(1)); }
DAMAGE(binder_in_value) { s->value = BINDER(0); }
DAMAGE(rows_in_value) { s->value = var(a, VAR_ROWS); }
DAMAGE(arguments) {
  expr *e = arena_memdup(a, s->value, sizeof *e);
  e->arg_count = 1;
  s->value = e;
}
DAMAGE(deep) {
  for (int i = 0; i < 300; i++) s->value = op1(a, EXPR_NEG, s->value);
}
DAMAGE(wide) {
  for (int i = 0; i < 40; i++) s->value = ADD(s->value, s->value);
}
DAMAGE(same_layouts) { (void)a, layout_of(s, 1)->name = "block"; }
DAMAGE(missing_place) { (void)a, layout_of(s, 0)->place_count = 2; }
DAMAGE(double_place) { (void)a, place_of(s, 0, 2)->field = 1; }
DAMAGE(foreign_place) { (void)a, place_of(s, 0, 2)->field = 7; }
DAMAGE(real_place) { place_of(s, 0, 0)->raw = real(a, 1); }
DAMAGE(binders) { (void)a, place_of(s, 0, 0)->binder_count = 2; }
DAMAGE(unbound) { place_of(s, 0, 0)->raw = bits(a, BINDER(1), NUM(1)); }
DAMAGE(load_in_block) { place_of(s, 0, 0)->raw = load(a, 0, NUM(0), NUM(0)); }
DAMAGE(bits_in_tensors) { place_of(s, 1, 0)->raw = bits(a, NUM(0), NUM(1)); }
DAMAGE(field_in_place) { place_of(s, 0, 0)->raw = field(a, 0, true); }
DAMAGE(k_in_place) { place_of(s, 0, 0)->raw = bits(a, var(a, VAR_K), NUM(3)); }
DAMAGE(rows_in_block) { place_of(s, 0, 0)->raw = bits(a, var(a, VAR_ROWS), NUM(3)); }
DAMAGE(small_block) { (void)a, layout_of(s, 0)->block_bytes = 29; }
DAMAGE(negative_bit) { place_of(s, 0, 1)->raw = bits(a, SUB(BINDER(0), NUM(1)), NUM(16)); }
DAMAGE(no_bytes) { (void)a, layout_of(s, 0)->block_bytes = 0; }
DAMAGE(huge_block) { (void)a, layout_of(s, 0)->block_bytes = UINT64_MAX; }
DAMAGE(odd_block) { (void)a, layout_of(s, 0)->block_weights = 48; }
DAMAGE(row_in_block) { (void)a, field_of(s, 1)->gran = PER_ROW; }
DAMAGE(load_rank) { place_of(s, 1, 0)->raw = load(a, 0, NUM(0), NULL); }
DAMAGE(unknown_tensor) { place_of(s, 1, 0)->raw = load(a, 5, NUM(0), NUM(0)); }
DAMAGE(stream_axis) { place_of(s, 1, 0)->raw = stream(a, 0, 2, NUM(0), NUM(0), NUM(1)); }
DAMAGE(nibble_tensor) { (void)a, tensor_of(s, 0)->type = ELEM_U4; }
DAMAGE(real_dimension) { tensor_of(s, 0)->dims[0] = real(a, 1); }
DAMAGE(bound_dimension) { tensor_of(s, 0)->dims[0] = BINDER(0); }
DAMAGE(tensor_rank) { (void)a, tensor_of(s, 0)->rank = 9; }

typedef struct mistake {
  void (*damage)(arena *a, scheme *s);
  const char *message; // NULL: sound
} mistake;

static const mistake mistakes[] = {
    {nothing, NULL},
    {no_fields, "scheme 'sound' has no field"},
    {no_value, "scheme 'sound' has no value"},
    {same_names, "the name 'code' is declared twice"},
    {table_name, "the name 'scale' is declared twice"},
    {wide_field, "field 'scale' of scheme 'sound' has type f64; stored fields have at most 32 bits"},
    {wide_code, "field 'code' of scheme 'sound' is an u32 per weight; codes have at most 16 bits"},
    {zero_group, "is 'per 0' weights"},
    {empty_table, "the table 'level' of scheme 'sound' needs between 1 and"},
    {zero_dimension, "the table 'shift' of scheme 'sound' needs between 1 and"},
    {huge_dimension, "the table 'shift' of scheme 'sound' needs between 1 and"},
    {rank, "field 'shift' of scheme 'sound' has 5 dimensions"},
    {rounded_table, "number 0 of table 'level', -4, is not a value of type u2"},
    {short_table, "the index of table 'level' can be from 0 to 7, but it has 7 numbers"},
    {short_stored, "the index of table 'shift' can be from 0 to 7, but it has 4 numbers"},
    {real_index, "the index of table 'level' is not an integer"},
    {negative_index, "the index of table 'level' can be from -1 to 6"},
    {unknown_field, "an unknown field cannot be used in the value of scheme 'sound'"},
    {unknown_table, "an unknown table cannot be used"},
    {field_as_table, "field 'scale' is no table"},
    {table_as_field, "field 'shift' is a table and needs an index"},
    {real_as_int, "a field with the wrong kind of number"},
    {real_bits, "'and' works on integers, and this is a real number"},
    {zero_divisor, "division by zero"},
    {zero_real, "division by zero"},
    {folded_zero, "division by zero"},
    {bits_in_value, "bits cannot be used in the value"},
    {binder_in_value, "an index that the place does not bind cannot be used in the value"},
    {rows_in_value, "the tensor's K and N cannot be used in the value"},
    {arguments, "'add' takes 2 arguments, not 1"},
    {deep, "the value of scheme 'sound' is too large"},
    {wide, "the value of scheme 'sound' is too large"},
    {same_layouts, "scheme 'sound' has two layouts 'block'"},
    {missing_place, "layout 'block' has no place for field 'shift'"},
    {double_place, "layout 'block' places field 'scale' twice"},
    {foreign_place, "layout 'block' places a field that scheme 'sound' does not have"},
    {real_place, "the place of field 'code' must be an integer"},
    {binders, "the place of field 'code' in layout 'block' needs 1 indices, not 2"},
    {unbound, "an index that the place does not bind cannot be used in a place"},
    {load_in_block, "load cannot be used in a place"},
    {bits_in_tensors, "bits cannot be used in a place"},
    {field_in_place, "a field cannot be used in a place"},
    {k_in_place, "k and n cannot be used in a place"},
    {rows_in_block, "the tensor's K and N cannot be used in a place"},
    {small_block, "layout 'block' reads element 7 of field 'shift' at bit 224 of a block of 29 bytes (232 bits)"},
    {negative_bit, "layout 'block' reads element 0 of field 'scale' at bit -1"},
    {no_bytes, "a block of layout 'block' needs between 1 and"},
    {huge_block, "a block of layout 'block' needs between 1 and"},
    {odd_block, "a block of layout 'block' has 48 weights, which groups of 32 (field 'scale') do not divide"},
    {row_in_block, "field 'scale' is per row and cannot lie in the blocks of layout 'block'"},
    {load_rank, "load of tensor 'codes' needs 2 arguments, not 1"},
    {unknown_tensor, "an unknown tensor cannot be used"},
    {stream_axis, "elements along a dimension that there is not"},
    {nibble_tensor, "tensor 'codes' of layout 'tensors' has type u4; elements of tensors are whole bytes"},
    {real_dimension, "the dimensions of tensor 'codes' must be integers"},
    {bound_dimension, "an index that the place does not bind cannot be used in a dimension"},
    {tensor_rank, "tensor 'codes' has 9 dimensions"},
};

START_TEST(mistakes_are_named) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  scheme *s = sound(a);
  const mistake *m = &mistakes[_i];
  m->damage(a, s);
  bool ok = scheme_verify(d, s);
  ck_assert_msg(ok == (m->message == NULL), "%s: %s", m->message, diag_text(d));
  ck_assert_uint_eq(diag_error_count(d) == 0, ok);
  if (!ok) ck_assert_msg(strstr(diag_text(d), m->message) != NULL, "expected '%s' in: %s", m->message, diag_text(d));
  arena_free(a);
}
END_TEST

START_TEST(several_mistakes_in_one_run) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  scheme *s = sound(a);
  small_block(a, s);
  real_dimension(a, s);
  negative_index(a, s);
  ck_assert(!scheme_verify(d, s));
  ck_assert_uint_eq(diag_error_count(d), 3);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("verifier");
  TCase *t = tcase_create("schemes");
  tcase_add_loop_test(t, mistakes_are_named, 0, sizeof mistakes / sizeof *mistakes);
  tcase_add_test(t, several_mistakes_in_one_run);
  suite_add_tcase(s, t);
  return check_main(s);
}

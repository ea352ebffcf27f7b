// Every layout that can be written is recognised again, whatever its parameters.
#include <stdio.h>
#include <string.h>

#include "tests/inspect/kit.h"

enum { ROWS = 64, COLUMNS = 256, PARTS = 4 };

static bool same_weights(const tensor_codes *codes, const found *w) {
  double a[COLUMNS], b[COLUMNS];
  tensor_codes *back = layout_read_tensors(ic.d, ic.mem, w->scheme, w->layout, w->name, w->inputs, w->rows, w->columns);
  if (back == NULL || back->rows != codes->rows || back->columns != codes->columns) return false;
  for (uint64_t n = 0; n < codes->rows; n++) {
    scheme_row(codes, n, a);
    scheme_row(back, n, b);
    for (uint64_t k = 0; k < codes->columns; k++)
      if (a[k] < b[k] || a[k] > b[k]) return false;
  }
  return true;
}

// Tables of so many numbers take seconds to write; their smaller widths are tried.
static bool is_huge(const scheme *s) {
  enum { HUGE_TABLE = 65536 };
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t size = 1;
    if (scheme_field_size(&s->fields[f], &size) && size > HUGE_TABLE) return true;
  }
  return false;
}

static bool is_other(const found *w, const char *text) {
  for (size_t i = 0; i < w->others.len; i++)
    if (strcmp(w->others.data[i], text) == 0) return true;
  return false;
}

// What is told of a layer besides its tensors: nothing; its columns, as the compiler knows them; the width of its codes, as
// files beside it state it.
typedef enum hint { HINT_NOTHING, HINT_COLUMNS, HINT_BITS, HINT_COUNT } hint;

static const found *find_layer(const tensor_file *f, hint h, const char *bits) {
  tensor_meta member = {.key = "quantization.bits", .type = "number", .value = bits};
  quant_config config = {.members = &member, .member_count = 1};
  if (h != HINT_NOTHING)
    return recognise_layer(&(subject){.c = ic.c, .file = f, .config = h == HINT_BITS ? &config : NULL}, "fc", COLUMNS,
                           NULL);
  const inspection *x = inspect_run(f);
  for (size_t i = 0; i < x->tensors.len; i++)
    if (strcmp(x->tensors.data[i].what->name, "fc") == 0) return x->tensors.data[i].what;
  return NULL;
}

// How much had to be told.
typedef struct tally {
  size_t checked, doubtful, told[HINT_COUNT];
} tally;

// The layer is read as the same weights; or it is said that it may be this as well.
static bool is_understood(const found *w, const tensor_codes *codes, const char *text, tally *t) {
  if (w == NULL || w->kind != FOUND_TENSORS) return false;
  if (is_other(w, text)) return t->doubtful++, true;
  return same_weights(codes, w);
}

static const char *bits_of(const catalogue_form *form, const binding *b) {
  for (size_t p = 0; p < form->info->parameter_count; p++)
    if (strcmp(form->info->parameters[p].name, "bits") == 0) return arena_printf(ic.mem, "%d", (int)b->values[p]);
  return "0";
}

static void check_form(const catalogue_form *form, const binding *b, const tensor_codes *codes, tally *t) {
  const scheme_layout *l = catalogue_layout(form, codes->scheme);
  const char *text = arena_printf(ic.mem, "%s, layout = %s", codes->scheme->name, l->name);
  tensor_file *f = inspect_write("one.safetensors");
  hint h = HINT_NOTHING;
  while (h < HINT_COUNT && !is_understood(find_layer(f, h, bits_of(form, b)), codes, text, t)) h++;
  const found *w = h < HINT_COUNT ? NULL : find_layer(f, HINT_BITS, bits_of(form, b));
  ck_assert_msg(h < HINT_COUNT, "%s is read as %s, layout = %s, %d x %d", text,
                w == NULL || w->scheme == NULL ? "nothing" : w->scheme->name,
                w == NULL || w->layout == NULL ? "none" : w->layout->name, w == NULL ? 0 : (int)w->rows,
                w == NULL ? 0 : (int)w->columns);
  t->told[h]++;
  t->checked++;
  tensor_file_close(f);
}

static void check_binding(const catalogue_form *form, const binding *b, tally *t) {
  const scheme *s = catalogue_make(ic.c, form, b);
  if (s == NULL) return;
  const scheme_layout *l = catalogue_layout(form, s);
  const tensor_codes *codes = is_huge(s) ? NULL : inspect_likely(s, ROWS, COLUMNS);
  bool plain = l->tensor_count == 1 && l->tensors[0].rank == 2 && elem_get(l->tensors[0].type)->kind == ELEM_KIND_FLOAT;
  if (codes != NULL && !plain && inspect_add_layer("fc", codes, l)) {
    check_form(form, b, codes, t);
    return;
  }
  ic.out = (convert_output){.mem = ic.mem};
  printf("left out: %s, layout = %s%s\n", s->name, l->name, plain ? " (plain floats)" : "");
}

static void check_parameter(const catalogue_form *form, binding b, size_t p, tally *t) {
  const fe_parameter *parameter = &form->info->parameters[p];
  if (parameter->role == FE_PARAMETER_GROUP) {
    b.values[p] = parameter->value == 32 ? 64 : 32;
    check_binding(form, &b, t);
  }
  static const int64_t widths[] = {2, 3, 8};
  for (size_t i = 0; parameter->role == FE_PARAMETER_WIDTH && i < 3; i++) {
    b.values[p] = widths[i];
    if (widths[i] != parameter->value) check_binding(form, &b, t);
  }
}

// The defaults; then groups of another size, and other widths.
static void check_all(const catalogue_form *form) {
  tally t = {0};
  binding b = {{0}};
  for (size_t p = 0; p < form->info->parameter_count; p++) b.values[p] = form->info->parameters[p].value;
  check_binding(form, &b, &t);
  for (size_t p = 0; p < form->info->parameter_count; p++) check_parameter(form, b, p, &t);
  if (t.checked > 0)
    printf("%s, layout = %s: %zu recognised, %zu with doubt, %zu by the columns, %zu by the width\n", form->info->name,
           catalogue_layout(form, form->sample)->name, t.checked, t.doubtful, t.told[HINT_COLUMNS], t.told[HINT_BITS]);
}

// In parts, so that none takes long.
START_TEST(every_layout) {
  for (size_t i = (size_t)_i; i < ic.c->forms.len; i += PARTS)
    if (!layout_is_one_tensor(catalogue_layout(&ic.c->forms.data[i], ic.c->forms.data[i].sample)))
      check_all(&ic.c->forms.data[i]);
}
END_TEST

// There are layouts to be recognised.
START_TEST(some_layouts) {
  size_t count = 0;
  for (size_t i = 0; i < ic.c->forms.len; i++)
    count += catalogue_layout(&ic.c->forms.data[i], ic.c->forms.data[i].sample)->tensor_count > 0;
  ck_assert_uint_ge(count, 10);
}
END_TEST

// Blocks with a type number are what the catalogue says; a number that no scheme has is a problem.
START_TEST(block_types) {
  const scheme *s = inspect_scheme("q4_0");
  const scheme_layout *l = scheme_find_layout(s, "gguf");
  ck_assert_ptr_eq(catalogue_layout(catalogue_blocks(ic.c, (uint32_t)l->type_id), s), l);
  ck_assert_ptr_null(catalogue_blocks(ic.c, 999));
}
END_TEST

// What `qcc quantize` writes says itself what it is.
START_TEST(fields_of_ours) {
  const scheme *s = inspect_scheme("int4_g(group=64)");
  ck_assert(inspect_add_layer("fc1.weight", inspect_encode(s, 8, 128), NULL));
  const scheme *blocks = inspect_scheme("q4_0");
  ck_assert(inspect_add_layer("fc2.weight", inspect_encode(blocks, 8, 128), scheme_find_layout(blocks, "gguf")));
  tensor_file *f = inspect_write("fields.safetensors");
  const inspection *x = inspect_run(f);
  const inspected *fc1 = inspect_line(x, "fc1.weight"), *fc2 = inspect_line(x, "fc2.weight");
  ck_assert_uint_eq(x->tensors.len, 2);
  ck_assert_str_eq(fc1->format, "int4_g(group=64)");
  ck_assert_str_eq(fc1->packing, "fields");
  ck_assert_str_eq(fc2->format, "q4_0");
  ck_assert_str_eq(fc2->packing, "gguf");
  ck_assert_uint_eq(fc1->what->columns, 128);
  ck_assert_uint_eq(x->exact, 2);
  ck_assert(fc1->what->facts.known && fc2->what->facts.known);
  ck_assert_double_eq_tol(fc2->bits, 4.5, 1e-9);
  tensor_file_close(f);
}
END_TEST

// A file without anything, and one with things that are no weights.
START_TEST(no_weights) {
  tensor_file *empty = inspect_write("empty.safetensors");
  const inspection *x = inspect_run(empty);
  ck_assert_uint_eq(x->tensors.len, 0);
  ck_assert_uint_eq(x->matrices, 0);
  tensor_file_close(empty);

  int32_t ids[6] = {0, 1, 2, 3, 4, 5};
  inspect_add("ids", TENSOR_I32, 1, (uint64_t[]){6}, ids);
  inspect_add("table", TENSOR_I32, 2, (uint64_t[]){2, 3}, ids);
  tensor_file *f = inspect_write("ids.safetensors");
  x = inspect_run(f);
  ck_assert_uint_eq(x->matrices, 1);
  ck_assert_uint_eq(x->exact, 0);
  ck_assert_ptr_nonnull(inspect_line(x, "table")->what->problem);
  tensor_file_close(f);
}
END_TEST

TCase *inspect_tcase_recognise(void) {
  TCase *t = tcase_create("recognise");
  tcase_add_unchecked_fixture(t, inspect_setup, inspect_teardown);
  tcase_add_loop_test(t, every_layout, 0, PARTS);
  tcase_add_test(t, some_layouts);
  tcase_add_test(t, block_types);
  tcase_add_test(t, fields_of_ours);
  tcase_add_test(t, no_weights);
  return t;
}

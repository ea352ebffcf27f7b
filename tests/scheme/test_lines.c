// What places may ask of the lines of stored tensors, against the plainest ways to find it; stored types.
#include <math.h>
#include <string.h>

#include "tests/check_main.h"
#include "tests/scheme/kit.h"

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

// ---- order, find, rank -----------------------------------------------------------------------------------

// One tensor of ROWS x LINE small numbers, and a field per row and column of which a place asks along axis 1 or 0.
enum { ROWS = 6, LINE = 19 };

typedef struct asked {
  scheme *s;
  int8_t numbers[ROWS * LINE];
} asked;

static asked new_asked(arena *a, const expr *raw) {
  asked q = {0};
  scheme_field fields[] = {{.name = "answer", .type = ELEM_I32, .gran = PER(1)}};
  q.s = new_scheme(a, "asked", 1, fields, field(a, 0, true));
  scheme_layout *l = add_layout(a, q.s, "tensors");
  add_tensor(a, l, "t", ELEM_I8, 2, var(a, VAR_ROWS), var(a, VAR_COLUMNS));
  add_place(a, l, 0, 2, raw);
  return q;
}

static tensor_codes *answers(diag *d, arena *a, const asked *q) {
  layout_input in = {.data = (const uint8_t *)q->numbers, .size = ROWS * LINE, .type = ELEM_I8, .rank = 2};
  in.dims[0] = ROWS;
  in.dims[1] = LINE;
  ck_assert_msg(scheme_verify(d, q->s), "%s", diag_text(d));
  return layout_read_tensors(d, a, q->s, &q->s->layouts[0], "fc", &in, ROWS, LINE);
}

static const expr *line_expr(arena *a, expr_op op, unsigned axis, size_t count, const expr *const *args) {
  return expr_make(a, op, 0, axis, count, arena_memdup(a, args, count * sizeof *args), (src_loc){0});
}

static void fill_numbers(asked *q, uint64_t seed, int spread) {
  for (int i = 0; i < ROWS * LINE; i++)
    q->numbers[i] = (int8_t)((int)(kit_random(&seed) >> 33) % (2 * spread + 1) - spread);
}

// The element that has exactly `i` before it in a stable sort.
static int brute_order(const int8_t *first, int stride, int length, int i) {
  for (int e = 0; e < length; e++) {
    int before = 0;
    for (int o = 0; o < length; o++)
      before += first[o * stride] < first[e * stride] || (first[o * stride] == first[e * stride] && o < e);
    if (before == i) return e;
  }
  return -1;
}

START_TEST(order_is_a_stable_sort) {
  arena *a = arena_new();
  unsigned axis = (unsigned)_i % 2;
  const expr *n = BINDER(0), *k = BINDER(1);
  const expr *at = axis == 1 ? k : MOD(k, NUM(ROWS));
  asked q = new_asked(a, line_expr(a, EXPR_ORDER, axis, 2, (const expr *[]){axis == 1 ? n : k, at}));
  fill_numbers(&q, (uint64_t)_i + 5, 1 + _i);
  tensor_codes *t = answers(diag_new(a, stderr, false), a, &q);
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < LINE; c++) {
      int expected =
          axis == 1 ? brute_order(q.numbers + r * LINE, 1, LINE, c) : brute_order(q.numbers + c, LINE, ROWS, c % ROWS);
      ck_assert_int_eq((int)t->elements[0][r * LINE + c], expected);
    }
  arena_free(a);
}
END_TEST

START_TEST(rank_counts_bits) {
  arena *a = arena_new();
  const expr *n = BINDER(0), *k = BINDER(1), *at = ADD(MUL(k, NUM(8)), MOD(n, NUM(9))); // up to the very end
  asked q = new_asked(a, line_expr(a, EXPR_RANK, 1, 2, (const expr *[]){n, at}));
  fill_numbers(&q, 3, 127);
  tensor_codes *t = answers(diag_new(a, stderr, false), a, &q);
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < LINE; c++) {
      uint32_t ones = 0;
      for (int bit = 0; bit < c * 8 + r % 9; bit++)
        ones += (uint32_t)(uint8_t)q.numbers[r * LINE + bit / 8] >> bit % 8 & 1;
      ck_assert_uint_eq(t->elements[0][r * LINE + c], ones);
    }
  arena_free(a);
}
END_TEST

START_TEST(find_looks_in_a_range) {
  arena *a = arena_new();
  const expr *n = BINDER(0), *k = BINDER(1);
  const expr *args[] = {n, n, SUB(NUM(LINE), n), SUB(MUL(k, NUM(2)), NUM(LINE))};
  asked q = new_asked(a, line_expr(a, EXPR_FIND, 1, 4, args));
  for (int i = 0; i < ROWS * LINE; i++) q.numbers[i] = (int8_t)(3 * (i % LINE) - LINE - i / LINE);
  tensor_codes *t = answers(diag_new(a, stderr, false), a, &q);
  int found = 0;
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < LINE; c++) {
      int expected = -1;
      for (int e = r; e < LINE - r; e++)
        if (q.numbers[r * LINE + e] == 2 * c - LINE) expected = e;
      ck_assert_int_eq((int32_t)t->elements[0][r * LINE + c], expected);
      found += expected >= 0;
    }
  ck_assert_int_gt(found, 10);
  arena_free(a);
}
END_TEST

typedef const expr *(*ask)(arena *a, const expr *n, const expr *number);

static const expr *order_of(arena *a, const expr *n, const expr *number) {
  return line_expr(a, EXPR_ORDER, 1, 2, (const expr *[]){n, number});
}
static const expr *order_in(arena *a, const expr *n, const expr *number) {
  (void)n;
  return line_expr(a, EXPR_ORDER, 1, 2, (const expr *[]){number, NUM(0)});
}
static const expr *rank_at(arena *a, const expr *n, const expr *number) {
  return line_expr(a, EXPR_RANK, 1, 2, (const expr *[]){n, MUL(number, NUM(8))});
}
static const expr *find_from(arena *a, const expr *n, const expr *number) {
  return line_expr(a, EXPR_FIND, 1, 4, (const expr *[]){n, number, NUM(3), NUM(1)});
}
static const expr *find_to(arena *a, const expr *n, const expr *number) {
  return line_expr(a, EXPR_FIND, 1, 4, (const expr *[]){n, NUM(2), number, NUM(1)});
}

// Numbers of the file as indices: those that lead out of the tensor are errors that name it.
START_TEST(hostile_numbers_are_named) {
  static const struct {
    ask make;
    int8_t number;
    const char *text;
  } rows[] = {
      {order_of, LINE, "element 0 of field 'answer' at index 19 of dimension 1 of 't', which has 19"},
      {order_of, -1, "at index -1 of dimension 1 of 't'"},
      {order_in, ROWS, "at index 6 of dimension 0 of 't', which has 6"},
      {order_in, -128, "at index -128 of dimension 0 of 't'"},
      {rank_at, LINE + 1, "at bit 160 of dimension 1 of 't', which has 152"},
      {rank_at, -1, "at bit -8 of dimension 1 of 't'"},
      {find_from, -2, "at index -2 of dimension 1 of 't'"},
      {find_from, 4, "at index 3 of dimension 1 of 't'"},
      {find_to, LINE + 1, "at index 20 of dimension 1 of 't'"},
      {find_to, 1, "at index 1 of dimension 1 of 't'"},
      {find_to, 10,
       "'fc': layout 'tensors' looks for element 0 of field 'answer' in numbers 2 to 9 of dimension 1 of "
       "'t', which do not ascend"},
  };
  arena *a = arena_new();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    diag *d = diag_new(a, NULL, false);
    const expr *n = BINDER(0), *raw = load(a, 0, NUM(0), NUM(0));
    const expr *number = SUB(op2(a, EXPR_XOR, raw, NUM(128)), NUM(128));
    asked q = new_asked(a, rows[i].make(a, n, number));
    q.numbers[0] = rows[i].number;
    ck_assert_ptr_null(answers(d, a, &q));
    ck_assert_msg(strstr(diag_text(d), rows[i].text) != NULL, "%d: %s", (int)i, diag_text(d));
  }
  arena_free(a);
}
END_TEST

// ---- stored types ----------------------------------------------------------------------------------------

static const uint16_t halves[] = {0x3c00, 0xbc01, 0x0001, 0x8000, 0x7bff, 0x7c00, 0x7e00, 0x03ff};
enum { HALVES = sizeof halves / sizeof *halves };

START_TEST(numbers_are_widened) {
  static const struct {
    elem_type stored, type;
  } rows[] = {{ELEM_F16, ELEM_F32}, {ELEM_BF16, ELEM_F32}, {ELEM_I16, ELEM_I32}, {ELEM_U16, ELEM_I32}};
  arena *a = arena_new();
  elem_type stored = rows[_i].stored, type = rows[_i].type;
  scheme_field fields[] = {{.name = "x", .type = type, .gran = PER(1)}};
  scheme *s = new_scheme(a, "wide", 1, fields, field(a, 0, elem_get(type)->kind != ELEM_KIND_FLOAT));
  scheme_layout *l = add_layout(a, s, "tensors");
  add_tensor(a, l, "t", type, 2, var(a, VAR_ROWS), var(a, VAR_COLUMNS));
  add_place(a, l, 0, 2, load(a, 0, BINDER(0), BINDER(1)));
  layout_tensor *t = arena_memdup(a, l->tensors, sizeof *t);
  t->stored[0] = type;
  t->stored[1] = stored;
  t->stored_count = 2;
  l->tensors = t;
  diag *d = diag_new(a, stderr, false);
  ck_assert_msg(scheme_verify(d, s), "%s", diag_text(d));
  layout_input in = {
      .data = (const uint8_t *)halves, .size = sizeof halves, .type = stored, .rank = 2, .dims = {1, HALVES}};
  tensor_codes *codes = layout_read_tensors(d, a, s, l, "w", &in, 1, HALVES);
  ck_assert_ptr_nonnull(codes);
  for (int i = 0; i < HALVES; i++) {
    double expected = elem_decode(stored, halves[i]);
    ck_assert_msg(same(scheme_weight(codes, 0, (uint64_t)i), expected), "%d of %s", i, elem_get(stored)->name);
  }
  in.type = ELEM_F64;
  d = diag_new(a, NULL, false);
  ck_assert_ptr_null(layout_read_tensors(d, a, s, l, "w", &in, 1, HALVES));
  const char *text = arena_printf(a, "'.t' has elements of type f64; layout 'tensors' needs %s or %s",
                                  elem_get(type)->name, elem_get(stored)->name);
  ck_assert_msg(strstr(diag_text(d), text) != NULL, "%s", diag_text(d));
  arena_free(a);
}
END_TEST

START_TEST(types_that_hold_others) {
  static const struct {
    elem_type wide, type;
    bool holds;
  } rows[] = {
      {ELEM_F32, ELEM_F16, true},   {ELEM_F32, ELEM_BF16, true},   {ELEM_F16, ELEM_BF16, false},
      {ELEM_BF16, ELEM_F16, false}, {ELEM_F16, ELEM_F32, false},   {ELEM_F64, ELEM_F32, true},
      {ELEM_F16, ELEM_F16, true},   {ELEM_F16, ELEM_F8E4M3, true}, {ELEM_F16, ELEM_F8E5M2, true},
      {ELEM_BF16, ELEM_E8M0, true}, {ELEM_F16, ELEM_E8M0, false},  {ELEM_I8, ELEM_U8, false},
      {ELEM_I16, ELEM_U8, true},    {ELEM_U64, ELEM_I8, false},    {ELEM_I64, ELEM_U64, false},
      {ELEM_U64, ELEM_U32, true},   {ELEM_F32, ELEM_I8, false},    {ELEM_I64, ELEM_F16, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    ck_assert_msg(elem_holds(rows[i].wide, rows[i].type) == rows[i].holds, "%s of %s", elem_get(rows[i].wide)->name,
                  elem_get(rows[i].type)->name);
}
END_TEST

// Value by value.
static bool holds_all(elem_type wide, elem_type type) {
  for (uint64_t raw = 0; raw >> elem_get(type)->bits == 0; raw++) {
    double value = elem_decode(type, raw), back = elem_decode(wide, elem_encode(wide, value));
    if (isnan(value) ? !isnan(back) : back != value) return false;
  }
  return true;
}

START_TEST(floats_hold_what_each_of_their_values_says) {
  for (int wide = 0; wide < ELEM_COUNT; wide++)
    for (int type = 0; type < ELEM_COUNT; type++) {
      const elem_info *w = elem_get((elem_type)wide), *t = elem_get((elem_type)type);
      if (w->kind != ELEM_KIND_FLOAT || t->kind != ELEM_KIND_FLOAT || t->bits > 16) continue;
      ck_assert_msg(elem_holds((elem_type)wide, (elem_type)type) == holds_all((elem_type)wide, (elem_type)type),
                    "%s of %s", w->name, t->name);
    }
}
END_TEST

int main(void) {
  Suite *s = suite_create("lines");
  TCase *t = tcase_create("lines");
  tcase_add_loop_test(t, order_is_a_stable_sort, 0, 8);
  tcase_add_test(t, rank_counts_bits);
  tcase_add_test(t, find_looks_in_a_range);
  tcase_add_test(t, hostile_numbers_are_named);
  suite_add_tcase(s, t);
  t = tcase_create("types");
  tcase_add_loop_test(t, numbers_are_widened, 0, 4);
  tcase_add_test(t, types_that_hold_others);
  tcase_add_test(t, floats_hold_what_each_of_their_values_says);
  suite_add_tcase(s, t);
  return check_main(s);
}

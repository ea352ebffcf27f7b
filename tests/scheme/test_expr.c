// Element types, integer arithmetic, and the three evaluators of expressions against each other.
#include <math.h>
#include <string.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "format/program.h"
#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"

START_TEST(elements_have_ranges_and_names) {
  for (int t = 0; t < ELEM_COUNT; t++) {
    const elem_info *e = elem_get((elem_type)t);
    ck_assert_int_eq(elem_by_name(e->name), t);
    if (e->kind == ELEM_KIND_FLOAT) continue;
    int64_t span = e->kind == ELEM_KIND_UINT ? 0 : elem_min((elem_type)t);
    ck_assert_int_eq(elem_min((elem_type)t), span);
    if (e->bits < 64) ck_assert_int_eq(elem_max((elem_type)t) - elem_min((elem_type)t), ((int64_t)1 << e->bits) - 1);
  }
  ck_assert_int_eq(elem_by_name("u17"), ELEM_COUNT);
  ck_assert_int_eq(elem_min(ELEM_I64), INT64_MIN);
  ck_assert_int_eq(elem_max(ELEM_I64), INT64_MAX);
}
END_TEST

// Every code of every type of at most 16 bits comes back.
START_TEST(elements_round_trip) {
  for (int t = 0; t < ELEM_COUNT; t++) {
    const elem_info *e = elem_get((elem_type)t);
    if (e->bits > 16) continue;
    for (uint64_t raw = 0; raw < (uint64_t)1 << e->bits; raw++) {
      double x = elem_decode((elem_type)t, raw);
      if (isnan(x)) continue;
      bool exact = e->kind == ELEM_KIND_FLOAT || elem_decode_int((elem_type)t, raw) == (int64_t)x;
      if (elem_encode((elem_type)t, x) != raw || !exact) ck_abort_msg("%s 0x%x", e->name, (unsigned)raw);
    }
  }
}
END_TEST

START_TEST(elements_saturate_and_round) {
  ck_assert_uint_eq(elem_encode(ELEM_U4, -3), 0);
  ck_assert_uint_eq(elem_encode(ELEM_U4, 99), 15);
  ck_assert_uint_eq(elem_encode(ELEM_I4, -99), 8);
  ck_assert_uint_eq(elem_encode(ELEM_I4, 99), 7);
  ck_assert_uint_eq(elem_encode(ELEM_I8, 2.5), 2); // to even
  ck_assert_uint_eq(elem_encode(ELEM_I8, 3.5), 4);
  ck_assert_uint_eq(elem_encode(ELEM_I8, -1.5), 0xfe);
  ck_assert_uint_eq(elem_encode(ELEM_U8, NAN), 0);
  ck_assert_uint_eq(elem_encode(ELEM_I32, 1e300), INT32_MAX);
  ck_assert_uint_eq(elem_encode(ELEM_I64, 1e300), INT64_MAX);
  ck_assert_uint_eq(elem_encode(ELEM_I64, -1e300), (uint64_t)INT64_MIN);
  ck_assert_uint_eq(elem_encode(ELEM_U64, 1e300), UINT64_MAX);
  ck_assert_uint_eq(elem_encode(ELEM_U64, -1), 0);
  ck_assert_uint_eq(elem_encode(ELEM_F8E4M3, 448), 0x7e);
  ck_assert_uint_eq(elem_encode(ELEM_F8E4M3, -1e30), 0xfe);
  ck_assert(isnan(elem_decode(ELEM_F8E4M3, 0xff)) && isnan(elem_decode(ELEM_F8E4M3, 0x7f)));
  ck_assert_uint_eq(elem_encode(ELEM_F8E4M3, NAN) & 0x7f, 0x7f);
  ck_assert_uint_eq(elem_encode(ELEM_F8E5M2, INFINITY), 0x7c);
  ck_assert_uint_eq(elem_encode(ELEM_F4E2M1, -100), 0xf);
  ck_assert_double_eq(elem_max_finite(ELEM_F4E2M1), 6);
  ck_assert_double_eq(elem_max_finite(ELEM_F6E2M3), 7.5);
  ck_assert_double_eq(elem_max_finite(ELEM_F6E3M2), 28);
  ck_assert_double_eq(elem_max_finite(ELEM_F8E4M3), 448);
  ck_assert_double_eq(elem_max_finite(ELEM_F8E5M2), 57344);
  ck_assert_double_eq(elem_max_finite(ELEM_F16), 65504);
  ck_assert_double_eq(elem_max_finite(ELEM_E8M0), 0x1p127);
  ck_assert_double_eq(elem_decode(ELEM_E8M0, 0), 0x1p-127);
  ck_assert(isnan(elem_decode(ELEM_E8M0, 255)));
  ck_assert_uint_eq(elem_encode(ELEM_E8M0, 1.4), 127);
  ck_assert_uint_eq(elem_encode(ELEM_E8M0, 1.5), 128);
  ck_assert_uint_eq(elem_encode(ELEM_E8M0, 0), 0);
  ck_assert_uint_eq(elem_encode(ELEM_E8M0, INFINITY), 254);
  ck_assert_uint_eq(elem_encode(ELEM_F16, 65504), 0x7bff);
  ck_assert_uint_eq(elem_encode(ELEM_F16, 65520), 0x7c00);
  ck_assert_uint_eq(elem_encode(ELEM_F16, 0x1p-25), 0); // a tie, to even
  ck_assert_uint_eq(elem_encode(ELEM_F16, 0x1.8p-25), 1);
  ck_assert_uint_eq(elem_encode(ELEM_BF16, 1 + 0x1p-8), 0x3f80);
  ck_assert_uint_eq(elem_encode(ELEM_BF16, 1 + 0x1.8p-8), 0x3f81);
  // Rounded once, not by way of float: just above a tie of f16.
  ck_assert_uint_eq(elem_encode(ELEM_F16, 1 + 0x1p-11 + 0x1p-40), 0x3c01);
  ck_assert_double_eq(elem_decode(ELEM_U64, UINT64_MAX), 0x1p64);
}
END_TEST

START_TEST(integer_arithmetic_is_total) {
  ck_assert_int_eq(int_add(INT64_MAX, 1), INT64_MIN);
  ck_assert_int_eq(int_sub(INT64_MIN, 1), INT64_MAX);
  ck_assert_int_eq(int_mul(INT64_MIN, -1), INT64_MIN);
  ck_assert_int_eq(int_neg(INT64_MIN), INT64_MIN);
  ck_assert_int_eq(int_abs(INT64_MIN), INT64_MIN);
  ck_assert_int_eq(int_div(INT64_MIN, -1), INT64_MIN);
  ck_assert_int_eq(int_mod(INT64_MIN, -1), 0);
  ck_assert_int_eq(int_div(5, 0), 0);
  ck_assert_int_eq(int_mod(5, 0), 0);
  for (int64_t a = -9; a <= 9; a++)
    for (int64_t b = -4; b <= 4; b++) {
      if (b == 0) continue;
      ck_assert_int_eq(int_div(a, b), (int64_t)floor((double)a / (double)b));
      ck_assert_int_eq(int_mod(a, b), a - b * int_div(a, b));
    }
  ck_assert_int_eq(int_shl(1, 63), INT64_MIN);
  ck_assert_int_eq(int_shl(1, 64), 0);
  ck_assert_int_eq(int_shl(1, -1), 0);
  ck_assert_int_eq(int_shr(-5, 1), -3);
  ck_assert_int_eq(int_shr(-5, 64), -1);
  ck_assert_int_eq(int_shr(5, -1), 0);
  ck_assert_int_eq(int_shr(INT64_MIN, 63), -1);
}
END_TEST

// Random expressions over two integer fields, a real one, a table, a stored table and both variables.
typedef struct maker {
  arena *a;
  uint64_t state;
} maker;

static uint64_t below(maker *m, uint64_t limit) { return kit_random(&m->state) % limit; }

static const expr *int_leaf(maker *m) {
  static const int64_t specials[] = {0, 1, -1, 2, 7, 63, 64, 255, INT64_MAX, INT64_MIN, INT32_MAX};
  switch (below(m, 4)) {
  case 0: return num(m->a, specials[below(m, sizeof specials / sizeof *specials)]);
  case 1: return var(m->a, below(m, 2) ? VAR_K : VAR_N);
  default: return field(m->a, (unsigned)below(m, 2), true);
  }
}

static const expr *random_expr(maker *m, bool is_int, unsigned depth);

static const expr *masked(maker *m, unsigned depth, int64_t mask) {
  return op2(m->a, EXPR_AND, random_expr(m, true, depth), num(m->a, mask));
}

static const expr *random_int(maker *m, unsigned depth) {
  static const expr_op binary[] = {EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_MOD, EXPR_SHL,
                                   EXPR_SHR, EXPR_AND, EXPR_OR,  EXPR_XOR, EXPR_MIN, EXPR_MAX};
  static const expr_op unary[] = {EXPR_NEG, EXPR_NOT, EXPR_ABS};
  arena *a = m->a;
  switch (below(m, 6)) {
  case 0: return op1(a, unary[below(m, 3)], random_expr(m, true, depth - 1));
  case 1: {
    bool of_ints = below(m, 2);
    const expr *x = random_expr(m, of_ints, depth - 1);
    return op2(a, below(m, 2) ? EXPR_LT : EXPR_EQ, x, random_expr(m, of_ints, depth - 1));
  }
  case 2: {
    const expr *c = random_expr(m, below(m, 2), depth - 1), *x = random_expr(m, true, depth - 1);
    return op3(a, EXPR_SELECT, c, x, random_expr(m, true, depth - 1));
  }
  default: {
    const expr *x = random_expr(m, true, depth - 1);
    return op2(a, binary[below(m, sizeof binary / sizeof *binary)], x, random_expr(m, true, depth - 1));
  }
  }
}

static const expr *random_real(maker *m, unsigned depth) {
  static const expr_op binary[] = {EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_MIN, EXPR_MAX};
  arena *a = m->a;
  const expr *x;
  switch (below(m, 8)) {
  case 0: return op1(a, below(m, 2) ? EXPR_NEG : EXPR_ABS, random_expr(m, false, depth - 1));
  case 1: return op1(a, EXPR_EXP2, SUB(masked(m, depth - 1, 15), real(a, 8)));
  case 2: return table_at(a, 0, masked(m, depth - 1, 7));
  case 3: return element_at(a, 3, masked(m, depth - 1, 3));
  case 4:
    x = random_expr(m, false, depth - 1);
    return op3(a, EXPR_SELECT, random_expr(m, true, depth - 1), x, random_expr(m, below(m, 2), depth - 1));
  default:
    x = random_expr(m, false, depth - 1);
    return op2(a, binary[below(m, 6)], x, random_expr(m, below(m, 2), depth - 1));
  }
}

static const expr *random_expr(maker *m, bool is_int, unsigned depth) {
  if (depth == 0) {
    if (is_int) return int_leaf(m);
    return below(m, 2) ? real(m->a, (double)below(m, 100) / 8 - 6) : field(m->a, 2, false);
  }
  return is_int ? random_int(m, depth) : random_real(m, depth);
}

static scheme *random_scheme(maker *m, unsigned depth) {
  static const double levels[8] = {-4, -2, -1, 0, 0.5, 1, 2, 4};
  scheme_field fields[] = {
      {.name = "code", .type = ELEM_U4, .gran = PER_WEIGHT},
      {.name = "group", .type = ELEM_I8, .gran = PER(5)},
      {.name = "scale", .type = ELEM_F16, .gran = PER_ROW},
      {.name = "stored", .type = ELEM_BF16, .gran = PER(50), .rank = 2, .dims = {2, 2}},
  };
  scheme *s = new_scheme(m->a, "random", 4, fields, random_expr(m, below(m, 2), depth));
  scheme_table t = {.name = "level", .type = ELEM_F32, .count = 8, .values = levels};
  set_tables(m->a, s, 1, &t);
  return s;
}

static void fill_random(maker *m, tensor_codes *t) {
  for (size_t f = 0; f < t->scheme->field_count; f++) {
    const scheme_field *field = &t->scheme->fields[f];
    uint64_t count = 0;
    ck_assert(scheme_field_count(field, t->rows, t->columns, &count));
    for (uint64_t i = 0; i < count; i++) {
      bool is_float = elem_get(field->type)->kind == ELEM_KIND_FLOAT;
      t->elements[f][i] = is_float ? (uint32_t)elem_encode(field->type, kit_normal(&m->state))
                                   : (uint32_t)below(m, (uint64_t)1 << elem_get(field->type)->bits);
    }
  }
}

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

enum { ROWS = 2, COLUMNS = 277, EXPRESSIONS = 25 };

static void compare_weights(const tensor_codes *t, int seed) {
  range_env ranges = range_env_value(t->scheme);
  expr_range r = expr_int_range(&ranges, t->scheme->value);
  for (uint64_t n = 0; n < ROWS; n++) {
    double row[COLUMNS];
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < COLUMNS; k++) {
      double w = scheme_weight(t, n, k);
      if (!same(w, row[k]))
        ck_abort_msg("expression %d: weight (%d, %d) is %g and %g", seed, (int)n, (int)k, w, row[k]);
      if (!t->scheme->value->is_int) continue;
      eval_env env = {.scheme = t->scheme, .codes = t, .n = n, .k = k};
      int64_t i = eval_int(&env, t->scheme->value);
      if (i < r.min || r.max < i) ck_abort_msg("expression %d: %lld is not in its range", seed, (long long)i);
    }
  }
}

// One weight at a time, and rows at once, give the same numbers; and integers stay in the range proved for them.
START_TEST(evaluators_agree) {
  for (int i = _i * EXPRESSIONS; i < (_i + 1) * EXPRESSIONS; i++) {
    arena *a = arena_new();
    maker m = {.a = a, .state = (uint64_t)i};
    scheme *s = random_scheme(&m, 1 + (unsigned)i % 6);
    diag *d = diag_new(a, NULL, false);
    if (!scheme_verify(d, s)) ck_assert_msg(strstr(diag_text(d), "division by zero") != NULL, "%s", diag_text(d));
    tensor_codes *t = tensor_codes_new(d, a, s, ROWS, COLUMNS);
    fill_random(&m, t);
    compare_weights(t, i);
    arena_free(a);
  }
}
END_TEST

START_TEST(expressions_compare) {
  arena *a = arena_new();
  const expr *x = ADD(field(a, 0, true), NUM(1)), *y = ADD(field(a, 0, true), NUM(1));
  ck_assert(expr_equal(x, y));
  ck_assert(!expr_equal(x, ADD(field(a, 1, true), NUM(1))));
  ck_assert(!expr_equal(x, ADD(field(a, 0, true), NUM(2))));
  ck_assert(!expr_equal(x, SUB(field(a, 0, true), NUM(1))));
  ck_assert(x->is_int && !ADD(x, real(a, 1))->is_int && LT(real(a, 1), x)->is_int);
  ck_assert(SELECT(real(a, 1), x, y)->is_int && !SELECT(x, x, real(a, 1))->is_int);
  ck_assert(!op1(a, EXPR_EXP2, x)->is_int && !table_at(a, 0, x)->is_int);
  ck_assert(expr_lookup(a, EXPR_TABLE, 0, true, x, SRC_NOWHERE)->is_int);
  for (int op = 0; op < EXPR_COUNT; op++) ck_assert_int_eq(expr_op_by_name(expr_get_info((expr_op)op)->name), op);
  ck_assert_int_eq(expr_op_by_name("sin"), EXPR_COUNT);
  arena_free(a);
}
END_TEST

START_TEST(fields_are_counted) {
  uint64_t count;
  scheme_field f = {.type = ELEM_U4, .gran = PER(32)};
  ck_assert(scheme_field_count(&f, 3, 65, &count) && count == 9);
  ck_assert_uint_eq(scheme_field_index(&f, 65, 2, 64), 8);
  f.rank = 2;
  f.dims[0] = 4;
  f.dims[1] = 2;
  ck_assert(scheme_field_count(&f, 3, 65, &count) && count == 72);
  ck_assert(scheme_field_per_row(&f, 65, &count) && count == 24);
  ck_assert_uint_eq(scheme_field_index(&f, 65, 2, 64), 64);
  f.gran = PER_TENSOR;
  ck_assert(scheme_field_count(&f, 3, 65, &count) && count == 8);
  ck_assert(scheme_field_per_row(&f, 65, &count) && count == 8);
  f.gran = PER_ROW;
  ck_assert_uint_eq(scheme_field_index(&f, 65, 2, 64), 16);
  f.gran = PER_WEIGHT;
  ck_assert(!scheme_field_count(&f, UINT64_MAX / 4, 2, &count));
  f.dims[0] = UINT64_MAX;
  ck_assert(!scheme_field_size(&f, &count));
}
END_TEST

START_TEST(bits_per_weight) {
  arena *a = arena_new();
  ck_assert_double_eq(scheme_bits_per_weight(kit_q4_0(a), 8, 64), 4.5);
  ck_assert_double_eq(scheme_bits_per_weight(kit_q4_k(a), 8, 256), 4.5);
  ck_assert_double_eq(scheme_bits_per_weight(kit_q6_k(a), 8, 256), 6.5625);
  ck_assert_double_eq(scheme_bits_per_weight(kit_q4_0(a), 1, 33), 4 + 32.0 / 33);
  ck_assert_double_eq(scheme_bits_per_weight(kit_int8_row(a), 7, 32), 9);
  ck_assert_double_eq(scheme_bits_per_weight(kit_q4_0(a), 0, 0), 0);
  arena_free(a);
}
END_TEST

START_TEST(too_large_tensors) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  ck_assert_ptr_null(tensor_codes_new(d, a, kit_q4_0(a), UINT64_MAX / 8, 64));
  ck_assert_ptr_null(tensor_codes_new(d, a, kit_q4_0(a), (uint64_t)1 << 61, 2));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "too large"));
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("expressions");
  TCase *t = tcase_create("elements");
  tcase_add_test(t, elements_have_ranges_and_names);
  tcase_add_test(t, elements_round_trip);
  tcase_add_test(t, elements_saturate_and_round);
  suite_add_tcase(s, t);
  t = tcase_create("evaluation");
  tcase_add_test(t, integer_arithmetic_is_total);
  tcase_add_loop_test(t, evaluators_agree, 0, 16);
  tcase_add_test(t, expressions_compare);
  suite_add_tcase(s, t);
  t = tcase_create("counts");
  tcase_add_test(t, fields_are_counted);
  tcase_add_test(t, bits_per_weight);
  tcase_add_test(t, too_large_tensors);
  suite_add_tcase(s, t);
  return check_main(s);
}

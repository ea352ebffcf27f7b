// Expressions in index notation: what is computed when they are made, and what is known of their integers.
#include <math.h>

#include "ir/statement.h"
#include "ir/statement_fold.h"
#include "tests/check_main.h"

typedef struct world {
  arena *mem;
  st_computation *c;
  const st_tensor *integers; // i8[n], n from 0 to 9
  const st_index *k;
} world;

static const src_loc nowhere;

static const st_expr *make(world *w, st_op op, elem_type elem, size_t count, const st_expr *const *args) {
  return st_make(w->c, (st_expr){.op = op, .elem = elem, .arg_count = count, .args = args});
}

static const st_expr *two(world *w, st_op op, const st_expr *x, const st_expr *y) {
  return make(w, op, ELEM_F32, 2, (const st_expr *[]){x, y});
}

static const st_expr *to(world *w, elem_type elem, const st_expr *x) { return make(w, ST_TO, elem, 1, &x); }

static world begin(void) {
  world w = {.mem = arena_new()};
  extent_pool *p = extent_pool_new(w.mem);
  w.c = st_computation_new(w.mem, p, "test");
  const extent *n = extent_new_symbol(p, "n", extent_constant(p, 0), extent_constant(p, 9), 1, nowhere);
  st_type type = {.kind = ST_CLASS_INT, .stored = true, .elem = ELEM_I8};
  w.integers = st_tensor_new(w.c, ST_INPUT, "x", type, 1, &n, nowhere);
  w.k = st_index_new(w.c, "k", n, nowhere);
  return w;
}

static const st_expr *element(world *w) {
  const st_expr *at = st_make(w->c, (st_expr){.op = ST_INDEX, .kind = ST_CLASS_INT, .index = w->k});
  return st_make(w->c, (st_expr){.op = ST_READ, .tensor = w->integers, .arg_count = 1, .args = &at});
}

START_TEST(test_equal_nodes_are_one) {
  world w = begin();
  const st_expr *x = element(&w);
  ck_assert_ptr_eq(two(&w, ST_ADD, x, x), two(&w, ST_ADD, x, x));
  ck_assert_ptr_ne(two(&w, ST_ADD, x, x), two(&w, ST_MUL, x, x));
  ck_assert_ptr_eq(two(&w, ST_ADD, x, st_int(w.c, 0, nowhere)), x);
  arena_free(w.mem);
}
END_TEST

START_TEST(test_truth_is_no_integer) {
  world w = begin();
  const st_expr *yes = two(&w, ST_LT, st_int(w.c, 1, nowhere), st_int(w.c, 2, nowhere));
  ck_assert_int_eq(yes->op, ST_BOOL);
  ck_assert_int_eq(two(&w, ST_BOTH, element(&w), yes)->kind, ST_CLASS_BOOL);
  ck_assert_int_eq(two(&w, ST_EITHER, element(&w), yes)->op, ST_BOOL);
  arena_free(w.mem);
}
END_TEST

START_TEST(test_ranges) {
  world w = begin();
  const st_expr *x = element(&w);
  const st_expr *product = two(&w, ST_MUL, x, x);
  ck_assert_int_eq(product->low, -128 * 127);
  ck_assert_int_eq(product->high, 128 * 128);
  const st_expr *sum =
      st_make(w.c, (st_expr){.op = ST_SUM, .index_count = 1, .indices = &w.k, .arg_count = 1, .args = &product});
  ck_assert_int_eq(sum->high, 9 * 128 * 128);
  // The greatest of none is the least integer.
  const st_expr *most =
      st_make(w.c, (st_expr){.op = ST_GREATEST, .index_count = 1, .indices = &w.k, .arg_count = 1, .args = &x});
  ck_assert_int_eq(most->low, INT64_MIN);
  ck_assert_int_eq(most->high, 127);
  // u64 keeps 64 bits, so nothing is known of a comparison with 0.
  const st_expr *wide = to(&w, ELEM_U64, st_int(w.c, -1, nowhere));
  ck_assert_int_eq(wide->i, -1);
  ck_assert_int_ne(two(&w, ST_LT, to(&w, ELEM_U64, x), st_int(w.c, 0, nowhere))->op, ST_BOOL);
  arena_free(w.mem);
}
END_TEST

static double stored(elem_type elem, double v) {
  st_type type = {.kind = ST_CLASS_REAL, .stored = true, .elem = elem};
  return st_stored(type, (st_number){.kind = ST_CLASS_REAL, .r = v}).r;
}

START_TEST(test_floats_without_infinities) {
  ck_assert_double_eq(stored(ELEM_F8E4M3, 464), 448); // in the middle, 448 is the even one
  ck_assert(isnan(stored(ELEM_F8E4M3, 464.001)));
  ck_assert_double_eq(stored(ELEM_F8E4M3FNUZ, 247.99), 240);
  ck_assert(isnan(stored(ELEM_F8E4M3FNUZ, 248)));
  ck_assert_double_eq(stored(ELEM_F4E2M1, 100), 6);
}
END_TEST

int main(void) {
  Suite *s = suite_create("statement");
  check_add(s, "made",
            (const TTest *const[]){test_equal_nodes_are_one, test_truth_is_no_integer, test_ranges,
                                   test_floats_without_infinities, NULL});
  return check_main(s);
}

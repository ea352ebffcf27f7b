// The same codes on every machine: what is also compiled for wider vectors (support/wide.h) gives the same bits as what is not.
// The functions named plain_* are the same sources once more, for the least that the build's machines have.
#include <string.h>

#include "encode/inside.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"

line_weights plain_line_weights_of(const fit_span *s);
void plain_line_measure(const core_set *c, const fit_span *s, const double *u, bool store, line_sums *out);
near_index *plain_near_index_new(arena *a, const double *table, size_t count, size_t dim, uint64_t questions);
size_t plain_near_find(const near_index *x, const float *t, size_t probes, size_t want, near_answer *out);

enum { ROWS = 3, COLUMNS = 70, ROUNDS = 200 };

static void fill(uint64_t *state, double *x, size_t count, double offset) {
  for (size_t i = 0; i < count; i++) x[i] = (double)(float)(offset + kit_normal(state));
}

// Random weights of random shapes under random coefficients.
static void compare_lines(const core_set *c, uint64_t *state) {
  double w[ROWS * COLUMNS], by[COLUMNS], u[PLAN_TERMS] = {0};
  uint32_t codes[ROWS * COLUMNS] = {0}, plain_codes[ROWS * COLUMNS] = {0};
  fill(state, w, ROWS * COLUMNS, 0);
  fill(state, by, COLUMNS, 5);
  for (size_t t = 0; t < c->terms; t++) u[t] = 0.2 * kit_normal(state);
  fit_span s = {.w = w, .codes = codes, .stride = COLUMNS, .code_stride = COLUMNS};
  s.by = kit_random(state) % 2 == 0 ? by : NULL;
  s.rows = 1 + kit_random(state) % ROWS;
  s.columns = 1 + kit_random(state) % COLUMNS;
  line_weights a = line_weights_of(&s), b = plain_line_weights_of(&s);
  ck_assert_mem_eq(&a, &b, sizeof a);
  line_measure(c, &s, u, true, &a.sums);
  s.codes = plain_codes;
  plain_line_measure(c, &s, u, true, &b.sums);
  ck_assert_mem_eq(&a, &b, sizeof a);
  ck_assert_mem_eq(codes, plain_codes, sizeof codes);
}

START_TEST(lines_are_the_same) {
  arena *a = arena_new();
  const scheme *const schemes[] = {kit_q4_k(a), kit_nf4(a, 64), kit_int8_row(a), kit_mx(a), kit_int4_zero(a, 32)};
  uint64_t state = 11;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    const encode_plan *p = encode_plan_new(a, schemes[i]);
    const double *const *tables = ARENA_ARRAY(a, const double *, schemes[i]->field_count);
    const expr *blocked;
    core_set c;
    ck_assert(core_set_init(a, p, tables, 1, &c, &blocked));
    ck_assert_msg(c.simple, "'%s' is no line", schemes[i]->name);
    for (int round = 0; round < ROUNDS; round++) compare_lines(&c, &state);
    core_set_free(&c);
  }
  arena_free(a);
}
END_TEST

START_TEST(vectors_are_the_same) {
  enum { VECTORS = 2000, DIM = 8, WANT = 4 };
  arena *a = arena_new();
  double *table = ARENA_ARRAY(a, double, VECTORS *DIM);
  uint64_t state = 12;
  fill(&state, table, VECTORS * DIM, 0);
  const near_index *x = near_index_new(a, table, VECTORS, DIM, VECTORS),
                   *y = plain_near_index_new(a, table, VECTORS, DIM, VECTORS);
  for (int round = 0; round < ROUNDS; round++) {
    float t[DIM];
    near_answer found[WANT], plain[WANT];
    for (size_t i = 0; i < DIM; i++) t[i] = (float)kit_normal(&state);
    size_t count = near_find(x, t, 4, WANT, found);
    ck_assert_uint_eq(count, plain_near_find(y, t, 4, WANT, plain));
    ck_assert_mem_eq(found, plain, count * sizeof *found);
  }
  arena_free(a);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {lines_are_the_same, vectors_are_the_same, NULL};
  Suite *s = suite_create("wide vectors");
  check_add(s, "bits", tests);
  return check_main(s);
}

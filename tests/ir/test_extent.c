// Sizes: random expressions against plain arithmetic, bounds and proofs against samples, and the proofs that reads need.
#include "ir/extent.h"
#include "tests/check_main.h"

#define DIMS 3
#define INDICES 2
#define SAMPLES 40

// An expression both as an extent and as numbers for each sample; not every sample has one, as divisors may be 0.
typedef struct pair {
  const extent *e;
  int64_t value[SAMPLES];
} pair;

typedef struct world {
  extent_pool *p;
  arena *mem;
  int64_t values[SAMPLES][DIMS];
  int64_t indices[SAMPLES][INDICES];
  const extent *dims[DIMS];
  const extent *index[INDICES];
  uint64_t state;
} world;

static const int64_t lows[DIMS] = {1, 0, 4}, highs[DIMS] = {512, 63, 64}, steps[DIMS] = {1, 1, 4};

static int64_t draw(world *w, int64_t low, int64_t high) {
  return low + (int64_t)(sampling_next(&w->state) % (uint64_t)(high - low + 1));
}

static void begin_world(world *w, int round) {
  w->mem = arena_new();
  w->p = extent_pool_new(w->mem);
  w->state = sampling_state(sampling_seed(), "extent") + (uint64_t)round;
  for (int i = 0; i < DIMS; i++) {
    w->dims[i] = extent_symbol(w->p, (const char *[]){"tokens", "past", "width"}[i], lows[i], highs[i], steps[i]);
  }
  w->index[0] = extent_index(w->p, "i", w->dims[0]);
  w->index[1] = extent_index(w->p, "k", extent_constant(w->p, 5));
  for (int s = 0; s < SAMPLES; s++) {
    for (int i = 0; i < DIMS; i++) w->values[s][i] = draw(w, lows[i], highs[i]) / steps[i] * steps[i];
    w->indices[s][0] = draw(w, 0, w->values[s][0] - 1);
    w->indices[s][1] = draw(w, 0, 4);
  }
}

static int64_t down(int64_t x, int64_t y) { return x / y - ((x % y != 0) && ((x < 0) != (y < 0))); }

static int64_t apply(int op, int64_t x, int64_t y) {
  switch (op) {
  case 0: return x + y;
  case 1: return x - y;
  case 2: return x * y;
  case 3: return down(x, y);
  case 4: return x - y * down(x, y);
  case 5: return x < y ? x : y;
  default: return x > y ? x : y;
  }
}

static pair leaf(world *w) {
  pair r;
  int which = (int)draw(w, 0, DIMS + INDICES);
  int64_t constant = draw(w, -6, 12);
  r.e = which < DIMS             ? w->dims[which]
        : which < DIMS + INDICES ? w->index[which - DIMS]
                                 : extent_constant(w->p, constant);
  for (int s = 0; s < SAMPLES; s++) {
    r.value[s] = which < DIMS             ? w->values[s][which]
                 : which < DIMS + INDICES ? w->indices[s][which - DIMS]
                                          : constant;
  }
  return r;
}

static pair expression(world *w, int depth) {
  if (depth == 0 || draw(w, 0, 5) == 0) return leaf(w);
  pair x = expression(w, depth - 1);
  pair y = expression(w, depth - 1);
  int op = (int)draw(w, 0, 6);
  const extent *(*const make[])(extent_pool *, const extent *, const extent *) = {
      extent_add, extent_sub, extent_mul, extent_div, extent_mod, extent_min, extent_max};
  if ((op == 3 || op == 4) && y.e->low <= 0) op = 0;
  pair r = {.e = make[op](w->p, x.e, y.e)};
  if (r.e == NULL) return x;
  for (int s = 0; s < SAMPLES; s++) r.value[s] = apply(op, x.value[s], y.value[s]);
  return r;
}

static void check_values(world *w, const pair *x) {
  const extent *least = extent_lowest(w->p, x->e);
  const extent *most = extent_highest(w->p, x->e);
  for (int s = 0; s < SAMPLES; s++) {
    int64_t value;
    ck_assert(extent_evaluate(x->e, w->values[s], w->indices[s], &value));
    ck_assert_msg(value == x->value[s], "%s is %lld, not %lld", extent_text(w->mem, x->e), (long long)value,
                  (long long)x->value[s]);
    ck_assert_msg(x->e->low <= value && value <= x->e->high, "%s is outside of its bounds", extent_text(w->mem, x->e));
    if (least != NULL) {
      ck_assert(!least->has_index && extent_evaluate(least, w->values[s], NULL, &value) && value <= x->value[s]);
    }
    if (most != NULL) {
      ck_assert(!most->has_index && extent_evaluate(most, w->values[s], NULL, &value) && value >= x->value[s]);
    }
  }
}

static void check_proofs(world *w, const pair *x, const pair *y) {
  for (int relation = EXTENT_LE; relation <= EXTENT_EQ; relation++) {
    extent_answer answer = extent_proves(w->p, x->e, (extent_relation)relation, y->e);
    for (int s = 0; s < SAMPLES && answer != EXTENT_UNKNOWN; s++) {
      bool is = relation == EXTENT_LE   ? x->value[s] <= y->value[s]
                : relation == EXTENT_LT ? x->value[s] < y->value[s]
                                        : x->value[s] == y->value[s];
      ck_assert_msg(is == (answer == EXTENT_YES), "%s against %s: a false proof", extent_text(w->mem, x->e),
                    extent_text(w->mem, y->e));
    }
  }
}

START_TEST(test_random) {
  world w;
  begin_world(&w, _i);
  for (int i = 0; i < 40; i++) {
    pair x = expression(&w, 4);
    pair y = expression(&w, 3);
    check_values(&w, &x);
    check_values(&w, &y);
    check_proofs(&w, &x, &y);
    ck_assert_ptr_eq(extent_sub(w.p, extent_add(w.p, x.e, y.e), y.e), x.e);
  }
  arena_free(w.mem);
}
END_TEST

static const extent *number(world *w, int64_t value) { return extent_constant(w->p, value); }

static void yes(world *w, const extent *a, extent_relation relation, const extent *b) {
  ck_assert_msg(extent_proves(w->p, a, relation, b) == EXTENT_YES, "not proved: %s, %s", extent_text(w->mem, a),
                extent_text(w->mem, b));
}

START_TEST(test_reads) {
  world w;
  begin_world(&w, 0);
  extent_pool *p = w.p;
  const extent *tokens = w.dims[0], *past = w.dims[1], *width = w.dims[2], *i = w.index[0], *k = w.index[1];
  yes(&w, i, EXTENT_LT, tokens);
  yes(&w, extent_add(p, past, i), EXTENT_LT, extent_add(p, past, tokens));
  yes(&w, extent_mul(p, extent_div(p, tokens, number(&w, 8)), number(&w, 8)), EXTENT_LE, tokens);
  yes(&w, extent_div(p, tokens, number(&w, 2)), EXTENT_LE, tokens);
  yes(&w, extent_min(p, tokens, width), EXTENT_LE, width);
  yes(&w, extent_div(p, i, number(&w, 2)), EXTENT_LT, tokens);
  // A window over a padded row: (i * 2 + k - 1) + 1 reads below 2 * tokens + 4.
  const extent *at = extent_add(p, extent_mul(p, i, number(&w, 2)), k);
  yes(&w, at, EXTENT_LT, extent_add(p, extent_mul(p, tokens, number(&w, 2)), number(&w, 3)));
  ck_assert_int_eq(extent_proves(p, at, EXTENT_LT, tokens), EXTENT_UNKNOWN);
  // Indices that were joined come apart again; steps divide.
  const extent *flat = extent_add(p, extent_mul(p, i, number(&w, 5)), k);
  ck_assert_ptr_eq(extent_div(p, flat, number(&w, 5)), i);
  ck_assert_ptr_eq(extent_mod(p, flat, number(&w, 5)), k);
  ck_assert_ptr_eq(extent_mod(p, width, number(&w, 2)), number(&w, 0));
  ck_assert_ptr_eq(extent_mul(p, extent_div(p, width, number(&w, 4)), number(&w, 4)), width);
  // What a caller promises.
  const extent *context = extent_symbol(p, "context", 64, 4096, 1);
  const extent *end = extent_add(p, past, tokens);
  ck_assert_int_eq(extent_proves(p, end, EXTENT_LE, context), EXTENT_UNKNOWN);
  size_t facts = extent_fact_count(p);
  extent_assume(p, end, context);
  yes(&w, extent_add(p, past, i), EXTENT_LT, context);
  extent_forget(p, facts);
  ck_assert_int_eq(extent_proves(p, end, EXTENT_LE, context), EXTENT_UNKNOWN);
  arena_free(w.mem);
}
END_TEST

START_TEST(test_overflow) {
  world w;
  begin_world(&w, 0);
  const extent *huge = number(&w, INT64_MAX);
  ck_assert_ptr_null(extent_add(w.p, huge, number(&w, 1)));
  ck_assert_ptr_null(extent_mul(w.p, extent_mul(w.p, w.dims[0], huge), number(&w, 2)));
  ck_assert_ptr_null(extent_div(w.p, w.dims[0], w.dims[1])); // may be 0
  ck_assert_ptr_null(extent_add(w.p, NULL, huge));
  int64_t value;
  const extent *product = extent_mul(w.p, w.dims[0], number(&w, INT64_MAX / 2));
  ck_assert(!extent_evaluate(product, (int64_t[]){512, 0, 4}, NULL, &value));
  arena_free(w.mem);
}
END_TEST

START_TEST(test_many_terms) {
  world w;
  begin_world(&w, 0);
  const extent *sum = number(&w, 0);
  for (int i = 0; i < 1000; i++) sum = extent_add(w.p, sum, extent_symbol(w.p, "n", 1, 9, 1));
  ck_assert_int_eq(sum->low, 1000);
  ck_assert_int_eq(sum->high, 9000);
  arena_free(w.mem);
}
END_TEST

int main(void) {
  Suite *s = suite_create("extent");
  printf("seed %llu\n", (unsigned long long)sampling_seed());
  TCase *random = tcase_create("random");
  check_add_rounds(random, test_random, sampling_is_full() ? 2000 : 100);
  suite_add_tcase(s, random);
  const TTest *const listed[] = {test_reads, test_overflow, test_many_terms, NULL};
  check_add(s, "listed", listed);
  return check_main(s);
}

// Sizes: their normal form against direct evaluation of the expressions that they were made from, bounds and proofs
// against values.
#include <string.h>
#include <time.h>

#include "../check_main.h"
#include "format/int_math.h"
#include "ir/extent.h"
#include "tests/sampling.h"

static arena *mem;
static extent_pool *pool;

static void begin(void) { pool = extent_pool_new(mem = arena_new()); }
static void end(void) { arena_free(mem); }

static const extent *number(int64_t v) { return extent_constant(pool, v); }
static const extent *dim(const char *name, int64_t least, int64_t greatest) {
  return extent_new_symbol(pool, name, number(least), number(greatest), 1, SRC_NOWHERE);
}
static const extent *index_of(const char *name, const extent *count) { return extent_index(pool, name, count); }
static const extent *add(const extent *a, const extent *b) { return extent_add(pool, a, b); }
static const extent *sub(const extent *a, const extent *b) { return extent_sub(pool, a, b); }
static const extent *mul(const extent *a, const extent *b) { return extent_mul(pool, a, b); }
static const extent *quotient(const extent *a, const extent *b) { return extent_div(pool, a, b); }
static const extent *rest(const extent *a, const extent *b) { return extent_mod(pool, a, b); }
static const extent *min(const extent *a, const extent *b) { return extent_min(pool, a, b); }
static const extent *max(const extent *a, const extent *b) { return extent_max(pool, a, b); }

#define ck_text(e, wanted) ck_assert_str_eq(extent_text(mem, e), wanted)
#define ck_proves(a, relation, b, wanted) \
  ck_assert_int_eq(extent_proves(pool, a, EXTENT_##relation, b), EXTENT_##wanted)

START_TEST(equal_sizes_are_one_pointer) {
  const extent *n = dim("n", 1, 100), *m = dim("m", 1, 100);
  ck_assert_ptr_eq(mul(add(n, m), sub(n, m)), sub(mul(n, n), mul(m, m)));
  ck_assert_ptr_eq(quotient(mul(number(6), n), number(3)), mul(number(2), n));
  ck_assert_ptr_eq(quotient(mul(number(6), n), number(4)), add(n, quotient(n, number(2))));
  ck_assert_ptr_eq(quotient(add(n, number(9)), number(4)), add(number(2), quotient(add(n, number(1)), number(4))));
  ck_assert_ptr_eq(quotient(quotient(n, number(3)), number(5)), quotient(n, number(15)));
  ck_assert_ptr_eq(quotient(mul(n, m), n), m);
  ck_assert_ptr_eq(quotient(mul(add(n, number(1)), m), add(n, number(1))), m);
  ck_assert_ptr_eq(quotient(number(-1), number(7)), number(-1));
  ck_assert_ptr_eq(rest(number(-1), number(7)), number(6));
  ck_assert_ptr_eq(rest(mul(n, number(8)), number(4)), number(0));
  ck_assert_ptr_eq(rest(rest(n, number(12)), number(4)), rest(n, number(4)));
  ck_assert_ptr_eq(min(n, min(m, n)), min(m, n));
  ck_assert_ptr_eq(max(min(n, m), n), n);
  ck_assert_ptr_eq(max(n, number(0)), n);
  const extent *i = index_of("i", n), *j = index_of("j", m);
  ck_assert_ptr_eq(quotient(add(mul(i, m), j), m), i);
  ck_assert_ptr_eq(rest(add(mul(i, m), j), m), j);
}
END_TEST

START_TEST(steps_divide_exactly) {
  const extent *h = extent_new_symbol(pool, "h", number(1), number(640), 32, SRC_NOWHERE);
  ck_assert_int_eq(h->least, 32);
  const extent *half = quotient(h, number(2)), *odd = quotient(h, number(64));
  ck_text(half, "h / 2");
  ck_text(mul(half, half), "h * (h / 4)");
  ck_text(mul(number(3), half), "3 * (h / 2)");
  ck_assert_ptr_eq(mul(half, number(2)), h);
  ck_assert_ptr_eq(rest(h, number(8)), number(0));
  ck_proves(mul(odd, number(64)), EQ, h, UNKNOWN);
  ck_assert_str_eq(extent_as_symbol(h)->name, "h");
  ck_assert_ptr_null(extent_as_symbol(half));
  ck_assert_ptr_eq(extent_substitute(pool, half, extent_as_symbol(h), number(96)), number(48));
  ck_assert_ptr_null(extent_substitute(pool, half, extent_as_symbol(h), number(95)));
  ck_assert_int_eq(extent_why(pool), EXTENT_NO_VALUE);
  int64_t values[] = {95}, got = 7;
  ck_assert_int_eq(extent_evaluate(half, 1, values, &got), EXTENT_NO_VALUE);
  values[0] = 96;
  ck_assert_int_eq(extent_evaluate(half, 1, values, &got), EXTENT_OK);
  ck_assert_int_eq(got, 48);
  ck_assert_ptr_null(extent_new_symbol(pool, "e", number(33), number(63), 32, SRC_NOWHERE));
  ck_assert_int_eq(extent_why(pool), EXTENT_EMPTY);
}
END_TEST

START_TEST(texts_are_source) {
  const extent *past = dim("past", 0, 9), *tokens = dim("tokens", 1, 9), *n = dim("n", 1, 9);
  ck_text(add(tokens, past), "past + tokens");
  ck_text(sub(number(3), past), "3 - past");
  ck_text(extent_neg(pool, past), "-past");
  ck_text(number(-5), "-5");
  ck_text(number(0), "0");
  ck_text(mul(number(2), quotient(n, number(4))), "2 * (n / 4)");
  ck_text(quotient(mul(number(2), n), number(7)), "2 * n / 7");
  ck_text(extent_neg(pool, quotient(n, number(4))), "-(n / 4)");
  ck_text(sub(past, quotient(n, number(4))), "past - n / 4");
  ck_text(quotient(add(n, past), mul(tokens, number(2))), "(past + n) / (2 * tokens)");
  ck_text(rest(sub(past, n), tokens), "(past - n) % tokens");
  ck_text(min(add(past, tokens), n), "min(n, past + tokens)");
  ck_text(mul(past, rest(n, number(4))), "past * (n % 4)");
}
END_TEST

START_TEST(what_may_overflow_is_refused) {
  const extent *n = dim("n", 0, INT64_MAX), *k = dim("k", 0, INT32_MAX);
  ck_assert_ptr_nonnull(mul(k, k));
  ck_assert_ptr_null(mul(mul(k, k), k));
  ck_assert_int_eq(extent_why(pool), EXTENT_OVERFLOW);
  ck_assert_ptr_null(add(n, number(1)));
  ck_assert_int_eq(extent_why(pool), EXTENT_OVERFLOW);
  ck_assert_ptr_nonnull(sub(number(-1), n));
  ck_assert_ptr_null(sub(number(-2), n));
  ck_assert_ptr_null(quotient(number(INT64_MIN), number(-1)));
  ck_assert_int_eq(extent_why(pool), EXTENT_OVERFLOW);
  ck_assert_ptr_null(quotient(sub(number(-1), n), sub(k, number(1))));
  ck_assert_int_eq(extent_why(pool), EXTENT_OVERFLOW);
  ck_assert_ptr_null(quotient(n, number(0)));
  ck_assert_int_eq(extent_why(pool), EXTENT_BY_ZERO);
  ck_assert_ptr_null(rest(n, number(0)));
  ck_assert_int_eq(extent_why(pool), EXTENT_BY_ZERO);
  ck_assert_ptr_null(min(NULL, n));
  ck_assert_ptr_null(sub(n, NULL));
  // What lies outside of its bounds is found out when it has a value.
  const extent *s = mul(k, k);
  int64_t values[] = {0, INT64_MAX}, got = 7;
  ck_assert_int_eq(extent_evaluate(s, 2, values, &got), EXTENT_OVERFLOW);
  ck_assert_int_eq(extent_evaluate(s, 1, values, &got), EXTENT_NO_VALUE);
  values[1] = 0;
  ck_assert_int_eq(extent_evaluate(quotient(n, k), 2, values, &got), EXTENT_BY_ZERO);
  ck_assert_int_eq(got, 7);
}
END_TEST

START_TEST(subscripts_are_inside) {
  const extent *n = dim("n", 1, 4096), *i = index_of("i", n), *two = number(2), *one = number(1);
  ck_proves(i, LT, n, YES);
  ck_proves(number(0), LE, i, YES);
  ck_proves(i, LT, sub(n, one), UNKNOWN);
  ck_proves(i, EQ, n, NO);
  ck_proves(i, NE, n, YES);
  ck_proves(n, LE, i, NO);
  const extent *k_count = dim("K", 1, 7), *k = index_of("k", k_count);
  const extent *at = sub(add(mul(i, two), k), one);
  ck_assert_ptr_eq(extent_lowest(pool, at), number(-1));
  ck_assert_ptr_eq(extent_highest(pool, at), sub(add(mul(two, sub(n, one)), k_count), two));
  ck_assert_ptr_eq(extent_highest(pool, sub(n, i)), n);
  ck_assert_ptr_eq(extent_lowest(pool, sub(n, i)), one);
  // A convolution: the last window's last element is the last of what it was padded to.
  const extent *h = dim("h", 16, 640), *pad = dim("pad", 0, 3), *dilation = dim("dilation", 1, 3);
  for (int s = 1; s <= 3; s++) {
    const extent *stride = s == 3 ? dim("stride", 1, 3) : number(s);
    const extent *span = mul(dilation, sub(k_count, one)), *padded = add(h, mul(two, pad));
    const extent *out = add(quotient(sub(sub(padded, span), one), stride), one), *o = index_of("o", out);
    const extent *place = sub(add(mul(o, stride), mul(k, dilation)), pad);
    ck_proves(place, LT, add(h, pad), YES);
    ck_proves(extent_neg(pool, pad), LE, place, YES);
    ck_proves(place, LT, h, UNKNOWN);
    ck_proves(extent_highest(pool, place), LT, add(h, pad), YES);
    ck_assert_ptr_eq(extent_lowest(pool, place), extent_neg(pool, pad));
  }
  const extent *nowhere = index_of("nowhere", number(0));
  ck_proves(add(n, nowhere), LT, n, YES);
  const extent *half = quotient(i, two);
  ck_assert_ptr_eq(extent_highest(pool, half), quotient(sub(n, one), two));
  ck_proves(half, LE, quotient(sub(n, one), two), YES);
  ck_assert_ptr_eq(extent_highest(pool, add(i, rest(i, number(8)))), add(n, number(6)));
  ck_assert_ptr_eq(extent_highest(pool, mul(i, i)), mul(sub(n, one), sub(n, one)));
  // Heads in groups.
  const extent *groups = dim("groups", 1, 64), *each = dim("each", 1, 64), *c = index_of("c", mul(groups, each));
  ck_proves(quotient(c, each), LT, groups, YES);
  ck_proves(rest(c, each), LT, each, YES);
  const extent *g = index_of("g", groups), *e = index_of("e", each);
  ck_proves(add(mul(g, each), e), LT, mul(groups, each), YES);
  // Term by term, where it may rise or fall; not at all where one term may.
  ck_assert_ptr_eq(extent_lowest(pool, mul(i, sub(h, number(100)))), mul(number(-100), sub(n, one)));
  ck_assert_ptr_null(extent_lowest(pool, mul(i, dim("w", -3, 3))));
  ck_assert_int_eq(extent_why(pool), EXTENT_NO_BOUND);
}
END_TEST

START_TEST(leaves_have_their_meaning) {
  const extent *n = dim("n", 1, 4096), *m = dim("m", 1, 4096), *g = dim("g", 1, 64), *w = dim("w", 0, 9);
  ck_proves(mul(quotient(n, g), g), LE, n, YES);
  ck_proves(mul(quotient(n, number(8)), number(8)), LE, n, YES);
  ck_proves(n, LT, mul(add(quotient(n, g), number(1)), g), YES);
  ck_proves(add(mul(quotient(n, g), g), rest(n, g)), EQ, n, YES);
  ck_proves(add(mul(quotient(n, number(8)), number(8)), rest(n, number(8))), EQ, n, YES);
  ck_proves(n, LE, mul(number(8), quotient(add(n, number(7)), number(8))), YES);
  ck_proves(min(n, m), LE, n, YES);
  ck_proves(min(n, m), LT, m, UNKNOWN);
  ck_proves(add(min(n, m), max(n, m)), EQ, add(n, m), YES);
  ck_proves(n, LE, max(m, add(n, w)), YES);
  ck_proves(mul(number(2), n), EQ, add(mul(number(2), m), number(1)), NO);
  ck_proves(mul(n, m), LT, m, NO);
  ck_proves(n, LE, mul(n, m), YES);
  ck_proves(quotient(n, g), LE, n, YES);
  ck_proves(NULL, LE, n, UNKNOWN);
  const extent *context = dim("context", 1, 4096);
  const extent *past = extent_new_symbol(pool, "past", number(0), sub(context, number(1)), 1, SRC_NOWHERE);
  ck_proves(past, LT, context, YES);
  ck_proves(past, LT, add(context, w), YES);
}
END_TEST

START_TEST(assumptions_are_used) {
  const extent *context = dim("context", 1, 4096), *tokens = dim("tokens", 1, 512), *zero = number(0);
  const extent *past = extent_new_symbol(pool, "past", zero, sub(context, number(1)), 1, SRC_NOWHERE);
  const extent *t = index_of("t", tokens);
  ck_proves(add(past, tokens), LE, context, UNKNOWN);
  extent_assume(pool, add(past, tokens), EXTENT_LE, context);
  ck_proves(add(past, tokens), LE, context, YES);
  ck_proves(add(past, t), LT, context, YES);
  ck_proves(add(past, t), LT, sub(context, number(1)), UNKNOWN);
  const extent *n = dim("n", 1, 4096), *i = index_of("i", n);
  ck_proves(rest(n, number(4)), EQ, zero, UNKNOWN);
  extent_assume(pool, rest(n, number(4)), EXTENT_EQ, zero);
  ck_proves(rest(n, number(4)), EQ, zero, YES);
  ck_proves(rest(n, number(2)), EQ, zero, YES);
  ck_proves(rest(n, number(8)), EQ, zero, UNKNOWN);
  ck_proves(mul(quotient(n, number(4)), number(4)), EQ, n, YES);
  ck_proves(quotient(i, number(4)), LT, quotient(n, number(4)), YES);
  const extent *c = dim("c", 1, 512), *j_count = dim("J", 1, 512), *groups = dim("groups", 1, 8), *m = dim("m", 1, 64);
  extent_assume(pool, c, EXTENT_EQ, mul(j_count, groups));
  extent_assume(pool, rest(m, groups), EXTENT_EQ, zero);
  ck_proves(rest(c, groups), EQ, zero, YES);
  ck_proves(mul(quotient(m, groups), groups), EQ, m, YES);
  const extent *o = index_of("o", m), *j = index_of("j", j_count);
  ck_proves(add(mul(quotient(o, quotient(m, groups)), j_count), j), LT, c, YES);
  const extent *few = dim("few", 0, 64);
  extent_assume(pool, rest(few, groups), EXTENT_EQ, zero);
  ck_proves(mul(quotient(few, groups), groups), EQ, few, YES);
  ck_proves(number(1), LE, few, UNKNOWN);
  size_t before = extent_assumption_count(pool);
  extent_assume(pool, n, EXTENT_LE, i);
  ck_proves(tokens, LT, groups, YES); // for i is less than n
  extent_forget(pool, before);
  ck_proves(tokens, LT, groups, UNKNOWN);
  extent_assume(pool, mul(n, m), EXTENT_LT, mul(context, tokens));
  ck_proves(add(mul(n, m), number(1)), LE, mul(context, tokens), YES);
}
END_TEST

START_TEST(conditions_are_sizes) {
  const extent *a = dim("a", -9, 9), *b = dim("b", -9, 9);
  for (int64_t x = -9; x <= 9; x++) {
    for (int64_t y = -9; y <= 9; y++) {
      int64_t values[] = {x, y}, got[4];
      for (int r = 0; r < 4; r++) {
        ck_assert_int_eq(extent_evaluate(extent_truth(pool, a, (extent_relation)r, b), 2, values, &got[r]), EXTENT_OK);
      }
      ck_assert_int_eq(got[EXTENT_LE], x <= y);
      ck_assert_int_eq(got[EXTENT_LT], x < y);
      ck_assert_int_eq(got[EXTENT_EQ], x == y);
      ck_assert_int_eq(got[EXTENT_NE], x != y);
    }
  }
}
END_TEST

// Random expressions of symbols with random bounds, as the normal form and as their values in each of the samples.
enum { SYMBOLS = 5, INDICES = 2, SAMPLES = 24, POOL = 14, CASES = 300 };

typedef struct sample {
  const extent *e;
  bool defined[SAMPLES]; // no division by zero on the way
  int64_t values[SAMPLES];
} sample;

static uint64_t state;

static int64_t between(int64_t least, int64_t greatest) {
  return least + (int64_t)(sampling_next(&state) % (uint64_t)(greatest - least + 1));
}

static sample drawn_constant(void) {
  sample s = {.e = NULL};
  int64_t v = between(-6, 12);
  s.e = number(v);
  for (int i = 0; i < SAMPLES; i++) s.defined[i] = true, s.values[i] = v;
  return s;
}

static sample combined(int op, const sample *a, const sample *b) {
  static const extent *(*const make[])(extent_pool *, const extent *, const extent *) = {
      extent_add, extent_sub, extent_mul, extent_div, extent_mod, extent_min, extent_max};
  sample s = {.e = make[op](pool, a->e, b->e)};
  for (int i = 0; i < SAMPLES; i++) {
    int64_t x = a->values[i], y = b->values[i];
    s.defined[i] = a->defined[i] && b->defined[i] && ((op != 3 && op != 4) || y != 0);
    int64_t all[] = {int_add(x, y), int_sub(x, y), int_mul(x, y), int_div(x, y),
                     int_mod(x, y), x < y ? x : y, x < y ? y : x};
    s.values[i] = all[op];
  }
  return s;
}

// Of one case in four the numbers are so large that most operations may overflow.
static void draw_symbols(sample *s, int64_t values[SAMPLES][SYMBOLS + INDICES]) {
  int64_t unit = between(0, 3) == 0 ? INT64_C(1) << between(20, 57) : 1;
  static const char *const names[] = {"a", "b", "c", "d", "e", "i", "j"};
  for (int n = 0; n < SYMBOLS + INDICES; n++) {
    int64_t least = between(-2, 2), greatest = least + between(0, 9), step = n == 2 ? between(1, 4) : 1;
    least *= unit, greatest *= unit;
    bool under = n == 1, index = n >= SYMBOLS; // b is at most a, and at least 3 less
    const extent *of = index ? max(s[n - SYMBOLS].e, number(1)) : NULL;
    s[n].e = index ? index_of(names[n], of)
             : under
                 ? extent_new_symbol(pool, names[n], sub(s[0].e, number(3)), s[0].e, 1, SRC_NOWHERE)
                 : extent_new_symbol(pool, names[n], number(least * step), number(greatest * step), step, SRC_NOWHERE);
    ck_assert_ptr_nonnull(s[n].e);
    for (int i = 0; i < SAMPLES; i++) {
      int64_t count = index && s[n - SYMBOLS].values[i] > 1 ? s[n - SYMBOLS].values[i] : 1;
      int64_t v = index   ? between(0, count - 1)
                  : under ? s[0].values[i] - between(0, 3)
                          : step * between(least, greatest);
      s[n].values[i] = values[i][n] = v;
      s[n].defined[i] = true;
    }
  }
}

// The value of a text by the rules of the language; names are the letters a to e, i and j.
typedef struct reader {
  const char *at;
  const int64_t *values;
} reader;

__extension__ typedef __int128 wide;

static wide read_sum(reader *r);

static bool skip(reader *r, const char *word) {
  while (*r->at == ' ') r->at++;
  if (strncmp(r->at, word, strlen(word)) != 0) return false;
  r->at += strlen(word);
  return true;
}

static wide read_simple(reader *r) {
  if (skip(r, "-")) return -read_simple(r);
  bool least = skip(r, "min("), most = !least && skip(r, "max(");
  if (least || most || skip(r, "(")) {
    wide a = read_sum(r);
    if (least || most) {
      ck_assert(skip(r, ","));
      wide b = read_sum(r);
      a = (a < b) == least ? a : b;
    }
    ck_assert(skip(r, ")"));
    return a;
  }
  skip(r, "");
  const char *letter = strchr("abcdeij", *r->at);
  if (letter != NULL && *letter != '\0') return r->at++, r->values[letter - "abcdeij"];
  ck_assert_msg(*r->at >= '0' && *r->at <= '9', "at '%s'", r->at);
  wide n = 0;
  while (*r->at >= '0' && *r->at <= '9') n = n * 10 + (*r->at++ - '0');
  return n;
}

static wide read_product(reader *r) {
  for (wide a = read_simple(r);;) {
    if (skip(r, "*")) {
      a *= read_simple(r);
      continue;
    }
    bool div = skip(r, "/");
    if (!div && !skip(r, "%")) return a;
    wide b = read_simple(r), left = (a % b + b) % b;
    a = div ? (a - left) / b : left;
  }
}

static wide read_sum(reader *r) {
  for (wide a = read_product(r);;) {
    bool plus = skip(r, "+");
    if (!plus && !skip(r, "-")) return a;
    wide b = read_product(r);
    a = plus ? a + b : a - b;
  }
}

static void check_values(const sample *s, int64_t values[SAMPLES][SYMBOLS + INDICES]) {
  const extent *low = extent_lowest(pool, s->e), *high = extent_highest(pool, s->e);
  for (int i = 0; i < SAMPLES; i++) {
    int64_t got;
    if (!s->defined[i]) continue;
    ck_assert_int_eq(extent_evaluate(s->e, SYMBOLS + INDICES, values[i], &got), EXTENT_OK);
    ck_assert_msg(got == s->values[i], "%s is %lld instead of %lld", extent_text(mem, s->e), (long long)got,
                  (long long)s->values[i]);
    reader text = {extent_text(mem, s->e), values[i]};
    ck_assert_msg(read_sum(&text) == got && *text.at == '\0', "%s is not %lld", extent_text(mem, s->e), (long long)got);
    ck_assert_int_le(s->e->least, got);
    ck_assert_int_ge(s->e->greatest, got);
    int64_t bound;
    if (low != NULL && extent_evaluate(low, SYMBOLS + INDICES, values[i], &bound) == EXTENT_OK) {
      ck_assert_msg(bound <= got, "%s is not the least of %s", extent_text(mem, low), extent_text(mem, s->e));
    }
    if (high != NULL && extent_evaluate(high, SYMBOLS + INDICES, values[i], &bound) == EXTENT_OK) {
      ck_assert_msg(bound >= got, "%s is not the greatest of %s", extent_text(mem, high), extent_text(mem, s->e));
    }
  }
  ck_assert(low == NULL || !extent_uses_indices(low));
  ck_assert(high == NULL || !extent_uses_indices(high));
}

static bool holds(int64_t a, extent_relation r, int64_t b) {
  return r == EXTENT_LE ? a <= b : r == EXTENT_LT ? a < b : r == EXTENT_EQ ? a == b : a != b;
}

static unsigned check_relation(const sample *a, extent_relation r, const sample *b, const bool *allowed) {
  extent_answer answer = extent_proves(pool, a->e, r, b->e);
  for (int i = 0; i < SAMPLES && answer != EXTENT_UNKNOWN; i++) {
    if (!a->defined[i] || !b->defined[i] || !allowed[i]) continue;
    ck_assert_msg(holds(a->values[i], r, b->values[i]) == (answer == EXTENT_YES),
                  "%s, %s: relation %d of %lld and %lld is not as was proved", extent_text(mem, a->e),
                  extent_text(mem, b->e), (int)r, (long long)a->values[i], (long long)b->values[i]);
  }
  return answer != EXTENT_UNKNOWN;
}

START_TEST(values_agree_and_no_proof_is_contradicted) {
  state = sampling_state(sampling_seed(), "extent") + (uint64_t)_i;
  sample s[POOL];
  int64_t values[SAMPLES][SYMBOLS + INDICES];
  draw_symbols(s, values);
  for (int n = SYMBOLS + INDICES; n < POOL; n++) {
    do {
      sample constant = drawn_constant();
      const sample *left = &s[between(0, n - 1)], *right = between(0, 2) == 0 ? &constant : &s[between(0, n - 1)];
      s[n] = combined((int)between(0, 6), left, right);
    } while (s[n].e == NULL);
    check_values(&s[n], values);
  }
  bool allowed[SAMPLES];
  memset(allowed, 1, sizeof allowed);
  for (int round = 0; round < 3; round++) {
    for (int k = 0; k < 12; k++) {
      check_relation(&s[between(0, POOL - 1)], (extent_relation)between(0, 3), &s[between(0, POOL - 1)], allowed);
    }
    // What is assumed leaves fewer of the samples.
    sample zero = combined(1, &s[0], &s[0]), c = between(0, 1) == 0 ? drawn_constant() : s[between(0, POOL - 1)];
    sample *a = &s[between(0, between(0, 1) == 0 ? SYMBOLS - 1 : POOL - 1)];
    sample *b = &s[between(0, POOL - 1)], left = between(0, 1) == 0 ? *a : combined(4, a, &c);
    extent_relation r = (extent_relation)between(0, 2);
    const sample *right = left.e != a->e ? &zero : b;
    if (left.e == NULL) continue;
    extent_assume(pool, left.e, r, right->e);
    for (int i = 0; i < SAMPLES; i++) {
      allowed[i] &= left.defined[i] && right->defined[i] && holds(left.values[i], r, right->values[i]);
    }
  }
}
END_TEST

START_TEST(long_and_deep_sizes_end_soon) {
  clock_t start = clock();
  const extent *n = dim("n", 1, 1000), *sum = number(0), *deep = n, *many = number(0);
  for (int i = 0; i < 10000; i++) sum = add(sum, mul(number(i), n));
  ck_assert_ptr_eq(sum, mul(number(49995000), n));
  const extent *parts[10000];
  for (int i = 0; i < 10000; i++) parts[i] = dim("x", 0, 9);
  ck_assert_ptr_null(extent_sum(pool, 10000, parts));
  ck_assert_int_eq(extent_why(pool), EXTENT_TOO_LARGE);
  ck_assert_ptr_nonnull(extent_sum(pool, 1000, parts));
  for (int i = 0; i < 10000; i++) many = add(many, parts[i]);
  ck_assert_ptr_null(many);
  for (int i = 0; i < 10000; i++) deep = max(rest(add(deep, number(5)), number(1009 + i)), parts[i]);
  ck_assert_ptr_null(deep);
  ck_assert_int_eq(extent_why(pool), EXTENT_TOO_LARGE);
  // Shared parts count as often as they are written.
  deep = n;
  for (int i = 0; i < 100; i++) deep = add(quotient(deep, number(3)), rest(deep, add(n, number(3 + i))));
  ck_assert_ptr_null(deep);
  const extent *power = n;
  for (int i = 0; i < 100; i++) power = mul(power, power);
  ck_assert_ptr_null(power);
  const extent *chain = n;
  for (int i = 0; i < 2000; i++) chain = extent_new_symbol(pool, "y", number(0), chain, 1, SRC_NOWHERE);
  ck_proves(chain, LT, n, UNKNOWN);
  ck_assert_msg(clock() - start < 5 * CLOCKS_PER_SEC, "%g seconds", (double)(clock() - start) / CLOCKS_PER_SEC);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {equal_sizes_are_one_pointer,  steps_divide_exactly,  texts_are_source,
                                what_may_overflow_is_refused, subscripts_are_inside, leaves_have_their_meaning,
                                assumptions_are_used,         conditions_are_sizes,  long_and_deep_sizes_end_soon};
  printf("seed %llu\n", (unsigned long long)sampling_seed());
  Suite *suite = suite_create("extent");
  TCase *tcase = tcase_create("extent");
  tcase_add_checked_fixture(tcase, begin, end);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);
  check_add_rounds(tcase, values_agree_and_no_proof_is_contradicted, sampling_is_full() ? 20 * CASES : CASES);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}

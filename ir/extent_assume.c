// What is known about sizes beyond their bounds. An equality that gives a symbol is put in its place, a remainder that is 0
// makes its symbol a multiple; all else is a sum that is not negative.
#include "ir/extent_form.h"
#include "support/num.h"

enum { REFUTE_STEPS = 100 };

static void add_fact(extent_pool *pool, const extent *not_negative) {
  if (not_negative == NULL || not_negative->least >= 0) return;
  const extent *minus_one = extent_constant(pool, -1), *otherwise = extent_sub(pool, minus_one, not_negative);
  struct extent_assumption fact = {NULL, not_negative};
  if (otherwise != NULL && extent_form_nonnegative(pool, extent_form_of(otherwise), true, REFUTE_STEPS)) {
    fact.e = minus_one; // it contradicts what was known
  }
  vec_push(pool->mem, &pool->assumptions, fact);
}

// What is known already holds of what takes the symbol's place.
static void add_rewrite(extent_pool *pool, const extent_symbol *symbol, const extent *by) {
  struct extent_assumption rewrite = {symbol, by};
  for (size_t i = 0, count = pool->assumptions.len; i < count; i++) {
    const struct extent_assumption *known = &pool->assumptions.data[i];
    if (known->symbol == NULL && extent_uses(known->e, symbol)) {
      add_fact(pool, extent_substitute(pool, known->e, symbol, by));
    }
  }
  vec_push(pool->mem, &pool->assumptions, rewrite);
}

size_t extent_assumption_count(const extent_pool *pool) { return pool->assumptions.len; }

bool extent_is_contradicted(const extent_pool *pool) {
  for (size_t i = 0; i < pool->assumptions.len; i++) {
    if (pool->assumptions.data[i].symbol == NULL && pool->assumptions.data[i].e->greatest < 0) return true;
  }
  return false;
}

void extent_forget(extent_pool *pool, size_t count) {
  if (count < pool->assumptions.len) pool->assumptions.len = count;
}

const extent *extent_under_assumptions(extent_pool *pool, const extent *e) {
  for (size_t i = 0; i < pool->assumptions.len && e != NULL; i++) {
    const struct extent_assumption known = pool->assumptions.data[i];
    if (known.symbol != NULL) e = extent_substitute(pool, e, known.symbol, known.e);
  }
  return e;
}

// The bounds of a symbol stay known when another size takes its place.
static void put(extent_pool *pool, const extent_symbol *symbol, const extent *by) {
  if (by == NULL || extent_uses(by, symbol)) return;
  add_rewrite(pool, symbol, by);
  add_fact(pool, extent_sub(pool, by, extent_under_assumptions(pool, symbol->least)));
  add_fact(pool, extent_sub(pool, extent_under_assumptions(pool, symbol->greatest), by));
}

// symbol % c = 0: symbol = c * q.
static bool put_multiple(extent_pool *pool, const extent *left, const extent *c) {
  const extent_symbol *symbol = extent_as_symbol(left);
  int64_t constant;
  if (symbol == NULL || symbol->is_index || extent_uses(c, symbol)) return false;
  const extent *least = extent_under_assumptions(pool, symbol->least);
  const extent *greatest = extent_under_assumptions(pool, symbol->greatest);
  if (least == NULL || greatest == NULL) return false;
  const extent *multiple = NULL;
  if (extent_is_constant(c, &constant)) {
    if (constant < 1 || constant > INT32_MAX || symbol->step > INT32_MAX) return false;
    int64_t step = constant * (symbol->step / (int64_t)num_gcd((uint64_t)constant, (uint64_t)symbol->step));
    multiple = extent_new_symbol(pool, symbol->name, least, greatest, step, symbol->loc);
  } else if (c->least >= 1 && left->least >= 0 && symbol->step == 1) {
    uint64_t fewest = num_ceil_div((uint64_t)left->least, (uint64_t)c->greatest);
    least = extent_constant(pool, (int64_t)fewest), greatest = extent_constant(pool, left->greatest / c->least);
    multiple = extent_mul(pool, c, extent_new_symbol(pool, symbol->name, least, greatest, 1, symbol->loc));
  }
  if (multiple == NULL) return false;
  put(pool, symbol, multiple);
  return true;
}

static const extent_atom *remainder_of(const extent *e) {
  if (e->term_count != 1 || e->terms[0].product->factor_count != 1) return NULL;
  const extent_atom *atom = e->terms[0].product->factors[0];
  return atom->kind == EXTENT_MOD ? atom : NULL;
}

static void assume_equal(extent_pool *pool, const extent *a, const extent *b) {
  const extent *difference = extent_sub(pool, a, b);
  if (difference == NULL || difference->term_count == 0) return;
  const extent_atom *remainder = remainder_of(difference);
  if (remainder != NULL && put_multiple(pool, remainder->left, remainder->right)) return;
  const extent_symbol *symbol = extent_as_symbol(a);
  if (symbol != NULL && !symbol->is_index && symbol->step == 1 && !extent_uses(b, symbol)) {
    put(pool, symbol, b);
    return;
  }
  symbol = extent_as_symbol(b);
  if (symbol != NULL && !symbol->is_index && symbol->step == 1 && !extent_uses(a, symbol)) {
    put(pool, symbol, a);
    return;
  }
  add_fact(pool, difference);
  add_fact(pool, extent_neg(pool, difference));
  if (remainder == NULL) return;
  // Then the quotient is exact.
  const extent *product = extent_mul(pool, remainder->right, extent_div(pool, remainder->left, remainder->right));
  add_fact(pool, extent_sub(pool, product, remainder->left));
}

void extent_assume(extent_pool *pool, const extent *a, extent_relation relation, const extent *b) {
  extent_status why = pool->why;
  a = a == NULL ? NULL : extent_under_assumptions(pool, a), b = b == NULL ? NULL : extent_under_assumptions(pool, b);
  if (a != NULL && b != NULL && relation == EXTENT_EQ) assume_equal(pool, a, b);
  if (relation == EXTENT_LE) add_fact(pool, extent_sub(pool, b, a));
  if (relation == EXTENT_LT) add_fact(pool, extent_sub(pool, extent_sub(pool, b, a), extent_constant(pool, 1)));
  pool->why = why;
}

const extent *extent_truth(extent_pool *pool, const extent *a, extent_relation relation, const extent *b) {
  const extent *zero = extent_constant(pool, 0), *one = extent_constant(pool, 1);
  const extent *difference = extent_sub(pool, b, a), *other = extent_neg(pool, difference);
  if (relation == EXTENT_LE || relation == EXTENT_LT) {
    const extent *more = relation == EXTENT_LE ? extent_add(pool, difference, one) : difference;
    return extent_min(pool, one, extent_max(pool, zero, more));
  }
  const extent *apart = extent_min(pool, one, extent_max(pool, difference, other));
  return relation == EXTENT_NE ? apart : extent_sub(pool, one, apart);
}

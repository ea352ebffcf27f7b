// Division, remainder, min and max of sizes: what is exact becomes a sum, the rest a leaf with smallest arguments.
#include <string.h>

#include "format/int_math.h"
#include "ir/extent_form.h"

enum { STEPS = 32 }; // of a proof that makes a leaf simpler

static bool not_negative(extent_pool *pool, const extent *e) {
  return e->least >= 0 || (e->greatest >= 0 && extent_form_nonnegative(pool, extent_form_of(e), false, STEPS));
}

// Whether a <= b for all values of their symbols; false when that is not known.
static bool at_most(extent_pool *pool, const extent *a, const extent *b, int64_t slack) {
  arena *scratch = arena_new();
  extent_form difference, all;
  extent_status why = pool->why;
  extent_term term = {slack, pool->one};
  bool yes = extent_form_add(pool, scratch, 1, extent_form_of(b), -1, extent_form_of(a), &difference) &&
             extent_form_add(pool, scratch, 1, difference, slack != 0, (extent_form){&term, 1}, &all) &&
             extent_form_nonnegative(pool, all, false, STEPS);
  arena_free(scratch);
  pool->why = why;
  return yes;
}

// A quotient is greatest where the numerator is and the divisor is nearest to 0, or the other way round: at corners.
static bool quotient_range(const extent *a, const extent *b, extent_range *out) {
  int64_t divisors[4] = {b->least, b->greatest, -1, 1};
  bool any = false;
  for (int i = 0; i < 4; i++) {
    if (divisors[i] == 0 || divisors[i] < b->least || divisors[i] > b->greatest) continue;
    for (int j = 0; j < 2; j++) {
      int64_t numerator = j == 0 ? a->least : a->greatest;
      extent_wide q = divisors[i] == -1 ? -(extent_wide)numerator : int_div(numerator, divisors[i]);
      if (!any || q < out->least) out->least = q;
      if (!any || q > out->greatest) out->greatest = q;
      any = true;
    }
  }
  return any;
}

static extent_range remainder_range(const extent *a, const extent *b) {
  extent_range r = {b->least < 0 ? (extent_wide)b->least + 1 : 0, b->greatest > 0 ? (extent_wide)b->greatest - 1 : 0};
  if (a->least >= 0 && b->least > 0 && a->greatest < r.greatest) r.greatest = a->greatest;
  return r;
}

static extent_range choice_range(extent_kind kind, const extent *a, const extent *b) {
  bool least = kind == EXTENT_MIN;
  return (extent_range){(a->least < b->least) == least ? a->least : b->least,
                        (a->greatest < b->greatest) == least ? a->greatest : b->greatest};
}

static const extent *leaf(extent_pool *pool, extent_kind kind, const extent *a, const extent *b) {
  const extent_atom *atom = extent_find_atom(pool, kind, a, b);
  if (atom != NULL) return extent_of_atom(pool, atom);
  extent_range range = {0, 0};
  bool divides = kind == EXTENT_DIV || kind == EXTENT_MOD;
  if (divides && !quotient_range(a, b, &range)) return extent_fail(pool, EXTENT_BY_ZERO), NULL;
  if (kind == EXTENT_MOD) range = remainder_range(a, b);
  if (kind == EXTENT_MIN || kind == EXTENT_MAX) range = choice_range(kind, a, b);
  if (range.greatest > INT64_MAX) return extent_fail(pool, EXTENT_OVERFLOW), NULL;
  if (range.least == range.greatest) return extent_constant(pool, (int64_t)range.least);
  atom = extent_add_atom(pool, kind, a, b, (int64_t)range.least, (int64_t)range.greatest);
  return atom == NULL ? NULL : extent_of_atom(pool, atom);
}

// a = quotient * b + rest, where the quotient takes what can be divided term by term: with a constant divisor the multiples
// of it, else what has all factors of the divisor, which is one product.
static bool divide_terms(extent_pool *pool, const extent *a, const extent_term *by, const extent **quotient,
                         const extent **rest) {
  arena *scratch = arena_new();
  extent_term *q = ARENA_ARRAY(scratch, extent_term, a->term_count);
  extent_term *r = ARENA_ARRAY(scratch, extent_term, a->term_count);
  size_t q_count = 0, r_count = 0;
  bool ok = true;
  for (size_t i = 0; i < a->term_count && ok; i++) {
    const extent_term *t = &a->terms[i];
    const extent_product *cofactor = extent_product_without(pool, t->product, by->product);
    bool overflows = by->coefficient == -1 && t->coefficient == INT64_MIN;
    if (overflows) ok = extent_fail(pool, EXTENT_OVERFLOW);
    if (!ok) break;
    // Of a constant and of a multiple of the divisor the remainder is from 0 on, else it has the sign of the term.
    bool whole = t->product->factor_count == by->product->factor_count;
    int64_t k = cofactor == NULL ? 0
                : whole          ? int_div(t->coefficient, by->coefficient)
                                 : t->coefficient / by->coefficient;
    int64_t left = t->coefficient - k * by->coefficient;
    if (k != 0) q[q_count++] = (extent_term){k, cofactor};
    if (left != 0) r[r_count++] = (extent_term){left, t->product};
  }
  *quotient = ok ? extent_intern(pool, (extent_form){q, q_count}) : NULL;
  *rest = ok ? extent_intern(pool, (extent_form){r, r_count}) : NULL;
  arena_free(scratch);
  return *quotient != NULL && *rest != NULL;
}

// a = quotient * b without a rest, by long division from the first term on.
static const extent *divide_exactly(extent_pool *pool, const extent *a, const extent *b) {
  const extent *quotient = extent_constant(pool, 0);
  for (size_t rounds = a->term_count; a->term_count != 0; rounds--) {
    const extent_term *first = &a->terms[0], *by = &b->terms[0];
    const extent_product *p = extent_product_without(pool, first->product, by->product);
    if (rounds == 0 || p == NULL || first->coefficient == INT64_MIN) return NULL;
    if (first->coefficient % by->coefficient != 0) return NULL;
    extent_term term = {first->coefficient / by->coefficient, p};
    const extent *part = extent_intern(pool, (extent_form){&term, 1});
    quotient = part == NULL ? NULL : extent_add(pool, quotient, part);
    const extent *taken = quotient == NULL ? NULL : extent_mul(pool, part, b);
    a = taken == NULL ? NULL : extent_sub(pool, a, taken);
    if (a == NULL) return NULL;
  }
  return quotient;
}

static const extent *without(extent_pool *pool, const extent *e, int64_t k, const extent_product *p) {
  arena *scratch = arena_new();
  extent_term *terms = ARENA_ARRAY(scratch, extent_term, e->term_count);
  for (size_t i = 0; i < e->term_count; i++) {
    terms[i] = (extent_term){e->terms[i].coefficient / k, extent_product_without(pool, e->terms[i].product, p)};
  }
  const extent *out = extent_intern(pool, (extent_form){terms, e->term_count});
  arena_free(scratch);
  return out;
}

// Takes what all terms of both have in common out of both: a quotient does not change, a remainder is that times smaller.
static bool cancel(extent_pool *pool, const extent **a, const extent **b, const extent **taken) {
  uint64_t content = extent_form_content(extent_form_of(*b), true),
           other = extent_form_content(extent_form_of(*a), true);
  while (other != 0) {
    uint64_t r = content % other;
    content = other, other = r;
  }
  const extent_product *p = extent_form_common(pool, extent_form_of(*b), NULL);
  if (p != NULL && p->factor_count != 0) p = extent_form_common(pool, extent_form_of(*a), p);
  if (p == NULL || content > INT64_MAX) return extent_fail(pool, EXTENT_OVERFLOW);
  extent_term term = {(int64_t)content, p};
  *taken = extent_intern(pool, (extent_form){&term, 1});
  if (*taken == NULL) return false;
  *a = without(pool, *a, (int64_t)content, p);
  *b = without(pool, *b, (int64_t)content, p);
  return *a != NULL && *b != NULL;
}

// (x / d + k) / c = (x + k * d) / (c * d), where d is a positive constant.
static const extent *divide_twice(extent_pool *pool, const extent *a, int64_t c) {
  if (a->term_count == 0 || a->term_count > 2 || a->terms[0].coefficient != 1) return NULL;
  if (a->terms[0].product->factor_count != 1) return NULL;
  if (a->term_count == 2 && a->terms[1].product->factor_count != 0) return NULL;
  const extent_atom *inner = a->terms[0].product->factors[0];
  int64_t d, both, k;
  if (inner->kind != EXTENT_DIV || !extent_is_constant(inner->right, &d) || d < 1) return NULL;
  if (__builtin_mul_overflow(c, d, &both) || __builtin_mul_overflow(extent_form_constant(extent_form_of(a)), d, &k)) {
    return NULL;
  }
  const extent *numerator = extent_add(pool, inner->left, extent_constant(pool, k));
  return numerator == NULL ? NULL : extent_div(pool, numerator, extent_constant(pool, both));
}

// (g * x + k) / (g * c) = (x + k / g) / c; the rest k % g is given back for remainders.
static bool take_content(extent_pool *pool, const extent **a, int64_t *c, int64_t *g, int64_t *k) {
  uint64_t content = extent_form_content(extent_form_of(*a), false), other = (uint64_t)*c;
  while (other != 0) {
    uint64_t r = content % other;
    content = other, other = r;
  }
  *g = (int64_t)content, *k = 0;
  if (content <= 1) return true;
  int64_t constant = extent_form_constant(extent_form_of(*a));
  *k = int_mod(constant, *g);
  const extent *even = extent_sub(pool, *a, extent_constant(pool, *k));
  if (even == NULL) return false;
  *a = without(pool, even, *g, pool->one);
  *c /= *g;
  return *a != NULL;
}

static const extent *div_by_constant(extent_pool *pool, const extent *a, int64_t c) {
  extent_term by = {c, pool->one};
  const extent *quotient, *rest;
  int64_t g, k;
  if (c == 1) return a;
  if (!divide_terms(pool, a, &by, &quotient, &rest) || !take_content(pool, &rest, &c, &g, &k)) return NULL;
  if (c == 1) return extent_add(pool, quotient, rest);
  int64_t q = int_div(rest->least, c);
  if (q == int_div(rest->greatest, c)) return extent_add(pool, quotient, extent_constant(pool, q));
  const extent *twice = divide_twice(pool, rest, c);
  return extent_add(pool, quotient, twice != NULL ? twice : leaf(pool, EXTENT_DIV, rest, extent_constant(pool, c)));
}

// (x % d) % c = x % c, where c divides d.
static const extent *forget_remainders(extent_pool *pool, const extent *a, int64_t c) {
  for (size_t i = 0; i < a->term_count; i++) {
    const extent_product *p = a->terms[i].product;
    int64_t d;
    if (p->factor_count != 1 || p->factors[0]->kind != EXTENT_MOD) continue;
    if (!extent_is_constant(p->factors[0]->right, &d) || d % c != 0) continue;
    const extent *k = extent_constant(pool, a->terms[i].coefficient);
    const extent *more = extent_sub(pool, p->factors[0]->left, extent_of_atom(pool, p->factors[0]));
    const extent *sum = extent_add(pool, a, extent_mul(pool, k, more));
    return sum == NULL ? a : forget_remainders(pool, sum, c);
  }
  return a;
}

static const extent *mod_by_constant(extent_pool *pool, const extent *a, int64_t c) {
  const extent *quotient, *rest;
  int64_t g, k;
  a = forget_remainders(pool, a, c);
  extent_term by = {c, pool->one};
  if (!divide_terms(pool, a, &by, &quotient, &rest) || !take_content(pool, &rest, &c, &g, &k)) return NULL;
  int64_t q = int_div(rest->least, c), shift;
  const extent *smaller;
  if (q != int_div(rest->greatest, c)) {
    smaller = leaf(pool, EXTENT_MOD, rest, extent_constant(pool, c));
  } else if (!__builtin_mul_overflow(q, c, &shift)) {
    smaller = extent_sub(pool, rest, extent_constant(pool, shift));
  } else {
    return extent_fail(pool, EXTENT_OVERFLOW), NULL;
  }
  return extent_add(pool, extent_mul(pool, extent_constant(pool, g > 1 ? g : 1), smaller), extent_constant(pool, k));
}

static const extent *divide(extent_pool *pool, extent_kind kind, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  bool div = kind == EXTENT_DIV;
  int64_t c;
  if (extent_is_constant(b, &c)) {
    if (c == 0) return extent_fail(pool, EXTENT_BY_ZERO), NULL;
    if (c == INT64_MIN) return leaf(pool, kind, a, b);
    if (c > 0) return div ? div_by_constant(pool, a, c) : mod_by_constant(pool, a, c);
    a = extent_neg(pool, a);
    if (a == NULL) return NULL;
    return div ? div_by_constant(pool, a, -c) : extent_neg(pool, mod_by_constant(pool, a, -c));
  }
  const extent *quotient = extent_constant(pool, 0), *rest = a, *taken = quotient;
  if (b->term_count == 1) {
    if (!divide_terms(pool, a, &b->terms[0], &quotient, &rest)) return NULL;
  } else {
    extent_status why = pool->why;
    const extent *exact = divide_exactly(pool, a, b);
    pool->why = why;
    if (exact != NULL) return div ? exact : extent_constant(pool, 0);
  }
  if (rest->term_count == 0) return div ? quotient : rest;
  if (not_negative(pool, rest) && at_most(pool, rest, b, -1)) return div ? quotient : rest;
  if (!cancel(pool, &rest, &b, &taken)) return NULL;
  const extent *last = extent_is_constant(b, &c) ? divide(pool, kind, rest, b) : leaf(pool, kind, rest, b);
  return div ? extent_add(pool, quotient, last) : extent_mul(pool, taken, last);
}

const extent *extent_div(extent_pool *pool, const extent *a, const extent *b) { return divide(pool, EXTENT_DIV, a, b); }

const extent *extent_mod(extent_pool *pool, const extent *a, const extent *b) { return divide(pool, EXTENT_MOD, a, b); }

// Arguments of nested leaves of the kind are sorted together, as far as there is room.
enum { CHOICES = 16 };

static const extent_atom *nested(extent_kind kind, const extent *e) {
  bool alone = e->term_count == 1 && e->terms[0].coefficient == 1 && e->terms[0].product->factor_count == 1;
  return alone && e->terms[0].product->factors[0]->kind == kind ? e->terms[0].product->factors[0] : NULL;
}

// Adds what the leaf chooses from, which leans to the left; false when there is no room.
static bool flatten(extent_kind kind, const extent *e, const extent **all, size_t *count) {
  for (const extent_atom *atom; (atom = nested(kind, e)) != NULL; e = atom->left) {
    if (*count == CHOICES) return false;
    all[(*count)++] = atom->right;
  }
  if (*count == CHOICES) return false;
  all[(*count)++] = e;
  return true;
}

static void sort(const extent **all, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const extent *e = all[i];
    size_t at = i;
    for (; at > 0 && extent_compare(all[at - 1], e) > 0; at--) all[at] = all[at - 1];
    all[at] = e;
  }
}

static const extent *choose(extent_pool *pool, extent_kind kind, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  const extent *all[CHOICES];
  size_t count = 0;
  if (!flatten(kind, a, all, &count) || !flatten(kind, b, all, &count)) all[0] = a, all[1] = b, count = 2;
  sort(all, count);
  for (size_t i = count; i-- > 0;) {
    bool needed = true;
    for (size_t j = 0; j < count && needed; j++) {
      if (i != j) needed = !(kind == EXTENT_MIN ? at_most(pool, all[j], all[i], 0) : at_most(pool, all[i], all[j], 0));
    }
    if (!needed) memmove(&all[i], &all[i + 1], (--count - i) * sizeof *all);
  }
  const extent *e = all[0];
  for (size_t i = 1; i < count && e != NULL; i++) e = leaf(pool, kind, e, all[i]);
  return e;
}

const extent *extent_min(extent_pool *pool, const extent *a, const extent *b) { return choose(pool, EXTENT_MIN, a, b); }

const extent *extent_max(extent_pool *pool, const extent *a, const extent *b) { return choose(pool, EXTENT_MAX, a, b); }

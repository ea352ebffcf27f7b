// Proofs about sizes: a sum is not negative when the least value that the bounds of its products give is not. Until it is,
// one product after the other is replaced by what it is known not to be less (or greater) than: bounds of symbols, what
// leaves mean, assumptions. The last made goes first, because bounds are made of what was there before.
#include "format/int_math.h"
#include "ir/extent_form.h"
#include "support/num.h"

enum { FACTS = 32, TERMS = 256, FACT_TERMS = 32, WORK = 200000 };

typedef struct proof {
  extent_pool *pool;
  arena *mem;
  unsigned steps; // that are left
  size_t work;    // terms that may still be looked at
  bool assumptions;
  size_t fact_count;
  extent_form facts[FACTS]; // not negative
} proof;

static const unsigned ANY = UINT32_MAX;

static bool nonnegative(proof *p, extent_form f, unsigned below, uint32_t used);

static bool spend(proof *p, size_t terms) {
  p->work = terms < p->work ? p->work - terms : 0;
  return p->work != 0;
}

// a * b, as long as there is work left.
static bool multiply(proof *p, extent_form a, extent_form b, extent_form *out) {
  return spend(p, a.count * b.count) && extent_form_mul(p->pool, p->mem, a, b, out);
}

// Divides by what the coefficients have in common, rounding the constant down because the value is an integer, and by
// factors that all terms have, as long as these are positive.
static void tighten(proof *p, extent_form *f) {
  const extent_product *shared = extent_form_common(p->pool, *f, NULL), *by = p->pool->one;
  for (unsigned i = 0; i < shared->factor_count; i++) {
    const extent_product *one = extent_intern_product(p->pool, 1, &shared->factors[i]);
    const extent_product *more = one == NULL || one->least < 1 ? NULL : extent_product_times(p->pool, by, one);
    if (more != NULL) by = more;
  }
  extent_form rest;
  extent_form_split(p->pool, p->mem, *f, by, f, &rest);
  uint64_t content = extent_form_content(*f, false);
  if (content <= 1 || content > INT64_MAX) return;
  extent_term *terms = ARENA_ARRAY(p->mem, extent_term, f->count);
  size_t count = 0;
  for (size_t i = 0; i < f->count; i++) {
    terms[count] = (extent_term){int_div(f->terms[i].coefficient, (int64_t)content), f->terms[i].product};
    count += terms[count].coefficient != 0;
  }
  *f = (extent_form){terms, count};
}

// Goes on with `fact`, which is not negative, times what takes all of `pivot` out of the sum; k is the pivot's
// coefficient in the fact. Where the sum was multiplied by |k| it may be as low as 1 - |k|.
static bool eliminate(proof *p, extent_form f, extent_form fact, const extent_product *pivot, int64_t k,
                      uint32_t used) {
  extent_form with, without, taken, scaled, rest;
  extent_range range;
  if (k == INT64_MIN || !spend(p, f.count)) return false;
  extent_form_split(p->pool, p->mem, f, pivot, &with, &without);
  if (with.count == 0 || !extent_form_range(with, &range) || (k > 0 ? range.least < 0 : range.greatest > 0))
    return false;
  extent_term slack = {k > 0 ? k - 1 : -k - 1, p->pool->one};
  return multiply(p, with, fact, &taken) &&
         extent_form_add(p->pool, p->mem, k > 0 ? k : -k, f, k > 0 ? -1 : 1, taken, &scaled) &&
         extent_form_add(p->pool, p->mem, 1, scaled, slack.coefficient != 0, (extent_form){&slack, 1}, &rest) &&
         nonnegative(p, rest, ANY, used);
}

// The same with each product of the fact as the pivot.
static bool by_fact(proof *p, extent_form f, extent_form fact, uint32_t used) {
  for (size_t i = 0; i < fact.count; i++) {
    if (fact.terms[i].product->factor_count == 0) continue;
    if (eliminate(p, f, fact, fact.terms[i].product, fact.terms[i].coefficient, used)) return true;
  }
  return false;
}

// pivot = value: goes on with the value in its place.
static bool replace(proof *p, extent_form f, const extent_product *pivot, extent_form value, uint32_t used) {
  extent_form with, without, put, rest;
  extent_form_split(p->pool, p->mem, f, pivot, &with, &without);
  return multiply(p, with, value, &put) && extent_form_add(p->pool, p->mem, 1, without, 1, put, &rest) &&
         nonnegative(p, rest, ANY, used);
}

// x * kx + e * ke + k >= 0 with the pivot x.
static bool by_bound(proof *p, extent_form f, const extent_product *x, int64_t kx, extent_form e, int64_t ke, int64_t k,
                     uint32_t used) {
  extent_term atom = {kx, x}, constant = {k, p->pool->one};
  extent_form sum, fact;
  return extent_form_add(p->pool, p->mem, 1, (extent_form){&atom, 1}, ke, e, &sum) &&
         extent_form_add(p->pool, p->mem, 1, sum, k != 0, (extent_form){&constant, 1}, &fact) &&
         eliminate(p, f, fact, x, kx, used);
}

static bool by_symbol(proof *p, extent_form f, const extent_atom *atom, const extent_product *x, uint32_t used) {
  const extent_symbol *s = atom->symbol;
  const extent *least = s->least, *greatest = s->greatest;
  if (p->assumptions) {
    for (size_t i = 0; i < p->pool->assumptions.len; i++) {
      if (p->pool->assumptions.data[i].symbol != s) continue;
      const extent *unit = extent_div(p->pool, p->pool->assumptions.data[i].e, extent_constant(p->pool, s->step));
      return unit != NULL && replace(p, f, x, extent_form_of(unit), used);
    }
    least = extent_under_assumptions(p->pool, least), greatest = extent_under_assumptions(p->pool, greatest);
  }
  int64_t c;
  if (greatest != NULL && !extent_is_constant(greatest, &c) &&
      by_bound(p, f, x, -s->step, extent_form_of(greatest), 1, 0, used)) {
    return true;
  }
  return least != NULL && !extent_is_constant(least, &c) &&
         by_bound(p, f, x, s->step, extent_form_of(least), -1, 0, used);
}

// The same bounds with the sum f = x * g + h times b, which is not negative when f * b > -b.
static bool by_quotient_times(proof *p, extent_form f, extent_form a, extent_form b, const extent_product *x,
                              uint32_t used) {
  extent_form g, h, hb, part, ga, goal;
  extent_range range;
  extent_term less = {-1, p->pool->one};
  extent_form_split(p->pool, p->mem, f, x, &g, &h);
  if (g.count == 0 || !extent_form_range(g, &range) || (range.least < 0 && range.greatest > 0)) return false;
  if (range.least >= 0 && (!extent_form_add(p->pool, p->mem, 1, a, -1, b, &a) ||
                           !extent_form_add(p->pool, p->mem, 1, a, -1, (extent_form){&less, 1}, &a))) {
    return false;
  }
  return multiply(p, h, b, &hb) && multiply(p, g, a, &ga) && extent_form_add(p->pool, p->mem, 1, hb, 1, ga, &part) &&
         extent_form_add(p->pool, p->mem, 1, part, 1, b, &part) &&
         extent_form_add(p->pool, p->mem, 1, part, 1, (extent_form){&less, 1}, &goal) &&
         nonnegative(p, goal, ANY, used);
}

// The quotient x of a by a positive b: a - b + 1 <= x * b <= a.
static bool by_quotient(proof *p, extent_form f, const extent_atom *atom, const extent_product *x, uint32_t used) {
  extent_form a = extent_form_of(atom->left), b = extent_form_of(atom->right), product, part, fact;
  extent_term unit = {1, x}, less = {-1, p->pool->one};
  if (atom->right->least < 1) return false;
  if (!multiply(p, (extent_form){&unit, 1}, b, &product) || product.count == 0) return false;
  for (size_t i = 0; i < product.count; i++) {
    const extent_product *pivot = product.terms[i].product;
    int64_t k = product.terms[i].coefficient;
    if (k == INT64_MIN) continue;
    if (extent_form_add(p->pool, p->mem, 1, a, -1, product, &fact) && eliminate(p, f, fact, pivot, -k, used))
      return true;
    if (extent_form_add(p->pool, p->mem, 1, product, -1, a, &part) &&
        extent_form_add(p->pool, p->mem, 1, part, 1, b, &part) &&
        extent_form_add(p->pool, p->mem, 1, part, 1, (extent_form){&less, 1}, &fact) &&
        eliminate(p, f, fact, pivot, k, used)) {
      return true;
    }
  }
  int64_t c;
  if (!extent_is_constant(atom->right, &c) && by_quotient_times(p, f, a, b, x, used)) return true;
  return atom->left->least >= 0 && by_bound(p, f, x, -1, a, 1, 0, used);
}

// The remainder x of a by a positive b: 0 <= x < b, x <= a where a is not negative, x = a - a / b * b.
static bool by_remainder(proof *p, extent_form f, const extent_atom *atom, const extent_product *x, uint32_t used) {
  extent_form a = extent_form_of(atom->left), b = extent_form_of(atom->right), product, value;
  const extent_atom *quotient = extent_find_atom(p->pool, EXTENT_DIV, atom->left, atom->right);
  const extent_product *q = quotient == NULL ? NULL : extent_intern_product(p->pool, 1, &quotient);
  extent_term unit = {1, q};
  if (q != NULL && multiply(p, (extent_form){&unit, 1}, b, &product) &&
      extent_form_add(p->pool, p->mem, 1, a, -1, product, &value) && replace(p, f, x, value, used)) {
    return true;
  }
  if (atom->right->least >= 1 && by_bound(p, f, x, -1, b, 1, -1, used)) return true;
  return atom->right->least >= 1 && atom->left->least >= 0 && by_bound(p, f, x, -1, a, 1, 0, used);
}

// The lesser (greater) x of a and b is one of them, and on the other side of neither.
static bool by_choice(proof *p, extent_form f, const extent_atom *atom, const extent_product *x, uint32_t used) {
  extent_form a = extent_form_of(atom->left), b = extent_form_of(atom->right);
  int64_t sign = atom->kind == EXTENT_MIN ? 1 : -1;
  if (by_bound(p, f, x, -sign, a, sign, 0, used) || by_bound(p, f, x, -sign, b, sign, 0, used)) return true;
  return replace(p, f, x, a, used) && replace(p, f, x, b, used);
}

static bool is_factor(extent_form f, const extent_atom *atom) {
  for (size_t i = 0; i < f.count; i++) {
    const extent_product *product = f.terms[i].product;
    for (unsigned j = 0; product->factor_count > 1 && j < product->factor_count; j++) {
      if (product->factors[j] == atom) return true;
    }
  }
  return false;
}

static bool by_atom(proof *p, extent_form f, const extent_atom *atom, uint32_t used) {
  const extent_product *x = extent_intern_product(p->pool, 1, &atom);
  if (x == NULL) return false;
  static bool (*const ways[])(proof *, extent_form, const extent_atom *, const extent_product *,
                              uint32_t) = {[EXTENT_SYMBOL] = by_symbol,
                                           [EXTENT_DIV] = by_quotient,
                                           [EXTENT_MOD] = by_remainder,
                                           [EXTENT_MIN] = by_choice,
                                           [EXTENT_MAX] = by_choice};
  if (ways[atom->kind](p, f, atom, x, used)) return true;
  if (!is_factor(f, atom)) return false;
  // Where it is a factor its own bound may leave a sum that tells more than the bounds of products do.
  extent_form none = {0};
  return (atom->greatest != INT64_MAX && by_bound(p, f, x, -1, none, 1, atom->greatest, used)) ||
         (atom->least != INT64_MIN && by_bound(p, f, x, 1, none, 1, int_neg(atom->least), used));
}

static const extent_atom *latest(extent_form f, unsigned below) {
  const extent_atom *found = NULL;
  for (size_t i = 0; i < f.count; i++) {
    for (unsigned j = 0; j < f.terms[i].product->factor_count; j++) {
      const extent_atom *atom = f.terms[i].product->factors[j];
      if (atom->number < below && (found == NULL || atom->number > found->number)) found = atom;
    }
  }
  return found;
}

// `below`: atoms from this number on stay as they are. `used`: assumptions that were put in, each once.
static bool nonnegative(proof *p, extent_form f, unsigned below, uint32_t used) {
  extent_range range;
  if (p->steps == 0 || !spend(p, f.count)) return false;
  p->steps--;
  tighten(p, &f);
  if (!extent_form_range(f, &range)) return false;
  if (range.least >= 0) return true;
  if (range.greatest < 0 || f.count > TERMS) return false;
  for (size_t i = 0; below == ANY && i < p->fact_count; i++) {
    if ((used >> i & 1) == 0 && by_fact(p, f, p->facts[i], used | UINT32_C(1) << i)) return true;
  }
  const extent_atom *atom = latest(f, below);
  return atom != NULL && (by_atom(p, f, atom, used) || nonnegative(p, f, atom->number, used));
}

// The newest assumptions that share a factor with the sum, or with an assumption that does.
static void choose_facts(proof *p, extent_form f) {
  const extent_pool *pool = p->pool;
  arena *mem = p->mem;
  bool *shared = ARENA_ARRAY(mem, bool, pool->atom_count + 1),
       *chosen = ARENA_ARRAY(mem, bool, pool->assumptions.len + 1);
  for (size_t next = 0; next <= p->fact_count; next++) {
    for (size_t i = 0; i < f.count; i++) {
      const extent_product *product = f.terms[i].product;
      for (unsigned j = 0; j < product->factor_count; j++) shared[product->factors[j]->number] = true;
    }
    for (size_t i = pool->assumptions.len; i-- > 0 && p->fact_count < FACTS;) {
      extent_form fact = extent_form_of(pool->assumptions.data[i].e);
      if (pool->assumptions.data[i].symbol != NULL || fact.count > FACT_TERMS) continue;
      for (size_t t = 0; t < fact.count && !chosen[i]; t++) {
        const extent_product *product = fact.terms[t].product;
        for (unsigned j = 0; j < product->factor_count; j++) chosen[i] |= shared[product->factors[j]->number];
        if (chosen[i]) p->facts[p->fact_count++] = fact;
      }
    }
    if (next < p->fact_count) f = p->facts[next];
  }
}

bool extent_form_nonnegative(extent_pool *pool, extent_form f, bool assumptions, unsigned steps) {
  extent_status why = pool->why;
  extent_range range;
  if (!extent_form_range(f, &range) || range.greatest < 0) return false;
  bool yes = range.least >= 0;
  if (!yes && f.count <= TERMS) {
    proof p = {.pool = pool, .mem = arena_new(), .steps = steps, .work = WORK, .assumptions = assumptions};
    if (assumptions) choose_facts(&p, f);
    yes = nonnegative(&p, f, ANY, 0);
    arena_free(p.mem);
  }
  pool->why = why;
  return yes;
}

// Whether a + slack <= b.
static bool at_most(extent_pool *pool, const extent *a, int64_t slack, const extent *b) {
  const extent *difference = extent_sub(pool, extent_sub(pool, b, a), extent_constant(pool, slack));
  return difference != NULL && extent_form_nonnegative(pool, extent_form_of(difference), true, EXTENT_PROOF_STEPS);
}

// No multiple of what the coefficients have in common makes up for the constant.
static bool never_zero(const extent *difference) {
  uint64_t g = extent_form_content(extent_form_of(difference), false);
  int64_t k = extent_form_constant(extent_form_of(difference));
  return k != 0 && (g == 0 || (g <= INT64_MAX && k % (int64_t)g != 0));
}

static extent_answer equal(extent_pool *pool, const extent *a, const extent *b) {
  if (a == b) return EXTENT_YES;
  const extent *difference = extent_sub(pool, a, b);
  if (difference != NULL && never_zero(difference)) return EXTENT_NO;
  if (at_most(pool, a, 1, b) || at_most(pool, b, 1, a)) return EXTENT_NO;
  return at_most(pool, a, 0, b) && at_most(pool, b, 0, a) ? EXTENT_YES : EXTENT_UNKNOWN;
}

static extent_answer relation_between(extent_pool *pool, const extent *a, extent_relation relation, const extent *b) {
  if (extent_is_contradicted(pool) || extent_has_no_values(a) || extent_has_no_values(b)) return EXTENT_YES;
  if (relation == EXTENT_EQ) return equal(pool, a, b);
  if (relation == EXTENT_NE) {
    extent_answer same = equal(pool, a, b);
    return same == EXTENT_YES ? EXTENT_NO : same == EXTENT_NO ? EXTENT_YES : EXTENT_UNKNOWN;
  }
  int64_t less = relation == EXTENT_LT;
  if (at_most(pool, a, less, b)) return EXTENT_YES;
  return at_most(pool, b, 1 - less, a) ? EXTENT_NO : EXTENT_UNKNOWN;
}

extent_answer extent_proves(extent_pool *pool, const extent *a, extent_relation relation, const extent *b) {
  extent_status why = pool->why;
  extent_answer answer = EXTENT_UNKNOWN;
  if (a != NULL && b != NULL) answer = relation_between(pool, a, relation, b);
  if (answer == EXTENT_UNKNOWN && pool->assumptions.len != 0) {
    a = a == NULL ? NULL : extent_under_assumptions(pool, a), b = b == NULL ? NULL : extent_under_assumptions(pool, b);
    if (a != NULL && b != NULL) answer = relation_between(pool, a, relation, b);
  }
  pool->why = why;
  return answer;
}

// Bounds of subscripts: index variables are put at an end of their range where it is known which way a size goes with them.
#include "ir/extent_form.h"

typedef enum direction { STILL = 0, RISES = 1, FALLS = 2, UNKNOWN = 3 } direction;

static direction turned(direction d) { return d == RISES ? FALLS : d == FALLS ? RISES : d; }

static direction of_sum(const extent *e, const extent_symbol *x);

static direction of_atom(const extent_atom *atom, const extent_symbol *x) {
  if (atom->kind == EXTENT_SYMBOL) return atom->symbol == x ? RISES : STILL;
  direction left = of_sum(atom->left, x), right = of_sum(atom->right, x);
  if (left == STILL && right == STILL) return STILL;
  if (atom->kind == EXTENT_MIN || atom->kind == EXTENT_MAX) return left | right;
  if (atom->kind == EXTENT_MOD || right != STILL) return UNKNOWN;
  return atom->right->least >= 1 ? left : atom->right->greatest <= -1 ? turned(left) : UNKNOWN;
}

// With several factors that move all must be known not to be negative, with one the others' sign.
static direction of_term(const extent_term *t, const extent_symbol *x) {
  direction all = STILL;
  unsigned moving = 0, negative = t->coefficient < 0;
  bool moving_may_be_negative = false, sign_known = true;
  for (unsigned i = 0; i < t->product->factor_count; i++) {
    const extent_atom *atom = t->product->factors[i];
    direction d = of_atom(atom, x);
    all |= d;
    if (d != STILL) {
      moving++;
      moving_may_be_negative |= atom->least < 0;
    } else {
      sign_known &= atom->least >= 0 || atom->greatest <= 0;
      negative += atom->least < 0;
    }
  }
  if (all == STILL) return STILL;
  if (!sign_known || (moving > 1 && moving_may_be_negative)) return UNKNOWN;
  return negative % 2 == 0 ? all : turned(all);
}

static direction of_sum(const extent *e, const extent_symbol *x) {
  direction all = STILL;
  for (size_t i = 0; i < e->term_count && all != UNKNOWN; i++) all |= of_term(&e->terms[i], x);
  return all;
}

// Of x * g + h, where neither has x: by the sign of g.
static direction of_cofactor(extent_pool *pool, const extent *e, const extent_symbol *x) {
  const extent_product *p = extent_symbol_at(pool, x->number)->terms[0].product;
  arena *scratch = arena_new();
  extent_form with, without, minus;
  direction d = UNKNOWN;
  extent_form_split(pool, scratch, extent_form_of(e), p, &with, &without);
  const extent *g = extent_intern(pool, with), *h = extent_intern(pool, without);
  if (g != NULL && h != NULL && !extent_uses(g, x) && !extent_uses(h, x)) {
    if (extent_form_nonnegative(pool, with, true, EXTENT_PROOF_STEPS)) {
      d = RISES;
    } else if (extent_form_add(pool, scratch, -1, with, 0, with, &minus) &&
               extent_form_nonnegative(pool, minus, true, EXTENT_PROOF_STEPS)) {
      d = FALLS;
    }
  }
  arena_free(scratch);
  return d;
}

static const extent *bound(extent_pool *pool, const extent *e, bool up);

static const extent *bound_of_atom(extent_pool *pool, const extent_atom *atom, bool up) {
  const extent *a = atom->left, *b = atom->right;
  switch (atom->kind) {
  case EXTENT_SYMBOL: return bound(pool, up ? atom->symbol->greatest : atom->symbol->least, up);
  case EXTENT_MIN: return extent_min(pool, bound(pool, a, up), bound(pool, b, up));
  case EXTENT_MAX: return extent_max(pool, bound(pool, a, up), bound(pool, b, up));
  default: break;
  }
  if (extent_uses_indices(b) || b->least < 1) return extent_fail(pool, EXTENT_NO_BOUND), NULL;
  if (atom->kind == EXTENT_DIV) return extent_div(pool, bound(pool, a, up), b);
  return up ? extent_sub(pool, b, extent_constant(pool, 1)) : extent_constant(pool, 0);
}

static bool moves(const extent_atom *atom) {
  if (atom->kind == EXTENT_SYMBOL) return atom->symbol->is_index;
  return extent_uses_indices(atom->left) || extent_uses_indices(atom->right);
}

// A product with one factor that has indices: that factor's bound, on the side that the others' sign tells.
static const extent *bound_of_term(extent_pool *pool, const extent_term *t, bool up) {
  const extent *rest = extent_constant(pool, t->coefficient);
  const extent_atom *moving = NULL;
  for (unsigned i = 0; i < t->product->factor_count; i++) {
    const extent_atom *atom = t->product->factors[i];
    if (!moves(atom)) {
      rest = extent_mul(pool, rest, extent_of_atom(pool, atom));
    } else if (moving == NULL) {
      moving = atom;
    } else {
      return extent_fail(pool, EXTENT_NO_BOUND), NULL;
    }
  }
  if (rest == NULL || moving == NULL) return rest;
  if (rest->least < 0 && rest->greatest > 0) return extent_fail(pool, EXTENT_NO_BOUND), NULL;
  return extent_mul(pool, rest, bound_of_atom(pool, moving, rest->least >= 0 ? up : !up));
}

static const extent *bound_by_terms(extent_pool *pool, const extent *e, bool up) {
  const extent *sum = extent_constant(pool, 0);
  for (size_t i = 0; i < e->term_count && sum != NULL; i++) {
    sum = extent_add(pool, sum, bound_of_term(pool, &e->terms[i], up));
  }
  return sum;
}

static const extent_symbol *last_index(const extent *e) {
  const extent_symbol *last = NULL;
  for (size_t i = 0; i < e->term_count; i++) {
    for (unsigned j = 0; j < e->terms[i].product->factor_count; j++) {
      const extent_atom *atom = e->terms[i].product->factors[j];
      const extent_symbol *of[2] = {atom->symbol, NULL};
      if (atom->kind != EXTENT_SYMBOL) of[0] = last_index(atom->left), of[1] = last_index(atom->right);
      for (int k = 0; k < 2; k++) {
        if (of[k] != NULL && of[k]->is_index && (last == NULL || of[k]->number > last->number)) last = of[k];
      }
    }
  }
  return last;
}

// The last index first: the counts of later ones may be made of earlier ones.
static const extent *bound(extent_pool *pool, const extent *e, bool up) {
  while (e != NULL) {
    const extent_symbol *x = last_index(e);
    if (x == NULL) break;
    direction d = of_sum(e, x);
    if (d == UNKNOWN) d = of_cofactor(pool, e, x);
    if (d == UNKNOWN) return bound_by_terms(pool, e, up);
    e = extent_substitute(pool, e, x, (d == RISES) == up ? x->greatest : x->least);
  }
  return e;
}

const extent *extent_lowest(extent_pool *pool, const extent *e) { return bound(pool, e, false); }

const extent *extent_highest(extent_pool *pool, const extent *e) { return bound(pool, e, true); }

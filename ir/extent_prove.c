// What is known of extents. A proof that a difference is not negative takes index variables one by one to the end of
// their range that makes it least; then the bounds of the symbols decide. Where operations stand in the way, each of
// min and max is tried as either of its arguments, and x / c by multiplying with c.
#include "ir/extent_inside.h"

// How many operations a proof may take apart.
#define MOST_STEPS 6
#define MOST_ROUNDS 64

// ---- index variables

static const extent *end_of_atom(extent_pool *p, const extent_atom *a, bool low);

static const extent *end_of(extent_pool *p, const extent *e, bool low) {
  for (unsigned round = 0; e != NULL && e->has_index; round++) {
    if (round == MOST_ROUNDS) return NULL;
    const extent *next = NULL;
    for (unsigned i = 0; i < e->count && next == NULL; i++) {
      for (unsigned k = 0; k < e->terms[i].count && next == NULL; k++) {
        const extent_atom *a = e->terms[i].atoms[k];
        const extent *others;
        const extent *factor = a->has_index ? extent_factor_of(p, e, a, &others) : NULL;
        if (factor == NULL || others == NULL || (factor->low < 0 && factor->high > 0)) continue;
        const extent *end = end_of_atom(p, a, (factor->low >= 0) == low);
        if (end != NULL) next = extent_add(p, others, extent_mul(p, factor, end));
      }
    }
    e = next;
  }
  return e;
}

static const extent *end_of_index(extent_pool *p, const extent_atom *a, bool low) {
  if (low) return extent_constant(p, 0);
  const extent *last = extent_sub(p, a->x, extent_constant(p, 1));
  return last == NULL || !last->has_index ? last : end_of(p, last, false);
}

static const extent *end_of_atom(extent_pool *p, const extent_atom *a, bool low) {
  switch (a->kind) {
  case EXTENT_SYMBOL: return extent_of_atom(p, a);
  case EXTENT_INDEX: return end_of_index(p, a, low);
  case EXTENT_MOD: {
    if (low) return extent_constant(p, 0);
    const extent *most = end_of(p, a->y, false);
    return extent_sub(p, most, extent_constant(p, 1));
  }
  case EXTENT_DIV: return a->y->has_index ? NULL : extent_div(p, end_of(p, a->x, low), a->y);
  case EXTENT_MIN: return extent_min(p, end_of(p, a->x, low), end_of(p, a->y, low));
  case EXTENT_MAX: return extent_max(p, end_of(p, a->x, low), end_of(p, a->y, low));
  }
  return NULL;
}

const extent *extent_lowest(extent_pool *p, const extent *e) { return e == NULL ? NULL : end_of(p, e, true); }

const extent *extent_highest(extent_pool *p, const extent *e) { return e == NULL ? NULL : end_of(p, e, false); }

// ---- proofs

static bool is_least(extent_pool *p, const extent *d, unsigned steps);

static bool with_part(extent_pool *p, const extent *factor, const extent *others, const extent *part, unsigned steps) {
  return is_least(p, extent_add(p, others, extent_mul(p, factor, part)), steps - 1);
}

// min(x, y) is not larger than either, so where it is subtracted either will do; else both have to.
static bool by_choice(extent_pool *p, const extent *d, const extent_atom *a, unsigned steps) {
  const extent *others;
  const extent *factor = extent_factor_of(p, d, a, &others);
  if (factor == NULL || others == NULL || (factor->low < 0 && factor->high > 0)) return false;
  bool either = (factor->high <= 0) == (a->kind == EXTENT_MIN);
  bool x = with_part(p, factor, others, a->x, steps);
  if (x == either) return x;
  return with_part(p, factor, others, a->y, steps);
}

static bool by_operations(extent_pool *p, const extent *d, unsigned steps) {
  for (unsigned i = 0; i < d->count; i++) {
    for (unsigned k = 0; k < d->terms[i].count; k++) {
      const extent_atom *a = d->terms[i].atoms[k];
      if (a->kind == EXTENT_MIN || a->kind == EXTENT_MAX) return by_choice(p, d, a, steps);
      if (a->kind == EXTENT_DIV) return is_least(p, extent_mul(p, d, a->y), steps - 1); // the divisor is positive
    }
  }
  return false;
}

// Whether d >= 0 for all values.
static bool is_least(extent_pool *p, const extent *d, unsigned steps) {
  if (d == NULL) return false;
  if (d->low >= 0) return true;
  const extent *least = d->has_index ? end_of(p, d, true) : d;
  if (least != NULL && least->low >= 0) return true;
  if (steps == 0 || d->high < 0) return false;
  if (by_operations(p, d, steps)) return true;
  return least != NULL && least != d && by_operations(p, least, steps);
}

static bool holds(extent_pool *p, const extent *d, size_t facts) {
  if (is_least(p, d, MOST_STEPS)) return true;
  for (size_t i = 0; i < facts; i++) {
    const extent *left = extent_sub(p, d, p->facts.data[i].difference);
    if (is_least(p, left, MOST_STEPS)) return true;
    for (size_t k = i + 1; k < facts && left != NULL; k++) {
      if (is_least(p, extent_sub(p, left, p->facts.data[k].difference), 2)) return true;
    }
  }
  return false;
}

static extent_answer proves(extent_pool *p, const extent *a, extent_relation relation, const extent *b, size_t facts) {
  if (a == NULL || b == NULL) return EXTENT_UNKNOWN;
  if (a == b) return relation == EXTENT_LT ? EXTENT_NO : EXTENT_YES;
  const extent *d = extent_sub(p, b, a);
  const extent *one = extent_constant(p, 1);
  if (relation == EXTENT_EQ) {
    bool less = holds(p, extent_sub(p, d, one), facts);
    bool more = !less && holds(p, extent_sub(p, extent_sub(p, a, b), one), facts);
    return less || more ? EXTENT_NO : EXTENT_UNKNOWN;
  }
  if (relation == EXTENT_LT) d = extent_sub(p, d, one);
  if (holds(p, d, facts)) return EXTENT_YES;
  const extent *opposite = extent_sub(p, extent_sub(p, extent_constant(p, 0), d), one); // d <= -1
  return holds(p, opposite, facts) ? EXTENT_NO : EXTENT_UNKNOWN;
}

extent_answer extent_proves(extent_pool *p, const extent *a, extent_relation relation, const extent *b) {
  return proves(p, a, relation, b, p->facts.len);
}

bool extent_is_always(extent_pool *p, const extent *a, extent_relation relation, const extent *b) {
  return proves(p, a, relation, b, 0) == EXTENT_YES;
}

// ---- facts

void extent_assume(extent_pool *p, const extent *a, const extent *b) {
  const extent *difference = extent_sub(p, b, a);
  if (difference != NULL) vec_push(p->mem, &p->facts, ((extent_fact){difference}));
}

size_t extent_fact_count(const extent_pool *p) { return p->facts.len; }

void extent_forget(extent_pool *p, size_t count) { p->facts.len = count; }

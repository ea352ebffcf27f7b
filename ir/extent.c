// The normal form of extents, and the arithmetic that keeps it.
#include "ir/extent.h"

#include <stdlib.h>
#include <string.h>

#include "ir/extent_inside.h"

// A size of more terms than this has no use.
#define MOST_TERMS 4096

extent_pool *extent_pool_new(arena *mem) {
  extent_pool *p = ARENA_NEW(mem, extent_pool);
  p->mem = mem;
  return p;
}

// ---- bounds

static bool is_open(int64_t bound) { return bound == INT64_MIN || bound == INT64_MAX; }

int64_t extent_bound_add(int64_t a, int64_t b) {
  int64_t sum;
  if (is_open(a)) return a;
  if (is_open(b)) return b;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t bound_mul(int64_t a, int64_t b) {
  int64_t product;
  if (a == 0 || b == 0) return 0;
  if (!is_open(a) && !is_open(b) && !__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

typedef struct bounds {
  int64_t low, high;
} bounds;

static bounds bounds_mul(bounds a, bounds b) {
  int64_t corner[] = {bound_mul(a.low, b.low), bound_mul(a.low, b.high), bound_mul(a.high, b.low),
                      bound_mul(a.high, b.high)};
  bounds r = {corner[0], corner[0]};
  for (size_t i = 1; i < 4; i++) {
    if (corner[i] < r.low) r.low = corner[i];
    if (corner[i] > r.high) r.high = corner[i];
  }
  return r;
}

static bounds bounds_of_term(const extent_term *t) {
  bounds r = {t->coefficient, t->coefficient};
  for (unsigned i = 0; i < t->count; i++) r = bounds_mul(r, (bounds){t->atoms[i]->low, t->atoms[i]->high});
  return r;
}

static int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}

static int64_t floor_mod(int64_t a, int64_t b) {
  int64_t r = a % b;
  return r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
}

// ---- unique extents

static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * UINT64_C(0x9E3779B97F4A7C15) + (h >> 29); }

static uint64_t hash_terms(const extent_term *terms, size_t count) {
  uint64_t h = count;
  for (size_t i = 0; i < count; i++) {
    h = mix(h, (uint64_t)terms[i].coefficient);
    for (unsigned k = 0; k < terms[i].count; k++) h = mix(h, terms[i].atoms[k]->id + 1u);
  }
  return h ^ h >> 31;
}

static int compare_products(const extent_term *a, const extent_term *b) {
  if ((a->count == 0) != (b->count == 0)) return a->count == 0 ? 1 : -1; // the constant comes last
  for (unsigned i = 0; i < a->count && i < b->count; i++) {
    if (a->atoms[i] != b->atoms[i]) return a->atoms[i]->id < b->atoms[i]->id ? -1 : 1;
  }
  return a->count == b->count ? 0 : a->count < b->count ? -1 : 1;
}

static bool same_terms(const extent *e, const extent_term *terms, size_t count) {
  if (e->count != count) return false;
  for (size_t i = 0; i < count; i++) {
    if (e->terms[i].coefficient != terms[i].coefficient || compare_products(&e->terms[i], &terms[i]) != 0) return false;
  }
  return true;
}

static void table_grow(extent_pool *p, extent_table *t, uint64_t (*hash)(const void *)) {
  if (t->count * 2 < t->room) return;
  size_t room = t->room == 0 ? 64 : t->room * 2;
  const void **slots = ARENA_ARRAY(p->mem, const void *, room);
  for (size_t i = 0; i < t->room; i++) {
    if (t->slots[i] == NULL) continue;
    size_t at = hash(t->slots[i]) & (room - 1);
    while (slots[at] != NULL) at = (at + 1) & (room - 1);
    slots[at] = t->slots[i];
  }
  t->slots = slots;
  t->room = room;
}

static uint64_t hash_extent(const void *e) {
  const extent *x = e;
  return hash_terms(x->terms, x->count);
}

static const extent *new_extent(extent_pool *p, const extent_term *terms, size_t count) {
  extent *e = ARENA_NEW(p->mem, extent);
  extent_term *own = ARENA_ARRAY(p->mem, extent_term, count);
  e->id = p->extent_count++;
  e->count = (unsigned)count;
  e->terms = own;
  for (size_t i = 0; i < count; i++) {
    own[i] = terms[i];
    bounds b = bounds_of_term(&terms[i]);
    e->low = i == 0 ? b.low : extent_bound_add(e->low, b.low);
    e->high = i == 0 ? b.high : extent_bound_add(e->high, b.high);
    for (unsigned k = 0; k < terms[i].count; k++) e->has_index = e->has_index || terms[i].atoms[k]->has_index;
  }
  return e;
}

static const extent *intern(extent_pool *p, const extent_term *terms, size_t count) {
  table_grow(p, &p->extents, hash_extent);
  size_t at = hash_terms(terms, count) & (p->extents.room - 1);
  while (p->extents.slots[at] != NULL) {
    const extent *e = p->extents.slots[at];
    if (same_terms(e, terms, count)) return e;
    at = (at + 1) & (p->extents.room - 1);
  }
  p->extents.count++;
  return p->extents.slots[at] = new_extent(p, terms, count);
}

// ---- unique atoms

static uint64_t hash_atom(const void *a) {
  const extent_atom *x = a;
  if (x->kind <= EXTENT_INDEX) return mix((uint64_t)x->kind + 1, x->number);
  return mix(mix((uint64_t)x->kind + 1, x->x->id), x->y->id);
}

static bool same_atom(const extent_atom *a, const extent_atom *b) {
  return a->kind == b->kind && a->kind > EXTENT_INDEX && a->x == b->x && a->y == b->y;
}

static const extent_atom *intern_atom(extent_pool *p, const extent_atom *wanted) {
  table_grow(p, &p->atoms, hash_atom);
  size_t at = hash_atom(wanted) & (p->atoms.room - 1);
  while (p->atoms.slots[at] != NULL) {
    const extent_atom *a = p->atoms.slots[at];
    if (same_atom(a, wanted)) return a;
    at = (at + 1) & (p->atoms.room - 1);
  }
  extent_atom *own = ARENA_NEW(p->mem, extent_atom);
  *own = *wanted;
  own->id = p->atom_count++;
  p->atoms.count++;
  return p->atoms.slots[at] = own;
}

const extent *extent_of_atom(extent_pool *p, const extent_atom *atom) {
  const extent_atom **atoms = ARENA_ARRAY(p->mem, const extent_atom *, 1);
  atoms[0] = atom;
  return intern(p, &(extent_term){.coefficient = 1, .count = 1, .atoms = atoms}, 1);
}

// ---- leaves

const extent *extent_constant(extent_pool *p, int64_t value) {
  return intern(p, &(extent_term){.coefficient = value}, value == 0 ? 0 : 1);
}

const extent *extent_symbol(extent_pool *p, const char *name, int64_t low, int64_t high, int64_t step) {
  if (low == high) return extent_constant(p, low);
  extent_atom atom = {.kind = EXTENT_SYMBOL,
                      .number = (unsigned)p->symbols.len,
                      .name = arena_strdup(p->mem, name),
                      .low = low,
                      .high = high,
                      .step = step < 1 ? 1 : step};
  const extent_atom *own = intern_atom(p, &atom);
  vec_push(p->mem, &p->symbols, own);
  return extent_of_atom(p, own);
}

const extent *extent_index(extent_pool *p, const char *name, const extent *count) {
  if (count == NULL) return NULL;
  extent_atom atom = {.kind = EXTENT_INDEX,
                      .number = p->index_count++,
                      .name = arena_strdup(p->mem, name),
                      .step = 1,
                      .x = count,
                      .has_index = true};
  atom.high = extent_bound_add(count->high, -1);
  if (atom.high < 0) atom.high = 0;
  return extent_of_atom(p, intern_atom(p, &atom));
}

bool extent_is_constant(const extent *e, int64_t *value) {
  if (e->count > 1 || (e->count == 1 && e->terms[0].count != 0)) return false;
  *value = e->count == 0 ? 0 : e->terms[0].coefficient;
  return true;
}

unsigned extent_symbol_count(const extent_pool *p) { return (unsigned)p->symbols.len; }

const extent_atom *extent_symbol_atom(const extent_pool *p, unsigned number) { return p->symbols.data[number]; }

// ---- sums

static int compare_terms(const void *a, const void *b) { return compare_products(a, b); }

static const extent *settle(extent_pool *p, const extent_term *terms, size_t count);

// Sorts, joins and drops terms.
static const extent *sum_of(extent_pool *p, extent_term *terms, size_t count) {
  if (count > MOST_TERMS) return NULL;
  if (count > 1) qsort(terms, count, sizeof *terms, compare_terms);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (kept > 0 && compare_products(&terms[kept - 1], &terms[i]) == 0) {
      if (__builtin_add_overflow(terms[kept - 1].coefficient, terms[i].coefficient, &terms[kept - 1].coefficient)) {
        return NULL;
      }
    } else {
      terms[kept++] = terms[i];
    }
    if (terms[kept - 1].coefficient == 0) kept--;
  }
  return settle(p, terms, kept);
}

static const extent *add_scaled(extent_pool *p, const extent *a, const extent *b, int64_t scale) {
  if (a == NULL || b == NULL) return NULL;
  extent_term *terms = ARENA_ARRAY(p->mem, extent_term, a->count + b->count);
  if (a->count > 0) memcpy(terms, a->terms, a->count * sizeof *terms);
  for (unsigned i = 0; i < b->count; i++) {
    extent_term *t = &terms[a->count + i];
    *t = b->terms[i];
    if (__builtin_mul_overflow(t->coefficient, scale, &t->coefficient)) return NULL;
  }
  return sum_of(p, terms, a->count + b->count);
}

const extent *extent_add(extent_pool *p, const extent *a, const extent *b) { return add_scaled(p, a, b, 1); }

const extent *extent_sub(extent_pool *p, const extent *a, const extent *b) { return add_scaled(p, a, b, -1); }

// ---- products

static bool multiply_terms(extent_pool *p, const extent_term *a, const extent_term *b, extent_term *out) {
  if (__builtin_mul_overflow(a->coefficient, b->coefficient, &out->coefficient)) return false;
  const extent_atom **atoms = ARENA_ARRAY(p->mem, const extent_atom *, a->count + b->count);
  unsigned i = 0;
  unsigned k = 0;
  out->count = 0;
  while (i < a->count || k < b->count) {
    bool first = k == b->count || (i < a->count && a->atoms[i]->id <= b->atoms[k]->id);
    atoms[out->count++] = first ? a->atoms[i++] : b->atoms[k++];
  }
  out->atoms = atoms;
  return true;
}

const extent *extent_mul(extent_pool *p, const extent *a, const extent *b) {
  if (a == NULL || b == NULL || (size_t)a->count * b->count > MOST_TERMS) return NULL;
  extent_term *terms = ARENA_ARRAY(p->mem, extent_term, (size_t)a->count * b->count);
  size_t count = 0;
  for (unsigned i = 0; i < a->count; i++) {
    for (unsigned k = 0; k < b->count; k++) {
      if (!multiply_terms(p, &a->terms[i], &b->terms[k], &terms[count++])) return NULL;
    }
  }
  return sum_of(p, terms, count);
}

// ---- c * (x / c) is x - x % c

// What is left of the atoms when those of `part` are taken out; false when they are not all there.
static bool take_out(extent_pool *p, const extent_term *t, const extent_term *part, extent_term *out) {
  const extent_atom **atoms = ARENA_ARRAY(p->mem, const extent_atom *, t->count + 1);
  unsigned k = 0;
  unsigned kept = 0;
  for (unsigned i = 0; i < t->count; i++) {
    if (k < part->count && t->atoms[i] == part->atoms[k]) {
      k++;
    } else {
      atoms[kept++] = t->atoms[i];
    }
  }
  if (k < part->count || part->coefficient == 0 || t->coefficient % part->coefficient != 0) return false;
  *out = (extent_term){.coefficient = t->coefficient / part->coefficient, .count = kept, .atoms = atoms};
  return true;
}

static bool whole_division(extent_pool *p, const extent_term *t, extent_term *left, const extent_atom **division) {
  for (unsigned i = 0; i < t->count; i++) {
    const extent_atom *a = t->atoms[i];
    if (a->kind != EXTENT_DIV || a->y->count != 1) continue;
    extent_term without = {0};
    if (!take_out(p, t, &(extent_term){.coefficient = 1, .count = 1, .atoms = &t->atoms[i]}, &without)) continue;
    if (!take_out(p, &without, &a->y->terms[0], left)) continue;
    *division = a;
    return true;
  }
  return false;
}

static const extent *settle(extent_pool *p, const extent_term *terms, size_t count) {
  for (size_t i = 0; i < count; i++) {
    extent_term left;
    const extent_atom *division;
    if (!whole_division(p, &terms[i], &left, &division)) continue;
    extent_term *others = ARENA_ARRAY(p->mem, extent_term, count);
    size_t kept = 0;
    for (size_t k = 0; k < count; k++) {
      if (k != i) others[kept++] = terms[k];
    }
    const extent *rest = settle(p, others, kept);
    const extent *number = extent_sub(p, division->x, extent_mod(p, division->x, division->y));
    return extent_add(p, rest, extent_mul(p, intern(p, &left, 1), number));
  }
  return intern(p, terms, count);
}

// ---- division

typedef struct split {
  const extent *quotient; // what divides for certain
  const extent *rest;
} split;

// x = quotient * y + rest, term by term. A coefficient over a constant leaves its remainder.
static split split_by(extent_pool *p, const extent *x, const extent *y) {
  extent_term *whole = ARENA_ARRAY(p->mem, extent_term, x->count);
  extent_term *rest = ARENA_ARRAY(p->mem, extent_term, x->count);
  size_t whole_count = 0;
  size_t rest_count = 0;
  int64_t divisor = 0;
  bool constant = extent_is_constant(y, &divisor);
  for (unsigned i = 0; i < x->count; i++) {
    const extent_term *t = &x->terms[i];
    if (constant) {
      int64_t q = floor_div(t->coefficient, divisor);
      int64_t r = floor_mod(t->coefficient, divisor);
      if (q != 0) whole[whole_count++] = (extent_term){.coefficient = q, .count = t->count, .atoms = t->atoms};
      if (r != 0) rest[rest_count++] = (extent_term){.coefficient = r, .count = t->count, .atoms = t->atoms};
    } else if (y->count == 1 && take_out(p, t, &y->terms[0], &whole[whole_count])) {
      whole_count++;
    } else {
      rest[rest_count++] = *t;
    }
  }
  return (split){sum_of(p, whole, whole_count), sum_of(p, rest, rest_count)};
}

static bool is_below(extent_pool *p, const extent *x, const extent *y) {
  return x->low >= 0 && extent_is_always(p, x, EXTENT_LT, y);
}

static const extent *operation(extent_pool *p, extent_kind kind, const extent *x, const extent *y, bounds b) {
  extent_atom atom = {
      .kind = kind, .low = b.low, .high = b.high, .step = 1, .x = x, .y = y, .has_index = x->has_index || y->has_index};
  return extent_of_atom(p, intern_atom(p, &atom));
}

static int64_t bound_div(int64_t a, int64_t b) {
  if (is_open(a)) return a;
  return is_open(b) ? (a < 0 ? -1 : 0) : floor_div(a, b);
}

static bounds bounds_of_division(const extent *x, const extent *y) {
  int64_t corner[] = {bound_div(x->low, y->low), bound_div(x->low, y->high), bound_div(x->high, y->low),
                      bound_div(x->high, y->high)};
  return (bounds){corner[0] < corner[1] ? corner[0] : corner[1], corner[2] > corner[3] ? corner[2] : corner[3]};
}

const extent *extent_div(extent_pool *p, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  if (b->high < 0)
    return extent_div(p, extent_sub(p, extent_constant(p, 0), a), extent_sub(p, extent_constant(p, 0), b));
  if (b->low <= 0) return NULL;
  int64_t value;
  int64_t divisor;
  split s = split_by(p, a, b);
  if (s.quotient == NULL || s.rest == NULL) return NULL;
  if (s.rest->count == 0 || is_below(p, s.rest, b)) return s.quotient;
  if (extent_is_constant(s.rest, &value) && extent_is_constant(b, &divisor)) {
    return extent_add(p, s.quotient, extent_constant(p, floor_div(value, divisor)));
  }
  return extent_add(p, s.quotient, operation(p, EXTENT_DIV, s.rest, b, bounds_of_division(s.rest, b)));
}

// Whether all values of a term are multiples of the number, by the steps of its symbols.
static bool is_multiple(const extent_term *t, int64_t of) {
  uint64_t left = (uint64_t)of;
  uint64_t part = (uint64_t)(t->coefficient < 0 ? -t->coefficient : t->coefficient);
  for (unsigned i = 0;; i++) {
    uint64_t x = left;
    uint64_t y = part;
    while (y != 0) {
      uint64_t r = x % y;
      x = y, y = r;
    }
    left /= x;
    if (left == 1 || i == t->count) return left == 1;
    part = (uint64_t)t->atoms[i]->step;
  }
}

static const extent *drop_multiples(extent_pool *p, const extent *x, int64_t of) {
  extent_term *kept = ARENA_ARRAY(p->mem, extent_term, x->count);
  size_t count = 0;
  for (unsigned i = 0; i < x->count; i++) {
    if (x->terms[i].coefficient == INT64_MIN || !is_multiple(&x->terms[i], of)) kept[count++] = x->terms[i];
  }
  return sum_of(p, kept, count);
}

const extent *extent_mod(extent_pool *p, const extent *a, const extent *b) {
  if (a == NULL || b == NULL || b->low <= 0) return NULL;
  int64_t value;
  int64_t divisor;
  const extent *rest = split_by(p, a, b).rest;
  if (extent_is_constant(b, &divisor) && rest != NULL) rest = drop_multiples(p, rest, divisor);
  if (rest == NULL || rest->count == 0 || is_below(p, rest, b)) return rest;
  if (extent_is_constant(rest, &value) && extent_is_constant(b, &divisor)) {
    return extent_constant(p, floor_mod(value, divisor));
  }
  bounds range = {0, extent_bound_add(b->high, -1)};
  if (rest->low >= 0 && rest->high < range.high) range.high = rest->high;
  return operation(p, EXTENT_MOD, rest, b, range);
}

// ---- min and max

const extent *extent_min(extent_pool *p, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  if (a == b || extent_is_always(p, a, EXTENT_LE, b)) return a;
  if (extent_is_always(p, b, EXTENT_LE, a)) return b;
  bounds range = {a->low < b->low ? a->low : b->low, a->high < b->high ? a->high : b->high};
  return a->id < b->id ? operation(p, EXTENT_MIN, a, b, range) : operation(p, EXTENT_MIN, b, a, range);
}

const extent *extent_max(extent_pool *p, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  if (a == b || extent_is_always(p, b, EXTENT_LE, a)) return a;
  if (extent_is_always(p, a, EXTENT_LE, b)) return b;
  bounds range = {a->low > b->low ? a->low : b->low, a->high > b->high ? a->high : b->high};
  return a->id < b->id ? operation(p, EXTENT_MAX, a, b, range) : operation(p, EXTENT_MAX, b, a, range);
}

// ---- taking apart

const extent *extent_factor_of(extent_pool *p, const extent *e, const extent_atom *atom, const extent **others) {
  extent_term *with = ARENA_ARRAY(p->mem, extent_term, e->count);
  extent_term *without = ARENA_ARRAY(p->mem, extent_term, e->count);
  size_t with_count = 0;
  size_t without_count = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const extent_term *t = &e->terms[i];
    unsigned power = 0;
    for (unsigned k = 0; k < t->count; k++) power += t->atoms[k] == atom;
    if (power > 1) return NULL;
    if (power == 0) {
      without[without_count++] = *t;
    } else if (!take_out(p, t, &(extent_term){.coefficient = 1, .count = 1, .atoms = &atom}, &with[with_count++])) {
      return NULL;
    }
  }
  *others = sum_of(p, without, without_count);
  return sum_of(p, with, with_count);
}

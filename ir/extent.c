// The pool of sizes: interning, symbols, sums and products.
#include <string.h>

#include "format/int_math.h"
#include "ir/extent_form.h"

extent_pool *extent_pool_new(arena *mem) {
  extent_pool *pool = ARENA_NEW(mem, extent_pool);
  pool->mem = mem;
  pool->one = extent_intern_product(pool, 0, NULL);
  return pool;
}

extent_status extent_why(const extent_pool *pool) { return pool->why; }

const char *extent_status_text(extent_status status) {
  static const char *const texts[] = {[EXTENT_OK] = "is known",
                                      [EXTENT_OVERFLOW] = "may be more than 64 bits can hold",
                                      [EXTENT_BY_ZERO] = "divides by 0",
                                      [EXTENT_TOO_LARGE] = "is too long an expression",
                                      [EXTENT_EMPTY] = "has no value within its bounds",
                                      [EXTENT_NO_VALUE] = "has no value",
                                      [EXTENT_NO_BOUND] = "has no bound that can be told"};
  return texts[status];
}

bool extent_fail(extent_pool *pool, extent_status why) {
  pool->why = why;
  return false;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

static void table_put(extent_table *t, const uint64_t *thing) {
  size_t at = *thing & (t->cap - 1);
  while (t->slots[at] != NULL) at = (at + 1) & (t->cap - 1);
  t->slots[at] = thing;
  t->len++;
}

// At least half of the slots stay empty.
static void table_add(arena *mem, extent_table *t, const uint64_t *thing) {
  if (2 * t->len >= t->cap) {
    extent_table wider = {.cap = t->cap == 0 ? 64 : 2 * t->cap};
    wider.slots = ARENA_ARRAY(mem, const uint64_t *, wider.cap);
    for (size_t i = 0; i < t->cap; i++) {
      if (t->slots[i] != NULL) table_put(&wider, t->slots[i]);
    }
    *t = wider;
  }
  table_put(t, thing);
}

// The next thing with this hash from slot *at on; NULL when there is none.
static const void *table_next(const extent_table *t, uint64_t hash, size_t *at) {
  for (; t->cap != 0 && t->slots[*at & (t->cap - 1)] != NULL; ++*at) {
    const uint64_t *thing = t->slots[*at & (t->cap - 1)];
    if (*thing == hash) return ++*at, thing;
  }
  return NULL;
}

static bool fits(extent_range r) { return r.least >= INT64_MIN && r.greatest <= INT64_MAX; }

// The bounds of atom^power, which an even power keeps from being negative.
static bool power_range(const extent_atom *atom, unsigned power, extent_range *out) {
  extent_range base = {atom->least, atom->greatest}, product = {1, 1};
  for (unsigned i = 0; i < power; i++) {
    if (!extent_range_mul(product, base, &product) || !fits(product)) return false;
  }
  if (power % 2 == 0 && product.least < 0) product.least = 0;
  *out = product;
  return true;
}

static bool product_range(unsigned count, const extent_atom *const *factors, extent_range *out) {
  *out = (extent_range){1, 1};
  for (unsigned i = 0, run; i < count; i += run) {
    for (run = 1; i + run < count && factors[i + run] == factors[i];) run++;
    extent_range part;
    if (!power_range(factors[i], run, &part) || !extent_range_mul(*out, part, out) || !fits(*out)) return false;
  }
  return true;
}

const extent_product *extent_intern_product(extent_pool *pool, unsigned count, const extent_atom *const *sorted) {
  uint64_t hash = mix(1, count);
  for (unsigned i = 0; i < count; i++) hash = mix(hash, sorted[i]->hash);
  const extent_product *old;
  for (size_t at = hash; (old = table_next(&pool->products, hash, &at)) != NULL;) {
    if (old->factor_count == count && (count == 0 || memcmp(old->factors, sorted, count * sizeof *sorted) == 0)) {
      return old;
    }
  }
  extent_range range;
  if (!product_range(count, sorted, &range)) return extent_fail(pool, EXTENT_OVERFLOW), NULL;
  uint64_t nodes = 1;
  for (unsigned i = 0; i < count; i++) nodes += sorted[i]->nodes;
  if (nodes > EXTENT_NODES_MAX) return extent_fail(pool, EXTENT_TOO_LARGE), NULL;
  extent_product *p = ARENA_NEW(pool->mem, extent_product);
  *p = (extent_product){.hash = hash, .nodes = (unsigned)nodes, .factor_count = count};
  p->least = (int64_t)range.least, p->greatest = (int64_t)range.greatest;
  if (count != 0) p->factors = arena_memdup(pool->mem, sorted, count * sizeof *sorted);
  table_add(pool->mem, &pool->products, &p->hash);
  return p;
}

const extent *extent_intern(extent_pool *pool, extent_form f) {
  uint64_t hash = mix(2, f.count);
  for (size_t i = 0; i < f.count; i++) {
    hash = mix(mix(hash, (uint64_t)f.terms[i].coefficient), f.terms[i].product->hash);
  }
  const extent *old;
  for (size_t at = hash; (old = table_next(&pool->extents, hash, &at)) != NULL;) {
    size_t i = 0;
    while (old->term_count == f.count && i < f.count && old->terms[i].coefficient == f.terms[i].coefficient &&
           old->terms[i].product == f.terms[i].product) {
      i++;
    }
    if (old->term_count == f.count && i == f.count) return old;
  }
  uint64_t nodes = 1;
  for (size_t i = 0; i < f.count; i++) nodes += f.terms[i].product->nodes;
  if (nodes > EXTENT_NODES_MAX) return extent_fail(pool, EXTENT_TOO_LARGE), NULL;
  extent_range range;
  if (!extent_form_range(f, &range) || !fits(range)) return extent_fail(pool, EXTENT_OVERFLOW), NULL;
  extent *e = ARENA_NEW(pool->mem, extent);
  *e = (extent){.hash = hash, .nodes = (unsigned)nodes, .term_count = f.count};
  e->number = (unsigned)pool->extents.len;
  if (f.count != 0) e->terms = arena_memdup(pool->mem, f.terms, f.count * sizeof *f.terms);
  e->least = (int64_t)range.least, e->greatest = (int64_t)range.greatest;
  table_add(pool->mem, &pool->extents, &e->hash);
  return e;
}

const extent *extent_constant(extent_pool *pool, int64_t value) {
  extent_term term = {value, pool->one};
  return extent_intern(pool, (extent_form){&term, value != 0});
}

bool extent_is_constant(const extent *e, int64_t *value) {
  if (e->term_count > 1 || (e->term_count == 1 && e->terms[0].product->factor_count != 0)) return false;
  *value = e->term_count == 0 ? 0 : e->terms[0].coefficient;
  return true;
}

int extent_compare(const extent *a, const extent *b) { return (a->number > b->number) - (a->number < b->number); }

uint64_t extent_hash(const extent *e) { return e->hash; }

static const extent *scaled(extent_pool *pool, int64_t coefficient, const extent_atom *atom) {
  const extent_product *product = extent_intern_product(pool, 1, &atom);
  if (product == NULL) return NULL;
  extent_term term = {coefficient, product};
  return extent_intern(pool, (extent_form){&term, 1});
}

const extent *extent_of_atom(extent_pool *pool, const extent_atom *atom) { return scaled(pool, 1, atom); }

// A symbol is a multiple of its step, so that dividing by a divisor of that is exact: what is in products is the quotient.
static const extent *new_symbol(extent_pool *pool, extent_symbol wanted) {
  int64_t least = int_neg(int_div(int_neg(wanted.least->least), wanted.step));
  int64_t greatest = int_div(wanted.greatest->greatest, wanted.step);
  if (wanted.least->least == INT64_MIN) return extent_fail(pool, EXTENT_OVERFLOW), NULL;
  if (greatest < least && !wanted.is_index) return extent_fail(pool, EXTENT_EMPTY), NULL;
  if (greatest < least) greatest = least; // what nothing is asked about
  wanted.number = (unsigned)pool->symbols.len;
  wanted.name = arena_strdup(pool->mem, wanted.name);
  extent_atom *atom = ARENA_NEW(pool->mem, extent_atom);
  *atom = (extent_atom){.number = pool->atom_count, .nodes = 1, .least = least, .greatest = greatest};
  atom->symbol = arena_memdup(pool->mem, &wanted, sizeof wanted);
  atom->hash = mix(3, atom->number);
  const extent *symbol = scaled(pool, wanted.step, atom);
  if (symbol == NULL) return NULL;
  pool->atom_count++;
  vec_push(pool->mem, &pool->symbols, symbol);
  return symbol;
}

const extent *extent_new_symbol(extent_pool *pool, const char *name, const extent *least, const extent *greatest,
                                int64_t step, src_loc loc) {
  if (least == NULL || greatest == NULL) return NULL;
  if (step < 1) return extent_fail(pool, EXTENT_EMPTY), NULL;
  return new_symbol(pool,
                    (extent_symbol){.name = name, .step = step, .least = least, .greatest = greatest, .loc = loc});
}

const extent *extent_index(extent_pool *pool, const char *name, const extent *count) {
  const extent *last = extent_sub(pool, count, extent_constant(pool, 1));
  if (last == NULL) return NULL;
  return new_symbol(pool, (extent_symbol){.name = name,
                                          .step = 1,
                                          .least = extent_constant(pool, 0),
                                          .greatest = last,
                                          .is_index = true,
                                          .loc = SRC_NOWHERE});
}

const extent_symbol *extent_as_symbol(const extent *e) {
  if (e->term_count != 1 || e->terms[0].product->factor_count != 1) return NULL;
  const extent_symbol *symbol = e->terms[0].product->factors[0]->symbol;
  return symbol != NULL && symbol->step == e->terms[0].coefficient ? symbol : NULL;
}

size_t extent_symbol_count(const extent_pool *pool) { return pool->symbols.len; }

const extent *extent_symbol_at(const extent_pool *pool, unsigned number) { return pool->symbols.data[number]; }

static const extent *linear(extent_pool *pool, int64_t ka, const extent *a, int64_t kb, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  arena *scratch = arena_new();
  extent_form sum;
  bool ok = extent_form_add(pool, scratch, ka, extent_form_of(a), kb, extent_form_of(b), &sum);
  const extent *e = ok ? extent_intern(pool, sum) : NULL;
  arena_free(scratch);
  return e;
}

const extent *extent_add(extent_pool *pool, const extent *a, const extent *b) { return linear(pool, 1, a, 1, b); }

const extent *extent_sub(extent_pool *pool, const extent *a, const extent *b) { return linear(pool, 1, a, -1, b); }

const extent *extent_neg(extent_pool *pool, const extent *a) { return a == NULL ? NULL : linear(pool, -1, a, 0, a); }

const extent *extent_mul(extent_pool *pool, const extent *a, const extent *b) {
  if (a == NULL || b == NULL) return NULL;
  arena *scratch = arena_new();
  extent_form product;
  bool ok = extent_form_mul(pool, scratch, extent_form_of(a), extent_form_of(b), &product);
  const extent *e = ok ? extent_intern(pool, product) : NULL;
  arena_free(scratch);
  return e;
}

const extent *extent_sum(extent_pool *pool, size_t count, const extent *const *parts) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) {
    if (parts[i] == NULL) return NULL;
    total += parts[i]->term_count;
  }
  arena *scratch = arena_new();
  extent_term *terms = ARENA_ARRAY(scratch, extent_term, total);
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < parts[i]->term_count; j++) terms[at++] = parts[i]->terms[j];
  }
  extent_form sum;
  bool ok = extent_form_sort(pool, scratch, (extent_form){terms, total}, &sum);
  const extent *e = ok ? extent_intern(pool, sum) : NULL;
  arena_free(scratch);
  return e;
}

const extent *extent_product_of(extent_pool *pool, size_t count, const extent *const *parts) {
  const extent *product = extent_constant(pool, 1);
  for (size_t i = 0; i < count; i++) product = extent_mul(pool, product, parts[i]);
  return product;
}

const extent_atom *extent_find_atom(const extent_pool *pool, extent_kind kind, const extent *left,
                                    const extent *right) {
  uint64_t hash = mix(mix(mix(4, kind), left->hash), right->hash);
  const extent_atom *old;
  for (size_t at = hash; (old = table_next(&pool->atoms, hash, &at)) != NULL;) {
    if (old->kind == kind && old->left == left && old->right == right) return old;
  }
  return NULL;
}

// The caller sets the bounds by the arguments'.
const extent_atom *extent_add_atom(extent_pool *pool, extent_kind kind, const extent *left, const extent *right,
                                   int64_t least, int64_t greatest) {
  unsigned nodes = 1 + left->nodes + right->nodes;
  if (nodes > EXTENT_NODES_MAX) return extent_fail(pool, EXTENT_TOO_LARGE), NULL;
  extent_atom *atom = ARENA_NEW(pool->mem, extent_atom);
  *atom = (extent_atom){.number = pool->atom_count++,
                        .nodes = nodes,
                        .kind = kind,
                        .left = left,
                        .right = right,
                        .least = least,
                        .greatest = greatest};
  atom->hash = mix(mix(mix(4, kind), left->hash), right->hash);
  table_add(pool->mem, &pool->atoms, &atom->hash);
  return atom;
}

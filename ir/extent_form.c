// Sums of products: sorted, with nonzero coefficients.
#include "ir/extent_form.h"
#include "support/num.h"

// Symbols come first, each kind in the order of their making.
static int compare_atoms(const extent_atom *a, const extent_atom *b) {
  bool leaf_a = a->kind != EXTENT_SYMBOL, leaf_b = b->kind != EXTENT_SYMBOL;
  if (leaf_a != leaf_b) return leaf_a ? 1 : -1;
  return (a->number > b->number) - (a->number < b->number);
}

// Lexicographic, of two that begin alike the longer one first: an order that products keep.
int extent_compare_products(const extent_product *a, const extent_product *b) {
  if (a == b) return 0;
  for (unsigned i = 0; i < a->factor_count && i < b->factor_count; i++) {
    int order = compare_atoms(a->factors[i], b->factors[i]);
    if (order != 0) return order;
  }
  return (a->factor_count < b->factor_count) - (a->factor_count > b->factor_count);
}

static bool push(extent_pool *pool, extent_term *terms, size_t *count, extent_wide coefficient,
                 const extent_product *product) {
  if (coefficient == 0) return true;
  if (coefficient > INT64_MAX || coefficient < INT64_MIN) return extent_fail(pool, EXTENT_OVERFLOW);
  terms[(*count)++] = (extent_term){(int64_t)coefficient, product};
  return true;
}

bool extent_form_add(extent_pool *pool, arena *mem, int64_t ka, extent_form a, int64_t kb, extent_form b,
                     extent_form *out) {
  extent_term *terms = ARENA_ARRAY(mem, extent_term, a.count + b.count);
  size_t count = 0;
  for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
    int order = i == a.count ? 1 : j == b.count ? -1 : extent_compare_products(a.terms[i].product, b.terms[j].product);
    const extent_product *product = order <= 0 ? a.terms[i].product : b.terms[j].product;
    extent_wide sum, rest = 0;
    sum = order <= 0 ? (extent_wide)ka * a.terms[i++].coefficient : 0;
    if (order >= 0) rest = (extent_wide)kb * b.terms[j++].coefficient;
    if (__builtin_add_overflow(sum, rest, &sum)) return extent_fail(pool, EXTENT_OVERFLOW);
    if (!push(pool, terms, &count, sum, product)) return false;
  }
  *out = (extent_form){terms, count};
  return true;
}

const extent_product *extent_product_times(extent_pool *pool, const extent_product *a, const extent_product *b) {
  if (a->factor_count == 0) return b;
  if (b->factor_count == 0) return a;
  unsigned count = a->factor_count + b->factor_count;
  if (count > EXTENT_NODES_MAX) return extent_fail(pool, EXTENT_TOO_LARGE), NULL;
  arena *scratch = count > 64 ? arena_new() : NULL;
  const extent_atom *few[64];
  const extent_atom **factors = scratch == NULL ? few : ARENA_ARRAY(scratch, const extent_atom *, count);
  for (unsigned i = 0, j = 0, n = 0; n < count; n++) {
    bool left = j == b->factor_count || (i < a->factor_count && compare_atoms(a->factors[i], b->factors[j]) <= 0);
    factors[n] = left ? a->factors[i++] : b->factors[j++];
  }
  const extent_product *product = extent_intern_product(pool, count, factors);
  arena_free(scratch);
  return product;
}

const extent_product *extent_product_without(extent_pool *pool, const extent_product *p, const extent_product *by) {
  if (by->factor_count == 0) return p;
  if (by->factor_count > p->factor_count) return NULL;
  const extent_atom *few[64];
  unsigned count = 0, j = 0;
  for (unsigned i = 0; i < p->factor_count; i++) {
    if (j < by->factor_count && p->factors[i] == by->factors[j]) {
      j++;
    } else if (count < 64) {
      few[count++] = p->factors[i];
    } else {
      return NULL; // of no use to anybody
    }
  }
  return j < by->factor_count ? NULL : extent_intern_product(pool, count, few);
}

// Sorts by products, merging equal ones.
bool extent_form_sort(extent_pool *pool, arena *mem, extent_form f, extent_form *out) {
  if (f.count <= 1) return *out = f, true;
  extent_form left = {f.terms, f.count / 2}, right = {f.terms + f.count / 2, f.count - f.count / 2};
  return extent_form_sort(pool, mem, left, &left) && extent_form_sort(pool, mem, right, &right) &&
         extent_form_add(pool, mem, 1, left, 1, right, out);
}

bool extent_form_mul(extent_pool *pool, arena *mem, extent_form a, extent_form b, extent_form *out) {
  if (a.count == 0 || b.count == 0) return *out = (extent_form){0}, true;
  if (a.count > (size_t)16 * EXTENT_NODES_MAX / b.count) return extent_fail(pool, EXTENT_TOO_LARGE);
  extent_term *terms = ARENA_ARRAY(mem, extent_term, a.count * b.count);
  size_t count = 0;
  for (size_t i = 0; i < a.count; i++) {
    for (size_t j = 0; j < b.count; j++) {
      const extent_product *product = extent_product_times(pool, a.terms[i].product, b.terms[j].product);
      extent_wide coefficient = (extent_wide)a.terms[i].coefficient * b.terms[j].coefficient;
      if (product == NULL || !push(pool, terms, &count, coefficient, product)) return false;
    }
  }
  return extent_form_sort(pool, mem, (extent_form){terms, count}, out);
}

void extent_form_split(extent_pool *pool, arena *mem, extent_form f, const extent_product *p, extent_form *with,
                       extent_form *without) {
  extent_term *in = ARENA_ARRAY(mem, extent_term, f.count), *rest = ARENA_ARRAY(mem, extent_term, f.count);
  size_t in_count = 0, rest_count = 0;
  for (size_t i = 0; i < f.count; i++) {
    const extent_product *cofactor = extent_product_without(pool, f.terms[i].product, p);
    if (cofactor != NULL) {
      in[in_count++] = (extent_term){f.terms[i].coefficient, cofactor};
    } else {
      rest[rest_count++] = f.terms[i];
    }
  }
  *without = (extent_form){rest, rest_count};
  *with = (extent_form){in, in_count}; // in order: what is common was taken out of all
}

bool extent_range_mul(extent_range a, extent_range b, extent_range *out) {
  extent_wide corner[4];
  if (__builtin_mul_overflow(a.least, b.least, &corner[0]) || __builtin_mul_overflow(a.least, b.greatest, &corner[1]) ||
      __builtin_mul_overflow(a.greatest, b.least, &corner[2]) ||
      __builtin_mul_overflow(a.greatest, b.greatest, &corner[3])) {
    return false;
  }
  *out = (extent_range){corner[0], corner[0]};
  for (int i = 1; i < 4; i++) {
    if (corner[i] < out->least) out->least = corner[i];
    if (corner[i] > out->greatest) out->greatest = corner[i];
  }
  return true;
}

bool extent_form_range(extent_form f, extent_range *out) {
  extent_range sum = {0, 0};
  for (size_t i = 0; i < f.count; i++) {
    extent_range part, k = {f.terms[i].coefficient, f.terms[i].coefficient};
    const extent_product *p = f.terms[i].product;
    if (!extent_range_mul(k, (extent_range){p->least, p->greatest}, &part)) return false;
    if (__builtin_add_overflow(sum.least, part.least, &sum.least) ||
        __builtin_add_overflow(sum.greatest, part.greatest, &sum.greatest)) {
      return false;
    }
  }
  *out = sum;
  return true;
}

static uint64_t magnitude(int64_t v) { return v < 0 ? 0 - (uint64_t)v : (uint64_t)v; }

uint64_t extent_form_content(extent_form f, bool with_constant) {
  uint64_t gcd = 0;
  for (size_t i = 0; i < f.count && gcd != 1; i++) {
    if (with_constant || f.terms[i].product->factor_count != 0) {
      gcd = num_gcd(gcd, magnitude(f.terms[i].coefficient));
    }
  }
  return gcd;
}

int64_t extent_form_constant(extent_form f) {
  return f.count != 0 && f.terms[f.count - 1].product->factor_count == 0 ? f.terms[f.count - 1].coefficient : 0;
}

const extent_product *extent_form_common(extent_pool *pool, extent_form f, const extent_product *so_far) {
  if (so_far == NULL) so_far = f.count == 0 ? pool->one : f.terms[f.count - 1].product;
  for (size_t i = 0; i < f.count && so_far->factor_count != 0; i++) {
    const extent_product *kept = pool->one;
    for (unsigned j = 0; j < so_far->factor_count; j++) {
      const extent_product *one = extent_intern_product(pool, 1, &so_far->factors[j]);
      const extent_product *longer = one == NULL ? NULL : extent_product_times(pool, kept, one);
      if (longer == NULL) continue;
      if (extent_product_without(pool, f.terms[i].product, longer) != NULL) kept = longer;
    }
    so_far = kept;
  }
  return so_far;
}

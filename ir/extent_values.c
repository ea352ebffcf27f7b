// Sizes with values or other sizes in the place of their symbols.
#include "format/int_math.h"
#include "ir/extent_form.h"

typedef struct valuation {
  size_t count;
  const int64_t *values;
} valuation;

static extent_status value_of(const extent *e, const valuation *v, int64_t *result);

static extent_status symbol_value(const extent_symbol *s, const valuation *v, int64_t *result) {
  if (s->number >= v->count || v->values[s->number] % s->step != 0) return EXTENT_NO_VALUE;
  *result = v->values[s->number] / s->step;
  return EXTENT_OK;
}

static extent_status atom_value(const extent_atom *atom, const valuation *v, int64_t *result) {
  int64_t a, b;
  if (atom->kind == EXTENT_SYMBOL) return symbol_value(atom->symbol, v, result);
  extent_status status = value_of(atom->left, v, &a);
  if (status == EXTENT_OK) status = value_of(atom->right, v, &b);
  if (status != EXTENT_OK) return status;
  bool divides = atom->kind == EXTENT_DIV || atom->kind == EXTENT_MOD;
  if (divides && b == 0) return EXTENT_BY_ZERO;
  if (atom->kind == EXTENT_DIV && a == INT64_MIN && b == -1) return EXTENT_OVERFLOW;
  *result = atom->kind == EXTENT_DIV                ? int_div(a, b)
            : atom->kind == EXTENT_MOD              ? int_mod(a, b)
            : (a < b) == (atom->kind == EXTENT_MIN) ? a
                                                    : b;
  return EXTENT_OK;
}

static extent_status value_of(const extent *e, const valuation *v, int64_t *result) {
  extent_wide sum = 0;
  for (size_t i = 0; i < e->term_count; i++) {
    extent_wide part = e->terms[i].coefficient;
    const extent_product *p = e->terms[i].product;
    for (unsigned j = 0; j < p->factor_count; j++) {
      int64_t factor;
      extent_status status = atom_value(p->factors[j], v, &factor);
      if (status != EXTENT_OK) return status;
      if (__builtin_mul_overflow(part, (extent_wide)factor, &part)) return EXTENT_OVERFLOW;
    }
    if (__builtin_add_overflow(sum, part, &sum)) return EXTENT_OVERFLOW;
  }
  if (sum < INT64_MIN || sum > INT64_MAX) return EXTENT_OVERFLOW;
  *result = (int64_t)sum;
  return EXTENT_OK;
}

extent_status extent_evaluate(const extent *e, size_t count, const int64_t *values, int64_t *result) {
  valuation v = {count, values};
  int64_t value;
  extent_status status = value_of(e, &v, &value);
  if (status == EXTENT_OK) *result = value;
  return status;
}

// Calls `visit` for all symbols until one gives true.
static bool any_symbol(const extent *e, bool (*visit)(const extent_symbol *, void *), void *data) {
  for (size_t i = 0; i < e->term_count; i++) {
    const extent_product *p = e->terms[i].product;
    for (unsigned j = 0; j < p->factor_count; j++) {
      const extent_atom *atom = p->factors[j];
      if (atom->kind == EXTENT_SYMBOL ? visit(atom->symbol, data)
                                      : any_symbol(atom->left, visit, data) || any_symbol(atom->right, visit, data)) {
        return true;
      }
    }
  }
  return false;
}

static bool is_empty(const extent_symbol *s, void *data) {
  (void)data;
  return s->is_index && s->greatest->greatest < s->least->least;
}

bool extent_has_no_values(const extent *e) { return any_symbol(e, is_empty, NULL); }

typedef struct used_symbols {
  size_t count;
  bool *used;
} used_symbols;

static bool mark(const extent_symbol *s, void *data) {
  used_symbols *u = data;
  if (s->number < u->count) u->used[s->number] = true;
  return false;
}

void extent_symbols(const extent *e, size_t count, bool *used) {
  used_symbols u = {count, used};
  any_symbol(e, mark, &u);
}

static bool is_same(const extent_symbol *s, void *data) {
  const extent_symbol *const *wanted = data;
  return s == *wanted;
}

bool extent_uses(const extent *e, const extent_symbol *symbol) { return any_symbol(e, is_same, &symbol); }

static bool is_index(const extent_symbol *s, void *data) {
  (void)data;
  return s->is_index;
}

bool extent_uses_indices(const extent *e) { return any_symbol(e, is_index, NULL); }

static const extent *put(extent_pool *pool, const extent *e, const extent_symbol *symbol, const extent *unit);

static const extent *put_in_atom(extent_pool *pool, const extent_atom *atom, const extent_symbol *symbol,
                                 const extent *unit) {
  static const extent *(*const make[])(extent_pool *, const extent *, const extent *) = {
      [EXTENT_DIV] = extent_div, [EXTENT_MOD] = extent_mod, [EXTENT_MIN] = extent_min, [EXTENT_MAX] = extent_max};
  if (atom->kind == EXTENT_SYMBOL) return atom->symbol == symbol ? unit : extent_of_atom(pool, atom);
  return make[atom->kind](pool, put(pool, atom->left, symbol, unit), put(pool, atom->right, symbol, unit));
}

static const extent *put(extent_pool *pool, const extent *e, const extent_symbol *symbol, const extent *unit) {
  if (!extent_uses(e, symbol)) return e;
  arena *scratch = arena_new();
  const extent **parts = ARENA_ARRAY(scratch, const extent *, e->term_count);
  for (size_t i = 0; i < e->term_count; i++) {
    const extent_product *p = e->terms[i].product;
    parts[i] = extent_constant(pool, e->terms[i].coefficient);
    for (unsigned j = 0; j < p->factor_count && parts[i] != NULL; j++) {
      parts[i] = extent_mul(pool, parts[i], put_in_atom(pool, p->factors[j], symbol, unit));
    }
  }
  const extent *sum = extent_sum(pool, e->term_count, parts);
  arena_free(scratch);
  return sum;
}

const extent *extent_substitute(extent_pool *pool, const extent *e, const extent_symbol *symbol, const extent *by) {
  int64_t rest;
  if (e == NULL || by == NULL || !extent_uses(e, symbol)) return by == NULL ? NULL : e;
  const extent *step = extent_constant(pool, symbol->step), *left = extent_mod(pool, by, step);
  if (left == NULL) return NULL;
  if (!extent_is_constant(left, &rest) || rest != 0) return extent_fail(pool, EXTENT_NO_VALUE), NULL;
  return put(pool, e, symbol, extent_div(pool, by, step));
}

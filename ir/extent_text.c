// Extents as text, and their values.
#include "ir/extent_inside.h"

static void print_extent(strbuf *out, const extent *e, bool operand);

static void print_atom(strbuf *out, const extent_atom *a) {
  if (a->kind <= EXTENT_INDEX) {
    strbuf_printf(out, "%s", a->name);
  } else if (a->kind == EXTENT_MIN || a->kind == EXTENT_MAX) {
    strbuf_printf(out, a->kind == EXTENT_MIN ? "min(" : "max(");
    print_extent(out, a->x, false);
    strbuf_printf(out, ", ");
    print_extent(out, a->y, false);
    strbuf_putc(out, ')');
  } else {
    strbuf_putc(out, '(');
    print_extent(out, a->x, true);
    strbuf_printf(out, a->kind == EXTENT_DIV ? " / " : " %% ");
    print_extent(out, a->y, true);
    strbuf_putc(out, ')');
  }
}

static void print_term(strbuf *out, const extent_term *t, bool first) {
  uint64_t size = t->coefficient < 0 ? 0 - (uint64_t)t->coefficient : (uint64_t)t->coefficient;
  if (t->coefficient < 0) strbuf_printf(out, first ? "-" : " - ");
  if (t->coefficient > 0 && !first) strbuf_printf(out, " + ");
  if (size != 1 || t->count == 0) strbuf_printf(out, t->count == 0 ? "%llu" : "%llu * ", (unsigned long long)size);
  for (unsigned i = 0; i < t->count; i++) {
    if (i > 0) strbuf_printf(out, " * ");
    print_atom(out, t->atoms[i]);
  }
}

static void print_extent(strbuf *out, const extent *e, bool operand) {
  bool sum = operand && (e->count > 1 || (e->count == 1 && (e->terms[0].count > 1 || e->terms[0].coefficient < 0)));
  if (sum) strbuf_putc(out, '(');
  if (e->count == 0) strbuf_putc(out, '0');
  for (unsigned i = 0; i < e->count; i++) print_term(out, &e->terms[i], i == 0);
  if (sum) strbuf_putc(out, ')');
}

const char *extent_text(arena *mem, const extent *e) {
  strbuf out = {.mem = mem};
  print_extent(&out, e, false);
  return strbuf_text(&out);
}

// ---- values

static bool evaluate_atom(const extent_atom *a, const int64_t *values, const int64_t *indices, int64_t *result) {
  if (a->kind == EXTENT_SYMBOL || a->kind == EXTENT_INDEX) {
    *result = a->kind == EXTENT_SYMBOL ? values[a->number] : indices[a->number];
    return true;
  }
  int64_t x;
  int64_t y;
  if (!extent_evaluate(a->x, values, indices, &x) || !extent_evaluate(a->y, values, indices, &y)) return false;
  if (a->kind == EXTENT_MIN) *result = x < y ? x : y;
  if (a->kind == EXTENT_MAX) *result = x > y ? x : y;
  if (a->kind == EXTENT_MIN || a->kind == EXTENT_MAX) return true;
  if (y == 0 || (x == INT64_MIN && y == -1)) return false;
  int64_t rest = x % y;
  bool down = rest != 0 && ((rest < 0) != (y < 0));
  *result = a->kind == EXTENT_DIV ? x / y - down : rest + (down ? y : 0);
  return true;
}

bool extent_evaluate(const extent *e, const int64_t *values, const int64_t *indices, int64_t *result) {
  int64_t sum = 0;
  for (unsigned i = 0; i < e->count; i++) {
    int64_t product = e->terms[i].coefficient;
    for (unsigned k = 0; k < e->terms[i].count; k++) {
      int64_t value;
      if (!evaluate_atom(e->terms[i].atoms[k], values, indices, &value)) return false;
      if (__builtin_mul_overflow(product, value, &product)) return false;
    }
    if (__builtin_add_overflow(sum, product, &sum)) return false;
  }
  *result = sum;
  return true;
}

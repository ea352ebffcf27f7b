// Sizes as text.
#include "ir/extent_form.h"
#include "support/num.h"

static void write_sum(strbuf *out, const extent *e);

// Whether the text is one name, call or number: what needs no parentheses anywhere.
static bool is_simple(const extent *e) {
  int64_t value;
  if (extent_is_constant(e, &value)) return value >= 0;
  if (extent_as_symbol(e) != NULL) return true;
  if (e->term_count != 1 || e->terms[0].coefficient != 1 || e->terms[0].product->factor_count != 1) return false;
  extent_kind kind = e->terms[0].product->factors[0]->kind;
  return kind == EXTENT_MIN || kind == EXTENT_MAX;
}

static void write_operand(strbuf *out, const extent *e) {
  if (!is_simple(e)) strbuf_putc(out, '(');
  write_sum(out, e);
  if (!is_simple(e)) strbuf_putc(out, ')');
}

// A product may stand left of `/` as it is, for operators of products group to the left.
static void write_numerator(strbuf *out, const extent *e) {
  if (e->term_count == 1 && e->terms[0].coefficient > 0) {
    write_sum(out, e);
  } else {
    write_operand(out, e);
  }
}

static void write_leaf(strbuf *out, const extent_atom *atom, bool first) {
  if (atom->kind == EXTENT_MIN || atom->kind == EXTENT_MAX) {
    strbuf_printf(out, atom->kind == EXTENT_MIN ? "min(" : "max(");
    write_sum(out, atom->left);
    strbuf_printf(out, ", ");
    write_sum(out, atom->right);
    strbuf_putc(out, ')');
    return;
  }
  if (!first) strbuf_putc(out, '(');
  write_numerator(out, atom->left);
  strbuf_printf(out, atom->kind == EXTENT_DIV ? " / " : " %% ");
  write_operand(out, atom->right);
  if (!first) strbuf_putc(out, ')');
}

// |coefficient| * product; `bare` when nothing stands before it that takes its first factor for its own.
static void write_product(strbuf *out, uint64_t coefficient, const extent_product *p, bool bare) {
  uint64_t rest = coefficient;
  for (unsigned i = 0; i < p->factor_count; i++) {
    if (p->factors[i]->kind == EXTENT_SYMBOL) rest /= num_gcd(rest, (uint64_t)p->factors[i]->symbol->step);
  }
  bool first = true;
  if (rest != 1 || p->factor_count == 0) {
    strbuf_printf(out, "%llu", (unsigned long long)rest);
    first = false;
  }
  rest = coefficient;
  for (unsigned i = 0; i < p->factor_count; i++) {
    const extent_atom *atom = p->factors[i];
    if (!first) strbuf_printf(out, " * ");
    bool open = first && bare;
    first = false;
    if (atom->kind != EXTENT_SYMBOL) {
      write_leaf(out, atom, open);
      continue;
    }
    uint64_t step = (uint64_t)atom->symbol->step, g = num_gcd(rest, step);
    rest /= g;
    if (step == g) {
      strbuf_printf(out, "%s", atom->symbol->name);
    } else {
      strbuf_printf(out, open ? "%s / %llu" : "(%s / %llu)", atom->symbol->name, (unsigned long long)(step / g));
    }
  }
}

static void write_term(strbuf *out, const extent_term *t, bool first) {
  bool negative = t->coefficient < 0;
  if (first && negative) strbuf_putc(out, '-');
  if (!first) strbuf_printf(out, negative ? " - " : " + ");
  uint64_t size = negative ? 0 - (uint64_t)t->coefficient : (uint64_t)t->coefficient;
  write_product(out, size, t->product, !(first && negative));
}

// A term that is added comes first where there is one.
static void write_sum(strbuf *out, const extent *e) {
  if (e->term_count == 0) strbuf_putc(out, '0');
  size_t head = 0;
  while (head < e->term_count && e->terms[head].coefficient < 0) head++;
  if (head == e->term_count) head = 0;
  for (size_t i = 0; i < e->term_count; i++) {
    size_t at = i == 0 ? head : i <= head ? i - 1 : i;
    write_term(out, &e->terms[at], i == 0);
  }
}

const char *extent_text(arena *a, const extent *e) {
  strbuf out = {.mem = a};
  write_sum(&out, e);
  return strbuf_text(&out);
}

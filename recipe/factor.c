// The pass `factor`: factoring the dot product. Coarse coefficients leave the inner loop: products are summed over a
// `segment` in which no coefficient changes; integer coefficients stay integers up to `float_span`, where the first
// real one changes.
#include "recipe/draft.h"
#include "recipe/spans.h"
#include "support/num.h"

#define MAX_BODY 256

static uint64_t field_group(const scheme *s, const expr *e) {
  uint64_t g = 0;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT)
    if (granularity_is_grouped(&s->fields[e->index].gran)) g = s->fields[e->index].gran.group;
  for (unsigned i = 0; i < e->arg_count; i++) g = num_gcd(g, field_group(s, e->args[i]));
  return g;
}

static bool is_integer_mode(const recipe *r) { return mode_is_integer(r->mode); }

// Weights that share an activation scale which the kernel has to apply; 0: it applies none, or one per token.
static uint64_t scale_group(const recipe *r, bool integer) {
  return integer && act_is_dynamic(&r->act) ? r->act.group : 0;
}

uint64_t draft_common_group(const recipe *r, bool integer) {
  uint64_t g = scale_group(r, integer);
  for (size_t i = 0; i < r->scheme->field_count; i++)
    if (draft_is_grouped(r, i)) g = num_gcd(g, r->scheme->fields[i].gran.group);
  return g;
}

uint64_t draft_span(const recipe *r, uint64_t group) { return group / r->pack.k_group * r->pack.k_padded; }

uint64_t draft_coefficient_span(const recipe *r, const expr *e) {
  uint64_t g = field_group(r->scheme, e);
  return g == 0 ? PREPARED_ROW : draft_span(r, g);
}

static uint64_t narrower(uint64_t a, uint64_t b) {
  if (a == PREPARED_ROW) return b;
  if (b == PREPARED_ROW) return a;
  return num_gcd(a, b);
}

// Spans at which anything, and at which a real number, changes.
static void find_spans(const recipe *r, uint64_t *any, uint64_t *real) {
  *any = *real = PREPARED_ROW;
  if (scale_group(r, is_integer_mode(r)) > 0) *any = *real = draft_span(r, scale_group(r, true));
  for (size_t i = 0; i < r->term_count; i++) {
    const value_term *v = &r->terms[i].value;
    if (v->table_field >= 0 && granularity_is_grouped(&r->scheme->fields[v->table_field].gran))
      *any = *real = narrower(*any, draft_span(r, r->scheme->fields[v->table_field].gran.group));
    for (size_t j = 0; j < v->coefficient_count; j++) {
      uint64_t span = draft_coefficient_span(r, v->coefficients[j]);
      *any = narrower(*any, span);
      if (!v->coefficients[j]->is_int) *real = narrower(*real, span);
    }
  }
}

bool draft_factor(draft *t) {
  recipe *r = t->r;
  // Whole values need no spans: nothing is factored out of them.
  uint64_t g = r->mode == MODE_DECODE ? 0 : draft_common_group(r, is_integer_mode(r));
  r->pack = (packing){0};
  r->pack.k_group = g == 0 ? 1 : g;
  r->pack.k_padded = g == 0 ? 1 : (g + 3) / 4 * 4;
  // A span that is no multiple of whole chunks is unrolled up to where both end: it is padded until that is near.
  for (;; r->pack.k_padded += 4) {
    uint64_t any, real;
    find_spans(r, &any, &real);
    if (r->mode == MODE_PAIR_DOT) any = draft_pairs_segment(any);
    r->segment = any;
    r->float_span = is_integer_mode(r) ? real : any;
    if (g == 0 || matmul_body(any, PREPARED_ROW) <= MAX_BODY) break;
  }
  if (matmul_body(r->segment, r->float_span) > MAX_BODY) r->float_span = r->segment;
  return true;
}

#include "encode/inside.h"

#include <string.h>

#include "support/num.h"
#include "support/vec.h"

// coef * core, see expand.
typedef struct term {
  const expr *coef;
  const expr *core;
} term;

typedef VEC(term) term_list;

typedef struct planner {
  arena *mem;
  const scheme *s;
  encode_plan *plan;
  granularity item;    // fields at this granularity and finer (and k, n) are of the item, coarser ones outer
  const expr *blocked; // where expand failed
} planner;

static const expr *make2(planner *p, expr_op op, const expr *x, const expr *y) {
  const expr **args = ARENA_ARRAY(p->mem, const expr *, 2);
  args[0] = x;
  args[1] = y;
  return expr_make(p->mem, op, 0, 0, 2, args, SRC_NOWHERE);
}

static const expr *one(planner *p) { return expr_int(p->mem, 1, SRC_NOWHERE); }
static bool is_one(const expr *e) { return e->op == EXPR_INT && e->i == 1; }

static const expr *times(planner *p, const expr *x, const expr *y) {
  return is_one(x) ? y : is_one(y) ? x : make2(p, EXPR_MUL, x, y);
}

static int extent_order(uint64_t a, uint64_t b) { return a == b ? 0 : b == 0 || (a != 0 && a < b) ? -1 : 1; }

// A granularity that lies within another goes before it.
static int gran_order(granularity a, granularity b) {
  int rows = extent_order(granularity_rows(&a), granularity_rows(&b));
  return rows != 0 ? rows : extent_order(granularity_columns(&a), granularity_columns(&b));
}

typedef struct dependence {
  bool item, outer;
} dependence;

static bool is_item_field(const planner *p, unsigned f) {
  field_role role = p->plan->roles[f];
  return role == ROLE_CODE || role == ROLE_SELECTOR || gran_order(p->s->fields[f].gran, p->item) <= 0;
}

static dependence depends(const planner *p, const expr *e) {
  dependence d = {.item = e->op == EXPR_VAR || e->op == EXPR_WINDOW};
  if (e->op == EXPR_FIELD || (e->op == EXPR_ELEMENT && p->plan->roles[e->index] != ROLE_TABLE)) {
    d.item = is_item_field(p, e->index);
    d.outer = !d.item;
  }
  for (unsigned i = 0; i < e->arg_count; i++) {
    dependence part = depends(p, e->args[i]);
    d.item |= part.item;
    d.outer |= part.outer;
  }
  return d;
}

static bool expand(planner *p, const expr *e, term_list *out);

static void push(planner *p, term_list *out, const expr *coef, const expr *core) {
  vec_push(p->mem, out, ((term){.coef = coef, .core = core}));
}

static bool blocked(planner *p, const expr *e) {
  p->blocked = e;
  return false;
}

// All terms of e, their cores multiplied by `factor`.
static bool expand_times(planner *p, const expr *e, const expr *factor, term_list *out) {
  term_list list = {0};
  if (!expand(p, e, &list)) return false;
  for (size_t i = 0; i < list.len; i++) push(p, out, list.data[i].coef, times(p, list.data[i].core, factor));
  return true;
}

static bool expand_product(planner *p, const expr *e, term_list *out) {
  enum { LIMIT = 64 };
  term_list a = {0}, b = {0};
  if (!expand(p, e->args[0], &a) || !expand(p, e->args[1], &b)) return false;
  if (a.len * b.len > LIMIT) return blocked(p, e);
  for (size_t i = 0; i < a.len; i++)
    for (size_t j = 0; j < b.len; j++)
      push(p, out, times(p, a.data[i].coef, b.data[j].coef), times(p, a.data[i].core, b.data[j].core));
  return true;
}

// The divisor must be wholly of the item or wholly outer.
static bool expand_quotient(planner *p, const expr *e, term_list *out) {
  dependence d = depends(p, e->args[1]);
  term_list a = {0};
  if (e->is_int || (d.item && d.outer)) return blocked(p, e);
  if (!expand(p, e->args[0], &a)) return false;
  for (size_t i = 0; i < a.len; i++) {
    // The product with 1.0 keeps the quotient a real one.
    const expr *coef = a.data[i].coef, *core = a.data[i].core, *one = expr_real(p->mem, 1, SRC_NOWHERE);
    if (d.outer)
      coef = make2(p, EXPR_DIV, make2(p, EXPR_MUL, coef, one), e->args[1]);
    else
      core = make2(p, EXPR_DIV, make2(p, EXPR_MUL, core, one), e->args[1]);
    push(p, out, coef, core);
  }
  return true;
}

// A choice by the item's fields is a sum of both branches, each times 0 or 1.
static bool expand_choice(planner *p, const expr *e, term_list *out) {
  if (depends(p, e->args[0]).outer) return blocked(p, e);
  const expr *no = make2(p, EXPR_EQ, e->args[0], expr_int(p->mem, 0, SRC_NOWHERE));
  const expr *yes = make2(p, EXPR_SUB, one(p), no);
  return expand_times(p, e->args[1], yes, out) && expand_times(p, e->args[2], no, out);
}

static const expr *minus_one(planner *p) { return expr_int(p->mem, -1, SRC_NOWHERE); }

// Writes e as a sum of products of an outer coefficient and a core of the item; false when it is no such sum.
static bool expand(planner *p, const expr *e, term_list *out) {
  dependence d = depends(p, e);
  if (!d.outer) return push(p, out, one(p), e), true;
  if (!d.item) return push(p, out, e, one(p)), true;
  switch (e->op) {
  case EXPR_ADD: return expand(p, e->args[0], out) && expand(p, e->args[1], out);
  case EXPR_SUB: return expand(p, e->args[0], out) && expand_times(p, e->args[1], minus_one(p), out);
  case EXPR_NEG: return expand_times(p, e->args[0], minus_one(p), out);
  case EXPR_MUL: return expand_product(p, e, out);
  case EXPR_DIV: return expand_quotient(p, e, out);
  case EXPR_SELECT: return expand_choice(p, e, out);
  default: return blocked(p, e);
  }
}

// Joins terms with equal coefficients, then those with equal cores.
static void join_terms(planner *p, term_list *list) {
  for (int by_core = 0; by_core < 2; by_core++)
    for (size_t i = 0; i < list->len; i++)
      for (size_t j = i + 1; j < list->len;) {
        term *a = &list->data[i], *b = &list->data[j];
        if (!expr_equal(by_core ? a->core : a->coef, by_core ? b->core : b->coef)) {
          j++;
          continue;
        }
        if (by_core)
          a->coef = make2(p, EXPR_ADD, a->coef, b->coef);
        else
          a->core = make2(p, EXPR_ADD, a->core, b->core);
        *b = list->data[--list->len];
      }
}

// Places the terms of output `row`; equal coefficients of several rows are one term. The new coefficients, which are
// the outputs of the next level, are collected in `coefs`.
static bool place_terms(planner *p, plan_level *l, size_t row, const term_list *list, const expr **coefs) {
  for (size_t i = 0; i < list->len; i++) {
    size_t t = 0;
    while (t < l->terms && !expr_equal(coefs[t], list->data[i].coef)) t++;
    if (t == PLAN_TERMS) return blocked(p, list->data[i].coef);
    if (t == l->terms) coefs[l->terms++] = list->data[i].coef;
    l->core[row][t] = list->data[i].core;
  }
  return true;
}

bool encode_plan_uses(const expr *e, unsigned f) {
  if (e->op == EXPR_FIELD && e->index == f) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (encode_plan_uses(e->args[i], f)) return true;
  return false;
}

// Whether e is a polynomial of degree one at most in field f.
static bool is_affine(const expr *e, unsigned f) {
  if (!encode_plan_uses(e, f) || e->op == EXPR_FIELD) return true;
  const expr *a = e->args[0], *b = e->arg_count > 1 ? e->args[1] : NULL;
  switch (e->op) {
  case EXPR_NEG: return is_affine(a, f);
  case EXPR_ADD:
  case EXPR_SUB: return is_affine(a, f) && is_affine(b, f);
  case EXPR_MUL: return is_affine(a, f) && is_affine(b, f) && !(encode_plan_uses(a, f) && encode_plan_uses(b, f));
  case EXPR_DIV: return !e->is_int && is_affine(a, f) && !encode_plan_uses(b, f);
  case EXPR_SELECT: return !encode_plan_uses(a, f) && is_affine(b, f) && is_affine(e->args[2], f);
  default: return false;
  }
}

// Whether e, of degree one in f, may have a term with both f and g.
static bool multiplies(const expr *e, unsigned f, unsigned g) {
  if (!encode_plan_uses(e, f) || !encode_plan_uses(e, g)) return false;
  if (e->op == EXPR_NEG) return multiplies(e->args[0], f, g);
  if (e->op == EXPR_ADD || e->op == EXPR_SUB) return multiplies(e->args[0], f, g) || multiplies(e->args[1], f, g);
  return true;
}

// Which signs a value can have.
typedef struct signs {
  bool negative, positive;
} signs;

static signs number_signs(double x) { return (signs){.negative = x < 0, .positive = x > 0}; }

static signs signs_of(const scheme *s, const expr *e) {
  signs a = {.negative = true, .positive = true}, b = a;
  if (e->op == EXPR_INT) return number_signs((double)e->i);
  if (e->op == EXPR_REAL) return number_signs(e->r);
  if (e->op == EXPR_FIELD)
    return (signs){.negative = elem_get(s->fields[e->index].type)->kind != ELEM_KIND_UINT, .positive = true};
  if (e->op == EXPR_EXP2 || e->op == EXPR_ABS) return (signs){.positive = true};
  if (e->arg_count > 0) a = signs_of(s, e->args[0]);
  if (e->arg_count > 1) b = signs_of(s, e->args[1]);
  switch (e->op) {
  case EXPR_NEG: return (signs){.negative = a.positive, .positive = a.negative};
  case EXPR_ADD: return (signs){.negative = a.negative || b.negative, .positive = a.positive || b.positive};
  case EXPR_SUB: return (signs){.negative = a.negative || b.positive, .positive = a.positive || b.negative};
  case EXPR_MUL:
  case EXPR_DIV:
    return (signs){.negative = (a.negative && b.positive) || (a.positive && b.negative),
                   .positive = (a.positive && b.positive) || (a.negative && b.negative)};
  default: return (signs){.negative = true, .positive = true};
  }
}

static void describe_terms(const scheme *s, plan_level *l, const expr *const *coefs) {
  for (size_t t = 0; t < l->terms; t++) {
    signs x = signs_of(s, coefs[t]);
    l->fixed[t] = is_one(coefs[t]);
    l->negative[t] = x.negative;
    l->positive[t] = x.positive;
  }
}

static void describe_fields(plan_level *l) {
  for (size_t i = 0; i < l->field_count; i++) {
    l->affine[i] = true;
    l->partners[i] = 0;
    for (size_t c = 0; c < l->rows * l->terms; c++) {
      const expr *core = l->core[c / l->terms][c % l->terms];
      if (core == NULL) continue;
      l->affine[i] &= is_affine(core, l->fields[i]);
      for (size_t j = 0; j < l->field_count; j++)
        if (j != i && encode_plan_uses(core, l->fields[i]) && encode_plan_uses(core, l->fields[j]) &&
            multiplies(core, l->fields[i], l->fields[j]))
          l->partners[i] |= 1u << j;
    }
  }
}

// Splits the outputs of one level; the outputs of the next replace them.
static bool split_level(planner *p, plan_level *l, const expr **outputs, size_t *count) {
  const expr *coefs[PLAN_TERMS];
  p->item = l->gran;
  l->rows = *count;
  l->terms = 0;
  memset(l->core, 0, sizeof l->core);
  for (size_t r = 0; r < *count; r++) {
    term_list list = {0};
    if (!expand(p, outputs[r], &list)) return false;
    join_terms(p, &list);
    if (!place_terms(p, l, r, &list, coefs)) return false;
  }
  describe_fields(l);
  describe_terms(p->s, l, coefs);
  *count = l->terms;
  memcpy(outputs, coefs, l->terms * sizeof *coefs);
  return true;
}

// A row, or less where stored tables are for less: what is encoded at once when nothing is shared but tables.
static granularity finest_table(const planner *p) {
  granularity finest = {.kind = GRAN_ROW};
  for (unsigned f = 0; f < p->s->field_count; f++)
    if (p->plan->roles[f] == ROLE_TABLE && gran_order(p->s->fields[f].gran, finest) < 0) finest = p->s->fields[f].gran;
  return finest;
}

// Levels by granularity, each with its scalar fields; false when there are too many.
static bool collect_levels(planner *p) {
  encode_plan *plan = p->plan;
  plan->level_count = 1;
  plan->levels[0] = (plan_level){.gran = {.kind = GRAN_WEIGHT, .group = 1}};
  for (unsigned f = 0; f < p->s->field_count; f++) {
    if (plan->roles[f] != ROLE_LEVEL) continue;
    size_t at = 1;
    granularity g = p->s->fields[f].gran;
    while (at < plan->level_count && gran_order(plan->levels[at].gran, g) < 0) at++;
    if (at == plan->level_count || gran_order(plan->levels[at].gran, g) != 0) {
      if (plan->level_count == PLAN_LEVELS) return false;
      memmove(&plan->levels[at + 1], &plan->levels[at], (plan->level_count - at) * sizeof *plan->levels);
      plan->levels[at] = (plan_level){.gran = g};
      plan->level_count++;
    }
    plan_level *l = &plan->levels[at];
    if (l->field_count == PLAN_FIELDS) return false;
    l->fields[l->field_count++] = f;
  }
  if (plan->level_count == 1) plan->levels[plan->level_count++] = (plan_level){.gran = finest_table(p)};
  return true;
}

static uint64_t gran_weights(granularity g) { return g.kind == GRAN_WEIGHT ? 1 : g.group; }

static bool divides(uint64_t inner, uint64_t outer) { return outer == 0 || (inner != 0 && outer % inner == 0); }

static bool nested(granularity inner, granularity outer) {
  return divides(granularity_rows(&inner), granularity_rows(&outer)) &&
         divides(granularity_columns(&inner), granularity_columns(&outer));
}

// Integer fields that only trying can find (not affine, or floats that are not) end structure unless few bits wide.
static bool can_solve(const planner *p, const plan_level *l) {
  for (size_t i = 0; i < l->field_count; i++) {
    const elem_info *e = elem_get(p->s->fields[l->fields[i]].type);
    if (!l->affine[i] && (e->kind == ELEM_KIND_FLOAT || e->bits > 8)) return false;
  }
  return true;
}

static bool split_levels(planner *p) {
  encode_plan *plan = p->plan;
  const expr *outputs[PLAN_TERMS] = {p->plan->value};
  size_t count = 1;
  for (size_t i = 0; i < plan->level_count; i++) {
    plan_level *l = &plan->levels[i];
    if (i > 1 && !nested(plan->levels[i - 1].gran, l->gran)) return false;
    if (!split_level(p, l, outputs, &count) || (i > 0 && !can_solve(p, l))) return false;
  }
  return true;
}

// An output of either sign can be followed exactly only where the next level has a field for it of its own, of both
// signs. Elsewhere its neighbours share a field, so all should have one sign.
static void restrict_signs(planner *p) {
  for (size_t i = 0; i + 1 < p->plan->level_count; i++) {
    plan_level *l = &p->plan->levels[i], *above = &p->plan->levels[i + 1];
    for (size_t t = 0; t < l->terms; t++) {
      size_t parts = 0;
      signs x = {.negative = false};
      for (size_t j = 0; j < above->terms; j++) {
        if (above->core[t][j] == NULL) continue;
        parts++;
        x = signs_of(p->s, above->core[t][j]);
      }
      if ((parts > 1 || !x.negative || !x.positive) && l->positive[t]) l->negative[t] = false;
    }
  }
}

// Makes the coarse fields in e selectors; false when one cannot be (a float, or too many values).
static bool select_fields(planner *p, const expr *e) {
  field_role *roles = p->plan->roles;
  if (e->op == EXPR_FIELD && roles[e->index] == ROLE_LEVEL) {
    if (elem_get(p->s->fields[e->index].type)->kind == ELEM_KIND_FLOAT) return false;
    roles[e->index] = ROLE_SELECTOR;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!select_fields(p, e->args[i])) return false;
  return true;
}

static bool is_selector(const planner *p, unsigned f) { return p->plan->roles[f] == ROLE_SELECTOR; }

// The cell: the coarsest granularity of selectors. All others divide it, and it divides that of the first level.
static bool find_cell(planner *p) {
  uint64_t cell = 0;
  for (unsigned f = 0; f < p->s->field_count; f++) {
    granularity g = p->s->fields[f].gran;
    if (!is_selector(p, f)) continue;
    if (g.kind != GRAN_WEIGHT && g.kind != GRAN_GROUP) return false;
    if (cell < gran_weights(g)) cell = gran_weights(g);
  }
  p->plan->cell = cell;
  for (unsigned f = 0; f < p->s->field_count; f++)
    if (is_selector(p, f) && cell % gran_weights(p->s->fields[f].gran) != 0) return false;
  uint64_t least = cell > p->plan->span ? cell : p->plan->span;
  return least == 0 || nested((granularity){.kind = GRAN_GROUP, .group = least}, p->plan->levels[1].gran);
}

// Integers as fine as the selectors are better chosen together with them. True when there are such.
static bool join_selectors(planner *p) {
  enum { JOINT_BITS = 8 };
  bool joined = false;
  for (unsigned f = 0; f < p->s->field_count && p->plan->cell > 1; f++) {
    const scheme_field *x = &p->s->fields[f];
    const elem_info *e = elem_get(x->type);
    if (p->plan->roles[f] != ROLE_LEVEL || e->kind == ELEM_KIND_FLOAT || e->bits > JOINT_BITS) continue;
    if (x->gran.kind != GRAN_GROUP || p->plan->cell % x->gran.group != 0) continue;
    p->plan->roles[f] = ROLE_SELECTOR;
    joined = true;
  }
  return joined;
}

// One float per weight is rounded directly; codes of single weights are tried, so they must be few.
static bool check_codes(const planner *p) {
  unsigned bits = 0, count = 0, wide_floats = 0;
  for (unsigned f = 0; f < p->s->field_count; f++) {
    if (p->plan->roles[f] != ROLE_CODE) continue;
    const elem_info *e = elem_get(p->s->fields[f].type);
    count++;
    bits += e->bits;
    wide_floats += e->kind == ELEM_KIND_FLOAT && e->bits > SCHEME_MAX_CODE_BITS;
  }
  if (wide_floats > 0) return count == 1 && p->plan->cell == 0 && p->plan->levels[0].terms == 1;
  return p->plan->cell > 0 || bits <= PLAN_CODE_BITS;
}

// c where e is `k / c`, 1 where it is k, 0 elsewhere.
static uint64_t column_divisor(const expr *e) {
  if (e->op == EXPR_VAR) return e->index == VAR_K;
  bool quotient = e->op == EXPR_DIV && e->is_int && e->args[1]->op == EXPR_INT && e->args[1]->i >= 1;
  return quotient && column_divisor(e->args[0]) == 1 ? (uint64_t)e->args[1]->i : 0;
}

// The least common period of e along k, 0 when it has none that is found or is too long. A value may depend on its
// place by `k % constant` and `k / constant % constant` only.
static uint64_t period_of(const expr *e) {
  enum { LIMIT = 256 };
  if (e->op == EXPR_VAR) return 0;
  uint64_t turn = e->op == EXPR_MOD ? column_divisor(e->args[0]) : 0;
  if (turn > 0 && turn <= LIMIT && e->args[1]->op == EXPR_INT) {
    uint64_t times = e->args[1]->i >= 1 && e->args[1]->i <= LIMIT ? (uint64_t)e->args[1]->i : 0;
    return turn * times <= LIMIT ? turn * times : 0;
  }
  uint64_t period = 1;
  for (unsigned i = 0; i < e->arg_count; i++) {
    uint64_t part = period_of(e->args[i]);
    period = part == 0 ? 0 : period / num_gcd(period, part) * part;
    if (period == 0 || period > LIMIT) return 0;
  }
  return period;
}

// A stored table may not take part in what is solved for above the weights.
static bool has_element(const expr *e) {
  if (e->op == EXPR_ELEMENT) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (has_element(e->args[i])) return true;
  return false;
}

static bool tables_stay_below(const encode_plan *plan) {
  for (size_t i = 1; i < plan->level_count; i++)
    for (size_t c = 0; c < plan->levels[i].rows * plan->levels[i].terms; c++) {
      const expr *core = plan->levels[i].core[c / plan->levels[i].terms][c % plan->levels[i].terms];
      if (core != NULL && has_element(core)) return false;
    }
  return true;
}

// A unit, one granule of the outermost level, uses one table.
static bool tables_span_units(const encode_plan *plan) {
  granularity top = plan->levels[plan->level_count - 1].gran;
  for (size_t f = 0; f < plan->scheme->field_count; f++) {
    granularity g = plan->scheme->fields[f].gran;
    if (plan->roles[f] == ROLE_TABLE && (gran_order(g, top) < 0 || !nested(top, g))) return false;
  }
  return true;
}

static bool uses_fields(const expr *e) {
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (uses_fields(e->args[i])) return true;
  return false;
}

// Whether some field decides which element of field f is used: then it is a table, otherwise a few numbers side by side.
static bool is_looked_up(const expr *e, unsigned f) {
  if (e->op == EXPR_ELEMENT && e->index == f && uses_fields(e->args[0])) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (is_looked_up(e->args[i], f)) return true;
  return false;
}

static field_role role_of(const scheme *s, unsigned f) {
  const scheme_field *x = &s->fields[f];
  bool fine = x->gran.kind == GRAN_WEIGHT || x->gran.kind == GRAN_GROUP;
  bool integer = elem_get(x->type)->kind != ELEM_KIND_FLOAT;
  if (x->rank == 0) return x->gran.kind == GRAN_WEIGHT ? ROLE_CODE : ROLE_LEVEL;
  return fine && integer && !is_looked_up(s->value, f) ? ROLE_SELECTOR : ROLE_TABLE;
}

static void assign_roles(encode_plan *plan, const scheme *s) {
  for (unsigned f = 0; f < s->field_count; f++) {
    plan->roles[f] = role_of(s, f);
    plan->has_tables |= plan->roles[f] == ROLE_TABLE;
  }
}

// The least span of the windows in e; 0 without any.
static uint64_t window_span(const expr *e) {
  uint64_t span = e->op == EXPR_WINDOW ? (uint64_t)e->args[1]->i : 0;
  for (unsigned i = 0; i < e->arg_count; i++) {
    uint64_t part = window_span(e->args[i]);
    if (part > 0 && (span == 0 || part < span)) span = part;
  }
  return span;
}

static bool is_field(const expr *e, unsigned f) { return e->op == EXPR_FIELD && e->index == f; }

// A product in a divisor: x / (f * g) is x / f / g.
static bool is_real_product(const expr *e) { return e->op == EXPR_MUL && !e->is_int; }

// Whether f occurs as the divisor of real quotients only, or as a factor of such divisors.
static bool only_divides(const expr *e, unsigned f, bool divisor) {
  if (is_field(e, f)) return divisor;
  for (unsigned i = 0; i < e->arg_count; i++) {
    bool below = e->op == EXPR_DIV && !e->is_int && i == 1;
    if (!only_divides(e->args[i], f, below || (divisor && is_real_product(e)))) return false;
  }
  return true;
}

static const expr *with_op(arena *a, const expr *e, expr_op op, const expr *x, const expr *y) {
  const expr **args = ARENA_ARRAY(a, const expr *, 2);
  expr *copy = arena_memdup(a, e, sizeof *e);
  args[0] = x;
  args[1] = y;
  copy->op = op;
  copy->args = args;
  return copy;
}

static const expr *multiply_instead(arena *a, const expr *e, const bool *inverse);

// e / divisor, factor by factor: by those that are inverted it is multiplied. `e` gives the type and the place.
static const expr *divide(arena *a, const expr *e, const expr *number, const expr *divisor, const bool *inverse) {
  if (is_real_product(divisor))
    return divide(a, e, divide(a, e, number, divisor->args[0], inverse), divisor->args[1], inverse);
  bool swap = divisor->op == EXPR_FIELD && inverse[divisor->index];
  return with_op(a, e, swap ? EXPR_MUL : EXPR_DIV, number, multiply_instead(a, divisor, inverse));
}

static const expr *multiply_instead(arena *a, const expr *e, const bool *inverse) {
  if (e->arg_count == 0) return e;
  if (e->op == EXPR_DIV && !e->is_int)
    return divide(a, e, multiply_instead(a, e->args[0], inverse), e->args[1], inverse);
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = multiply_instead(a, e->args[i], inverse);
  expr *copy = arena_memdup(a, e, sizeof *e);
  copy->args = args;
  return copy;
}

static void invert_divisors(arena *a, encode_plan *plan, const scheme *s) {
  plan->inverse = ARENA_ARRAY(a, bool, s->field_count);
  for (unsigned f = 0; f < s->field_count; f++)
    plan->inverse[f] = plan->roles[f] == ROLE_LEVEL && elem_get(s->fields[f].type)->kind == ELEM_KIND_FLOAT &&
                       encode_plan_uses(s->value, f) && only_divides(s->value, f, false);
  plan->value = multiply_instead(a, s->value, plan->inverse);
}

encode_plan *encode_plan_new(arena *a, const scheme *s) {
  encode_plan *plan = ARENA_NEW(a, encode_plan);
  planner p = {.mem = a, .s = s, .plan = plan};
  plan->scheme = s;
  plan->roles = ARENA_ARRAY(a, field_role, s->field_count);
  plan->period = (size_t)period_of(s->value);
  plan->span = window_span(s->value);
  assign_roles(plan, s);
  invert_divisors(a, plan, s);
  if (plan->period == 0) return plan;
  // Each failure makes at least one more field a selector, so this ends.
  for (size_t attempt = 0; attempt <= 2 * s->field_count; attempt++) {
    p.blocked = NULL;
    if (!collect_levels(&p)) return plan;
    if (split_levels(&p)) {
      bool cells = find_cell(&p);
      if (cells && join_selectors(&p)) continue;
      plan->structured = cells && check_codes(&p) && tables_stay_below(plan) && tables_span_units(plan);
      restrict_signs(&p);
      return plan;
    }
    plan->blocked = p.blocked;
    if (p.blocked == NULL || p.item.kind != GRAN_WEIGHT || !select_fields(&p, p.blocked)) return plan;
  }
  return plan;
}

/* Note [Levels]

A value is written as a chain of linear forms, one for each granularity from the weight outwards. At level 0

    value = core_1(codes) * a_1 + core_2(codes) * a_2 + ..

where the cores depend on the codes of the weight only and a_1, a_2, .. on coarser fields only: for
`d * sc * code - dmin * mn` the cores are `code` and -1, and a_1 = d * sc, a_2 = dmin * mn. The a_i are the outputs of
level 1, which splits them again by its own fields: a_1 = sc * d, a_2 = mn * dmin; then d and dmin are the outputs of
level 2, whose coefficients are the constant 1.

Encoding goes up first: for each granule of the lowest level the best real a_i are fitted, and how the error grows
around them (a quadratic form). One level higher these are the targets, with the quadratic form as weight, and the
fields of the level take the role that codes had. At the top the coefficients are constants, so real fields of the file
can be chosen; then all goes down again, each level rounding its fields given what the levels above have become, until
the codes are chosen once more.

Integer fields that do not fit (they choose between vectors or tables, shift codes, ..) are selectors: codes of cells, see
Note [Cells] in encode/encode_cell_plan.c. Whatever is left over goes to the general search (encode/encode_search.c). */

// The pass `normalise`: the value expression as a sum of products, each product coarse coefficients times one core
// that depends on the weight's code alone. Cores are tabulated over every joint code, so it does not matter how they
// were written.
#include <math.h>
#include <string.h>

#include "format/expr_range.h"
#include "format/tensor_codes.h"
#include "recipe/normalise.h"

#define MAX_DERIVED 256 // values of a derived part

typedef VEC(const expr *) expr_list;

typedef struct product {
  double factor;
  expr_list coefficients;
  expr_list cores;
  const expr *vector;  // an integer expression of the position, NULL: none
  const expr *element; // a stored table looked up by the code, NULL: none
} product;

typedef struct sum {
  VEC(product) products;
} sum;

typedef struct context {
  arena *mem;
  const scheme *scheme;
  bool exact; // codes must not grow
  const char *reason;
  value_sets sets;
  diag *d;
  const normal_form *code; // described, without terms
  const tensor_codes *all; // weight c has the joint code c; NULL: not yet
} context;

unsigned lower_dependence(const scheme *s, const expr *e) {
  unsigned d = 0;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT)
    d |= s->fields[e->index].gran.kind == GRAN_WEIGHT ? DEPENDS_WEIGHT : DEPENDS_COARSE;
  // A table of each weight is no field that a code is made of: what is computed from it is, as with windows.
  if (e->op == EXPR_ELEMENT && d == DEPENDS_WEIGHT) d |= DEPENDS_POSITION;
  if (e->op == EXPR_VAR) d |= DEPENDS_POSITION;
  if (e->op == EXPR_WINDOW) d |= DEPENDS_WEIGHT | DEPENDS_POSITION;
  for (unsigned i = 0; i < e->arg_count; i++) d |= lower_dependence(s, e->args[i]);
  return d;
}

static bool refuse(context *c, const char *why) {
  if (c->reason == NULL) c->reason = why;
  return false;
}

static double constant(context *c, const expr *e) {
  tensor_codes none = {.scheme = c->scheme};
  return scheme_eval(&none, e, 0, 0);
}

static void push_product(context *c, sum *out, product p) { vec_push(c->mem, &out->products, p); }

// A product of coarse factors, taken apart so that integers and reals can be told from each other later.
static void add_coarse(context *c, product *p, const expr *e) {
  if (lower_dependence(c->scheme, e) == 0) {
    p->factor *= constant(c, e);
  } else if (e->op == EXPR_MUL) {
    add_coarse(c, p, e->args[0]);
    add_coarse(c, p, e->args[1]);
  } else if (e->op == EXPR_NEG) {
    p->factor = -p->factor;
    add_coarse(c, p, e->args[0]);
  } else {
    vec_push(c->mem, &p->coefficients, e);
  }
}

static bool expand(context *c, const expr *e, double sign, sum *out);

static const expr *make_binary(context *c, expr_op op, const expr *x, const expr *y) {
  const expr **args = ARENA_ARRAY(c->mem, const expr *, 2);
  args[0] = x;
  args[1] = y;
  return expr_make(c->mem, op, 0, 0, 2, args, x->loc);
}

static product multiply(context *c, const product *x, const product *y) {
  product p = {.factor = x->factor * y->factor, .element = x->element != NULL ? x->element : y->element};
  const product *both[] = {x, y};
  p.vector = x->vector == NULL ? y->vector : x->vector;
  if (x->vector != NULL && y->vector != NULL) p.vector = make_binary(c, EXPR_MUL, x->vector, y->vector);
  for (size_t i = 0; i < 2; i++) {
    for (size_t j = 0; j < both[i]->coefficients.len; j++)
      vec_push(c->mem, &p.coefficients, both[i]->coefficients.data[j]);
    for (size_t j = 0; j < both[i]->cores.len; j++) vec_push(c->mem, &p.cores, both[i]->cores.data[j]);
  }
  return p;
}

static bool expand_product(context *c, const expr *e, double sign, sum *out) {
  sum a = {0}, b = {0};
  if (!expand(c, e->args[0], sign, &a) || !expand(c, e->args[1], 1, &b)) return false;
  if (a.products.len * b.products.len > 64) return refuse(c, "the value expands to too many products");
  for (size_t i = 0; i < a.products.len; i++) {
    for (size_t j = 0; j < b.products.len; j++) {
      if (a.products.data[i].element != NULL && b.products.data[j].element != NULL)
        return refuse(c, "a product of two stored look-ups");
      if (a.products.data[i].element != NULL ? b.products.data[j].cores.len > 0
                                             : b.products.data[j].element != NULL && a.products.data[i].cores.len > 0)
        return refuse(c, "a stored look-up is multiplied by another function of the code");
      push_product(c, out, multiply(c, &a.products.data[i], &b.products.data[j]));
    }
  }
  return true;
}

static bool expand_quotient(context *c, const expr *e, double sign, sum *out) {
  if (e->is_int) return refuse(c, "an integer division mixes codes with coarser fields");
  unsigned divisor = lower_dependence(c->scheme, e->args[1]);
  if ((divisor & DEPENDS_WEIGHT) != 0 && (divisor & DEPENDS_COARSE) != 0)
    return refuse(c, "a divisor mixes codes with coarser fields");
  const expr *one = expr_real(c->mem, 1, e->loc);
  const expr *inverse = make_binary(c, EXPR_DIV, one, e->args[1]);
  return expand_product(c, make_binary(c, EXPR_MUL, e->args[0], inverse), sign, out);
}

// A tensor of one row in which weight c has the joint code c.
static tensor_codes *all_codes(diag *d, context *c, const normal_form *nf) {
  uint64_t count = UINT64_C(1) << nf->code_bits;
  scheme *fields = arena_memdup(c->mem, c->scheme, sizeof *fields);
  fields->value = NULL; // these codes are no row: windows have no meaning here, and ask for no length
  tensor_codes *t = tensor_codes_new(d, c->mem, fields, 1, count);
  if (t == NULL) return NULL;
  for (size_t i = 0; i < nf->part_count; i++) {
    if (nf->parts[i].derived_count > 0) continue;
    elem_type type = c->scheme->fields[nf->parts[i].field].type;
    uint64_t mask = (UINT64_C(1) << elem_get(type)->bits) - 1;
    for (uint64_t code = 0; code < count; code++) {
      int64_t value = (int64_t)(code >> nf->parts[i].shift & mask) + elem_min(type);
      t->elements[nf->parts[i].field][code] = (uint32_t)((uint64_t)value & mask);
    }
  }
  return t;
}

// ---- codes and an integer of few values ------------------------------------------------------------------

static const double *levels_of(void *state, const expr *e) {
  context *c = state;
  if (c->all == NULL) c->all = all_codes(c->d, c, c->code);
  if (c->all == NULL) return NULL;
  uint64_t codes = UINT64_C(1) << c->code->code_bits;
  double *levels = ARENA_ARRAY(c->mem, double, codes);
  for (uint64_t code = 0; code < codes; code++) levels[code] = scheme_eval(c->all, e, 0, code);
  return levels;
}

// Sums and products are taken apart by expand_mixed.
static bool expand_few(context *c, const expr *e, double sign, sum *out) {
  few_sum few;
  bool arithmetic = e->op == EXPR_NEG || e->op == EXPR_ADD || e->op == EXPR_SUB || e->op == EXPR_MUL;
  bool parts = arithmetic || (e->op == EXPR_DIV && !e->is_int);
  if (parts || c->code->code_bits == 0 || c->code->code_bits > SCHEME_MAX_CODE_BITS) return false;
  if (!lower_few_rows(c->mem, &c->sets, e, levels_of, c, UINT64_C(1) << c->code->code_bits, &few)) return false;
  for (size_t i = 0; i < few.count; i++) {
    product p = {.factor = sign};
    add_coarse(c, &p, few.coefficients[i]);
    if (few.cores[i] != NULL) vec_push(c->mem, &p.cores, few.cores[i]);
    if (p.factor != 0) push_product(c, out, p);
  }
  return true;
}

static bool expand_mixed(context *c, const expr *e, double sign, sum *out) {
  if (expand_few(c, e, sign, out)) return true;
  switch (e->op) {
  case EXPR_NEG: return expand(c, e->args[0], -sign, out);
  case EXPR_ADD: return expand(c, e->args[0], sign, out) && expand(c, e->args[1], sign, out);
  case EXPR_SUB: return expand(c, e->args[0], sign, out) && expand(c, e->args[1], -sign, out);
  case EXPR_MUL: return expand_product(c, e, sign, out);
  case EXPR_DIV: return expand_quotient(c, e, sign, out);
  case EXPR_ELEMENT:
    if (c->scheme->fields[e->index].gran.kind != GRAN_WEIGHT &&
        lower_dependence(c->scheme, e->args[0]) == DEPENDS_WEIGHT) {
      push_product(c, out, (product){.factor = sign, .element = e});
      return true;
    }
    return refuse(c, "a stored table is looked up by more than the code");
  default: return refuse(c, "codes and coarser fields are mixed by more than sums and products");
  }
}

// Sums and products are taken apart, which is the same only while integers do not wrap around.
static bool may_wrap(const range_env *env, const expr *e) {
  bool wraps = e->op == EXPR_NEG || e->op == EXPR_ADD || e->op == EXPR_SUB || e->op == EXPR_MUL;
  if (wraps && e->is_int) {
    expr_range r = expr_int_range(env, e);
    if (r.min == INT64_MIN && r.max == INT64_MAX) return true;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (may_wrap(env, e->args[i])) return true;
  return false;
}

// What depends on the position is a factor of its own when it has few values; sums and products around it are taken apart.
static bool expand_position(context *c, const expr *e, double sign, sum *out) {
  value_set set;
  if (value_set_of(&c->sets, e, &set) && set.count <= MAX_DERIVED) {
    push_product(c, out, (product){.factor = sign, .vector = e});
    return true;
  }
  bool taken_apart = e->op == EXPR_NEG || e->op == EXPR_ADD || e->op == EXPR_SUB || e->op == EXPR_MUL;
  return taken_apart ? expand_mixed(c, e, sign, out) : refuse(c, "the value depends on the weight's position");
}

static bool expand(context *c, const expr *e, double sign, sum *out) {
  unsigned d = lower_dependence(c->scheme, e);
  if ((d & DEPENDS_POSITION) != 0) return expand_position(c, e, sign, out);
  if ((d & DEPENDS_WEIGHT) == 0) {
    product p = {.factor = sign};
    add_coarse(c, &p, e);
    push_product(c, out, p);
    return true;
  }
  if ((d & DEPENDS_COARSE) == 0) {
    product p = {.factor = sign};
    vec_push(c->mem, &p.cores, e);
    push_product(c, out, p);
    return true;
  }
  return expand_mixed(c, e, sign, out);
}

static bool same_coefficients(const expr_list *a, const expr_list *b) {
  if (a->len != b->len || a->len > 63) return false;
  uint64_t used = 0;
  for (size_t i = 0; i < a->len; i++) {
    size_t j = 0;
    while (j < b->len && ((used >> j & 1) != 0 || !expr_equal(a->data[i], b->data[j]))) j++;
    if (j == b->len) return false;
    used |= UINT64_C(1) << j;
  }
  return true;
}

// The value of a derived part that is in a joint code; numbers that no value has stand for the last one.
static double derived_value(const normal_form *nf, const expr *e, uint64_t code) {
  size_t i = 0;
  while (nf->parts[i].derived_count == 0 || nf->parts[i].derived[0] != e) i++;
  const code_part *p = &nf->parts[i];
  uint64_t number = code >> p->shift & ((UINT64_C(1) << code_part_bits(NULL, p)) - 1);
  return (double)p->derived[number + 1 < p->derived_count ? number + 1 : p->derived_count - 1]->i;
}

static void tabulate(context *c, const normal_form *nf, const product *p, const tensor_codes *t, uint64_t count,
                     double *levels) {
  for (uint64_t code = 0; code < count; code++) {
    double value = p->factor;
    if (p->vector != NULL) value *= derived_value(nf, p->vector, code);
    for (size_t i = 0; i < p->cores.len; i++) value *= scheme_eval(t, p->cores.data[i], 0, code);
    if (p->element != NULL) value = scheme_eval(t, p->element->args[0], 0, code);
    levels[code] += value;
  }
  (void)c;
}

typedef struct term_draft {
  expr_list coefficients;
  double *levels;
  const expr *element;
  int float_field;
} term_draft;

// The term that a product joins: the same coefficients, and neither looks up a stored table.
static term_draft *find_term(context *c, term_draft *terms, size_t *count, product *p) {
  if (p->element != NULL && p->factor != 1) {
    vec_push(c->mem, &p->coefficients, expr_real(c->mem, p->factor, SRC_NOWHERE));
    p->factor = 1;
  }
  for (size_t i = 0; i < *count; i++)
    if (p->element == NULL && terms[i].element == NULL && same_coefficients(&terms[i].coefficients, &p->coefficients))
      return &terms[i];
  terms[*count] = (term_draft){.coefficients = p->coefficients, .element = p->element, .float_field = -1};
  return &terms[(*count)++];
}

static void finish_term(context *c, const term_draft *t, uint64_t codes, normal_form *nf, value_term *terms) {
  value_term *out = &terms[nf->term_count];
  *out = (value_term){.levels = t->levels, .table_field = -1, .float_field = t->float_field};
  expr_list coefficients = t->coefficients;
  bool flat = t->levels != NULL && t->element == NULL && t->float_field < 0;
  for (uint64_t i = 1; flat && i < codes; i++) flat = t->levels[i] == t->levels[0];
  if (flat) {
    if (t->levels[0] == 0) return;
    out->levels = NULL;
    if (t->levels[0] != 1) vec_push(c->mem, &coefficients, expr_real(c->mem, t->levels[0], SRC_NOWHERE));
  }
  if (t->element != NULL) out->table_field = (int)t->element->index;
  out->coefficient_count = coefficients.len;
  out->coefficients = coefficients.data;
  nf->term_count++;
}

// A float field as the code: its only use must be the field itself, times coefficients.
static bool float_terms(context *c, sum *s, normal_form *nf) {
  value_term *terms = ARENA_ARRAY(c->mem, value_term, s->products.len);
  for (size_t i = 0; i < s->products.len; i++) {
    product *p = &s->products.data[i];
    bool plain = p->cores.len == 0 || (p->cores.len == 1 && p->cores.data[0]->op == EXPR_FIELD);
    if (!plain || p->element != NULL) return refuse(c, "a float code is used other than as a factor");
    if (p->factor != 1) vec_push(c->mem, &p->coefficients, expr_real(c->mem, p->factor, SRC_NOWHERE));
    terms[i] = (value_term){.coefficient_count = p->coefficients.len,
                            .coefficients = p->coefficients.data,
                            .table_field = -1,
                            .float_field = p->cores.len == 1 ? (int)p->cores.data[0]->index : -1};
  }
  nf->term_count = s->products.len;
  nf->terms = terms;
  return true;
}

static bool table_terms(diag *d, context *c, sum *s, normal_form *nf) {
  uint64_t codes = UINT64_C(1) << nf->code_bits;
  tensor_codes *t = all_codes(d, c, nf);
  if (t == NULL) return refuse(c, "its codes cannot be enumerated");
  term_draft *drafts = ARENA_ARRAY(c->mem, term_draft, s->products.len);
  size_t count = 0;
  for (size_t i = 0; i < s->products.len; i++) {
    term_draft *term = find_term(c, drafts, &count, &s->products.data[i]);
    if (term->levels == NULL) term->levels = ARENA_ARRAY(c->mem, double, codes);
    tabulate(c, nf, &s->products.data[i], t, codes, term->levels);
  }
  value_term *terms = ARENA_ARRAY(c->mem, value_term, count);
  for (size_t i = 0; i < count; i++) finish_term(c, &drafts[i], codes, nf, terms);
  nf->terms = terms;
  return true;
}

// The weight-granular fields side by side, lowest first. Sets *is_float when the code is one float field.
static bool describe_code(diag *d, context *c, normal_form *nf, bool *is_float) {
  const scheme *s = c->scheme;
  code_part *parts = ARENA_ARRAY(c->mem, code_part, s->field_count);
  unsigned floats = 0;
  for (size_t i = 0; i < s->field_count; i++) {
    if (s->fields[i].gran.kind != GRAN_WEIGHT || s->fields[i].rank > 0) continue;
    parts[nf->part_count++] = (code_part){.field = (unsigned)i, .shift = nf->code_bits};
    nf->code_bits += elem_get(s->fields[i].type)->bits;
    const elem_info *e = elem_get(s->fields[i].type);
    floats += e->kind == ELEM_KIND_FLOAT && e->bits > SCHEME_MAX_CODE_BITS;
  }
  nf->parts = parts;
  *is_float = floats == 1 && nf->part_count == 1 && nf->code_bits > SCHEME_MAX_CODE_BITS;
  if (nf->code_bits > 32 || (floats > 0 && !*is_float)) {
    diag_error(d, s->loc, "the codes of scheme '%s' take %u bits a weight%s", s->name, nf->code_bits,
               floats > 0 ? ", a float field among several" : "; at most 32 can be packed");
    return false;
  }
  return true;
}

// ---- derived parts ---------------------------------------------------------------------------------------

static bool add_part(context *c, normal_form *nf, code_part *parts, code_part part) {
  part.shift = nf->code_bits;
  nf->code_bits += code_part_bits(c->scheme, &part);
  parts[nf->part_count++] = part;
  return nf->code_bits <= SCHEME_MAX_CODE_BITS || refuse(c, "the values of its vectors are too many for one code");
}

// The number of the value of `e` as a part of the code; one that is there already is shared.
static bool add_derived(context *c, normal_form *nf, code_part *parts, const expr **e) {
  for (size_t i = 0; i < nf->part_count; i++)
    if (expr_equal(parts[i].derived[0], *e)) return *e = parts[i].derived[0], true;
  value_set set;
  if (!value_set_of(&c->sets, *e, &set) || set.count > MAX_DERIVED)
    return refuse(c, "a product of its vectors has too many values");
  const expr **derived = ARENA_ARRAY(c->mem, const expr *, set.count + 1);
  derived[0] = *e;
  for (size_t i = 0; i < set.count; i++) derived[i + 1] = expr_int(c->mem, set.values[i], SRC_NOWHERE);
  return add_part(c, nf, parts, (code_part){.derived_count = set.count + 1, .derived = derived});
}

static bool used_by_cores(const sum *s, unsigned field) {
  for (size_t i = 0; i < s->products.len; i++) {
    const product *p = &s->products.data[i];
    for (size_t j = 0; j < p->cores.len; j++)
      if (expr_uses_field(p->cores.data[j], field)) return true;
    if (p->element != NULL && expr_uses_field(p->element->args[0], field)) return true;
  }
  return false;
}

// Integer functions of the code that multiply a vector become part of it.
static bool join_cores(context *c, product *p) {
  if (p->element != NULL) return refuse(c, "a stored look-up is multiplied by what depends on the position");
  for (size_t i = 0; i < p->cores.len; i++) {
    if (!p->cores.data[i]->is_int) return refuse(c, "real levels are multiplied by what depends on the position");
    p->vector = make_binary(c, EXPR_MUL, p->vector, p->cores.data[i]);
  }
  p->cores = (expr_list){0};
  return true;
}

static bool used_by_coefficients(const sum *s, unsigned field) {
  for (size_t i = 0; i < s->products.len; i++)
    for (size_t j = 0; j < s->products.data[i].coefficients.len; j++)
      if (expr_uses_field(s->products.data[i].coefficients.data[j], field)) return true;
  return false;
}

static bool is_part(const normal_form *nf, unsigned field) {
  for (size_t i = 0; i < nf->part_count; i++)
    if (nf->parts[i].derived_count == 0 && nf->parts[i].field == field) return true;
  return false;
}

// Bits of a weight that derived codes add to the layout, less those of the fields that are not in it because of them.
static double growth(const context *c, const sum *s, const normal_form *nf) {
  double bits = 0;
  for (size_t i = 0; i < nf->part_count; i++)
    if (nf->parts[i].derived_count > 0) bits += code_part_bits(c->scheme, &nf->parts[i]);
  for (unsigned i = 0; i < c->scheme->field_count; i++) {
    const scheme_field *f = &c->scheme->fields[i];
    uint64_t columns = granularity_columns(&f->gran), rows = granularity_rows(&f->gran), numbers;
    if (columns == 0 || rows == 0 || used_by_coefficients(s, i) || is_part(nf, i) || !scheme_field_size(f, &numbers) ||
        scheme_is_transform_field(c->scheme, i))
      continue;
    elem_type store = f->gran.kind == GRAN_WEIGHT ? f->type : draft_store_type(f);
    bits -= elem_get(store)->bits * (double)numbers / ((double)columns * (double)rows);
  }
  return bits;
}

static bool has_vectors(const sum *s) {
  for (size_t i = 0; i < s->products.len; i++)
    if (s->products.data[i].vector != NULL) return true;
  return false;
}

// The code of a value with vectors: their values' numbers, and the fields per weight that other products look at.
static bool derive_code(context *c, sum *s, normal_form *nf) {
  normal_form derived = {0};
  code_part *parts = ARENA_ARRAY(c->mem, code_part, s->products.len + c->scheme->field_count);
  for (size_t i = 0; i < s->products.len; i++) {
    product *p = &s->products.data[i];
    if (p->vector == NULL) continue;
    if (!join_cores(c, p) || !add_derived(c, &derived, parts, &p->vector)) return false;
  }
  for (size_t i = 0; i < nf->part_count; i++)
    if (used_by_cores(s, nf->parts[i].field) && !add_part(c, &derived, parts, nf->parts[i])) return false;
  derived.parts = parts;
  *nf = derived;
  if (c->exact && growth(c, s, nf) > 1e-9) return refuse(c, "its codes would take more bits than their fields");
  return true;
}

bool lower_has_float_code(const recipe *r) {
  if (r->normal.part_count != 1 || r->normal.parts[0].derived_count > 0) return false;
  const elem_info *e = elem_get(r->scheme->fields[r->normal.parts[0].field].type);
  return e->kind == ELEM_KIND_FLOAT && e->bits > SCHEME_MAX_CODE_BITS;
}

static bool normalise(diag *d, arena *a, const scheme *s, bool exact, normal_form *out, const char **reason) {
  context c = {.mem = a, .scheme = s, .exact = exact};
  value_sets_init(&c.sets, a, s);
  c.d = d;
  c.code = out;
  *out = (normal_form){0};
  *reason = NULL;
  bool is_float = false;
  if (!describe_code(d, &c, out, &is_float)) return false;
  sum total = {0};
  range_env env = range_env_value(s);
  bool ok = may_wrap(&env, s->value) ? refuse(&c, "its integers may leave 64 bits") : expand(&c, s->value, 1, &total);
  normal_form as_declared = *out;
  if (ok && has_vectors(&total)) {
    ok = derive_code(&c, &total, out) && table_terms(d, &c, &total, out);
    if (!ok) *out = as_declared;
  } else if (ok && out->part_count == 0) {
    ok = refuse(&c, "there is no field per weight");
  } else if (ok && is_float) {
    ok = float_terms(&c, &total, out);
  } else if (ok && out->code_bits > SCHEME_MAX_CODE_BITS) {
    ok = refuse(&c, "the codes of a weight take more than 8 bits together");
  } else if (ok) {
    ok = table_terms(d, &c, &total, out);
  }
  if (!ok) {
    out->term_count = 0;
    out->terms = NULL;
    *reason = c.reason;
  }
  return true;
}

bool lower_normalise(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason) {
  return normalise(d, a, s, false, out, reason);
}

bool lower_normalise_exact(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason) {
  return normalise(d, a, s, true, out, reason);
}

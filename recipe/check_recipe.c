// What the matmul kernel takes for granted of a recipe. The passes make only such recipes; IR text may hold others.
#include <math.h>

#include "recipe/draft.h"
#include "recipe/spans.h"

#define MAX_BODY 4096 // kernel positions that are worth unrolling

typedef struct checker {
  diag *d;
  arena *mem;
  const recipe *r;
} checker;

static bool fail(const checker *c, const char *why) {
  diag_error(c->d, SRC_NOWHERE, "recipe '%s' has no kernel: %s", c->r->name, why);
  return false;
}

static bool is_packed(const recipe *r, unsigned field) {
  for (size_t i = 0; i < r->pack.field_count; i++)
    if (r->pack.fields[i].field == field) return true;
  for (size_t i = 0; i < r->pack.tensor_field_count; i++)
    if (r->pack.tensor_fields[i].field == field) return true;
  return false;
}

// Whether all coarse fields of an expression are in the kernel layout.
static bool reads_packed(const recipe *r, const expr *e) {
  if ((e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && r->scheme->fields[e->index].gran.kind != GRAN_WEIGHT &&
      !is_packed(r, e->index))
    return false;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!reads_packed(r, e->args[i])) return false;
  return true;
}

static bool check_coefficient(const checker *c, const expr *e) {
  const char *reason;
  if (!lo_expr_possible(c->mem, c->r->scheme, e, &reason)) return fail(c, reason);
  if ((lower_dependence(c->r->scheme, e) & ~(unsigned)DEPENDS_COARSE) != 0)
    return fail(c, "a coefficient depends on the weight");
  return reads_packed(c->r, e) || fail(c, "a coefficient reads a field that is not packed");
}

// The codes of a float field stay whole; all others are cut into bytes or less.
static bool has_whole_codes(const recipe *r) { return r->pack.plane_count > 0 && r->pack.planes[0].width > 8; }

static bool check_codes(const checker *c) {
  const recipe *r = c->r;
  if ((r->pack.plane_count == 0) != (r->normal.part_count == 0)) return fail(c, "codes and their planes do not agree");
  if (r->pack.plane_count == 0) return r->mode == MODE_DECODE || fail(c, "its weights have no codes");
  if (!has_whole_codes(r))
    return !matmul_is_integer(r) || r->normal.code_bits <= 8 || fail(c, "its codes are too wide");
  const elem_info *e = elem_get(r->scheme->fields[r->normal.parts[0].field].type);
  return (!matmul_is_integer(r) && r->pack.plane_count == 1 && e->kind == ELEM_KIND_FLOAT &&
          e->bits == r->pack.planes[0].width) ||
         fail(c, "only float codes can be packed whole");
}

// The indices into a stored table of every code.
static bool check_stored(const checker *c, const value_term *v) {
  const scheme_field *f = &c->r->scheme->fields[v->table_field];
  uint64_t size;
  if (v->levels == NULL || !scheme_field_size(f, &size) || !is_packed(c->r, (unsigned)v->table_field))
    return fail(c, "a stored table is not packed or has no indices");
  for (uint64_t i = 0; i < UINT64_C(1) << c->r->normal.code_bits; i++)
    if (!(v->levels[i] >= 0 && v->levels[i] < (double)size)) return fail(c, "a code leads out of a stored table");
  return true;
}

static bool check_level(const checker *c, const value_term *v) {
  if ((v->float_field >= 0) != has_whole_codes(c->r)) return fail(c, "float codes and others are mixed");
  if (v->float_field >= 0) return true;
  if (v->table_field >= 0) return check_stored(c, v);
  return v->levels != NULL || fail(c, "a term has no levels");
}

static bool check_terms(const checker *c) {
  const recipe *r = c->r;
  bool nested = matmul_is_nested(r), integer = matmul_is_integer(r);
  for (size_t i = 0; i < r->term_count; i++) {
    const recipe_term *t = &r->terms[i];
    for (size_t j = 0; j < t->value.coefficient_count; j++)
      if (!check_coefficient(c, t->value.coefficients[j])) return false;
    if (t->core < 0 && (nested ? r->prepared.isum_span : r->prepared.fsum_span) == 0)
      return fail(c, "a term needs sums of the activations");
    if (t->core >= 0 && (r->mode == MODE_FLOAT || r->mode == MODE_PAIR_DOT) && !check_level(c, &t->value)) return false;
  }
  for (size_t i = 0; integer && i < r->core_count; i++)
    if ((r->cores[i].offset != 0 || r->prepared.isum_signs != 0) && r->prepared.isum_span == 0)
      return fail(c, "an offset needs sums of the activations");
  return true;
}

static bool check_decode(const checker *c) {
  const recipe *r = c->r;
  const char *reason;
  if (r->mode != MODE_DECODE) return true;
  if (r->core_count != 1) return fail(c, "a decoded weight is one core");
  if (!lo_expr_possible(c->mem, r->scheme, r->scheme->value, &reason)) return fail(c, reason);
  return reads_packed(r, r->scheme->value) || fail(c, "the value reads a field that is not packed");
}

// Codes and activations meet in words of 32 positions.
static bool check_bits(const checker *c) {
  const recipe *r = c->r;
  if (r->mode != MODE_BIT_DOT) return true;
  for (size_t i = 0; i < r->pack.plane_count; i++)
    if (r->pack.planes[i].width != 1) return fail(c, "its codes are not packed bit by bit");
  return r->segment == PREPARED_ROW || r->segment % PACK_CHUNK == 0 || fail(c, "a segment is no whole words of bits");
}

// Whole codes are bf16 numbers themselves, levels are such numbers, and each sum takes two operands of a quad.
static bool check_pairs(const checker *c) {
  const recipe *r = c->r;
  if (r->mode != MODE_PAIR_DOT) return true;
  if (2 * r->core_count > RECIPE_MAX_DOTS) return fail(c, "its weights have too many levels");
  for (size_t i = 0; i < r->term_count; i++) {
    const value_term *v = &r->terms[i].value;
    if (r->terms[i].core < 0) continue;
    if (v->table_field >= 0) return fail(c, "its levels are stored with the tensor");
    if (v->float_field >= 0 && r->scheme->fields[v->float_field].type != ELEM_BF16)
      return fail(c, "its numbers are not bf16");
    if (v->float_field < 0 && r->normal.code_bits > 8) return fail(c, "its codes are too wide");
    for (uint64_t k = 0; v->float_field < 0 && k < UINT64_C(1) << r->normal.code_bits; k++)
      if (elem_decode(ELEM_BF16, elem_encode(ELEM_BF16, v->levels[k])) != v->levels[k] && !isnan(v->levels[k]))
        return fail(c, "a level is no bf16 number");
  }
  return true;
}

static bool check_spans(const checker *c) {
  const recipe *r = c->r;
  bool integer = matmul_is_integer(r);
  if (r->pack.rows != 16) return fail(c, "tiles have 16 rows");
  bool pairs = r->mode == MODE_PAIR_DOT;
  if (r->prepared.as_f32 == (integer || pairs) || r->prepared.as_pairs != pairs)
    return fail(c, "its activations have another form");
  if (integer && r->prepared.scale_span == 0) return fail(c, "the activations have no scales");
  if (r->segment != PREPARED_ROW && r->segment % 4 != 0) return fail(c, "a segment is a multiple of 4 positions");
  if (r->float_span != PREPARED_ROW && r->float_span % r->segment != 0)
    return fail(c, "a float span is not made of whole segments");
  if (r->float_span == PREPARED_ROW && r->flush == 0) return fail(c, "sums over rows are never flushed");
  return matmul_body(r->segment, r->float_span) <= MAX_BODY || fail(c, "its spans have no small common multiple");
}

bool lower_check_recipe(diag *d, arena *a, const recipe *r) {
  checker c = {.d = d, .mem = a, .r = r};
  return check_spans(&c) && check_bits(&c) && check_codes(&c) && check_terms(&c) && check_pairs(&c) && check_decode(&c);
}

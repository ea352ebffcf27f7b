// Derived codes by table: what they are made from is enumerated, and the format's own interpreter evaluates all of it.
#include <string.h>

#include "format/tensor_codes.h"
#include "pack/inside.h"
#include "support/num.h"

enum { MAX_KEY_BITS = 18, MAX_ENTRIES = 1 << 18, MAX_PERIOD = 1024, MAX_LANES = 1 << 22 };

uint32_t derived_number(const code_part *part, int64_t value) {
  size_t low = 1, high = part->derived_count - 1;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (part->derived[middle]->i < value)
      low = middle + 1;
    else
      high = middle;
  }
  return (uint32_t)(low - 1);
}

// ---- what the codes depend on ----------------------------------------------------------------------------

static uint64_t joined(uint64_t a, uint64_t b) { return a / num_gcd(a, b) * b; }

static bool is_period(const expr *e) {
  bool mod = e->op == EXPR_MOD, mask = e->op == EXPR_AND;
  if ((!mod && !mask) || e->args[0]->op != EXPR_VAR || e->args[0]->index != VAR_K || e->args[1]->op != EXPR_INT)
    return false;
  int64_t period = e->args[1]->i + (mask ? 1 : 0);
  return period > 0 && period <= MAX_PERIOD && (!mask || (period & (period - 1)) == 0);
}

// Whether the value follows from fields of a few neighbours and from the position within a period, which is joined to
// *period.
static bool find_period(const scheme *s, const expr *e, uint64_t *period) {
  if (is_period(e)) {
    *period = joined(*period, (uint64_t)e->args[1]->i + (e->op == EXPR_AND ? 1 : 0));
    return *period <= MAX_PERIOD;
  }
  if (e->op == EXPR_VAR || e->op == EXPR_WINDOW) return false;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) {
    const scheme_field *f = &s->fields[e->index];
    uint64_t columns = granularity_columns(&f->gran);
    if (f->sparse || columns == 0 || granularity_rows(&f->gran) == 0) return false;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!find_period(s, e->args[i], period)) return false;
  return true;
}

static uint64_t span_granules(const scheme_field *f, unsigned span) {
  uint64_t columns = granularity_columns(&f->gran);
  return columns % span == 0 ? 1 : span % columns == 0 ? span / columns : 0;
}

static uint64_t numbers_of(const scheme_field *f) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  return size;
}

// Bits of a key for so many weights; 0: not possible.
static unsigned key_bits(const scheme *s, const expr *e, unsigned span) {
  uint64_t bits = 0;
  for (unsigned f = 0; f < s->field_count; f++) {
    if (!expr_uses_field(e, f)) continue;
    uint64_t granules = span_granules(&s->fields[f], span);
    if (granules == 0) return 0;
    bits += granules * numbers_of(&s->fields[f]) * elem_get(s->fields[f].type)->bits;
    if (bits > MAX_KEY_BITS) return 0;
  }
  return (unsigned)bits;
}

// ---- the tables ------------------------------------------------------------------------------------------

// A row of weights: for each key `columns` of them that have it.
static void spread_keys(const tensor_codes *t, const expr *e, const derived_map *m, uint64_t columns) {
  unsigned shift = 0;
  for (unsigned f = 0; f < t->scheme->field_count; f++) {
    const scheme_field *field = &t->scheme->fields[f];
    if (!expr_uses_field(e, f)) continue;
    uint64_t wide = granularity_columns(&field->gran), size = numbers_of(field);
    uint64_t granules = span_granules(field, m->span), per_key = columns / wide;
    unsigned bits = elem_get(field->type)->bits;
    for (uint64_t key = 0; key < UINT64_C(1) << m->key_bits; key++)
      for (uint64_t i = 0; i < per_key * size; i++) {
        uint64_t at = i / size % granules * size + i % size;
        t->elements[f][key * per_key * size + i] = (uint32_t)(key >> (shift + at * bits) & ((UINT64_C(1) << bits) - 1));
      }
    shift += (unsigned)(granules * size) * bits;
  }
}

static void fill_phase(const code_part *part, const derived_map *m, uint64_t columns, uint64_t first, const double *row,
                       uint64_t *entries) {
  for (uint64_t key = 0; key < UINT64_C(1) << m->key_bits; key++)
    for (unsigned j = 0; j < m->span; j++)
      entries[key] |= (uint64_t)derived_number(part, (int64_t)row[key * columns + first + j]) << 8 * j;
}

static bool fill_maps(arena *a, const recipe *r, derived_map *m) {
  const code_part *part = &r->normal.parts[m->part];
  const scheme *s = r->scheme;
  uint64_t columns = m->period, keys = UINT64_C(1) << m->key_bits;
  for (unsigned f = 0; f < s->field_count; f++)
    if (expr_uses_field(part->derived[0], f)) columns = joined(columns, granularity_columns(&s->fields[f].gran));
  if (columns > MAX_LANES / keys || m->period / m->span > MAX_ENTRIES / keys) return false;
  arena *room = arena_new();
  tensor_codes *t = tensor_codes_new(diag_new(room, NULL, false), room, s, 1, keys * columns);
  double *row = ARENA_ARRAY(room, double, (size_t)(keys * columns));
  pack_map *phases = ARENA_ARRAY(a, pack_map, (size_t)(m->period / m->span));
  if (t != NULL) {
    spread_keys(t, part->derived[0], m, columns);
    scheme_row_of(t, part->derived[0], 0, row);
  }
  for (uint64_t p = 0; t != NULL && p < m->period / m->span; p++) {
    uint64_t *entries = ARENA_ARRAY(a, uint64_t, (size_t)keys);
    fill_phase(part, m, columns, p * m->span, row, entries);
    phases[p] = (pack_map){.bits = m->key_bits, .entries = entries};
  }
  m->phases = phases;
  arena_free(room);
  return t != NULL;
}

const derived_map *derived_map_new(arena *a, const recipe *r, unsigned part, uint64_t unit_columns) {
  const expr *e = r->normal.parts[part].derived[0];
  derived_map m = {.part = part, .period = 1};
  if (code_part_bits(r->scheme, &r->normal.parts[part]) > 8 || !find_period(r->scheme, e, &m.period)) return NULL;
  for (m.span = 8; m.span > 1; m.span /= 2)
    if (key_bits(r->scheme, e, m.span) != 0) break;
  m.key_bits = key_bits(r->scheme, e, m.span);
  m.period = joined(m.period, m.span);
  if (m.key_bits == 0 || unit_columns % m.period != 0 || !fill_maps(a, r, &m)) return NULL;
  return arena_memdup(a, &m, sizeof m);
}

#include "encode/encode.h"

#include <math.h>

uint64_t sample_next(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

double sample_uniform(uint64_t *state) { return (double)(sample_next(state) >> 11) * 0x1p-53; }

static uint64_t integer_element(const elem_info *e, uint64_t *state, sample_data data, elem_type type) {
  uint64_t mask = (UINT64_C(1) << e->bits) - 1;
  if (data == SAMPLE_ALL_LOW) return (uint64_t)elem_min(type) & mask;
  if (data == SAMPLE_ALL_HIGH) return (uint64_t)elem_max(type) & mask;
  if (data == SAMPLE_EDGES && sample_next(state) % 2 == 0)
    return (uint64_t)(sample_next(state) % 2 == 0 ? elem_min(type) : elem_max(type)) & mask;
  return sample_next(state) & mask;
}

static double float_element(uint64_t *state, sample_data data) {
  static const double edges[] = {0, 1, -1, 0x1p-14, 0x1p-20, -0x1p-24, 100, 0x1p-126};
  if (data == SAMPLE_EDGES && sample_next(state) % 3 == 0) return edges[sample_next(state) % 8];
  return (sample_uniform(state) - 0.3) * 0.1;
}

// Floats of few bits: any finite code, and powers of two near 1.
static uint64_t small_float(uint64_t *state, elem_type type) {
  if (elem_get(type)->special == ELEM_POWER) return (uint64_t)elem_encode(type, 1) - 8 + sample_next(state) % 12;
  uint64_t raw = sample_next(state) & ((UINT64_C(1) << elem_get(type)->bits) - 1);
  return isfinite(elem_decode(type, raw)) ? raw : 0;
}

static uint64_t float_bits(uint64_t *state, sample_data data, elem_type type) {
  double x = float_element(state, data);
  return elem_get(type)->bits <= 8 ? small_float(state, type) : elem_encode(type, x);
}

// Whether the value uses the field in an exponent.
static bool is_exponent(const expr *e, size_t field, bool inside) {
  if (e->op == EXPR_FIELD && e->index == field) return inside;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (is_exponent(e->args[i], field, inside || e->op == EXPR_EXP2)) return true;
  return false;
}

// Exponents are kept near the middle, so that most sums are numbers that f32 has.
static uint64_t exponent_element(const elem_info *e, uint64_t *state, sample_data data, elem_type type) {
  if (e->bits < 6 || data == SAMPLE_ALL_LOW || data == SAMPLE_ALL_HIGH) return integer_element(e, state, data, type);
  uint64_t width = data == SAMPLE_EDGES ? 32 : 16, middle = (UINT64_C(1) << e->bits) / 2;
  return (middle - width / 2 + sample_next(state) % width) & ((UINT64_C(1) << e->bits) - 1);
}

static uint32_t random_element(elem_type type, uint64_t *seed, sample_data data) {
  const elem_info *e = elem_get(type);
  if (e->kind == ELEM_KIND_FLOAT) return (uint32_t)float_bits(seed, data, type);
  return (uint32_t)integer_element(e, seed, data, type);
}

// As many granules as the field's density says, spread unevenly over the rows, each at random columns.
static bool sparse_codes(diag *d, arena *a, tensor_codes *t, unsigned field, uint64_t *seed, sample_data data) {
  const scheme_field *f = &t->scheme->fields[field];
  uint64_t rows = scheme_granule_rows(f, t->rows), columns = scheme_granule_columns(f, t->columns);
  uint64_t left = scheme_sparse_count(f, t->rows, t->columns), places = rows * columns, size = 1, next_entry = 0;
  sparse_elements *s = &t->sparse[field];
  if (!scheme_field_size(f, &size) || !tensor_codes_sparse(d, a, t, field, left)) return false;
  for (uint64_t r = 0; r < rows; r++) {
    for (uint64_t c = 0; c < columns; c++, places--) {
      if (left == 0 || (sample_next(seed) % places >= left && left < places)) continue;
      s->columns[next_entry++] = (uint32_t)c;
      left--;
    }
    s->starts[r + 1] = next_entry;
  }
  for (uint64_t i = 0; i < s->count * size; i++) s->raw[i] = random_element(f->type, seed, data);
  return true;
}

tensor_codes *sample_codes(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns, uint64_t seed,
                           sample_data data) {
  tensor_codes *t = tensor_codes_new(d, a, s, rows, columns);
  if (t == NULL) return NULL;
  for (size_t i = 0; i < s->section_count; i++) {
    t->sections[i] =
        sample_codes(d, a, s->sections[i].scheme, t->sections[i]->rows, t->sections[i]->columns, seed + i, data);
    if (t->sections[i] == NULL) return NULL;
  }
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].sparse && !sparse_codes(d, a, t, (unsigned)f, &seed, data)) return NULL;
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count;
    if (!scheme_field_count(&s->fields[f], rows, columns, &count)) return NULL;
    elem_type type = s->fields[f].type;
    bool exponent = is_exponent(s->value, f, false);
    for (uint64_t i = 0; i < count; i++)
      t->elements[f][i] =
          exponent ? (uint32_t)exponent_element(elem_get(type), &seed, data, type) : random_element(type, &seed, data);
  }
  return t;
}

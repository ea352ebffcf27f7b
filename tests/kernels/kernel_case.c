#include "tests/kernels/kernel_case.h"

#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "support/num.h"
#include "weights/pack.h"

static uint64_t next(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static double uniform(uint64_t *state) { return (double)(next(state) >> 11) * 0x1p-53; }

static uint64_t integer_element(const elem_info *e, uint64_t *state, case_data data, elem_type type) {
  uint64_t mask = (UINT64_C(1) << e->bits) - 1;
  if (data == CASE_ALL_LOW) return (uint64_t)elem_min(type) & mask;
  if (data == CASE_ALL_HIGH) return (uint64_t)elem_max(type) & mask;
  if (data == CASE_EDGES && next(state) % 2 == 0)
    return (uint64_t)(next(state) % 2 == 0 ? elem_min(type) : elem_max(type)) & mask;
  return next(state) & mask;
}

static double float_element(uint64_t *state, case_data data) {
  static const double edges[] = {0, 1, -1, 0x1p-14, 0x1p-20, -0x1p-24, 100, 0x1p-126};
  if (data == CASE_EDGES && next(state) % 3 == 0) return edges[next(state) % 8];
  return (uniform(state) - 0.3) * 0.1;
}

// Floats of few bits: any finite code, and powers of two near 1.
static uint64_t small_float(uint64_t *state, elem_type type) {
  if (elem_get(type)->special == ELEM_POWER) return (uint64_t)elem_encode(type, 1) - 8 + next(state) % 12;
  uint64_t raw = next(state) & ((UINT64_C(1) << elem_get(type)->bits) - 1);
  return isfinite(elem_decode(type, raw)) ? raw : 0;
}

static uint64_t float_bits(uint64_t *state, case_data data, elem_type type) {
  double x = float_element(state, data);
  return elem_get(type)->bits <= 8 ? small_float(state, type) : elem_encode(type, x);
}

tensor_codes *case_codes(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns, uint64_t seed,
                         case_data data) {
  tensor_codes *t = tensor_codes_new(d, a, s, rows, columns);
  if (t == NULL) return NULL;
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count;
    elem_type type = s->fields[f].type;
    const elem_info *e = elem_get(type);
    if (!scheme_field_count(&s->fields[f], rows, columns, &count)) return NULL;
    for (uint64_t i = 0; i < count; i++)
      t->elements[f][i] = e->kind == ELEM_KIND_FLOAT ? (uint32_t)float_bits(&seed, data, type)
                                                     : (uint32_t)integer_element(e, &seed, data, type);
  }
  return t;
}

// ---- activations, by the definition ----------------------------------------------------------------------

static float activation(uint64_t *state, case_data data, uint64_t k) {
  if (data == CASE_EDGES && next(state) % 5 == 0) return 0;
  if (data == CASE_EDGES && next(state) % 7 == 0) return k % 2 == 0 ? 1000.0f : -1000.0f;
  if (data == CASE_ALL_LOW) return -1.0f;
  if (data == CASE_ALL_HIGH) return k % 2 == 0 ? 1.0f : -1.0f;
  return (float)(2 * uniform(state) - 1);
}

static int8_t clamp_round(double x, int lowest) {
  double r = nearbyint(x);
  return (int8_t)(r < lowest ? lowest : r > 127 ? 127 : r);
}

static uint64_t at_position(const prepared_layout *l, uint64_t k) {
  return k / l->k_group * l->k_padded + k % l->k_group;
}

static uint64_t element_of(uint64_t span, uint64_t position) { return span == PREPARED_ROW ? 0 : position / span; }

static void prepare_numbers(kernel_case *c, const float *x, double *used, uint8_t *row, int8_t *q, float *scale_of) {
  const prepared_layout *l = &c->recipe->prepared;
  uint64_t group = l->act.group == 0 ? c->columns : l->act.group;
  for (uint64_t k = 0; k < c->columns; k++) {
    float scale = 1, value = x[k];
    if (l->act.kind == ACT_BF16) value = fp_from_bf16(fp_to_bf16(x[k]));
    if (l->act.kind == ACT_I8_DYNAMIC) {
      float most = 0;
      for (uint64_t i = k / group * group; i < k / group * group + group && i < c->columns; i++)
        most = fmaxf(most, fabsf(x[i]));
      scale = most / 127.0f;
      float inverse = most > 0 ? 127.0f / most : 0;
      q[k] = clamp_round((double)(x[k] * inverse), -127);
      value = (float)q[k] * scale;
    } else if (l->act.kind == ACT_I8_STATIC) {
      scale = (float)l->act.scale;
      double r = nearbyint((double)(x[k] * (float)(1.0 / l->act.scale))) + l->act.zero;
      q[k] = (int8_t)(r < -128 ? -128 : r > 127 ? 127 : r);
      value = (float)(q[k] - l->act.zero) * scale;
    }
    scale_of[k] = scale;
    bool ints = l->act.kind == ACT_I8_DYNAMIC || l->act.kind == ACT_I8_STATIC;
    used[k] = l->act.kind == ACT_I8_DYNAMIC  ? (double)q[k] * (double)scale
              : l->act.kind == ACT_I8_STATIC ? (double)(q[k] - l->act.zero) * (double)scale
                                             : (double)value;
    uint64_t p = at_position(l, k);
    if (ints && !l->as_f32) {
      row[p] = (uint8_t)q[k];
    } else {
      memcpy(row + 4 * p, &value, 4);
    }
  }
}

static void prepare_sums(kernel_case *c, uint8_t *row, const int8_t *q, const double *used, const float *scale_of) {
  const prepared_layout *l = &c->recipe->prepared;
  float *scales = (float *)(void *)(row + c->sizes.scales_offset);
  int32_t *isums = (int32_t *)(void *)(row + c->sizes.isums_offset);
  float *fsums = (float *)(void *)(row + c->sizes.fsums_offset);
  double *exact = ARENA_ARRAY(c->mem, double, c->sizes.positions + 1);
  for (uint64_t k = 0; k < c->columns; k++) {
    uint64_t p = at_position(l, k);
    if (l->scale_span != 0) scales[element_of(l->scale_span, p)] = scale_of[k];
    if (l->isum_span != 0)
      isums[element_of(l->isum_span, p)] += q[k] * (l->isum_factor == 0 ? 1 : (int32_t)l->isum_factor);
    double share = l->as_f32 ? used[k] : (double)q[k] * (double)scale_of[k];
    if (l->fsum_span != 0) exact[element_of(l->fsum_span, p)] += share;
    if (l->fsum_span != 0) fsums[element_of(l->fsum_span, p)] = (float)exact[element_of(l->fsum_span, p)];
  }
}

static void prepare(kernel_case *c) {
  int8_t *q = ARENA_ARRAY(c->mem, int8_t, c->columns);
  float *scale_of = ARENA_ARRAY(c->mem, float, c->columns);
  for (uint64_t m = 0; m < c->tokens; m++) {
    uint8_t *row = c->prepared.data + m * c->sizes.row_bytes;
    prepare_numbers(c, c->x + m * c->columns, c->used + m * c->columns, row, q, scale_of);
    prepare_sums(c, row, q, c->used + m * c->columns, scale_of);
  }
}

// ---- the expected results --------------------------------------------------------------------------------

// Sum of the magnitudes of a weight's terms, each with its largest level: what rounding errors are relative to.
static double term_size(const kernel_case *c, const value_term *t, uint64_t n, uint64_t k) {
  double size = 1;
  for (size_t i = 0; i < t->coefficient_count; i++) size *= fabs(scheme_eval(c->codes, t->coefficients[i], n, k));
  double most = t->levels == NULL ? 1 : 0;
  for (uint64_t i = 0; t->levels != NULL && i < UINT64_C(1) << c->recipe->normal.code_bits; i++)
    if (isfinite(t->levels[i])) most = fmax(most, fabs(t->levels[i]));
  return size * most;
}

static double weight_size(const kernel_case *c, uint64_t n, uint64_t k, double value) {
  double size = fabs(value);
  for (size_t i = 0; i < c->recipe->normal.term_count; i++) {
    const value_term *t = &c->recipe->normal.terms[i];
    if (t->table_field < 0 && t->float_field < 0) size += term_size(c, t, n, k);
  }
  return size;
}

static void expect(kernel_case *c) {
  uint64_t spans = c->recipe->float_span == PREPARED_ROW ? 1 : c->columns / c->recipe->float_span + 1;
  double steps = 16 + (double)(spans * c->recipe->term_count);
  if (c->recipe->prepared.as_f32) steps += (double)c->columns;
  double *row = ARENA_ARRAY(c->mem, double, c->columns);
  for (uint64_t n = 0; n < c->rows; n++) {
    scheme_row(c->codes, n, row);
    for (uint64_t m = 0; m < c->tokens; m++) {
      double sum = 0, size = 0, most = 0;
      for (uint64_t k = 0; k < c->columns; k++) {
        double x = c->used[m * c->columns + k];
        sum += row[k] * x;
        // Integer codes keep an offset from the value; a zero point is taken off at the end.
        double wide = fabs(x) + (c->recipe->act.kind == ACT_I8_STATIC ? fabs(c->recipe->act.scale * 128) : 0);
        size += weight_size(c, n, k, row[k]) * wide;
        most = fmax(most, fabs(x));
      }
      c->expected[m * c->rows + n] = sum;
      c->bound[m * c->rows + n] = steps * 0x1p-24 * size + 1e-37;
    }
  }
}

typedef struct shape {
  uint64_t tokens, rows, columns;
} shape;

static ir_memory zeroed(arena *a, uint64_t size) {
  // 64-aligned, as the runtime promises.
  uint8_t *p = ARENA_ARRAY(a, uint8_t, size + 64);
  return (ir_memory){.data = p + (64 - (uintptr_t)p % 64) % 64, .size = size};
}

// Packed weights and prepared activations of a case.
static kernel_case *make_inputs(diag *d, arena *a, const recipe *r, const shape *at, uint64_t seed, case_data data) {
  kernel_case *c = ARENA_NEW(a, kernel_case);
  *c = (kernel_case){.mem = a, .d = d, .recipe = r, .tokens = at->tokens, .rows = at->rows, .columns = at->columns};
  c->codes = case_codes(d, a, r->scheme, at->rows, at->columns, seed, data);
  uint64_t bytes;
  if (c->codes == NULL || !packing_tensor_bytes(&r->pack, at->rows, at->columns, &bytes) ||
      !prepared_get_sizes(&r->prepared, at->columns, &c->sizes))
    return NULL;
  c->packed = zeroed(a, bytes);
  if (!pack_tensor(d, a, r, c->codes, c->packed.data, bytes)) return NULL;
  c->prepared = zeroed(a, at->tokens * c->sizes.row_bytes);
  c->x = ARENA_ARRAY(a, float, at->tokens * at->columns);
  c->used = ARENA_ARRAY(a, double, at->tokens * at->columns);
  uint64_t state = seed ^ 0x5555;
  for (uint64_t i = 0; i < at->tokens * at->columns; i++) c->x[i] = activation(&state, data, i % at->columns);
  prepare(c);
  return c;
}

kernel_case *case_new(diag *d, arena *a, const recipe *r, uint64_t tokens, uint64_t rows, uint64_t columns,
                      uint64_t seed, case_data data) {
  shape at = {.tokens = tokens, .rows = rows, .columns = columns};
  kernel_case *c = make_inputs(d, a, r, &at, seed, data);
  if (c == NULL) return NULL;
  c->expected = ARENA_ARRAY(a, double, tokens *rows);
  c->bound = ARENA_ARRAY(a, double, tokens *rows);
  expect(c);
  return c;
}

kernel_case *case_timing(diag *d, arena *a, const recipe *r, uint64_t tokens, uint64_t rows, uint64_t columns) {
  shape at = {.tokens = tokens, .rows = rows, .columns = columns};
  return make_inputs(d, a, r, &at, 1, CASE_RANDOM);
}

size_t case_sizes(const kernel_case *c, uint64_t *sizes) {
  uint64_t blocks = 0;
  packing_blocks(&c->recipe->pack, c->columns, &blocks);
  const uint64_t all[] = {c->tokens,
                          c->rows,
                          blocks,
                          c->sizes.row_bytes,
                          c->sizes.scales_offset,
                          c->sizes.isums_offset,
                          c->sizes.fsums_offset,
                          c->rows};
  memcpy(sizes, all, sizeof all);
  return sizeof all / sizeof *all;
}

uint64_t case_tiles(const kernel_case *c) { return num_ceil_div(c->rows, c->recipe->pack.rows); }

bool case_check(const kernel_case *c, const float *y, const char **message) {
  for (uint64_t i = 0; i < c->tokens * c->rows; i++) {
    double error = fabs((double)y[i] - c->expected[i]);
    if (error <= c->bound[i] || (!isfinite(c->expected[i]) && !isfinite(y[i]))) continue;
    *message =
        arena_printf(c->mem, "%s, %s, M=%llu N=%llu K=%llu: y[%llu][%llu] = %.9g, expected %.9g +- %.3g",
                     c->recipe->scheme->name, act_text(c->mem, &c->recipe->act), (unsigned long long)c->tokens,
                     (unsigned long long)c->rows, (unsigned long long)c->columns, (unsigned long long)(i / c->rows),
                     (unsigned long long)(i % c->rows), (double)y[i], c->expected[i], c->bound[i]);
    return false;
  }
  return true;
}

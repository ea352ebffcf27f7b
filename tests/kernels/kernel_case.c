#include "tests/kernels/kernel_case.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "cost/tuning.h"
#include "network/passes.h"
#include "pack/pack.h"
#include "support/num.h"

// ---- activations, by the definition ----------------------------------------------------------------------

static float activation(uint64_t *state, sample_data data, uint64_t k) {
  if (data == SAMPLE_EDGES && sample_next(state) % 5 == 0) return 0;
  if (data == SAMPLE_EDGES && sample_next(state) % 7 == 0) return k % 2 == 0 ? 1000.0f : -1000.0f;
  if (data == SAMPLE_ALL_LOW) return -1.0f;
  if (data == SAMPLE_ALL_HIGH) return k % 2 == 0 ? 1.0f : -1.0f;
  return (float)(2 * sample_uniform(state) - 1);
}

static uint64_t at_position(const prepared_layout *l, uint64_t k) {
  return k / l->k_group * l->k_padded + k % l->k_group;
}

static uint64_t element_of(uint64_t span, uint64_t position) { return span == PREPARED_ROW ? 0 : position / span; }

// A scale group: x = scale * (q - zero).
typedef struct group {
  float scale, inverse;
  double zero, least, most; // of q
} group;

static double type_most(elem_type type) {
  if (elem_get(type)->kind != ELEM_KIND_FLOAT) return (double)elem_max(type);
  double most = 0; // the largest finite number
  for (uint64_t raw = 0; raw < UINT64_C(1) << (elem_get(type)->bits - 1); raw++)
    if (isfinite(elem_decode(type, raw))) most = fmax(most, elem_decode(type, raw));
  return most;
}

static group symmetric_group(const float *x, uint64_t count, elem_type type) {
  float most = 0, limit = (float)type_most(type);
  for (uint64_t i = 0; i < count; i++) most = fmaxf(most, fabsf(x[i]));
  return (group){.scale = most / limit, .inverse = most > 0 ? limit / most : 0, .least = -limit, .most = limit};
}

static group asymmetric_group(const float *x, uint64_t count, elem_type type) {
  float above = 0, under = 0, limit = (float)elem_max(type);
  for (uint64_t i = 0; i < count; i++) {
    above = fmaxf(above, x[i]);
    under = fmaxf(under, -x[i]);
  }
  group g = {.scale = above / limit + under / limit, .most = limit};
  g.inverse = g.scale > 0 ? fminf(1 / g.scale, FLT_MAX) : 0;
  g.zero = fmin(nearbyint((double)(under * g.inverse)), g.most);
  return g;
}

// The mean of the magnitudes, in 16 sums that are added by halves. The kernel takes positions; without gaps they are these.
static group sign_group(const float *x, uint64_t count) {
  float lanes[16] = {0};
  for (uint64_t i = 0; i < count; i++) lanes[i % 16] += fabsf(x[i]);
  for (unsigned n = 8; n > 0; n /= 2)
    for (unsigned i = 0; i < n; i++) lanes[i] += lanes[i + n];
  return (group){.scale = lanes[0] / (float)count};
}

static group static_group(const act_spec *act) {
  bool real = elem_get(act->type)->kind == ELEM_KIND_FLOAT;
  double most = type_most(act->type);
  return (group){.scale = (float)act->scale,
                 .inverse = (float)(1.0 / (double)(float)act->scale),
                 .zero = act->zero,
                 .least = real ? -most : (double)elem_min(act->type),
                 .most = most};
}

static group group_of(const act_spec *act, const float *x, uint64_t count) {
  switch (act->kind) {
  case ACT_SYMMETRIC: return symmetric_group(x, count, act->type);
  case ACT_ASYMMETRIC: return asymmetric_group(x, count, act->type);
  case ACT_SIGN: return sign_group(x, count);
  case ACT_STATIC: return static_group(act);
  default: return (group){.scale = 1};
  }
}

// q - zero
static double number(const act_spec *act, const group *g, float x) {
  if (act->kind == ACT_PLAIN) return elem_decode(act->type, elem_encode(act->type, (double)x));
  if (act->kind == ACT_SIGN) return x < 0 ? -1 : 1;
  double scaled = (double)(x * g->inverse);
  if (elem_get(act->type)->kind == ELEM_KIND_FLOAT)
    return elem_decode(act->type, elem_encode(act->type, fmin(fmax(scaled, g->least), g->most)));
  double q = nearbyint(scaled) + g->zero;
  return fmin(fmax(q, g->least), g->most) - g->zero;
}

// What bytes are less than q: all of the zero point where there is room for that.
static double byte_shift(const act_spec *act, const group *g) {
  if (elem_get(act->type)->bits < 8) return g->zero;
  return elem_get(act->type)->kind == ELEM_KIND_UINT ? 128 : 0;
}

typedef struct prepared_row {
  uint8_t *bytes;
  double *numbers; // q - zero of each weight
  int *q;          // its byte
  group *groups;   // its group
} prepared_row;

static void prepare_numbers(kernel_case *c, const float *x, double *used, prepared_row *row) {
  const prepared_layout *l = &c->recipe->prepared;
  const act_spec *act = &l->act;
  uint64_t size = act->group == 0 ? c->columns : act->group;
  for (uint64_t k = 0; k < c->columns; k++) {
    uint64_t first = k / size * size;
    if (k == first) row->groups[k] = group_of(act, x + k, c->columns - k < size ? c->columns - k : size);
    const group *g = &row->groups[first];
    row->groups[k] = *g;
    row->numbers[k] = number(act, g, x[k]);
    used[k] = row->numbers[k] * (double)g->scale;
    row->q[k] = (int)(row->numbers[k] + g->zero - byte_shift(act, g));
    float stored = (float)used[k];
    uint64_t p = at_position(l, k);
    if (prepared_has_bytes(l)) {
      row->bytes[c->sizes.numbers_offset + p] = (uint8_t)row->q[k];
    } else if (l->as_pairs) {
      uint16_t half = (uint16_t)elem_encode(ELEM_BF16, used[k]);
      memcpy(row->bytes + 2 * (p % 4 == 1 ? p + 1 : p % 4 == 2 ? p - 1 : p), &half, 2);
    } else {
      memcpy(row->bytes + 4 * p, &stored, 4);
    }
  }
}

// Groups of dynamic u8 have their zero point behind the scale; positions without a weight hold it, so that they count for
// nothing.
static void prepare_zeros(kernel_case *c, prepared_row *row, uint64_t k, uint8_t *scale) {
  const prepared_layout *l = &c->recipe->prepared;
  int32_t zero = (int32_t)(row->groups[k].zero - byte_shift(&l->act, &row->groups[k]));
  uint64_t span = l->scale_span == PREPARED_ROW ? c->sizes.positions : l->scale_span;
  uint64_t first = at_position(l, k) / span * span;
  memcpy(scale + 4, &zero, 4);
  for (uint64_t p = first; p < first + span && p < c->sizes.positions; p++) row->bytes[p] = (uint8_t)zero;
}

static void prepare_scales(kernel_case *c, prepared_row *row) {
  const prepared_layout *l = &c->recipe->prepared;
  bool zeros = l->act.kind == ACT_ASYMMETRIC && elem_get(l->act.type)->bits == 8;
  uint64_t size = l->act.group == 0 ? c->columns : l->act.group;
  if (l->scale_span == 0) return;
  for (uint64_t k = 0; k < c->columns; k++) {
    uint64_t p = at_position(l, k);
    uint8_t *scale = row->bytes + c->sizes.scales_offset + element_of(l->scale_span, p) * (zeros ? 8 : 4);
    if (k % size == 0) memcpy(scale, &row->groups[k].scale, 4);
    if (k % size == 0 && zeros) prepare_zeros(c, row, k, scale);
    if (zeros) row->bytes[p] = (uint8_t)row->q[k];
  }
}

// Bit 8j + q of a plane's word is position 4q + j of the 32.
static void prepare_bits(kernel_case *c, const prepared_row *row) {
  const prepared_layout *l = &c->recipe->prepared;
  for (uint64_t k = 0; l->bit_planes > 0 && k < c->columns; k++) {
    uint64_t p = at_position(l, k);
    for (unsigned i = 0; i < l->bit_planes; i++) {
      unsigned set = l->act.kind == ACT_SIGN ? row->numbers[k] > 0 : (unsigned)row->q[k] >> i & 1;
      row->bytes[(p / 32 * l->bit_planes + i) * 4 + p % 4] |= (uint8_t)(set << p % 32 / 4);
    }
  }
}

static void prepare_sums(kernel_case *c, const prepared_row *row) {
  const prepared_layout *l = &c->recipe->prepared;
  int32_t *isums = (int32_t *)(void *)(row->bytes + c->sizes.isums_offset);
  float *fsums = (float *)(void *)(row->bytes + c->sizes.fsums_offset);
  double *exact = ARENA_ARRAY(c->mem, double, c->sizes.positions + 1);
  for (uint64_t k = 0; k < c->columns; k++) {
    uint64_t p = at_position(l, k);
    // Static zero points are taken off at the end, through the row sums; dynamic ones from every sum.
    double q = prepared_has_bytes(l) && l->act.kind == ACT_STATIC ? row->q[k] : row->numbers[k];
    bool plain = l->isum_factor == 0 && l->isum_signs == 0;
    int32_t sign = row->numbers[k] > 0 ? (int32_t)l->isum_signs : 0;
    if (l->isum_span != 0)
      isums[element_of(l->isum_span, p)] += (int32_t)q * (plain ? 1 : (int32_t)l->isum_factor) + sign;
    if (l->fsum_span == 0) continue;
    exact[element_of(l->fsum_span, p)] += q * (double)row->groups[k].scale;
    fsums[element_of(l->fsum_span, p)] = (float)exact[element_of(l->fsum_span, p)];
  }
}

static void prepare(kernel_case *c) {
  prepared_row row = {.numbers = ARENA_ARRAY(c->mem, double, c->columns),
                      .q = ARENA_ARRAY(c->mem, int, c->columns),
                      .groups = ARENA_ARRAY(c->mem, group, c->columns)};
  for (uint64_t m = 0; m < c->tokens; m++) {
    row.bytes = c->prepared.data + m * c->sizes.row_bytes;
    prepare_numbers(c, c->x + m * c->columns, c->used + m * c->columns, &row);
    prepare_scales(c, &row);
    prepare_bits(c, &row);
    prepare_sums(c, &row);
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

// The largest error of a term's levels.
static double level_error(const recipe *r, const recipe_term *t) {
  if (t->core < 0 || r->mode != MODE_TABLE_DOT) return 0;
  const recipe_core *core = &r->cores[t->core];
  double worst = 0;
  for (uint64_t c = 0; core->plane_count > 1 && c < UINT64_C(1) << r->normal.code_bits; c++) {
    double u = 0, top = 1;
    for (unsigned p = 0; p < core->plane_count; p++, top *= 256) u += top * core->planes[p][c];
    worst = fmax(worst, fabs(t->value.levels[c] - core->step * (u + (double)core->offset * top / 256)));
  }
  return worst;
}

static double weight_size(const kernel_case *c, uint64_t n, uint64_t k, double value) {
  double size = fabs(value);
  for (size_t i = 0; i < c->recipe->normal.term_count; i++) {
    const value_term *t = &c->recipe->normal.terms[i];
    if (t->table_field < 0 && t->float_field < 0) size += term_size(c, t, n, k);
  }
  return size;
}

double case_zero_share(const kernel_case *c) {
  const act_spec *act = &c->recipe->act;
  return act->kind == ACT_STATIC && elem_get(act->type)->bits == 8 ? fabs(act->scale * 255) : 0;
}

double case_level_bound(const kernel_case *c, uint64_t m, uint64_t n) {
  double sum = 0;
  for (size_t i = 0; i < c->recipe->term_count; i++) {
    double error = level_error(c->recipe, &c->recipe->terms[i]);
    const value_term *t = &c->recipe->terms[i].value;
    for (uint64_t k = 0; error > 0 && k < c->columns; k++) {
      double size = error * (fabs(c->used[m * c->columns + k]) + case_zero_share(c));
      for (size_t j = 0; j < t->coefficient_count; j++) size *= fabs(scheme_eval(c->codes, t->coefficients[j], n, k));
      sum += size;
    }
  }
  return sum;
}

static void expect(kernel_case *c) {
  uint64_t spans = c->recipe->float_span == PREPARED_ROW ? 1 : c->columns / c->recipe->float_span + 1;
  double steps = 16 + (double)(spans * c->recipe->term_count);
  if (c->recipe->prepared.as_f32 || c->recipe->prepared.as_pairs) steps += (double)c->columns;
  double *row = ARENA_ARRAY(c->mem, double, c->columns);
  for (uint64_t n = 0; n < c->rows; n++) {
    scheme_row(c->codes, n, row);
    for (uint64_t m = 0; m < c->tokens; m++) {
      double sum = 0, size = 0, most = 0;
      for (uint64_t k = 0; k < c->columns; k++) {
        double x = c->used[m * c->columns + k];
        sum += row[k] * x;
        // Integer codes keep an offset from the value; a zero point is taken off at the end.
        double wide = fabs(x) + case_zero_share(c);
        size += weight_size(c, n, k, row[k]) * wide;
        most = fmax(most, fabs(x));
      }
      c->expected[m * c->rows + n] = sum;
      // Where partial sums may leave f32, nothing is known of the result.
      double limit = steps * 0x1p-24 * size + case_level_bound(c, m, n) + 1e-37;
      c->bound[m * c->rows + n] = size < 0x1p126 ? limit : INFINITY;
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
static kernel_case *make_inputs(diag *d, arena *a, const recipe *r, const shape *at, uint64_t seed, sample_data data) {
  kernel_case *c = ARENA_NEW(a, kernel_case);
  *c = (kernel_case){.mem = a, .d = d, .recipe = r, .tokens = at->tokens, .rows = at->rows, .columns = at->columns};
  c->codes = sample_codes(d, a, r->scheme, at->rows, at->columns, seed, data);
  uint64_t bytes;
  if (c->codes == NULL || !packing_tensor_bytes(&r->pack, at->rows, at->columns, &bytes) ||
      !prepared_get_sizes(&r->prepared, at->columns, &c->sizes))
    return NULL;
  c->packed = zeroed(a, bytes);
  memset(c->packed.data, IR_UNWRITTEN, bytes); // the packer fills all of it
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
                      uint64_t seed, sample_data data) {
  shape at = {.tokens = tokens, .rows = rows, .columns = columns};
  kernel_case *c = make_inputs(d, a, r, &at, seed, data);
  if (c == NULL) return NULL;
  c->expected = ARENA_ARRAY(a, double, tokens *rows);
  c->bound = ARENA_ARRAY(a, double, tokens *rows);
  expect(c);
  return c;
}

// ---- scales at their ends --------------------------------------------------------------------------------

// Whether the value uses the field in an exponent.
static bool in_exponent(const expr *e, size_t field, bool inside) {
  if (e->op == EXPR_FIELD && e->index == field) return inside;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (in_exponent(e->args[i], field, inside || e->op == EXPR_EXP2)) return true;
  return false;
}

// Fields shared by neighbours whose codes are exponents, of 8 bits: row n gets one of the codes below.
static bool set_scales(tensor_codes *t) {
  static const uint8_t ends[] = {0, 1, 2, 3, 22, 23, 24, 103, 126, 127, 128, 129, 150, 252, 253, 254, 255};
  bool any = false;
  for (size_t f = 0; f < t->scheme->field_count; f++) {
    const scheme_field *field = &t->scheme->fields[f];
    const elem_info *e = elem_get(field->type);
    bool exponent = e->special == ELEM_POWER || in_exponent(t->scheme->value, f, false);
    if (!exponent || e->bits != 8 || field->rank != 0 || field->gran.kind == GRAN_WEIGHT) continue;
    any = true;
    for (uint64_t n = 0; n < t->rows; n++)
      for (uint64_t k = 0; k < t->columns; k++)
        t->elements[f][scheme_field_index(field, t->columns, n, k)] = ends[n % sizeof ends];
  }
  return any;
}

// What a weight may lose that is a product of several scales: each partial product is a number of f32, and has few bits or
// none where it is below the normal ones.
static double partial_products(const scheme *s, double weight) {
  size_t scales = 0;
  for (size_t f = 0; f < s->field_count; f++) scales += s->fields[f].gran.kind != GRAN_WEIGHT;
  if (scales < 2) return 0;
  return fabs(weight) < 0x1p-110 ? INFINITY : fabs(weight) * 0x1p-20;
}

kernel_case *case_scales(diag *d, arena *a, const recipe *r, uint64_t columns, uint64_t seed) {
  enum { ROWS = 37, TOKENS = 3, LARGEST = 127 };
  shape at = {.tokens = TOKENS, .rows = ROWS, .columns = columns};
  kernel_case *c = make_inputs(d, a, r, &at, seed, SAMPLE_RANDOM);
  if (c == NULL || !set_scales(c->codes) || !pack_tensor(d, a, r, c->codes, c->packed.data, c->packed.size))
    return NULL;
  memset(c->x, 0, TOKENS * columns * sizeof *c->x);
  for (uint64_t m = 0; m < TOKENS; m++) c->x[m * columns + (m * 29 + 5) % columns] = LARGEST;
  memset(c->prepared.data, 0, c->prepared.size);
  prepare(c);
  c->expected = ARENA_ARRAY(a, double, TOKENS *ROWS);
  c->bound = ARENA_ARRAY(a, double, TOKENS *ROWS);
  for (uint64_t m = 0; m < TOKENS; m++)
    for (uint64_t n = 0; n < ROWS; n++) {
      double weight = scheme_weight(c->codes, n, (m * 29 + 5) % columns);
      c->expected[m * ROWS + n] = (double)(float)(weight * (double)LARGEST);
      c->bound[m * ROWS + n] = partial_products(r->scheme, weight * (double)LARGEST);
      // Products with zero of what is beyond f32 are NaN. Where the weights are, so is the result.
      for (uint64_t k = 0; k < columns; k++)
        if (fabs(scheme_weight(c->codes, n, k)) >= 0x1p120) c->bound[m * ROWS + n] = INFINITY;
    }
  return c;
}

kernel_case *case_timing(diag *d, arena *a, const recipe *r, uint64_t tokens, uint64_t rows, uint64_t columns) {
  shape at = {.tokens = tokens, .rows = rows, .columns = columns};
  return make_inputs(d, a, r, &at, 1, SAMPLE_RANDOM);
}

size_t case_sizes(const kernel_case *c, uint64_t *sizes) {
  uint64_t positions = 0, tile = 0;
  packing_positions(&c->recipe->pack, c->columns, &positions);
  packing_tile_bytes(&c->recipe->pack, c->columns, &tile);
  const uint64_t all[] = {c->tokens,
                          c->rows,
                          positions,
                          tile,
                          c->sizes.row_bytes,
                          c->sizes.scales_offset,
                          c->sizes.isums_offset,
                          c->sizes.fsums_offset,
                          c->rows};
  memcpy(sizes, all, sizeof all);
  return sizeof all / sizeof *all;
}

uint64_t case_tiles(const kernel_case *c) { return num_ceil_div(c->rows, c->recipe->pack.rows); }

const float *case_layer(kernel_case *c, const target_tier *tier) {
  ir_module *m = ir_module_new(c->mem, "layer");
  const matmul_shape plain = {.epilogue = "", .schedules = schedule_choose_all(c->mem, c->recipe, tier, NULL)};
  const ir_func *prepare = lower_emit_prepare(m, &c->recipe->prepared, tier, false, "prepare");
  const ir_func *matmul = lower_emit_matmul(m, c->recipe, tier, false, &plain, "matmul");
  const prepared_sizes *s = &c->sizes;
  const uint64_t sizes[] = {c->columns,      c->columns,      s->row_bytes, s->scales_offset,
                            s->isums_offset, s->fsums_offset, s->positions};
  uint64_t more[16];
  size_t more_count = case_sizes(c, more);
  ir_memory prepared = ir_unwritten(c->mem, c->tokens * s->row_bytes);
  ir_memory y = ir_unwritten(c->mem, 4 * c->tokens * c->rows);
  ir_memory x = {.data = (uint8_t *)c->x, .size = 4 * c->tokens * c->columns};
  const ir_memory first[] = {x, prepared}, second[] = {c->packed, prepared, y};
  bool ok = lower_check_recipe(c->d, c->mem, c->recipe) && ir_verify(c->d, m) &&
            ir_interpret(c->d, prepare, 2, first, 7, sizes, 0, c->tokens) &&
            ir_interpret(c->d, matmul, 3, second, more_count, more, 0, case_tiles(c));
  if (!ok) return NULL;
  uint64_t hole = ir_first_unwritten(&y);
  if (hole == y.size) return (const float *)(const void *)y.data;
  diag_error(c->d, SRC_NOWHERE, "byte %llu of the result is never written", (unsigned long long)hole);
  return NULL;
}

bool case_check(const kernel_case *c, const float *y, const char **message) {
  for (uint64_t i = 0; i < c->tokens * c->rows; i++) {
    double error = fabs((double)y[i] - c->expected[i]);
    bool lost = isinf(c->bound[i]) || (!isfinite(c->expected[i]) && !isfinite(y[i]));
    if (error <= c->bound[i] || lost) continue;
    *message =
        arena_printf(c->mem, "%s, %s, M=%llu N=%llu K=%llu: y[%llu][%llu] = %.9g, expected %.9g +- %.3g",
                     c->recipe->scheme->name, act_text(c->mem, &c->recipe->act), (unsigned long long)c->tokens,
                     (unsigned long long)c->rows, (unsigned long long)c->columns, (unsigned long long)(i / c->rows),
                     (unsigned long long)(i % c->rows), (double)y[i], c->expected[i], c->bound[i]);
    return false;
  }
  return true;
}

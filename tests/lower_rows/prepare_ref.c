#include "tests/lower_rows/prepare_ref.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct token {
  const prepared_layout *l;
  prepared_sizes sizes;
  uint64_t columns;
  const float *x;
  uint8_t *out;
  bool store_bytes;
  uint64_t scale_span;
  int *q;        // of every position, less the zero point
  int *zero;     // of every position's group: what its byte is more than q
  float *number; // stored float of every position
  float *scale;  // of every position's group
} token;

// Which weight is at a position, -1: none.
static int64_t column_at(const token *t, uint64_t position) {
  uint64_t inside = position % t->l->k_padded;
  uint64_t column = position / t->l->k_padded * t->l->k_group + inside;
  return inside < t->l->k_group && column < t->columns ? (int64_t)column : -1;
}

static void put(const token *t, uint64_t section, uint64_t index, const void *four_bytes) {
  memcpy(t->out + section + 4 * index, four_bytes, 4);
}

// The end of a span that starts at `from`.
static uint64_t span_end(const token *t, uint64_t from, uint64_t span) {
  return span >= t->sizes.positions - from ? t->sizes.positions : from + span;
}

// ---- numbers

static double type_most(elem_type type) {
  if (elem_get(type)->kind != ELEM_KIND_FLOAT) return (double)elem_max(type);
  double most = 0; // the largest finite number
  for (uint64_t raw = 0; raw < UINT64_C(1) << (elem_get(type)->bits - 1); raw++)
    if (isfinite(elem_decode(type, raw))) most = fmax(most, elem_decode(type, raw));
  return most;
}

static bool is_float(const token *t) { return elem_get(t->l->act.type)->kind == ELEM_KIND_FLOAT; }

static double rounded(const token *t, double x) {
  elem_type type = t->l->act.type;
  return is_float(t) ? elem_decode(type, elem_encode(type, x)) : nearbyint(x) + 0.0; // integers have no -0
}

// The weights of a scale group, and what is found in them.
typedef struct found {
  float most, above, under, sum;
  bool finite;
  uint64_t count;
} found;

static uint64_t gcd(uint64_t a, uint64_t b) { return b == 0 ? a : gcd(b, a % b); }

// Floats of any group of columns share a scale; bytes those of a group of positions.
static bool by_columns(const token *t) { return !t->store_bytes && t->l->act.group > 0; }

// The magnitudes in 16 sums: a lane is the weight % 16; of bytes the position % 16, counted from the start of each piece
// that no gap and no scale cuts.
static float lane_magnitudes(const token *t, uint64_t from, uint64_t to) {
  float lanes[16] = {0};
  uint64_t piece = to - from;
  if (t->l->k_group != t->l->k_padded && !by_columns(t))
    piece = t->scale_span == PREPARED_ROW ? t->l->k_padded : gcd(t->scale_span, t->l->k_padded);
  for (uint64_t p = from; p < to; p++) {
    int64_t column = by_columns(t) ? (int64_t)p : column_at(t, p);
    if (column >= 0) lanes[(p - from) % piece % 16] += fabsf(t->x[column]);
  }
  for (unsigned n = 8; n > 0; n /= 2)
    for (unsigned i = 0; i < n; i++) lanes[i] += lanes[i + n];
  return lanes[0];
}

static found look(const token *t, uint64_t from, uint64_t to) {
  found f = {.finite = true, .sum = lane_magnitudes(t, from, to)};
  for (uint64_t p = from; p < to; p++) {
    int64_t column = by_columns(t) ? (int64_t)p : column_at(t, p);
    if (column < 0) continue;
    float x = t->x[column];
    f.count++;
    f.finite = f.finite && isfinite(x);
    f.most = fmaxf(f.most, fabsf(x));
    f.above = fmaxf(f.above, x);
    f.under = fmaxf(f.under, -x);
  }
  return f;
}

typedef struct group {
  float scale, inverse;
  float zero;
} group;

static group dynamic_scale(const token *t, const found *f) {
  float limit = (float)type_most(t->l->act.type);
  group g = {.scale = f->most / limit, .inverse = limit / f->most};
  if (t->l->act.kind == ACT_SIGN) g.scale = f->sum / (f->count > 0 ? (float)f->count : 1);
  if (t->l->act.kind == ACT_ASYMMETRIC) {
    g.scale = f->above / limit + f->under / limit;
    g.inverse = 1 / g.scale;
  }
  if (!(g.inverse < FLT_MAX)) g.inverse = FLT_MAX;
  if (!f->finite || !isfinite(g.scale)) g.scale = t->l->act.kind == ACT_SIGN ? NAN : INFINITY;
  if (t->l->act.kind == ACT_ASYMMETRIC && isfinite(g.scale)) g.zero = fminf(nearbyintf(f->under * g.inverse), limit);
  return g;
}

static double dynamic_number(const token *t, const group *g, float x) {
  float limit = (float)type_most(t->l->act.type);
  if (!isfinite(g->scale)) return 0;
  if (t->l->act.kind == ACT_SIGN) return x < 0 ? -1 : 1;
  float scaled = x * g->inverse;
  if (t->l->act.kind == ACT_ASYMMETRIC) scaled = fminf(fmaxf(scaled, -g->zero), limit - g->zero);
  return rounded(t, (double)scaled);
}

static bool is_byte(const token *t) { return elem_get(t->l->act.type)->bits == 8; }
static bool is_unsigned(const token *t) { return elem_get(t->l->act.type)->kind == ELEM_KIND_UINT; }

static bool has_zeros(const token *t) { return t->l->act.kind == ACT_ASYMMETRIC && is_byte(t); }

static void put_number(token *t, uint64_t p, int64_t column, double number, const group *g) {
  bool kept = is_byte(t) && (has_zeros(t) || column >= 0);
  t->scale[p] = g->scale;
  t->zero[p] = kept ? (int)g->zero - (is_unsigned(t) ? 128 : 0) : 0;
  t->q[p] = column < 0 || is_float(t) ? 0 : (int)number;
  t->number[p] = column < 0 ? 0 : (float)number * g->scale;
}

static void dynamic_group(token *t, uint64_t from, uint64_t to, uint64_t index) {
  found f = look(t, from, to);
  group g = dynamic_scale(t, &f);
  for (uint64_t p = from; p < to; p++) {
    int64_t column = column_at(t, p);
    put_number(t, p, column, column < 0 ? 0 : dynamic_number(t, &g, t->x[column]), &g);
  }
  if (t->l->scale_span == 0) return;
  uint64_t size = has_zeros(t) ? 8 : 4;
  int32_t zero = (int32_t)g.zero - 128;
  memcpy(t->out + t->sizes.scales_offset + size * index, &g.scale, 4);
  if (size == 8) memcpy(t->out + t->sizes.scales_offset + size * index + 4, &zero, 4);
}

// Groups of columns, of floats: what is between their positions is zero.
static void numbers_by_columns(token *t) {
  uint64_t size = t->l->act.group;
  for (uint64_t from = 0; from < t->columns; from += size) {
    uint64_t to = t->columns - from < size ? t->columns : from + size;
    found f = look(t, from, to);
    group g = dynamic_scale(t, &f);
    for (uint64_t c = from; c < to; c++)
      put_number(t, c / t->l->k_group * t->l->k_padded + c % t->l->k_group, (int64_t)c, dynamic_number(t, &g, t->x[c]),
                 &g);
  }
}

static void dynamic_numbers(token *t) {
  uint64_t index = 0;
  if (by_columns(t)) {
    numbers_by_columns(t);
    return;
  }
  for (uint64_t from = 0, to; from < t->sizes.positions; from = to) {
    to = span_end(t, from, t->scale_span);
    dynamic_group(t, from, to, index++);
  }
}

static double static_number(const token *t, float x) {
  const act_spec *act = &t->l->act;
  float scaled = x * (float)(1 / (double)(float)act->scale);
  double most = type_most(act->type) - act->zero;
  double least = is_float(t) ? -most : (double)elem_min(act->type) - act->zero;
  if (isnan(scaled)) return least;
  return rounded(t, fmin(fmax((double)scaled, least), most));
}

static void static_numbers(token *t) {
  group g = {.scale = (float)t->l->act.scale, .zero = (float)t->l->act.zero};
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    int64_t column = column_at(t, p);
    put_number(t, p, column, column < 0 ? 0 : static_number(t, t->x[column]), &g);
  }
  if (t->l->scale_span == 0) return;
  uint64_t count =
      t->l->scale_span >= t->sizes.positions ? 1 : (t->sizes.positions + t->l->scale_span - 1) / t->l->scale_span;
  for (uint64_t i = 0; i < count; i++) put(t, t->sizes.scales_offset, i, &g.scale);
}

static void float_numbers(token *t) {
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    int64_t column = column_at(t, p);
    t->number[p] = column < 0 ? 0 : (float)rounded(t, (double)t->x[column]);
  }
}

static void store_numbers(const token *t) {
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    uint8_t *numbers = t->out + t->sizes.numbers_offset;
    if (t->store_bytes)
      numbers[p] = (uint8_t)(t->q[p] + t->zero[p]);
    else
      memcpy(numbers + 4 * p, &t->number[p], 4);
  }
}

// Bit 8j + q of a plane's word is position 4q + j of the 32.
static void store_bits(const token *t) {
  unsigned planes = t->l->bit_planes;
  if (planes > 0) memset(t->out, 0, t->sizes.positions / 8 * planes);
  for (uint64_t p = 0; planes > 0 && p < t->sizes.positions; p++) {
    unsigned bit = (unsigned)(8 * (p % 4) + p % 32 / 4);
    for (unsigned i = 0; i < planes; i++) {
      bool set = t->l->act.kind == ACT_SIGN ? t->q[p] > 0 : ((unsigned)(t->q[p] + t->zero[p]) >> i & 1) != 0;
      t->out[(p / 32 * planes + i) * 4 + bit / 8] |= (uint8_t)(set << bit % 8);
    }
  }
}

// ---- sums

static int32_t integer_sum(const token *t, uint64_t from, uint64_t to) {
  int32_t sum = 0;
  for (uint64_t p = from; p < to; p++) sum += t->q[p] + (has_zeros(t) ? 0 : t->zero[p]);
  return sum;
}

static float lane_sum(const token *t, uint64_t from, uint64_t to) {
  float lanes[16] = {0};
  for (uint64_t p = from; p < to; p++) lanes[(p - from) % 16] += t->number[p];
  for (unsigned n = 8; n > 0; n /= 2)
    for (unsigned i = 0; i < n; i++) lanes[i] += lanes[i + n];
  return lanes[0];
}

// The parts of the span that lie in one group of scales each.
static float scaled_sum(const token *t, uint64_t from, uint64_t to) {
  bool one_scale = t->l->act.kind == ACT_STATIC || t->scale_span == PREPARED_ROW;
  float sum = 0;
  for (uint64_t end; from < to; from = end) {
    end = one_scale ? to : (from / t->scale_span + 1) * t->scale_span;
    if (end > to) end = to;
    sum += (float)integer_sum(t, from, end) * t->scale[from];
  }
  return sum;
}

static void integer_sums(const token *t) {
  uint64_t index = 0;
  for (uint64_t from = 0, to; from < t->sizes.positions; from = to) {
    to = span_end(t, from, t->l->isum_span);
    int32_t sum = integer_sum(t, from, to);
    if (t->l->isum_factor != 0 || t->l->isum_signs != 0) sum *= (int32_t)t->l->isum_factor;
    for (uint64_t p = from; p < to; p++) sum += t->q[p] > 0 ? (int32_t)t->l->isum_signs : 0;
    put(t, t->sizes.isums_offset, index++, &sum);
  }
}

static void float_sums(const token *t) {
  uint64_t index = 0;
  for (uint64_t from = 0, to; from < t->sizes.positions; from = to) {
    to = span_end(t, from, t->l->fsum_span);
    float sum = t->store_bytes ? scaled_sum(t, from, to) : lane_sum(t, from, to);
    put(t, t->sizes.fsums_offset, index++, &sum);
  }
}

static uint64_t group_positions(const prepared_layout *l) {
  if (l->act.group == 0) return PREPARED_ROW;
  return l->k_group == l->k_padded ? l->act.group : l->act.group / l->k_group * l->k_padded;
}

bool prepare_ref(const prepared_layout *l, uint64_t columns, const float *x, uint8_t *out) {
  token t = {.l = l, .columns = columns, .x = x, .out = out, .scale_span = group_positions(l)};
  if (!prepared_get_sizes(l, columns, &t.sizes)) return false;
  t.store_bytes = prepared_has_bytes(l);
  t.q = calloc(t.sizes.positions, sizeof *t.q);
  t.zero = calloc(t.sizes.positions, sizeof *t.zero);
  t.number = calloc(t.sizes.positions, sizeof *t.number);
  t.scale = calloc(t.sizes.positions, sizeof *t.scale);
  if (l->act.kind == ACT_PLAIN)
    float_numbers(&t);
  else if (l->act.kind == ACT_STATIC)
    static_numbers(&t);
  else
    dynamic_numbers(&t);
  store_numbers(&t);
  store_bits(&t);
  if (t.store_bytes && l->isum_span != 0) integer_sums(&t);
  if (l->fsum_span != 0) float_sums(&t);
  free(t.q);
  free(t.zero);
  free(t.number);
  free(t.scale);
  return true;
}

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
  bool store_i8;
  uint64_t scale_span;
  int *q;        // of every position
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

static float to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (!isnan(x)) bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000;
  if (isnan(x)) bits |= 0x00400000;
  memcpy(&x, &bits, 4);
  return x;
}

// The end of a span that starts at `from`.
static uint64_t span_end(const token *t, uint64_t from, uint64_t span) {
  return span >= t->sizes.positions - from ? t->sizes.positions : from + span;
}

// ---- numbers

static float largest(const token *t, uint64_t from, uint64_t to) {
  float max = 0;
  for (uint64_t p = from; p < to; p++) {
    int64_t column = column_at(t, p);
    if (column < 0) continue;
    if (!isfinite(t->x[column])) return INFINITY;
    max = fmaxf(max, fabsf(t->x[column]));
  }
  return max;
}

static void dynamic_group(token *t, uint64_t from, uint64_t to, uint64_t group) {
  float amax = largest(t, from, to);
  float scale = amax / 127.0f;
  float inverse = 127.0f / amax;
  if (!(inverse < FLT_MAX)) inverse = FLT_MAX;
  for (uint64_t p = from; p < to; p++) {
    int64_t column = column_at(t, p);
    t->scale[p] = scale;
    t->q[p] = column < 0 || isinf(amax) ? 0 : (int)nearbyintf(t->x[column] * inverse);
    t->number[p] = column < 0 ? 0 : (float)t->q[p] * scale;
  }
  if (t->l->scale_span != 0) put(t, t->sizes.scales_offset, group, &scale);
}

static void dynamic_numbers(token *t) {
  uint64_t group = 0;
  for (uint64_t from = 0, to; from < t->sizes.positions; from = to) {
    to = span_end(t, from, t->scale_span);
    dynamic_group(t, from, to, group++);
  }
}

static int static_q(const act_spec *act, float x) {
  float scale = (float)act->scale;
  float scaled = x * (float)(1 / (double)scale);
  if (isnan(scaled)) return -128;
  float q = nearbyintf(scaled) + (float)act->zero;
  return q < -128 ? -128 : q > 127 ? 127 : (int)q;
}

static void static_numbers(token *t) {
  float scale = (float)t->l->act.scale;
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    int64_t column = column_at(t, p);
    t->q[p] = column < 0 ? 0 : static_q(&t->l->act, t->x[column]);
    t->number[p] = column < 0 ? 0 : (float)(t->q[p] - t->l->act.zero) * scale;
    t->scale[p] = scale;
  }
  if (t->l->scale_span == 0) return;
  uint64_t count =
      t->l->scale_span >= t->sizes.positions ? 1 : (t->sizes.positions + t->l->scale_span - 1) / t->l->scale_span;
  for (uint64_t i = 0; i < count; i++) put(t, t->sizes.scales_offset, i, &scale);
}

static void float_numbers(token *t) {
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    int64_t column = column_at(t, p);
    float x = column < 0 ? 0 : t->x[column];
    t->number[p] = t->l->act.kind == ACT_BF16 ? to_bf16(x) : x;
  }
}

static void store_numbers(const token *t) {
  for (uint64_t p = 0; p < t->sizes.positions; p++) {
    if (t->store_i8)
      t->out[p] = (uint8_t)t->q[p];
    else
      memcpy(t->out + 4 * p, &t->number[p], 4);
  }
}

// ---- sums

static int32_t integer_sum(const token *t, uint64_t from, uint64_t to) {
  int32_t sum = 0;
  for (uint64_t p = from; p < to; p++) sum += t->q[p];
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
  bool one_scale = t->l->act.kind == ACT_I8_STATIC || t->scale_span == PREPARED_ROW;
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
    if (t->l->isum_factor != 0) sum *= (int32_t)t->l->isum_factor;
    put(t, t->sizes.isums_offset, index++, &sum);
  }
}

static void float_sums(const token *t) {
  uint64_t index = 0;
  for (uint64_t from = 0, to; from < t->sizes.positions; from = to) {
    to = span_end(t, from, t->l->fsum_span);
    float sum = t->store_i8 ? scaled_sum(t, from, to) : lane_sum(t, from, to);
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
  t.store_i8 = !l->as_f32 && (l->act.kind == ACT_I8_DYNAMIC || l->act.kind == ACT_I8_STATIC);
  t.q = calloc(t.sizes.positions, sizeof *t.q);
  t.number = calloc(t.sizes.positions, sizeof *t.number);
  t.scale = calloc(t.sizes.positions, sizeof *t.scale);
  if (l->act.kind == ACT_I8_DYNAMIC)
    dynamic_numbers(&t);
  else if (l->act.kind == ACT_I8_STATIC)
    static_numbers(&t);
  else
    float_numbers(&t);
  store_numbers(&t);
  if (t.store_i8 && l->isum_span != 0) integer_sums(&t);
  if (l->fsum_span != 0) float_sums(&t);
  free(t.q);
  free(t.number);
  free(t.scale);
  return true;
}

#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "support/wide.h"

// With more levels than these, a search in the sorted list takes less time than a comparison with each.
enum { LANES = 4, COMPARED = 32 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t lane_bits __attribute__((vector_size(LANES * sizeof(int64_t))));

// a where `mask` is set, else b.
#define PICK(mask, a, b) ((lanes)(((lane_bits)(a) & (mask)) | ((lane_bits)(b) & ~(mask))))

// Sums of levels c, c * c and c * w, each in lanes that are added up at the end.
typedef struct lane_sums {
  lanes c, cc, cw;
} lane_sums;

static const double ROUND = 0x1.8p52; // adding it leaves no bit for fractions: rounds to nearest even

// How a weight becomes the index of a sorted level: uniform levels by rounding x = w * scale + shift, others by search
// for x among the limits. `scale` 0 gives one index for all.
typedef struct quantizer {
  double scale, shift;
  double top; // the greatest index
  size_t count, padded;
  const double *sorted, *middle;
  const uint16_t *code_of;
  const level_leap *leap; // NULL: none
} quantizer;

static quantizer quantizer_for(const core_set *c, const double *u) {
  double off = c->offset < c->terms ? u[c->offset] * c->min[c->offset] : 0;
  double scale = 1 / u[c->slope];
  quantizer q = {.top = (double)(c->level_count - 1), .count = c->level_count, .padded = c->padded};
  q.sorted = c->sorted;
  q.middle = c->middle;
  q.code_of = c->code_of;
  q.leap = c->leap.usable ? &c->leap : NULL;
  if (!isfinite(scale) || !isfinite(off * scale)) scale = off = 0; // all levels coincide: the one nearest to 0
  q.scale = scale;
  q.shift = -off * scale;
  if (c->uniform) {
    q.scale *= c->per_step;
    q.shift = (q.shift - c->sorted[0]) * c->per_step;
  }
  return q;
}

// ---- levels of LANES weights -----------------------------------------------------------------------------

static inline void load(const double *from, lanes *x) { memcpy(x, from, sizeof *x); }

// The index, as a number.
static inline void nearest_uniform(const quantizer *q, const lanes *w, lanes *index) {
  const lanes zero = {0}, top = zero + q->top;
  lanes x = *w * q->scale + q->shift;
  x = PICK(x < zero, zero, x);
  x = PICK(x > top, top, x);
  *index = (x + ROUND) - ROUND;
}

static inline void nearest_compared(const quantizer *q, const lanes *w, lanes *level) {
  const lanes zero = {0};
  lanes x = *w * q->scale + q->shift, v = zero + q->sorted[0];
  for (size_t i = 1; i < q->count; i++) v = PICK(x > zero + q->middle[i - 1], zero + q->sorted[i], v);
  *level = v;
}

static inline void index_compared(const quantizer *q, const lanes *w, lane_bits *index) {
  const lanes zero = {0};
  lanes x = *w * q->scale + q->shift;
  lane_bits at = {0};
  for (size_t i = 1; i < q->count; i++) at -= x > zero + q->middle[i - 1];
  *index = at;
}

static inline size_t leap_level(const quantizer *q, double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int at = (int)(bits >> (52 - LEAP_MANTISSA) & 0x7fff) - ((1023 << LEAP_MANTISSA) + q->leap->lowest);
  at = at < 0 ? 0 : at >= LEAPS ? LEAPS - 1 : at;
  size_t level = q->leap->from[bits >> 63][at];
  for (int i = 0; i < LEAP_STEPS; i++) level += x > q->middle[level];
  return level;
}

static size_t search_level(const quantizer *q, double x) {
  size_t at = 0;
  for (size_t step = q->padded / 2; step > 0; step /= 2) at += x > q->middle[at + step - 1] ? step : 0;
  return at;
}

static inline void add(lane_sums *s, const lanes *c, const lanes *w) {
  s->c += *c;
  s->cc += *c * *c;
  s->cw += *c * *w;
}

static inline void add_by(lane_sums *s, const lanes *c, const lanes *w, const lanes *by) {
  lanes part = *by * *c;
  s->c += part;
  s->cc += part * *c;
  s->cw += part * *w;
}

// ---- runs of weights: whole lanes, and a rest ------------------------------------------------------------

QCC_WIDE static void sum_uniform(const quantizer *q, const double *w, const double *by, size_t count, lane_sums *out) {
  lane_sums s = *out;
  for (size_t i = 0; i < count; i += LANES) {
    lanes x, c, much;
    load(w + i, &x);
    nearest_uniform(q, &x, &c);
    if (by == NULL) {
      add(&s, &c, &x);
    } else {
      load(by + i, &much);
      add_by(&s, &c, &x, &much);
    }
  }
  *out = s;
}

QCC_WIDE static void sum_compared(const quantizer *q, const double *w, const double *by, size_t count, lane_sums *out) {
  lane_sums s = *out;
  for (size_t i = 0; i < count; i += LANES) {
    lanes x, c, much;
    load(w + i, &x);
    nearest_compared(q, &x, &c);
    if (by == NULL) {
      add(&s, &c, &x);
    } else {
      load(by + i, &much);
      add_by(&s, &c, &x, &much);
    }
  }
  *out = s;
}

static void sum_searched(const quantizer *q, const double *w, const double *by, size_t count, lane_sums *out) {
  double c[LANES], s[3][LANES] = {{0}};
  for (size_t i = 0; i < count; i += LANES) {
    for (size_t l = 0; l < LANES; l++) {
      double x = w[i + l] * q->scale + q->shift;
      c[l] = q->sorted[q->leap != NULL ? leap_level(q, x) : search_level(q, x)];
    }
    for (size_t l = 0; l < LANES; l++) {
      double part = by == NULL ? c[l] : by[i + l] * c[l];
      s[0][l] += part;
      s[1][l] += part * c[l];
      s[2][l] += part * w[i + l];
    }
  }
  for (size_t l = 0; l < LANES; l++) {
    out->c[l] += s[0][l];
    out->cc[l] += s[1][l];
    out->cw[l] += s[2][l];
  }
}

QCC_WIDE static void store_uniform(const quantizer *q, const double *w, size_t count, uint32_t *codes) {
  for (size_t i = 0; i < count; i += LANES) {
    lanes x, index;
    load(w + i, &x);
    nearest_uniform(q, &x, &index);
    for (size_t l = 0; l < LANES; l++) codes[i + l] = q->code_of[(size_t)(int64_t)index[l]];
  }
}

QCC_WIDE static void store_compared(const quantizer *q, const double *w, size_t count, uint32_t *codes) {
  for (size_t i = 0; i < count; i += LANES) {
    lanes x;
    lane_bits index;
    load(w + i, &x);
    index_compared(q, &x, &index);
    for (size_t l = 0; l < LANES; l++) codes[i + l] = q->code_of[index[l]];
  }
}

static void store_searched(const quantizer *q, const double *w, size_t count, uint32_t *codes) {
  for (size_t i = 0; i < count; i++) {
    double x = w[i] * q->scale + q->shift;
    codes[i] = q->code_of[q->leap != NULL ? leap_level(q, x) : search_level(q, x)];
  }
}

typedef struct runs {
  void (*sum)(const quantizer *q, const double *w, const double *by, size_t count, lane_sums *out);
  void (*store)(const quantizer *q, const double *w, size_t count, uint32_t *codes);
} runs;

static runs runs_for(const core_set *c) {
  if (c->uniform) return (runs){.sum = sum_uniform, .store = store_uniform};
  if (c->level_count <= COMPARED && !c->leap.usable) return (runs){.sum = sum_compared, .store = store_compared};
  return (runs){.sum = sum_searched, .store = store_searched};
}

// The last weights of a run, which fill no lanes: others beside them count nothing.
static void add_rest(const runs *r, const quantizer *q, const double *w, const double *by, size_t count,
                     uint32_t *codes, lane_sums *s) {
  double part[LANES] = {0}, much[LANES] = {0};
  uint32_t stored[LANES];
  for (size_t l = 0; l < count; l++) {
    part[l] = w[l];
    much[l] = by != NULL ? by[l] : 1;
  }
  r->sum(q, part, much, LANES, s);
  if (codes == NULL) return;
  r->store(q, part, LANES, stored);
  memcpy(codes, stored, count * sizeof *codes);
}

static double total(const lanes *x) { return ((*x)[0] + (*x)[1]) + ((*x)[2] + (*x)[3]); }

// Sums over indices become those over levels first + step * index.
static void rescale(const core_set *c, line_sums *s) {
  double first = c->sorted[0], step = c->sorted[1] - first, one = s->c, two = s->cc;
  s->c = first * s->n + step * one;
  s->cc = first * first * s->n + 2 * first * step * one + step * step * two;
  s->cw = first * s->w + step * s->cw;
}

void line_measure(const core_set *c, const fit_span *s, const double *u, bool store, line_sums *out) {
  quantizer q = quantizer_for(c, u);
  runs r = runs_for(c);
  lane_sums sums = {.c = {0}};
  size_t whole = s->columns - s->columns % LANES, rest = s->columns - whole;
  for (size_t row = 0; row < s->rows; row++) {
    uint32_t *codes = store ? s->codes + row * s->code_stride : NULL;
    const double *w = s->w + row * s->stride;
    r.sum(&q, w, s->by, whole, &sums);
    if (store) r.store(&q, w, whole, codes);
    if (rest > 0)
      add_rest(&r, &q, w + whole, s->by == NULL ? NULL : s->by + whole, rest, store ? codes + whole : NULL, &sums);
  }
  out->c = total(&sums.c);
  out->cc = total(&sums.cc);
  out->cw = total(&sums.cw);
  if (c->uniform) rescale(c, out);
}

// ---- weights alone ---------------------------------------------------------------------------------------

typedef struct weight_sums {
  lanes n, w, ww, min, max;
} weight_sums;

QCC_WIDE static void sum_weights(const double *w, size_t count, weight_sums *out) {
  weight_sums s = *out;
  for (size_t i = 0; i < count; i += LANES) {
    lanes x;
    load(w + i, &x);
    s.w += x;
    s.ww += x * x;
    s.min = PICK(x < s.min, x, s.min);
    s.max = PICK(x > s.max, x, s.max);
  }
  *out = s;
}

static void add_weight(weight_sums *s, size_t lane, double w, double by) {
  s->n[lane] += by;
  s->w[lane] += by * w;
  s->ww[lane] += by * w * w;
  s->min[lane] = w < s->min[lane] ? w : s->min[lane];
  s->max[lane] = w > s->max[lane] ? w : s->max[lane];
}

line_weights line_weights_of(const fit_span *s) {
  const lanes zero = {0};
  line_weights x = {.sums = {.n = 0}};
  weight_sums sums = {.n = zero, .min = zero + INFINITY, .max = zero - INFINITY};
  size_t whole = s->by != NULL ? 0 : s->columns - s->columns % LANES;
  for (size_t row = 0; row < s->rows; row++) {
    const double *w = s->w + row * s->stride;
    sum_weights(w, whole, &sums);
    for (size_t i = whole; i < s->columns; i++) add_weight(&sums, i % LANES, w[i], s->by == NULL ? 1 : s->by[i]);
  }
  x.sums.n = s->by != NULL ? total(&sums.n) : (double)s->rows * (double)s->columns;
  x.sums.w = total(&sums.w);
  x.sums.ww = total(&sums.ww);
  x.min = sums.min[0];
  x.max = sums.max[0];
  for (size_t l = 1; l < LANES; l++) {
    x.min = sums.min[l] < x.min ? sums.min[l] : x.min;
    x.max = sums.max[l] > x.max ? sums.max[l] : x.max;
  }
  return x;
}

void line_quad(const core_set *c, const line_sums *s, quadratic *out) {
  out->power = s->ww;
  out->h[c->slope][c->slope] = s->cc;
  out->b[c->slope] = s->cw;
  if (c->offset == c->terms) return;
  double k = c->min[c->offset];
  out->h[c->slope][c->offset] = out->h[c->offset][c->slope] = k * s->c;
  out->h[c->offset][c->offset] = k * k * s->n;
  out->b[c->offset] = k * s->w;
}

#include "inspect/values.h"

#include <math.h>

#include "inspect/convert_source.h"
#include "support/fp.h"

// Magnitudes by their exponent and three bits of their mantissa: with it outliers are counted although their limit is known
// only when all numbers were read.
enum { DROPPED_BITS = 20, BINS = 1 << 11, CHUNK = 4096 };

typedef struct counter {
  value_facts facts;
  double squares;
  uint64_t bins[BINS];
} counter;

static void count_number(counter *c, float x) {
  value_facts *f = &c->facts;
  if (isnan(x)) {
    f->nan++;
    return;
  }
  if (isinf(x)) {
    f->infinite++;
    return;
  }
  double number = (double)x;
  if (f->finite == 0 || number < f->min) f->min = number;
  if (f->finite == 0 || number > f->max) f->max = number;
  f->finite++;
  c->squares += number * number;
  c->bins[(fp_bits32(x) & 0x7fffffff) >> DROPPED_BITS]++;
}

static double bin_start(uint32_t bin) { return (double)fp_from_bits32(bin << DROPPED_BITS); }

static value_facts conclude(counter *c) {
  value_facts *f = &c->facts;
  f->known = true;
  f->rms = f->finite == 0 ? 0 : sqrt(c->squares / (double)f->finite);
  for (uint32_t bin = BINS; bin-- > 1 && f->rms > 0;) {
    double start = bin_start(bin);
    if (isfinite(start) && start < VALUES_OUTLIER * f->rms) break;
    f->outliers += c->bins[bin];
  }
  return *f;
}

static bool count_plain(const catalogue *c, const tensor *t, counter *out) {
  float numbers[CHUNK];
  for (uint64_t at = 0; at < t->count; at += CHUNK) {
    size_t count = t->count - at < CHUNK ? (size_t)(t->count - at) : CHUNK;
    if (!tensor_read_f32(c->quiet, t, at, count, numbers)) return false;
    for (size_t i = 0; i < count; i++) count_number(out, numbers[i]);
  }
  return true;
}

static bool count_decoded(arena *a, const subject *s, const found *w, counter *out) {
  convert_source source;
  if (w->problem != NULL || !convert_source_open(s->c->quiet, a, s, w, &source)) return false;
  double *row = ARENA_ARRAY(a, double, (size_t)w->columns);
  for (uint64_t n = 0; n < w->rows; n++) {
    convert_source_row(&source, n, row);
    for (uint64_t k = 0; k < w->columns; k++) count_number(out, (float)row[k]);
  }
  return true;
}

value_facts values_measure(const subject *s, const found *w) {
  arena *a = arena_new();
  counter *c = ARENA_NEW(a, counter);
  bool is_plain = w->scheme == NULL && w->tensor_count == 1 && w->tensors[0]->dtype != TENSOR_BLOCKS;
  bool ok = is_plain ? count_plain(s->c, w->tensors[0], c) : w->scheme != NULL && count_decoded(a, s, w, c);
  value_facts facts = ok ? conclude(c) : (value_facts){0};
  arena_free(a);
  return facts;
}

#include "encode/inside.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "support/wide.h"

static const double SINGLE = 0x1p-24;
static const double ROUND = 0x1.8p52; // adding it leaves no bit for fractions

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

level_list level_list_make(double *values, size_t count) {
  size_t finite = 0, kept = 0;
  for (size_t i = 0; i < count; i++)
    if (isfinite(values[i])) values[finite++] = values[i];
  qsort(values, finite, sizeof *values, by_value);
  for (size_t i = 0; i < finite; i++)
    if (i == 0 || values[i] != values[kept - 1]) values[kept++] = values[i];
  level_list l = {.count = kept, .values = values, .uniform = kept > 1};
  for (size_t i = 1; i < kept; i++) l.uniform &= values[i] - values[i - 1] == values[1] - values[0];
  return l;
}

void level_list_prepare(arena *a, level_list *l) {
  if (l->uniform || l->count > PROBE_RATIOS) return;
  double *all = ARENA_ARRAY(a, double, l->count * l->count);
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++)
    for (size_t j = 0; j < l->count; j++)
      if (l->values[j] != 0) all[count++] = l->values[i] / l->values[j];
  level_list ratios = level_list_make(all, count);
  l->ratios = ratios.values;
  l->ratio_count = ratios.count;
}

// The level nearest to x.
static double nearest(const level_list *l, double x) {
  size_t low = 0, high = l->count; // the first level that is not below x
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (l->values[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == l->count) return l->values[low - 1];
  if (low == 0) return l->values[0];
  return x - l->values[low - 1] < l->values[low] - x ? l->values[low - 1] : l->values[low];
}

static bool is_on_line(const level_list *l, const double *x, size_t count, probe_line line, double slack, double far) {
  double widest = slack * SINGLE * far / fabs(line.slope), step = l->uniform ? l->values[1] - l->values[0] : 0;
  if (line.offset != 0 && widest > 0.05 * step) return false;
  for (size_t i = 0; i < count; i++) {
    double at = (x[i] - line.offset) / line.slope, gap = fabs(at - nearest(l, at));
    // Without an offset errors are relative to each number.
    if (!(gap <= (line.offset != 0 ? widest : slack * SINGLE * fabs(at)))) return false;
  }
  return true;
}

typedef struct ends {
  double low, high, far;
} ends;

static ends find_ends(const double *x, size_t count) {
  ends e = {.low = INFINITY, .high = -INFINITY};
  for (size_t i = 0; i < count; i++) {
    e.low = x[i] < e.low ? x[i] : e.low;
    e.high = x[i] > e.high ? x[i] : e.high;
  }
  e.far = -e.low > e.high ? e.low : e.high;
  return e;
}

static bool may_be(double slope, bool negative, bool positive) {
  return isfinite(slope) && slope != 0 && (slope < 0 ? negative : positive);
}

// Whether some levels are `ratio` times another, which is not 0, give or take a relative error of `slack`.
QCC_WIDE static bool is_ratio_of_uniform(const double *values, size_t count, double ratio, double slack) {
  double first = values[0], per_step = 1 / (values[1] - first), half = 0.5 / per_step;
  bool found = false;
  for (size_t i = 0; i < count; i++) {
    double at = ratio * values[i], index = (at - first) * per_step, gap = index - ((index + ROUND) - ROUND);
    bool near = fabs(gap) <= slack * fabs(at) * per_step + 1e-9;
    found |= near & (fabs(values[i]) > half);
  }
  return found;
}

static bool is_ratio(const level_list *l, double ratio, double slack) {
  if (l->uniform) return is_ratio_of_uniform(l->values, l->count, ratio, slack);
  if (l->ratio_count == 0) return true; // not known
  double found = nearest(&(level_list){.count = l->ratio_count, .values = l->ratios}, ratio);
  return fabs(found - ratio) <= slack * fabs(ratio);
}

// A number that is neither 0 nor an end; 0 when there is none.
static double inner_number(const double *x, size_t count, const ends *e) {
  for (size_t i = 0; i < count; i++)
    if (x[i] != 0 && x[i] != e->low && x[i] != e->high) return x[i];
  return 0;
}

// The farthest number is some level: levels from the outermost inwards.
static size_t lines_through_zero(const level_list *l, const double *x, size_t count, const ends *e, bool negative,
                                 bool positive, double slack, probe_line *out) {
  size_t found = 0, low = 0, high = l->count;
  // Two numbers rule out nearly all lines at once.
  double other = inner_number(x, count, e);
  if (other != 0 && !is_ratio(l, other / e->far, 2 * slack * SINGLE)) return 0;
  while (low < high && found < PROBE_FOUND) {
    double level = fabs(l->values[low]) > fabs(l->values[high - 1]) ? l->values[low++] : l->values[--high];
    probe_line line = {.slope = e->far / level};
    if (may_be(line.slope, negative, positive) && is_on_line(l, x, count, line, slack, fabs(e->far)))
      out[found++] = line;
  }
  return found;
}

// The least and the greatest number are two levels. Where distances are equal, whether a line fits depends on how many
// levels they are apart only.
static size_t lines_through_ends(const level_list *l, const double *x, size_t count, const ends *e, bool negative,
                                 bool positive, double slack, probe_line *out) {
  size_t found = 0;
  if (!l->uniform && l->count > PROBE_PAIRS) return 0;
  double other = inner_number(x, count, e), place = (other - e->low) / (e->high - e->low);
  double width = 2 * slack * SINGLE * fabs(e->far) / (e->high - e->low);
  for (size_t apart = l->count - 1; apart >= 1; apart--) {
    double index = place * (double)apart, gap = index - ((index + ROUND) - ROUND);
    if (l->uniform && other != 0 && fabs(gap) > width * (double)apart + 1e-9) continue;
    for (size_t i = 0; i + apart < l->count && found + 1 < PROBE_FOUND; i++) {
      double low = l->values[i], high = l->values[i + apart];
      probe_line up = {.slope = (e->high - e->low) / (high - low)};
      up.offset = e->low - up.slope * low;
      probe_line down = {.slope = -up.slope, .offset = e->high + up.slope * low};
      bool rises = may_be(up.slope, negative, positive) && is_on_line(l, x, count, up, slack, fabs(e->far));
      bool falls = may_be(down.slope, negative, positive) && is_on_line(l, x, count, down, slack, fabs(e->far));
      if (rises) out[found++] = up;
      if (falls) out[found++] = down;
      if (!rises && !falls && l->uniform) break;
    }
  }
  return found;
}

size_t probe_lines(const level_list *l, const double *x, size_t count, bool with_offset, bool negative, bool positive,
                   double slack, probe_line *out) {
  ends e = find_ends(x, count);
  if (l->count < 2 || count == 0 || e.far == 0 || !isfinite(e.far)) return 0;
  if (with_offset && e.low == e.high) return 0;
  return (with_offset ? lines_through_ends : lines_through_zero)(l, x, count, &e, negative, positive, slack, out);
}

/* Note [Exact weights]

Weights that were decoded from a format are slope * level + offset with levels of the value's core, rounded to single
precision. Least squares finds the slope when it begins near enough, but the best start for weights that use only part of
the levels (8-bit codes up to 100) is none of the usual ones. So it is asked directly whether the weights of a granule are
multiples of levels: the farthest weight is some level, which gives one slope to try for each level; the next weights rule
nearly all of them out at once. With an offset the least and the greatest weight are two levels. The same is asked of the
scales of a granule one level higher, which are multiples of the integers that say them.

Guaranteed are so: one slope for each granule, with or without an offset or a zero point, whatever the type of the numbers
(formats of one level); the same with a slope of integers times a coarser number, as long as the integers found first are
those that were meant: codes of a granule that all have a common divisor, or use so few of the levels that an offset can
be said in several ways, leave a choice that the levels above may not be able to follow. */

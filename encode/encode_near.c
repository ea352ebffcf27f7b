#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "support/wide.h"

enum { SMALL = 512, CHUNK = 64, LISTS = 256, ROUNDS = 3, RUN = 16 };

// Vectors are kept in lists around centres; those of one list lie together, number by number.
struct near_index {
  size_t dim, lists;
  float *centres; // [dim][lists]
  float *radius;  // of each list: the greatest distance from its centre
  size_t *first;  // [lists + 1] into ids
  uint32_t *ids;  // ascending within a list
  float *vectors; // of list l: [dim][members] from first[l] * dim on
};

// Squared distances of t to vectors i .. i + n - 1 of an array [dim][count], n <= CHUNK. Each sum is made in the order of
// the dimensions, so the result does not depend on how the compiler works in parallel.
QCC_WIDE static void distances(const float *v, size_t count, size_t dim, size_t i, size_t n, const float *t,
                               float *restrict out) {
  float sum[CHUNK] = {0};
  for (size_t j = 0; j < dim; j++) {
    const float *row = v + j * count + i;
    float x = t[j];
    if (n == CHUNK)
      for (size_t c = 0; c < CHUNK; c++) sum[c] += (row[c] - x) * (row[c] - x);
    else
      for (size_t c = 0; c < n; c++) sum[c] += (row[c] - x) * (row[c] - x);
  }
  memcpy(out, sum, n * sizeof *out);
}

static bool before(float distance, uint32_t id, const near_answer *b) {
  return distance < b->distance || (distance == b->distance && id < b->id);
}

static void offer(near_answer *best, size_t *have, size_t want, float distance, uint32_t id) {
  if (*have == want && !before(distance, id, &best[want - 1])) return;
  size_t at = *have < want ? (*have)++ : want - 1;
  for (; at > 0 && before(distance, id, &best[at - 1]); at--) best[at] = best[at - 1];
  best[at] = (near_answer){.id = id, .distance = distance};
}

static void scan_list(const near_index *x, size_t list, const float *t, size_t want, near_answer *best, size_t *have) {
  size_t count = x->first[list + 1] - x->first[list];
  const float *v = x->vectors + x->first[list] * x->dim;
  const uint32_t *ids = x->ids + x->first[list];
  float d[CHUNK];
  for (size_t i = 0; i < count; i += CHUNK) {
    size_t n = count - i < CHUNK ? count - i : CHUNK;
    distances(v, count, x->dim, i, n, t, d);
    for (size_t c = 0; c < n; c++)
      if (*have < want || d[c] <= best[want - 1].distance) offer(best, have, want, d[c], ids[i + c]);
  }
}

// The first of the nearest lists of a run.
static size_t nearest_in_run(const float *d, size_t lists, size_t run) {
  size_t nearest = run * RUN, end = nearest + RUN < lists ? nearest + RUN : lists;
  for (size_t l = nearest + 1; l < end; l++)
    if (d[l] < d[nearest]) nearest = l;
  return nearest;
}

size_t near_find(const near_index *x, const float *t, size_t probes, size_t want, near_answer *out) {
  float d[LISTS];
  size_t have = 0;
  if (x->lists == 1) {
    scan_list(x, 0, t, want, out, &have);
    return have;
  }
  for (size_t i = 0; i < x->lists; i += CHUNK)
    distances(x->centres, x->lists, x->dim, i, x->lists - i < CHUNK ? x->lists - i : CHUNK, t, d + i);
  // Of RUN lists each the nearest, so that few have to be compared for every probe.
  size_t runs = (x->lists + RUN - 1) / RUN, least[LISTS / RUN] = {0};
  for (size_t r = 0; r < runs; r++) least[r] = nearest_in_run(d, x->lists, r);
  for (size_t p = 0; p < probes && p < x->lists; p++) {
    size_t nearest = least[0];
    for (size_t r = 1; r < runs; r++)
      if (d[least[r]] < d[nearest]) nearest = least[r];
    // No member can be nearer than this. The margin covers rounding.
    float gap = sqrtf(d[nearest]) - x->radius[nearest];
    if (have < want || gap <= 0 || gap * gap <= out[want - 1].distance * 1.0001f)
      scan_list(x, nearest, t, want, out, &have);
    d[nearest] = INFINITY;
    least[nearest / RUN] = nearest_in_run(d, x->lists, nearest / RUN);
  }
  return have;
}

// ---- making one ------------------------------------------------------------------------------------------

typedef struct builder {
  near_index *x;
  const float *points; // [dim][count]
  size_t count;
  uint32_t *list; // of each point
} builder;

static void point_of(const builder *b, size_t i, float *out) {
  for (size_t j = 0; j < b->x->dim; j++) out[j] = b->points[j * b->count + i];
}

static size_t nearest_centre(const near_index *x, const float *t, float *distance) {
  float d[CHUNK];
  size_t best = 0;
  *distance = INFINITY;
  for (size_t i = 0; i < x->lists; i += CHUNK) {
    size_t n = x->lists - i < CHUNK ? x->lists - i : CHUNK;
    distances(x->centres, x->lists, x->dim, i, n, t, d);
    for (size_t c = 0; c < n; c++)
      if (d[c] < *distance) *distance = d[c], best = i + c;
  }
  return best;
}

static void assign_points(builder *b, float *t) {
  float ignored;
  for (size_t i = 0; i < b->count; i++) {
    point_of(b, i, t);
    b->list[i] = (uint32_t)nearest_centre(b->x, t, &ignored);
  }
}

// Centres become the means of their lists; empty ones stay.
static void move_centres(builder *b, double *sums, size_t *counts) {
  near_index *x = b->x;
  memset(sums, 0, x->lists * x->dim * sizeof *sums);
  memset(counts, 0, x->lists * sizeof *counts);
  for (size_t i = 0; i < b->count; i++) {
    counts[b->list[i]]++;
    for (size_t j = 0; j < x->dim; j++) sums[j * x->lists + b->list[i]] += (double)b->points[j * b->count + i];
  }
  for (size_t i = 0; i < x->lists * x->dim; i++)
    if (counts[i % x->lists] > 0) x->centres[i] = (float)(sums[i] / (double)counts[i % x->lists]);
}

static void find_centres(builder *b) {
  near_index *x = b->x;
  arena *a = arena_new();
  double *sums = ARENA_ARRAY(a, double, x->lists * x->dim);
  size_t *counts = ARENA_ARRAY(a, size_t, x->lists);
  float *t = ARENA_ARRAY(a, float, x->dim);
  for (size_t l = 0; l < x->lists; l++)
    for (size_t j = 0; j < x->dim; j++)
      x->centres[j * x->lists + l] = b->points[j * b->count + l * b->count / x->lists];
  for (int round = 0; round < ROUNDS; round++) {
    assign_points(b, t);
    move_centres(b, sums, counts);
  }
  assign_points(b, t);
  arena_free(a);
}

// Puts the members of each list together; `names` are the points' numbers outside.
static void fill_lists(builder *b, const uint32_t *names) {
  near_index *x = b->x;
  for (size_t i = 0; i < b->count; i++) x->first[b->list[i] + 1]++;
  for (size_t l = 0; l < x->lists; l++) x->first[l + 1] += x->first[l];
  arena *a = arena_new();
  size_t *at = ARENA_ARRAY(a, size_t, x->lists);
  for (size_t i = 0; i < b->count; i++) {
    size_t l = b->list[i], slot = at[l]++, members = x->first[l + 1] - x->first[l];
    float far = 0;
    x->ids[x->first[l] + slot] = names[i];
    for (size_t j = 0; j < x->dim; j++) {
      float v = b->points[j * b->count + i], gap = v - x->centres[j * x->lists + l];
      x->vectors[x->first[l] * x->dim + j * members + slot] = v;
      far += gap * gap;
    }
    far = sqrtf(far) * 1.0001f;
    if (far > x->radius[l]) x->radius[l] = far;
  }
  arena_free(a);
}

static bool finite_vector(const double *table, size_t count, size_t dim, size_t i) {
  for (size_t j = 0; j < dim; j++)
    if (!isfinite((float)table[j * count + i])) return false;
  return true;
}

near_index *near_index_new(arena *a, const double *table, size_t count, size_t dim, uint64_t questions) {
  near_index *x = ARENA_NEW(a, near_index);
  arena *temporary = arena_new();
  uint32_t *names = ARENA_ARRAY(temporary, uint32_t, count);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (finite_vector(table, count, dim, i)) names[kept++] = (uint32_t)i;
  float *points = ARENA_ARRAY(temporary, float, kept *dim);
  for (size_t j = 0; j < dim; j++)
    for (size_t i = 0; i < kept; i++) points[j * kept + i] = (float)table[j * count + names[i]];
  *x = (near_index){.dim = dim, .lists = 1};
  while (kept > SMALL && x->lists < LISTS && 2 * x->lists * x->lists <= kept && 8 * x->lists <= questions)
    x->lists *= 2;
  x->centres = ARENA_ARRAY(a, float, x->lists *dim);
  x->radius = ARENA_ARRAY(a, float, x->lists);
  x->first = ARENA_ARRAY(a, size_t, x->lists + 1);
  x->ids = ARENA_ARRAY(a, uint32_t, kept);
  x->vectors = ARENA_ARRAY(a, float, kept *dim);
  builder b = {.x = x, .points = points, .count = kept, .list = ARENA_ARRAY(temporary, uint32_t, kept)};
  if (x->lists > 1) find_centres(&b);
  fill_lists(&b, names);
  arena_free(temporary);
  return x;
}

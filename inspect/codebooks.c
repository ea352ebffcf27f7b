#include "inspect/codebooks.h"

#include <math.h>
#include <stdlib.h>

#include "format/tensor_codes.h"

enum { MIN_LEVELS = 4 };

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

// The one field of codes of at most 8 bits; false when a weight has none, several, or a table.
static bool find_code(const scheme *s, unsigned *out) {
  unsigned count = 0;
  for (unsigned f = 0; f < s->field_count; f++) {
    if (s->fields[f].gran.kind != GRAN_WEIGHT || s->fields[f].sparse) continue;
    if (s->fields[f].rank != 0 || elem_get(s->fields[f].type)->bits > SCHEME_MAX_CODE_BITS || ++count > 1) return false;
    *out = f;
  }
  return count == 1;
}

// A weight with all that it shares being 1.
static tensor_codes *one_weight(const catalogue *c, arena *a, const scheme *s) {
  tensor_codes *t = tensor_codes_new(c->quiet, a, s, 1, 1);
  for (size_t f = 0; t != NULL && f < s->field_count; f++) {
    uint64_t count = 0;
    if (!scheme_field_count(&s->fields[f], 1, 1, &count)) return NULL;
    for (uint64_t i = 0; i < count; i++) t->elements[f][i] = (uint32_t)elem_encode(s->fields[f].type, 1.0);
  }
  return t;
}

static size_t sort_unique(double *levels, size_t count) {
  size_t kept = 0;
  qsort(levels, count, sizeof *levels, compare_doubles);
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || levels[i] > levels[kept - 1]) levels[kept++] = levels[i];
  return kept;
}

static bool is_even(const double *levels, size_t count) {
  double step = (levels[count - 1] - levels[0]) / (double)(count - 1);
  for (size_t i = 1; i < count; i++)
    if (fabs(levels[i] - levels[0] - (double)i * step) > 1e-6 * step) return false;
  return true;
}

static bool find_book(const catalogue *c, arena *a, const scheme *s, codebook *out) {
  unsigned field;
  tensor_codes *t = find_code(s, &field) ? one_weight(c, a, s) : NULL;
  if (t == NULL) return false;
  size_t codes = (size_t)1 << elem_get(s->fields[field].type)->bits, count = 0;
  double *levels = ARENA_ARRAY(a, double, codes), largest = 0;
  for (uint32_t code = 0; code < codes; code++) {
    t->elements[field][0] = code;
    double value = scheme_weight(t, 0, 0);
    if (isfinite(value)) levels[count++] = value;
  }
  count = sort_unique(levels, count);
  if (count < MIN_LEVELS || is_even(levels, count)) return false;
  largest = fmax(fabs(levels[0]), fabs(levels[count - 1]));
  for (size_t i = 0; i < count; i++) levels[i] /= largest;
  *out = (codebook){.format = s, .levels = levels, .count = count};
  return true;
}

static bool same_levels(const codebook *a, const codebook *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++)
    if (fabs(a->levels[i] - b->levels[i]) > 1e-9) return false;
  return true;
}

void codebooks_find(const catalogue *c, arena *a, codebook_list *out) {
  for (size_t i = 0; i < c->schemes.len; i++) {
    codebook b;
    bool is_new = find_book(c, a, c->schemes.data[i], &b);
    for (size_t k = 0; is_new && k < out->len; k++) is_new = !same_levels(&out->data[k], &b);
    if (is_new) vec_push(a, out, b);
  }
}

// ---- comparing -------------------------------------------------------------------------------------------

static double nearest(const codebook *b, double level) {
  size_t from = 0, to = b->count - 1;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (b->levels[middle] < level)
      from = middle + 1;
    else
      to = middle;
  }
  return from > 0 && level - b->levels[from - 1] < b->levels[from] - level ? b->levels[from - 1] : b->levels[from];
}

static bool fits_scale(const codebook *b, const double *numbers, size_t count, double tolerance, double scale) {
  for (size_t i = 0; i < count; i++)
    if (fabs(numbers[i] - scale * nearest(b, numbers[i] / scale)) > tolerance) return false;
  return true;
}

// The number of largest magnitude is one of the book's.
bool codebook_fits(const codebook *b, const double *numbers, size_t count, double tolerance) {
  double largest = fabs(numbers[0]) > fabs(numbers[count - 1]) ? numbers[0] : numbers[count - 1];
  if (largest == 0) return true;
  for (size_t i = 0; i < b->count; i++) {
    if (fabs(b->levels[i]) < 0.25) continue; // of groups with but a few numbers nothing can be told
    if (fits_scale(b, numbers, count, tolerance, largest / b->levels[i])) return true;
  }
  return false;
}

#include "inspect/levels.h"

#include <math.h>
#include <stdlib.h>

#include "weights/from_float.h"

enum { MAX_LEVELS = 256, MAX_ROWS = 48, MAX_COLUMNS = 4096, MIN_WEIGHTS = 64 };

static const char *const words[] = {
#define X(id, word, what) [LEVELS_##id] = word,
    LEVEL_KINDS(X)
#undef X
};

const char *level_kind_word(level_kind kind) { return words[kind]; }

// ---- the part that is looked at --------------------------------------------------------------------------

typedef struct part {
  uint64_t rows, columns; // of the part
  float *numbers;
  double tolerance; // relative error of a number of the tensor's type
} part;

static double type_tolerance(const tensor *t) {
  elem_type type = t->dtype == TENSOR_F16 ? ELEM_F16 : t->dtype == TENSOR_BF16 ? ELEM_BF16 : ELEM_F32;
  return ldexp(1.0, -(int)elem_get(type)->man_bits) * (type == ELEM_F32 ? 4 : 1);
}

// Rows from all over the tensor, and of each as many columns as all groups that are tried divide.
static bool read_part(const catalogue *c, arena *a, const tensor *t, part *out, bool *not_finite) {
  uint64_t columns = t->dims[t->rank - 1], rows = columns == 0 ? 0 : t->count / columns;
  if (t->count < MIN_WEIGHTS) return false;
  *out = (part){.rows = rows < MAX_ROWS ? rows : MAX_ROWS, .columns = columns < MAX_COLUMNS ? columns : MAX_COLUMNS};
  out->numbers = ARENA_ARRAY(a, float, (size_t)(out->rows * out->columns));
  out->tolerance = type_tolerance(t);
  for (uint64_t n = 0; n < out->rows; n++) {
    uint64_t row = out->rows < 2 ? 0 : n * (rows - 1) / (out->rows - 1);
    if (!tensor_read_f32(c->quiet, t, row * columns, (size_t)out->columns, out->numbers + n * out->columns))
      return false;
  }
  for (size_t i = 0; i < out->rows * out->columns; i++)
    if (!isfinite(out->numbers[i])) return !(*not_finite = true);
  return true;
}

// ---- one granule -----------------------------------------------------------------------------------------

typedef struct granule {
  double levels[MAX_LEVELS]; // ascending, each once
  size_t count;
  double largest;   // magnitude
  double tolerance; // of a level
} granule;

static int compare_floats(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

// False when there are more than `limit` levels. Sorts the numbers.
static bool find_levels(float *numbers, size_t count, size_t limit, double tolerance, granule *out) {
  out->count = 0;
  qsort(numbers, count, sizeof *numbers, compare_floats);
  for (size_t i = 0; i < count; i++) {
    double number = (double)numbers[i];
    if (out->count > 0 && number <= out->levels[out->count - 1]) continue;
    if (out->count == limit) return false;
    out->levels[out->count++] = number;
  }
  out->largest = fmax(fabs(out->levels[0]), fabs(out->levels[out->count - 1]));
  out->tolerance = out->largest * tolerance;
  return true;
}

static bool near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance; }

static bool is_symmetric(const granule *g) {
  for (size_t i = 0; i < g->count; i++)
    if (!near(g->levels[i], -g->levels[g->count - 1 - i], g->tolerance)) return false;
  return true;
}

// ---- evenly spaced ---------------------------------------------------------------------------------------

static bool fits_step(const granule *g, double step) {
  if (g->tolerance > 0.1 * step) return false;
  for (size_t i = 1; i < g->count; i++) {
    double steps = (g->levels[i] - g->levels[0]) / step;
    if (fabs(steps - round(steps)) * step > 2 * g->tolerance) return false;
  }
  return (g->levels[g->count - 1] - g->levels[0]) / step < (double)MAX_LEVELS - 0.5;
}

// The largest distance of which all differences are multiples; 0 without.
static double find_step(const granule *g) {
  double least = INFINITY;
  if (g->count < 2) return 0;
  for (size_t i = 1; i < g->count; i++) least = fmin(least, g->levels[i] - g->levels[i - 1]);
  for (int parts = 1; parts <= 8; parts++) {
    double step = least / parts, whole = g->levels[g->count - 1] - g->levels[0];
    double steps = round(whole / step);
    if (steps >= 1 && fits_step(g, whole / steps)) return whole / steps;
  }
  return 0;
}

// ---- what a granule is -----------------------------------------------------------------------------------

static bool is_ternary(const granule *g) {
  return g->count == 3 && g->levels[0] < 0 && near(g->levels[1], 0, g->tolerance) && g->levels[2] > 0;
}

static bool is_power(double ratio, double tolerance) {
  return near(ratio, exp2(round(log2(ratio))), ratio * tolerance * 2);
}

static bool is_powers(const granule *g) {
  size_t magnitudes = 0;
  for (size_t i = 0; i < g->count; i++) {
    if (g->levels[i] == 0) continue;
    double ratio = fabs(g->levels[i]) / g->largest;
    if (!is_power(ratio, g->tolerance / g->largest)) return false;
    magnitudes += !near(ratio, 1, g->tolerance / g->largest);
  }
  return magnitudes > 2;
}

// How many levels an explanation has: the fewer, the better it is. 0: it is none.
static unsigned uniform_levels(const granule *g, double step) {
  return step > 0 ? (unsigned)lround((g->levels[g->count - 1] - g->levels[0]) / step) + 1 : 0;
}

static unsigned power_levels(const granule *g) {
  double least = INFINITY;
  if (!is_powers(g)) return 0;
  for (size_t i = 0; i < g->count; i++)
    if (g->levels[i] != 0) least = fmin(least, fabs(g->levels[i]));
  return 2 * (unsigned)lround(log2(g->largest / least) + 1) + 1;
}

// ---- all granules ----------------------------------------------------------------------------------------

// What is still possible after some granules.
typedef struct hypotheses {
  const codebook_list *books;
  bool *book_fits;
  bool uniform, powers, binary, ternary, constant, symmetric;
  unsigned uniform_count, power_count;
  size_t count; // levels of the granule with most
  double step, offset;
} hypotheses;

static unsigned larger(unsigned a, unsigned b) { return a > b ? a : b; }

static void try_granule(hypotheses *h, const granule *g) {
  double step = find_step(g);
  unsigned powers = power_levels(g);
  bool single = g->count == 1; // says nothing of the levels around it
  if (g->count > h->count) h->count = g->count;
  h->constant &= single;
  h->symmetric &= single || is_symmetric(g);
  h->binary &= g->count <= 2 && (single || is_symmetric(g));
  h->ternary &= single || is_ternary(g) || (g->count == 2 && near(g->levels[0] * g->levels[1], 0, g->tolerance));
  h->uniform &= single || step > 0;
  h->powers &= single || g->count < 4 || powers > 0;
  h->uniform_count = larger(h->uniform_count, uniform_levels(g, step));
  h->power_count = larger(h->power_count, powers);
  h->step = step;
  for (size_t i = 0; i < g->count; i++)
    if (i == 0 || fabs(g->levels[i]) < fabs(h->offset)) h->offset = g->levels[i];
  for (size_t b = 0; b < h->books->len; b++)
    h->book_fits[b] = h->book_fits[b] && codebook_fits(&h->books->data[b], g->levels, g->count, g->tolerance);
}

static bool try_all(hypotheses *h, const part *p, uint64_t group, float *scratch) {
  granule g;
  uint64_t width = group == 0 ? p->rows * p->columns : group;
  size_t limit = width < MAX_LEVELS ? (size_t)width : MAX_LEVELS;
  for (uint64_t at = 0; at + width <= p->rows * p->columns; at += width) {
    if (group != 0 && at % p->columns + width > p->columns) continue;
    for (uint64_t i = 0; i < width; i++) scratch[i] = p->numbers[at + i];
    if (!find_levels(scratch, (size_t)width, limit, p->tolerance, &g)) return false;
    try_granule(h, &g);
  }
  return true;
}

static unsigned bits_of(unsigned count) {
  unsigned bits = 1;
  while (1u << bits < count) bits++;
  return bits;
}

// A few numbers are near some of many levels by chance.
static bool tells_book(const hypotheses *h, const codebook *b) {
  enum { SHARE = 12 };
  return (size_t)SHARE * h->count >= b->count;
}

static const codebook *best_book(const hypotheses *h) {
  const codebook *best = NULL;
  for (size_t i = 0; i < h->books->len; i++)
    if (h->book_fits[i] && tells_book(h, &h->books->data[i]) && (best == NULL || h->books->data[i].count < best->count))
      best = &h->books->data[i];
  return best;
}

static void set_kind(level_facts *f, level_kind kind, unsigned count) {
  f->kind = kind;
  f->count = count;
  f->bits = bits_of(count);
}

// The simplest of what is left: the one with the fewest levels that occur or might have.
static void conclude(const hypotheses *h, level_facts *out) {
  const codebook *book = best_book(h);
  bool uniform = h->uniform && h->uniform_count > 0, powers = h->powers && h->power_count > 0;
  *out = (level_facts){.symmetric = h->symmetric};
  set_kind(out, LEVELS_OTHER, (unsigned)h->count);
  if (h->constant)
    set_kind(out, LEVELS_CONSTANT, 1);
  else if (h->binary)
    set_kind(out, LEVELS_BINARY, 2);
  else if (h->ternary)
    set_kind(out, LEVELS_TERNARY, 3);
  else if (powers && (!uniform || h->power_count < h->uniform_count) && (book == NULL || h->power_count <= book->count))
    set_kind(out, LEVELS_POWERS, h->power_count);
  else if (uniform && (book == NULL || h->uniform_count <= book->count))
    set_kind(out, LEVELS_UNIFORM, h->uniform_count);
  else if (book != NULL)
    set_kind(out, LEVELS_CODEBOOK, (unsigned)book->count);
  if (out->kind == LEVELS_CODEBOOK) out->format = book->format;
  out->step = out->kind == LEVELS_UNIFORM ? h->step : 0;
  out->offset = out->kind == LEVELS_UNIFORM ? h->offset : 0;
}

static bool try_group(const part *p, uint64_t group, const codebook_list *books, arena *a, level_facts *out) {
  hypotheses h = {.books = books, .uniform = true, .powers = true, .binary = true, .ternary = true};
  h.constant = h.symmetric = true;
  h.book_fits = ARENA_ARRAY(a, bool, books->len);
  for (size_t i = 0; i < books->len; i++) h.book_fits[i] = true;
  if (!try_all(&h, p, group, ARENA_ARRAY(a, float, (size_t)(p->rows * p->columns)))) return false;
  conclude(&h, out);
  return true;
}

// Levels of their own prove little where there are few numbers to each level.
static bool is_convincing(const part *p, uint64_t group, const level_facts *f) {
  uint64_t width = group == 0 ? p->rows * p->columns : group;
  return f->kind != LEVELS_OTHER || width >= 8 * (uint64_t)f->count;
}

// Levels of their own are the last resort: smaller groups may have a reason for theirs.
static level_facts find_group(const part *p, const codebook_list *books, arena *a) {
  uint64_t groups[] = {0, p->columns, 1024, 512, 256, 128, 64, 32, 16};
  level_facts facts, own = {.kind = LEVELS_MANY};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    if (i > 1 && groups[i] >= p->columns) continue;
    if (!try_group(p, groups[i], books, a, &facts)) continue;
    facts.whole = i == 0;
    facts.group = i > 1 ? groups[i] : 0;
    if (facts.kind != LEVELS_OTHER) return facts;
    if (own.kind == LEVELS_MANY && is_convincing(p, groups[i], &facts)) own = facts;
  }
  return own;
}

level_facts levels_find(const catalogue *c, const codebook_list *books, const tensor *t) {
  level_facts facts = {.kind = LEVELS_MANY};
  part p;
  arena *a = arena_new();
  bool not_finite = false;
  if (t->rank >= 2 && from_float_dtype(t->dtype) && read_part(c, a, t, &p, &not_finite))
    facts = find_group(&p, books, a);
  facts.not_finite = not_finite;
  arena_free(a);
  return facts;
}

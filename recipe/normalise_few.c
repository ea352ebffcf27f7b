// Pass 1, where codes and a coarser integer of few values are mixed by more than sums and products: a table that is chosen by
// a flag, say. For each of the values there is a row of levels. Rows that are the same but for a factor and an addend are one
// core, whose factor and addend are functions of the integer:
//
//   level[flag, code] = level[0, code] + 4 * flag
//
// Otherwise a few rows are cores of their own, and the integer says which of them counts.
#include <math.h>

#include "recipe/normalise.h"

#define MAX_ROWS 16
#define MAX_CORES 4

typedef struct few_rows {
  const expr *chooser; // the coarse integer
  value_set values;    // that it has
  const expr *rows[MAX_ROWS];
  const double *levels[MAX_ROWS];
  unsigned core_of[MAX_ROWS]; // which core has the same levels, but for a factor and an addend; MAX_CORES: none
  double factor[MAX_ROWS], addend[MAX_ROWS];
  unsigned core_count;
  const expr *cores[MAX_CORES];
  const double *core_levels[MAX_CORES];
} few_rows;

// The one coarse subexpression, as large as possible, that an expression is made of besides its codes.
static bool find_chooser(const scheme *s, const expr *e, const expr **chooser) {
  unsigned d = lower_dependence(s, e);
  if ((d & DEPENDS_COARSE) == 0) return (d & DEPENDS_POSITION) == 0;
  if (d == DEPENDS_COARSE) {
    if (*chooser == NULL) *chooser = e;
    return e->is_int && expr_equal(*chooser, e);
  }
  if (e->op == EXPR_ELEMENT || e->op == EXPR_WINDOW) return false; // its numbers are not known
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!find_chooser(s, e->args[i], chooser)) return false;
  return true;
}

static const expr *replaced(arena *a, const expr *e, const expr *from, const expr *to) {
  if (expr_equal(e, from)) return to;
  if (e->arg_count == 0) return e;
  expr *copy = ARENA_NEW(a, expr);
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = replaced(a, e->args[i], from, to);
  *copy = *e;
  copy->args = args;
  return copy;
}

// ---- which rows are alike --------------------------------------------------------------------------------

static double largest(const double *x, uint64_t count) {
  double most = 0;
  for (uint64_t c = 0; c < count; c++) most = fmax(most, fabs(x[c]));
  return most;
}

static double snapped(double x) { return fabs(x - nearbyint(x)) < 1e-6 ? nearbyint(x) : x; }

// y = factor * x + addend for all codes, within what rounding the largest to f32 costs.
static bool is_alike(const double *x, const double *y, uint64_t count, double *factor, double *addend) {
  uint64_t low = 0, high = 0;
  for (uint64_t c = 1; c < count; c++) {
    if (x[c] < x[low]) low = c;
    if (x[c] > x[high]) high = c;
  }
  if (!(x[high] > x[low])) return false;
  *factor = snapped((y[high] - y[low]) / (x[high] - x[low]));
  *addend = snapped(y[low] - *factor * x[low]);
  double tolerance = 0x1p-24 * fmax(largest(x, count), largest(y, count));
  for (uint64_t c = 0; c < count; c++)
    if (!(fabs(*factor * x[c] + *addend - y[c]) <= tolerance)) return false;
  return true;
}

static bool is_flat(const double *x, uint64_t count) {
  for (uint64_t c = 1; c < count; c++)
    if (x[c] != x[0]) return false;
  return isfinite(x[0]);
}

static bool find_cores(few_rows *f, uint64_t codes) {
  for (size_t i = 0; i < f->values.count; i++) {
    unsigned k = 0;
    f->factor[i] = 1;
    f->addend[i] = is_flat(f->levels[i], codes) ? f->levels[i][0] : 0;
    f->core_of[i] = MAX_CORES;
    if (is_flat(f->levels[i], codes)) continue;
    while (k < f->core_count && !is_alike(f->core_levels[k], f->levels[i], codes, &f->factor[i], &f->addend[i])) k++;
    f->core_of[i] = k;
    if (k < f->core_count) continue;
    if (k == MAX_CORES) return false;
    f->factor[i] = 1;
    f->addend[i] = 0;
    f->cores[k] = f->rows[i];
    f->core_levels[k] = f->levels[i];
    f->core_count++;
  }
  return true;
}

// ---- functions of the integer ----------------------------------------------------------------------------

static const expr *number(arena *a, double x) {
  return x == nearbyint(x) && fabs(x) < 0x1p31 ? expr_int(a, (int64_t)x, SRC_NOWHERE) : expr_real(a, x, SRC_NOWHERE);
}

static const expr *make(arena *a, expr_op op, const expr *x, const expr *y, const expr *z) {
  const expr *args[] = {x, y, z};
  size_t count = z != NULL ? 3 : 2;
  return expr_make(a, op, 0, 0, count, arena_memdup(a, args, count * sizeof(const expr *)), SRC_NOWHERE);
}

// results[i] for the integer's value number i: a straight line, else one choice after the other.
static const expr *function_of(arena *a, const few_rows *f, const double *results) {
  size_t n = f->values.count;
  double first = (double)f->values.values[0], step = n > 1 ? (double)f->values.values[1] - first : 1;
  double slope = n > 1 ? (results[1] - results[0]) / step : 0, origin = results[0] - slope * first;
  bool straight = true;
  for (size_t i = 0; i < n; i++) straight = straight && slope * (double)f->values.values[i] + origin == results[i];
  if (straight && slope == 0) return number(a, origin);
  if (straight) {
    const expr *line = slope == 1 ? f->chooser : make(a, EXPR_MUL, number(a, slope), f->chooser, NULL);
    return origin == 0 ? line : make(a, EXPR_ADD, line, number(a, origin), NULL);
  }
  const expr *e = expr_real(a, results[n - 1], SRC_NOWHERE);
  for (size_t i = n - 1; i-- > 0;) {
    const expr *is = make(a, EXPR_EQ, f->chooser, expr_int(a, f->values.values[i], SRC_NOWHERE), NULL);
    e = make(a, EXPR_SELECT, is, expr_real(a, results[i], SRC_NOWHERE), e);
  }
  return e;
}

static void add_core(arena *a, const few_rows *f, unsigned core, few_sum *out) {
  double results[MAX_ROWS] = {0};
  for (size_t i = 0; i < f->values.count; i++) results[i] = f->core_of[i] == core ? f->factor[i] : 0;
  out->coefficients[out->count] = function_of(a, f, results);
  out->cores[out->count++] = f->cores[core];
}

bool lower_few_rows(arena *a, value_sets *sets, const expr *e, few_levels *levels, void *state, uint64_t codes,
                    few_sum *out) {
  few_rows f = {0};
  *out = (few_sum){0};
  if (!find_chooser(sets->scheme, e, &f.chooser) || f.chooser == NULL || expr_equal(f.chooser, e)) return false;
  if (!value_set_of(sets, f.chooser, &f.values)) return false;
  size_t count = f.values.count;
  if (count == 0 || count > MAX_ROWS) return false;
  for (size_t i = 0; i < count; i++) {
    f.rows[i] = replaced(a, e, f.chooser, expr_int(a, f.values.values[i], SRC_NOWHERE));
    f.levels[i] = levels(state, f.rows[i]);
    if (f.levels[i] == NULL) return false;
  }
  if (!find_cores(&f, codes)) return false;
  for (unsigned k = 0; k < f.core_count; k++) add_core(a, &f, k, out);
  out->coefficients[out->count] = function_of(a, &f, f.addend);
  out->cores[out->count++] = NULL;
  return true;
}

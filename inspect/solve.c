#include "inspect/solve.h"

#include <string.h>

#include "format/eval.h"

enum { MAX_SIZE = INT32_MAX };

const shape_range shape_unknown = {{1, MAX_SIZE}, {1, MAX_SIZE}};

bool solve_uses(const expr *e, unsigned var) {
  if (e->op == EXPR_VAR) return e->index == var;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (solve_uses(e->args[i], var)) return true;
  return false;
}

static int64_t size_at(const expr *e, uint64_t rows, uint64_t columns) {
  eval_env env = {0};
  env.vars[VAR_ROWS] = (int64_t)rows;
  env.vars[VAR_COLUMNS] = (int64_t)columns;
  return eval_int(&env, e);
}

// A size as a function of one of N and K, the other given.
typedef struct size_of {
  const expr *e;
  unsigned var;
  uint64_t other;
} size_of;

static int64_t size_call(const size_of *f, uint64_t x) {
  return f->var == VAR_ROWS ? size_at(f->e, x, f->other) : size_at(f->e, f->other, x);
}

// The least x in [range] with f(x) >= size; max + 1 when there is none.
static uint64_t lower_bound(const size_of *f, const extent *range, int64_t size) {
  uint64_t from = range->min, to = range->max + 1;
  while (from < to) {
    uint64_t middle = from + (to - from) / 2;
    if (size_call(f, middle) < size)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

static bool narrow(const size_of *f, int64_t size, extent *range) {
  uint64_t min = lower_bound(f, range, size), max = lower_bound(f, range, size + 1);
  if (min >= max) return false;
  *range = (extent){min, max - 1};
  return true;
}

static bool solve_size(const expr *e, int64_t size, shape_range *shape) {
  bool rows = solve_uses(e, VAR_ROWS), columns = solve_uses(e, VAR_COLUMNS);
  if (!rows && !columns) return size_at(e, 1, 1) == size;
  if (rows && columns) {
    bool known = shape->rows.min == shape->rows.max;
    if (!known && shape->columns.min != shape->columns.max) return true; // two unknowns
    size_of f = {e, known ? VAR_COLUMNS : VAR_ROWS, known ? shape->rows.max : shape->columns.max};
    return narrow(&f, size, known ? &shape->columns : &shape->rows);
  }
  size_of f = {e, rows ? VAR_ROWS : VAR_COLUMNS, 1};
  return narrow(&f, size, rows ? &shape->rows : &shape->columns);
}

// Sizes of both come last: one of them may be known by then.
bool solve_shape(const scheme_layout *l, const tensor *const *tensors, const bool *skip, shape_range *shape) {
  for (int both = 0; both < 2; both++)
    for (size_t t = 0; t < l->tensor_count; t++)
      for (unsigned r = 0; r < l->tensors[t].rank; r++) {
        const expr *e = l->tensors[t].dims[r];
        if (e == NULL || (skip != NULL && skip[t * SCHEME_MAX_RANK + r])) continue; // any size will do
        if ((solve_uses(e, VAR_ROWS) && solve_uses(e, VAR_COLUMNS)) != both) continue;
        if (!solve_size(e, (int64_t)tensors[t]->dims[r], shape)) return false;
      }
  return true;
}

uint64_t solve_roundest(const extent *range) {
  for (unsigned shift = 31; shift > 0; shift--) {
    uint64_t multiple = range->max >> shift << shift;
    if (multiple >= range->min && multiple > 0) return multiple;
  }
  return range->max;
}

bool solve_check(const scheme_layout *l, const tensor *const *tensors, uint64_t rows, uint64_t columns) {
  for (size_t t = 0; t < l->tensor_count; t++)
    for (unsigned r = 0; r < l->tensors[t].rank; r++)
      if (l->tensors[t].dims[r] != NULL &&
          size_at(l->tensors[t].dims[r], rows, columns) != (int64_t)tensors[t]->dims[r])
        return false;
  return true;
}

// Both name their types alike, but for case and strokes, F8_E4M3 and f8e4m3; of a type with just one width files name it all
// the same, F8_E8M0 and e8m0.
bool solve_elem_type(tensor_dtype dtype, elem_type *out) {
  char name[16];
  size_t length = 0;
  for (const char *c = tensor_dtype_name(dtype); *c != '\0' && length + 1 < sizeof name; c++)
    if (*c != '_') name[length++] = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
  name[length] = '\0';
  *out = elem_by_name(name);
  if (*out == ELEM_COUNT && name[0] == 'f' && length > 2) *out = elem_by_name(name + 2);
  return *out != ELEM_COUNT;
}

const tensor *solve_view(arena *a, const layout_tensor *t, const tensor *found) {
  uint64_t dims[SCHEME_MAX_RANK];
  if (found->dtype == TENSOR_BLOCKS || !layout_tensor_view(t, found->rank, found->dims, dims)) return NULL;
  if (found->rank == t->rank && memcmp(dims, found->dims, found->rank * sizeof *dims) == 0) return found;
  tensor *view = arena_memdup(a, found, sizeof *found);
  view->rank = t->rank;
  view->dims = arena_memdup(a, dims, t->rank * sizeof *dims);
  return view;
}

bool solve_input_type(tensor_dtype dtype, elem_type *out) {
  unsigned bits = tensor_dtype_bits(dtype);
  if (bits == 0 || bits >= 8) return solve_elem_type(dtype, out);
  *out = dtype == TENSOR_I4 || dtype == TENSOR_I2 ? ELEM_I8 : ELEM_U8;
  return true;
}

// Bytes may be floats, but what a file calls signed integers is taken for floats by a rule alone that names the layout.
bool solve_takes(const layout_tensor *t, const tensor *found) {
  elem_type type, stored;
  if (found->rank != t->rank || found->count == 0 || !solve_input_type(found->dtype, &type)) return false;
  if (!layout_tensor_takes(t, type, &stored)) return false;
  return elem_get(type)->kind != ELEM_KIND_INT || elem_get(stored)->kind != ELEM_KIND_FLOAT;
}

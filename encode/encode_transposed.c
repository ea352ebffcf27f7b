#include "encode/inside.h"

#include <string.h>

static bool has_windows(const expr *e) {
  if (e->op == EXPR_WINDOW) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (has_windows(e->args[i])) return true;
  return false;
}

static const expr *swap_positions(arena *a, const expr *e) {
  if (e->op == EXPR_VAR) return expr_leaf(a, EXPR_VAR, e->index == VAR_K ? VAR_N : VAR_K, true, e->loc);
  if (e->arg_count == 0) return e;
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = swap_positions(a, e->args[i]);
  expr *copy = arena_memdup(a, e, sizeof *e);
  copy->args = args;
  return copy;
}

const scheme *transposed_scheme(arena *a, const scheme *s) {
  if (has_windows(s->value)) return NULL;
  scheme *t = arena_memdup(a, s, sizeof *s);
  scheme_field *fields = arena_memdup(a, s->fields, s->field_count * sizeof *fields);
  for (size_t f = 0; f < s->field_count; f++)
    fields[f].gran = granularity_of(granularity_columns(&fields[f].gran), granularity_rows(&fields[f].gran));
  t->fields = fields;
  t->layouts = NULL;
  t->layout_count = 0;
  t->value = swap_positions(a, s->value);
  return t;
}

float *transposed_weights(arena *a, const float *w, uint64_t rows, uint64_t columns) {
  float *t = ARENA_ARRAY(a, float, (size_t)(rows * columns));
  for (uint64_t n = 0; n < rows; n++)
    for (uint64_t k = 0; k < columns; k++) t[k * rows + n] = w[n * columns + k];
  return t;
}

// The next granule's beginning; all that there is when granules have no end.
static uint64_t step_of(uint64_t size, uint64_t all) { return size == 0 ? all : size; }

void transposed_codes(const tensor_codes *from, tensor_codes *to) {
  for (size_t f = 0; f < to->scheme->field_count; f++) {
    const scheme_field *x = &to->scheme->fields[f], *y = &from->scheme->fields[f];
    uint64_t size = 1, rows = step_of(granularity_rows(&x->gran), to->rows);
    uint64_t columns = step_of(granularity_columns(&x->gran), to->columns);
    scheme_field_size(x, &size);
    for (uint64_t n = 0; n < to->rows; n += rows)
      for (uint64_t k = 0; k < to->columns; k += columns)
        memcpy(to->elements[f] + scheme_field_index(x, to->columns, n, k),
               from->elements[f] + scheme_field_index(y, from->columns, k, n), (size_t)size * sizeof **to->elements);
  }
}

#include "ir/scheme.h"

#include <string.h>

#include "support/num.h"

bool scheme_field_size(const scheme_field *f, uint64_t *out) {
  uint64_t size = 1;
  for (unsigned r = 0; r < f->rank; r++)
    if (!num_mul(size, f->dims[r], &size)) return false;
  *out = size;
  return true;
}

static uint64_t granules_per_row(const scheme_field *f, uint64_t columns) {
  switch (f->gran.kind) {
  case GRAN_WEIGHT: return columns;
  case GRAN_GROUP: return num_ceil_div(columns, f->gran.group);
  case GRAN_ROW: return 1;
  case GRAN_TENSOR: return 0;
  }
  return 0;
}

bool scheme_field_per_row(const scheme_field *f, uint64_t columns, uint64_t *out) {
  uint64_t size;
  return scheme_field_size(f, &size) && num_mul(granules_per_row(f, columns), size, out);
}

bool scheme_field_count(const scheme_field *f, uint64_t rows, uint64_t columns, uint64_t *out) {
  if (f->gran.kind == GRAN_TENSOR) return scheme_field_size(f, out);
  uint64_t per_row;
  return scheme_field_per_row(f, columns, &per_row) && num_mul(rows, per_row, out);
}

static uint64_t granule_in_row(const scheme_field *f, uint64_t k) {
  switch (f->gran.kind) {
  case GRAN_WEIGHT: return k;
  case GRAN_GROUP: return k / f->gran.group;
  case GRAN_ROW:
  case GRAN_TENSOR: return 0;
  }
  return 0;
}

uint64_t scheme_field_index(const scheme_field *f, uint64_t columns, uint64_t n, uint64_t k) {
  uint64_t size = 1;
  if (f->rank != 0) scheme_field_size(f, &size);
  return (n * granules_per_row(f, columns) + granule_in_row(f, k)) * size;
}

double scheme_bits_per_weight(const scheme *s, uint64_t rows, uint64_t columns) {
  double bits = 0;
  for (size_t i = 0; i < s->field_count; i++) {
    uint64_t count = 0;
    if (scheme_field_count(&s->fields[i], rows, columns, &count))
      bits += (double)count * elem_get(s->fields[i].type)->bits;
  }
  return rows == 0 || columns == 0 ? 0 : bits / ((double)rows * (double)columns);
}

const scheme_layout *scheme_find_layout(const scheme *s, const char *name) {
  for (size_t i = 0; i < s->layout_count; i++)
    if (strcmp(s->layouts[i].name, name) == 0) return &s->layouts[i];
  return NULL;
}

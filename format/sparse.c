// Lists of the granules of sparse fields.
#include <inttypes.h>

#include "format/tensor_codes.h"
#include "support/num.h"

bool tensor_codes_sparse(diag *d, arena *a, tensor_codes *t, unsigned field, uint64_t count) {
  const scheme_field *f = &t->scheme->fields[field];
  sparse_elements *s = &t->sparse[field];
  uint64_t size = 0, numbers, bytes;
  uint64_t granules = scheme_granule_columns(f, t->columns);
  bool fits = scheme_field_size(f, &size) && num_mul(size, count, &numbers) && num_mul(numbers, 4, &bytes) &&
              bytes <= SIZE_MAX / 4 && count <= UINT32_MAX && granules <= UINT32_MAX &&
              num_mul(granules, scheme_granule_rows(f, t->rows), &granules) && count <= granules;
  if (!fits) {
    diag_error(d, f->loc, "%llu x %llu weights cannot have %llu entries of the sparse field '%s'",
               (unsigned long long)t->rows, (unsigned long long)t->columns, (unsigned long long)count, f->name);
    return false;
  }
  s->count = count;
  s->columns = ARENA_ARRAY(a, uint32_t, (size_t)count);
  s->raw = ARENA_ARRAY(a, uint32_t, (size_t)numbers);
  return true;
}

static uint64_t granule_of(uint64_t at, uint64_t size) { return size == 0 ? 0 : at / size; }

const uint32_t *tensor_codes_find(const tensor_codes *t, unsigned field, uint64_t n, uint64_t k) {
  const scheme_field *f = &t->scheme->fields[field];
  const sparse_elements *s = &t->sparse[field];
  uint64_t row = granule_of(n, granularity_rows(&f->gran)), column = granule_of(k, granularity_columns(&f->gran));
  uint64_t lo = s->starts[row], hi = s->starts[row + 1], size = 1;
  while (lo < hi) {
    uint64_t middle = lo + (hi - lo) / 2;
    if (s->columns[middle] < column)
      lo = middle + 1;
    else
      hi = middle;
  }
  if (lo == s->starts[row + 1] || s->columns[lo] != column) return NULL;
  scheme_field_size(f, &size);
  return s->raw + lo * size;
}

bool tensor_codes_set_list(diag *d, arena *a, tensor_codes *t, unsigned field, const char *what, uint64_t count,
                           const uint64_t *starts, const uint64_t *columns) {
  const scheme_field *f = &t->scheme->fields[field];
  uint64_t rows = scheme_granule_rows(f, t->rows), width = scheme_granule_columns(f, t->columns);
  sparse_elements *s = &t->sparse[field];
  if (!tensor_codes_sparse(d, a, t, field, count)) return false;
  bool ok = starts[0] == 0 && starts[rows] == count;
  for (uint64_t r = 0; r < rows && ok; r++) ok = starts[r] <= starts[r + 1] && starts[r + 1] <= count;
  if (!ok) {
    diag_error(d, SRC_NOWHERE,
               "%s: the rows of the sparse field '%s' do not follow one another up to its %" PRIu64 " entries", what,
               f->name, count);
    return false;
  }
  for (uint64_t r = 0; r <= rows; r++) s->starts[r] = starts[r];
  for (uint64_t r = 0; r < rows; r++)
    for (uint64_t i = starts[r]; i < starts[r + 1]; i++) {
      s->columns[i] = (uint32_t)columns[i];
      if (columns[i] < width && (i == starts[r] || columns[i - 1] < columns[i])) continue;
      diag_error(d, SRC_NOWHERE, "%s: entry %" PRIu64 " of the sparse field '%s' is in column %" PRIu64 ", which is %s",
                 what, i, f->name, columns[i],
                 columns[i] < width ? "not behind the one before it" : "outside of the matrix");
      return false;
    }
  return true;
}

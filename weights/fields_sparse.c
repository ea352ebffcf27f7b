#include "weights/fields_sparse.h"

#include <inttypes.h>

#include "files/tensor_parse.h"
#include "support/num.h"
#include "weights/bits.h"
#include "weights/fields.h"

static const char *part_name(arena *a, const char *name, const scheme_field *f, const char *part) {
  return arena_printf(a, "%s.%s.%s", name, f->name, part);
}

// ---- writing ---------------------------------------------------------------------------------------------

static void make_words(arena *a, const char *name, uint64_t count, safetensors_item *item, uint8_t **out) {
  uint64_t *dims = ARENA_ARRAY(a, uint64_t, 1);
  dims[0] = count;
  *out = ARENA_ARRAY(a, uint8_t, (size_t)(4 * count));
  *item = (safetensors_item){
      .name = name, .dtype = TENSOR_U32, .rank = 1, .dims = dims, .data = *out, .size = (size_t)(4 * count)};
}

static void put_word(uint8_t *out, uint64_t i, uint64_t value) {
  for (unsigned b = 0; b < 4; b++) out[4 * i + b] = (uint8_t)(value >> 8 * b);
}

static void make_values(arena *a, const sparse_elements *s, const scheme_field *f, const char *name,
                        safetensors_item *item) {
  uint64_t size = 1, *dims = ARENA_ARRAY(a, uint64_t, SCHEME_MAX_RANK + 1);
  unsigned bits = elem_get(f->type)->bits, rank = 1;
  tensor_dtype dtype;
  scheme_field_size(f, &size);
  uint64_t bytes = num_ceil_div(s->count * size * bits, 8);
  uint8_t *data = ARENA_ARRAY(a, uint8_t, (size_t)bytes);
  dims[0] = s->count;
  if (fields_natural_dtype(f->type, &dtype)) {
    for (unsigned r = 0; r < f->rank; r++) dims[rank++] = f->dims[r];
  } else {
    dtype = TENSOR_U8;
    dims[0] = bytes;
  }
  for (uint64_t i = 0; i < s->count * size; i++) bits_put(data, i * bits, bits, s->raw[i]);
  *item =
      (safetensors_item){.name = name, .dtype = dtype, .rank = rank, .dims = dims, .data = data, .size = (size_t)bytes};
}

void fields_sparse_items(arena *a, const tensor_codes *t, unsigned f, const char *name, safetensors_item *items) {
  const scheme_field *field = &t->scheme->fields[f];
  const sparse_elements *s = &t->sparse[f];
  uint64_t rows = scheme_granule_rows(field, t->rows);
  uint8_t *starts, *columns;
  make_words(a, part_name(a, name, field, "starts"), rows + 1, &items[0], &starts);
  make_words(a, part_name(a, name, field, "columns"), s->count, &items[1], &columns);
  for (uint64_t r = 0; r <= rows; r++) put_word(starts, r, s->starts[r]);
  for (uint64_t i = 0; i < s->count; i++) put_word(columns, i, s->columns[i]);
  make_values(a, s, field, part_name(a, name, field, "values"), &items[2]);
}

// ---- reading ---------------------------------------------------------------------------------------------

static bool wrong(diag *d, arena *a, const tensor *t, const char *needs) {
  diag_error_file(d, t->path, "tensor '%s' is %s, but must be %s", t->name, tensor_describe(a, t), needs);
  return false;
}

static bool check_words(diag *d, arena *a, const tensor *t, uint64_t count) {
  if (t->dtype == TENSOR_U32 && t->rank == 1 && t->dims[0] == count && t->size == 4 * count) return true;
  return wrong(d, a, t, arena_printf(a, "U32 [%" PRIu64 "]", count));
}

static bool check_values(diag *d, arena *a, const tensor *t, const scheme_field *f, uint64_t count) {
  uint64_t size = 0, bits = 0;
  tensor_dtype dtype = TENSOR_U8;
  bool natural = fields_natural_dtype(f->type, &dtype);
  bool fits =
      scheme_field_size(f, &size) && num_mul(size, count, &bits) && num_mul(bits, elem_get(f->type)->bits, &bits);
  if (fits && t->dtype == dtype && t->size == num_ceil_div(bits, 8)) return true;
  return wrong(d, a, t,
               arena_printf(a, "%" PRIu64 " bits of %s for %" PRIu64 " entries", bits,
                            natural ? elem_get(f->type)->name : "a stream", count));
}

bool fields_sparse_check(diag *d, const tensor_file *f, const char *name, const scheme_field *field, uint64_t rows,
                         uint64_t columns) {
  arena *a = arena_new();
  const tensor *starts = tensor_file_require(d, f, part_name(a, name, field, "starts"));
  const tensor *places = tensor_file_require(d, f, part_name(a, name, field, "columns"));
  const tensor *values = tensor_file_require(d, f, part_name(a, name, field, "values"));
  uint64_t room = scheme_sparse_count(field, rows, columns);
  bool ok = starts != NULL && places != NULL && values != NULL;
  uint64_t count = ok && places->rank == 1 ? places->dims[0] : 0;
  ok = ok && check_words(d, a, starts, scheme_granule_rows(field, rows) + 1) && check_words(d, a, places, count) &&
       check_values(d, a, values, field, count);
  if (ok && count > room) {
    diag_error_file(d, places->path, "tensor '%s' has %" PRIu64 " entries, more than the %" PRIu64 " of the format",
                    places->name, count, room);
    ok = false;
  }
  arena_free(a);
  return ok;
}

bool fields_sparse_read(diag *d, arena *a, const tensor_file *f, const char *name, tensor_codes *t, unsigned field) {
  const scheme_field *sf = &t->scheme->fields[field];
  arena *mem = arena_new();
  const tensor *starts = tensor_file_find(f, part_name(mem, name, sf, "starts"));
  const tensor *places = tensor_file_find(f, part_name(mem, name, sf, "columns"));
  const tensor *values = tensor_file_find(f, part_name(mem, name, sf, "values"));
  uint64_t rows = scheme_granule_rows(sf, t->rows), count = places->dims[0], size = 1;
  uint64_t *first = ARENA_ARRAY(mem, uint64_t, (size_t)rows + 1), *columns = ARENA_ARRAY(mem, uint64_t, (size_t)count);
  unsigned bits = elem_get(sf->type)->bits;
  scheme_field_size(sf, &size);
  for (uint64_t r = 0; r <= rows; r++) first[r] = tensor_le32(starts->data + 4 * r);
  for (uint64_t i = 0; i < count; i++) columns[i] = tensor_le32(places->data + 4 * i);
  bool ok = tensor_codes_set_list(d, a, t, field, name, count, first, columns);
  for (uint64_t i = 0; ok && i < count * size; i++) t->sparse[field].raw[i] = bits_get(values->data, i * bits, bits);
  arena_free(mem);
  return ok;
}

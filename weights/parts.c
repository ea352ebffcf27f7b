#include "weights/parts.h"

#include <inttypes.h>
#include <string.h>

#include "pack/pack.h"
#include "support/fp.h"
#include "support/num.h"

// ---- lists of entries ------------------------------------------------------------------------------------

typedef struct entry_packer {
  const sparse_packing *p;
  const tensor_codes *t;
  const scheme_part *part;
  const scheme_field *field;
  const sparse_elements *list;
  uint64_t size; // numbers of a granule
  sparse_sizes at;
  uint8_t *out;
  uint64_t next; // entry
} entry_packer;

static void put_little(uint8_t *out, uint64_t value, uint64_t bytes) {
  for (uint64_t b = 0; b < bytes; b++) out[b] = (uint8_t)(value >> 8 * b);
}

static uint64_t column_bytes(const entry_packer *k) { return elem_get(k->p->column)->bits / 8; }
static uint64_t value_bytes(const entry_packer *k) { return elem_get(k->p->store)->bits / 8; }

static void put_column(const entry_packer *k, uint64_t entry, uint64_t column) {
  put_little(k->out + k->at.columns_offset + entry * column_bytes(k), column, column_bytes(k));
}

// The number of weight (n, k) in a granule whose first number is raw[0].
static double entry_value(const entry_packer *k, const uint32_t *raw, uint64_t n, uint64_t column) {
  const expr *e = k->part->element;
  int64_t i = e->op == EXPR_FIELD ? 0 : (int64_t)scheme_eval(k->t, e->args[0], n, column);
  double x = i < 0 || (uint64_t)i >= k->size ? 0 : elem_decode(k->field->type, raw[i]);
  if (k->p->scaled || k->part->coefficient == NULL) return x;
  return x * scheme_eval(k->t, k->part->coefficient, n, column);
}

static void put_value(const entry_packer *k, uint64_t index, double value) {
  uint64_t raw = elem_encode(k->p->store, value);
  put_little(k->out + k->at.values_offset + index * value_bytes(k), raw, value_bytes(k));
}

static void put_start(const entry_packer *k, uint64_t row) {
  put_little(k->out + k->at.starts_offset + 4 * row, k->next, 4);
}

static bool has_room(diag *d, const entry_packer *k) {
  if (k->next < k->p->room) return true;
  diag_error(d, k->field->loc,
             "the sparse field '%s' has more entries than the %" PRIu64 " that the file's header tells", k->field->name,
             k->p->room);
  return false;
}

// Granules as they are.
static bool put_granules(diag *d, entry_packer *k) {
  uint64_t rows = num_ceil_div(k->t->rows, k->p->tile_rows), width = k->p->width;
  for (uint64_t r = 0; r < rows; r++) {
    put_start(k, r);
    for (uint64_t i = k->list->starts[r]; i < k->list->starts[r + 1]; i++, k->next++) {
      if (!has_room(d, k)) return false;
      uint64_t column = k->list->columns[i] * width;
      put_column(k, k->next, column);
      for (uint64_t v = 0; v < k->p->tile_rows * width; v++) {
        uint64_t n = r * k->p->tile_rows + v / width;
        if (n >= k->t->rows) break;
        put_value(k, k->next * k->p->tile_rows * width + v,
                  entry_value(k, k->list->raw + i * k->size, n, column + v % width));
      }
    }
  }
  put_start(k, rows);
  return true;
}

// The weights of a granule's row n, one by one; zeros are left out.
static bool put_weights(diag *d, entry_packer *k, uint64_t n, uint64_t i) {
  uint64_t width = granularity_columns(&k->field->gran), first = k->list->columns[i] * width;
  for (uint64_t column = first; column < first + width && column < k->t->columns; column++) {
    double value = entry_value(k, k->list->raw + i * k->size, n, column);
    if (value == 0) continue;
    if (!has_room(d, k)) return false;
    put_column(k, k->next, column);
    put_value(k, k->next++, value);
  }
  return true;
}

// Rows end in zeros at a column that they have already.
static bool put_rows(diag *d, entry_packer *k) {
  uint64_t tile = granularity_rows(&k->field->gran);
  for (uint64_t n = 0; n < k->t->rows; n++) {
    uint64_t first = k->next;
    put_start(k, n);
    for (uint64_t i = k->list->starts[n / tile]; i < k->list->starts[n / tile + 1]; i++)
      if (!put_weights(d, k, n, i)) return false;
    for (; (k->next - first) % k->p->step != 0; k->next++) {
      if (!has_room(d, k)) return false;
      memcpy(k->out + k->at.columns_offset + k->next * column_bytes(k),
             k->out + k->at.columns_offset + (k->next - 1) * column_bytes(k), column_bytes(k));
    }
  }
  put_start(k, k->t->rows);
  return true;
}

static void put_scales(const entry_packer *k) {
  for (uint64_t n = 0; k->p->scaled && n < k->t->rows; n++)
    put_little(k->out + 4 * n, fp_bits32((float)scheme_eval(k->t, k->part->coefficient, n, 0)), 4);
}

bool pack_entries(diag *d, const sparse_packing *p, const tensor_codes *whole, const scheme_part *part, uint8_t *out,
                  uint64_t size) {
  unsigned f = part->element->index;
  entry_packer k = {.p = p, .t = whole, .part = part, .out = out, .field = &whole->scheme->fields[f]};
  k.list = &whole->sparse[f];
  scheme_field_size(k.field, &k.size);
  if (!sparse_get_sizes(p, whole->rows, &k.at) || k.at.bytes != size) {
    diag_error(d, SRC_NOWHERE, "the entries of field '%s' cannot be packed into %" PRIu64 " bytes", k.field->name,
               size);
    return false;
  }
  memset(out, 0, size);
  put_scales(&k);
  return (p->width > 1 ? put_granules : put_rows)(d, &k);
}

// ---- all parts -------------------------------------------------------------------------------------------

static bool inside(const ir_weight *w, uint64_t size) {
  uint64_t end;
  return num_add(w->offset, w->size, &end) && end <= size;
}

static bool pack_part(diag *d, arena *a, const ir_module *m, const ir_weight *w, const tensor_codes *whole,
                      const scheme_part *part, payload *out, uint64_t *bytes) {
  if (!inside(w, payload_size(out)) || (w->sparse != NULL) != (part->kind == PART_SPARSE)) {
    diag_error(d, w->loc, "the plan has no place for '%s' in the %" PRIu64 " bytes of weights", w->name,
               payload_size(out));
    return false;
  }
  *bytes += w->size;
  tensor_codes *codes = w->sparse != NULL ? NULL : scheme_part_codes(d, a, whole, part);
  if (w->sparse == NULL && codes == NULL) return false;
  if (w->sparse == NULL && w->recipe == NULL) return pack_parts(d, a, m, w, codes, out, bytes);
  uint8_t *room = payload_room(out, a, w->offset, w->size);
  if (!(w->sparse != NULL ? pack_entries(d, w->sparse, whole, part, room, w->size)
                          : pack_tensor(d, a, w->recipe, codes, room, w->size)))
    return false;
  payload_put(out, w->offset, room, w->size);
  return true;
}

bool pack_parts(diag *d, arena *a, const ir_module *m, const ir_weight *w, const tensor_codes *codes, payload *out,
                uint64_t *bytes) {
  const scheme_part *parts;
  size_t count = scheme_split(d, a, w->scheme, &parts);
  bool ok = count > 0;
  for (size_t i = 0; i < m->weights.len && ok; i++) {
    const ir_weight *part = m->weights.data[i];
    if (part->part == NULL || strcmp(part->part->whole, w->name) != 0) continue;
    if (part->part->index >= count) {
      diag_error(d, part->loc, "'%s' is no part of the format '%s'", part->name, w->scheme->name);
      return false;
    }
    ok = pack_part(d, a, m, part, codes, &parts[part->part->index], out, bytes);
  }
  return ok;
}

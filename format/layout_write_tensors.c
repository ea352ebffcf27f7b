// Codes into the separate tensors of a layout: the inverse of format/layout_read.c where places are bits at fixed addresses.
#include <inttypes.h>
#include <string.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "format/layout_bits.h"
#include "support/num.h"

typedef struct writer {
  diag *d;
  arena *mem;
  const tensor_codes *t;
  const scheme_layout *l;
  const layout_input *outputs;
  uint8_t *const *bytes;
  tensor_bits *tensors;
} writer;

// ---- shapes ----------------------------------------------------------------------------------------------

static bool set_shape(const scheme *s, const layout_tensor *t, uint64_t rows, uint64_t columns, layout_input *out) {
  eval_env env = {.scheme = s};
  uint64_t bytes = elem_get(t->type)->bits / 8;
  env.vars[VAR_ROWS] = (int64_t)rows;
  env.vars[VAR_COLUMNS] = (int64_t)columns;
  *out = (layout_input){.type = layout_tensor_written(t), .rank = t->rank};
  for (unsigned r = 0; r < t->rank; r++) {
    int64_t size = t->dims[r] == NULL ? 0 : eval_int(&env, t->dims[r]); // a size that is left open cannot be chosen
    if (size < 1 || size > INT32_MAX || !num_mul(bytes, (uint64_t)size, &bytes)) return false;
    out->dims[r] = (uint64_t)size;
  }
  out->size = bytes;
  return bytes <= SIZE_MAX / 2;
}

bool layout_tensor_shapes(diag *d, const scheme *s, const scheme_layout *l, uint64_t rows, uint64_t columns,
                          layout_input *outputs) {
  for (size_t i = 0; i < l->tensor_count; i++) {
    if (set_shape(s, &l->tensors[i], rows, columns, &outputs[i])) continue;
    diag_error(d, l->tensors[i].loc,
               "the layout '%s' has no tensor '%s' for %" PRIu64 " x %" PRIu64 " weights: one of its sizes is not "
               "positive, or too large",
               l->name, l->tensors[i].name, rows, columns);
    return false;
  }
  return true;
}

static tensor_bits *number_bits(arena *a, const scheme_layout *l, const layout_input *outputs) {
  tensor_bits *tensors = ARENA_ARRAY(a, tensor_bits, l->tensor_count);
  uint64_t first = 0;
  for (size_t i = 0; i < l->tensor_count; i++) {
    tensors[i] = (tensor_bits){.rank = outputs[i].rank, .bits = elem_get(outputs[i].type)->bits, .first = first};
    for (unsigned r = 0; r < outputs[i].rank; r++) tensors[i].dims[r] = outputs[i].dims[r];
    first += outputs[i].size * 8;
  }
  return tensors;
}

// ---- elements --------------------------------------------------------------------------------------------

static void put_bit(const writer *w, uint64_t at) {
  size_t i = 0;
  while (i + 1 < w->l->tensor_count && at >= w->tensors[i + 1].first) i++;
  at -= w->tensors[i].first;
  w->bytes[i][at / 8] = (uint8_t)(w->bytes[i][at / 8] | 1u << at % 8);
}

// A number in a wider place has its higher bits there, too: a code less its middle is negative in a byte. (The sign of a place
// repeats its last bit.)
static void put_higher(const writer *w, const raw_bits *place, elem_type type, uint64_t raw) {
  uint64_t value = (uint64_t)elem_decode_int(type, raw) - place->add, bits = value ^ place->flip;
  for (unsigned i = place->width; i < 64; i++)
    if ((bits >> i & 1) != 0 && place->at[i] != RAW_CONSTANT && place->at[i] != place->at[i - 1])
      put_bit(w, place->at[i]);
}

// Bits that are constant must be what the element has.
static bool put_element(const writer *w, const raw_bits *place, uint64_t raw) {
  uint64_t stored = int_low_bits(raw - place->add, place->width) ^ place->flip;
  for (unsigned i = 0; i < place->width; i++) {
    if ((stored >> i & 1) == 0) continue;
    if (place->at[i] == RAW_CONSTANT) return false;
    put_bit(w, place->at[i]);
  }
  return true;
}

// Indices of element `index` of a field, as places have them.
static void set_binders(const scheme_field *f, uint64_t per_row, uint64_t index, int64_t *vars) {
  uint64_t size = 1, in_row = index % per_row;
  unsigned b = VAR_BINDER0;
  scheme_field_size(f, &size);
  if (granularity_rows(&f->gran) != 0) vars[b++] = (int64_t)(index / per_row);
  if (granularity_columns(&f->gran) != 0) vars[b++] = (int64_t)(in_row / size);
  if (f->rank != 0) vars[b] = (int64_t)(in_row % size);
}

static bool cannot_write(const writer *w, const layout_place *p, uint64_t index, bool readable) {
  const char *field = w->t->scheme->fields[p->field].name;
  if (readable)
    diag_error(w->d, p->loc, "element %" PRIu64 " of field '%s' is %" PRIu32 ", which layout '%s' cannot store", index,
               field, w->t->elements[p->field][index], w->l->name);
  else
    diag_error(w->d, p->loc, "layout '%s' can be read but not written: field '%s' is no sum of bits at fixed places",
               w->l->name, field);
  return false;
}

static bool write_place(const writer *w, const layout_place *p) {
  const scheme *s = w->t->scheme;
  const scheme_field *f = &s->fields[p->field];
  int64_t vars[EXPR_VAR_COUNT] = {[VAR_ROWS] = (int64_t)w->t->rows, [VAR_COLUMNS] = (int64_t)w->t->columns};
  uint64_t count = 0, per_row = 0;
  scheme_field_count(f, w->t->rows, w->t->columns, &count);
  scheme_field_per_row(f, w->t->columns, &per_row);
  for (uint64_t i = 0; i < count; i++) {
    raw_bits place;
    set_binders(f, per_row, i, vars);
    if (!layout_tensor_bits(s, w->tensors, vars, p, &place)) return cannot_write(w, p, i, false);
    if (!put_element(w, &place, w->t->elements[p->field][i])) return cannot_write(w, p, i, true);
    bool is_integer = elem_get(f->type)->kind != ELEM_KIND_FLOAT;
    if (is_integer) put_higher(w, &place, f->type, w->t->elements[p->field][i]);
  }
  return true;
}

// ---- and back --------------------------------------------------------------------------------------------

// Elements that share bits, or padding that is read, show when it is read again.
static bool check_written(const writer *w) {
  const scheme *s = w->t->scheme;
  layout_input *inputs = arena_memdup(w->mem, w->outputs, w->l->tensor_count * sizeof *inputs);
  for (size_t i = 0; i < w->l->tensor_count; i++) inputs[i].data = w->bytes[i];
  const tensor_codes *back = layout_read_tensors(w->d, w->mem, s, w->l, s->name, inputs, w->t->rows, w->t->columns);
  for (size_t f = 0; back != NULL && f < s->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&s->fields[f], w->t->rows, w->t->columns, &count);
    if (memcmp(back->elements[f], w->t->elements[f], (size_t)count * sizeof **back->elements) == 0) continue;
    diag_error(w->d, w->l->loc, "the layout '%s' cannot store these elements of field '%s' side by side", w->l->name,
               s->fields[f].name);
    return false;
  }
  return back != NULL;
}

bool layout_write_tensors(diag *d, const tensor_codes *t, const scheme_layout *l, const layout_input *outputs,
                          uint8_t *const *bytes) {
  writer w = {.d = d, .mem = arena_new(), .t = t, .l = l, .outputs = outputs, .bytes = bytes};
  bool ok = true;
  w.tensors = number_bits(w.mem, l, outputs);
  for (size_t i = 0; i < l->tensor_count; i++) memset(bytes[i], 0, (size_t)outputs[i].size);
  for (size_t p = 0; ok && p < l->place_count; p++) ok = write_place(&w, &l->places[p]);
  ok = ok && check_written(&w);
  arena_free(w.mem);
  return ok;
}
